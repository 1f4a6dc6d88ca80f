"""`Admission`: how many sessions a query processor has at most, and how many new ones a second.

The limits are the cluster's (`connections_max`, `connection_rate_per_s`), so each query processor has its share of
them, and all shares together are the limit: it holds whatever the gateways and the controller do. A gateway is told
when a share is used up (`has_room`) and turns to another query processor, so that nobody is refused while there is
room; only when all say so is a client passed on to be refused, with an error that it can read. The share of a query
processor that is being restarted is not given to others: clients wait for it at their gateway.

    53300   too many connections           53400   too many new connections
"""

from __future__ import annotations

from collections import deque

from actors.common.errors import CONFIGURATION_LIMIT_EXCEEDED, TOO_MANY_CONNECTIONS, DatabaseError
from actors.common.settings import Settings

RATE_EXCEEDED = "Unable to accept connection, rate exceeded."
ARRIVING_MAX = 256
"""Connections without a session: cancel requests, clients that are being authenticated or refused."""

PROMISE_S = 1.0
"""A gateway that was told of room, and whose client has not come for so long, has turned to another."""


def share(total: int, parts: int, number: int) -> int:
    """The part of `number` (from 1): the shares of all add up to `total`."""
    return total // parts + (number <= total % parts)


class Admission:
    """`descriptors`: how many sockets of clients the process may hold. Times are in seconds, from any clock that does
    not go back."""

    def __init__(self, settings: Settings, number: int, descriptors: int) -> None:
        limits, parts = settings.limits, settings.layout.query_processors
        self.arriving_max = min(ARRIVING_MAX, max(descriptors // 4, 1))
        self.sessions_max = max(descriptors - self.arriving_max, 1)
        """This query processor's share."""
        if limits.connections_max:
            self.sessions_max = min(self.sessions_max, share(limits.connections_max, parts, number))
        self._open_mode = settings.mode == "open"
        self._rate = limits.connection_rate_per_s / parts
        self._burst = max(limits.connection_burst / parts, 1.0)
        self._tokens = self._burst
        self._filled_s = 0.0

    def has_room(self, connections: int, arriving: int, now_s: float) -> bool:
        """Whether one more client is welcome, beside `connections` of which `arriving` have no session yet."""
        return connections < self.sessions_max and (not self._rate or self._available(now_s) >= arriving + 1)

    def has_seat(self, connections: int) -> bool:
        """Whether one more session that was admitted before, and was parked, is welcome beside `connections`. The rate
        is that of new ones."""
        return connections < self.sessions_max

    def enter(self, sessions: int, now_s: float) -> None:
        """A client asks for a session, beside `sessions` that there are. Raises 53300, 53400."""
        self.check(sessions)
        if self._rate:
            if self._available(now_s) < 1:
                raise DatabaseError(CONFIGURATION_LIMIT_EXCEEDED, RATE_EXCEEDED)
            self._tokens -= 1

    def check(self, sessions: int) -> None:
        """Raises 53300 where `sessions` is all that there may be."""
        if sessions >= self.sessions_max:
            text = (
                "sorry, too many clients already"
                if self._open_mode
                else "Unable to accept connection, too many open connections."
            )
            raise DatabaseError(TOO_MANY_CONNECTIONS, text)

    def _available(self, now_s: float) -> float:
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._rate)
        self._filled_s = now_s
        return self._tokens


class Promises:
    """Clients that gateways were told there is room for, and that have not arrived. Times as above."""

    def __init__(self) -> None:
        self._made_s: deque[float] = deque()

    def make(self, now_s: float) -> None:
        self._made_s.append(now_s)

    def keep(self) -> None:
        """A client has arrived: one promise less, if there are any."""
        if self._made_s:
            self._made_s.popleft()

    def open(self, now_s: float) -> int:
        """How many clients were promised room and have not arrived."""
        made_s = self._made_s
        while made_s and made_s[0] < now_s - PROMISE_S:
            made_s.popleft()
        return len(made_s)
