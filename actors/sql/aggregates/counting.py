"""count, bool_and, bool_or, every, and bit_and, bit_or, bit_xor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_, xor
from typing import Any

from actors.sql.aggregates.registry import Overload, Resolve, register
from actors.sql.expressions.bit_functions import combined
from actors.sql.types.column_type import ColumnType

BOOL, INT8 = ColumnType("bool"), ColumnType("int8")
INTEGERS = frozenset({"int2", "int4", "int8"})
COUNT_ROWS = Overload("count", (), INT8, None, True, 0)
"""count(*)"""


def _count(types: Sequence[ColumnType]) -> Overload | None:
    return Overload("count", tuple(types), INT8, len, True, 0) if len(types) == 1 else None


def _of_booleans(name: str, over: Callable[[list[bool]], bool]) -> Resolve:
    def resolve(types: Sequence[ColumnType]) -> Overload | None:
        return Overload(name, (BOOL,), BOOL, over) if len(types) == 1 and types[0].name in ("bool", "unknown") else None

    return resolve


def _of_bits(name: str, combine: Callable[[Any, Any], Any]) -> Resolve:
    def over(values: list[int]) -> int:
        return reduce(combine, values)

    word = name.removeprefix("bit_").upper()

    def over_strings(values: list[str]) -> str:
        return reduce(combined(word, combine), values)

    def resolve(types: Sequence[ColumnType]) -> Overload | None:
        if len(types) != 1 or types[0].name not in INTEGERS | {"bit"}:
            return None
        if types[0].name == "bit":
            return Overload(name, (types[0],), ColumnType("bit"), over_strings)
        return Overload(name, (types[0],), types[0], over)

    return resolve


register("count", _count)
register("bool_and", _of_booleans("bool_and", all))
register("bool_or", _of_booleans("bool_or", any))
register("every", _of_booleans("every", all))
register("bit_and", _of_bits("bit_and", and_))
register("bit_or", _of_bits("bit_or", or_))
register("bit_xor", _of_bits("bit_xor", xor))
