"""Functions of float8 beside arithmetic's: in degrees (exact where PostgreSQL's are: sind(30) is 0.5), inverse
hyperbolic ones, erf, width_bucket."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.registry import register
from actors.sql.types.numeric import CONTEXT

RADIANS_PER_DEGREE = 0.0174532925199432957692


def _out_of_range() -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")


def _sin_to_30(degrees: float) -> float:
    return math.sin(degrees * RADIANS_PER_DEGREE) / math.sin(30.0 * RADIANS_PER_DEGREE) / 2.0


def _cos_to_60(degrees: float) -> float:
    return 1.0 - (1.0 - math.cos(degrees * RADIANS_PER_DEGREE)) / (1.0 - math.cos(60.0 * RADIANS_PER_DEGREE)) / 2.0


def _sin_quadrant(degrees: float) -> float:
    return _sin_to_30(degrees) if degrees <= 30.0 else _cos_to_60(90.0 - degrees)


def _cos_quadrant(degrees: float) -> float:
    return _cos_to_60(degrees) if degrees <= 60.0 else _sin_to_30(90.0 - degrees)


def _quadrant(degrees: float) -> tuple[float, int, int]:
    """(the angle between 0 and 90, the sign of its sine, the sign of its cosine)."""
    if math.isinf(degrees):
        raise _out_of_range()
    angle, sine, cosine = math.fmod(degrees, 360.0), 1, 1
    if angle < 0.0:
        angle, sine = -angle, -sine
    if angle > 180.0:
        angle, sine = 360.0 - angle, -sine
    if angle > 90.0:
        angle, cosine = 180.0 - angle, -cosine
    return angle, sine, cosine


def sine_of_degrees(degrees: float) -> float:
    angle, sine, _ = _quadrant(degrees)
    return sine * _sin_quadrant(angle)


def cosine_of_degrees(degrees: float) -> float:
    angle, _, cosine = _quadrant(degrees)
    return cosine * _cos_quadrant(angle)


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.inf


def tangent_of_degrees(degrees: float) -> float:
    angle, sine, cosine = _quadrant(degrees)
    result = (
        sine
        * cosine
        * (_ratio(_sin_quadrant(angle), _cos_quadrant(angle)) / (_sin_quadrant(45.0) / _cos_quadrant(45.0)))
    )
    return result or 0.0


def cotangent_of_degrees(degrees: float) -> float:
    angle, sine, cosine = _quadrant(degrees)
    result = (
        sine
        * cosine
        * (_ratio(_cos_quadrant(angle), _sin_quadrant(angle)) / (_cos_quadrant(45.0) / _sin_quadrant(45.0)))
    )
    return result or 0.0


def _arc_sine_quadrant(value: float) -> float:
    return math.asin(value) / math.asin(0.5) * 30.0 if value <= 0.5 else 90.0 - math.acos(value) / math.acos(0.5) * 60.0


def _arc_cosine_quadrant(value: float) -> float:
    return 90.0 - math.asin(value) / math.asin(0.5) * 30.0 if value <= 0.5 else math.acos(value) / math.acos(0.5) * 60.0


def _within_one(compute: Callable[[float], float]) -> Callable[[float], float]:
    def checked(value: float) -> float:
        if value != value:
            return value
        if not -1.0 <= value <= 1.0:
            raise _out_of_range()
        return compute(value)

    return checked


def _nan_stays(compute: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: value if value != value else compute(value)


def cotangent(value: float) -> float:
    if math.isinf(value):
        raise _out_of_range()
    tangent = math.tan(value)
    return 1.0 / tangent if tangent else math.copysign(math.inf, value)


def arc_hyperbolic_cosine(value: float) -> float:
    if value < 1.0:
        raise _out_of_range()
    return math.acosh(value)


def arc_hyperbolic_tangent(value: float) -> float:
    if not -1.0 <= value <= 1.0:
        raise _out_of_range()
    return math.copysign(math.inf, value) if abs(value) == 1.0 else math.atanh(value)


def _bad_bucket(message: str) -> DatabaseError:
    return DatabaseError("2201G", message)


def float_bucket(operand: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise _bad_bucket("count must be greater than zero")
    if operand != operand or low != low or high != high:
        raise _bad_bucket("operand, lower bound, and upper bound cannot be NaN")
    if math.isinf(low) or math.isinf(high):
        raise _bad_bucket("lower and upper bounds must be finite")
    if low == high:
        raise _bad_bucket("lower bound cannot equal upper bound")
    if low < high:
        if operand < low:
            return 0
        if operand >= high:
            return _next(count)
        return min(int(count * ((operand - low) / (high - low))), count - 1) + 1
    if operand > low:
        return 0
    if operand <= high:
        return _next(count)
    return min(int(count * ((low - operand) / (low - high))), count - 1) + 1


def _next(count: int) -> int:
    if count == 2**31 - 1:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")
    return count + 1


def numeric_bucket(operand: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    if count <= 0:
        raise _bad_bucket("count must be greater than zero")
    if operand.is_nan() or low.is_nan() or high.is_nan():
        raise _bad_bucket("operand, lower bound, and upper bound cannot be NaN")
    if low.is_infinite() or high.is_infinite():
        raise _bad_bucket("lower and upper bounds must be finite")
    if low == high:
        raise _bad_bucket("lower bound cannot equal upper bound")
    if operand < low if low < high else operand > low:
        return 0
    if operand >= high if low < high else operand <= high:
        return _next(count)
    over, whole = CONTEXT.subtract(operand, low), CONTEXT.subtract(high, low)
    return min(int(CONTEXT.multiply(over, Decimal(count)) // whole), count - 1) + 1


for _name, _function in (
    ("sind", sine_of_degrees),
    ("cosd", cosine_of_degrees),
    ("tand", tangent_of_degrees),
    ("cotd", cotangent_of_degrees),
    ("cot", cotangent),
    ("asinh", math.asinh),
    ("acosh", arc_hyperbolic_cosine),
    ("atanh", arc_hyperbolic_tangent),
    ("erf", math.erf),
    ("erfc", math.erfc),
    ("atand", lambda value: math.atan(value) / math.atan(1.0) * 45.0),
    ("asind", _within_one(lambda value: _arc_sine_quadrant(value) if value >= 0.0 else -_arc_sine_quadrant(-value))),
    (
        "acosd",
        _within_one(lambda value: _arc_cosine_quadrant(value) if value >= 0.0 else 90.0 + _arc_sine_quadrant(-value)),
    ),
):
    register(_name, "float8", "float8", _nan_stays(_function))
register("atan2d", "float8 float8", "float8", lambda one, other: math.atan2(one, other) / math.atan(1.0) * 45.0)
register("width_bucket", "float8 float8 float8 int4", "int4", float_bucket)
register("width_bucket", "numeric numeric numeric int4", "int4", numeric_bucket)
