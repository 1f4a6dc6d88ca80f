"""Arithmetic of integers and floats: operators and functions, with PostgreSQL's range checks (22003, 22012)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

from actors.common.errors import DIVISION_BY_ZERO, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.registry import HELPERS, VOLATILE, register
from actors.sql.types.floats import to_single

WIDTHS = {"int2": ("smallint", 15), "int4": ("integer", 31), "int8": ("bigint", 63)}


def out_of_range(sql_name: str) -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f"{sql_name} out of range")


def division_by_zero() -> DatabaseError:
    return DatabaseError(DIVISION_BY_ZERO, "division by zero")


def _raiser(sql_name: str) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise out_of_range(sql_name)

    return fail


def _checked(name: str, expression: str) -> str:
    """`expression` in line, with the range check of integer type `name`."""
    bits = WIDTHS[name][1]
    return f"({{t}} if {-(1 << bits)} <= ({{t}} := {expression}) <= {(1 << bits) - 1} else fail_{name}())"


def _divider(name: str) -> Callable[[int, int], int]:
    sql_name, bits = WIDTHS[name]
    top = (1 << bits) - 1

    def divide(left: int, right: int) -> int:
        if right == 0:
            raise division_by_zero()
        quotient = left // right
        if quotient < 0 and quotient * right != left:
            quotient += 1
        if quotient > top:
            raise out_of_range(sql_name)
        return quotient

    return divide


def modulo(left: int, right: int) -> int:
    """The sign is the dividend's."""
    if right == 0:
        raise division_by_zero()
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _gcd(name: str, combine: Callable[[int, int], int]) -> Callable[[int, int], int]:
    sql_name, bits = WIDTHS[name]

    def combined(left: int, right: int) -> int:
        result = combine(left, right)
        if result >= 1 << bits:
            raise out_of_range(sql_name)
        return result

    return combined


def _shift(name: str, left: bool) -> Callable[[int, int], int]:
    bits = WIDTHS[name][1] + 1
    mask, top = (1 << bits) - 1, 1 << (bits - 1)

    def shift(value: int, count: int) -> int:
        count %= bits if bits > 16 else 32
        if not left:
            return value >> count
        shifted = (value << count) & mask
        return shifted - (mask + 1) if shifted & top else shifted

    return shift


for _type, (_sql_name, _) in WIDTHS.items():
    HELPERS[f"fail_{_type}"] = _raiser(_sql_name)
    for _symbol in "+-*":
        register(_symbol, f"{_type} {_type}", _type, template=_checked(_type, f"{{0}} {_symbol} {{1}}"))
    for _other in WIDTHS:
        if _other != _type:
            _wider = max(_type, _other)
            for _symbol in "+-*":
                register(_symbol, f"{_type} {_other}", _wider, template=_checked(_wider, f"{{0}} {_symbol} {{1}}"))
            register("/", f"{_type} {_other}", _wider, _divider(_wider))
    register("/", f"{_type} {_type}", _type, _divider(_type))
    register("%", f"{_type} {_type}", _type, modulo)
    register("mod", f"{_type} {_type}", _type, modulo)
    register("-", _type, _type, template=_checked(_type, "-{0}"))
    register("+", _type, _type, template="{0}")
    register("abs", _type, _type, template=_checked(_type, "abs({0})"))
    register("@", _type, _type, template=_checked(_type, "abs({0})"))
    for _symbol in "&|":
        register(_symbol, f"{_type} {_type}", _type, template=f"({{0}} {_symbol} {{1}})")
    register("#", f"{_type} {_type}", _type, template="({0} ^ {1})")
    register("~", _type, _type, template="(~{0})")
    register("<<", f"{_type} int4", _type, _shift(_type, True))
    register(">>", f"{_type} int4", _type, _shift(_type, False))
    if _type != "int2":
        register("gcd", f"{_type} {_type}", _type, _gcd(_type, math.gcd))
        register("lcm", f"{_type} {_type}", _type, _gcd(_type, math.lcm))


# -- floats ------------------------------------------------------------------------------------------------------------


def float_overflow() -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")


def float_underflow() -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")


def _float_add(left: float, right: float) -> float:
    result = left + right
    if math.isinf(result) and not math.isinf(left) and not math.isinf(right):
        raise float_overflow()
    return result


def _float_subtract(left: float, right: float) -> float:
    return _float_add(left, -right)


def _float_multiply(left: float, right: float) -> float:
    result = left * right
    if math.isinf(result) and not math.isinf(left) and not math.isinf(right):
        raise float_overflow()
    if result == 0.0 and left != 0.0 and right != 0.0:
        raise float_underflow()
    return result


