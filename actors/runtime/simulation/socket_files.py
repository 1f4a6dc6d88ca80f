"""What sockets' descriptors refer to in a simulated kernel (sockets.py): clients' connections, connections between
processes, listeners and epolls, and who waits until one of them can be read."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from random import Random
from typing import Any, Protocol

from actors.runtime.simulation.loop import SimulatedLoop

WAKE_S_MAX, BUSY_S_MAX, BUSY_SHARE = 0.001, 0.1, 0.1
"""Before a loop hears that something can be read, and before a busy one does; how often one is busy."""
CLIENT_S_MAX = 0.002
"""One way between a client and the host."""
ORDER_S = 1e-6
"""Between two pieces on one socket: timers of one time have no order."""
READY = b"Z\0\0\0\5"
"""What PostgreSQL's ReadyForQuery begins with."""
PACKETS_MAX = 200
"""Of one Unix socket that nobody reads."""
SHORT_READ_SHARE = 0.1


class SocketObserver(Protocol):
    """Who is told what becomes of clients' sockets."""

    def reads(self, client: ClientSocket, process: str) -> None:
        """A transport of `process` begins to read from `client`."""

    def rests(self, client: ClientSocket, process: str) -> None:
        """... and reads no more."""

    def closed(self, client: ClientSocket) -> None:
        """Nobody has it any more."""


class Kernel:
    """What all files of a host share. `on_wrong(invariant, what)`: a process does what no kernel allows, or an
    invariant does not hold."""

    def __init__(self, loop: SimulatedLoop, random: Random, on_wrong: Callable[[str, str], None]) -> None:
        self.loop = loop
        self.random = random
        self.on_wrong = on_wrong
        self.lost_share = 0.0
        """How often a process finds no descriptor left."""
        self.observers: list[SocketObserver] = []

    def is_exhausted(self) -> bool:
        return self.random.random() < self.lost_share

    def wake_s(self) -> float:
        return self.random.uniform(0, BUSY_S_MAX if self.random.random() < BUSY_SHARE else WAKE_S_MAX)

    def reads(self, client: ClientSocket, process: str) -> None:
        for observer in self.observers:
            observer.reads(client, process)

    def rests(self, client: ClientSocket, process: str) -> None:
        for observer in self.observers:
            observer.rests(client, process)

    def closed(self, client: ClientSocket) -> None:
        for observer in self.observers:
            observer.closed(client)


class File:
    """What descriptors, and packets on their way, refer to."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.references = 0
        self.watches: dict[Watch, None] = {}

    @property
    def readable(self) -> bool:
        return False

    def changed(self) -> None:
        for watch in list(self.watches):
            watch.poke()

    def release(self, by_death: bool = False) -> None:
        self.references -= 1
        if not self.references:
            self.closed(by_death)

    def closed(self, by_death: bool) -> None:
        """The last reference has gone."""


class ClientSocket(File):
    """The host's end of a client's connection. `send` (bytes; None: the end) goes to the client."""

    def __init__(self, kernel: Kernel, receive: Callable[[bytes | None], None]) -> None:
        super().__init__(kernel)
        self._receive = receive
        self._outside = copy_context()
        """The client is no process's."""
        self._last = {"in": 0.0, "out": 0.0}
        self._unread = bytearray()
        self._left = False
        """The client has closed its end."""
        self.is_closed = False
        self.mourned = False
        """A process has died that had it: whoever passed it on, or should have."""
        self.last_sent = b""
        self.served = False
        """The client has been told that its session is ready."""
        self.leaving = False
        self.unanswered = False
        """Something of the client's has been read since its session was last ready."""
        self.unread_since_s: float | None = None

    def _later(self, way: str, callback: Callable[..., None], *arguments: Any) -> None:
        loop = self.kernel.loop
        at = max(self._last[way] + ORDER_S, loop.time() + self.kernel.random.uniform(0, CLIENT_S_MAX))
        self._last[way] = at
        loop.call_at(at, callback, *arguments, context=self._outside.copy())

    # from the client

    def write(self, data: bytes) -> None:
        self._later("in", self._arrive, data)

    def leave(self) -> None:
        self.leaving = True
        self._later("in", self._arrive, None)

    def _arrive(self, data: bytes | None) -> None:
        if data is None:
            self._left = True
        else:
            self._unread += data
            if self.unread_since_s is None:
                self.unread_since_s = self.kernel.loop.time()
        self.changed()

    # from a process

    @property
    def readable(self) -> bool:
        return bool(self._unread) or self._left

    def receive(self, bytes_max: int, flags: int) -> bytes:
        if not self._unread:
            if self._left:
                return b""
            raise BlockingIOError
        random = self.kernel.random
        size = min(bytes_max, len(self._unread))
        if not flags and random.random() < SHORT_READ_SHARE:
            size = random.randint(1, size)
        data = bytes(self._unread[:size])
        if flags != socket.MSG_PEEK:
            del self._unread[:size]
            self.unanswered = True
            self.unread_since_s = self.kernel.loop.time() if self._unread else None
        return data

    def send(self, data: bytes) -> int:
        if self._left:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self.last_sent = data
        if data[-6:-1] == READY:
            self.served, self.unanswered = True, False
        self._later("out", self._receive, data)
        return len(data)

    def closed(self, by_death: bool) -> None:
        self.is_closed = True
        self._later("out", self._receive, None)
        self.kernel.closed(self)


