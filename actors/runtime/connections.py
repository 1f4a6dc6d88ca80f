"""How connections of a socket bus come to be: listening at a process's endpoints, and connecting to a peer's.

    listeners = Listeners(parse_address("tls:a@10.0.0.5:0 unix:/run/e/a"), make_link, identity)
    await listeners.start()                      -> "tls:a@10.0.0.5:40123 unix:/run/e/a"
    await connect(parse_endpoint("tls:b@10.0.0.6:40007"), link, identity, timeout_s=10.0)

Both hand a `Link` (an asyncio.Protocol) to the transport that stands. A TLS link is handed the check of its peer's name
with it (`Link.admit`), since a transport tells a certificate once the handshake is done, to the protocol.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from actors.runtime.endpoints import Endpoint, format_address
from actors.runtime.socket_link import Link
from actors.runtime.tls import PeerRefused, TlsIdentity, prepare_socket
from actors.runtime.tls_listener import HANDSHAKE_S, SHUTDOWN_S, TlsListener


class Listeners:
    """See the module. `make_link()` makes the protocol of an accepted connection. A TLS endpoint needs an identity."""

    def __init__(
        self, endpoints: Sequence[Endpoint], make_link: Callable[[], Link], identity: TlsIdentity | None
    ) -> None:
        if identity is None and any(endpoint.scheme == "tls" for endpoint in endpoints):
            raise ValueError("a TLS endpoint needs a certificate")
        self._endpoints = list(endpoints)
        self._make_link = make_link
        self.identity = identity
        """May be replaced: connections that come later are shown the new certificate."""
        self._servers: list[asyncio.AbstractServer] = []
        self._doors: list[TlsListener] = []
        self._sockets: list[tuple[str, int]] = []
        """Paths of Unix sockets, with their inodes."""

    async def start(self) -> str:
        """Listen everywhere; the address with the ports that were found. Raises OSError, and listens nowhere then."""
        try:
            started = [await self._listen(endpoint) for endpoint in self._endpoints]
        except BaseException:
            self.close()
            raise
        return format_address(started)

    async def _listen(self, endpoint: Endpoint) -> Endpoint:
        loop = asyncio.get_running_loop()
        if endpoint.scheme == "unix":
            self._servers.append(await loop.create_unix_server(self._make_link, endpoint.path))
            os.chmod(endpoint.path, 0o600)
            self._sockets.append((endpoint.path, os.stat(endpoint.path).st_ino))
            return endpoint
        if endpoint.scheme == "tls":
            doors: list[TlsListener] = []
            door = TlsListener(endpoint.host, endpoint.port, self._context, partial(self._admitting_link, doors))
            doors.append(door)
            self._doors.append(door)
            return endpoint.with_port(door.start())
        server = await loop.create_server(self._make_link, endpoint.host, endpoint.port)
        self._servers.append(server)
        return endpoint.with_port(server.sockets[0].getsockname()[1])

    def _context(self) -> ssl.SSLContext:
        assert self.identity is not None
        return self.identity.server

    def _admitting_link(self, doors: list[TlsListener]) -> Link:
        link = self._make_link()
        identity = self.identity
        assert identity is not None

        def admit(transport: asyncio.BaseTransport) -> str:
            try:
                return identity.peer_of(transport)
            except PeerRefused as error:
                doors[0].refuse(str(error))
                raise

        link.admit = admit
        return link

    @property
    def refused(self) -> Counter[str]:
        """Reason -> connections that were not let in."""
        return sum((door.refused for door in self._doors), Counter())

    def close(self) -> None:
        """Listen no more. A Unix socket's file goes, unless a successor listens at the same path already."""
        for server in self._servers:
            server.close()
        for door in self._doors:
            door.close()
        for path, inode in self._sockets:
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)


async def connect(endpoint: Endpoint, link: Link, identity: TlsIdentity | None, timeout_s: float) -> None:
    """Raises OSError (ssl.SSLError and TimeoutError are such)."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        if endpoint.scheme == "unix":
            await loop.create_unix_connection(lambda: link, endpoint.path)
            return
        if endpoint.scheme == "tcp":
            await loop.create_connection(lambda: link, endpoint.host, endpoint.port)
            return
        assert identity is not None, "a way over TLS is chosen only where there is a certificate"
        link.admit = partial(identity.peer_of, expected=endpoint.process)
        connection = await _connected_socket(endpoint)
        try:
            await loop.create_connection(
                lambda: link,
                sock=connection,
                ssl=identity.client,
                server_hostname="",
                ssl_handshake_timeout=min(HANDSHAKE_S, timeout_s),
                ssl_shutdown_timeout=SHUTDOWN_S,
            )
        except BaseException:
            connection.close()
            raise


async def _connected_socket(endpoint: Endpoint) -> socket.socket:
    """Prepared before it connects: a host that is gone answers no SYN either. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    error: OSError = OSError(f"{endpoint.host} has no address")
    for family, kind, protocol, _, place in found:
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            prepare_socket(connection)
            await loop.sock_connect(connection, place)
            return connection
        except OSError as failed:
            connection.close()
            error = failed
        except BaseException:
            connection.close()
            raise
    raise error
