"""Expression trees bound to a program's parameters: as functions of one decoded row, and, where Arrow has a kernel of the same meaning, of columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pyarrow as pa

from actors.common.schema import ColumnType


class BoundExpression:
    """`evaluate(row) -> datum`; `position`: of the column that it is, None for anything else."""

    __slots__ = ("evaluate", "position", "type")

    def __init__(self, evaluate: Callable[[list[Any]], Any], position: int | None, type: ColumnType) -> None:
        self.evaluate = evaluate
        self.position = position
        self.type = type


class VectorFilter(Protocol):
    """`mask(columns)`: a boolean array, true for the rows that pass, of the columns at `positions`."""

    positions: list[int]

    def mask(self, columns: dict[int, pa.Array]) -> pa.Array: ...


def bind(encoded: Any, parameters: tuple[Any, ...]) -> BoundExpression:
    raise NotImplementedError


def bind_filter(encoded: Any, parameters: tuple[Any, ...], types: tuple[ColumnType, ...]) -> tuple[Callable[[list[Any]], bool], VectorFilter | None]:
    raise NotImplementedError
