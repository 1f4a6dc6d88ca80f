"""Partial aggregates: count, sum, min, max, over rows (lists of datums) and over Arrow columns, grouped or not.

An accumulator takes non-null datums in bulk (`add`) or a typed column (`add_array`) and gives its partial result as a
datum of `result_type`. The query processor combines partial results of many answers and shards; so nothing here depends
on the order of rows.

Equality and order are PostgreSQL's: NaN is one value above all others, an interval is compared by its length (a month
has 30 days, a day 24 hours). Sums are exact (numeric keeps its scale; bigint sums travel as numeric text), except of
floats.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import FEATURE_NOT_SUPPORTED, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.encoding.arrow_types import DECIMAL_DIGITS_MAX, arrow_type, from_arrow
from actors.sql.types.base import ORDERED_BYTES
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import precision_and_scale

_EXACT = decimal.Context(prec=200_000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])
"""A numeric has at most 147455 digits; sums get a few more."""
_INT64_MAX = 2**63 - 1
_SAFE_FLOAT = 1e300
"""A sum that cannot reach the end of float8's range on its way."""
_NAN = float("nan")
_DECIMAL_NAN = Decimal("NaN")
_DAY_US = 86_400_000_000

INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})


class NotVectorized(Exception):
    """This block's values need the row-wise way (a NaN, a sum that may overflow)."""


class Accumulator(Protocol):
    result_type: ColumnType

    def add(self, datums: Sequence[Any]) -> None:
        """Non-null datums."""

    def add_array(self, array: pa.Array) -> None:
        """A typed column, nulls included. Raises NotVectorized, having added nothing."""

    def check(self, array: pa.Array) -> None:
        """Raises NotVectorized where Arrow's aggregate of this column, or of any part of it, would not be
        PostgreSQL's."""

    def add_partial(self, datum: Any) -> None:
        """A partial result that Arrow has computed for a group, not null."""

    def merge(self, other: Any) -> None:
        """Add what another accumulator of the same kind has collected."""

    def result(self) -> Any: ...


def interval_length(datum: tuple[int, int, int]) -> int:
    return (datum[0] * 30 + datum[1]) * _DAY_US + datum[2]


def _float_order(datum: float) -> tuple[bool, float]:
    return (True, 0.0) if datum != datum else (False, datum)


def _numeric_order(datum: Decimal) -> tuple[bool, Decimal]:
    return (True, Decimal(0)) if datum.is_nan() else (False, datum)


_ORDER: dict[str, Callable[[Any], Any]] = {
    "float4": _float_order,
    "float8": _float_order,
    "numeric": _numeric_order,
    "interval": interval_length,
}


def group_identity(type: ColumnType) -> Callable[[Any], Any] | None:
    """Maps non-null datums so that equal ones (by GROUP BY) become equal dict keys; None: they are as they are."""
    if type.name in FLOATS:
        return lambda datum: _NAN if datum != datum else datum
    if type.name == "numeric":
        return lambda datum: _DECIMAL_NAN if datum.is_nan() else datum
    return interval_length if type.name == "interval" else None


class Count:
    result_type = ColumnType("int8")

    def __init__(self) -> None:
        self.count = 0

    def add(self, datums: Sequence[Any]) -> None:
        self.count += len(datums)

    def add_array(self, array: pa.Array) -> None:
        self.count += len(array) - array.null_count

    def check(self, array: pa.Array) -> None:
        """Counting is counting."""

    def add_partial(self, datum: int) -> None:
        self.count += datum

    def merge(self, other: Count) -> None:
        self.count += other.count

    def result(self) -> int:
        return self.count


class IntegerSum:
    """`wide`: of int8, whose sum is a numeric; else a bigint. `wide` results travel as text."""

    def __init__(self, wide: bool) -> None:
        self.result_type = ColumnType("numeric" if wide else "int8")
        self._wide = wide
        self._sum: int | None = None

    def add(self, datums: Sequence[Any]) -> None:
        if datums:
            self._sum = (self._sum or 0) + sum(datums)

    def add_array(self, array: pa.Array) -> None:
        self.check(array)
        total = pc.sum(array).as_py()
        if total is not None:
            self.add([total])

    def check(self, array: pa.Array) -> None:
        bounds = pc.min_max(array).as_py()
        if bounds["max"] is not None and max(abs(bounds["min"]), abs(bounds["max"])) * len(array) > _INT64_MAX:
            raise NotVectorized

    def add_partial(self, datum: int) -> None:
        self.add([datum])

    def merge(self, other: IntegerSum) -> None:
        if other._sum is not None:
            self.add([other._sum])

    def result(self) -> Any:
        if self._sum is None:
            return None
        if self._wide:
            return Decimal(self._sum)
        if not -_INT64_MAX - 1 <= self._sum <= _INT64_MAX:
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
        return self._sum


