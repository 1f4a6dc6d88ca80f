"""Conversions between types: which exist, in which context PostgreSQL allows them, and how they are done.

`context(source, target)` is "implicit" (anywhere), "assignment" (INSERT and UPDATE targets too), "explicit" (a written
cast only) or None (never). `converter(source, target)` is `f(datum, modifier, explicit, environment) -> datum`, or None
where the datum stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.address_casts import MODIFIED, SPECIFIC
from actors.sql.expressions.arithmetic import WIDTHS, float_overflow, out_of_range
from actors.sql.types import by_name
from actors.sql.types.arrays import element_of, is_array, vector_of
from actors.sql.types.base import BITS
from actors.sql.types.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY_US,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    to_local,
    to_utc,
)
from actors.sql.types.column_type import ColumnType
from actors.sql.types.datetimes import check_timestamp, round_fraction
from actors.sql.types.floats import to_single
from actors.sql.types.intervals import apply_interval_modifier
from actors.sql.types.json_values import parse as parse_document
from actors.sql.types.json_values import parse_jsonb
from actors.sql.types.numeric import INFINITY, MINUS_INFINITY, NAN, apply_modifier, parse_numeric
from actors.sql.types.objects import object_oid
from actors.sql.types.strings import bpchar_of, byte_of_char, char_of_byte, format_bpchar, varchar_of
from actors.sql.types.system_functions import name_of_function, oid_of_function

IMPLICIT, ASSIGNMENT, EXPLICIT = "implicit", "assignment", "explicit"
Converter = Callable[[Any, int, bool, Any], Any]

INTEGERS = ("int2", "int4", "int8")
STRINGS = frozenset({"text", "varchar", "bpchar", "name", "char"})
ZONED = frozenset({"date", "time", "timetz", "timestamp", "timestamptz"})
ZONED_ARRAYS = frozenset("_" + name for name in (*ZONED, "interval"))
STYLED = frozenset({"date", "timestamp", "timestamptz", "interval", "float4", "float8", "bytea"})
"""Types whose text depends on the session's styles (types/styles.py)."""
STYLED_ARRAYS = frozenset("_" + name for name in STYLED)
TEXT_ONLY = frozenset(
    [
        "unknown",
        "void",
        "record",
        "int2vector",
        "oidvector",
        "_aclitem",
        "pg_node_tree",
        "regclass",
        "regtype",
        "regproc",
    ]
)

_IMPLICIT = (
    "int2>int4 int2>int8 int2>float4 int2>float8 int2>numeric int4>int8 int4>float4 int4>float8 int4>numeric "
    "int8>float4 int8>float8 int8>numeric "
    "numeric>float4 numeric>float8 float4>float8 int2>oid int4>oid int8>oid date>timestamp date>timestamptz "
    "timestamp>timestamptz time>interval "
    "text>varchar text>bpchar text>name varchar>text varchar>bpchar varchar>name bpchar>text bpchar>varchar "
    "bpchar>name name>text char>text "
    "time>timetz cidr>inet macaddr>macaddr8 macaddr8>macaddr bit>varbit varbit>bit "
    "regclass>oid regtype>oid regproc>oid oid>regclass oid>regtype oid>regproc int2vector>_int2 oidvector>_oid"
)
_ASSIGNMENT = (
    "int4>int2 int8>int2 int8>int4 float8>float4 float8>int2 float8>int4 float8>int8 float8>numeric "
    "float4>int2 float4>int4 float4>int8 "
    "float4>numeric numeric>int2 numeric>int4 numeric>int8 oid>int4 oid>int8 timestamp>date timestamp>time "
    "timestamptz>timestamp timestamptz>date "
    "timestamptz>time timestamptz>timetz timetz>time inet>cidr "
    "interval>time name>varchar name>bpchar char>varchar char>bpchar char>name text>char varchar>char "
    "bpchar>char json>jsonb jsonb>json"
)
_EXPLICIT = (
    "int2>bytea int4>bytea int8>bytea bytea>int2 bytea>int4 bytea>int8 bool>int4 int4>bool char>int4 "
    "int4>bit int8>bit bit>int4 bit>int8 int4>char bytea>bytea "
    "jsonb>bool jsonb>int2 jsonb>int4 jsonb>int8 jsonb>float4 jsonb>float8 jsonb>numeric"
)
_CONTEXTS = {
    tuple(pair.split(">")): allowed
    for pairs, allowed in ((_IMPLICIT, IMPLICIT), (_ASSIGNMENT, ASSIGNMENT), (_EXPLICIT, EXPLICIT))
    for pair in pairs.split()
}


