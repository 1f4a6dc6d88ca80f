"""What a statement hands to whoever shows it: column descriptions, batches of rows, and the shape of a COPY.

The session and the plans make these; the wire layer formats them. Rows are tuples of datums (docs/contracts.md), never
text.

    Field("id", ColumnType("int4"))                 one output column, as RowDescription shows it
    Batch([(1, "a"), (2, "b")], True, "SELECT 2")   rows of one Execute; `done` False: the row limit was reached, more
                                                    to come
    Batch([], False, "SELECT", stream)              rows that are computed as they are taken: `await all_rows(batch,
                                                    bytes_max)`, or piece by piece
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from actors.common.errors import statement_memory_exceeded
from actors.runtime.fiber import turn
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Field:
    """One output column. `table_oid` and `attribute` (1-based) name the table's column it came from, 0 where it is an
    expression."""

    name: str
    type: ColumnType
    table_oid: int = 0
    attribute: int = 0


class Piece(Protocol):
    """Some rows: so few that one turn of the loop can show them. `batch` has them as columns, by position, in DuckDB's
    types (values.py)."""

    batch: pa.RecordBatch

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def rows(self) -> list[tuple[object, ...]]: ...

    def datums(self, column: int) -> list[object]:
        """Of one column, by its number."""
        ...

    def columns(self) -> list[pa.Array]:
        """As storage has them: each as to_arrow(...) of its datums (encoding/arrow_types.py)."""
        ...


class RowStream(Protocol):
    """Rows that are computed as they are taken. Whoever has one closes it, unless it has given its end; an error from
    `next` has closed it."""

    @property
    def ready(self) -> bool:
        """`next` does not have to wait."""
        ...

    @property
    def ended(self) -> bool:
        """It is known that there are no more rows."""
        ...

    async def next(self, rows_max: int = 0) -> Piece | None:
        """The next rows, at most `rows_max` of them (0: no limit); None at the end."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Batch:
    """`tag` is the command tag ("SELECT 3", "INSERT 0 1"), complete once `done`. With a `stream`, that has the rows,
    and `tag` is a verb only."""

    rows: list[tuple[object, ...]]
    done: bool
    tag: str
    stream: RowStream | None = None


class LimitedStream:
    """What one Execute gives of a result: at most `rows_max` rows of its stream (0: all). `batch` is that Execute's:
    its tag counts the rows, and `done` is right once this has ended."""

    def __init__(self, result: Batch, rows_max: int, on_end: Callable[[RowStream], None]) -> None:
        assert result.stream is not None
        self._stream = result.stream
        self._verb = result.tag.partition(" ")[0]
        self._limited = rows_max > 0
        self._left = rows_max
        self._count = 0
        self._on_end = on_end
        self.batch = Batch([], False, f"{self._verb} 0", self)

    @property
    def ready(self) -> bool:
        return self._stream.ready or (self._limited and not self._left)

    @property
    def ended(self) -> bool:
        return self._stream.ended or (self._limited and not self._left)

    async def next(self, rows_max: int = 0) -> Piece | None:
        if self._limited:
            rows_max = min(rows_max, self._left) if rows_max else self._left
            if not rows_max:
                return None
        piece = None if self._stream.ended else await self._stream.next(rows_max)
        if piece is not None:
            self._count += len(piece)
            self._left -= len(piece)
            self.batch.tag = f"{self._verb} {self._count}"
        if self._stream.ended:
            self.batch.done = not self._limited or self._left > 0
            self._on_end(self._stream)
        return piece

    def close(self) -> None:
        """A result whose rows are taken in parts stays open for the next part."""
        if not self._limited:
            self._stream.close()
            self._on_end(self._stream)


ROW_OVERHEAD_BYTES = 64
"""Of a row and of each of its values as Python objects."""


async def all_rows(batch: Batch, bytes_max: int) -> list[tuple[object, ...]]:
    """The rows of a batch, those of its stream taken to the end in turns. Raises 54000 beyond `bytes_max` (0: no
    limit)."""
    stream = batch.stream
    if stream is None:
        return batch.rows
    rows: list[tuple[object, ...]] = []
    size = 0
    try:
        while (piece := await stream.next()) is not None:
            size += piece.nbytes + ROW_OVERHEAD_BYTES * len(piece) * (1 + piece.batch.num_columns)
            if size > bytes_max > 0:
                raise statement_memory_exceeded(bytes_max)
            rows += piece.rows()
            await turn()
    finally:
        stream.close()
    return rows


async def first_rows(batch: Batch, count: int) -> list[tuple[object, ...]]:
    """The first `count` rows of a batch at least, or all of fewer; what its stream has beyond them is not computed."""
    stream = batch.stream
    if stream is None:
        return batch.rows
    rows: list[tuple[object, ...]] = []
    try:
        while len(rows) < count and (piece := await stream.next(count)) is not None:
            rows += piece.rows()
    finally:
        stream.close()
    return rows


async def passed_over(batch: Batch) -> int:
    """Take the rows of a batch's stream without keeping them; how many there were."""
    stream = batch.stream
    count = 0
    if stream is not None:
        try:
            while (piece := await stream.next()) is not None:
                count += len(piece)
                await turn()
        finally:
            stream.close()
    return count


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """COPY's options with PostgreSQL's defaults filled in for the format. `header`: "false", "true" or "match"."""

    format: str = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: str = "false"
    quote: str = '"'
    escape: str = '"'
    default: str | None = None
    """Text that stands for the column's default, None: none does."""
    force_quote: frozenset[str] = frozenset()
    """Column names; all of the copied columns where the statement says `*`."""
    force_not_null: frozenset[str] = frozenset()
    force_null: frozenset[str] = frozenset()
    freeze: bool = False


@dataclass(frozen=True, slots=True)
class CopyIn:
    """COPY ... FROM STDIN: the client sends rows of these columns; they go to Portal.copy_rows as tuples of datums, in
    this order.

    The datum USE_DEFAULT (a field that matched `options.default`) stands for the column's default.
    """

    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]
    options: CopyOptions = field(default_factory=CopyOptions)
    table: str = ""
    """For errors' context."""


@dataclass(frozen=True, slots=True)
class CopyOut:
    """COPY ... TO STDOUT: Portal.run gives the rows, the wire layer formats them by these options."""

    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]
    options: CopyOptions = field(default_factory=CopyOptions)


class UseDefault:
    """The type of USE_DEFAULT."""

    def __repr__(self) -> str:
        return "USE_DEFAULT"


USE_DEFAULT = UseDefault()