class NumericSum:
    """`type`: of the column, whose values have no more digits than it says."""

    result_type = ColumnType("numeric")

    def __init__(self, type: ColumnType) -> None:
        self._sum: Decimal | None = None
        self._digits = precision_and_scale(type.modifier)[0] if type.modifier >= 0 else DECIMAL_DIGITS_MAX

    def add(self, datums: Sequence[Any]) -> None:
        add = _EXACT.add
        for datum in datums:
            self._sum = datum if self._sum is None else add(self._sum, datum)

    def add_array(self, array: pa.Array) -> None:
        self.check(array)
        total = pc.sum(array).as_py()
        if total is not None:
            self.add([total])

    def check(self, array: pa.Array) -> None:
        if not pa.types.is_decimal(array.type):
            raise NotVectorized
        if self._digits + len(str(len(array))) <= DECIMAL_DIGITS_MAX:
            return
        bounds = pc.min_max(array).as_py()
        room = Decimal(10) ** (DECIMAL_DIGITS_MAX - array.type.scale)
        if bounds["max"] is not None and max(abs(bounds["min"]), abs(bounds["max"])) * len(array) >= room:
            raise NotVectorized

    def add_partial(self, datum: Decimal) -> None:
        self.add([datum])

    def merge(self, other: NumericSum) -> None:
        if other._sum is not None:
            self.add([other._sum])

    def result(self) -> Decimal | None:
        return self._sum


class FloatSum:
    """Of float4 too: PostgreSQL's sum(real) is real, rounded once by whoever combines the partial sums."""

    result_type = ColumnType("float8")

    def __init__(self) -> None:
        self._sum: float | None = None

    def add(self, datums: Sequence[Any]) -> None:
        if datums:
            total = (self._sum or 0.0) + sum(datums)
            if math.isinf(total) and not any(map(math.isinf, datums)) and not math.isinf(self._sum or 0.0):
                raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
            self._sum = total

    @property
    def may_overflow(self) -> bool:
        """By the sum of a column that has passed `check`."""
        return self._sum is not None and _SAFE_FLOAT < abs(self._sum) < math.inf

    def add_array(self, array: pa.Array) -> None:
        self.add(array.drop_null().to_pylist())

    def check(self, array: pa.Array) -> None:
        if (
            not pc.all(pc.is_finite(array), skip_nulls=True).as_py()
            or (pc.max(pc.abs(array)).as_py() or 0.0) * len(array) > _SAFE_FLOAT
        ):
            raise NotVectorized

    def add_partial(self, datum: float) -> None:
        self.add([datum])

    def merge(self, other: FloatSum) -> None:
        if other._sum is not None:
            self.add([other._sum])

    def result(self) -> float | None:
        return self._sum


_ALONE = ORDERED_BYTES | {"interval", "bytea"}
"""Types whose extremes Arrow does not find."""


class Extreme:
    """min or max (`greatest`). Of equal values it keeps the last, as PostgreSQL does."""

    def __init__(self, type: ColumnType, greatest: bool) -> None:
        self.result_type = type
        self._pick: Callable[..., Any] = max if greatest else min
        self._which = "max" if greatest else "min"
        self._order = _ORDER.get(type.name)
        self._best: list[Any] = []

    def add(self, datums: Sequence[Any]) -> None:
        if datums:
            self._best = [self._pick([*reversed(datums), *self._best], key=self._order)]

    def check(self, array: pa.Array) -> None:
        name = self.result_type.name
        if name in _ALONE or (name == "numeric" and not pa.types.is_decimal(array.type)):
            raise NotVectorized
        if name in FLOATS and pc.any(pc.is_nan(array)).as_py():
            raise NotVectorized

    def add_partial(self, datum: Any) -> None:
        self.add([datum])

    def add_array(self, array: pa.Array) -> None:
        self.check(array)
        best = pc.min_max(array)[self._which]
        if best.is_valid:
            self.add(from_arrow(pa.array([best.as_py()], array.type), self.result_type))

    def merge(self, other: Extreme) -> None:
        self.add(other._best)

    def result(self) -> Any:
        return self._best[0] if self._best else None


def accumulator(function: str, type: ColumnType | None) -> Accumulator:
    """A fresh one. `type`: of the argument, None for count(*). Raises 0A000 for what storage cannot aggregate."""
    if function == "count":
        return Count()
    if type is not None and function in ("min", "max"):
        return Extreme(type, function == "max")
    if type is not None and function == "sum":
        if type.name in INTEGERS:
            return IntegerSum(type.name == "int8")
        if type.name == "numeric":
            return NumericSum(type)
        if type.name in FLOATS:
            return FloatSum()
    raise DatabaseError(FEATURE_NOT_SUPPORTED, f"storage cannot compute {function} of {type.name if type else 'rows'}")


def result_arrow_type(made: Accumulator) -> pa.DataType:
    return arrow_type(made.result_type)
