"""What a client sends before the message that begins a session or cancels another's statement: at most one SSLRequest
and one GSSENCRequest."""

from __future__ import annotations

from typing import Protocol

from actors.postgres import backend, startup
from actors.postgres.frontend import ProtocolViolation
from actors.postgres.reader import FrontendReader
from actors.postgres.tls import TlsSession, TlsSettings


class Negotiating(Protocol):
    """A connection at its beginning. `tls`: what it is encrypted by since it, or the client's first byte, asked for
    that."""

    reader: FrontendReader
    output: bytearray
    tls: TlsSession | None

    async def more(self) -> None: ...

    def flush(self) -> None: ...


async def negotiate(connection: Negotiating, tls: TlsSettings | None) -> startup.StartupMessage | startup.CancelRequest:
    """Raises ProtocolViolation. `tls`: None: encryption is refused."""
    refused: list[type] = []
    reader = connection.reader
    while True:
        packet = reader.next_startup()
        if packet is None:
            await connection.more()
            continue
        if isinstance(packet, startup.StartupMessage | startup.CancelRequest):
            return packet
        if packet.__class__ in refused or connection.tls is not None:
            raise ProtocolViolation("encryption was negotiated already")
        if isinstance(packet, startup.SslRequest) and tls is not None:
            if reader.buffered:
                raise ProtocolViolation("received unencrypted data after SSL request")
            connection.output += backend.TLS_ACCEPTED
            connection.flush()
            connection.tls = TlsSession(tls, direct=False)
        else:
            refused.append(packet.__class__)
            connection.output += backend.NEGOTIATION_REFUSED
