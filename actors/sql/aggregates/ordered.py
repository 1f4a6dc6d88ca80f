"""mode, percentile_cont and percentile_disc: WITHIN GROUP (ORDER BY x). Their values come in order. DuckDB computes
them where it compares values of x as PostgreSQL does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.aggregates.registry import Overload, register
from actors.sql.expressions.comparisons import order_key
from actors.sql.types.column_type import ColumnType

FLOAT8 = ColumnType("float8")
NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})


def _mode(types: Sequence[ColumnType]) -> Overload | None:
    return Overload("mode", (types[0],), types[0], _most_frequent(types[0])) if len(types) == 1 else None


def _most_frequent(type_: ColumnType) -> Callable[[list[Any]], Any]:
    key = order_key(type_.name) or (lambda value: value)

    def over(values: list[Any]) -> Any:
        """The first of the most frequent ones."""
        counts: dict[Any, int] = {}
        firsts: dict[Any, Any] = {}
        for value in values:
            compared = key(value)
            counts[compared] = counts.get(compared, 0) + 1
            firsts.setdefault(compared, value)
        return firsts[max(counts, key=lambda compared: counts[compared])]

    return over


def _at_fraction(fractions: list[float], values: list[Any]) -> Any:
    """Raises 22003."""
    fraction = fractions[0]
    if not 0 <= fraction <= 1:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f"percentile value {fraction:g} is not between 0 and 1")
    return values[max(math.ceil(fraction * len(values)), 1) - 1]


def _percentile_disc(types: Sequence[ColumnType]) -> Overload | None:
    return (
        Overload("percentile_disc", (FLOAT8, types[1]), types[1], _at_fraction)
        if len(types) == 2 and _is_fraction(types[0])
        else None
    )


def _percentile_cont(types: Sequence[ColumnType]) -> Overload | None:
    if len(types) != 2 or not _is_fraction(types[0]):
        return None
    if types[1].name == "interval":
        return Overload("percentile_cont", (FLOAT8, types[1]), types[1])
    return Overload("percentile_cont", (FLOAT8, FLOAT8), FLOAT8) if types[1].name in NUMBERS else None


def _is_fraction(type_: ColumnType) -> bool:
    return type_.name in NUMBERS or type_.name == "unknown"


register("mode", _mode, within_group=True)
register("percentile_disc", _percentile_disc, within_group=True)
register("percentile_cont", _percentile_cont, within_group=True)