@lru_cache(maxsize=4096)
def context(source: str, target: str) -> str | None:
    if source == target or source == "unknown":
        return IMPLICIT
    known = _CONTEXTS.get((source, target))
    if known is not None:
        return known
    if is_array(source) and is_array(target):
        return context(element_of(source), element_of(target))
    if target in STRINGS and target != "char" and source not in STRINGS:
        return ASSIGNMENT if target in ("text", "varchar", "bpchar") else EXPLICIT
    if source in STRINGS and source != "char" and target not in TEXT_ONLY - {"regclass", "regtype", "regproc"}:
        return EXPLICIT
    return None


def is_stable(source: str, target: str) -> bool:
    """Whether the result depends on the session (its time zone, its styles, or its idea of now)."""
    source, target = (element_of(name) if is_array(name) else name for name in (source, target))
    if source in STRINGS or source == "unknown":
        return target in ZONED or target == "interval"
    if target in STRINGS and source in STYLED:
        return True
    if (source, target) == ("time", "timetz"):
        return True
    if "timestamptz" in (source, target):
        return source != target
    return False


# -- converters --------------------------------------------------------------------------------------------------------


def _to_integer(name: str) -> Callable[[Any], int]:
    sql_name, bits = WIDTHS[name]
    low, high = -(1 << bits), (1 << bits) - 1

    def convert(value: int) -> int:
        if low <= value <= high:
            return value
        raise out_of_range(sql_name)

    return convert


def _float_to_integer(name: str) -> Converter:
    bounded, sql_name = _to_integer(name), WIDTHS[name][0]

    def convert(value: float, modifier: int, explicit: bool, environment: Any) -> int:
        if value != value or math.isinf(value):
            raise out_of_range(sql_name)
        return bounded(round(value))

    return convert


def _numeric_to_integer(name: str) -> Converter:
    bounded, sql_name = _to_integer(name), WIDTHS[name][0]

    def convert(value: Decimal, modifier: int, explicit: bool, environment: Any) -> int:
        if not value.is_finite():
            kind = "NaN" if value.is_nan() else "infinity"
            raise DatabaseError("0A000", f"cannot convert {kind} to {sql_name}")
        if value.adjusted() > 20:
            raise out_of_range(sql_name)
        return bounded(int(value.to_integral_value("ROUND_HALF_UP")))

    return convert


def _integer_to_integer(name: str) -> Converter:
    bounded = _to_integer(name)
    return lambda value, modifier, explicit, environment: bounded(value)


