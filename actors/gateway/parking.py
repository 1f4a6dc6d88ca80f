"""`ParkedSessions`: sockets of sessions that rest, each with its session as bytes, watched until the client sends
something.

    take(client, data)         from a query processor (query_processor/parking.py)
    on_wake(guest)             the client has sent something: it is with the caller, unread, to be passed to a query
                               processor

A parked session costs an entry in a dictionary, its bytes and its socket: one epoll watches all of them, and the event
loop watches that. Nothing is read here. A client that has closed its connection, or says no more than Terminate, wakes
nobody and is dropped.

idle_session_timeout and the age limit of connections end parked sessions as they end others: their client is told by
the same error.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from heapq import heapify, heappop, heappush

from actors.common.error_response import error_response
from actors.common.errors import ADMIN_SHUTDOWN, IDLE_SESSION_TIMEOUT, DatabaseError
from actors.common.parked_session import decode_session, encode_session, later
from actors.runtime.sockets import HOST, Sockets

EVENTS_MAX = 64
"""Sockets looked at in one turn of the loop."""
GONE_PER_PARKED_MAX = 3
"""Timeouts of sessions that are not parked any more, for each that is, before they are cleared away."""
_WATCHED = select.EPOLLIN | select.EPOLLRDHUP
_TERMINATE = b"X\0\0\0\4"


class Guest:
    """A client on its way to a query processor: a new one, or (`session`) one that was parked at `since_s` of the
    loop's time. `came_s`: when it came, or said its first word after it was parked. `deadline_s`: when it is given
    up."""

    __slots__ = ("came_s", "client", "deadline_s", "is_timed", "role", "session", "since_s")

    def __init__(self, client: socket.socket, session: bytes = b"", since_s: float = 0.0) -> None:
        self.client = client
        self.session = session
        self.role = 0
        """The oid of the role that logged in, of one that is parked."""
        self.is_timed = False
        """A timeout or the age limit ends the session."""
        self.since_s = since_s
        self.came_s = self.deadline_s = since_s

    @property
    def description(self) -> str:
        """For people."""
        session = decode_session(self.session) if self.session else None
        if session is None:
            return "a new connection"
        name = session.values.get("application_name", "")
        return f"a parked session of {session.user}" + (f" ({name})" if name else "")

    def give(self) -> tuple[int, bytes] | None:
        """(descriptor, session) of one that was parked, with the time that has passed since. Where the client has left
        meanwhile: None."""
        descriptor = self.client.fileno()
        if descriptor < 0:
            return None
        if not self.is_timed:
            return descriptor, self.session
        session = decode_session(self.session)
        assert session is not None, "it was read when it came"
        data = encode_session(later(session, asyncio.get_running_loop().time() - self.since_s))
        return (descriptor, data) if data is not None else None

    def end(self, error: DatabaseError | None = None) -> None:
        """Close the connection, with an error that the client is told, if it takes it at once."""
        if error is not None:
            with suppress(OSError):
                self.client.send(error_response(error, "FATAL"))
        self.client.close()


class ParkedSessions:
    """See the module. `age_s`: the age limit that an error names."""

    def __init__(self, on_wake: Callable[[Guest], None], age_s: int, sockets: Sockets = HOST) -> None:
        self._on_wake = on_wake
        self._age_s = age_s
        self._epoll = sockets.watcher()
        self._guests: dict[int, Guest] = {}
        """By descriptor."""
        self._of_roles: Counter[int] = Counter()
        self._due: list[tuple[float, int, Guest, bool]] = []
        """(when, serial, whose, of its age) of those that a timeout ends, and of some that are gone: a heap."""
        self._serial = 0
        self._timer: asyncio.TimerHandle | None = None
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._look)

    def __len__(self) -> int:
        return len(self._guests)

    def of_role(self, role: int) -> int:
        return self._of_roles[role]

    def take(self, client: socket.socket, data: bytes) -> None:
        """What this build cannot read cannot be kept either: its connection ends."""
        session = decode_session(data)
        if session is None:
            client.close()
            return
        now_s = asyncio.get_running_loop().time()
        guest = Guest(client, data, now_s)
        guest.role = session.roles.get("", 0)
        self._watch(guest)
        timeouts = [(now_s + session.idle_left_s, False)] if session.idle_left_s is not None else []
        if session.age_left_s is not None:
            timeouts.append((now_s + session.age_left_s, True))
        if timeouts:
            guest.is_timed = True
            when_s, of_age = min(timeouts)
            self._serial += 1
            heappush(self._due, (when_s, self._serial, guest, of_age))
            if len(self._due) > GONE_PER_PARKED_MAX * (len(self._guests) + EVENTS_MAX):
                self._due = [due for due in self._due if self._is_here(due[2])]
                heapify(self._due)
            self._arm()

    def _watch(self, guest: Guest) -> None:
        descriptor = guest.client.fileno()
        self._guests[descriptor] = guest
        self._of_roles[guest.role] += 1
        self._epoll.register(descriptor, _WATCHED)

    def _is_here(self, guest: Guest) -> bool:
        return self._guests.get(guest.client.fileno()) is guest

    def _look(self) -> None:
        try:
            events = self._epoll.poll(0, EVENTS_MAX)
        except InterruptedError:
            return
        for descriptor, _ in events:
            guest = self._leave(descriptor)
            try:
                sent = guest.client.recv(len(_TERMINATE), socket.MSG_PEEK)
            except (BlockingIOError, InterruptedError):
                self._watch(guest)
                continue
            except OSError:
                sent = b""
            if sent in (b"", _TERMINATE):
                guest.end()
            else:
                self._on_wake(guest)

    def _leave(self, descriptor: int) -> Guest:
        self._epoll.unregister(descriptor)
        guest = self._guests.pop(descriptor)
        self._of_roles[guest.role] -= 1
        return guest

    def _arm(self) -> None:
        """One timer, for the first that is due."""
        if self._timer is not None and (not self._due or self._timer.when() > self._due[0][0]):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._due:
            self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._pass_time)

    def _pass_time(self) -> None:
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        while self._due and (self._due[0][0] <= now_s or not self._is_here(self._due[0][2])):
            _, _, guest, of_age = heappop(self._due)
            if self._is_here(guest):
                self._leave(guest.client.fileno()).end(self._too_old() if of_age else _idle())
        self._arm()

    def _too_old(self) -> DatabaseError:
        return DatabaseError(ADMIN_SHUTDOWN, f"terminating connection: connection age limit of {self._age_s}s exceeded")

    def stop(self, error: DatabaseError) -> None:
        """All of them end with `error`."""
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
        if self._timer is not None:
            self._timer.cancel()
        guests, self._guests, self._due = self._guests, {}, []
        for guest in guests.values():
            guest.end(error)


def _idle() -> DatabaseError:
    return DatabaseError(IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout")
