"""A query that calls nextval or its kin: the query without these calls, planned as any other, and the calls over its
rows.

    SELECT nextval('s'), a + 1 FROM t WHERE b ORDER BY c        SELECT a + 1 FROM t WHERE b ORDER BY c, then
                                                                nextval('s') of each row
    SELECT a FROM t WHERE b AND nextval('s') > a ORDER BY c     SELECT a, c FROM t WHERE b, then the condition for each
                                                                row, then the sort

So neither executor waits within an expression, and a sequence is asked once for each row that comes so far: after
sorting, for the rows that are given out alone, where the select list calls it, as in PostgreSQL.

Left out: DISTINCT, GROUP BY and set operations over such calls, and calls within subqueries that run in DuckDB (0A000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.clauses import limits_of, sorting_of
from actors.query_processor.planner.facts import conjunction, conjuncts
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.subquery import QueryPlanner
from actors.query_processor.row_executor.returning import in_turns
from actors.query_processor.row_executor.selecting import Limits, Sorting, TupleOf
from actors.sql.binding.query import BoundQuery, BoundStatement, Select, SortItem
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import Column, Expression, calls_sequences, children, columns_of, rewrite
from actors.sql.results import Batch, Field, all_rows
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.row_executor.access import Filter
    from actors.query_processor.session.statements import QueryPlan
    from actors.query_processor.transaction import Transaction


def is_sequenced(statement: BoundStatement) -> bool:
    body = statement.query.body
    if not isinstance(body, Select):
        return False
    return any(map(calls_sequences, body.targets)) or (body.where is not None and calls_sequences(body.where))


class SequencedPlan:
    """`passes` sees a row of `query`; `make` too, and gives one of the result; `sorting` and `limits` are for those
    behind one another."""

    kind = "SELECT"

    def __init__(
        self,
        parameter_types: Sequence[ColumnType],
        query: QueryPlan,
        make: TupleOf,
        fields: list[Field],
        passes: Filter | None,
        sorting: Sorting | None,
        limits: Limits,
    ) -> None:
        self.parameter_types = parameter_types
        self.fields = fields
        self._query = query
        self._make = make
        self._passes = passes
        self._sorting = sorting
        self._limits = limits

    async def run(self, transaction: Transaction, parameters: Sequence[Any], rows_max: int = 0) -> Batch:
        """Raises what the query raises, 2200H, 55000 and what else sequences raise."""
        environment, make, passes = transaction.environment, self._make, self._passes
        count, offset = self._limits.evaluate(parameters, environment)
        wanted = None if count is None else count + offset
        found = await all_rows(await self._query.run(transaction, parameters), transaction.memory_bytes_max)
        if passes is not None:
            kept = await in_turns(found, lambda row: passes(row, parameters, environment), environment)
            found = [row for row, is_kept in zip(found, kept, strict=True) if is_kept]
        if self._sorting is None:
            found = found[offset:wanted]
        rows = await in_turns(found, lambda row: make(row, parameters, environment), environment)
        if self._sorting is not None:
            pairs = list(zip(found, rows, strict=True))
            pairs = await self._sorting.sort(pairs, lambda pair: (*pair[0], *pair[1]), wanted, parameters, environment)
            rows = [row for _, row in pairs[offset:wanted]]
        return Batch(rows, True, f"SELECT {len(rows)}")

    def explain(self, analyze: bool = False, verbose: bool = False) -> list[str]:
        return ["Sequence Values", *(f"  {line}" for line in self._query.explain(analyze, verbose))]


def plan_sequenced(planning: Planning, statement: BoundStatement, plan_query: QueryPlanner) -> SequencedPlan:
    """Raises 0A000 where the rows are distinct ones, or groups."""
    query = statement.query
    body = query.body
    assert isinstance(body, Select)
    if body.distinct or body.distinct_on:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "nextval() and its like are not supported with DISTINCT")
    conditions = [] if body.where is None else conjuncts(body.where)
    called = [part for part in conditions if calls_sequences(part)]
    if called and (body.aggregated or body.windowed or body.sets):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "nextval() and its like are not supported in WHERE beside groups")
    inner = _Inner()
    outputs = [inner.outer(target) for target in body.targets]
    sorts_here = bool(called) or any(calls_sequences(item.expression) for item in query.order)
    passes = [inner.outer(part) for part in called]
    items: list[tuple[Expression, bool, bool]] = []
    order: tuple[SortItem, ...] = ()
    if sorts_here:
        keys = [inner.outer(item.expression) if item.output is None else item.output for item in query.order]
        width = len(inner.parts)
        for key, item in zip(keys, query.order, strict=True):
            made = key if not isinstance(key, int) else Column(width + key, item.expression.type)
            items.append((made, item.descending, item.nulls_first))
    else:
        order = tuple(msgspec.structs.replace(item, output=None) for item in query.order)
    rest = [part for part in conditions if not calls_sequences(part)]
    columns = tuple(Field(f"c{number}", part.type) for number, part in enumerate(inner.parts))
    below = BoundQuery(
        replace(body, targets=inner.parts, where=conjunction(rest)), columns, query.ctes, query.recursive, order
    )
    if not sorts_here:
        below.limit, below.offset, below.ties = query.limit, query.offset, query.ties
    plan = plan_query(planning, BoundStatement(below, statement.values, statement.relations))
    condition = conjunction(passes)
    return SequencedPlan(
        planning.parameter_types(),
        plan,
        compile_tuple(tuple(outputs)),
        list(query.columns),
        None if condition is None else compile_filter(condition),
        sorting_of(items),
        limits_of(query) if sorts_here else Limits(None, None),
    )


class _Inner:
    """The columns of the query below: the largest parts of expressions that call no sequence."""

    def __init__(self) -> None:
        self.parts: list[Expression] = []

    def outer(self, expression: Expression) -> Expression:
        """Over the rows of that query."""
        return rewrite(expression, self._change)

    def _change(self, node: Expression) -> Expression | None:
        if calls_sequences(node) or not (columns_of(node) or children(node)):
            return None
        if node not in self.parts:
            self.parts.append(node)
        return Column(self.parts.index(node), node.type)
