"""`Channel`: a client's connection as its conversation sees it, and how a result's rows are written to it.

Rows are encoded a slice or a piece at a time, each in a turn of the loop of its own, and no more of them than the
client takes: beyond OUTPUT_BYTES_MAX of output the fiber waits in `drain`. So a large result holds up no other session
and needs little memory, however slowly its client reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from actors.common.errors import DatabaseError
from actors.postgres.reader import FrontendReader
from actors.query_processor.deadlines import Deadlines
from actors.runtime.fiber import turn
from actors.sql.results import Batch, Piece, RowStream

ROWS_SLICE = 256
"""Rows encoded between two looks at the output's size."""
OUTPUT_BYTES_MAX = 64 << 10
"""Output gathered before it is written within a batch."""
Encode = Callable[[Sequence[Any], bytearray], None]
"""Rows of datums, appended to the output as messages."""


class Disconnected(Exception):
    """Internal: the client is gone."""


class Terminated(Exception):
    """Internal: the connection is to end with `error` as its last message."""

    def __init__(self, error: DatabaseError) -> None:
        super().__init__(error)
        self.error = error


class Channel(Protocol):
    """A client's connection. Where the client is gone, `more` and `drain` raise Disconnected."""

    output: bytearray
    arrived_ns: int
    cancellable: bool
    reader: FrontendReader
    deadlines: Deadlines

    async def more(self) -> None:
        """Write, and wait for input."""

    async def drain(self) -> None:
        """Write, and wait while the client does not take it."""


async def send_stream(channel: Channel, stream: RowStream, encode: Callable[[Piece, bytearray], None]) -> None:
    """Rows as they are computed: a piece a turn of the loop, and no more of them than the client takes."""
    try:
        while True:
            if not stream.ready:
                await channel.drain()
            piece = await stream.next()
            if piece is None:
                break
            encode(piece, channel.output)
            if stream.ended:
                break
            if len(channel.output) > OUTPUT_BYTES_MAX:
                await channel.drain()
            await turn()
    finally:
        stream.close()


async def send_rows(channel: Channel, batch: Batch, encode: Encode) -> None:
    """Many rows: no more of them encoded than the client takes."""
    rows = batch.rows
    for start in range(0, len(rows), ROWS_SLICE):
        if start:
            await turn()
        encode(rows[start : start + ROWS_SLICE], channel.output)
        if len(channel.output) > OUTPUT_BYTES_MAX:
            await channel.drain()
