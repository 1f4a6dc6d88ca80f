"""bit and varbit: strings of bits.

A datum is a str of 0 and 1, whose order is SQL's (bitcmp in PostgreSQL's varbit.c: by the bits, then by their number).
The modifier is the length itself.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from actors.common.errors import (
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    STRING_DATA_RIGHT_TRUNCATION,
    DatabaseError,
)
from actors.sql.types.base import Type, invalid_binary

STRING_DATA_LENGTH_MISMATCH = "22026"
BITS_MAX = 83_886_080
_length = Struct("!i")


def _digits(text: str) -> str:
    """The bits that a literal means: b101, 101, x1F."""
    first, rest = text[:1], text[1:]
    if first in ("x", "X") and first:
        for character in rest:
            if character not in "0123456789abcdefABCDEF":
                message = f'"{character}" is not a valid hexadecimal digit'
                raise DatabaseError(INVALID_TEXT_REPRESENTATION, message)
        return "".join([f"{int(digit, 16):04b}" for digit in rest])
    bits = rest if first in ("b", "B") and first else text
    if bits.strip("01"):
        wrong = bits.replace("0", "").replace("1", "")[0]
        raise DatabaseError(INVALID_TEXT_REPRESENTATION, f'"{wrong}" is not a valid binary digit')
    return bits


def bit_of(bits: str, modifier: int, *, explicit: bool = False) -> str:
    """As bit(n): cut, or filled with zeros, by an explicit cast; otherwise the length is exactly n (22026)."""
    if modifier < 1 or len(bits) == modifier:
        return bits
    if not explicit:
        message = f"bit string length {len(bits)} does not match type bit({modifier})"
        raise DatabaseError(STRING_DATA_LENGTH_MISMATCH, message)
    return bits[:modifier].ljust(modifier, "0")


def varbit_of(bits: str, modifier: int, *, explicit: bool = False) -> str:
    """As bit varying(n): cut by an explicit cast; otherwise no longer than n (22001)."""
    if modifier < 1 or len(bits) <= modifier:
        return bits
    if not explicit:
        raise DatabaseError(STRING_DATA_RIGHT_TRUNCATION, f"bit string too long for type bit varying({modifier})")
    return bits[:modifier]


def bits_of_integer(value: int, length: int) -> str:
    """An integer as bit(n): its last n bits, filled with its sign. Without a length: one bit."""
    count = length if length > 0 else 1
    return f"{value & (1 << count) - 1:0{count}b}"


def integer_of_bits(bits: str, width: int, sql_name: str) -> int:
    """Raises 22003 for more than `width` bits."""
    if len(bits) > width:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f"{sql_name} out of range")
    value = int(bits, 2) if bits else 0
    return value - (1 << width) if value >> width - 1 else value


def parse_bit(text: str, modifier: int = -1) -> str:
    return bit_of(_digits(text), modifier)


def parse_varbit(text: str, modifier: int = -1) -> str:
    return varbit_of(_digits(text), modifier)


def _same(datum: str, modifier: int = -1) -> str:
    return datum


def _reader(fit: Any) -> Any:
    def read(data: bytes, modifier: int = -1) -> str:
        count = _length.unpack_from(data)[0] if len(data) >= 4 else -1
        if count < 0 or len(data) - 4 != (count + 7) // 8:
            raise invalid_binary("invalid length in external bit string")
        bits = "".join([f"{byte:08b}" for byte in data[4:]])[:count]
        return str(fit(bits, modifier))

    return read


def packed(datum: str) -> bytes:
    """Eight bits a byte, the last one filled with zeros."""
    size = (len(datum) + 7) // 8
    return int(datum.ljust(size * 8, "0"), 2).to_bytes(size, "big") if datum else b""


def _write(datum: str, modifier: int = -1) -> bytes:
    return _length.pack(len(datum)) + packed(datum)


TYPES = (
    Type("bit", "bit", 1560, 1561, -1, "V", parse_bit, _same, _reader(bit_of), _write),
    Type("varbit", "bit varying", 1562, 1563, -1, "V", parse_varbit, _same, _reader(varbit_of), _write, preferred=True),
)
