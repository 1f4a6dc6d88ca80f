"""`PromptRead`: what is left of a SELECT of plain columns of one row by its primary key, where the row is at hand: its
key, and the row's columns. Neither needs to know anything but the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.query_processor.row_executor.access import PointAccess
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import Column, Constant, Expression, Parameter

NOWHERE: Environment = None  # type: ignore[assignment]
"""What expressions are handed that look at nothing around them."""


class PromptRead:
    """`key(parameters, NOWHERE)`: None where there is no such row. `columns(value)`: of the row as it is stored."""

    __slots__ = ("columns", "key")

    def __init__(self, access: PointAccess, targets: Sequence[Column]) -> None:
        self.key = access.key
        decode, positions = access.stored.decode, [target.position for target in targets]

        def columns(value: bytes) -> tuple[Any, ...]:
            row = decode(value)
            return tuple([row[position] for position in positions])

        self.columns: Callable[[bytes], tuple[Any, ...]] = columns


def prompt_read(
    access: object, equalities: Sequence[Sequence[Expression]], targets: Sequence[Expression]
) -> PromptRead | None:
    """`equalities`: the value that each of the key's columns is to equal. None where anything has to be computed."""
    if not isinstance(access, PointAccess) or access.filters:
        return None
    columns = [target for target in targets if isinstance(target, Column)]
    if len(columns) < len(targets) or not all(isinstance(value, Parameter | Constant) for value, *_ in equalities):
        return None
    return PromptRead(access, columns)
