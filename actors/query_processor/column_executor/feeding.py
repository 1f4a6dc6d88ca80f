"""What DuckDB scans: each source's rows at the transaction's snapshot, held in memory where there are few, streamed
from storage where there are many.

    table = await open_source(source, transaction, parameters, held_max)        in the loop, before DuckDB begins
        a pyarrow Table     everything, since it fits `held_max`
        a Feed              the first batches; the rest is read while DuckDB scans

The first answer of storage comes before DuckDB begins, so a stale catalog shows itself before the first row is made. A
Feed may be scanned many times (a recursive query's term scans its tables in every round): the second scan reads storage
again, at the same snapshot.

DuckDB's thread asks, the event loop reads (one batch ahead), the thread waits. Nothing is read while nobody scans, so a
client that takes no rows stops DuckDB, and that stops the storage scan. Beside what it holds, a scan has at most the
answers that storage was asked for ahead (storage_client.py).

Own writes are merged in as they are when the statement begins: a cursor does not see what its transaction writes later.

In the simulator, which has no threads, everything is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import QUERY_CANCELED, DatabaseError
from actors.query_processor import metering
from actors.query_processor.column_executor.values import to_duck
from actors.query_processor.transaction.view import StatementView
from actors.runtime.fiber import turn
from actors.sql.catalog.schema import Table
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.rows import RowCodec
from actors.sql.expressions import tree
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.sources import Source
    from actors.query_processor.transaction import Scanner, Transaction

MERGED_ROWS = 1024
"""Rows decoded in one turn of the loop where own writes are merged in."""
STREAMED_ROWS_GUESS = 100_000_000
"""What DuckDB is told of a Feed's size when it orders joins: more than any table that is held."""


class SourceTooLarge(Exception):
    """Internal: a source that has to be held whole does not fit."""


class SourceReading:
    """How a stored source is read: program, schema and own writes are those of the moment when the statement began."""

    def __init__(self, source: Source, transaction: Transaction, parameters: Sequence[Any]) -> None:
        table = source.table
        assert table is not None
        self._transaction = transaction
        self._start, self._end = source.key_range(parameters, transaction.environment)
        self._own = transaction.own_writes(self._start, self._end)
        self._types = row_types(table)
        self._used = source.used
        self._kinds = [source.type_at(position) for position in source.used]
        self._decoded = bool(self._own) or source.keyed
        self._names = [f"c{position + 1}" for position in source.used]
        self._program = scan_program.encode(
            scan_program.ScanProgram(
                columns=self._types,
                filter=conjunction(source.filters),
                parameters=tuple(parameters) if source.filters else (),
                output="rows" if self._decoded else "columns",
                project=None if self._decoded else source.used,
            )
        )

    def begin(self) -> Scanner:
        return self._transaction.scan(self._start, self._end, self._program, own=self._own)

    async def next(self, scanner: Scanner) -> pa.Table | None:
        """Storage's next rows as storage and RowCodec give them; None at the end."""
        if not self._decoded:
            batch = await scanner.next()
            return self._table(batch.table.columns) if batch is not None else None
        rows = await scanner.next_rows()
        if rows is None:
            return None
        decode = RowCodec(self._types).decode
        pieces = []
        for low in range(0, len(rows), MERGED_ROWS):
            if low:
                await turn()
            decoded = [[*decode(value), key] for key, value in rows[low : low + MERGED_ROWS]]
            columns = [
                to_arrow([row[position] for row in decoded], kind)
                for position, kind in zip(self._used, self._kinds, strict=True)
            ]
            pieces.append(self._table(columns))
        return pa.concat_tables(pieces)

    def _table(self, columns: Sequence[Any]) -> pa.Table:
        return pa.table(dict(zip(self._names, columns, strict=True)))

    def empty(self) -> pa.Table:
        return self._table([to_arrow([], kind) for kind in self._kinds])

    def finish(self, table: pa.Table) -> pa.Table:
        """With the columns as DuckDB is to see them."""
        return pa.table(
            {name: to_duck(table.column(name), kind) for name, kind in zip(self._names, self._kinds, strict=True)}
        )


