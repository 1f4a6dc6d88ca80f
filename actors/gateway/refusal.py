"""Tells a client that no query processor will take it, in the protocol's order: its requests for encryption are denied,
its startup packet is read, then it gets the error. An error before that is one that clients do not show, since it might
be forged.
"""

from __future__ import annotations

import asyncio
import socket
from struct import Struct

from actors.common.error_response import error_response
from actors.common.errors import DatabaseError
from actors.common.startup_codes import CANCEL_CODE, GSSENC_CODE, SSL_CODE

REFUSING_S_MAX = 5.0
STARTUP_BYTES_MAX = 10_000
"""PostgreSQL's."""
_head = Struct("!II")


async def refuse(client: socket.socket, error: DatabaseError) -> None:
    """Closes `client`. One that says nothing, or something else, is told nothing."""
    try:
        async with asyncio.timeout(REFUSING_S_MAX):
            await _tell(client, error)
    except (OSError, TimeoutError):
        pass
    finally:
        client.close()


async def _tell(client: socket.socket, error: DatabaseError) -> None:
    loop = asyncio.get_running_loop()
    while head := await _read(client, _head.size):
        size, code = _head.unpack(head)
        if code in (SSL_CODE, GSSENC_CODE):
            await loop.sock_sendall(client, b"N")
        elif code == CANCEL_CODE or not _head.size <= size <= STARTUP_BYTES_MAX:
            return
        else:
            await _read(client, size - _head.size)
            await loop.sock_sendall(client, error_response(error, "FATAL"))
            return


async def _read(client: socket.socket, size: int) -> bytes:
    """So many bytes, or none where the client has left."""
    read = bytearray()
    while len(read) < size:
        piece = await asyncio.get_running_loop().sock_recv(client, size - len(read))
        if not piece:
            return b""
        read += piece
    return bytes(read)
