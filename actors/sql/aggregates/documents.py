"""json_agg, json_object_agg and their jsonb kin. The binding has made the values JSON (binding/json.py); NULL stands
for null.

json_agg         [1, 2]; rows and arrays stand on lines of their own
..._strict       NULLs are left out          ..._unique       two equal keys are an error
"""

from __future__ import annotations

from collections.abc import Sequence

from actors.common.errors import DatabaseError
from actors.sql.aggregates.registry import Over, Overload, Resolve, register
from actors.sql.expressions.json_making import aggregated_array, aggregated_object
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import parse_jsonb

TEXT = ColumnType("text")
SEPARATOR, LINES = ", ", ", \n "
DUPLICATE_KEY = "22030"
ARRAYS = frozenset({"json_agg", "jsonb_agg", "json_agg_strict", "jsonb_agg_strict"})
OBJECTS = frozenset(
    f"{kind}_object_agg{rest}" for kind in ("json", "jsonb") for rest in ("", "_strict", "_unique", "_unique_strict")
)
LINED = "_lines"
"""Behind the name of an overload whose items stand on lines of their own."""


def array_overload(name: str, lines: bool = False) -> Overload:
    kind = ColumnType(name.partition("_")[0])
    strict = name.endswith("_strict")
    separator = LINES if lines and kind.name == "json" else SEPARATOR

    def over(values: Sequence[str | None]) -> str:
        kept = [value for value in values if value is not None] if strict else values
        made = aggregated_array(kept, separator)
        return parse_jsonb(made) if kind.name == "jsonb" else made

    return Overload(name + (LINED if separator == LINES else ""), (kind,), kind, over, False)


def _object_over(name: str, kind: ColumnType) -> Over:
    strict, unique = name.endswith("_strict"), "_unique" in name

    def over(keys: Sequence[str | None], values: Sequence[str | None]) -> str:
        pairs = list(zip(keys, values, strict=True))
        if unique:
            seen: set[str | None] = set()
            for key, value in pairs:
                if key in seen and (value is not None or not strict):
                    shown = f': "{key}"' if kind.name == "json" else ""
                    raise DatabaseError(DUPLICATE_KEY, f"duplicate JSON object key value{shown}")
                seen.add(key)
        made = aggregated_object(pairs, strict, kind.name)
        return parse_jsonb(made) if kind.name == "jsonb" else made

    return over


def _array(name: str) -> Resolve:
    overload = array_overload(name)
    return lambda types: overload if len(types) == 1 else None


def _object(name: str) -> Resolve:
    kind = ColumnType(name.partition("_")[0])
    overload = Overload(name, (TEXT, kind), kind, _object_over(name, kind), False)
    return lambda types: overload if len(types) == 2 else None


for _name in sorted(ARRAYS):
    register(_name, _array(_name))
for _name in sorted(OBJECTS):
    register(_name, _object(_name))
