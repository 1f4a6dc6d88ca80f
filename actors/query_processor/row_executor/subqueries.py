"""`WithSubqueries`: a plan whose last parameters are the results of queries that run before it, once for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.common.errors import CARDINALITY_VIOLATION, DatabaseError
from actors.sql.results import Batch, first_rows
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Subquery:
    """`exists`: whether it has a row is what counts; else its one datum, NULL without a row."""

    plan: Any
    exists: bool

    async def datum(self, transaction: Transaction, parameters: Sequence[Any]) -> Any:
        """Raises 21000 for more than one row."""
        batch: Batch = await self.plan.run(transaction, parameters)
        rows = await first_rows(batch, 2)
        if self.exists:
            return bool(rows)
        if len(rows) > 1:
            raise DatabaseError(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
        return rows[0][0] if rows else None


class WithSubqueries:
    """`rest` takes the statement's parameters, then one for each of `queries`."""

    def __init__(self, rest: Any, queries: Sequence[Subquery], parameter_types: list[ColumnType]) -> None:
        self._rest = rest
        self._queries = tuple(queries)
        self.kind: str = rest.kind
        self.fields = rest.fields
        self.parameter_types = parameter_types

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what the queries and the statement raise."""
        datums = [await query.datum(transaction, parameters) for query in self._queries]
        batch: Batch = await self._rest.run(transaction, [*parameters, *datums], rows_max)
        return batch

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        lines: list[str] = self._rest.explain(analyze, verbose)
        for number, query in enumerate(self._queries, len(self.parameter_types) + 1):
            lines = [*lines, f"  InitPlan (returns ${number})"]
            lines += [f"    {line}" for line in query.plan.explain(analyze, verbose)]
        return lines
