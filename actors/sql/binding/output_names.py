"""Which of a query's output columns a number or a name in ORDER BY, GROUP BY or DISTINCT ON means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast

from actors.common.errors import AMBIGUOUS_COLUMN, INVALID_COLUMN_REFERENCE, DatabaseError
from actors.sql.binding.names import names_of
from actors.sql.binding.scope import position_of
from actors.sql.expressions.tree import Expression

Targets = Sequence[tuple[str, Expression]]
"""The output columns' names and expressions."""


def ordinal(node: Any, targets: Targets, clause: str = "ORDER BY") -> int | None:
    """The output column that a number means, from 0 on. Raises 42P10, which names the clause."""
    if not (isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer)):
        return None
    number = int(node.val.ival or 0)
    if not 1 <= number <= len(targets):
        raise DatabaseError(
            INVALID_COLUMN_REFERENCE, f"{clause} position {number} is not in select list", position=position_of(node)
        )
    return number - 1


def named(node: Any, targets: Targets, clause: str = "ORDER BY") -> int | None:
    """The output column that an unqualified name means. Raises 42702, which names the clause."""
    names = names_of(node) if isinstance(node, ast.ColumnRef) else None
    if names is None or len(names) != 1:
        return None
    found = [number for number, (name, _) in enumerate(targets) if name == names[0]]
    if found and any(targets[number][1] != targets[found[0]][1] for number in found[1:]):
        raise DatabaseError(AMBIGUOUS_COLUMN, f'{clause} "{names[0]}" is ambiguous', position=position_of(node))
    return found[0] if found else None
