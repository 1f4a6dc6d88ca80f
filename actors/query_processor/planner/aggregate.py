"""SELECT of plain aggregates over one table, without groups: count, sum, min, max, avg. All others are the column
executor's.

    SELECT count(*) + 1, avg(n) FROM t WHERE n > 0
    slots     count(*) -> 0,  avg(n) -> 1                 the SELECT list is compiled with the slots in the aggregates'
                                                          places
    partials  count(*), sum(n), count(n)                  storage computes them (row_executor/aggregating.py)

A min or max of the first column of an index is one row from an end of the index.
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.query_processor.planner.conditions import Order
from actors.query_processor.planner.deparse import deparse, names_in
from actors.query_processor.planner.explain import explain_path, indent, path_lines
from actors.query_processor.planner.facts import conjuncts
from actors.query_processor.planner.planning import Path, Planning, path_to
from actors.query_processor.row_executor.access import RangeAccess, Statistics
from actors.query_processor.row_executor.aggregating import AggregatePlan, Partial, Slot
from actors.query_processor.row_executor.selecting import Explainer
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.sql.binding.query import AggregateCall, BoundStatement, Select, Value
from actors.sql.binding.relations import Scope
from actors.sql.encoding.scan_program import Aggregate
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.tree import Column, Expression, NullTest, Parameter, is_immutable, rewrite, walk


class _Aggregates:
    """The calls of a SELECT list, by their positions in the statement, and what they are computed from."""

    def __init__(self, calls: dict[int, Value]) -> None:
        self._calls = calls
        self._numbers: dict[int, int] = {}
        self.slots: list[Slot] = []
        self.partials: list[Partial] = []
        self.arguments: list[Expression | None] = []
        """Of the partials."""

    def replaced(self, expression: Expression) -> Expression:
        """`expression` over the row of the slots' datums."""

        def change(node: Expression) -> Expression | None:
            return Column(self._number(node.position), node.type) if isinstance(node, Column) else None

        return rewrite(expression, change)

    def _number(self, position: int) -> int:
        number = self._numbers.get(position)
        if number is None:
            number = self._numbers[position] = len(self.slots)
            call = self._calls[position]
            assert isinstance(call, AggregateCall)
            self.slots.append(self._slot(call))
        return number

    def _slot(self, call: AggregateCall) -> Slot:
        if not call.arguments:
            return Slot("count", call.type, (self._partial("count", None),), None)
        [argument] = call.arguments
        if call.name != "avg":
            return Slot(call.name, call.type, (self._partial(call.name, argument),), argument.type)
        return Slot("avg", call.type, (self._partial("sum", argument), self._partial("count", argument)), argument.type)

    def _partial(self, function: str, argument: Expression | None) -> int:
        """The number of the partial aggregate."""
        for number, (known, of) in enumerate(zip(self.partials, self.arguments, strict=True)):
            if known.function == function and of == argument:
                return number
        evaluate = None if argument is None else compile_expression(argument)
        self.partials.append(
            Partial(function, None if argument is None else argument.type, Aggregate(function, argument), evaluate)
        )
        self.arguments.append(argument)
        return len(self.partials) - 1

    def texts(self, scope: Scope) -> list[str]:
        """As EXPLAIN shows them."""
        name_of = names_in(scope)
        return [
            f"{partial.function}({'*' if argument is None else deparse(argument, name_of)})"
            for partial, argument in zip(self.partials, self.arguments, strict=True)
        ]


def plan_aggregate(planning: Planning, bound: BoundStatement, body: Select, scope: Scope) -> AggregatePlan:
    """Of plain aggregates (route.py)."""
    [relation] = scope.relations
    stored = stored_table(relation.table)
    parts = [] if body.where is None else conjuncts(body.where)
    aggregates = _Aggregates(bound.values.calls)
    expressions = [aggregates.replaced(target) for target in body.targets]
    fields = list(bound.query.columns)
    output = compile_tuple(tuple(expressions))
    types = planning.parameter_types()
    path = _end_of_index(stored, parts, aggregates)
    if path is not None:
        explainer = explain_path(path, scope, limited=True)
        return AggregatePlan(
            types, fields, path.access, aggregates.partials, aggregates.slots, output, False, explainer, rows_max=1
        )
    path = path_to(stored, parts)
    pushed = isinstance(path.access, RangeAccess) and not path.filters and all(map(_pushable, aggregates.arguments))
    explainer = _explainer(path, scope, aggregates.texts(scope) if pushed else [])
    return AggregatePlan(types, fields, path.access, aggregates.partials, aggregates.slots, output, pushed, explainer)


def _end_of_index(stored: StoredTable, parts: Sequence[Expression], aggregates: _Aggregates) -> Path | None:
    """A path whose first row has the only min or max asked for; None where no index gives one."""
    if len(aggregates.partials) != 1 or aggregates.partials[0].function not in ("min", "max"):
        return None
    [argument] = aggregates.arguments
    if not isinstance(argument, Column):
        return None
    greatest = aggregates.partials[0].function == "max"
    wanted = Order(argument.position, greatest, greatest)
    not_null = [] if stored.table.columns[argument.position].not_null else [NullTest(argument, True)]
    path = path_to(stored, [*parts, *not_null], [wanted], True)
    return path if path.choice.order is not None and not path.choice.unique else None


def _explainer(path: Path, scope: Scope, pushed: Sequence[str]) -> Explainer:
    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        return ["Aggregate", *indent(path_lines(path, scope, statistics, aggregates=pushed))]

    return lines


def _pushable(argument: Expression | None) -> bool:
    """Storage may evaluate it as it is: parameters are the filter's only."""
    return argument is None or (
        is_immutable(argument) and not any(isinstance(node, Parameter) for node in walk(argument))
    )
