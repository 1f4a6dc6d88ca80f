"""SELECT of plain aggregates over one table, without groups: count, sum, min, max, avg. All others are the column executor's.

    SELECT count(*) + 1, avg(n) FROM t WHERE n > 0
    slots     count(*) -> 0,  avg(n) -> 1                 the SELECT list is analyzed with the slots in the aggregates' places
    partials  count(*), sum(n), count(n)                  storage computes them (row_executor/aggregating.py)

A min or max of the first column of an index is one row from an end of the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast

from actors.common.errors import GROUPING_ERROR, DatabaseError
from actors.query_processor.planner.conditions import Order
from actors.query_processor.planner.deparse import deparse, names_in
from actors.query_processor.planner.explain import explain_path, indent, path_lines
from actors.query_processor.planner.planning import Path, Planning, path_to
from actors.query_processor.planner.subquery import with_parts
from actors.query_processor.row_executor.access import RangeAccess, Statistics
from actors.query_processor.row_executor.aggregating import AggregatePlan, Partial, Slot
from actors.query_processor.row_executor.selecting import Explainer
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.sql.binding import analyze, coerce_unknown
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.nodes import any_call
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import NotRowStatement, Scope, expand_targets
from actors.sql.encoding.scan_program import Aggregate
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.tree import Column, Expression, NullTest, Parameter, is_immutable, walk
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

SLOT_MARK = "\x00slot"
"""No column can be named so."""
INT8, NUMERIC, FLOAT8, TEXT = ColumnType("int8"), ColumnType("numeric"), ColumnType("float8"), ColumnType("text")
_INTEGERS = frozenset({"int2", "int4", "int8"})
_FLOATS = frozenset({"float4", "float8"})
_ORDERED = _INTEGERS | _FLOATS | {"numeric", "text", "varchar", "bpchar", "date", "time", "timestamp", "timestamptz", "interval"}


def _is_aggregate(node: Any) -> bool:
    return node.funcname[-1].sval in AGGREGATES and node.over is None


def find_aggregates(statement: Any) -> bool:
    """Whether the SELECT list or ORDER BY has an aggregate."""
    return any_call((statement.targetList, statement.sortClause), _is_aggregate)


class _SlotScope:
    """The names of an aggregated SELECT list: slots. Raises 42803 for the table's columns."""

    def __init__(self, scope: Scope, types: Sequence[ColumnType]) -> None:
        self._scope = scope
        self._types = types

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        if names[0] == SLOT_MARK:
            number = int(names[1])
            return number, self._types[number]
        relation, column = self._scope.find(names)
        shown = f"{relation.alias}.{column.name}"
        raise DatabaseError(GROUPING_ERROR, f'column "{shown}" must appear in the GROUP BY clause or be used in an aggregate function')


class _Aggregates:
    """Collects the calls of a SELECT list and what they are computed from."""

    def __init__(self, planning: Planning, scope: Scope) -> None:
        self._planning = planning
        self._scope = scope
        self.slots: list[Slot] = []
        self.partials: list[Partial] = []
        self.arguments: list[Expression | None] = []
        """Of the partials."""

    def replaced(self, node: Any) -> Any:
        """`node` with a reference to a slot in the place of each aggregate. Raises NotRowStatement for an argument's type."""
        if isinstance(node, tuple):
            return tuple(self.replaced(item) for item in node)
        if not isinstance(node, ast.Node):
            return node
        if isinstance(node, ast.FuncCall) and _is_aggregate(node):
            slot = self._slot(node)
            if slot not in self.slots:
                self.slots.append(slot)
            return ast.ColumnRef(fields=(ast.String(sval=SLOT_MARK), ast.String(sval=str(self.slots.index(slot)))))
        return with_parts(node, self.replaced)

    def _slot(self, node: Any) -> Slot:
        function = node.funcname[-1].sval
        if node.agg_star:
            return Slot("count", INT8, (self._partial("count", None),), None)
        argument = self._planning.expression(node.args[0], self._scope)
        name = argument.type.name
        if function == "count":
            return Slot("count", INT8, (self._partial("count", argument),), argument.type)
        if function in ("min", "max"):
            if name not in _ORDERED:
                raise NotRowStatement(Reason.AGGREGATE_TYPE)
            type_ = TEXT if name == "varchar" else argument.type if name == "bpchar" else ColumnType(name)
            return Slot(function, type_, (self._partial(function, argument),), argument.type)
        if name not in _INTEGERS | _FLOATS | {"numeric"}:
            raise NotRowStatement(Reason.AGGREGATE_TYPE)
        total = self._partial("sum", argument)
        if function == "sum":
            type_ = NUMERIC if name in ("int8", "numeric") else INT8 if name in _INTEGERS else ColumnType(name)
            return Slot("sum", type_, (total,), argument.type)
        return Slot("avg", FLOAT8 if name in _FLOATS else NUMERIC, (total, self._partial("count", argument)), argument.type)

    def _partial(self, function: str, argument: Expression | None) -> int:
        """The number of the partial aggregate."""
        for number, (known, of) in enumerate(zip(self.partials, self.arguments, strict=True)):
            if known.function == function and of == argument:
                return number
        evaluate = None if argument is None else compile_expression(argument)
        self.partials.append(Partial(function, None if argument is None else argument.type, Aggregate(function, argument), evaluate))
        self.arguments.append(argument)
        return len(self.partials) - 1

    def texts(self) -> list[str]:
        """As EXPLAIN shows them."""
        name_of = names_in(self._scope)
        return [
            f"{partial.function}({'*' if argument is None else deparse(argument, name_of)})"
            for partial, argument in zip(self.partials, self.arguments, strict=True)
        ]


def plan_aggregate(planning: Planning, statement: Any, scope: Scope) -> AggregatePlan:
    """Of plain aggregates (route.py). Raises NotRowStatement for an argument's type, 42803, and what the analyzer raises."""
    [relation] = scope.relations
    stored = stored_table(relation.table)
    parts = planning.condition(statement.whereClause, scope)
    targets = expand_targets(statement.targetList or (), scope)
    aggregates = _Aggregates(planning, scope)
    nodes = [aggregates.replaced(target.node) for target in targets]
    slots = _SlotScope(scope, [slot.type for slot in aggregates.slots])
    expressions = [coerce_unknown(analyze(node, slots, planning.parameters), planning.parameters) for node in nodes]
    fields = [Field(target.name, expression.type) for target, expression in zip(targets, expressions, strict=True)]
    output = compile_tuple(tuple(expressions))
    types = planning.parameter_types()
    path = _end_of_index(stored, parts, aggregates)
    if path is not None:
        explainer = explain_path(path, scope, limited=True)
        return AggregatePlan(types, fields, path.access, aggregates.partials, aggregates.slots, output, False, explainer, rows_max=1)
    path = path_to(stored, parts)
    pushed = isinstance(path.access, RangeAccess) and not path.filters and all(map(_pushable, aggregates.arguments))
    explainer = _explainer(path, scope, aggregates.texts() if pushed else [])
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
    return argument is None or (is_immutable(argument) and not any(isinstance(node, Parameter) for node in walk(argument)))