def _float_divide(left: float, right: float) -> float:
    if right == 0.0:
        if math.isnan(left):
            return left
        raise division_by_zero()
    result = left / right
    if math.isinf(result) and not math.isinf(left):
        raise float_overflow()
    if result == 0.0 and left != 0.0 and not math.isinf(right):
        raise float_underflow()
    return result


def _single(operation: Callable[[float, float], float]) -> Callable[[float, float], float]:
    def rounded(left: float, right: float) -> float:
        result = operation(left, right)
        narrow = to_single(result)
        if math.isinf(narrow) and not math.isinf(result):
            raise float_overflow()
        return narrow

    return rounded


def float_power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        raise DatabaseError("2201F", "zero raised to a negative power is undefined")
    if base < 0 and exponent == exponent and not math.isinf(exponent) and exponent != math.floor(exponent):
        raise DatabaseError("2201F", "a negative number raised to a non-integer power yields a complex result")
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        raise float_overflow() from None
    if result == 0.0 and base != 0.0 and not math.isinf(base) and not math.isinf(exponent):
        raise float_underflow()
    return result


def _float_sqrt(value: float) -> float:
    if value < 0:
        raise DatabaseError("2201F", "cannot take square root of a negative number")
    return math.sqrt(value)


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], float]:
    def logarithm(value: float) -> float:
        if value == 0:
            raise DatabaseError("2201E", "cannot take logarithm of zero")
        if value < 0:
            raise DatabaseError("2201E", "cannot take logarithm of a negative number")
        return compute(value)

    return logarithm


def _float_exp(value: float) -> float:
    try:
        result = math.exp(value)
    except OverflowError:
        raise float_overflow() from None
    if result == 0.0 and not math.isinf(value):
        raise float_underflow()
    return result


def _whole(compute: Callable[[float], float]) -> Callable[[float], float]:
    """For rounding functions, which leave NaN and infinities alone and keep the sign of zero."""

    def whole(value: float) -> float:
        if value != value or math.isinf(value):
            return value
        return math.copysign(float(compute(value)), value)

    return whole


def _float_sign(value: float) -> float:
    return float((value > 0) - (value < 0))


def _trigonometric(compute: Callable[[float], float]) -> Callable[[float], float]:
    def checked(value: float) -> float:
        try:
            return compute(value)
        except ValueError:
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range") from None
        except OverflowError:  # of sinh and cosh
            return -math.inf if value < 0 and compute is math.sinh else math.inf

    return checked


_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": _float_add,
    "-": _float_subtract,
    "*": _float_multiply,
    "/": _float_divide,
}
for _symbol, _operation in _OPERATIONS.items():
    register(_symbol, "float4 float4", "float4", _single(_operation))
    for _pair in ("float8 float8", "float4 float8", "float8 float4"):
        register(_symbol, _pair, "float8", _operation)
for _type in ("float4", "float8"):
    register("-", _type, _type, template="(-{0})")
    register("+", _type, _type, template="{0}")
    register("abs", _type, _type, template="abs({0})")
    register("@", _type, _type, template="abs({0})")
for _function in ("^", "power", "pow"):
    register(_function, "float8 float8", "float8", float_power)
for _function in ("sqrt", "|/"):
    register(_function, "float8", "float8", _float_sqrt)
register("cbrt", "float8", "float8", math.cbrt)
register("ln", "float8", "float8", _logarithm(math.log))
register("log", "float8", "float8", _logarithm(math.log10))
register("log10", "float8", "float8", _logarithm(math.log10))
register("exp", "float8", "float8", _float_exp)
for _function in ("ceil", "ceiling"):
    register(_function, "float8", "float8", _whole(math.ceil))
register("floor", "float8", "float8", _whole(math.floor))
register("round", "float8", "float8", _whole(round))
register("trunc", "float8", "float8", _whole(math.trunc))
register("sign", "float8", "float8", _float_sign)
register("pi", "", "float8", lambda: math.pi)
register("degrees", "float8", "float8", lambda value: value / 0.0174532925199432957692)
register("radians", "float8", "float8", math.radians)
for _function in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"):
    register(_function, "float8", "float8", _trigonometric(getattr(math, _function)))
register("atan2", "float8 float8", "float8", math.atan2)


def _random(environment: Any) -> float:
    return environment.random.random()  # type: ignore[no-any-return]


register("random", "", "float8", _random, volatility=VOLATILE, environment=True)
