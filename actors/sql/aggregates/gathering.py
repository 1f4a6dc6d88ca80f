"""any_value, array_agg and string_agg."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.sql.aggregates.registry import Overload, register
from actors.sql.expressions.array_functions import accumulated
from actors.sql.types.arrays import array_of_items, is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.strings import format_bpchar

TEXT = ColumnType("text")
STRINGS = frozenset({"text", "varchar", "bpchar", "name", "unknown"})


def _any_value(types: Sequence[ColumnType]) -> Overload | None:
    return Overload("any_value", (types[0],), types[0], lambda values: values[0]) if len(types) == 1 else None


def _string_agg(types: Sequence[ColumnType]) -> Overload | None:
    """A value's separator comes before it, where it is not the first."""
    if len(types) != 2 or not all(type_.name in STRINGS for type_ in types):
        return None

    def over(values: list[str | None], separators: list[str | None]) -> str | None:
        parts: list[str] = []
        for value, separator in zip(values, separators, strict=True):
            if value is not None:
                parts += [separator or "", value] if parts else [value]
        return "".join(parts) if parts else None

    return Overload("string_agg", (TEXT, TEXT), TEXT, over, False)


def _array_agg(types: Sequence[ColumnType]) -> Overload | None:
    if len(types) != 1:
        return None
    [type_] = types
    element = TEXT if type_.name == "unknown" else type_
    of_arrays = is_array(element.name)
    result = ColumnType(element.name if of_arrays else "_" + element.name, element.modifier)
    if not is_array(result.name):
        return None

    def over(values: list[Any]) -> Any:
        if element.name == "bpchar":
            values = [None if value is None else format_bpchar(value, element.modifier) for value in values]
        return accumulated(values) if of_arrays else array_of_items(values)

    return Overload("array_agg", (element,), result, over, False)


register("any_value", _any_value)
register("string_agg", _string_agg)
register("array_agg", _array_agg)
