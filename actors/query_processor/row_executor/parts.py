"""`WithParts`: a statement whose WITH writes, or locks rows. Its parts run one after the other, and read what was there
before the statement (StatementView)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.transaction.view import StatementView
from actors.sql.results import Batch, all_rows

WRITING_SELECT = "WITH"
"""The kind of a SELECT whose WITH writes."""

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction


class WithParts:
    """`parts`: plans that write or lock, `names`: what WITH calls them; `last`: of the statement itself. `before` and
    `after`: numbers of the parts that run before it, and after it."""

    def __init__(
        self, parts: Sequence[Any], names: Sequence[str], last: Any, before: Sequence[int], after: Sequence[int]
    ) -> None:
        self._parts = tuple(parts)
        self._names = tuple(names)
        self._last = last
        self._before = tuple(before)
        self._after = tuple(after)
        self._is_query = last.kind == "SELECT"
        self._queries = [plan for plan in parts if plan.kind.startswith("SELECT")]
        self.kind: str = last.kind
        if self._is_query:
            self.kind = self._queries[0].kind if len(self._queries) == len(parts) else WRITING_SELECT
        self.fields = last.fields
        self.parameter_types = last.parameter_types

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what the parts raise."""
        await transaction.verify_catalog()
        view = StatementView.of(transaction)
        for number in self._before:
            view.given[number] = await self._rows(number, transaction, view, parameters)
        batch: Batch
        if self._is_query:
            rows = await all_rows(await self._last.run(view, parameters), transaction.memory_bytes_max)
            batch = Batch(rows, True, f"SELECT {len(rows)}")
        else:
            batch = await self._last.run(transaction, parameters, 0, view)
        for number in self._after:
            view.given[number] = await self._rows(number, transaction, view, parameters)
        view.end(transaction)
        return batch

    async def _rows(
        self, number: int, transaction: Transaction, view: StatementView, parameters: Sequence[Any]
    ) -> Sequence[tuple[object, ...]]:
        plan = self._parts[number]
        if plan in self._queries:
            return await all_rows(await plan.run(view, parameters), transaction.memory_bytes_max)
        batch: Batch = await plan.run(transaction, parameters, 0, view)
        return batch.rows

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        lines: list[str] = self._last.explain(analyze, verbose)
        for name, plan in zip(self._names, self._parts, strict=True):
            lines = [*lines, f"  CTE {name}", *(f"    {line}" for line in plan.explain(analyze, verbose))]
        return lines
