"""mode, percentile_cont and percentile_disc: WITHIN GROUP (ORDER BY x). DuckDB computes them."""

from __future__ import annotations

from collections.abc import Sequence

from actors.sql.aggregates.registry import Overload, register
from actors.sql.types.column_type import ColumnType

FLOAT8 = ColumnType("float8")
NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})


def _mode(types: Sequence[ColumnType]) -> Overload | None:
    return Overload("mode", (types[0],), types[0]) if len(types) == 1 else None


def _percentile_disc(types: Sequence[ColumnType]) -> Overload | None:
    return (
        Overload("percentile_disc", (FLOAT8, types[1]), types[1])
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
