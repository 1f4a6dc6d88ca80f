"""numeric: decimal.Decimal of any size, its scale kept.

Invariant of a datum: exponent <= 0 (1E+3 is written out as 1000), no negative zero. `apply_modifier` rounds half away
from zero, as PostgreSQL does. Decimal arithmetic elsewhere must use `CONTEXT`, which neither rounds nor overflows
before PostgreSQL would.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from struct import Struct, pack, unpack_from

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.types.base import WHITESPACE, Type, invalid_binary, invalid_text
from actors.sql.types.integers import read_integer_literal

DIGITS_BEFORE_POINT_MAX = 131072
SCALE_MAX = 16383
CONTEXT = Context(
    prec=2 * (DIGITS_BEFORE_POINT_MAX + SCALE_MAX),
    rounding=ROUND_HALF_UP,
    Emax=MAX_EMAX,
    Emin=MIN_EMIN,
    traps=[InvalidOperation],
)

NAN, INFINITY, MINUS_INFINITY = Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")
_WORDS = {
    "nan": NAN,
    "infinity": INFINITY,
    "+infinity": INFINITY,
    "-infinity": MINUS_INFINITY,
    "inf": INFINITY,
    "+inf": INFINITY,
    "-inf": MINUS_INFINITY,
}
_NUMBER = re.compile(r"[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?", re.ASCII)
_SIMPLE = re.compile(r"-?[1-9]\d{0,99}(?:\.\d{1,99})?", re.ASCII)
"""What nearly all numerics look like; it is not zero and needs no clean-up."""
CHARACTERS_MAX = 1 << 18
"""A longer number has more digits than a numeric may, before the point or behind it."""
_NUMERALS = str.maketrans("", "", "0123456789_.+-eE")
_ONE = Decimal(1)


@lru_cache(maxsize=4096)
def quantum(scale: int) -> Decimal:
    """10 ** -scale, what Decimal.quantize wants."""
    return _ONE.scaleb(-scale, CONTEXT)


def precision_and_scale(modifier: int) -> tuple[int, int]:
    """Of a modifier >= 0; the scale may be negative."""
    packed = modifier - 4
    return packed >> 16 & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def plain(value: Decimal) -> Decimal:
    """`value` in the datum's form: exponent <= 0, no negative zero. Raises 22003 beyond PostgreSQL's size."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return value
    if exponent > 0:
        if value and len(digits) + exponent > DIGITS_BEFORE_POINT_MAX:
            raise overflow()
        value = value.quantize(_ONE, context=CONTEXT) if value else Decimal(0)
    elif exponent < -SCALE_MAX:
        value = value.quantize(quantum(SCALE_MAX), context=CONTEXT)
    if value and value.adjusted() >= DIGITS_BEFORE_POINT_MAX:
        raise overflow()
    return value.copy_abs() if sign and not value else value


def overflow() -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")


def parse_numeric(text: str, modifier: int = -1) -> Decimal:
    if _SIMPLE.fullmatch(text) is not None:
        return Decimal(text) if modifier < 0 else apply_modifier(Decimal(text), modifier)
    stripped = text.strip(WHITESPACE)
    if len(stripped) > CHARACTERS_MAX:
        raise invalid_text("numeric", text) if stripped.translate(_NUMERALS) else overflow()
    if _NUMBER.fullmatch(stripped) is None:
        special = _WORDS.get(stripped.lower())
        if special is not None:
            return special if modifier < 0 else apply_modifier(special, modifier)
        whole = read_integer_literal(stripped)
        if whole is None:
            raise invalid_text("numeric", text)
        return apply_modifier(Decimal(whole), modifier)
    try:
        value = Decimal(stripped)
    except InvalidOperation:
        raise overflow() from None
    if not value or "e" in stripped or "E" in stripped or len(stripped) > SCALE_MAX:
        value = plain(value)
    return value if modifier < 0 else apply_modifier(value, modifier)


