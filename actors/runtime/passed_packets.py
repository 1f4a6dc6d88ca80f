"""The packets by which sockets are passed (socket_passing.py): letters that ask and answer, and sockets with their
bytes.

    pack(SESSION, data)         what goes with one socket, as a piece of a packet
    pieces_of(packet)           [(SESSION, data), ...]
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

from actors.common.parked_session import SESSION_BYTES_MAX

ALREADY_READ_BYTES_MAX = 16 << 10
"""Bytes that travel with a socket: more than any start-up packet."""
SOCKETS_MAX = 16
"""In one packet, and taken in one turn of the loop. A session that is resumed costs a third of a millisecond, and a
cluster that a thousand of them have woken has more urgent things to do."""
PACKETS_BATCH = 16
"""Packets, and answers to such, taken in one turn of the loop."""
ASK, ASK_SESSION, ROOM, FULL, NONE, SOCKET, SESSION = b"?&!#-\1\2"
RECEIVED, LOST = b"vx"
_PIECE = struct.Struct(">BI")
"""Before what goes with a socket: SOCKET or SESSION, and how many bytes it has."""
PIECE_HEAD_BYTES = _PIECE.size
PACKET_BYTES_MAX = PIECE_HEAD_BYTES + max(ALREADY_READ_BYTES_MAX, SESSION_BYTES_MAX)

OnSocket = Callable[[socket.socket, bytes], None]
"""(the socket, what has come with it)"""


def pack(kind: int, data: bytes) -> tuple[bytes, bytes]:
    return _PIECE.pack(kind, len(data)), data


def pieces_of(packet: bytes) -> list[tuple[int, bytes]]:
    """(kind, what goes with the socket) of each socket of a packet."""
    pieces: list[tuple[int, bytes]] = []
    place = 0
    while place < len(packet):
        kind, size = _PIECE.unpack_from(packet, place)
        place += _PIECE.size + size
        pieces.append((kind, packet[place - size : place]))
    return pieces
