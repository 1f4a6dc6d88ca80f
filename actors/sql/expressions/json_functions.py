"""Looking into json and jsonb: -> ->> #> #>> @> <@ ? ?| ?&, comparisons of jsonb, and functions of one value.

A json answers with parts of its own text, as it was written; a jsonb with a jsonb (types/json_values.py). `members` and
`items` are their objects and arrays as rows, for the column executor's sets (column_executor/json_sets.py) too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.expressions.registry import register
from actors.sql.types.arrays import Array, array_of_items
from actors.sql.types.json_lexer import fault
from actors.sql.types.json_values import order_key, parse, parse_json, quoted, scalar_text, write
from actors.sql.types.strings import from_utf8

_blank = re.compile(r"[ \t\n\r]*").match
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_float=str, parse_int=str).scan_once  # type: ignore[attr-defined]
_INTEGER = re.compile(r"\s*[+-]?\d+", re.ASCII)
INT4_MIN, INT4_MAX = -(2**31), 2**31 - 1


def _beyond_blanks(text: str, place: int) -> int:
    return _blank(text, place).end()  # type: ignore[union-attr]


# -- parts of a json's text --------------------------------------------------------------------------------------------


def json_members(text: str) -> Iterator[tuple[str, str]]:
    """(key, the value's text) of a json object, equal keys too."""
    place = _beyond_blanks(text, _beyond_blanks(text, 0) + 1)
    while text[place] != "}":
        key, place = scanstring(text, place + 1, True)
        start = _beyond_blanks(text, _beyond_blanks(text, place) + 1)
        _, end = _scan(text, start)
        yield key, text[start:end]
        place = _beyond_blanks(text, end)
        if text[place] == ",":
            place = _beyond_blanks(text, place + 1)


def json_items(text: str) -> Iterator[str]:
    """The items' texts of a json array."""
    place = _beyond_blanks(text, _beyond_blanks(text, 0) + 1)
    while text[place] != "]":
        _, end = _scan(text, place)
        yield text[place:end]
        place = _beyond_blanks(text, end)
        if text[place] == ",":
            place = _beyond_blanks(text, place + 1)


def kind_of(text: str) -> str:
    """The first character that is not blank says what a json or jsonb is: { [ " t f n, or one of a number's."""
    return text[_beyond_blanks(text, 0)]


def json_field(text: str, name: str) -> str | None:
    if kind_of(text) != "{":
        return None
    found = None
    for key, value in json_members(text):
        if key == name:
            found = value
    return found


def json_item(text: str, index: int) -> str | None:
    if kind_of(text) != "[":
        return None
    items = list(json_items(text))
    return items[index] if -len(items) <= index < len(items) else None


def json_text(value: str | None) -> str | None:
    """As ->> shows it: a string without its quotes, null as NULL."""
    if value is None:
        return None
    kind = kind_of(value)
    if kind == '"':
        unescaped: str = scanstring(value, value.index('"') + 1, True)[0]
        if "\\u" in value and (error := fault(value, True)) is not None:
            raise error
        return unescaped
    return None if kind == "n" else value


def _index(step: str) -> int | None:
    """A path's step into an array."""
    if _INTEGER.fullmatch(step) is None:
        return None
    number = int(step)
    return number if INT4_MIN <= number <= INT4_MAX else None


def json_at_path(text: str, path: Array) -> str | None:
    value: str | None = text
    for step in path.items:
        if value is None or step is None:
            return None
        if kind_of(value) == "[":
            index = _index(step)
            value = None if index is None else json_item(value, index)
        else:
            value = json_field(value, step)
    return value if value is None or path.items else value.strip(" \t\n\r")


# -- parts of a jsonb --------------------------------------------------------------------------------------------------

MISSING = object()


def field(value: Any, name: str) -> Any:
    return value.get(name, MISSING) if type(value) is dict else MISSING


def item(value: Any, index: int) -> Any:
    return value[index] if type(value) is list and -len(value) <= index < len(value) else MISSING


def item_of_document(document: Any, index: int) -> Any:
    """Of a whole jsonb: PostgreSQL keeps one that is a scalar as an array of it alone, and -> finds it there."""
    return item(document if type(document) in (list, dict) else [document], index)


def at_path(value: Any, path: Array) -> Any:
    for step in path.items:
        if step is None:
            return MISSING
        if type(value) is list:
            index = _index(step)
            value = MISSING if index is None else item(value, index)
        else:
            value = field(value, step)
        if value is MISSING:
            return MISSING
    return value


def as_jsonb(value: Any) -> str | None:
    return None if value is MISSING else write(value)


def as_text(value: Any) -> str | None:
    """As ->> shows it."""
    if value is MISSING or value is None:
        return None
    return value if type(value) is str else write(value)


# -- containment and existence -----------------------------------------------------------------------------------------


def _same_scalar(one: Any, other: Any) -> bool:
    if type(one) is bool or type(other) is bool:
        return one is other
    return bool(one == other)


def _is_container(value: Any) -> bool:
    return type(value) is dict or type(value) is list


def _within(whole: Any, part: Any) -> bool:
    """jsonb_util.c's JsonbDeepContains."""
    if type(whole) is not type(part):
        if _is_container(whole) or _is_container(part):
            return False
        return _same_scalar(whole, part)
    if type(part) is dict:
        return all(key in whole and _within(whole[key], value) for key, value in part.items())
    if type(part) is list:
        return all(_has_item(whole, value) for value in part)
    return _same_scalar(whole, part)


def _has_item(items: list[Any], wanted: Any) -> bool:
    if _is_container(wanted):
        return any(type(has) is type(wanted) and _within(has, wanted) for has in items)
    return any(not _is_container(has) and _same_scalar(has, wanted) for has in items)


def contains(one: str, other: str) -> bool:
    whole, part = parse(one), parse(other)
    if type(whole) is list and not _is_container(part):
        return _has_item(whole, part)
    return _within(whole, part)


def exists(datum: str, name: str) -> bool:
    value = parse(datum)
    if type(value) is dict:
        return name in value
    return (
        (name in [has for has in value if type(has) is str])
        if type(value) is list
        else type(value) is str and value == name
    )


def _exists_any(datum: str, names: Array) -> bool:
    return any(name is not None and exists(datum, name) for name in names.items)


def _exists_all(datum: str, names: Array) -> bool:
    return all(name is None or exists(datum, name) for name in names.items)


# -- what it is --------------------------------------------------------------------------------------------------------

_TYPES = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}


