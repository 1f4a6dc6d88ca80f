"""`Parking`: gives sessions that rest to the gateways of this host: those that have rested for `sessions.park_after_s`,
and all of them while this query processor is drained.

    the session    its socket is read by     on the way to the next line
    serves         the query processor       it rests: a gateway is asked whether it has room (socket_passing.py)
    is offered     the query processor       the gateway answers; what the client has sent meanwhile was handled as ever
    rests still    the query processor       one packet with the socket and the session; in the same turn of the loop
                                             the query processor stops reading, forgets the session and closes its copy
    is passed      nobody                    the gateway reads the packet; what the client sends waits in the socket
    is parked      nobody; it is watched     a byte is there: query processors are asked who has room
    is offered     nobody                    one packet with the socket and the session; the gateway closes its copy
    is passed      nobody                    the query processor reads the packet
    serves         the query processor

So at every moment at most one process reads the socket, and no byte is taken out of it that is not handled by the one
who took it: there is nothing to lose or to double. A gateway that has no room or does not answer leaves the session
where it is, and one that was passed a socket for which it had no descriptor gives it back. A process that dies breaks
the sockets that it holds, a gateway those that are parked in it; the one that dies right after its packet has been sent
breaks nothing.

A client of another host's gateway is served by a stream of bytes: its session goes back by that stream, to the gateway
that has the socket (runtime/streams.py).

Cancel requests reach a session wherever it is (role.py); one that is parked has nothing to cancel.

Nothing is done for a busy session: once every half of `park_after_s` all connections are looked at, and one that still
waits for the same message as at the last two looks is parked. So a session rests once to one and a half times as long.
Draining awaits each session's next rest between two transactions.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Done, Topology
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_passing import OnLost, Outcome, SocketSender
from actors.runtime.streams import ServedStream

if TYPE_CHECKING:
    from actors.query_processor.connection import Connection

GATEWAY = "gateway/"
LOOKS = 2
"""In a row at which a session must have rested."""
OFFERED_MAX = 64
"""Sessions offered at once: all their answers may come in one turn of the loop, and each costs a twentieth of a
millisecond."""
DRAINING_S_MAX = 60.0
"""A controller that has not ended a query processor for so long after it had it drained has died, or forgotten it: it
serves again."""
DRAIN_RETRY_S = 0.1
"""While draining: before sessions that no gateway took are offered again."""


class Parking:
    """`sessions()`: the connections that have one; `is_empty()`: there are none, nor clients on their way. `path_of`: a
    gateway's role name -> where it takes sessions. `take_back(socket, session)`: the gateway to which both were passed
    has not got them; the session goes on here. `after_s` 0: only a drain parks."""

    def __init__(
        self,
        context: Context,
        sessions: Callable[[], Collection[Connection]],
        is_empty: Callable[[], bool],
        path_of: Callable[[str], str],
        take_back: OnLost,
        after_s: float,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._is_empty = is_empty
        self._path_of = path_of
        self._take_back = take_back
        self._after_s = after_s
        self._senders: dict[str, SocketSender] = {}
        self._leaving: list[ServedStream] = []
        """Sessions on their way to gateways of other hosts."""
        self._waiting: deque[Connection] = deque()
        self._offered: set[Connection] = set()
        self._pumping = False
        self._timer: asyncio.TimerHandle | None = None
        self._drained: Reply | None = None
        self._forgotten: asyncio.TimerHandle | None = None
        self.draining = False
        self.parked = 0
        """How many sessions were given away."""

    def start(self) -> None:
        self._meet(self._context.bus.topology)
        self._context.bus.on_topology(self._meet)

    def stop(self) -> None:
        self._after_s, self.draining = 0.0, False
        if self._timer is not None:
            self._timer.cancel()
        if self._forgotten is not None:
            self._forgotten.cancel()
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()

    def session_came(self) -> None:
        if self._timer is None and (self._after_s or self.draining):
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._look)

    def drain(self, wanted: bool, reply: Reply | None) -> None:
        """`wanted`: give all sessions away, and take no new ones; the reply is Done once there are none. Else serve as
        ever."""
        if self._drained is not None:
            self._drained.fail(DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "it is not the last word on draining"))
        self.draining, self._drained = wanted, reply if wanted else None
        if self._forgotten is not None:
            self._forgotten.cancel()
            self._forgotten = None
        if not wanted:
            for connection in self._sessions():
                connection.rest.awaited = None
            if reply is not None:
                reply(Done())
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._forgotten = asyncio.get_running_loop().call_later(DRAINING_S_MAX, self.drain, False, None)
        self._look()

    @property
    def _pause_s(self) -> float:
        return DRAIN_RETRY_S if self.draining else self._after_s / LOOKS

    def _look(self) -> None:
        self._timer = None
        for connection in self._sessions():
            if connection in self._offered:
                continue
            if self.draining:
                if connection.rest.now:
                    self._waiting.append(connection)
                elif connection.rest.awaited is None:
                    connection.rest.when(partial(self._rests, connection))
            elif connection.rest.look() >= LOOKS:
                self._waiting.append(connection)
        self._offer_more()
        self._leaving = [stream for stream in self._leaving if stream.is_open]
        passing = bool(self._leaving) or any(sender.passing for sender in self._senders.values())
        if self.draining and self._drained is not None and self._is_empty() and not passing:
            drained, self._drained = self._drained, None
            drained(Done())
        if self._sessions() or self._drained is not None:
            self.session_came()

    def _rests(self, connection: Connection) -> None:
        """While draining."""
        if self.draining and connection not in self._offered:
            self._waiting.append(connection)
            self._offer_more()

    def _offer_more(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        while self._waiting and len(self._offered) < OFFERED_MAX:
            connection = self._waiting.popleft()
            if connection not in self._offered and connection.rest.now:
                self._offered.add(connection)
                self._offer(connection)
        self._pumping = False

    def _offer(self, connection: Connection) -> None:
        """To each gateway in turn, until one takes it."""
        names = sorted(self._senders)
        turn = [*names[connection.process % len(names) :], *names[: connection.process % len(names)]] if names else []
        asked, stream = "", connection.rest.stream

        def ended(outcome: Outcome) -> None:
            nonlocal asked
            if outcome is Outcome.TAKEN:
                if stream is not None:
                    self._leaving.append(stream)
                self._left(connection)
            elif outcome is Outcome.WITHDRAWN:
                self._stays(connection, asked)
            else:
                while turn:
                    asked = turn.pop()
                    if asked in self._senders:
                        self._senders[asked].offer_session(connection.rest.give, ended, self._lost)
                        return
                self._stays(connection, "")

        if stream is not None:
            turn.clear()
            stream.offer_session(connection.rest.give, ended)
        else:
            ended(Outcome.AWAY)

    def _lost(self, client: socket.socket, session: bytes) -> None:
        self.parked -= 1
        self._take_back(client, session)

    def _left(self, connection: Connection) -> None:
        self.parked += 1
        self._offered.discard(connection)
        connection.let_go()
        self._offer_more()

    def _stays(self, connection: Connection, gateway: str) -> None:
        """`gateway` has room; the client was faster. While draining, the session goes there at its next rest, without
        being offered again."""
        self._offered.discard(connection)
        if self.draining and gateway:
            connection.rest.when(partial(self._pass, connection, gateway))
        self._offer_more()

    def _pass(self, connection: Connection, gateway: str, patient: bool = True) -> None:
        sender = self._senders.get(gateway)
        if not self.draining or sender is None or connection in self._offered:
            return
        if sender.pass_session(connection.rest.give, self._lost) is Outcome.TAKEN:
            self._left(connection)
        elif patient:  # its last answer may leave at the end of this turn
            asyncio.get_running_loop().call_soon(self._pass, connection, gateway, False)

    def _meet(self, topology: Topology | None) -> None:
        """Those of other hosts are never there: their paths are not on this one."""
        names = {name for name in topology.azs if name.startswith(GATEWAY)} if topology is not None else set()
        for name in sorted(self._senders.keys() - names):
            self._senders.pop(name).close()
        for name in sorted(names - self._senders.keys()):
            self._senders[name] = SocketSender(self._path_of(name), sockets=self._context.sockets)
