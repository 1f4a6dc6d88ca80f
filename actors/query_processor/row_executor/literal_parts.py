"""Indexes with constants in their expressions or conditions, and statements whose literals have become parameters.

    CREATE INDEX ON t ((a + 1))        SELECT ... WHERE a + 1 = 8, lifted: a + $1 = $2 (session/literals.py)

An index serves the expression that it is made of, and $1 may be anything in another run. So such a statement is not
planned (`LiteralsMatter`), and whoever has lifted it plans the text as it was written. That costs a parse: it is asked
for only where no unique key narrows the statement anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from actors.common.errors import DatabaseError
from actors.sql.expressions.tree import NODES, Constant, Expression, Parameter, walk

INDETERMINATE_DATATYPE = "42P18"
_lifted: ContextVar[bool] = ContextVar("lifted", default=False)


class LiteralsMatter(DatabaseError):
    """No client meets it."""


@contextmanager
def lifting(lifted: bool) -> Iterator[None]:
    """What is planned meanwhile has parameters in the place of literals."""
    token = _lifted.set(lifted)
    try:
        yield
    finally:
        _lifted.reset(token)


def has_literals(expressions: Sequence[Expression]) -> bool:
    """Whether constants stand in them that are lifted from statements: not NULL, true and false."""
    return any(
        isinstance(node, Constant) and node.value is not None and not isinstance(node.value, bool)
        for expression in expressions
        for node in walk(expression)
    )


def require_literals(parts: Sequence[Sequence[Expression]], conjuncts: Sequence[Expression]) -> None:
    """`parts`: what has to stand in a statement for an index to serve it, of each index. Raises LiteralsMatter where
    but for the literals it does."""
    if not _lifted.get():
        return
    nodes = [node for conjunct in conjuncts for node in walk(conjunct)]
    if any(all(any(_is_alike(pattern, node) for node in nodes) for pattern in patterns) for patterns in parts):
        raise LiteralsMatter(INDETERMINATE_DATATYPE, "an index is about literals of this statement")


def _is_alike(pattern: Any, found: Any) -> bool:
    """The same, but for parameters in the place of constants."""
    if isinstance(pattern, Constant) and isinstance(found, Parameter):
        return pattern.type.name == found.type.name
    if pattern.__class__ is not found.__class__:
        return False
    if isinstance(pattern, tuple):
        return len(pattern) == len(found) and all(map(_is_alike, pattern, found))
    if isinstance(pattern, NODES) and not isinstance(pattern, Constant):
        names = pattern.__struct_fields__
        return all(_is_alike(getattr(pattern, name), getattr(found, name)) for name in names)
    return bool(pattern == found)
