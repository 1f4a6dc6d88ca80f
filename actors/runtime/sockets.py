"""`Sockets`: what of its host's kernel a process uses to take clients in, to pass their sockets on, and to watch those
of parked sessions.

    HOST                                      the real kernel: socket, os and select
    simulation.sockets.SimulatedSockets       one process's descriptors in a simulated kernel, which can die with it

Who is handed one (Context.sockets) opens, copies and closes nothing by other means; loops watch what it opens
(`add_reader`) and serve it (`connect_accepted_socket`) as they do real sockets. Its sockets do not block.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Sequence
from typing import Protocol


class Watcher(Protocol):
    """As far as it is used, select.epoll: readable itself where one of its sockets is."""

    def fileno(self) -> int: ...

    def register(self, descriptor: int, events: int) -> None: ...

    def unregister(self, descriptor: int) -> None: ...

    def poll(self, seconds: float, events_max: int) -> list[tuple[int, int]]: ...

    def close(self) -> None: ...


class Sockets(Protocol):
    """All raise OSError as the kernel does."""

    def listen_on_port(self, host: str, port: int, backlog: int) -> socket.socket:
        """For clients. Several processes of a host may listen on one port, and the kernel deals clients out."""

    def listen_at(self, path: str, backlog: int) -> socket.socket:
        """For processes of the own user. What a dead process left at `path` is replaced."""

    def remove(self, path: str) -> None:
        """Nobody listens there any more. Nothing happens where nothing is."""

    def connect_to(self, path: str) -> socket.socket: ...

    def adopt(self, descriptor: int) -> socket.socket:
        """The socket of a descriptor of this process."""

    def duplicate(self, descriptor: int) -> int:
        """Another descriptor of the same socket."""

    def close(self, descriptor: int) -> None: ...

    def send_with(self, by: socket.socket, pieces: Sequence[bytes], descriptors: Sequence[int]) -> None:
        """One packet, and the sockets of `descriptors` with it, as one."""

    def receive_with(self, by: socket.socket, bytes_max: int, descriptors_max: int) -> tuple[bytes, list[int]]:
        """One packet, and the sockets that came with it. Where this process has no descriptor left, that socket and all
        behind it are lost."""

    def watcher(self) -> Watcher: ...


class HostSockets:
    """The kernel's."""

    def listen_on_port(self, host: str, port: int, backlog: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((host, port))
        except OSError:
            listener.close()
            raise
        listener.listen(backlog)
        listener.setblocking(False)
        return listener

    def listen_at(self, path: str, backlog: int) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.setblocking(False)
        self.remove(path)
        mask = os.umask(0o177)
        try:
            listener.bind(path)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        listener.listen(backlog)
        return listener

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def connect_to(self, path: str) -> socket.socket:
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connecting.setblocking(False)
        try:
            connecting.connect(path)
        except OSError:
            connecting.close()
            raise
        return connecting

    def adopt(self, descriptor: int) -> socket.socket:
        adopted = socket.socket(fileno=descriptor)
        adopted.setblocking(False)
        return adopted

    def duplicate(self, descriptor: int) -> int:
        return os.dup(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def send_with(self, by: socket.socket, pieces: Sequence[bytes], descriptors: Sequence[int]) -> None:
        socket.send_fds(by, pieces, descriptors)

    def receive_with(self, by: socket.socket, bytes_max: int, descriptors_max: int) -> tuple[bytes, list[int]]:
        packet, descriptors, _, _ = socket.recv_fds(by, bytes_max, descriptors_max)
        return packet, descriptors

    def watcher(self) -> Watcher:
        return select.epoll()


HOST = HostSockets()
