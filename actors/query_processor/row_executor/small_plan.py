"""`SmallPlan`: a statement that begins in the row executor's operators, and runs in the column executor where its
tables have more rows than these are for.

DuckDB needs some five milliseconds to begin and end; a join or GROUP BY of a hundred rows takes one here. What the
tables hold is known once they are read, and nothing of the result has gone out by then, so the switch is clean: the
column executor runs the whole statement, at the same snapshot. A plan that has switched once begins there from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.row_executor.operators import Run, Statement, TooMany
from actors.sql.results import Batch, Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction


class SmallPlan:
    """`make_columns` plans the statement for the column executor; `explain_tables` has EXPLAIN's lines of the tables'
    access paths."""

    kind = "SELECT"

    def __init__(
        self,
        parameter_types: list[ColumnType],
        fields: list[Field],
        statement: Statement,
        make_columns: Callable[[], Any],
        explain_tables: Callable[[bool], list[str]],
    ) -> None:
        self.parameter_types = parameter_types
        self.fields = fields
        self._statement = statement
        self._make_columns = make_columns
        self._explain_tables = explain_tables
        self._columns: Any = None
        """The column executor's plan, once this one has switched."""
        self._returned = 0

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what expressions, storage and DuckDB raise."""
        if self._columns is None:
            try:
                rows = await self._statement.rows(Run(transaction, parameters))
            except TooMany:
                self._columns = self._make_columns()
            else:
                self._returned = len(rows)
                return Batch(rows, True, f"SELECT {len(rows)}")  # type: ignore[arg-type]
        batch: Batch = await self._columns.run(transaction, parameters, rows_max)
        return batch

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        """The column executor's plan where that has run; VERBOSE shows its statement for when it would be its turn."""
        if self._columns is not None:
            lines: list[str] = self._columns.explain(analyze, verbose)
            return lines
        counted = f" (actual rows={self._returned})" if analyze else ""
        made = [f"Row Operators{counted}", *self._explain_tables(analyze)]
        return [*made, *self._make_columns().explain(verbose=True)[-2:]] if verbose else made
