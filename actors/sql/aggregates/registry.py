"""The registry: `register(name, ...)` adds an aggregate, `resolve` finds the overload for argument types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from actors.sql.types.column_type import ColumnType

Over = Callable[..., Any]
"""Of one list of datums for each argument. A `strict` aggregate's are rows without NULLs, at least one of them."""


class Overload(msgspec.Struct, frozen=True):
    """`arguments`: what the call's arguments are converted to; `over`: its computation, None where only DuckDB has one.
    `strict`: rows with a NULL among the arguments do not count. `of_nothing`: the result where no row counts."""

    name: str
    arguments: tuple[ColumnType, ...]
    result: ColumnType
    over: Over | None = None
    strict: bool = True
    of_nothing: Any = None


Resolve = Callable[[Sequence[ColumnType]], Overload | None]
"""Of the arguments' types; None: there is no such function."""


class Aggregate(NamedTuple):
    """`within_group`: it is called WITHIN GROUP (ORDER BY x), and x follows its arguments."""

    resolve: Resolve
    within_group: bool = False


AGGREGATES: dict[str, Aggregate] = {}
HYPOTHETICAL = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})
"""Window functions that are aggregates WITHIN GROUP."""


def register(name: str, resolve: Resolve, *, within_group: bool = False) -> None:
    assert name not in AGGREGATES, name
    AGGREGATES[name] = Aggregate(resolve, within_group)


def resolve(name: str, types: Sequence[ColumnType]) -> Overload | None:
    """The overload of an aggregate that is there."""
    return AGGREGATES[name].resolve(types)


def bare(type_: ColumnType) -> ColumnType:
    """Without its modifier."""
    return ColumnType(type_.name)
