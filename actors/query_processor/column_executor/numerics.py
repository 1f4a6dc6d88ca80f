"""Numerics in the column executor: each value keeps its own scale, as in PostgreSQL.

DuckDB's decimals have one scale for a column. So there are two ways to carry a numeric:

    fixed    DECIMAL    where the scale is known when the statement is planned: numeric(p, s) columns, literals, sums and products of these, sums over them
    free     VARCHAR    PostgreSQL's text of the value: everything else (1.10 beside 2.2, quotients, numeric columns without a scale, NaN)

The type of a translated expression tells which: numeric(p, s), or `fixed(scale)`, whose modifier is below -1 and known to the column executor only; any other numeric
is free. DuckDB computes with fixed numerics, functions of ours with free ones. A free numeric is compared, grouped and sorted by a key (comparing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.comparisons import order_key
from actors.sql.expressions.numerics import divide, division_scale, scale_of, sqrt
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import CONTEXT, NAN, format_numeric, plain, precision_and_scale

if TYPE_CHECKING:
    from actors.query_processor.column_executor.udf import Surroundings, Udf

NUMERIC = ColumnType("numeric")
DECIMAL_DIGITS_MAX = 38
PRODUCT_SCALE_MAX = 24
"""Of a product that DuckDB computes: enough digits are left before the point."""
_FIXED = -2


def fixed(scale: int) -> ColumnType:
    """A numeric without type modifier, all values of which have this scale."""
    return ColumnType("numeric", _FIXED - scale)


def precision_and_fixed_scale(type_: ColumnType) -> tuple[int, int] | None:
    """(precision, scale) of a fixed numeric, else None."""
    if type_.name != "numeric" or type_.modifier == -1:
        return None
    if type_.modifier <= _FIXED:
        return DECIMAL_DIGITS_MAX, _FIXED - type_.modifier
    precision, scale = precision_and_scale(type_.modifier)
    return (precision, scale) if precision <= DECIMAL_DIGITS_MAX and 0 <= scale <= precision else None


def is_free(type_: ColumnType) -> bool:
    return type_.name == "numeric" and precision_and_fixed_scale(type_) is None


def public(type_: ColumnType) -> ColumnType:
    """The type as clients and the analyzer know it."""
    return NUMERIC if type_.name == "numeric" and type_.modifier <= _FIXED else type_


def scale_in(type_: ColumnType) -> int | None:
    """Digits after the point of every value, None where they differ."""
    if type_.name in ("int2", "int4", "int8"):
        return 0
    bounds = precision_and_fixed_scale(type_)
    return None if bounds is None else bounds[1]


def decimal_literal(value: Decimal, scale: int | None = None) -> str:
    """As DuckDB's DECIMAL, no wider than needed. Raises 22003."""
    scale = scale_of(value) if scale is None else scale
    digits = max(len(value.as_tuple().digits) + max(scale - scale_of(value), 0), scale, 1)
    if digits > DECIMAL_DIGITS_MAX:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "numeric with more than 38 digits is not supported in this query")
    return f"CAST('{value:f}' AS DECIMAL({digits}, {scale}))"


def fits_decimal(value: Decimal) -> bool:
    return value.is_finite() and max(len(value.as_tuple().digits), scale_of(value)) <= DECIMAL_DIGITS_MAX


def bound_literal(value: Decimal, scale: int, operator: str) -> str:
    """What a DECIMAL of this scale is compared with instead of `value`, which may have more digits: the next such decimal in the direction that leaves the answer as it is.
    Where none is equal: the largest decimal of all, which nothing is equal to."""
    if value.is_finite():
        rounding = {"<": "ROUND_CEILING", ">=": "ROUND_CEILING", ">": "ROUND_FLOOR", "<=": "ROUND_FLOOR"}.get(operator)
        if rounding is not None or value == value.quantize(Decimal(1).scaleb(-scale), context=CONTEXT):
            near = value.quantize(Decimal(1).scaleb(-scale), rounding=rounding or "ROUND_DOWN", context=CONTEXT)
            if len(near.as_tuple().digits) <= DECIMAL_DIGITS_MAX:
                return decimal_literal(near, scale)
    sign = "-" if not value.is_nan() and value < 0 and operator not in ("=", "<>") else ""
    whole = "9" * (DECIMAL_DIGITS_MAX - scale) or "0"
    return f"CAST('{sign}{whole}.{'9' * scale}' AS DECIMAL({DECIMAL_DIGITS_MAX}, {scale}))"


def aligned(one: str, one_type: ColumnType, other: str, other_type: ColumnType) -> tuple[str, str, int]:
    """Two fixed numerics (or integers) as DuckDB can add and compare them without loss, and the scale of their sum."""
    first, second = scale_in(one_type), scale_in(other_type)
    assert first is not None and second is not None
    scale = max(first, second)
    if first == second:
        return one, other, scale
    whole = max(_whole_digits(one_type), _whole_digits(other_type))
    if whole + scale < DECIMAL_DIGITS_MAX:
        return one, other, scale
    wide = f"DECIMAL({DECIMAL_DIGITS_MAX}, {scale})"
    return f"CAST({one} AS {wide})", f"CAST({other} AS {wide})", scale