def type_of(text: str) -> str:
    return _TYPES.get(kind_of(text), "number")


def array_length(text: str) -> int:
    kind = kind_of(text)
    if kind != "[":
        what = "a non-array" if kind == "{" else "a scalar"
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"cannot get array length of {what}")
    return len(_scan(text, _beyond_blanks(text, 0))[0])


def is_json(text: str | bytes | None, kind: str, unique: bool) -> bool | None:
    """IS JSON [VALUE | ARRAY | OBJECT | SCALAR] [WITH UNIQUE KEYS]."""
    if text is None:
        return None
    try:
        shown = parse_json(from_utf8(text) if isinstance(text, bytes) else text)
    except DatabaseError:
        return False
    found = {"{": "object", "[": "array"}.get(kind_of(shown), "scalar")
    if kind not in ("value", found):
        return False
    return not unique or _has_unique_keys(shown)


class _EqualKeys(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        raise _EqualKeys
    return known


_scan_unique = json.JSONDecoder(parse_float=str, parse_int=str, object_pairs_hook=_unique).decode


def _has_unique_keys(text: str) -> bool:
    try:
        _scan_unique(text)
    except _EqualKeys:
        return False
    return True


# -- shapes of output --------------------------------------------------------------------------------------------------


def pretty(datum: str) -> str:
    """jsonb_pretty: four blanks a level."""
    return _pretty(parse(datum), "\n")


def _pretty(value: Any, line: str) -> str:
    inner = line + "    "
    if type(value) is dict:
        items = [f"{quoted(key)}: {_pretty(part, inner)}" for key, part in value.items()]
        return "{" + ",".join(inner + shown for shown in items) + line + "}"
    if type(value) is list:
        return "[" + ",".join(inner + _pretty(part, inner) for part in value) + line + "]"
    return quoted(value) if type(value) is str else scalar_text(value)


def _without_nulls(value: Any, in_arrays: bool) -> Any:
    if type(value) is dict:
        return {key: _without_nulls(part, in_arrays) for key, part in value.items() if part is not None}
    if type(value) is list:
        return [_without_nulls(part, in_arrays) for part in value if part is not None or not in_arrays]
    return value


def strip_json_nulls(text: str, in_arrays: bool = False) -> str:
    """json_strip_nulls: without blanks between tokens, numbers as they were written."""
    kind = kind_of(text)
    if kind == "{":
        pairs = [
            f"{quoted(key)}:{strip_json_nulls(value, in_arrays)}"
            for key, value in json_members(text)
            if value != "null"
        ]
        return "{" + ",".join(pairs) + "}"
    if kind == "[":
        return (
            "["
            + ",".join(
                strip_json_nulls(value, in_arrays) for value in json_items(text) if value != "null" or not in_arrays
            )
            + "]"
        )
    bare = text.strip(" \t\n\r")
    return quoted(scanstring(bare, 1, True)[0]) if kind == '"' else bare


def _refused(*_: Any) -> Any:
    raise DatabaseError(FEATURE_NOT_SUPPORTED, "SQL/JSON path expressions are not supported")


def _register_lookups() -> None:
    register("->", "json text", "json", json_field)
    register("->", "json int4", "json", json_item)
    register("->>", "json text", "text", lambda text, name: json_text(json_field(text, name)))
    register("->>", "json int4", "text", lambda text, index: json_text(json_item(text, index)))
    register("->", "jsonb text", "jsonb", lambda datum, name: as_jsonb(field(parse(datum), name)))
    register("->", "jsonb int4", "jsonb", lambda datum, index: as_jsonb(item_of_document(parse(datum), index)))
    register("->>", "jsonb text", "text", lambda datum, name: as_text(field(parse(datum), name)))
    register("->>", "jsonb int4", "text", lambda datum, index: as_text(item_of_document(parse(datum), index)))
    register("#>", "json _text", "json", json_at_path)
    register("#>>", "json _text", "text", lambda text, path: json_text(json_at_path(text, path)))
    register("#>", "jsonb _text", "jsonb", lambda datum, path: as_jsonb(at_path(parse(datum), path)))
    register("#>>", "jsonb _text", "text", lambda datum, path: as_text(at_path(parse(datum), path)))
    register(
        "json_extract_path",
        "json text",
        "json",
        lambda text, *path: json_at_path(text, array_of_items(path)),
        variadic=True,
    )
    register(
        "json_extract_path_text",
        "json text",
        "text",
        lambda text, *path: json_text(json_at_path(text, array_of_items(path))),
        variadic=True,
    )
    register(
        "jsonb_extract_path",
        "jsonb text",
        "jsonb",
        lambda datum, *path: as_jsonb(at_path(parse(datum), array_of_items(path))),
        variadic=True,
    )
    register(
        "jsonb_extract_path_text",
        "jsonb text",
        "text",
        lambda datum, *path: as_text(at_path(parse(datum), array_of_items(path))),
        variadic=True,
    )


def _register_comparisons() -> None:
    register("@>", "jsonb jsonb", "bool", contains)
    register("<@", "jsonb jsonb", "bool", lambda part, whole: contains(whole, part))
    register("?", "jsonb text", "bool", exists)
    register("?|", "jsonb _text", "bool", _exists_any)
    register("?&", "jsonb _text", "bool", _exists_all)
    register("=", "jsonb jsonb", "bool", lambda one, other: one == other or order_key(one) == order_key(other))
    register("<>", "jsonb jsonb", "bool", lambda one, other: one != other and order_key(one) != order_key(other))
    register("<", "jsonb jsonb", "bool", lambda one, other: order_key(one) < order_key(other))
    register("<=", "jsonb jsonb", "bool", lambda one, other: order_key(one) <= order_key(other))
    register(">", "jsonb jsonb", "bool", lambda one, other: order_key(one) > order_key(other))
    register(">=", "jsonb jsonb", "bool", lambda one, other: order_key(one) >= order_key(other))


def _register_functions() -> None:
    for name in ("json", "jsonb"):
        register(f"{name}_typeof", name, "text", type_of)
        register(f"{name}_array_length", name, "int4", array_length)
    register("jsonb_pretty", "jsonb", "text", pretty)
    register("json_strip_nulls", "json", "json", strip_json_nulls)
    register("json_strip_nulls", "json bool", "json", strip_json_nulls)
    register("jsonb_strip_nulls", "jsonb", "jsonb", lambda datum: write(_without_nulls(parse(datum), False)))
    register(
        "jsonb_strip_nulls", "jsonb bool", "jsonb", lambda datum, arrays: write(_without_nulls(parse(datum), arrays))
    )
    for name in ("text", "bytea", "json", "jsonb"):
        register("is_json", f"{name} text bool", "bool", is_json, strict=False)


def _register_refused() -> None:
    for name in ("@?", "@@"):
        register(name, "jsonb text", "bool", _refused)
    for name in ("exists", "match"):
        for timed in ("", "_tz"):
            register(f"jsonb_path_{name}{timed}", "jsonb text", "bool", _refused)
            register(f"jsonb_path_{name}{timed}", "jsonb text jsonb", "bool", _refused)
    for name in ("query_array", "query_first", "query"):
        for timed in ("", "_tz"):
            register(f"jsonb_path_{name}{timed}", "jsonb text", "jsonb", _refused)
            register(f"jsonb_path_{name}{timed}", "jsonb text jsonb", "jsonb", _refused)


_register_lookups()
_register_comparisons()
_register_functions()
_register_refused()