class PacketSocket(File):
    """One end of a connection between two processes."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.other: PacketSocket | None = None
        self._packets: deque[tuple[bytes, Sequence[ClientSocket]]] = deque()
        self._ended = False

    @property
    def readable(self) -> bool:
        return bool(self._packets) or self._ended

    def put(self, packet: bytes, clients: Sequence[ClientSocket] = ()) -> None:
        other = self.other
        if other is None or other._ended or not other.references:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        if len(other._packets) >= PACKETS_MAX:
            raise BlockingIOError
        for client in clients:
            client.references += 1
        other._packets.append((packet, clients))
        other.changed()

    def take(self) -> tuple[bytes, Sequence[ClientSocket]]:
        if self._packets:
            return self._packets.popleft()
        if self._ended:
            return b"", ()
        raise BlockingIOError

    def end(self) -> None:
        """Nothing more comes in."""
        self._ended = True
        self.changed()

    def closed(self, by_death: bool) -> None:
        self._ended = True
        packets, self._packets = self._packets, deque()
        for _, clients in packets:
            for client in clients:
                client.mourned |= by_death
                client.release(by_death)
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            other.end()


class Listener(File):
    def __init__(self, kernel: Kernel, forget: Callable[[Listener], None]) -> None:
        super().__init__(kernel)
        self._forget = forget
        self._came: deque[File] = deque()

    @property
    def readable(self) -> bool:
        return bool(self._came)

    def come(self, file: File) -> None:
        file.references += 1
        self._came.append(file)
        self.changed()

    def accept(self) -> File:
        if not self._came:
            raise BlockingIOError
        return self._came.popleft()

    def closed(self, by_death: bool) -> None:
        self._forget(self)
        for file in self._came:
            file.release(by_death)


class Watch:
    """A callback for as long as a file can be read: once a turn of its process's loop."""

    def __init__(self, file: File, callback: Callable[..., object], arguments: tuple[Any, ...] = ()) -> None:
        self._file = file
        self._callback = callback
        self._arguments = arguments
        self._context: Context = copy_context()
        self._armed = False
        file.watches[self] = None
        self.poke()

    def poke(self) -> None:
        if not self._armed and self._file.readable and self in self._file.watches:
            self._armed = True
            kernel = self._file.kernel
            kernel.loop.call_later(kernel.wake_s(), self._tell, context=self._context)

    def _tell(self) -> None:
        self._armed = False
        if self in self._file.watches and self._file.readable:
            self._callback(*self._arguments)
            self.poke()

    def end(self) -> None:
        self._file.watches.pop(self, None)


class Epoll(File):
    """Readable where one of its files is."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.watched: dict[int, tuple[File, Relay]] = {}

    @property
    def readable(self) -> bool:
        return any(file.readable for file, _ in self.watched.values())

    def closed(self, by_death: bool) -> None:
        for _, relay in self.watched.values():
            relay.end()
        self.watched = {}


class Relay(Watch):
    """A file's changes are its epoll's."""

    def __init__(self, file: File, epoll: Epoll) -> None:
        self._epoll = epoll
        super().__init__(file, epoll.changed)

    def poke(self) -> None:
        if self._file.readable:
            self._epoll.changed()