def _whole_digits(type_: ColumnType) -> int:
    """At most so many before the point."""
    bounds = precision_and_fixed_scale(type_)
    return {"int2": 5, "int4": 10, "int8": 19}.get(type_.name, DECIMAL_DIGITS_MAX) if bounds is None else bounds[0] - bounds[1]


def common_numeric(types: Sequence[ColumnType]) -> ColumnType:
    """What carries values of all of these (numerics and integers): fixed where all have one scale."""
    scales = {scale_in(type_) for type_ in types}
    [scale, *others] = scales or {None}
    if others or scale is None:
        return NUMERIC
    return types[0] if all(type_ == types[0] and type_.name == "numeric" for type_ in types) else fixed(scale)


# -- aggregates over free numerics: a function of ours over DuckDB's list of the values -----------------------------------------------------


def sum_of(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = NAN if total.is_infinite() and value.is_infinite() and total != value else CONTEXT.add(total, value)
    return plain(total)


def average_of(values: Sequence[Decimal]) -> Decimal:
    return divide(sum_of(values), Decimal(len(values)))


def variance_of(values: Sequence[Decimal], sample: bool, root: bool) -> Decimal | None:
    """numeric.c's numeric_stddev_internal: from the count, the sum and the sum of squares."""
    count = len(values)
    if sample and count <= 1:
        return None
    if not all(value.is_finite() for value in values):
        return NAN
    total = sum_of(values)
    squares = sum_of([CONTEXT.multiply(value, value) for value in values])
    over = CONTEXT.subtract(CONTEXT.multiply(Decimal(count), squares), CONTEXT.multiply(total, total))
    if over <= 0:
        return Decimal(0)
    below = Decimal(count * (count - 1) if sample else count * count)
    scale = division_scale(over, below)
    quotient = divide(over, below, scale)
    return sqrt(quotient, scale) if root else quotient


def _last_of(values: Sequence[Decimal], pick: Callable[..., Decimal]) -> Decimal:
    """Of equal values PostgreSQL keeps the last."""
    key = order_key("numeric")
    assert key is not None
    return pick(reversed(values), key=key)


Aggregate = Callable[[Sequence[Decimal]], "Decimal | None"]
AGGREGATES: dict[str, Aggregate] = {
    "min": lambda values: _last_of(values, min),
    "max": lambda values: _last_of(values, max),
    "sum": sum_of,
    "avg": average_of,
    "var_samp": lambda values: variance_of(values, True, False),
    "var_pop": lambda values: variance_of(values, False, False),
    "stddev_samp": lambda values: variance_of(values, True, True),
    "stddev_pop": lambda values: variance_of(values, False, True),
}
"""Of at least one value."""


def aggregate_udf(name: str, distinct: bool) -> Udf:
    """`name` of a list of texts, as text; NULLs do not count. `distinct`: of values that are not equal (1.0 and 1.00 are)."""
    from actors.query_processor.column_executor.udf import Udf, raised

    function = AGGREGATES[name]

    def make(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
        def over(lists: pa.Array) -> pa.Array:
            whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
            texts = whole.flatten().to_pylist()
            results: list[str | None] = []
            start = 0
            for length in pc.list_value_length(whole).to_pylist():
                values = [Decimal(text) for text in texts[start : start + (length or 0)] if text is not None]
                start += length or 0
                if distinct:
                    values = list(dict.fromkeys(values))
                try:
                    made = function(values) if values else None
                except DatabaseError as error:
                    raise raised(error) from error
                results.append(None if made is None else format_numeric(made))
            return pa.array(results, pa.string())

        return over

    return Udf(f"eagleray_{name}_numeric{'_distinct' if distinct else ''}", ["VARCHAR[]"], "VARCHAR", NUMERIC, make)


def divide_udf() -> Udf:
    """numeric / numeric, of texts."""
    from actors.query_processor.column_executor.udf import Udf, raised

    def make(_: Callable[[], Any]) -> Callable[..., pa.Array]:
        def quotients(dividends: pa.Array, divisors: pa.Array) -> pa.Array:
            values: list[str | None] = []
            try:
                for dividend, divisor in zip(dividends.to_pylist(), divisors.to_pylist(), strict=True):
                    given = dividend is not None and divisor is not None
                    values.append(format_numeric(divide(Decimal(dividend), Decimal(divisor))) if given else None)
            except DatabaseError as error:
                raise raised(error) from error
            return pa.array(values, pa.string())

        return quotients

    return Udf("eagleray_divide", ["VARCHAR", "VARCHAR"], "VARCHAR", NUMERIC, make)
