"""float4 and float8, written with the fewest digits that read back the same (PostgreSQL since 12: extra_float_digits =
1)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from struct import Struct
from typing import Any

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.types.base import WHITESPACE, Type, invalid_binary, invalid_text
from actors.sql.types.styled_text import float_text
from actors.sql.types.styles import style_of

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?", re.ASCII)
_WORDS = {"nan": math.nan, "infinity": math.inf, "inf": math.inf}
_single, _double = Struct("!f"), Struct("!d")

FLOAT8_FIXED_DIGITS = 15
FLOAT4_FIXED_DIGITS = 6
"""Values of at least 10 to this power are written with an exponent."""


def to_single(value: float) -> float:
    """`value` rounded to single precision; too large becomes infinite."""
    try:
        return _single.unpack(_single.pack(value))[0]  # type: ignore[no-any-return]
    except OverflowError:
        return math.copysign(math.inf, value)


def _not_a_float(sql_name: str, text: str) -> DatabaseError:
    return DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f'"{text}" is out of range for type {sql_name}')


def _read(text: str, sql_name: str, narrow: Callable[[float], float]) -> float:
    stripped = text.strip(WHITESPACE)
    if _NUMBER.fullmatch(stripped) is None:
        word = stripped.lower()
        sign = -1.0 if word[:1] == "-" else 1.0
        known = _WORDS.get(word[1:] if word[:1] in ("+", "-") else word)
        if known is not None:
            return known if math.isnan(known) else sign * known
        if _HEXADECIMAL.fullmatch(stripped) is None:
            raise invalid_text(sql_name, text)
        return narrow(float.fromhex(stripped))
    value = narrow(float(stripped))
    if math.isinf(value) or (value == 0.0 and re.search("[1-9]", stripped.lower().split("e")[0]) is not None):
        raise _not_a_float(sql_name, stripped)
    return value


def parse_float8(text: str, modifier: int = -1) -> float:
    return _read(text, "double precision", float)


def parse_float4(text: str, modifier: int = -1) -> float:
    return _read(text, "real", to_single)


def _layout(digits: str, exponent: int, negative: bool, fixed_digits: int) -> str:
    """`digits` with the point after the first, times 10 ** exponent."""
    sign = "-" if negative else ""
    if -4 <= exponent < fixed_digits:
        if exponent < 0:
            return sign + "0." + "0" * (-exponent - 1) + digits
        whole = digits[: exponent + 1].ljust(exponent + 1, "0")
        fraction = digits[exponent + 1 :]
        return sign + whole + ("." + fraction if fraction else "")
    point = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _special(datum: float) -> str | None:
    if datum != datum:
        return "NaN"
    if datum in (math.inf, -math.inf):
        return "Infinity" if datum > 0 else "-Infinity"
    if datum == 0.0:
        return "-0" if math.copysign(1.0, datum) < 0 else "0"
    return None


FLOAT8_WHOLE, FLOAT4_WHOLE = 2.0**53, 2.0**24
"""From these on a decimal with few digits may lie just between two floats. It reads back as one of them, yet
PostgreSQL's shortest digits (Ryu) are those strictly nearer to the float than to its neighbours: 1e23 is shown as
9.999999999999999e+22."""


def _strictly_within(value: float) -> str:
    text = repr(value)
    if not _is_between(text, value):
        return text
    for precision in range(len(text.partition("e")[0].replace(".", "")) - 1, 17):
        text = f"{value:.{precision}e}"
        if float(text) == value and not _is_between(text, value):
            break
    return text


def _is_between(text: str, value: float) -> bool:
    """Whether the decimal is as far from `value` as from a neighbour."""
    shown = Fraction(text)
    return any(
        2 * shown == Fraction(value) + Fraction(other)
        for other in (math.nextafter(value, math.inf), math.nextafter(value, 0))
        if math.isfinite(other)
    )


def _is_between_singles(shown: float, value: float) -> bool:
    step = math.ulp(value) * 2**29
    return abs(shown - value) * 2 == step or (
        shown < value and abs(shown - value) * 4 == step and math.frexp(value)[0] == 0.5
    )


def format_float8(datum: float, modifier: int = -1, zone: object = None) -> str:
    special = _special(datum)
    if special is not None:
        return special
    extra = style_of(zone).float_digits
    if extra <= 0:
        return float_text(datum, FLOAT8_FIXED_DIGITS + extra)
    mantissa, _, power = (repr(abs(datum)) if abs(datum) < FLOAT8_WHOLE else _strictly_within(abs(datum))).partition(
        "e"
    )
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = (whole + fraction).lstrip("0")
    exponent = len(whole) - 1 + int(power or 0) if whole != "0" else int(power or 0) - 1 - (len(fraction) - len(digits))
    return _layout(digits.rstrip("0"), exponent, datum < 0, FLOAT8_FIXED_DIGITS)


def format_float4(datum: float, modifier: int = -1, zone: object = None) -> str:
    special = _special(datum)
    if special is not None:
        return special
    extra = style_of(zone).float_digits
    if extra <= 0:
        return float_text(datum, FLOAT4_FIXED_DIGITS + extra)
    value = abs(datum)
    for precision in range(9):
        text = f"{value:.{precision}e}"
        if to_single(float(text)) == value and (value < FLOAT4_WHOLE or not _is_between_singles(float(text), value)):
            break
    mantissa, _, power = text.partition("e")
    return _layout(mantissa.replace(".", "").rstrip("0"), int(power), datum < 0, FLOAT4_FIXED_DIGITS)


def _float_type(
    name: str, sql_name: str, oid: int, array_oid: int, packer: Struct, parse: Any, format_: Any, preferred: bool
) -> Type:
    unpack, pack, size = packer.unpack, packer.pack, packer.size

    def parse_binary(data: bytes, modifier: int = -1) -> Any:
        if len(data) != size:
            raise invalid_binary()
        return unpack(data)[0]

    def format_binary(datum: float, modifier: int = -1) -> bytes:
        return pack(datum)

    return Type(
        name, sql_name, oid, array_oid, size, "N", parse, format_, parse_binary, format_binary, preferred=preferred
    )


TYPES = (
    _float_type("float4", "real", 700, 1021, _single, parse_float4, format_float4, False),
    _float_type("float8", "double precision", 701, 1022, _double, parse_float8, format_float8, True),
)
