"""`Reception`: the clients of a gateway that have no query processor yet, and the way to one for each.

    take(guest)     a new client, or a parked session whose client has sent something
    meet(topology)  which query processors there are

    a guest is   while                                                   until
    offered      it is offered to one query processor after the other    one takes it, or none does
    queued       those that are there owe answers to OFFERS_MAX others   one of them has answered
    waiting      no query processor takes it now                         RETRY_S have passed, or another topology comes

New clients go round the query processors; one that is away, stalled or full (query_processor/admission.py) is passed
over. A session was admitted once: where all are full, one takes it nevertheless. While all that are there are full and
others are away (restart), or there is none at all (scaled to zero), guests wait, and the controller is asked to wake
the cluster. One that has waited too long is told so (refusal.py). Where all are full, one of them gets the client
nevertheless, to refuse it with an error or to serve its cancel request.

A thousand guests that wait are tried by one of them, the first: where nobody is there for that one, nobody is there for
the others.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from functools import partial

from actors.common.errors import ADMIN_SHUTDOWN, CANNOT_CONNECT_NOW, DatabaseError
from actors.common.messages.control import Topology, Wake
from actors.gateway.parking import Guest
from actors.gateway.refusal import refuse
from actors.runtime.interfaces import Context
from actors.runtime.passed_packets import OnSocket
from actors.runtime.socket_passing import OnEnd, Outcome, SocketSender
from actors.runtime.streams import Streams, StreamSender

RETRY_S = 0.05
"""Pause before the waiting sockets are offered again when no topology change announced a query processor."""
WAKE_RETRY_S = 0.5
"""A Wake may be lost."""
STOPPED = DatabaseError(ADMIN_SHUTDOWN, "terminating connection due to administrator command")
CANNOT_BE_RESUMED = DatabaseError(CANNOT_CONNECT_NOW, "the session cannot be resumed: no query processor is there")
QUERY_PROCESSOR = "query_processor/"

logger = logging.getLogger(__name__)


class _Search:
    """For a query processor that takes a guest. `turn`: those that are still to be asked; `full`: those that were, and
    have no room; `busy`: one owes answers to others."""

    __slots__ = ("asked", "busy", "full", "guest", "turn")

    def __init__(self, guest: Guest, turn: list[str]) -> None:
        self.guest = guest
        self.turn = iter(turn)
        self.asked = ""
        self.full: list[str] = []
        self.busy = False


class Reception:
    """`number`: the gateway's. `socket_path` and `streams`: as Gateway's. `park` and `has_seat`: for sessions that come
    back from other hosts."""

    def __init__(
        self,
        context: Context,
        number: int,
        socket_path: Callable[[str], str],
        streams: Streams | None,
        park: OnSocket,
        has_seat: Callable[[], bool],
    ) -> None:
        self._context = context
        self._number = number
        self._socket_path = socket_path
        self._streams = streams
        self._park = park
        self._has_seat = has_seat
        self._waiting_s_max = context.settings.scaling.wake_s
        self._senders: dict[str, SocketSender | StreamSender] = {}
        self._order: deque[str] = deque()
        self._held: dict[Guest, None] = {}
        """In the order in which they came."""
        self._queued: deque[Guest] = deque()
        self._waiting: list[Guest] = []
        self._pumping = False
        self._nobody = False
        """A guest has been found nobody to ask."""
        self._busy = False
        """A guest waits for a query processor that owes answers to others."""
        self._retry: asyncio.TimerHandle | None = None
        self._asked_to_wake_s = -WAKE_RETRY_S
        self._stopped = False
        self.resumed = 0
        self.full = 0
        """Clients that were passed on to be refused."""
        self.refused = 0

    def __len__(self) -> int:
        """How many guests there are."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._queued)

    def take(self, guest: Guest) -> None:
        guest.deadline_s = guest.came_s + self._waiting_s_max
        self._held[guest] = None
        self._queued.append(guest)
        self._offer_queued()

    def stop(self) -> None:
        """Sessions are told; new clients find the connection closed."""
        self._stopped = True
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._waiting, self._queued = [], deque()
        held, self._held = self._held, {}
        for guest in held:
            guest.end(STOPPED if guest.session else None)
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()

    # -- one after the other -------------------------------------------------------------------------------------------

    def _offer_queued(self) -> None:
        """For as long as somebody can be asked."""
        if self._pumping:
            return
        self._pumping, self._nobody, self._busy = True, False, False
        while self._queued and not self._nobody and not self._busy:
            self._offer(self._queued.popleft())
        if self._nobody:
            now_s = asyncio.get_running_loop().time()
            queued, self._queued = self._queued, deque()
            for guest in queued:
                if now_s > guest.deadline_s:
                    self._refuse(guest)
                else:
                    self._waiting.append(guest)
        self._pumping = False

    def _offer(self, guest: Guest) -> None:
        """To each query processor in turn, until one takes it."""
        turn = list(self._order)
        self._order.rotate(-1)
        self._ask_next(_Search(guest, turn))

    def _ask_next(self, search: _Search) -> None:
        """The next query processor of its turn; where there is none left, the guest waits."""
        guest, senders = search.guest, self._senders
        for name in search.turn:
            sender = senders.get(name)
            if sender is None:
                continue
            if sender.busy:
                search.busy = True
                continue
            search.asked = name
            self._pass(name, guest, partial(self._ended, search))
            return
        expired = asyncio.get_running_loop().time() > guest.deadline_s
        full = [name for name in search.full if name in senders]
        if full and (expired or len(full) == len(senders)):
            self._insist(guest, full[0])
        elif expired:
            self._refuse(guest)
        elif search.busy:
            self._busy = True
            self._queued.appendleft(guest)
            self._try_later()
        else:
            self._wait(guest)

    def _ended(self, search: _Search, outcome: Outcome) -> None:
        if search.guest not in self._held:  # the gateway has been stopped
            return
        if outcome in (Outcome.TAKEN, Outcome.WITHDRAWN):
            self._drop(search.guest)
            return
        if outcome is Outcome.FULL:
            search.full.append(search.asked)
        self._ask_next(search)

    def _insist(self, guest: Guest, name: str) -> None:
        """Nobody has room: a query processor tells the client so."""

        def ended(outcome: Outcome) -> None:
            if guest not in self._held:
                return
            if outcome is Outcome.TAKEN:
                self.full += not guest.session
                self._drop(guest)
            else:
                self._wait(guest)

        self._pass(name, guest, ended, insist=True)

    def _pass(self, name: str, guest: Guest, on_end: OnEnd, insist: bool = False) -> None:
        sender, lost = self._senders[name], partial(self._take_back, guest, name)
        if guest.session:
            sender.offer_session(guest.give, on_end, lost, insist=insist)
        else:
            sender.offer(guest.client, on_end, lost, insist=insist)

    def _take_back(self, guest: Guest, name: str, copy: socket.socket, _: bytes) -> None:
        """`name` was passed the client's socket and did not take it: it is being stopped, or has no descriptor left.
        Another, or it a moment later, may."""
        guest.client = copy
        logger.info("%s did not take a client that was passed to it", name)
        self.resumed -= bool(guest.session)
        if self._stopped:
            guest.end(STOPPED if guest.session else None)
            return
        self._held[guest] = None
        if asyncio.get_running_loop().time() > guest.deadline_s:
            self._refuse(guest)
        else:
            self._wait(guest)

    def _refuse(self, guest: Guest) -> None:
        """No query processor was there in time: nobody came back, or the cluster could not be woken."""
        self.refused += 1
        if guest.session:
            self._drop(guest, CANNOT_BE_RESUMED)
        else:
            self._held.pop(guest, None)
            self._context.spawn(refuse(guest.client, _nobody_came(self._waiting_s_max)))

    def _drop(self, guest: Guest, error: DatabaseError | None = None) -> None:
        """It is another's now, or nobody's."""
        self._held.pop(guest, None)
        self.resumed += bool(guest.session) and error is None
        guest.end(error)

    # -- all together --------------------------------------------------------------------------------------------------

    def _wait(self, guest: Guest) -> None:
        self._nobody = True
        self._waiting.append(guest)
        self._ask_to_wake()
        self._try_later()

    def _try_later(self) -> None:
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._offer_again)

    def _offer_again(self) -> None:
        self._retry = None
        self._queued.extendleft(reversed(self._waiting))
        self._waiting = []
        self._offer_queued()
        if self._waiting or self._queued:
            self._try_later()

    def _ask_to_wake(self) -> None:
        """The cluster may be at zero. (Where it is awake, the controller has nothing to do.)"""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._asked_to_wake_s + WAKE_RETRY_S:
            self._asked_to_wake_s = now_s
            self._context.bus.post(self._context.name, "controller", self._wake(now_s))

    def _wake(self, now_s: float) -> Wake:
        first = min(self._held, key=lambda guest: guest.came_s)
        return Wake(f"{first.description} at {self._context.name}", now_s - first.came_s)

    # -- query processors ----------------------------------------------------------------------------------------------

    def meet(self, topology: Topology | None) -> None:
        """The query processors that get this gateway's clients, those that are being restarted among them: of its own
        region alone; of its own host, or, while none of those is there, of others. One that is none any more is offered
        no client."""
        roles, routes = (topology.azs, topology.routes) if topology is not None else ({}, {})
        zones = self._context.settings.regions.zones
        own = zones.get(self._context.az)
        all_names = [name for name, az in roles.items() if name.startswith(QUERY_PROCESSOR) and zones.get(az) == own]
        near = [name for name in all_names if self._streams is None or self._streams.is_near(name)]
        far = [name for name in all_names if name not in near]
        names = sorted(near if not far or any(name in routes for name in near) else far, key=_number_of)
        if names != sorted(self._senders, key=_number_of) or any(
            isinstance(self._senders[name], SocketSender) != (name in near) for name in names
        ):
            self._replace_senders(names, near)
        if self._retry is not None:
            self._retry.cancel()
            self._offer_again()

    def _replace_senders(self, names: list[str], near: list[str]) -> None:
        for name in list(self._senders):
            if name not in names or isinstance(self._senders[name], SocketSender) != (name in near):
                self._senders.pop(name).close()
        for name in names:
            if name not in self._senders:
                self._senders[name] = self._sender(name, name in near)
        self._order = deque(names)
        self._order.rotate(1 - self._number)

    def _sender(self, name: str, near: bool) -> SocketSender | StreamSender:
        if near or self._streams is None:
            return SocketSender(self._socket_path(name), self._offer_queued, self._context.sockets)
        return StreamSender(self._streams, self._context.name, name, self._park, self._has_seat)


def _nobody_came(waited_s: float) -> DatabaseError:
    why = f"No query processor was there within {waited_s:.0f} s: the cluster cannot be woken, or is being restarted."
    return DatabaseError(CANNOT_CONNECT_NOW, "the database system cannot take connections now", detail=why)


def _number_of(name: str) -> int:
    return int(name.removeprefix(QUERY_PROCESSOR))
