"""COPY's data on the wire: CopyInResponse and the client's CopyData until CopyDone, or CopyOutResponse and the rows as
CopyData. What is copied, and the rows' way into the table, are the portal's (session/copying.py).

The client's data are decoded as columns, COPY_BATCH_BYTES a turn of the loop, or else row by row, COPY_TURN_BYTES a
turn. While they come, the reader is in COPY_IN: it takes
CopyData, CopyDone and CopyFail, and whatever else comes breaks the protocol (postgres/reader.py). However the COPY
ends, the reader goes on as before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from actors.common.errors import QUERY_CANCELED, DatabaseError
from actors.postgres import backend, frontend
from actors.postgres.copy import BINARY_FORMATS, CopyDecoder, copy_decoder, copy_encoder, encode_piece, has_more
from actors.postgres.copy_text import LineDecoder
from actors.postgres.states import State
from actors.query_processor.channel import Channel, Disconnected, send_rows, send_stream
from actors.runtime.fiber import turn
from actors.sql.results import CopyIn, CopyOut, Piece

if TYPE_CHECKING:
    from actors.query_processor.session.portals import Portal

COPY_ROW_BYTES_MAX = 64 << 20
"""Of a row without its end, in COPY FROM."""
COPY_TURN_BYTES = 16 << 10
"""Of COPY FROM's data decoded row by row before others have their turn: a few hundred rows, a few milliseconds."""
COPY_BATCH_BYTES = 256 << 10
"""Gathered, and decoded as columns in one turn: a few thousand rows, a few milliseconds."""
COPY_COLUMNS_BYTES_MIN = 8 << 10
"""Less is decoded row by row: columns cost a millisecond, however short they are."""
_QUERY = ord("Q")


async def copy_in(channel: Channel, portal: Portal, copy: CopyIn, zone: tzinfo, simple: bool) -> str:
    """COPY FROM STDIN, to its end; the tag. `simple`: it is of a simple query. Raises 57014 for a CopyFail."""
    reader = channel.reader
    receiver = _Receiver(portal, copy_decoder(copy, zone, COPY_ROW_BYTES_MAX))
    channel.output += backend.copy_in_response(len(copy.columns), copy.options.format in BINARY_FORMATS)
    reader.state = State.COPY_IN
    try:
        while True:
            message = reader.next_message()
            if message is None:
                await channel.more()
            elif message.__class__ is frontend.CopyData:
                await receiver.take([message[0], *reader.more_copy_data(COPY_BATCH_BYTES)])
            elif message.__class__ is frontend.CopyDone:
                await receiver.finish()
                break
            elif isinstance(message, frontend.CopyFail):
                portal.copy_fail(message.reason)
                raise DatabaseError(QUERY_CANCELED, f"COPY from stdin failed: {message.reason}")
            else:
                raise Disconnected
    finally:
        if reader.state is State.COPY_IN:
            reader.state = State.READY
        if simple:
            reader.kind = _QUERY  # the COPY's data were messages of its query
    return await portal.copy_end()


class _Receiver:
    """Takes a COPY's data to its portal. They are gathered to COPY_BATCH_BYTES first: rows count only once the COPY has
    ended, and many at once cost less."""

    def __init__(self, portal: Portal, decoder: CopyDecoder) -> None:
        self._portal = portal
        self._decoder = decoder
        self._lines = decoder if isinstance(decoder, LineDecoder) else None
        self._gathered: list[bytes] = []
        self._size = 0

    async def take(self, payloads: list[bytes]) -> None:
        self._gathered += payloads
        self._size += sum(map(len, payloads))
        if self._size >= COPY_BATCH_BYTES:
            await self._decode()

    async def finish(self) -> None:
        await self._decode()
        rows = self._decoder.finish()
        if rows:
            await self._portal.copy_rows(rows)

    async def _decode(self) -> None:
        """What is gathered."""
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._size = 0
        for start in range(0, len(data), COPY_BATCH_BYTES):
            if len(data) > COPY_TURN_BYTES:
                await turn()
            batch = data[start : start + COPY_BATCH_BYTES]
            if not await self._columns(batch):
                await self._rows(batch[:COPY_TURN_BYTES])
                rest = batch[COPY_TURN_BYTES:]
                if not await self._columns(rest):  # the first rows may have had a header, or shown the line ends
                    await self._rows(rest)

    async def _columns(self, data: bytes) -> bool:
        """Whether it was possible."""
        if self._lines is None or len(data) < COPY_COLUMNS_BYTES_MIN:
            return False
        columns = self._lines.columns(data)
        if columns:
            await turn()
            await self._portal.copy_columns(columns)
        return columns is not None

    async def _rows(self, data: bytes) -> None:
        decoder, portal = self._decoder, self._portal
        for start in range(0, len(data), COPY_TURN_BYTES):
            if start:
                await turn()
            rows = decoder.feed(data[start : start + COPY_TURN_BYTES])
            if rows:
                await portal.copy_rows(rows)
            while has_more(decoder):
                await turn()
                await portal.copy_rows(decoder.feed(b""))


async def copy_out(channel: Channel, portal: Portal, copy: CopyOut, zone: tzinfo) -> str:
    """COPY TO STDOUT, to its end; the tag."""
    encoder = copy_encoder(copy, zone)
    batch = await portal.start()
    channel.output += backend.copy_out_response(len(copy.columns), copy.options.format in BINARY_FORMATS)
    channel.output += b"".join(map(backend.copy_data, encoder.header()))

    def show(rows: Sequence[Any], output: bytearray) -> None:
        output += b"".join(map(backend.copy_data, encoder.rows(list(rows))))

    def show_piece(piece: Piece, output: bytearray) -> None:
        output += b"".join(map(backend.copy_data, encode_piece(encoder, piece)))

    if batch.stream is not None:
        await send_stream(channel, batch.stream, show_piece)
    else:
        await send_rows(channel, batch, show)
    channel.output += b"".join(map(backend.copy_data, encoder.trailer()))
    channel.output += backend.COPY_DONE
    return batch.tag