def apply_modifier(value: Decimal, modifier: int) -> Decimal:
    """Rounded to the declared scale. Raises 22003 where it needs more digits than declared."""
    if modifier < 0 or value.is_nan():
        return value
    precision, scale = precision_and_scale(modifier)
    if value.is_infinite():
        raise DatabaseError(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "numeric field overflow",
            detail=f"A field with precision {precision}, scale {scale} cannot hold an infinite value.",
        )
    unit = quantum(scale)
    rounded = value if value.same_quantum(unit) else value.quantize(unit, context=CONTEXT)
    if rounded and rounded.adjusted() + 1 > precision - scale:
        limit = "1" if precision == scale else f"10^{precision - scale}"
        raise DatabaseError(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "numeric field overflow",
            detail=f"A field with precision {precision}, scale {scale} must round to an absolute value less than "
            f"{limit}.",
        )
    return plain(rounded) if scale < 0 or not rounded else rounded


def format_numeric(datum: Decimal, modifier: int = -1) -> str:
    return f"{datum:f}"


# -- the binary form: base 10000 digits --------------------------------------------------------------------------------

_header = Struct("!hhHH")
_POSITIVE, _NEGATIVE, _NAN, _INFINITE, _MINUS_INFINITE = 0x0000, 0x4000, 0xC000, 0xD000, 0xF000
_INFINITE_SCALE = 0x20
"""What PostgreSQL sends there."""


def format_numeric_binary(datum: Decimal, modifier: int = -1) -> bytes:
    if not datum.is_finite():
        kind = _NAN if datum.is_nan() else _INFINITE if datum > 0 else _MINUS_INFINITE
        return _header.pack(0, 0, kind, 0 if kind == _NAN else _INFINITE_SCALE)
    whole, _, fraction = f"{datum:f}".lstrip("-").partition(".")
    scale = len(fraction)
    digits = (whole + fraction + "0" * (-scale % 4)).lstrip("0")
    if not digits:
        return _header.pack(0, 0, _POSITIVE, scale)
    digits = "0" * (-len(digits) % 4) + digits
    groups = [int(digits[at : at + 4]) for at in range(0, len(digits), 4)]
    weight = len(groups) - 1 - (scale + 3) // 4
    while not groups[-1]:
        groups.pop()
    return _header.pack(len(groups), weight, _NEGATIVE if datum < 0 else _POSITIVE, scale) + pack(
        f"!{len(groups)}H", *groups
    )


def parse_numeric_binary(data: bytes, modifier: int = -1) -> Decimal:
    if len(data) < 8:
        raise invalid_binary()
    count, weight, sign, scale = _header.unpack_from(data)
    if count < 0 or len(data) != 8 + 2 * count:
        raise invalid_binary()
    if sign not in (_POSITIVE, _NEGATIVE):
        special = {_NAN: NAN, _INFINITE: INFINITY, _MINUS_INFINITE: MINUS_INFINITY}.get(sign)
        if special is None:
            raise invalid_binary('invalid sign in external "numeric" value')
        return apply_modifier(special, modifier)
    if scale > SCALE_MAX:
        raise invalid_binary('invalid scale in external "numeric" value')
    total = 0
    for group in unpack_from(f"!{count}H", data, 8):
        if group > 9999:
            raise invalid_binary('invalid digit in external "numeric" value')
        total = total * 10000 + group
    value = Decimal(total).scaleb(4 * (weight + 1 - count) if count else 0, CONTEXT)
    unit = quantum(scale)
    if not value.same_quantum(unit):
        value = value.quantize(unit, rounding="ROUND_DOWN", context=CONTEXT)
    if sign == _NEGATIVE and value:
        value = value.copy_negate()
    return apply_modifier(value, modifier)


TYPES = (
    Type(
        "numeric",
        "numeric",
        1700,
        1231,
        -1,
        "N",
        parse_numeric,
        format_numeric,
        parse_numeric_binary,
        format_numeric_binary,
    ),
)