def _integer_to_oid(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    if not -(2**31) <= value < 2**32:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range")
    return value & 0xFFFFFFFF


def _object_to_oid(kind: str) -> Converter:
    return lambda value, modifier, explicit, environment: object_oid(value, kind)


def _bigint_to_oid(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    if not 0 <= value < 2**32:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range")
    return value


def _integer_to_bytes(name: str) -> Converter:
    size = (WIDTHS[name][1] + 1) // 8
    return lambda value, modifier, explicit, environment: value.to_bytes(size, "big", signed=True)


def _bytes_to_integer(name: str) -> Converter:
    sql_name, bits = WIDTHS[name]

    def convert(value: bytes, modifier: int, explicit: bool, environment: Any) -> int:
        if len(value) > (bits + 1) // 8:
            raise out_of_range(sql_name)
        return int.from_bytes(value, "big", signed=len(value) == (bits + 1) // 8)

    return convert


def _integer_to_numeric(value: int, modifier: int, explicit: bool, environment: Any) -> Decimal:
    return apply_modifier(Decimal(value), modifier)


def _float_to_numeric(digits: int) -> Converter:
    def convert(value: float, modifier: int, explicit: bool, environment: Any) -> Decimal:
        if value != value or math.isinf(value):
            return apply_modifier(NAN if value != value else INFINITY if value > 0 else MINUS_INFINITY, modifier)
        return parse_numeric(f"{value:.{digits}g}", modifier)

    return convert


def _numeric_to_float(single: bool) -> Converter:
    def convert(value: Decimal, modifier: int, explicit: bool, environment: Any) -> float:
        result = float(value)
        narrow = to_single(result) if single else result
        if value.is_finite() and (math.isinf(narrow) or (narrow == 0 and value)):
            sql_name = "real" if single else "double precision"
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f'"{value:f}" is out of range for type {sql_name}')
        return narrow

    return convert


def _single(value: float, modifier: int, explicit: bool, environment: Any) -> float:
    result = to_single(value)
    if result == 0 and value:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
    if math.isinf(result) and not math.isinf(value):
        raise float_overflow()
    return result


def _to_float(value: int, modifier: int, explicit: bool, environment: Any) -> float:
    return float(value)


def _date_to_timestamp(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    if value in (DATE_INFINITY, DATE_MINUS_INFINITY):
        return TIMESTAMP_INFINITY if value > 0 else TIMESTAMP_MINUS_INFINITY
    result = value * DAY_US
    if not -211813488000000000 <= result < 9223371331200000000:
        raise DatabaseError("22008", "date out of range for timestamp")
    return result


def _infinite(value: int) -> bool:
    return value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)


def _timestamp_to_date(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    if _infinite(value):
        return DATE_INFINITY if value > 0 else DATE_MINUS_INFINITY
    return value // DAY_US


def _timestamp_to_time(value: int, modifier: int, explicit: bool, environment: Any) -> int | None:
    return None if _infinite(value) else round_fraction(value % DAY_US, modifier)


def _timestamp_to_timestamptz(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    return (
        value if _infinite(value) else check_timestamp(round_fraction(to_utc(value, environment.time_zone), modifier))
    )


def _timestamptz_to_timestamp(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    return value if _infinite(value) else round_fraction(to_local(value, environment.time_zone), modifier)


def _date_to_timestamptz(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    return _timestamp_to_timestamptz(_date_to_timestamp(value, -1, explicit, environment), -1, explicit, environment)


def _timestamptz_to_date(value: int, modifier: int, explicit: bool, environment: Any) -> int:
    return _timestamp_to_date(_timestamptz_to_timestamp(value, -1, explicit, environment), -1, explicit, environment)


def _timestamptz_to_time(value: int, modifier: int, explicit: bool, environment: Any) -> int | None:
    return _timestamp_to_time(
        _timestamptz_to_timestamp(value, -1, explicit, environment), modifier, explicit, environment
    )


def _char_to_integer(value: str, modifier: int, explicit: bool, environment: Any) -> int:
    return (byte_of_char(value) ^ 0x80) - 0x80


def _integer_to_char(value: int, modifier: int, explicit: bool, environment: Any) -> str:
    if not -128 <= value <= 127:
        raise DatabaseError("22003", '"char" out of range')
    return char_of_byte(value & 0xFF)


def _time_to_interval(value: int, modifier: int, explicit: bool, environment: Any) -> tuple[int, int, int]:
    return apply_interval_modifier((0, 0, value), modifier)


def _interval_to_time(value: tuple[int, int, int], modifier: int, explicit: bool, environment: Any) -> int:
    return round_fraction(value[2] % DAY_US, modifier)


def _jsonb_scalar(target: str, expected: type[bool] | type[Decimal]) -> Converter:
    """jsonb as bool or a number; its null is NULL. Raises 22023."""
    sql_name = by_name[target].sql_name
    number = None if target in ("bool", "numeric") else _SPECIFIC.get(("numeric", target))

    def convert(value: str, modifier: int, explicit: bool, environment: Any) -> Any:
        found = parse_document(value)
        if found is None:
            return None
        kind = {str: "string", list: "array", dict: "object", bool: "boolean"}.get(type(found), "numeric")
        if kind != ("boolean" if expected is bool else "numeric"):
            raise DatabaseError("22023", f"cannot cast jsonb {kind} to type {sql_name}")
        if expected is bool:
            return found
        exact = Decimal(found)
        return apply_modifier(exact, modifier) if number is None else number(exact, modifier, explicit, environment)

    return convert


_SPECIFIC: dict[tuple[str, str], Converter | None] = {
    ("json", "jsonb"): lambda value, modifier, explicit, environment: parse_jsonb(value),
    ("jsonb", "json"): None,
    ("regproc", "oid"): lambda value, modifier, explicit, environment: oid_of_function(value),
    ("oid", "regproc"): lambda value, modifier, explicit, environment: name_of_function(value),
    ("bool", "int4"): lambda value, modifier, explicit, environment: int(value),
    ("int4", "bool"): lambda value, modifier, explicit, environment: value != 0,
    ("char", "int4"): _char_to_integer,
    ("int4", "char"): _integer_to_char,
    ("float4", "float8"): None,
    ("float8", "float4"): _single,
    ("numeric", "float4"): _numeric_to_float(True),
    ("numeric", "float8"): _numeric_to_float(False),
    ("float4", "numeric"): _float_to_numeric(6),
    ("float8", "numeric"): _float_to_numeric(15),
    ("date", "timestamp"): _date_to_timestamp,
    ("date", "timestamptz"): _date_to_timestamptz,
    ("timestamp", "date"): _timestamp_to_date,
    ("timestamp", "time"): _timestamp_to_time,
    ("timestamp", "timestamptz"): _timestamp_to_timestamptz,
    ("timestamptz", "timestamp"): _timestamptz_to_timestamp,
    ("timestamptz", "date"): _timestamptz_to_date,
    ("timestamptz", "time"): _timestamptz_to_time,
    ("time", "interval"): _time_to_interval,
    ("interval", "time"): _interval_to_time,
    ("oid", "int4"): lambda value, modifier, explicit, environment: value - 2**32 if value >= 2**31 else value,
    ("oid", "int8"): None,
    **{(kind, "oid"): _object_to_oid(kind) for kind in ("regtype", "regclass")},
    **SPECIFIC,
    ("int2vector", "_int2"): lambda value, modifier, explicit, environment: vector_of(value),
    ("oidvector", "_oid"): lambda value, modifier, explicit, environment: vector_of(value),
}
for _source in INTEGERS:
    _SPECIFIC[(_source, "float8")] = _to_float
    _SPECIFIC[(_source, "float4")] = lambda value, modifier, explicit, environment: to_single(float(value))
    _SPECIFIC[(_source, "numeric")] = _integer_to_numeric
    _SPECIFIC[(_source, "oid")] = _bigint_to_oid if _source == "int8" else _integer_to_oid
    _SPECIFIC[(_source, "bytea")] = _integer_to_bytes(_source)
    _SPECIFIC[("bytea", _source)] = _bytes_to_integer(_source)
    for _target in INTEGERS:
        if _source != _target:
            _SPECIFIC[(_source, _target)] = None if _source < _target else _integer_to_integer(_target)
    for _other in ("float4", "float8"):
        _SPECIFIC[(_other, _source)] = _float_to_integer(_source)
    _SPECIFIC[("numeric", _source)] = _numeric_to_integer(_source)

_SPECIFIC[("jsonb", "bool")] = _jsonb_scalar("bool", bool)
for _target in (*INTEGERS, "float4", "float8", "numeric"):
    _SPECIFIC[("jsonb", _target)] = _jsonb_scalar(_target, Decimal)

_FROM_TEXT_ZONED: dict[str, Callable[..., Any]] = {
    name: by_name[name].parse_text for name in sorted(ZONED | {"interval"} | ZONED_ARRAYS)
}


def _to_string(source: str, target: str) -> Converter | None:
    """Conversions to the string types. A datum that is a str already needs the length rules only."""
    shown: Callable[[Any, Any], str] | None
    if source in STRINGS or source in TEXT_ONLY:
        shown = None
    elif source == "bool":
        shown = _bool_text
    elif source in STYLED or source in STYLED_ARRAYS:
        format_styled = by_name[source].format_text
        shown = lambda value, environment: format_styled(value, -1, environment.time_zone)  # noqa: E731
    else:
        format_text = by_name[source].format_text
        shown = lambda value, environment: format_text(value)  # noqa: E731
    if source == "bpchar" and target != "bpchar":
        shown = lambda value, environment: value.rstrip(" ")  # noqa: E731
    fit: Any = {"varchar": varchar_of, "bpchar": bpchar_of}.get(target)
    if source == "bool" and target == "name":
        shown = lambda value, environment: "t" if value else "f"  # noqa: E731
    if target in ("name", "char"):
        parse = by_name[target].parse_text
        fit = lambda text, modifier, *, explicit=False: parse(text)  # noqa: E731

    def convert(value: Any, modifier: int, explicit: bool, environment: Any) -> str:
        text: str = value if shown is None else shown(value, environment)
        return text if fit is None else fit(text, modifier, explicit=explicit)

    return None if shown is None and fit is None else convert


def _bool_text(value: bool, environment: Any) -> str:
    return "true" if value else "false"


def _from_string(target: str) -> Converter:
    zoned = _FROM_TEXT_ZONED.get(target)
    parse = by_name[target].parse_text
    if zoned is not None:
        return lambda value, modifier, explicit, environment: zoned(
            value, modifier, environment.time_zone, environment.transaction_timestamp
        )
    if target in BITS:
        fit = _MODIFIED[target]
        return lambda value, modifier, explicit, environment: fit(parse(value), modifier, explicit, environment)
    return lambda value, modifier, explicit, environment: parse(value, modifier)


_MODIFIED: dict[str, Converter] = {
    "numeric": lambda value, modifier, explicit, environment: apply_modifier(value, modifier),
    "varchar": lambda value, modifier, explicit, environment: varchar_of(value, modifier, explicit=explicit),
    "bpchar": lambda value, modifier, explicit, environment: bpchar_of(value, modifier, explicit=explicit),
    "time": lambda value, modifier, explicit, environment: round_fraction(value, modifier),
    "timestamp": lambda value, modifier, explicit, environment: (
        value if _infinite(value) else round_fraction(value, modifier)
    ),
    "timestamptz": lambda value, modifier, explicit, environment: (
        value if _infinite(value) else round_fraction(value, modifier)
    ),
    "interval": lambda value, modifier, explicit, environment: apply_interval_modifier(value, modifier),
    **MODIFIED,
}


@lru_cache(maxsize=1024)
def converter(source: ColumnType, target: ColumnType) -> Converter | None:
    """How a datum of `source` becomes one of `target`; the cast must exist (`context`)."""
    if source.name == target.name == "bpchar" and target.modifier < 0:
        return _padded(source.modifier)
    if source.name == target.name and not is_array(source.name):
        return None if target.modifier in (-1, source.modifier) else _MODIFIED.get(target.name)
    pair = (source.name, target.name)
    if is_array(source.name) and is_array(target.name):
        return _array_converter(source, target)
    if pair in _SPECIFIC:
        return _with_modifier(_SPECIFIC[pair], target)
    if target.name in STRINGS or target.name in TEXT_ONLY:
        if target.name == "varchar" and target.modifier < 0 and source.name in STRINGS - {"bpchar"}:
            return None
        return _to_string(source.name, target.name)
    assert source.name in STRINGS or source.name == "unknown", f"no cast from {source.name} to {target.name}"
    return _from_string(target.name)


def _padded(modifier: int) -> Converter | None:
    """char(n) as char without a length: with its blanks (types/strings.py)."""
    return (
        None if modifier < 0 else lambda value, target_modifier, explicit, environment: format_bpchar(value, modifier)
    )


def _array_converter(source: ColumnType, target: ColumnType) -> Converter | None:
    """Each element as its own type's conversion has it."""
    convert = converter(
        ColumnType(element_of(source.name), source.modifier), ColumnType(element_of(target.name), target.modifier)
    )
    if convert is None:
        return None
    return lambda value, modifier, explicit, environment: value.mapped(
        lambda item: convert(item, modifier, explicit, environment)
    )


_FITTED = frozenset({"numeric", "interval", "timetz", "bit", "varbit"})
"""Types whose specific converters look at the modifier themselves."""


def _with_modifier(convert: Converter | None, target: ColumnType) -> Converter | None:
    """date -> timestamp(3) and the like: converted, then fitted."""
    fit = _MODIFIED.get(target.name)
    if (
        target.modifier < 0
        or fit is None
        or target.name in ("numeric", "interval", "bit", "varbit", "timetz")
        or convert is None
    ):
        return convert
    return lambda value, modifier, explicit, environment: fit(
        convert(value, -1, explicit, environment), modifier, explicit, environment
    )
