"""`KeyRanges`: from conditions on an index's leading columns and a run's parameters to keys and key ranges.

    index (a, b, c),  a = $1 AND b IN (2, 3) AND c > $2
    equalities   [[$1], [2, 3]]          every combination is one prefix (at most PREFIXES_MAX of them, the planner sees
                                         to it)
    bounds       [(">", $2)]             narrow each prefix's range on the next column
    ranges(...)  [(prefix(a=.., b=2, c=..), end), (prefix(b=3) ...)], ascending, apart

An equality with ANY ($1) is one value, an array: each of its elements is an alternative.

A NULL compared with anything matches nothing; IS NULL is an equality with NULL that does (`MATCHES_NULL`). A number
that the column's integer type cannot hold equals nothing, and bounds nothing or everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.sql.encoding.keys import prefix_end
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import ArrayOf, Constant, Expression, Parameter
from actors.sql.types.arrays import Array, is_array
from actors.sql.types.column_type import ColumnType

PREFIXES_MAX = 1000
"""Combinations of IN lists that become ranges of their own; where there could be more, the later list is a filter."""
POINTS_MAX = 65_536
"""The same where each combination is one key of a unique index: they are read in batches."""

MATCHES_NULL = Constant(None, ColumnType("bool"))
"""Among an equality's values: IS NULL."""

ARRAY_ALTERNATIVES = PREFIXES_MAX
"""What an array, whose elements only the run tells, is reckoned to have."""


def is_single(values: Sequence[Expression]) -> bool:
    """An equality with one value."""
    return len(values) == 1 and not is_array(values[0].type.name)


def alternatives(values: Sequence[Expression]) -> int:
    """Of an equality: how many, as far as the planner knows."""
    if len(values) != 1 or not is_array(values[0].type.name):
        return len(values)
    [array] = values
    if isinstance(array, ArrayOf):
        return len(array.items)
    return (
        len(array.value.items) if isinstance(array, Constant) and isinstance(array.value, Array) else ARRAY_ALTERNATIVES
    )


_INTEGER_BITS = {"int2": 15, "int4": 31, "int8": 63}

KeyRange = tuple[bytes, bytes]
Bound = tuple[str, Expression]


class KeyRanges:
    """Compiled once a plan."""

    __slots__ = ("_arrays", "_bounded", "_bounds", "_counts", "_index", "_limits", "_null_tests", "_values")

    def __init__(
        self, index: StoredIndex, equalities: Sequence[Sequence[Expression]], bounds: Sequence[Bound] = ()
    ) -> None:
        self._index = index
        self._counts = tuple(len(alternatives) for alternatives in equalities)
        flat = [value for alternatives in equalities for value in alternatives]
        self._arrays = frozenset(place for place, value in enumerate(flat) if is_array(value.type.name))
        self._null_tests = frozenset(place for place, value in enumerate(flat) if value is MATCHES_NULL)
        self._bounds = tuple(operator for operator, _ in bounds)
        self._values: Callable[..., tuple[Any, ...]] = compile_tuple(tuple(flat) + tuple(value for _, value in bounds))
        self._limits = [1 << bits if (bits := _INTEGER_BITS.get(type_.name)) else 0 for type_ in index.types]
        self._bounded = len(equalities)

    def ranges(self, parameters: Sequence[Any], environment: Environment) -> list[KeyRange]:
        """Ascending and apart from each other."""
        datums = self._values((), parameters, environment)
        prefixes = self.prefixes(datums)
        if not self._bounds:
            return [(prefix, prefix_end(prefix)) for prefix in prefixes]
        bounds = datums[len(datums) - len(self._bounds) :]
        found = [self._narrow(prefix, bounds) for prefix in prefixes]
        return [pair for pair in found if pair is not None]

    def points(self, parameters: Sequence[Any], environment: Environment) -> list[bytes]:
        """The keys where every column has an equality, ascending."""
        return self.prefixes(self._values((), parameters, environment))

    def prefixes(self, datums: Sequence[Any]) -> list[bytes]:
        columns: list[list[bytes]] = []
        place = 0
        for count, encode, limit in zip(self._counts, self._index.codec.encoders, self._limits, strict=False):
            encoded = []
            for at in range(place, place + count):
                datum = datums[at]
                if datum is None:
                    if at in self._null_tests:
                        encoded.append(encode(None))
                elif at in self._arrays:
                    encoded += [encode(item) for item in datum.members if not limit or -limit <= item < limit]
                elif not limit or -limit <= datum < limit:
                    encoded.append(encode(datum))
            place += count
            columns.append(encoded)
        space = self._index.space
        if all(len(encoded) == 1 for encoded in columns):
            return [space + b"".join([encoded[0] for encoded in columns])]
        return sorted({space + b"".join(parts) for parts in product(*columns)})

    def _narrow(self, prefix: bytes, bounds: Sequence[Any]) -> KeyRange | None:
        """The part of `prefix`'s range in which the next column is within the bounds (and not NULL)."""
        at = self._bounded
        encode, limit = self._index.codec.encoders[at], self._limits[at]
        column = self._index.index.columns[at]
        null = prefix + encode(None)
        start, end = (prefix_end(null), prefix_end(prefix)) if column.nulls_first else (prefix, null)
        for operator, datum in zip(self._bounds, bounds, strict=True):
            if datum is None:
                return None
            above = operator in (">", ">=")
            if limit and not -limit <= datum < limit:
                if (datum > 0) == above:
                    return None
                continue
            key = prefix + encode(datum)
            if above != column.descending:
                start = max(start, key if operator in (">=", "<=") else prefix_end(key))
            else:
                end = min(end, prefix_end(key) if operator in (">=", "<=") else key)
        return (start, end) if start < end else None


PointKey = Callable[[Sequence[Any], Environment], "bytes | None"]


def point_key(index: StoredIndex, values: Sequence[Expression]) -> PointKey:
    """`key(parameters, environment)` for one equality on every column of `index`; None where it matches nothing. The
    point read's hot path."""
    space, encoders = index.space, index.codec.encoders
    limits = [1 << bits if (bits := _INTEGER_BITS.get(type_.name)) else 0 for type_ in index.types]
    if len(values) == 1 and isinstance(values[0], Parameter):
        number, encode, limit = values[0].number - 1, encoders[0], limits[0]
        if limit:

            def key_of_integer(parameters: Sequence[Any], environment: Environment) -> bytes | None:
                datum = parameters[number]
                return space + encode(datum) if datum is not None and -limit <= datum < limit else None

            return key_of_integer

        def key_of_parameter(parameters: Sequence[Any], environment: Environment) -> bytes | None:
            datum = parameters[number]
            return None if datum is None else space + encode(datum)

        return key_of_parameter
    compiled = compile_tuple(tuple(values))

    def key(parameters: Sequence[Any], environment: Environment) -> bytes | None:
        parts = [space]
        for datum, encode, limit in zip(compiled((), parameters, environment), encoders, limits, strict=True):
            if datum is None or (limit and not -limit <= datum < limit):
                return None
            parts.append(encode(datum))
        return b"".join(parts)

    return key
