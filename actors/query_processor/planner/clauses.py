"""The clauses that every SELECT of the row executor shares, compiled: ORDER BY, LIMIT and OFFSET."""

from __future__ import annotations

from collections.abc import Sequence

from actors.query_processor.planner.conditions import Order
from actors.query_processor.row_executor.selecting import Limits, Sorting
from actors.sql.binding.query import BoundQuery
from actors.sql.expressions.comparisons import UNCOMPARED, unordered
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.tree import Column, Expression

SortItems = list[tuple[Expression, bool, bool]]
"""(expression, descending, NULLs first)"""


def limits_of(query: BoundQuery) -> Limits:
    return Limits(
        None if query.limit is None else compile_expression(query.limit),
        None if query.offset is None else compile_expression(query.offset),
    )


def sort_items(query: BoundQuery) -> SortItems:
    """Raises 42883 for a type without an order."""
    for item in query.order:
        if item.expression.type.name in UNCOMPARED:
            raise unordered(item.expression.type)
    return [(item.expression, item.descending, item.nulls_first) for item in query.order]


def sorting_of(items: Sequence[tuple[Expression, bool, bool]]) -> Sorting | None:
    if not items:
        return None
    return Sorting(
        compile_tuple(tuple(item[0] for item in items)),
        [item[0].type for item in items],
        [item[1] for item in items],
        [item[2] for item in items],
    )


def orders(items: Sequence[tuple[Expression, bool, bool]]) -> list[Order]:
    """ORDER BY as an index may have it. [] without ORDER BY."""
    return [Order(item[0].position if isinstance(item[0], Column) else item[0], item[1], item[2]) for item in items]
