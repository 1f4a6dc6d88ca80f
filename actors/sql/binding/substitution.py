"""Values in the place of others in what is bound: the arguments of a call in a function's body, whose columns from
`offset` on stand for them.

    Substitution((o.id,), 12).query(body)           Column(12) becomes o.id, in place, in all that the query has
    uses((body,), 12, 1) -> [3]                     how often each of them is mentioned
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from actors.sql.binding.query import (
    BoundQuery,
    Cte,
    FunctionItem,
    JoinItem,
    QueryItem,
    Select,
    SetOperation,
    Subquery,
    ValuesRows,
)
from actors.sql.expressions.tree import NODES, Column, Expression, rewrite

_IN_PLACE = (BoundQuery, FunctionItem, JoinItem, QueryItem, Select, SetOperation, ValuesRows)


class _Walk:
    """`change` as rewrite takes it, over all expressions of a part of a query."""

    def __init__(self, change: Callable[[Expression], Expression | None]) -> None:
        self._change = change

    def part(self, part: Any) -> Any:
        """The part changed: queries and what they are made of in place, values as new ones."""
        if isinstance(part, NODES):
            return rewrite(part, self._change)
        if isinstance(part, tuple | list):
            return type(part)(map(self.part, part))
        if isinstance(part, Cte):  # which mentions itself, where it is recursive
            part.query = self.part(part.query)
            return part
        if isinstance(part, _IN_PLACE):
            for each in fields(part):
                value = getattr(part, each.name)
                if isinstance(value, (msgspec.Struct, tuple, list, Cte, *_IN_PLACE)):
                    setattr(part, each.name, self.part(value))
            return part
        if isinstance(part, Subquery):
            return msgspec.structs.replace(part, query=self.part(part.query), comparisons=self.part(part.comparisons))
        if isinstance(part, msgspec.Struct):
            changed = {
                name: self.part(value)
                for name in part.__struct_fields__
                if isinstance(value := getattr(part, name), (msgspec.Struct, tuple))
            }
            return msgspec.structs.replace(part, **changed)
        return part


class Substitution:
    def __init__(self, arguments: Sequence[Expression], offset: int) -> None:
        self._arguments, self._offset = arguments, offset
        self._walk = _Walk(self._argument)

    def _argument(self, node: Expression) -> Expression | None:
        if not isinstance(node, Column):
            return None
        place = node.position - self._offset
        return self._arguments[place] if 0 <= place < len(self._arguments) else None

    def expression(self, expression: Expression) -> Expression:
        return rewrite(expression, self._argument)

    def part(self, part: Any) -> Any:
        """Of a query: in place."""
        return self._walk.part(part)


def uses(parts: Sequence[Any], offset: int, count: int) -> list[int]:
    """How often the columns from `offset` on are mentioned."""
    found = [0] * count

    def note(node: Expression) -> None:
        if isinstance(node, Column) and 0 <= node.position - offset < count:
            found[node.position - offset] += 1

    walk = _Walk(note)
    for part in parts:
        walk.part(part)
    return found
