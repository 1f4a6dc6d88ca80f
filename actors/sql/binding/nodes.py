"""What one may ask of the parser's trees before they are analyzed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pglast import ast


def any_call(node: Any, wanted: Callable[[ast.FuncCall], bool]) -> bool:
    """Whether a function call of that kind stands in an expression, or in one of several, itself: not in a subquery of
    it."""
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple | list):
            todo += node
        elif isinstance(node, ast.FuncCall) and wanted(node):
            return True
        elif isinstance(node, ast.Node) and not isinstance(node, ast.SelectStmt):
            todo += [getattr(node, slot) for slot in node.__slots__]
    return False


def is_untyped(node: Any) -> bool:
    """A literal that has no type of its own: a string, or NULL."""
    return isinstance(node, ast.A_Const) and (bool(node.isnull) or isinstance(node.val, ast.String))
