"""`WithSubqueries`: a plan whose last parameters are the results of queries that run before it, once for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.common.errors import CARDINALITY_VIOLATION, DatabaseError
from actors.query_processor.row_executor.selecting import TupleOf
from actors.sql.results import Batch, all_rows, first_rows
from actors.sql.types.arrays import array_of_items
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import StatementView, Transaction


@dataclass(frozen=True, slots=True)
class Subquery:
    """`kind`: EXISTS (whether it has a row is what counts), SCALAR (its one datum, NULL without a row), or ARRAY (of
    `item` of each row)."""

    plan: Any
    kind: str
    item: TupleOf | None = None

    async def datum(self, transaction: Transaction, parameters: Sequence[Any]) -> Any:
        """Raises 21000 for more than one row."""
        batch: Batch = await self.plan.run(transaction, parameters)
        if self.item is not None:
            item, environment = self.item, transaction.environment
            found = await all_rows(batch, transaction.memory_bytes_max)
            return array_of_items([item(row, parameters, environment)[0] for row in found])
        rows = await first_rows(batch, 2)
        if self.kind == "EXISTS":
            return bool(rows)
        if len(rows) > 1:
            raise DatabaseError(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
        return rows[0][0] if rows else None


class WithSubqueries:
    """`rest` takes the statement's parameters, then one for each of `queries`."""

    def __init__(self, rest: Any, queries: Sequence[Subquery], parameter_types: Sequence[ColumnType]) -> None:
        self._rest = rest
        self._queries = tuple(queries)
        self.kind: str = rest.kind
        self.fields = rest.fields
        self.parameter_types = parameter_types

    async def run(
        self,
        transaction: Transaction,
        parameters: Sequence[Any],
        rows_max: int = 0,
        view: StatementView | None = None,
    ) -> Batch:
        """Raises what the queries and the statement raise."""
        datums = [await query.datum(view or transaction, parameters) for query in self._queries]
        batch: Batch = await self._rest.run(transaction, [*parameters, *datums], rows_max, view)
        return batch

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        lines: list[str] = self._rest.explain(analyze, verbose)
        for number, query in enumerate(self._queries, len(self.parameter_types) + 1):
            lines = [*lines, f"  InitPlan (returns ${number})"]
            lines += [f"    {line}" for line in query.plan.explain(analyze, verbose)]
        return lines
