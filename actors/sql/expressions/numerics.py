"""numeric: operators and functions, with PostgreSQL's rules for the scale of a result.

Sums and products are exact. A quotient has at least 16 significant digits (`division_scale`); square roots, logarithms
and powers follow the same rule on the result's size. NaN and infinities as in PostgreSQL 14 and later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from actors.common.errors import DatabaseError
from actors.sql.expressions.arithmetic import division_by_zero
from actors.sql.expressions.registry import register
from actors.sql.types.numeric import CONTEXT, INFINITY, MINUS_INFINITY, NAN, SCALE_MAX, overflow, plain, quantum

SIGNIFICANT_DIGITS_MIN = 16
DISPLAY_SCALE_MAX = 1000
_ZERO = Decimal(0)
_ONE = Decimal(1)


def scale_of(value: Decimal) -> int:
    """Digits after the point, of a finite datum."""
    return -value.as_tuple().exponent  # type: ignore[operator]


def _total(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Decimal, Decimal], Decimal]:
    """An operation that is NaN where Decimal refuses (Infinity - Infinity)."""

    def total(left: Decimal, right: Decimal) -> Decimal:
        try:
            result = operation(left, right)
        except InvalidOperation:
            return NAN
        return result if result and -SCALE_MAX <= result.adjusted() < 100000 else plain(result)

    return total


def _weight(value: Decimal) -> tuple[int, int]:
    """(weight, first digit) in base 10000, as PostgreSQL keeps the number."""
    if not value:
        return 0, 0
    adjusted = value.adjusted()
    weight = adjusted // 4
    shift = adjusted - 4 * weight
    digits = "".join(map(str, value.as_tuple().digits))
    return weight, int(digits[: shift + 1].ljust(shift + 1, "0"))


def division_scale(left: Decimal, right: Decimal) -> int:
    left_weight, left_digit = _weight(left)
    right_weight, right_digit = _weight(right)
    quotient_weight = left_weight - right_weight - (left_digit <= right_digit)
    scale = SIGNIFICANT_DIGITS_MIN - quotient_weight * 4
    return min(max(scale, scale_of(left), scale_of(right), 0), DISPLAY_SCALE_MAX)


def divide(left: Decimal, right: Decimal, scale: int | None = None) -> Decimal:
    """Rounded half away from zero to `scale`, by default PostgreSQL's choice."""
    if left.is_nan() or right.is_nan():
        return NAN
    if not right:
        raise division_by_zero()
    if left.is_infinite():
        return NAN if right.is_infinite() else left if right > 0 else left.copy_negate()
    if right.is_infinite():
        return _ZERO
    if scale is None:
        scale = division_scale(left, right)
    numerator, denominator = _integer(left), _integer(right)
    shift = scale + scale_of(right) - scale_of(left)
    if shift >= 0:
        numerator *= 10**shift
    else:
        denominator *= 10**-shift
    quotient, rest = divmod(abs(numerator), abs(denominator))
    if 2 * rest >= abs(denominator):
        quotient += 1
    negative = (numerator < 0) != (denominator < 0) and quotient != 0
    return Decimal(-quotient if negative else quotient).scaleb(-scale, CONTEXT)


def _integer(value: Decimal) -> int:
    return int(value.scaleb(scale_of(value), CONTEXT))


def remainder(left: Decimal, right: Decimal) -> Decimal:
    if left.is_nan() or right.is_nan():
        return NAN
    if not right:
        raise division_by_zero()
    if left.is_infinite():
        return NAN
    return plain(left if right.is_infinite() else CONTEXT.remainder(left, right))