class Feed:
    """A source that is too large to be held. `close` ends every scan with an error, whichever thread waits."""

    def __init__(self, reading: SourceReading, held: pa.Table, rest: Scanner) -> None:
        self.schema: pa.Schema = held.schema
        self.nbytes: int = held.nbytes
        self._reading = reading
        self._first: tuple[pa.Table, Scanner] | None = (held, rest)
        self._loop = asyncio.get_running_loop()
        self._asked: dict[Future[pa.Table | None], None] = {}
        self._closed = False
        self._tally = metering.current

    def source(self) -> Any:
        """What DuckDB's Arrow scan takes: any number of streams, one a scan."""
        from duckdb._sources import ArrowScanSource

        feed = self

        class FeedSource(ArrowScanSource):
            schema_is_stable = True

            def rows(self) -> int:
                return STREAMED_ROWS_GUESS

            def __arrow_c_schema__(self) -> object:
                return feed.schema.__arrow_c_schema__()

            def stream(self, columns: Any, filters: Any) -> tuple[object, bool]:
                return pa.RecordBatchReader.from_batches(feed.schema, feed._batches()).__arrow_c_stream__(), False

        return FeedSource(feed)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """One scan, in DuckDB's thread."""
        first, self._first = self._first, None
        scan = _Scan(first[1] if first is not None else None)
        coming = self._ask(scan)
        if first is not None:
            yield from first[0].to_batches()
            del first
        while (table := coming.result()) is not None:
            coming = self._ask(scan)
            yield from table.to_batches()

    def _ask(self, scan: _Scan) -> Future[pa.Table | None]:
        answer: Future[pa.Table | None] = Future()
        self._loop.call_soon_threadsafe(self._read, scan, answer)
        return answer

    def _read(self, scan: _Scan, answer: Future[pa.Table | None]) -> None:
        """In the loop."""
        if self._closed:
            answer.set_exception(_canceled())
            return
        if scan.scanner is None:
            scan.scanner = self._reading.begin()
        scanner = scan.scanner
        self._asked[answer] = None

        async def read() -> pa.Table | None:
            table = await self._reading.next(scanner)
            return self._reading.finish(table) if table is not None else None

        def ended(table: pa.Table | None, error: BaseException | None) -> None:
            if answer not in self._asked:
                return  # closed meanwhile
            del self._asked[answer]
            if error is None:
                answer.set_result(table)
            elif isinstance(error, DatabaseError):
                answer.set_exception(ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}"))
            else:
                answer.set_exception(error)

        metering.MeteredFiber(read() if self._tally is None else metering.measured(read(), self._tally), ended)

    def close(self) -> None:
        """In the loop."""
        self._closed = True
        asked, self._asked = self._asked, {}
        for answer in asked:
            answer.set_exception(_canceled())


class _Scan:
    """One scan's place in storage; `scanner` is None before it begins."""

    __slots__ = ("scanner",)

    def __init__(self, scanner: Scanner | None) -> None:
        self.scanner = scanner


def _canceled() -> ValueError:
    return ValueError(f"EAGLERAY[{QUERY_CANCELED}]canceling statement due to user request")


async def open_source(
    source: Source, transaction: Transaction, parameters: Sequence[Any], held_max: int, whole_max: int
) -> tuple[pa.Table | Feed, int]:
    """What DuckDB scans, its columns c1, c2 ... of the positions used; rows read at storage so far.

    `held_max`: bytes from which on a source is streamed; `whole_max`: of one that cannot be. Raises CatalogStale, and
    SourceTooLarge.
    """
    if source.system is not None:
        rows = source.system.rows(transaction)
        columns = {
            f"c{position + 1}": _system_column([row[position] for row in rows], source.type_at(position))
            for position in source.used
        }
        return pa.table(columns), len(rows)
    if source.given is not None:
        assert isinstance(transaction, StatementView)
        given = transaction.given[source.given]
        columns = {
            f"c{position + 1}": to_duck(to_arrow([row[position] for row in given], type_), type_)
            for position in source.used
            for type_ in (source.type_at(position),)
        }
        return pa.table(columns), len(given)
    reading = SourceReading(source, transaction, parameters)
    scanner = reading.begin()
    pieces: list[pa.Table] = []
    size = 0
    while (piece := await reading.next(scanner)) is not None:
        pieces.append(piece)
        size += piece.nbytes
        if size > held_max:
            return Feed(reading, reading.finish(pa.concat_tables(pieces)), scanner), scanner.rows_read
        if size > whole_max:
            raise SourceTooLarge
    table = pa.concat_tables(pieces) if pieces else reading.empty()
    return reading.finish(table), scanner.rows_read


def _system_column(datums: list[Any], type_: ColumnType) -> pa.Array | pa.ChunkedArray:
    """Arrays and vectors come as their text."""
    carried = ColumnType("text") if is_array(type_.name) or type_.name.endswith("vector") else type_
    return to_duck(to_arrow(datums, carried), carried)


def row_types(table: Table) -> tuple[ColumnType, ...]:
    """The type of every position of the encoded row."""
    types = [ColumnType("text")] * (max((column.position for column in table.columns), default=-1) + 1)
    for column in table.columns:
        types[column.position] = column.type
    return tuple(types)


def conjunction(filters: list[Any]) -> Any:
    """None for no filter."""
    if not filters:
        return None
    return tree.And(tuple(filters)) if len(filters) > 1 else filters[0]
