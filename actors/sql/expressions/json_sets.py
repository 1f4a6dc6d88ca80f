"""JSON as rows: json_array_elements, json_object_keys, json_each, and the fields of json_to_record's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.expressions.json_functions import as_text, json_items, json_members, json_text, kind_of
from actors.sql.expressions.registry import register
from actors.sql.expressions.text_formats import record_text
from actors.sql.types.json_values import parse, write

_ARRAY = "["


def _invalid(message: str) -> DatabaseError:
    return DatabaseError(INVALID_PARAMETER_VALUE, message)


def rows_of(function: str, text: str) -> Sequence[Any]:
    """The rows of a function by its name; `json_each.key` and `json_each.value` are one column of json_each's."""
    name, _, field = function.partition(".")
    if name.endswith("_object_keys"):
        return keys(name, text)
    if "_array_elements" in name:
        return elements(name, text)
    found = pairs(name, text)
    return [pair[field == "value"] for pair in found] if field else [record_text(*pair) for pair in found]


def elements(function: str, text: str) -> list[str | None]:
    kind = kind_of(text)
    if kind != _ARRAY:
        if function.startswith("jsonb"):
            raise _invalid(f"cannot extract elements from {'an object' if kind == '{' else 'a scalar'}")
        raise _invalid(f"cannot call {function} on {'a non-array' if kind == '{' else 'a scalar'}")
    if function.startswith("jsonb"):
        shown = as_text if function.endswith("_text") else write
        return [shown(item) for item in parse(text)]
    return [json_text(item) if function.endswith("_text") else item for item in json_items(text)]


def keys(function: str, text: str) -> list[str]:
    kind = kind_of(text)
    if kind != "{":
        raise _invalid(f"cannot call {function} on {'an array' if kind == _ARRAY else 'a scalar'}")
    return list(parse(text)) if function.startswith("jsonb") else [key for key, _ in json_members(text)]


def pairs(function: str, text: str) -> list[tuple[str, str | None]]:
    kind = kind_of(text)
    if kind != "{":
        if function.startswith("jsonb"):
            raise _invalid(f"cannot call {function} on a non-object")
        raise _invalid("cannot deconstruct an array as an object" if kind == _ARRAY else "cannot deconstruct a scalar")
    if function.startswith("jsonb"):
        shown = as_text if function.endswith("_text") else write
        return [(key, shown(value)) for key, value in parse(text).items()]
    return [(key, json_text(value) if function.endswith("_text") else value) for key, value in json_members(text)]


def record_field(text: str, name: str, kind: str, function: str) -> str | None:
    """A column of json_to_record's row as the text that its type reads; `kind`: json, array or text. Raises 22023."""
    found = kind_of(text)
    if found != "{":
        if function.endswith("set"):
            raise _invalid(f"argument of {function} must be an array of objects")
        raise _invalid(f"cannot call {function} on {'an array' if found == _ARRAY else 'a scalar'}")
    value = dict(json_members(text)).get(name)
    if value is None or (kind != "json" and kind_of(value) == "n"):
        return None
    if kind == "array" and kind_of(value) == _ARRAY:
        return _array_literal(value)
    return value if kind == "json" else json_text(value)


def _array_literal(text: str) -> str:
    items = []
    for part in json_items(text):
        if kind_of(part) == _ARRAY:
            items.append(_array_literal(part))
            continue
        shown = json_text(part)
        items.append("NULL" if shown is None else '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return "{" + ",".join(items) + "}"


RECORD_FIELD = " json_record_field"
"""What the binding writes for a column of json_to_record; no client's name begins with a blank unless it is quoted."""
for _type in ("json", "jsonb"):
    register(RECORD_FIELD, f"{_type} text text text", "text", record_field)
