"""Which of a query's output columns a number, a name or an expression means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast

from actors.common.errors import INVALID_COLUMN_REFERENCE, DatabaseError
from actors.query_processor.column_executor.names import Output
from actors.query_processor.column_executor.translator import string_fields
from actors.sql.binding.scope import position_of


def ordinal(node: Any, outputs: Sequence[Output], clause: str = "ORDER BY") -> Output | None:
    """The output column that a number means in ORDER BY, GROUP BY or DISTINCT ON. Raises 42P10, which names the clause."""
    if not (isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer)):
        return None
    number = int(node.val.ival or 0)
    if not 1 <= number <= len(outputs):
        raise DatabaseError(INVALID_COLUMN_REFERENCE, f"{clause} position {number} is not in select list", position=position_of(node))
    return outputs[number - 1]


def named(node: Any, outputs: Sequence[Output], clause: str = "ORDER BY") -> Output | None:
    """The output column that an unqualified name means. Raises 42702, which names the clause."""
    names = string_fields(node) if isinstance(node, ast.ColumnRef) else None
    if names is None or len(names) != 1:
        return None
    found = {output.sql: output for output in outputs if output.name == names[0]}
    if len(found) > 1:
        raise DatabaseError("42702", f'{clause} "{names[0]}" is ambiguous')
    return next(iter(found.values()), None)


def same_tree(one: Any, other: Any) -> bool:
    """Whether two of the parser's trees say the same, wherever they stand; a qualified name is another than its column alone."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_tree, one, other))
    if not isinstance(one, ast.Node):
        return bool(one == other)
    return type(one) is type(other) and all(
        name in ("location", "stmt_location") or same_tree(getattr(one, name), getattr(other, name)) for name in one.__slots__
    )
