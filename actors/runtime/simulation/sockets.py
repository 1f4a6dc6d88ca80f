"""A simulated kernel's sockets: of clients, by which processes of a host pass them on, and watchers of both. Real
gateways and query processors hand real sessions over by them (runtime/sockets.py).

    kernel = SimulatedKernel(loop, random, on_wrong)         one host's
    kernel.begin(owner)                                      a process's descriptors, which are closed when it dies
    end = kernel.connect_client(port, receive)               a client: `receive(bytes)`, `receive(None)` at the end

What a kernel promises holds: a packet is there whole and once, and with it the sockets that it carries; a socket lives
while any process has a descriptor of it, or a packet that carries it waits; the lowest free number is the next
descriptor. What it leaves open is drawn from the seed: when a loop hears that something can be read, how many bytes one
read brings, which of several listeners gets a client, whether a process that receives a socket has a descriptor left
(`lost_share`), and how soon the bytes that are written leave.

A descriptor that is closed while its process watches it is a bug here, and ends the run: a loop would go on to tell of
it, or of another socket that has its number by then.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, cast

from actors.runtime.simulation.loop import Owner, SimulatedLoop
from actors.runtime.simulation.socket_files import (
    ClientSocket,
    Epoll,
    File,
    Kernel,
    Listener,
    PacketSocket,
    Relay,
    Watch,
)
from actors.runtime.simulation.socket_transport import serve
from actors.runtime.sockets import Watcher

FIRST_DESCRIPTOR = 3
IN = 0x001
"""select.EPOLLIN."""


class SimulatedSocket:
    """What of socket.socket roles and transports use."""

    def __init__(self, table: SimulatedSockets, descriptor: int, file: File) -> None:
        self._table = table
        self._descriptor = descriptor
        self._file = file

    @property
    def file(self) -> File:
        return self._file

    def fileno(self) -> int:
        return self._descriptor

    def setblocking(self, flag: bool) -> None:
        """None blocks."""

    def setsockopt(self, *_: int) -> None:
        """None changes what is simulated."""

    def accept(self) -> tuple[SimulatedSocket, str]:
        assert isinstance(self._file, Listener)
        return self._table.opened(self._file.accept()), ""

    def recv(self, bytes_max: int, flags: int = 0) -> bytes:
        self._is_open()
        if isinstance(self._file, ClientSocket):
            return self._file.receive(bytes_max, flags)
        assert isinstance(self._file, PacketSocket)
        packet, clients = self._file.take()
        assert not clients, "a packet with a socket is received without it"
        return packet

    def send(self, data: bytes) -> int:
        self._is_open()
        if isinstance(self._file, ClientSocket):
            return self._file.send(data)
        assert isinstance(self._file, PacketSocket)
        self._file.put(data)
        return len(data)

    def shutdown(self, how: int) -> None:
        assert how == socket.SHUT_RD and isinstance(self._file, PacketSocket)
        self._file.end()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._table.close(descriptor)

    def _is_open(self) -> None:
        if self._descriptor < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def __enter__(self) -> SimulatedSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SimulatedSockets:
    """One process's descriptors: runtime.sockets.Sockets, and what its loop wants of them."""

    def __init__(self, kernel: SimulatedKernel, owner: Owner) -> None:
        self._kernel = kernel
        self._process = owner.name
        self._files: dict[int, File] = {}
        self._readers: dict[int, Watch] = {}
        self._epolls: list[Epoll] = []

    def opened(self, file: File, counted: bool = True) -> SimulatedSocket:
        """At the lowest number that is free. `counted`: the reference is there already."""
        descriptor = FIRST_DESCRIPTOR
        while descriptor in self._files:
            descriptor += 1
        self._files[descriptor] = file
        file.references += not counted
        return SimulatedSocket(self, descriptor, file)

    def die(self) -> None:
        for file in self._files.values():
            if isinstance(file, ClientSocket):
                file.mourned = True
                self._kernel.rests(file, self._process)
        for watch in self._readers.values():
            watch.end()
        files, self._files, self._readers = self._files, {}, {}
        for file in files.values():
            file.release(by_death=True)

    # Sockets

    def listen_on_port(self, host: str, port: int, backlog: int) -> socket.socket:
        return cast(socket.socket, self.opened(self._kernel.listen(port), counted=False))

    def listen_at(self, path: str, backlog: int) -> socket.socket:
        return cast(socket.socket, self.opened(self._kernel.listen_at(path), counted=False))

    def remove(self, path: str) -> None:
        self._kernel.remove(path)

    def connect_to(self, path: str) -> socket.socket:
        return cast(socket.socket, self.opened(self._kernel.connect_to(path), counted=False))

    def adopt(self, descriptor: int) -> socket.socket:
        return cast(socket.socket, SimulatedSocket(self, descriptor, self.file(descriptor)))

    def duplicate(self, descriptor: int) -> int:
        if self._kernel.is_exhausted():
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self.opened(self.file(descriptor), counted=False).fileno()

    def close(self, descriptor: int) -> None:
        file = self._files.pop(descriptor)
        watched = [epoll for epoll in self._epolls if epoll.references and descriptor in epoll.watched]
        if descriptor in self._readers or watched:
            self._kernel.on_wrong("sockets", f"{self._process} closes descriptor {descriptor}, which it watches")
        file.release()

    def send_with(self, by: socket.socket, pieces: Sequence[bytes], descriptors: Sequence[int]) -> None:
        file, clients = cast(SimulatedSocket, by).file, [self.file(descriptor) for descriptor in descriptors]
        assert isinstance(file, PacketSocket)
        assert all(isinstance(client, ClientSocket) for client in clients)
        file.put(b"".join(pieces), cast(list[ClientSocket], clients))

    def receive_with(self, by: socket.socket, bytes_max: int, descriptors_max: int) -> tuple[bytes, list[int]]:
        file = cast(SimulatedSocket, by).file
        assert isinstance(file, PacketSocket)
        packet, clients = file.take()
        assert len(packet) <= bytes_max and len(clients) <= descriptors_max
        descriptors: list[int] = []
        for place, client in enumerate(clients):
            if self._kernel.is_exhausted():
                for lost in clients[place:]:
                    lost.release()
                break
            descriptors.append(self.opened(client).fileno())
        return packet, descriptors

    def watcher(self) -> Watcher:
        epoll = Epoll(self._kernel)
        self._epolls.append(epoll)
        return _EpollOfProcess(self, epoll, self.opened(epoll, counted=False).fileno())

    def file(self, descriptor: int) -> File:
        if descriptor not in self._files:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._files[descriptor]

    # the loop

    def add_reader(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None:
        self.remove_reader(descriptor)
        self._readers[descriptor] = Watch(self._files[descriptor], callback, arguments)

    def remove_reader(self, descriptor: int) -> bool:
        watch = self._readers.pop(descriptor, None)
        if watch is not None:
            watch.end()
        return watch is not None

    async def serve(self, make: Callable[[], asyncio.Protocol], client: Any) -> tuple[asyncio.Transport, Any]:
        return await serve(make, client)


class _EpollOfProcess:
    """runtime.sockets.Watcher."""

    def __init__(self, table: SimulatedSockets, epoll: Epoll, descriptor: int) -> None:
        self._table = table
        self._epoll = epoll
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def register(self, descriptor: int, events: int) -> None:
        assert events & IN
        file = self._table.file(descriptor)
        self._epoll.watched[descriptor] = (file, Relay(file, self._epoll))
        self._epoll.changed()

    def unregister(self, descriptor: int) -> None:
        self._epoll.watched.pop(descriptor)[1].end()

    def poll(self, seconds: float, events_max: int) -> list[tuple[int, int]]:
        ready = [(descriptor, IN) for descriptor, (file, _) in self._epoll.watched.items() if file.readable]
        return ready[:events_max]

    def close(self) -> None:
        self._table.close(self._descriptor)


class SimulatedKernel(Kernel):
    """See the module."""

    def __init__(self, loop: SimulatedLoop, random: Random, on_wrong: Callable[[str, str], None]) -> None:
        super().__init__(loop, random, on_wrong)
        self._ports: dict[int, list[Listener]] = {}
        self._paths: dict[str, Listener] = {}

    def begin(self, owner: Owner) -> SimulatedSockets:
        table = owner.descriptors = SimulatedSockets(self, owner)
        owner.when_dead.append(table.die)
        return table

    def listen(self, port: int) -> Listener:
        listeners = self._ports.setdefault(port, [])
        listener = Listener(self, listeners.remove)
        listeners.append(listener)
        return listener

    def listen_at(self, path: str) -> Listener:
        def forget(listener: Listener) -> None:
            if self._paths.get(path) is listener:
                del self._paths[path]

        listener = self._paths[path] = Listener(self, forget)
        return listener

    def remove(self, path: str) -> None:
        self._paths.pop(path, None)

    def connect_to(self, path: str) -> PacketSocket:
        listener = self._paths.get(path)
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        near, far = PacketSocket(self), PacketSocket(self)
        near.other, far.other = far, near
        listener.come(far)
        return near

    def connect_client(self, port: int, receive: Callable[[bytes | None], None]) -> ClientSocket:
        """ConnectionRefusedError where nobody listens."""
        listeners = self._ports.get(port)
        if not listeners:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        client = ClientSocket(self, receive)
        self.random.choice(listeners).come(client)
        return client
