"""A SELECT that storage answers alone, its columns given on as storage gives them: COPY ... TO STDOUT (FORMAT arrow).

    plan = stored_columns(statement, catalog)       None: some executor has to compute something
    batch = await plan.run(transaction, ())         Batch.stream has pieces of record batches

What qualifies is what EXPLAIN (PARTS) can split (parts.py): columns of one table, and conditions that storage
evaluates. No value becomes a Python object, and DuckDB is not asked; where the transaction itself has written into the
range, rows are merged one by one, as for DuckDB (feeding.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.feeding import SourceReading
from actors.query_processor.column_executor.parts import Split, split
from actors.query_processor.column_executor.stream import Piece
from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.results import Batch

if TYPE_CHECKING:
    from actors.query_processor.transaction import Scanner, Transaction
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.results import Field
    from actors.sql.types.column_type import ColumnType

PIECE_BYTES = 1 << 20
"""Of one piece, which is copied as a whole, unless one row is larger."""


def stored_columns(statement: Any, catalog: Catalog) -> StoredColumns | None:
    try:
        found = split(statement, catalog)
    except DatabaseError:  # whoever runs it says what is wrong, if anything is
        return None
    return None if found.parameter_types else StoredColumns(found)


class StoredColumns:
    """The plan."""

    kind = "SELECT"
    parameter_types: Sequence[ColumnType] = ()

    def __init__(self, found: Split) -> None:
        self._split = found
        self.fields: list[Field] = list(found.fields)

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """The rows as a stream. Raises CatalogStale, and what storage raises."""
        reading = SourceReading(self._split.source, transaction, parameters)
        scanner = reading.begin()
        names = [f"c{position + 1}" for position in self._split.positions]
        stream = StoredStream(reading, scanner, names, [field.type for field in self.fields])
        await stream.begin()
        return Batch([], False, "SELECT", stream)

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        source = self._split.source
        return [f"Storage Scan on {source.schema}.{source.name}"]


class StoredStream:
    """A results.RowStream of one scan."""

    def __init__(self, reading: SourceReading, scanner: Scanner, names: list[str], types: list[ColumnType]) -> None:
        self._reading = reading
        self._scanner = scanner
        self._names = names
        self._types = types
        self._held: pa.RecordBatch | None = None
        self.ended = False

    @property
    def ready(self) -> bool:
        return self._held is not None or self.ended

    async def begin(self) -> None:
        """The first answer, which tells of a stale catalog before the first row is given."""
        await self._read()

    async def next(self, rows_max: int = 0) -> StoredPiece | None:
        if self._held is None:
            if not self.ended:
                await self._read()
            if self._held is None:
                return None
        held = self._held
        count = max(1, min(held.num_rows, PIECE_BYTES * held.num_rows // max(1, held.nbytes)))
        if rows_max:
            count = min(count, rows_max)
        self._held = held.slice(count) if count < held.num_rows else None
        return StoredPiece(held.slice(0, count), self._types)

    async def _read(self) -> None:
        while self._held is None and not self.ended:
            table = await self._reading.next(self._scanner)
            if table is None:
                self.ended = True
            elif table.num_rows:
                [self._held] = table.select(self._names).combine_chunks().to_batches()

    def close(self) -> None:
        self._held, self.ended = None, True


class StoredPiece(Piece):
    """A results.Piece, its columns as storage has them."""

    __slots__ = ()

    def datums(self, column: int) -> list[Any]:
        return from_arrow(self.batch.column(column), self._columns[column])

    def columns(self) -> list[pa.Array]:
        return list(self.batch.columns)
