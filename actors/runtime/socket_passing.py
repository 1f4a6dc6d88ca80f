"""Accepted sockets from one process of a host to another, over a Unix socket (SCM_RIGHTS), with the bytes that were read from them already.

    sender = SocketSender(path);  sender.send(client, already_read=b"")      in the process that accepts
    receiver = SocketReceiver(path, on_socket);  receiver.start()            in the process that serves: on_socket(client, already_read)

One packet (SOCK_SEQPACKET) a socket, so a message is whole or not there; a full queue or an absent receiver is `False`, at once: whoever accepts
turns to another. After `True` the receiver has a copy of its own, and the sender closes its own. Nothing here waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable

ALREADY_READ_BYTES_MAX = 16 << 10
"""Bytes that travel with a socket: more than any start-up packet."""
RECEIVE_BATCH = 64
"""Sockets taken in one turn of the loop."""
SENDERS_MAX = 16
"""Gateways of one host: one, and its successor while it is replaced."""
_MARK = b"\1"
"""Begins every packet: an empty one would look like the sender's end."""

OnSocket = Callable[[socket.socket, bytes], None]


class SocketSender:
    """Connects when it is needed, and again after the receiver was away."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def send(self, client: socket.socket, already_read: bytes = b"") -> bool:
        """True once `client` is with the receiver (which may still die with it); the caller then closes its own copy."""
        assert len(already_read) <= ALREADY_READ_BYTES_MAX
        for _ in range(2):  # a receiver that was started again is found at the second attempt
            try:
                if self._socket is None:
                    self._socket = self._connect()
                socket.send_fds(self._socket, [_MARK + already_read], [client.fileno()])
                return True
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                self.close()
        return False

    def _connect(self) -> socket.socket:
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connecting.setblocking(False)
        try:
            connecting.connect(self._path)
        except OSError:
            connecting.close()
            raise
        return connecting

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class SocketReceiver:
    """Takes the sockets that senders pass to `path`. Whoever can open that path can pass sockets: it is made for the own user only."""

    def __init__(self, path: str, on_socket: OnSocket) -> None:
        self._path = path
        self._on_socket = on_socket
        self._listener: socket.socket | None = None
        self._senders: set[socket.socket] = set()

    def start(self) -> None:
        """Raises OSError where the path cannot be made. What a dead process left there is replaced."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.setblocking(False)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        mask = os.umask(0o177)
        try:
            listener.bind(self._path)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        listener.listen(SENDERS_MAX)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sender, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        if len(self._senders) >= SENDERS_MAX:
            sender.close()
            return
        sender.setblocking(False)
        self._senders.add(sender)
        asyncio.get_running_loop().add_reader(sender.fileno(), self._receive, sender)

    def _receive(self, sender: socket.socket) -> None:
        for _ in range(RECEIVE_BATCH):
            if sender not in self._senders:
                return
            try:
                data, descriptors, _, _ = socket.recv_fds(sender, 1 + ALREADY_READ_BYTES_MAX, 1)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data = b""
            if not data:
                self._drop(sender)
                return
            for descriptor in descriptors:
                client = socket.socket(fileno=descriptor)
                client.setblocking(False)
                self._on_socket(client, data[1:])

    def _drop(self, sender: socket.socket) -> None:
        self._senders.discard(sender)
        asyncio.get_running_loop().remove_reader(sender.fileno())
        sender.close()

    def stop(self) -> None:
        for sender in list(self._senders):
            self._drop(sender)
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
