"""`SocketReceiver`: takes the sockets that others of this host pass (socket_passing.py has the conversation)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

from actors.runtime.descriptors import EXHAUSTED
from actors.runtime.passed_packets import (
    ASK,
    ASK_SESSION,
    FULL,
    LOST,
    NONE,
    PACKET_BYTES_MAX,
    PACKETS_BATCH,
    RECEIVED,
    ROOM,
    SOCKET,
    SOCKETS_MAX,
    OnSocket,
    pieces_of,
)
from actors.runtime.sockets import HOST, Sockets

SENDERS_MAX = 256
"""A query processor's are the gateways of its host, a gateway's the query processors, and successors of both while they
are replaced."""
ACCEPT_PAUSE_S = 0.1
"""Before a listener that met a lack of descriptors or memory is looked at again."""

logger = logging.getLogger(__name__)


class SocketReceiver:
    """Takes the sockets that senders pass to `path`; `has_room()`: another one is welcome; None: none is, and the
    sender is not to insist. Whoever can open that path can pass sockets: it is made for the own user only.
    `on_session(client, session)` and `has_seat()` are the same for sessions; None: sessions are not wanted."""

    def __init__(
        self,
        path: str,
        on_socket: OnSocket,
        has_room: Callable[[], bool | None] = lambda: True,
        on_session: OnSocket | None = None,
        has_seat: Callable[[], bool | None] = lambda: True,
        sockets: Sockets = HOST,
    ) -> None:
        self._path = path
        self._sockets = sockets
        self._on_socket = on_socket
        self._has_room = has_room
        self._on_session = on_session
        self._has_seat = has_seat
        self._listener: socket.socket | None = None
        self._senders: dict[socket.socket, None] = {}
        """In the order in which they came."""

    def start(self) -> None:
        """Raises OSError where the path cannot be made. What a dead process left there is replaced."""
        self._listener = listener = self._sockets.listen_at(self._path, SENDERS_MAX)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            sender, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            pause_listening(self._listener, self._accept)
            return
        if len(self._senders) >= SENDERS_MAX:
            sender.close()
            return
        sender.setblocking(False)
        self._senders[sender] = None
        asyncio.get_running_loop().add_reader(sender.fileno(), self._receive, sender)

    def _receive(self, sender: socket.socket) -> None:
        taken = 0
        for _ in range(PACKETS_BATCH):
            if sender not in self._senders or taken >= SOCKETS_MAX:
                return
            try:
                packet, descriptors = self._sockets.receive_with(sender, PACKET_BYTES_MAX, SOCKETS_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                packet, descriptors = b"", []
            if not packet:
                self._drop(sender)
                return
            if packet[0] in (ASK, ASK_SESSION):
                heard = _tell(sender, bytes(map(self._answer, packet)))
            else:
                pieces = pieces_of(packet)
                heard = self._acknowledge(sender, len(pieces), len(descriptors))
                self._take(pieces, descriptors)
                taken += len(pieces)
            if not heard:
                self._drop(sender)
                return

    def _acknowledge(self, sender: socket.socket, pieces: int, arrived: int) -> bool:
        """Whether the sender could be told which sockets have arrived, and which have not."""
        if arrived < pieces:
            logger.warning("%d sockets were lost on their way here: no descriptor is left", pieces - arrived)
        return _tell(sender, bytes([RECEIVED]) * arrived + bytes([LOST]) * (pieces - arrived))

    def _take(self, pieces: list[tuple[int, bytes]], descriptors: list[int]) -> None:
        for (kind, data), descriptor in zip(pieces, descriptors, strict=False):  # the last may have been lost
            client = self._sockets.adopt(descriptor)
            if kind == SOCKET:
                self._on_socket(client, data)
            elif self._on_session is not None:
                self._on_session(client, data)
            else:
                client.close()

    def _answer(self, question: int) -> int:
        if question == ASK:
            welcome = self._has_room()
        else:
            welcome = self._has_seat() if self._on_session is not None else None
        return NONE if welcome is None else ROOM if welcome else FULL

    def _drop(self, sender: socket.socket, refuse: bool = False) -> None:
        """Clients that are on their way here are taken, as their sender has let them go already. `refuse`: they go back
        to it, where it still listens."""
        self._senders.pop(sender, None)
        asyncio.get_running_loop().remove_reader(sender.fileno())
        with contextlib.suppress(OSError):
            sender.shutdown(socket.SHUT_RD)  # nothing more comes in
            while True:
                packet, descriptors = self._sockets.receive_with(sender, PACKET_BYTES_MAX, SOCKETS_MAX)
                if not packet:
                    break
                if packet[0] in (ASK, ASK_SESSION):
                    if refuse:
                        _tell(sender, bytes([NONE]) * len(packet))
                    continue
                pieces = pieces_of(packet)
                if refuse and _tell(sender, bytes([LOST]) * len(pieces)):  # the sender has the only copies
                    for descriptor in descriptors:
                        self._sockets.close(descriptor)
                    continue
                self._acknowledge(sender, len(pieces), len(descriptors))
                self._take(pieces, descriptors)
        sender.close()

    def stop(self) -> None:
        """What is on its way here goes back."""
        for sender in list(self._senders):
            self._drop(sender, refuse=True)
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            self._sockets.remove(self._path)


def _tell(sender: socket.socket, answers: bytes) -> bool:
    """Whether it could be told: it is there, and reads."""
    try:
        sender.send(answers)
    except OSError:
        return False
    return True


def pause_listening(listener: socket.socket, accept: Callable[[], None]) -> None:
    """`accept`, the reader of `listener`, met a lack of descriptors or memory: it is called again after a pause, since
    the listener stays readable and the loop would spin. Clients wait in the kernel's queue meanwhile."""
    loop = asyncio.get_running_loop()
    loop.remove_reader(listener.fileno())

    def resume() -> None:
        if listener.fileno() >= 0:  # it may have been closed
            loop.add_reader(listener.fileno(), accept)

    loop.call_later(ACCEPT_PAUSE_S, resume)
