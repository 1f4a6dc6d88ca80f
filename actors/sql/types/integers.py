"""bool, int2, int4, int8 and oid."""

from __future__ import annotations

import re
from collections.abc import Callable
from struct import Struct
from typing import Any

from actors.sql.types.base import WHITESPACE, Type, invalid_binary, invalid_text, out_of_range

INT2_MIN, INT2_MAX = -(2**15), 2**15 - 1
INT4_MIN, INT4_MAX = -(2**31), 2**31 - 1
INT8_MIN, INT8_MAX = -(2**63), 2**63 - 1

DIGITS_MAX = 4000
"""Python reads no more digits; a whole number that has more, leading zeros apart, is out of every type's range without
the rest."""

_LITERAL = re.compile(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|\d+(?:_\d+)*)", re.ASCII)


def read_integer_literal(text: str) -> int | None:
    """PostgreSQL 16's integer spellings (0x1F, 0o17, 0b1, 1_000), None for anything else."""
    if _LITERAL.fullmatch(text) is None:
        return None
    negative = text[0] == "-"
    digits = text.lstrip("+-").replace("_", "").lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    if base == 10 and len(digits) > DIGITS_MAX:
        digits = digits.lstrip("0")[:DIGITS_MAX] or "0"
    value = int(digits, base)
    return -value if negative else value


def _reader(sql_name: str, low: int, high: int, safe_digits: int) -> Callable[..., int]:
    def parse_text(text: str, modifier: int = -1) -> int:
        if len(text) <= safe_digits and text.isdigit() and text.isascii():
            return int(text)
        value = read_integer_literal(text.strip(WHITESPACE))
        if value is None:
            raise invalid_text(sql_name, text)
        if not low <= value <= high:
            raise out_of_range(sql_name, text)
        return value

    return parse_text


def _format(datum: int, modifier: int = -1) -> str:
    return str(datum)


def _integer_type(name: str, sql_name: str, oid: int, array_oid: int, format_: str, *, preferred: bool = False) -> Type:
    packer = Struct(format_)
    pack, unpack, size = packer.pack, packer.unpack, packer.size
    signed = format_[-1].islower()
    low, high = (-(1 << 8 * size - 1), (1 << 8 * size - 1) - 1) if signed else (0, (1 << 8 * size) - 1)

    def parse_binary(data: bytes, modifier: int = -1) -> Any:
        if len(data) != size:
            raise invalid_binary()
        return unpack(data)[0]

    def format_binary(datum: int, modifier: int = -1) -> bytes:
        return pack(datum)

    read = _reader(sql_name, low, high, len(str(high)) - 1)
    return Type(
        name, sql_name, oid, array_oid, size, "N", read, _format, parse_binary, format_binary, preferred=preferred
    )


_BOOLEANS = {"1": True, "0": False, "on": True, "of": False, "off": False}
for _word, _value in (("true", True), ("false", False), ("yes", True), ("no", False)):
    _BOOLEANS.update((_word[:_length], _value) for _length in range(1, len(_word) + 1))


def _parse_bool(text: str, modifier: int = -1) -> bool:
    value = _BOOLEANS.get(text)
    if value is None:
        value = _BOOLEANS.get(text.strip(WHITESPACE).lower())
        if value is None:
            raise invalid_text("boolean", text)
    return value


def _format_bool(datum: bool, modifier: int = -1) -> str:
    return "t" if datum else "f"


def _parse_bool_binary(data: bytes, modifier: int = -1) -> bool:
    if len(data) != 1:
        raise invalid_binary()
    return data != b"\x00"


def _format_bool_binary(datum: bool, modifier: int = -1) -> bytes:
    return b"\x01" if datum else b"\x00"


TYPES = (
    Type(
        "bool",
        "boolean",
        16,
        1000,
        1,
        "B",
        _parse_bool,
        _format_bool,
        _parse_bool_binary,
        _format_bool_binary,
        preferred=True,
    ),
    _integer_type("int2", "smallint", 21, 1005, "!h"),
    _integer_type("int4", "integer", 23, 1007, "!i"),
    _integer_type("int8", "bigint", 20, 1016, "!q"),
    _integer_type("oid", "oid", 26, 1028, "!I", preferred=True),
)
