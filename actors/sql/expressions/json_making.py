"""Making json and jsonb of SQL's values: to_json, to_jsonb, json_build_object and its like, json_object, and what rows
and aggregates become.

    to_json(1.50) = 1.50          numbers as they are shown, NaN and infinities as strings
    to_json(timestamp ...)        "2024-01-31T10:00:00", whatever the session's DateStyle
    to_json('{1,NULL}'::int[])    [1,null]

There is an overload for each type. The binding has every value among the arguments of a maker (MAKERS) turned by
`to_json` or `to_jsonb` first, so that the makers know texts only; NULL stands for null there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from actors.common.errors import INVALID_PARAMETER_VALUE, NULL_VALUE_NOT_ALLOWED, DatabaseError
from actors.sql.expressions.casts import STYLED, ZONED
from actors.sql.expressions.json_functions import json_members
from actors.sql.expressions.registry import IMMUTABLE, STABLE, register
from actors.sql.types import ALL_TYPES, Type
from actors.sql.types.arrays import Array, element_of, is_array
from actors.sql.types.calendar import SECOND_US, format_offset, offset_seconds
from actors.sql.types.datetimes import format_date, format_timestamp
from actors.sql.types.json_values import JSON_TYPES, check_depth, parse_jsonb, quoted
from actors.sql.types.styles import StyledZone

MAKERS = frozenset({"json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array"})
NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
UNMADE = frozenset({"unknown", "void", "record"})
HINT_PAIRS = "The arguments of {}() must consist of alternating keys and values."

Writer = Callable[[Any, Any], str]
"""`(datum, environment) -> the text of a JSON value`."""


def _plain_zone(environment: Any) -> Any:
    zone = environment.time_zone
    return zone.zone if zone.__class__ is StyledZone else zone


def _timestamp(datum: int) -> str:
    return format_timestamp(datum).replace(" ", "T", 1)


def _timestamptz(datum: int, environment: Any) -> str:
    shown = format_timestamp(datum)
    if shown[-1] == "y":  # infinity
        return quoted(shown)
    offset = offset_seconds(datum, _plain_zone(environment))
    sign = format_offset(offset)
    local, _, era = _timestamp(datum + offset * SECOND_US).partition(" ")
    return quoted(local + (sign if ":" in sign else sign + ":00") + (f" {era}" if era else ""))


def _number(shown: str) -> str:
    return shown if _NUMBER.fullmatch(shown) is not None else quoted(shown)


def writer(type_: Type) -> Writer:
    """What shows a datum of the type in a JSON value."""
    name, shown = type_.name, type_.format_text
    if name in JSON_TYPES:
        return lambda datum, environment: datum
    if name == "bool":
        return lambda datum, environment: "true" if datum else "false"
    if name in ("int2", "int4", "int8"):
        return lambda datum, environment: str(datum)
    if name == "numeric":
        return lambda datum, environment: _number(shown(datum))
    if name in NUMBERS:
        return lambda datum, environment: _number(shown(datum, -1, environment.time_zone))
    if name == "date":
        return lambda datum, environment: quoted(format_date(datum))
    if name == "timestamp":
        return lambda datum, environment: quoted(_timestamp(datum))
    if name == "timestamptz":
        return _timestamptz
    if is_array(name):
        item = writer(_TYPES[element_of(name)])
        return lambda datum, environment: _array(datum, item, environment)
    if name in STYLED:
        return lambda datum, environment: quoted(shown(datum, -1, environment.time_zone))
    return lambda datum, environment: quoted(shown(datum, -1))


def _array(array: Array, item: Writer, environment: Any) -> str:
    texts = ["null" if datum is None else item(datum, environment) for datum in array.items]
    return _nested(texts, array.lengths) if array.lengths else "[]"


def _nested(texts: Sequence[str], lengths: Sequence[int]) -> str:
    if len(lengths) > 1:
        width = len(texts) // lengths[0]
        texts = [_nested(texts[start : start + width], lengths[1:]) for start in range(0, len(texts), width)]
    return "[" + ",".join(texts) + "]"


_TYPES = {type_.name: type_ for type_ in ALL_TYPES}


def _register_type(type_: Type) -> None:
    write = writer(type_)
    element = element_of(type_.name) if is_array(type_.name) else type_.name
    volatility = STABLE if element in STYLED or element in ZONED else IMMUTABLE

    def to_json(environment: Any, datum: Any) -> str:
        return write(datum, environment)

    def to_jsonb(environment: Any, datum: Any) -> str:
        return parse_jsonb(write(datum, environment))

    register("to_json", type_.name, "json", to_json, volatility=volatility, environment=True)
    if type_.name == "jsonb":
        register("to_jsonb", "jsonb", "jsonb", template="{0}")
    else:
        register("to_jsonb", type_.name, "jsonb", to_jsonb, volatility=volatility, environment=True)


# -- objects and arrays of arguments -----------------------------------------------------------------------------------


def check_even(name: str, count: int) -> None:
    if count % 2:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, "argument list must have even number of elements", hint=HINT_PAIRS.format(name)
        )


def pairs_of(name: str, values: Sequence[str | None]) -> list[tuple[str, str]]:
    """(key, the value's JSON). Raises 22023 for an odd number, 22004 for a key that is NULL."""
    check_even(name, len(values))
    pairs = []
    for place in range(0, len(values), 2):
        key, value = values[place], values[place + 1]
        if key is None:
            if name.startswith("jsonb"):
                raise DatabaseError(INVALID_PARAMETER_VALUE, f"argument {place + 1}: key must not be null")
            raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
        pairs.append((key, "null" if value is None else value))
    return pairs


def _build_object(*values: str | None) -> str:
    return check_depth(
        "{" + ", ".join(f"{quoted(key)} : {value}" for key, value in pairs_of("json_build_object", values)) + "}"
    )


def _build_jsonb_object(*values: str | None) -> str:
    return jsonb_of_pairs(pairs_of("jsonb_build_object", values))


def jsonb_of_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return parse_jsonb("{" + ",".join(f"{quoted(key)}:{value}" for key, value in pairs) + "}")


def _build_array(*values: str | None) -> str:
    return check_depth("[" + ", ".join("null" if value is None else value for value in values) + "]")


def _build_jsonb_array(*values: str | None) -> str:
    return parse_jsonb(_build_array(*values))


def row_json(*values: str | None) -> str:
    """A row's names and values, as to_json of a record shows them."""
    return check_depth(
        "{" + ",".join(f"{quoted(key)}:{value}" for key, value in pairs_of("json_build_object", values)) + "}"
    )


def row_pretty(value: str) -> str:
    """row_to_json(record, true): a line for each column."""
    return "{" + ",\n ".join(f"{quoted(key)}:{part}" for key, part in json_members(value)) + "}"


# -- json_object(text[]) -----------------------------------------------------------------------------------------------


def _text_pairs(array: Array) -> list[tuple[str | None, str | None]]:
    if not array.lengths:
        return []
    if len(array.lengths) == 1:
        if array.lengths[0] % 2:
            raise DatabaseError("2202E", "array must have even number of elements")
    elif len(array.lengths) > 2:
        raise DatabaseError("2202E", "wrong number of array subscripts")
    elif array.lengths[1] != 2:
        raise DatabaseError("2202E", "array must have two columns")
    return list(zip(array.items[::2], array.items[1::2], strict=True))


def _two_arrays(keys: Array, values: Array) -> list[tuple[str | None, str | None]]:
    if len(keys.lengths) > 1 or len(keys.lengths) != len(values.lengths):
        raise DatabaseError("2202E", "wrong number of array subscripts")
    if keys.lengths != values.lengths:
        raise DatabaseError("2202E", "mismatched array dimensions")
    return list(zip(keys.items, values.items, strict=True))


def _object_of_texts(pairs: Sequence[tuple[str | None, str | None]], separator: str) -> str:
    if any(key is None for key, _ in pairs):
        raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
    shown = (f"{quoted(key or '')}{separator}{'null' if value is None else quoted(value)}" for key, value in pairs)
    return "{" + ", ".join(shown) + "}"


# -- aggregates: what stands in one for all the values -----------------------------------------------------------------


def aggregated_array(values: Sequence[str | None], separator: str) -> str:
    """json_agg: of values' JSON. The separator of rows and arrays has a line's end, that before a NULL never has."""
    parts: list[str] = []
    for value in values:
        parts += (", " if value is None else separator) if parts else "", "null" if value is None else value
    return check_depth(f"[{''.join(parts)}]")


def aggregated_object(pairs: Sequence[tuple[str | None, str | None]], strict: bool, kind: str) -> str:
    """json_object_agg; a strict one leaves NULLs out. Raises 22004, 22023."""
    if any(key is None for key, _ in pairs):
        if kind == "jsonb":
            raise DatabaseError(INVALID_PARAMETER_VALUE, "field name must not be null")
        raise DatabaseError(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
    shown = (
        f"{quoted(key or '')} : {'null' if value is None else value}"
        for key, value in pairs
        if value is not None or not strict
    )
    return check_depth("{ " + ", ".join(shown) + " }")


def _register() -> None:
    for type_ in ALL_TYPES:
        if type_.name not in UNMADE:
            _register_type(type_)
    for name, made in (
        ("json_build_object", _build_object),
        ("jsonb_build_object", _build_jsonb_object),
        ("json_build_array", _build_array),
        ("jsonb_build_array", _build_jsonb_array),
    ):
        result = name.partition("_")[0]
        register(name, "", result, made, strict=False)
        register(name, "any", result, made, strict=False, variadic=True)
    register(ROW_MAKER, "any", "json", row_json, strict=False, variadic=True)
    register(ROW_PRETTY, "json", "json", row_pretty)
    register("json_object", "_text", "json", lambda array: _object_of_texts(_text_pairs(array), " : "))
    register(
        "json_object", "_text _text", "json", lambda keys, values: _object_of_texts(_two_arrays(keys, values), " : ")
    )
    register("jsonb_object", "_text", "jsonb", lambda array: parse_jsonb(_object_of_texts(_text_pairs(array), ":")))
    register(
        "jsonb_object",
        "_text _text",
        "jsonb",
        lambda keys, values: parse_jsonb(_object_of_texts(_two_arrays(keys, values), ":")),
    )


ROW_MAKER = " row_json"
ROW_PRETTY = " row_pretty"
"""What the column executor writes for a row; no client's name begins with a blank unless it is quoted."""

_register()
