"""Binding, or the analyzer: the parser's expression trees to typed expressions (sql/expressions/tree.py), by
PostgreSQL's rules.

    parameters = ParameterTypes()
    tree = analyze(node, scope, parameters)                    scope.resolve(("t", "a")) -> (position, ColumnType)
    value = coerce_assignment(tree, column.type, column.name, parameters)
    parameters.resolved() -> [ColumnType("int4"), ...]         after the whole statement

Aggregates, window calls, and subqueries are refused (0A000); a query binds them (select.py). An untyped literal or
parameter that stands alone keeps the type "unknown": `expected` gives it one, or `coerce_unknown` makes it text.
"""

from __future__ import annotations

from typing import Any

from actors.sql.binding.analysis import Analysis
from actors.sql.binding.coercion import coerce, coerce_assignment, coerce_boolean, coerce_unknown, common_type
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.scope import EmptyScope, Scope
from actors.sql.binding.type_names import cast_type
from actors.sql.expressions.tree import Column, Constant, Expression, Parameter, rewrite, walk
from actors.sql.types.column_type import ColumnType


def analyze(
    node: Any, scope: Scope | None = None, parameters: ParameterTypes | None = None, expected: ColumnType | None = None
) -> Expression:
    """The typed expression of a pglast node. `expected` is the type for an untyped literal or parameter that is the
    whole expression.

    Raises DatabaseError with PostgreSQL's message and position, 0A000 for what has no value in one row.
    """
    shared = ParameterTypes() if parameters is None else parameters
    expression = Analysis(EmptyScope() if scope is None else scope, shared).expression(node)
    if expression.type.name == "unknown":
        if expected is not None and expected.name != "unknown":
            expression = coerce(expression, expected, shared) or expression
        elif isinstance(expression, Parameter):
            shared.show(expression.number)
    return with_decided_parameters(expression, shared)


def with_decided_parameters(expression: Expression, parameters: ParameterTypes) -> Expression:
    """Parameters seen before their type was decided ($1 IS NULL OR a = $1) take it now."""
    if (
        isinstance(expression, Constant | Column)
        or not parameters.mentioned
        or not any(map(_is_undecided, walk(expression)))
    ):
        return expression

    def decide(node: Expression) -> Expression | None:
        if isinstance(node, Parameter) and _is_undecided(node):
            return Parameter(node.number, parameters.use(node.number))
        return None

    return rewrite(expression, decide)


def _is_undecided(node: Expression) -> bool:
    return isinstance(node, Parameter) and node.type.name == "unknown"


__all__ = [
    "Analysis",
    "EmptyScope",
    "ParameterTypes",
    "Scope",
    "analyze",
    "cast_type",
    "coerce",
    "coerce_assignment",
    "coerce_boolean",
    "coerce_unknown",
    "common_type",
    "with_decided_parameters",
]
