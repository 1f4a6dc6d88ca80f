"""The rows of INSERT ... SELECT on their way into a table as Arrow columns, where the table takes them so
(inserting_columns.py).

    plan = LargeQuery(rows_plan, make_columns)      the SELECT: in rows where it gives few, else DuckDB's
    batches = await gathered(stream, names, types, bytes_max)
    for batch in batches: await column_inserter.insert(transaction, batch)

All rows are there before the first is written, as with any statement that writes: as columns, some hundred bytes a row
where Python's objects take a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError, statement_memory_exceeded
from actors.query_processor.row_executor.selecting import SelectPlan
from actors.runtime.fiber import turn
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.results import Batch, RowStream
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

FEW_ROWS = 2048
"""No more are read in rows: DuckDB takes some milliseconds to begin."""
BATCH_ROWS = 4096
"""Written in one turn of the loop, as columns: some milliseconds."""


class LargeQuery:
    """A SELECT that reads a range of one stored table: by `rows`, its plan in the row executor, or, where that would
    give more than FEW_ROWS, by the plan that `make_columns` makes."""

    kind = "SELECT"

    def __init__(self, rows: SelectPlan, make_columns: Callable[[], Any]) -> None:
        self.parameter_types = rows.parameter_types
        self.fields = rows.fields
        self._rows = rows
        self._last: Any = rows
        self._make_columns = make_columns
        self._columns: Any = None

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        self._last = self._rows
        few = await self._rows.run_few(transaction, parameters, FEW_ROWS)
        if few is not None:
            return few
        self._last = self._plan_of_columns()
        batch: Batch = await self._last.run(transaction, parameters, rows_max)
        return batch

    def _plan_of_columns(self) -> Any:
        if self._columns is None:
            try:
                self._columns = self._make_columns()
            except DatabaseError as error:
                if error.sqlstate != FEATURE_NOT_SUPPORTED:
                    raise
                self._columns = self._rows
        return self._columns

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        """Of the plan that ran last; the one in rows before that."""
        lines: list[str] = self._last.explain(analyze, verbose)
        return lines


async def gathered(
    stream: RowStream, names: Sequence[str], types: Sequence[ColumnType], bytes_max: int
) -> list[ColumnBatch]:
    """The rows of a stream, to its end, as columns of the names and types. Raises 54000 beyond `bytes_max` (0: no
    limit), and what the stream raises."""
    batches: list[ColumnBatch] = []
    waiting: list[list[pa.Array]] = []
    size = count = 0
    try:
        while (piece := await stream.next()) is not None:
            columns = piece.columns()
            size += sum(column.nbytes for column in columns)
            if size > bytes_max > 0:
                raise statement_memory_exceeded(bytes_max)
            waiting.append(columns)
            count += len(piece)
            if count >= BATCH_ROWS:
                batches.append(_joined(names, types, waiting))
                waiting, count = [], 0
            await turn()
    finally:
        stream.close()
    if waiting:
        batches.append(_joined(names, types, waiting))
    return batches


def _joined(names: Sequence[str], types: Sequence[ColumnType], pieces: Sequence[list[pa.Array]]) -> ColumnBatch:
    return ColumnBatch(names, types, [pa.concat_arrays(parts) for parts in zip(*pieces, strict=True)])