def round_to(value: Decimal, digits: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    if not value.is_finite():
        return value
    digits = max(min(digits, SCALE_MAX), -200000)
    return plain(value.quantize(quantum(digits), rounding=rounding, context=CONTEXT))


def _whole(rounding: str) -> Callable[[Decimal], Decimal]:
    return lambda value: round_to(value, 0, rounding)


def sign(value: Decimal) -> Decimal:
    return value if value.is_nan() else Decimal((value > 0) - (value < 0))


def sqrt(value: Decimal, scale: int | None = None) -> Decimal:
    """Rounded to `scale`, by default PostgreSQL's choice. Raises 2201F."""
    if value.is_nan() or value == INFINITY:
        return value
    if value < 0:
        raise DatabaseError("2201F", "cannot take square root of a negative number")
    weight = _weight(value)[0]
    result_weight = (weight + 1) * 4 // 2 - 1 if weight >= 0 else -((-weight - 1) * 4 // 2 + 1)
    if scale is None:
        scale = min(max(SIGNIFICANT_DIGITS_MIN - result_weight, scale_of(value), 0), DISPLAY_SCALE_MAX)
    root = Decimal(math.isqrt(_integer(value) * 10 ** max(2 * (scale + 2) - scale_of(value), 0)))
    return round_to(root.scaleb(-(max(2 * (scale + 2), scale_of(value))) // 2, CONTEXT), scale)


def _work(digits: int) -> Context:
    return Context(prec=digits, rounding=ROUND_HALF_UP, Emax=999999, Emin=-999999)


def exp(value: Decimal) -> Decimal:
    if not value.is_finite():
        return value if value != MINUS_INFINITY else _ZERO
    magnitude = float(value) * 0.434294481903252
    if abs(magnitude) > 200000:
        if magnitude > 0:
            raise overflow()
        return round_to(_ZERO, DISPLAY_SCALE_MAX)
    scale = min(max(SIGNIFICANT_DIGITS_MIN - int(magnitude), scale_of(value), 0), DISPLAY_SCALE_MAX)
    return round_to(_work(scale + max(int(magnitude), 0) + 10).exp(value), scale)


def _log_checked(value: Decimal) -> None:
    if value.is_nan():
        return
    if value < 0:
        raise DatabaseError("2201E", "cannot take logarithm of a negative number")
    if not value:
        raise DatabaseError("2201E", "cannot take logarithm of zero")


def _log_weight(value: Decimal) -> int:
    """Decimal weight of ln(value), as estimate_ln_dweight."""
    if Decimal("0.9") <= value <= Decimal("1.1"):
        distance = value - _ONE
        return distance.adjusted() if distance else 0
    magnitude = abs(float(_work(20).ln(value)))
    return int(math.log10(magnitude))


def ln(value: Decimal) -> Decimal:
    _log_checked(value)
    if not value.is_finite():
        return value
    scale = min(max(SIGNIFICANT_DIGITS_MIN - _log_weight(value), scale_of(value), 0), DISPLAY_SCALE_MAX)
    return round_to(_work(scale + 30).ln(value), scale)


def log(base: Decimal, value: Decimal) -> Decimal:
    _log_checked(base)
    _log_checked(value)
    if base.is_nan() or value.is_nan():
        return NAN
    work = _work(60)
    if base == 1:
        raise division_by_zero()
    quotient = work.divide(work.ln(value), work.ln(base))
    weight = _log_weight(value) - _log_weight(base)
    scale = min(max(SIGNIFICANT_DIGITS_MIN - weight, scale_of(base), scale_of(value), 0), DISPLAY_SCALE_MAX)
    return round_to(quotient, scale)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    if not base.is_finite() or not exponent.is_finite():
        return _special_power(base, exponent)
    whole = exponent == exponent.to_integral_value()
    if not base and exponent < 0:
        raise DatabaseError("2201F", "zero raised to a negative power is undefined")
    if base < 0 and not whole:
        raise DatabaseError("2201F", "a negative number raised to a non-integer power yields a complex result")
    if not base:
        return round_to(_ONE if not exponent else _ZERO, SIGNIFICANT_DIGITS_MIN)
    magnitude = float(exponent) * float(_work(20).log10(base.copy_abs()))
    if magnitude > 131072:
        raise overflow()
    if magnitude < -SCALE_MAX:
        return round_to(_ZERO, DISPLAY_SCALE_MAX)
    scale = min(max(SIGNIFICANT_DIGITS_MIN - int(magnitude), scale_of(base), scale_of(exponent), 0), DISPLAY_SCALE_MAX)
    return round_to(_work(max(scale + max(int(magnitude), 0), 20) + 20).power(base, exponent), scale)


def _special_power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 1 or not exponent:
        return _ONE
    if base.is_nan() or exponent.is_nan():
        return NAN
    result = float(base) ** float(exponent) if base else (INFINITY if exponent < 0 else _ZERO)
    return Decimal(result)


def factorial(number: int) -> Decimal:
    if number < 0:
        raise DatabaseError("22003", "factorial of a negative number is undefined")
    if number > FACTORIAL_MAX:
        raise overflow()
    return _product(2, number + 1)


def _product(low: int, high: int) -> Decimal:
    """Of low ... high - 1, from halves of the same length: a factorial of 77,000 digits takes 20 ms so, and ten times
    that as an integer that becomes decimal."""
    if high - low < FACTORS_AT_ONCE:
        return Decimal(math.prod(range(low, high)))
    middle = (low + high) // 2
    return CONTEXT.multiply(_product(low, middle), _product(middle, high))


def trim_scale(value: Decimal) -> Decimal:
    return value if not value.is_finite() else round_to(value, min_scale(value))


def min_scale(value: Decimal) -> int:
    """Digits after the point without zeros at the end."""
    exponent = value.normalize(CONTEXT).as_tuple().exponent
    return max(0, -int(exponent)) if value else 0


def _common_divisor(left: Decimal, right: Decimal) -> Decimal:
    if not (left.is_finite() and right.is_finite()):
        return NAN
    scale = max(scale_of(left), scale_of(right))
    one, other = (int(value.scaleb(scale, CONTEXT)) for value in (left, right))
    return Decimal(math.gcd(one, other)).scaleb(-scale, CONTEXT)


def _common_multiple(left: Decimal, right: Decimal) -> Decimal:
    if not (left.is_finite() and right.is_finite()):
        return NAN
    scale = max(scale_of(left), scale_of(right))
    one, other = (int(value.scaleb(scale, CONTEXT)) for value in (left, right))
    return Decimal(math.lcm(one, other)).scaleb(-scale, CONTEXT)


FACTORS_AT_ONCE = 256
FACTORIAL_MAX = 32177
"""Of more the digits are too many for a numeric."""
register("factorial", "int8", "numeric", factorial, slow=True)
register("min_scale", "numeric", "int4", lambda value: min_scale(value) if value.is_finite() else None)
register("trim_scale", "numeric", "numeric", trim_scale)
register("gcd", "numeric numeric", "numeric", _common_divisor)
register("lcm", "numeric numeric", "numeric", _common_multiple)
register("+", "numeric numeric", "numeric", _total(CONTEXT.add))
register("-", "numeric numeric", "numeric", _total(CONTEXT.subtract))
register("*", "numeric numeric", "numeric", _total(CONTEXT.multiply))
register("/", "numeric numeric", "numeric", divide)
register("%", "numeric numeric", "numeric", remainder)
register("mod", "numeric numeric", "numeric", remainder)
register("-", "numeric", "numeric", lambda value: value.copy_negate() if value and not value.is_nan() else value)
register("+", "numeric", "numeric", template="{0}")
for _name in ("abs", "@"):
    register(_name, "numeric", "numeric", lambda value: value.copy_abs())
for _name in ("^", "power", "pow"):
    register(_name, "numeric numeric", "numeric", power)
register("sqrt", "numeric", "numeric", lambda value: sqrt(value))
register("exp", "numeric", "numeric", exp)
register("ln", "numeric", "numeric", ln)
register("log", "numeric", "numeric", lambda value: log(Decimal(10), value))
register("log10", "numeric", "numeric", lambda value: log(Decimal(10), value))
register("log", "numeric numeric", "numeric", log)
register("round", "numeric", "numeric", _whole(ROUND_HALF_UP))
register("trunc", "numeric", "numeric", _whole(ROUND_DOWN))
register("floor", "numeric", "numeric", _whole(ROUND_FLOOR))
for _name in ("ceil", "ceiling"):
    register(_name, "numeric", "numeric", _whole(ROUND_CEILING))
register("round", "numeric int4", "numeric", round_to)
register("trunc", "numeric int4", "numeric", lambda value, digits: round_to(value, digits, ROUND_DOWN))
register("sign", "numeric", "numeric", sign)
register("scale", "numeric", "int4", lambda value: scale_of(value) if value.is_finite() else None)
register(
    "div",
    "numeric numeric",
    "numeric",
    lambda left, right: round_to(divide(CONTEXT.subtract(left, remainder(left, right)), right, 0), 0),
)
