"""Which executor runs a SELECT, told from the bound query alone: a pure predicate, with the reason that EXPLAIN
(VERBOSE) shows.

    route(SELECT abalance FROM accounts WHERE aid = $1)
        -> Route(None), point and range reads, look-up joins, plain aggregates
    route(SELECT bid, sum(x) FROM accounts GROUP BY bid)
        -> Route(Reason.GROUPING), everything else: the column executor

One thing more is known only once access paths have been looked for: that no index leads from one table of a join to the
other (join.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from actors.sql.binding.query import (
    AggregateCall,
    BoundQuery,
    BoundStatement,
    CatalogCall,
    FromItem,
    GroupingCall,
    JoinItem,
    Select,
    SetCall,
    SetOperation,
    Subquery,
    SystemItem,
    TableItem,
    Value,
    WindowCall,
    leaves,
)
from actors.sql.binding.reasons import Reason
from actors.sql.binding.statements import BoundChange
from actors.sql.expressions.tree import Cast, Column, Expression, calls_sequences, columns_of, is_slow, walk
from actors.sql.types.arrays import is_array
from actors.sql.types.objects import OBJECTS

PLAIN_AGGREGATES = frozenset({"count", "sum", "min", "max", "avg"})
_INTEGERS = frozenset({"int2", "int4", "int8"})
_FLOATS = frozenset({"float4", "float8"})
_ADDED = _INTEGERS | _FLOATS | {"numeric"}
_ORDERED = _ADDED | {"text", "varchar", "bpchar", "date", "time", "timetz", "timestamp", "timestamptz", "interval"}


@dataclass(frozen=True, slots=True)
class Route:
    """`reason`: why the column executor; None: the row executor. `aggregated`: aggregates stand in the select list."""

    reason: Reason | None
    aggregated: bool = False


def route(statement: BoundStatement, has_threads: bool = True) -> Route:
    """`has_threads`: the column executor may run it, whose threads evaluate what takes long."""
    query = statement.query
    reason = _clauses(query)
    if reason is not None:
        return Route(reason)
    assert isinstance(query.body, Select)
    calls = statement.values.calls
    reason = _tables(query.body.items) or _calls(calls.values()) or _expressions(query, query.body, has_threads)
    if reason is not None or not query.body.aggregated:
        return Route(reason)
    reason = _aggregates(query, query.body, calls.values(), has_threads)
    return Route(reason, reason is None)


def route_change(change: BoundChange, is_result: Callable[[int], bool]) -> Reason | None:
    """Why an UPDATE or a DELETE finds its rows by a query; None: one access path does. `is_result`: whether the value
    at a position is a subquery's that runs first."""
    if change.ctes:
        return Reason.WITH
    if change.items:
        return Reason.FROM_ITEM
    calls = change.values.calls
    where = [] if change.where is None else [change.where]
    for expression in (*where, *(assignment.value for assignment in change.assignments or ())):
        positions = [position for position in columns_of(expression) if position in calls]
        reason = _calls(calls[position] for position in positions if not is_result(position))
        if reason is not None or is_slow(expression):
            return reason or Reason.SLOW
    return Reason.SEQUENCE if any(map(calls_sequences, where)) else None


def _clauses(query: BoundQuery) -> Reason | None:
    body = query.body
    if query.ctes:
        return Reason.WITH
    if not isinstance(body, Select):
        return Reason.SET_OPERATION if isinstance(body, SetOperation) else Reason.VALUES
    if body.distinct or body.distinct_on:
        return Reason.DISTINCT
    if body.windowed:
        return Reason.WINDOW
    if query.ties:
        return Reason.TIES
    return Reason.GROUPING if body.group or body.having is not None else None


def _tables(items: tuple[FromItem, ...]) -> Reason | None:
    join = items[0] if len(items) == 1 else None
    if isinstance(join, JoinItem):
        if join.kind not in ("INNER", "LEFT"):
            return Reason.JOIN
        items = (join.left, join.right)
    if any(isinstance(leaf, SystemItem) for leaf in leaves(items)):
        return Reason.NOT_STORED
    if len(items) > 2 or not all(isinstance(item, TableItem) for item in items):
        return Reason.FROM_ITEM
    return None


def _calls(calls: Iterable[Value]) -> Reason | None:
    for call in calls:
        if isinstance(call, AggregateCall):
            continue
        if isinstance(call, Subquery):
            return Reason.SUBQUERY
        if isinstance(call, SetCall):
            return Reason.SETS
        if isinstance(call, WindowCall):
            return Reason.WINDOW
        if isinstance(call, GroupingCall):
            return Reason.GROUPING
        if isinstance(call, CatalogCall) and call.name.endswith(("_in", "_out")):
            return Reason.OBJECT
        return Reason.FUNCTION
    return None


def _expressions(query: BoundQuery, body: Select, has_threads: bool) -> Reason | None:
    if any(is_array(item.expression.type.name) for item in query.order):
        return Reason.ARRAY_ORDER
    expressions = [*body.targets, *(item.expression for item in query.order if item.output is None)]
    expressions += [item.condition for item in body.items if isinstance(item, JoinItem) and item.condition is not None]
    expressions += [part for part in (body.where, query.limit, query.offset) if part is not None]
    return next(
        (reason for expression in expressions if (reason := _expression(expression, has_threads)) is not None), None
    )


def _expression(expression: Expression, has_threads: bool) -> Reason | None:
    if isinstance(expression, Column):
        return None
    if names_objects(expression):
        return Reason.OBJECT
    return Reason.SLOW if has_threads and is_slow(expression) else None


def names_objects(expression: Expression) -> bool:
    """Whether it has an object of the catalog as its value, or makes one of a name or a name of it."""
    return any(
        isinstance(node, Cast) and (node.type.name in OBJECTS or node.argument.type.name in OBJECTS)
        for node in walk(expression)
    )


def _aggregates(query: BoundQuery, body: Select, calls: Iterable[Value], has_threads: bool) -> Reason | None:
    aggregates = [call for call in calls if isinstance(call, AggregateCall)]
    if not all(map(_is_plain, aggregates)):
        return Reason.AGGREGATE
    if not body.items:
        return Reason.AGGREGATE_ALONE
    alone = len(body.items) == 1 and isinstance(body.items[0], TableItem)
    if not alone or query.order or query.limit is not None or query.offset is not None:
        return Reason.AGGREGATE_CLAUSES
    if not all(map(_is_computed, aggregates)):
        return Reason.AGGREGATE_TYPE
    arguments = [argument for call in aggregates for argument in call.arguments]
    return next((reason for argument in arguments if (reason := _expression(argument, has_threads)) is not None), None)


def _is_plain(call: AggregateCall) -> bool:
    return call.name in PLAIN_AGGREGATES and not call.distinct and call.filter is None and not call.order


def _is_computed(call: AggregateCall) -> bool:
    """The row executor computes it over values of the argument's type."""
    if call.name == "count":
        return True
    name = call.arguments[0].type.name
    return name in (_ORDERED if call.name in ("min", "max") else _ADDED)
