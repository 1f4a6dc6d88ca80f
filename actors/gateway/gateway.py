"""Gateways: each listens on the PostgreSQL port of its host and passes every accepted socket to a query processor.

The socket itself goes to the query processor's process (SCM_RIGHTS), so no byte of a session passes through here: the gateway never reads from
a client, TLS and the startup packet are the query processor's. Where this host has none, the bytes are forwarded to one of another host, over mutual TLS (streams.py). New sessions go round the query processors of this host; one that is away, stalled or full
(query_processor/admission.py) is passed over. While all that are there are full and others are away (restart), or there is none at all (scaled to zero),
accepted sockets wait here, bounded in number and in time; one that has waited too long is told so (refusal.py). Where all are full, one of them gets the client nevertheless, to refuse it with an error or to serve its cancel request.

A lack of descriptors or memory ends no gateway: it stops accepting for a moment, and clients wait in the kernel's queue. A client whose socket a query
processor could not receive, for want of descriptors, comes back and is offered again (socket_passing.py).

Sessions that rest come back: query processors pass them here with their sockets (parking.py), and at its client's next byte a session goes to whichever query
processor has room, or waits for one as a new client does (at zero, that byte wakes the cluster). A session was admitted once: where all are full, one takes it
nevertheless. Sessions that are parked count for no limit but the gateway's own: as many as it has descriptors for, and
`limits.connections_max` at most. They end with their gateway, as others with their query processor; a gateway that is stopped tells them (57P01).

A host has several gateways, in different processes and AZs; the kernel deals connections out among those that listen (SO_REUSEPORT), so that one that dies closes no door.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from actors.common.errors import ADMIN_SHUTDOWN, CANNOT_CONNECT_NOW, DatabaseError
from actors.common.messages.base import Message
from actors.common.messages.control import Topology, Wake
from actors.gateway.parking import Guest, ParkedSessions
from actors.gateway.refusal import refuse
from actors.runtime import descriptors
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_passing import OnEnd, Outcome, SocketReceiver, SocketSender, pause_listening
from actors.runtime.streams import Streams, StreamSender

WAITING_SOCKETS_MAX = 1024
"""Clients held while no query processor is there; more are closed at once."""
ACCEPT_BATCH = 64
"""Connections accepted in one turn of the loop."""
RETRY_S = 0.05
"""Pause before the waiting sockets are offered again when no topology change announced a query processor."""
WAKE_RETRY_S = 0.5
"""A Wake may be lost."""
LISTEN_BACKLOG = 1024
STOPPED = DatabaseError(ADMIN_SHUTDOWN, "terminating connection due to administrator command")
CANNOT_BE_RESUMED = DatabaseError(CANNOT_CONNECT_NOW, "the session cannot be resumed: no query processor is there")
QUERY_PROCESSOR = "query_processor/"

logger = logging.getLogger(__name__)


class Gateway:
    """`socket_path`: query processor's role name -> the Unix socket at which it receives clients. Which query processors there are, the
    topology tells. `parking_path`: where this gateway receives sessions to park; "": it parks none. `streams`: the way to those of other hosts."""

    def __init__(
        self,
        context: Context,
        number: int,
        host: str,
        port: int,
        socket_path: Callable[[str], str],
        *,
        parking_path: str = "",
        streams: Streams | None = None,
    ) -> None:
        self._context = context
        self._name = f"gateway/{number}"
        self._host = host
        self._port = port
        self._number = number
        self._socket_path = socket_path
        self._streams = streams
        self._senders: dict[str, SocketSender | StreamSender] = {}
        self._order: deque[str] = deque()
        self._held: set[Guest] = set()
        """Accepted or awake, and with no query processor yet: offered to one, or waiting."""
        self._waiting: list[tuple[float, Guest]] = []
        """Those that nobody takes now, each with the time (of the loop) when it is given up."""
        self._waiting_s_max = context.settings.scaling.wake_s
        self._retry: asyncio.TimerHandle | None = None
        self._asked_to_wake_s = -WAKE_RETRY_S
        self._listener: socket.socket | None = None
        room = descriptors.for_clients(descriptors.limit())
        self._held_max = min(WAITING_SOCKETS_MAX, room)
        connections_max = context.settings.limits.connections_max
        self._parked_max = max(room - self._held_max, 0)
        if connections_max:
            self._parked_max = min(self._parked_max, connections_max)
        self._parked: ParkedSessions | None = None
        self._receiver = (
            SocketReceiver(parking_path, lambda client, _: client.close(), lambda: None, self._park, self._has_seat)
            if parking_path
            else None
        )
        self._resumed = 0
        self._accepted = 0
        self._full = 0
        """Clients that were passed on to be refused."""
        self._refused = 0

    async def start(self) -> None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            raise DatabaseError("08001", f"port {self._port} on {self._host}: {error.strerror}") from None
        listener.listen(LISTEN_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        if self._receiver is not None:
            self._parked = ParkedSessions(self._awake, self._context.settings.limits.connection_age_s)
            self._receiver.start()
        self._meet(self._context.bus.topology)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)
        self._context.bus.on_topology(self._on_topology)

    async def stop(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._waiting = []
        if self._receiver is not None:
            self._receiver.stop()
        if self._parked is not None:
            self._parked.stop(STOPPED)
            self._parked = None
        held, self._held = self._held, set()
        for guest in held:
            guest.end(STOPPED if guest.session else None)
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if reply is not None:
            reply.fail(DatabaseError("XX000", f"the gateway does not understand {type(message).__name__}"))

    def status(self) -> dict[str, Any]:
        return {
            "layer": "gateway",
            "name": self._name,
            "range": f"{self._host}:{self._port}",
            "load": {
                "accepted": self._accepted,
                "waiting": len(self._waiting),
                "full": self._full,
                "refused": self._refused,
                "parked": len(self._parked) if self._parked is not None else 0,
                "resumed": self._resumed,
            },
        }

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPT_BATCH):
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in descriptors.EXHAUSTED:
                    raise
                logger.warning("no client can be accepted: %s", error.strerror)
                pause_listening(self._listener, self._accept)
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted += 1
            if len(self._held) >= self._held_max:
                self._refused += 1
                client.close()
            else:
                guest = Guest(client, since_s=asyncio.get_running_loop().time())
                self._held.add(guest)
                self._offer(guest, guest.came_s + self._waiting_s_max)

    def _has_seat(self) -> bool:
        return self._parked is not None and len(self._parked) < self._parked_max

    def _park(self, client: socket.socket, session: bytes) -> None:
        if self._parked is None:
            client.close()
        else:
            self._parked.take(client, session)

    def _awake(self, guest: Guest) -> None:
        """The client of a parked session has sent something."""
        guest.came_s = asyncio.get_running_loop().time()
        self._held.add(guest)
        self._offer(guest, guest.came_s + self._waiting_s_max)

    def _pass(self, name: str, guest: Guest, on_end: OnEnd, insist: bool = False) -> None:
        sender, client = self._senders[name], guest.client

        def lost(copy: socket.socket, _: bytes) -> None:
            guest.client = copy
            self._take_back(guest, name)

        if not guest.session:
            sender.offer(client, on_end, lost, insist=insist)
            return

        def give() -> tuple[int, bytes] | None:
            session = guest.session_now()
            return (client.fileno(), session) if session is not None else None

        sender.offer_session(give, on_end, lost, insist=insist)

    def _take_back(self, guest: Guest, name: str) -> None:
        """`name` was passed the client's socket and did not get it, for want of descriptors: another, or it a moment later, may have one."""
        logger.warning("%s has no descriptor left for a client", name)
        self._resumed -= bool(guest.session)
        deadline = guest.came_s + self._waiting_s_max
        if self._listener is None:  # the gateway has been stopped
            guest.end(STOPPED if guest.session else None)
            return
        self._held.add(guest)
        if asyncio.get_running_loop().time() > deadline:
            self._refuse(guest)
        else:
            self._wait(guest, deadline)

    def _offer(self, guest: Guest, deadline: float) -> None:
        """To each query processor in turn, until one takes it."""
        turn = list(self._order)
        self._order.rotate(-1)
        asked, full = "", []

        def ended(outcome: Outcome) -> None:
            nonlocal asked
            if guest not in self._held:  # the gateway has been stopped
                return
            if outcome in (Outcome.TAKEN, Outcome.WITHDRAWN):
                self._drop(guest)
                return
            if outcome is Outcome.FULL:
                full.append(asked)
            while turn:
                asked = turn.pop(0)
                if asked in self._senders:
                    self._pass(asked, guest, ended)
                    return
            expired = asyncio.get_running_loop().time() > deadline
            full[:] = [name for name in full if name in self._senders]
            if full and (expired or len(full) == len(self._senders)):
                self._insist(guest, deadline, full[0])
            elif expired:
                self._refuse(guest)
            else:
                self._wait(guest, deadline)

        ended(Outcome.AWAY)

    def _insist(self, guest: Guest, deadline: float, name: str) -> None:
        """Nobody has room: a query processor tells the client so."""

        def ended(outcome: Outcome) -> None:
            if guest not in self._held:
                return
            if outcome is Outcome.TAKEN:
                self._full += not guest.session
                self._drop(guest)
            else:
                self._wait(guest, deadline)

        self._pass(name, guest, ended, insist=True)

    def _refuse(self, guest: Guest) -> None:
        """No query processor was there in time: nobody came back, or the cluster could not be woken."""
        self._refused += 1
        if guest.session:
            self._drop(guest, CANNOT_BE_RESUMED)
        else:
            self._held.discard(guest)
            self._context.spawn(refuse(guest.client, _nobody_came(self._waiting_s_max)))

    def _drop(self, guest: Guest, error: DatabaseError | None = None) -> None:
        """It is another's now, or nobody's."""
        self._held.discard(guest)
        self._resumed += bool(guest.session) and error is None
        guest.end(error)

    def _wait(self, guest: Guest, deadline: float) -> None:
        self._waiting.append((deadline, guest))
        self._ask_to_wake()
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._offer_again)

    def _ask_to_wake(self) -> None:
        """The cluster may be at zero. (Where it is awake, the controller has nothing to do.)"""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._asked_to_wake_s + WAKE_RETRY_S:
            self._asked_to_wake_s = now_s
            self._context.bus.post(self._context.name, "controller", self._wake(now_s))

    def _wake(self, now_s: float) -> Wake:
        first = min(self._held, key=lambda guest: guest.came_s)
        return Wake(f"{first.description} at {self._name}", now_s - first.came_s)

    def _offer_again(self) -> None:
        self._retry = None
        waiting, self._waiting = self._waiting, []
        for deadline, guest in waiting:
            self._offer(guest, deadline)

    def _meet(self, topology: Topology | None) -> None:
        """The query processors that get this gateway's clients, those that are being restarted among them: of its own host, or, while none of those is
        there, of others. One that is none any more is offered no client."""
        roles, routes = (topology.azs, topology.routes) if topology is not None else ({}, {})
        all_names = [name for name in roles if name.startswith(QUERY_PROCESSOR)]
        near = [name for name in all_names if self._streams is None or self._streams.is_near(name)]
        far = [name for name in all_names if name not in near]
        names = sorted(near if not far or any(name in routes for name in near) else far, key=_number_of)
        if names == sorted(self._senders, key=_number_of) and all(
            isinstance(self._senders[name], SocketSender) == (name in near) for name in names
        ):
            return
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
            return SocketSender(self._socket_path(name))
        return StreamSender(self._streams, self._name, name)

    def _on_topology(self, topology: Topology) -> None:
        self._meet(topology)
        if self._retry is not None:
            self._retry.cancel()
            self._offer_again()


def _nobody_came(waited_s: float) -> DatabaseError:
    why = f"No query processor was there within {waited_s:.0f} s: the cluster cannot be woken, or is being restarted."
    return DatabaseError(CANNOT_CONNECT_NOW, "the database system cannot take connections now", detail=why)


def _number_of(name: str) -> int:
    return int(name.removeprefix(QUERY_PROCESSOR))
