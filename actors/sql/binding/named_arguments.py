"""Arguments given by name: make_interval's, which is the function that has names for them here."""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.sql.binding.scope import position_of
from actors.sql.expressions.datetime_spans import MAKE_INTERVAL


def interval_arguments(node: Any) -> list[Any]:
    """All of its seven, by position or name, zero where they are left out. Raises 42883."""
    given: dict[str, Any] = {}
    for place, argument in enumerate(node.args or ()):
        named = isinstance(argument, ast.NamedArgExpr)
        name = argument.name if named else MAKE_INTERVAL[place] if place < len(MAKE_INTERVAL) else ""
        if name not in MAKE_INTERVAL or name in given:
            raise DatabaseError(
                UNDEFINED_FUNCTION,
                "function make_interval with these arguments does not exist",
                position=position_of(node),
            )
        given[name] = argument.arg if named else argument
    zero = ast.A_Const(isnull=False, val=ast.Integer(ival=0))
    return [given.get(name, zero) for name in MAKE_INTERVAL]
