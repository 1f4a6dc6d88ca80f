"""Subqueries of a statement that writes which depend on nothing around them: they run first, once, and their results
are parameters of the rest, so that conditions on keys still lead to points:

    UPDATE t SET n = (SELECT max(n) FROM u) WHERE id = $1
    ->  $2 := SELECT max(n) FROM u;   UPDATE t SET n = $2 WHERE id = $1
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.query_processor.planner.planning import Planning
from actors.query_processor.row_executor.subqueries import Subquery, WithSubqueries
from actors.sql.binding import query as bound
from actors.sql.binding.query import BoundStatement, Values
from actors.sql.binding.standalone import standalone
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import Call, Column, Expression, Parameter, Quantified, columns_of, rewrite
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import Plan, QueryPlan

QueryPlanner = Callable[[Planning, BoundStatement], "QueryPlan"]
"""Plans a query within the statement."""


class Results:
    """Of one statement, all of whose expressions are bound."""

    def __init__(self, planning: Planning, values: Values, plan_query: QueryPlanner) -> None:
        self._planning = planning
        self._values = values
        self._plan_query = plan_query
        self._statements: dict[int, BoundStatement | None] = {}
        self._parameters: dict[int, Parameter] = {}
        self._subqueries: list[Subquery] = []

    def is_one(self, position: int, with_lists: bool = False) -> bool:
        """Whether the value at that position is a subquery's that depends on nothing. `with_lists`: x IN (SELECT ...)
        and its kin count."""
        call = self._values.calls[position]
        if not isinstance(call, bound.Subquery):
            return False
        if call.kind not in ("EXISTS", "SCALAR"):
            as_list = with_lists or call.query.locking is not None  # rows are locked by a query that runs by itself
            if not as_list or not _is_listed(call):
                return False
        if position not in self._statements:
            self._statements[position] = standalone(call.query, self._values)
        return self._statements[position] is not None

    def taken(self, expression: Expression, with_lists: bool = False) -> Expression:
        """`expression` with parameters in the place of such subqueries."""

        def change(node: Expression) -> Expression | None:
            if not isinstance(node, Column) or node.position not in self._values.calls:
                return None
            if not self.is_one(node.position, with_lists):
                return None
            call = self._values.calls[node.position]
            assert isinstance(call, bound.Subquery)
            if call.kind in ("EXISTS", "SCALAR"):
                return self._parameter(node.position, call.kind, call.type)
            [comparison] = call.comparisons
            assert isinstance(comparison, Call)
            left, right = comparison.arguments
            array = self._parameter(node.position, "ARRAY", ColumnType("_" + right.type.name), right)
            one, other = comparison.signature
            return Quantified(rewrite(left, change), array, comparison.name, (one, other), call.kind == "ALL")

        return rewrite(expression, change)

    def _parameter(self, position: int, kind: str, type_: ColumnType, item: Expression | None = None) -> Parameter:
        found = self._parameters.get(position)
        if found is None:
            statement = self._statements[position]
            assert statement is not None
            made = None if item is None else compile_tuple((rewrite(item, _first_column),))
            self._subqueries.append(Subquery(self._plan_query(self._planning, statement), kind, made))
            number = len(self._planning.parameter_types()) + len(self._subqueries)
            found = self._parameters[position] = Parameter(number, type_)
        return found

    def before(self, plan: Plan) -> Plan:
        """The plan of the rest behind them."""
        return WithSubqueries(plan, self._subqueries, plan.parameter_types) if self._subqueries else plan


def _first_column(node: Expression) -> Expression | None:
    return Column(0, node.type) if isinstance(node, Column) else None


def _is_listed(call: bound.Subquery) -> bool:
    """Whether one comparison with the query's column, or what it is converted to, is all there is."""
    if call.kind not in ("ANY", "ALL") or len(call.comparisons) != 1:
        return False
    [comparison] = call.comparisons
    if not isinstance(comparison, Call) or len(comparison.arguments) != 2:
        return False
    left, right = comparison.arguments
    listed = columns_of(right) == {call.offset} and is_array("_" + right.type.name) and right.type.name != "bpchar"
    return listed and call.offset not in columns_of(left)
