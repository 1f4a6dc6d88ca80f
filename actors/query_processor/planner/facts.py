"""What the planner wants to know of an expression: its conjuncts, whether it is a value of the run, what of it storage
may evaluate."""

from __future__ import annotations

from collections.abc import Sequence

from actors.query_processor.row_executor.access import PushedFilter
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import (
    And,
    ArrayOf,
    Expression,
    Parameter,
    columns_of,
    is_immutable,
    is_slow,
    is_volatile,
    rewrite,
)


def conjuncts(expression: Expression) -> list[Expression]:
    if isinstance(expression, And):
        return [part for argument in expression.arguments for part in conjuncts(argument)]
    return [expression]


def conjunction(parts: Sequence[Expression]) -> Expression | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def is_value(expression: Expression) -> bool:
    """Its datum is known before any row is read, and the same for all of them."""
    return not columns_of(expression) and not is_volatile(expression)


def pushable(expression: Expression) -> bool:
    """Storage may evaluate it once its stable parts without columns (now(), current_date) have been replaced by their
    datums."""
    return not is_slow(expression) and (is_immutable(expression) or is_immutable(_with_values_out(expression, {})))


def _with_values_out(expression: Expression, values: dict[Expression, int]) -> Expression:
    """Parameters, arrays of values, and stable parts without columns become parameters, numbered from 1 in the order of
    `values`."""

    immutable = is_immutable(expression)

    def change(node: Expression) -> Expression | None:
        alone = isinstance(node, Parameter) or (isinstance(node, ArrayOf) and is_value(node))
        if not alone and (immutable or is_immutable(node) or not is_value(node)):
            return None
        return Parameter(values.setdefault(node, len(values) + 1), node.type)

    return rewrite(expression, change)


def push(parts: Sequence[Expression]) -> PushedFilter | None:
    """The conjunction of `parts`, all of them pushable, as storage gets it."""
    whole = conjunction(parts)
    if whole is None:
        return None
    values: dict[Expression, int] = {}
    expression = _with_values_out(whole, values)
    return PushedFilter(expression, compile_tuple(tuple(values)), whole)
