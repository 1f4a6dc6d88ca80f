"""Operators and functions of bit and varbit (PostgreSQL's varbit.c). A varbit is a bit wherever one is asked for."""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.expressions.registry import register
from actors.sql.types.bits import bit_of, bits_of_integer, integer_of_bits, varbit_of

ARRAY_SUBSCRIPT_ERROR = "2202E"
SUBSTRING_ERROR = "22011"
_FLIPPED = str.maketrans("01", "10")


def combined(word: str, combine: Callable[[int, int], int]) -> Callable[[str, str], str]:
    def operator(one: str, other: str) -> str:
        if len(one) != len(other):
            raise DatabaseError("22026", f"cannot {word} bit strings of different sizes")
        return f"{combine(int(one, 2), int(other, 2)):0{len(one)}b}" if one else ""

    return operator


def _shifted_left(bits: str, by: int) -> str:
    if by < 0:
        return _shifted_right(bits, -by)
    return bits[by:].ljust(len(bits), "0")


def _shifted_right(bits: str, by: int) -> str:
    if by < 0:
        return _shifted_left(bits, -by)
    return bits[: max(len(bits) - by, 0)].rjust(len(bits), "0")


def _substring(bits: str, start: int, length: int | None = None) -> str:
    if length is not None and length < 0:
        raise DatabaseError(SUBSTRING_ERROR, "negative substring length not allowed")
    end = None if length is None else max(start - 1 + length, 0)
    return bits[max(start - 1, 0) : end]


def _overlay(bits: str, other: str, start: int, length: int | None = None) -> str:
    if start <= 0:
        raise DatabaseError(SUBSTRING_ERROR, "negative substring length not allowed")
    after = start + (len(other) if length is None else length)
    if after > 2**31 - 1:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")
    return bits[: start - 1] + other + _substring(bits, after)


def _checked(bits: str, place: int) -> None:
    if not 0 <= place < len(bits):
        raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, f"bit index {place} out of valid range (0..{len(bits) - 1})")


def _get_bit(bits: str, place: int) -> int:
    _checked(bits, place)
    return int(bits[place])


def _set_bit(bits: str, place: int, value: int) -> str:
    _checked(bits, place)
    if value not in (0, 1):
        raise DatabaseError("22023", "new bit must be 0 or 1")
    return f"{bits[:place]}{value}{bits[place + 1 :]}"


def _register() -> None:
    for name, word, combine in (
        ("&", "AND", lambda one, other: one & other),
        ("|", "OR", lambda one, other: one | other),
        ("#", "XOR", lambda one, other: one ^ other),
    ):
        register(name, "bit bit", "bit", combined(word, combine))
    register("~", "bit", "bit", lambda bits: bits.translate(_FLIPPED))
    register("<<", "bit int4", "bit", _shifted_left)
    register(">>", "bit int4", "bit", _shifted_right)
    register("||", "varbit varbit", "varbit", lambda one, other: one + other)
    register("substring", "bit int4", "bit", _substring)
    register("substring", "bit int4 int4", "bit", _substring)
    register("overlay", "bit bit int4", "bit", _overlay)
    register("overlay", "bit bit int4 int4", "bit", _overlay)
    register("position", "bit bit", "int4", lambda bits, part: bits.find(part) + 1 if bits or part else 0)
    register("length", "bit", "int4", len)
    register("bit_length", "bit", "int4", len)
    register("octet_length", "bit", "int4", lambda bits: (len(bits) + 7) // 8)
    register("bit_count", "bit", "int8", lambda bits: bits.count("1"))
    register("get_bit", "bit int4", "int4", _get_bit)
    register("set_bit", "bit int4 int4", "bit", _set_bit)
    register("bit", "int4 int4", "bit", bits_of_integer)
    register("bit", "int8 int4", "bit", bits_of_integer)
    register("bit", "bit int4 bool", "bit", lambda bits, length, explicit: bit_of(bits, length, explicit=explicit))
    register(
        "varbit", "varbit int4 bool", "varbit",
        lambda bits, length, explicit: varbit_of(bits, length, explicit=explicit),
    )  # fmt: skip
    register("int4", "bit", "int4", lambda bits: integer_of_bits(bits, 32, "integer"))
    register("int8", "bit", "int8", lambda bits: integer_of_bits(bits, 64, "bigint"))


_register()
