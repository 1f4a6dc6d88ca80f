"""SQL types: reading and writing datums as PostgreSQL does, in text and in binary.

    by_name["numeric"].parse_text("1.50", -1) == Decimal("1.50")
    by_oid[23].name == "int4"
    format_type(ColumnType("varchar", 14)) == "character varying(10)"

A module a family: integers (bool too), floats, numeric, strings (bytea, uuid and the catalog's own types too),
datetimes, timetz, intervals, json_values, bits, network (inet, cidr, macaddr, macaddr8); arrays of all of these. What a
datum is stands in docs/contracts.md.
"""

from __future__ import annotations

from actors.sql.types import (
    arrays,
    bits,
    datetimes,
    floats,
    integers,
    intervals,
    json_values,
    network,
    numeric,
    strings,
    timetz,
)
from actors.sql.types.base import Type
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import precision_and_scale

_SCALARS = (
    *integers.TYPES,
    *floats.TYPES,
    *numeric.TYPES,
    *strings.TYPES,
    *datetimes.TYPES,
    *intervals.TYPES,
    *json_values.TYPES,
    *timetz.TYPES,
    *bits.TYPES,
    *network.TYPES,
)
_ARRAYS = arrays.make_array_types(
    [type_ for type_ in _SCALARS if type_.array_oid and type_.name not in strings.SHOWN_ONLY]
)
ALL_TYPES: tuple[Type, ...] = (*_SCALARS, *_ARRAYS)
by_name: dict[str, Type] = {type_.name: type_ for type_ in ALL_TYPES}
by_oid: dict[int, Type] = {type_.oid: type_ for type_ in ALL_TYPES}

_FIELD_NAMES = {
    intervals.YEAR_FIELD: " year",
    intervals.MONTH_FIELD: " month",
    intervals.YEAR_FIELD | intervals.MONTH_FIELD: " year to month",
    intervals.DAY_FIELD: " day",
    intervals.HOUR_FIELD: " hour",
    intervals.MINUTE_FIELD: " minute",
    intervals.SECOND_FIELD: " second",
}


def format_type(type_: ColumnType) -> str:
    """As PostgreSQL's format_type(oid, typmod)."""
    if type_.name in arrays.ARRAY_TYPES:
        return format_type(ColumnType(arrays.element_of(type_.name), type_.modifier)) + "[]"
    known, modifier = by_name[type_.name], type_.modifier
    name = known.sql_name
    if modifier < 0:
        return "bpchar" if type_.name == "bpchar" else name
    if type_.name in ("bit", "varbit"):
        return f"{name}({modifier})"
    if type_.name in ("varchar", "bpchar"):
        return f"{name}({modifier - strings.HEADER})"
    if type_.name == "numeric":
        precision, scale = precision_and_scale(modifier)
        return f"numeric({precision},{scale})"
    if type_.name in ("time", "timetz", "timestamp", "timestamptz"):
        word, _, rest = name.partition(" ")
        return f"{word}({modifier}) {rest}"
    if type_.name == "interval":
        fields, digits = modifier >> 16 & intervals.FULL_RANGE, modifier & intervals.FULL_PRECISION
        shown = "" if digits == intervals.FULL_PRECISION else f"({digits})"
        return f"interval{_FIELD_NAMES.get(fields, '')}{shown}"
    return name


__all__ = ["ALL_TYPES", "ColumnType", "Type", "by_name", "by_oid", "format_type"]
