"""Numerics in the column executor: each value keeps its own scale, as in PostgreSQL.

DuckDB's decimals have one scale for a column. So there are two ways to carry a numeric:

    fixed    DECIMAL    where the scale is known when the statement is planned: numeric(p, s) columns, literals, sums
                        and products of these, sums over them
    free     VARCHAR    PostgreSQL's text of the value: everything else (1.10 beside 2.2, quotients, numeric columns
                        without a scale, NaN)

The type of a translated expression tells which: numeric(p, s), or `fixed(scale)`, whose modifier is below -1 and known
to the column executor only; any other numeric is free. DuckDB computes with fixed numerics, functions of ours with free
ones. A free numeric is compared, grouped and sorted by a key (comparing.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.numerics import DISPLAY_SCALE_MAX, SIGNIFICANT_DIGITS_MIN, divide, scale_of
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import CONTEXT, format_numeric, precision_and_scale

if TYPE_CHECKING:
    from actors.query_processor.column_executor.udf import Udf

NUMERIC = ColumnType("numeric")
DECIMAL_DIGITS_MAX = 38
PRODUCT_SCALE_MAX = 24
"""Of a product that DuckDB computes: enough digits are left before the point."""
_FIXED = -2


def fixed(scale: int) -> ColumnType:
    """A numeric without type modifier, all values of which have this scale."""
    return ColumnType("numeric", _FIXED - scale)


def precision_and_fixed_scale(type_: ColumnType) -> tuple[int, int] | None:
    """(digits, scale) of a fixed numeric as DuckDB carries it, else None."""
    if type_.name != "numeric" or type_.modifier == -1:
        return None
    if type_.modifier <= _FIXED:
        return DECIMAL_DIGITS_MAX, _FIXED - type_.modifier
    precision, scale = precision_and_scale(type_.modifier)
    return (_wide(precision, scale), scale) if precision <= DECIMAL_DIGITS_MAX and 0 <= scale <= precision else None


def _wide(digits: int, scale: int) -> int:
    """At least one digit before the point: DuckDB writes a DECIMAL(2, 2) as .25."""
    return max(digits, min(scale + 1, DECIMAL_DIGITS_MAX))


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
    digits = _wide(len(value.as_tuple().digits) + max(scale - scale_of(value), 0), scale)
    if digits > DECIMAL_DIGITS_MAX:
        raise DatabaseError(
            NUMERIC_VALUE_OUT_OF_RANGE, "numeric with more than 38 digits is not supported in this query"
        )
    return f"CAST('{value:f}' AS DECIMAL({digits}, {scale}))"


def fits_decimal(value: Decimal) -> bool:
    return value.is_finite() and max(len(value.as_tuple().digits), scale_of(value) + 1) <= DECIMAL_DIGITS_MAX


def bound_literal(value: Decimal, scale: int, operator: str) -> str:
    """What a DECIMAL of this scale is compared with instead of `value`, which may have more digits: the next such
    decimal in the direction that leaves the answer as it is. Where none is equal: the largest decimal of all, which
    nothing is equal to."""
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
    return (
        {"int2": 5, "int4": 10, "int8": 19}.get(type_.name, DECIMAL_DIGITS_MAX)
        if bounds is None
        else bounds[0] - bounds[1]
    )


def common_numeric(types: Sequence[ColumnType]) -> ColumnType:
    """What carries values of all of these (numerics and integers): fixed where all have one scale."""
    scales = {scale_in(type_) for type_ in types}
    [scale, *others] = scales or {None}
    if others or scale is None:
        return NUMERIC
    return types[0] if all(type_ == types[0] and type_.name == "numeric" for type_ in types) else fixed(scale)


def quotient(dividend: str, divisor: str) -> str:
    """The text of `divide` of their datums, which takes three times as long. Raises 22012."""
    one, other = _plain(dividend), _plain(divisor)
    if one is None or other is None:
        return format_numeric(divide(Decimal(dividend), Decimal(divisor)))
    numerator, first_scale, first_weight, first_digit = one
    denominator, second_scale, second_weight, second_digit = other
    weight = first_weight - second_weight - (first_digit <= second_digit)
    scale = max(SIGNIFICANT_DIGITS_MIN - 4 * weight, first_scale, second_scale, 0)
    shift = scale + second_scale - first_scale
    if scale > DISPLAY_SCALE_MAX or shift < 0:
        return format_numeric(divide(Decimal(dividend), Decimal(divisor)))
    found, rest = divmod(numerator * 10**shift, denominator)
    digits = str(found + (2 * rest >= denominator)).rjust(scale + 1, "0")
    sign = "-" if (dividend[0] == "-") != (divisor[0] == "-") and digits.strip("0") else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def _plain(text: str) -> tuple[int, int, int, int] | None:
    """(the digits, digits after the point, weight and first digit in base 10000) of a number that is at least 1, but
    for its sign."""
    whole, _, fraction = text.partition(".")
    digits = whole.lstrip("-")
    if not digits.isdecimal() or digits[0] == "0" or not (fraction.isdecimal() or not fraction):
        return None
    weight = (len(digits) - 1) // 4
    return int(digits + fraction), len(fraction), weight, int(digits[: len(digits) - 4 * weight])


def divide_udf() -> Udf:
    """numeric / numeric, of texts."""
    from actors.query_processor.column_executor.udf import Udf, raised

    def make(_: Callable[[], Any]) -> Callable[..., pa.Array]:
        def quotients(dividends: pa.Array, divisors: pa.Array) -> pa.Array:
            values: list[str | None] = []
            try:
                for dividend, divisor in zip(dividends.to_pylist(), divisors.to_pylist(), strict=True):
                    given = dividend is not None and divisor is not None
                    values.append(quotient(dividend, divisor) if given else None)
            except DatabaseError as error:
                raise raised(error) from error
            return pa.array(values, pa.string())

        return quotients

    return Udf("eagleray_divide", ["VARCHAR", "VARCHAR"], "VARCHAR", NUMERIC, make)
