"""The door of a bus port: accepts TCP connections, and lets in those whose handshake proves a process of the cluster.

Everybody who reaches the port may begin a handshake, so handshakes are bounded in number and in time. Beyond
HANDSHAKES_MAX the oldest is given up for the newest: an honest one takes milliseconds, so those that are held open go
first. What is refused is logged once a reason, and counted.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from actors.runtime import descriptors
from actors.runtime.socket_receiver import pause_listening
from actors.runtime.tls import prepare_socket, refusal_of

HANDSHAKES_MAX = 128
"""Under way at one time, some 100 kB each."""
HANDSHAKE_S = 3.0
"""Of a connection's first byte to the last of its handshake."""
SHUTDOWN_S = 1.0
"""How long a peer's answer to the end of a connection is waited for."""
ACCEPT_BATCH = 16
"""Connections accepted in one turn of the loop: each handshake computes for about a millisecond."""
BACKLOG = 128

logger = logging.getLogger(__name__)


class TlsListener:
    """`context()` gives the TLS context for the next connection (a certificate may have been renewed), `make_link()`
    the protocol that gets it."""

    def __init__(
        self, host: str, port: int, context: Callable[[], ssl.SSLContext], make_link: Callable[[], asyncio.Protocol]
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._make_link = make_link
        self._listener: socket.socket | None = None
        self._handshakes: dict[asyncio.Task[None], None] = {}
        self.refused: Counter[str] = Counter()
        """Reason -> connections."""

    def start(self) -> int:
        """Listen; the port. Raises OSError."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._host, self._port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        self._listener = listener
        self._port = int(listener.getsockname()[1])
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept)
        return self._port

    def close(self) -> None:
        """Stop listening, and end the handshakes under way."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        for task in list(self._handshakes):
            task.cancel()

    def refuse(self, reason: str) -> None:
        self.refused[reason] += 1
        if self.refused[reason] == 1:
            logger.warning(
                "port %d: a peer was refused: %s (others like it are counted, not logged)", self._port, reason
            )

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPT_BATCH):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in descriptors.EXHAUSTED:
                    raise
                self.refuse(f"{error.strerror}")
                pause_listening(self._listener, self._accept)
                return
            connection.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._shake_hands(connection))
            self._handshakes[task] = None
            task.add_done_callback(lambda done: self._handshakes.pop(done, None))
            if len(self._handshakes) > HANDSHAKES_MAX:
                oldest = next(iter(self._handshakes))
                del self._handshakes[oldest]
                oldest.cancel()
                self.refuse("its handshake was given up for newer ones")

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            prepare_socket(connection)
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make_link,
                connection,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=SHUTDOWN_S,
            )
        except OSError as error:  # ssl.SSLError and TimeoutError are such
            connection.close()
            self.refuse(refusal_of(error))
        except asyncio.CancelledError:
            connection.close()
            raise
