"""PostgreSQL's hash functions (hashint4, hashtext, ... and their extended forms), bit for bit.

What splits rows by them (`hashtext(key) % 8`), in a client or in a shard of a bulk read, gets the shares that it gets
from PostgreSQL. The hash is Bob Jenkins' lookup3 as in PostgreSQL's hashfn.c, on a little-endian machine.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from struct import pack
from typing import Any

from actors.sql.expressions.comparisons import interval_span
from actors.sql.expressions.registry import register
from actors.sql.types.arrays import ARRAY_TYPES, Array, element_of
from actors.sql.types.json_values import parse as parse_document
from actors.sql.types.network import Address, unpack
from actors.sql.types.timetz import unpack as unpack_timetz

_WORD = 0xFFFFFFFF
_INITIAL = 0x9E3779B9 + 3923095
_ARRAY_FLAG, _OBJECT_FLAG = 0x40000000, 0x20000000
"""JB_FARRAY and JB_FOBJECT."""


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for turn in (4, 6, 8, 16, 19, 4):
        a = ((a - c) ^ (c << turn | c >> 32 - turn)) & _WORD
        a, b, c = b, c + b & _WORD, a
    return a, b, c


def _ended(a: int, b: int, c: int) -> tuple[int, int]:
    """(b, c) of hashfn.c's final()."""
    for turn in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - (b << turn | b >> 32 - turn)) & _WORD
        a, b, c = b, c, a
    return a, b


def _hashed(given: bytes | int, seed: int | None) -> int:
    """Of bytes, or of one unsigned word. `seed` None: 32 bits, signed; else 64 bits, signed."""
    size = 4 if isinstance(given, int) else len(given)
    a = b = c = _INITIAL + size & _WORD
    if seed:
        a, b, c = _mixed(a + (seed >> 32 & _WORD) & _WORD, b + (seed & _WORD) & _WORD, c)
    if isinstance(given, int):
        a = a + given & _WORD
    else:
        whole = size - size % 12
        for at in range(0, whole, 12):
            a = a + int.from_bytes(given[at : at + 4], "little") & _WORD
            b = b + int.from_bytes(given[at + 4 : at + 8], "little") & _WORD
            c = c + int.from_bytes(given[at + 8 : at + 12], "little") & _WORD
            a, b, c = _mixed(a, b, c)
        a = a + int.from_bytes(given[whole : whole + 4], "little") & _WORD
        b = b + int.from_bytes(given[whole + 4 : whole + 8], "little") & _WORD
        c = c + (int.from_bytes(given[whole + 8 :], "little") << 8) & _WORD
    high, low = _ended(a, b, c)
    return _signed(low, 32) if seed is None else _signed(high << 32 | low, 64)


def _signed(value: int, width: int) -> int:
    value &= (1 << width) - 1
    return value - (1 << width) if value >> width - 1 else value


def _integer(value: int, seed: int | None) -> int:
    return _hashed(value & _WORD, seed)


def _bigint(value: int, seed: int | None) -> int:
    """So that an int4 in it has its own hash."""
    high = value >> 32
    return _hashed((value ^ (high if value >= 0 else ~high)) & _WORD, seed)


def _float(value: float, seed: int | None) -> int:
    if value == 0:
        return seed or 0
    return _hashed(pack("<d", value if value == value else float("nan")), seed)


def _text(value: str, seed: int | None) -> int:
    return _hashed(value.encode(), seed)


def _bytes(value: bytes, seed: int | None) -> int:
    return _hashed(value, seed)


def _numeric(value: Decimal, seed: int | None) -> int:
    """By its digits to the base 10,000 without zeros at either end, and their place."""
    if not value.is_finite():
        return seed or 0
    if not value:
        return _signed((seed or 0) - 1, 64) if seed is not None else -1
    whole, _, fraction = format(abs(value), "f").partition(".")
    whole = whole.lstrip("0")
    whole = whole.rjust((len(whole) + 3) // 4 * 4, "0")
    fraction = fraction.ljust((len(fraction) + 3) // 4 * 4, "0")
    digits = [int((whole + fraction)[at : at + 4]) for at in range(0, len(whole) + len(fraction), 4)]
    weight = len(whole) // 4 - 1
    while not digits[0]:
        digits, weight = digits[1:], weight - 1
    while not digits[-1]:
        digits.pop()
    return _signed(_hashed(pack(f"<{len(digits)}h", *digits), seed) ^ weight, 32 if seed is None else 64)


def _interval(value: tuple[int, int, int], seed: int | None) -> int:
    return _bigint(_signed(interval_span(value), 64), seed)


def _timetz(value: bytes, seed: int | None) -> int:
    clock, west = unpack_timetz(value)
    return _bigint(clock, seed) ^ _integer(west, seed)


def _inet(value: bytes, seed: int | None) -> int:
    address: Address = unpack(value)
    head = bytes((address.family, address.bits))
    return _hashed(head + address.value.to_bytes(address.width // 8, "big"), seed)


def _turned(state: int, width: int) -> int:
    """Each word one bit to the left, its first bit at its end."""
    if width == 32:
        return state << 1 | state >> 31
    return state << 1 & 0xFFFFFFFE_FFFFFFFE | state >> 31 & 0x1_00000001


def _jsonb(value: str, seed: int | None) -> int:
    width = 32 if seed is None else 64
    top = (1 << width) - 1
    state = 0

    def scalar(item: Any) -> None:
        nonlocal state
        if item is None:
            found = (seed or 0) + 1
        elif isinstance(item, bool):
            found = _integer(int(item), seed) if seed else 2 if item else 4
        elif isinstance(item, str):
            found = _text(item, seed)
        else:
            found = _numeric(Decimal(item), seed)
        state = (_turned(state, width) ^ found) & top

    def visit(item: Any) -> None:
        nonlocal state
        if isinstance(item, dict):
            state ^= _OBJECT_FLAG if seed is None else _OBJECT_FLAG << 32 | _OBJECT_FLAG
            for key, under in item.items():
                scalar(key)
                visit(under)
        elif isinstance(item, list):
            state ^= _ARRAY_FLAG if seed is None else _ARRAY_FLAG << 32 | _ARRAY_FLAG
            for under in item:
                visit(under)
        else:
            scalar(item)

    document = parse_document(value)
    visit(document if isinstance(document, dict | list) else [document])
    return _signed(state, width)


_OF_TYPE: dict[str, Callable[[Any, int | None], int]] = {
    **dict.fromkeys(("int2", "int4", "oid", "date", "bool"), _integer),
    **dict.fromkeys(("int8", "time", "timestamp", "timestamptz"), _bigint),
    **dict.fromkeys(("float4", "float8"), _float),
    **dict.fromkeys(("text", "varchar", "name"), _text),
    "bpchar": lambda value, seed: _text(value.rstrip(" "), seed),
    "char": lambda value, seed: _integer(_signed(value.encode()[0] if value else 0, 8), seed),
    **dict.fromkeys(("bytea", "uuid", "macaddr", "macaddr8"), _bytes),
    "numeric": _numeric,
    "interval": _interval,
    "timetz": _timetz,
    "inet": _inet,
    "cidr": _inet,
    "jsonb": _jsonb,
}


def _array(value: Array, seed: int | None, element: str) -> int:
    one = _OF_TYPE[element]
    width = 32 if seed is None else 64
    state = 1
    for item in value.items:
        state = (state << 5) - state + (0 if item is None else one(item, seed))
    return _signed(state, width)


_NAMES = {
    "hashchar": "char", "hashint2": "int2", "hashint4": "int4", "hashint8": "int8", "hashoid": "oid",
    "hashfloat4": "float4", "hashfloat8": "float8", "hashname": "name", "hashtext": "text", "hashbpchar": "bpchar",
    "hashbytea": "bytea", "hash_numeric": "numeric", "hashinet": "inet", "hashmacaddr": "macaddr",
    "hashmacaddr8": "macaddr8", "hashbool": "bool", "hashdate": "date", "time_hash": "time", "timetz_hash": "timetz",
    "timestamp_hash": "timestamp", "timestamptz_hash": "timestamptz", "interval_hash": "interval", "uuid_hash": "uuid",
    "jsonb_hash": "jsonb",
}  # fmt: skip


def _register() -> None:
    for name, type_ in _NAMES.items():
        one = _OF_TYPE[type_]
        extended = f"{name}_extended" if name.endswith("_hash") or name == "hash_numeric" else f"{name}extended"
        register(name, type_, "int4", partial(_unseeded, one))
        register(extended, f"{type_} int8", "int8", one)
    for type_ in ARRAY_TYPES:
        element = element_of(type_)
        if element in _OF_TYPE:
            register("hash_array", type_, "int4", partial(_array, seed=None, element=element))
            register("hash_array_extended", f"{type_} int8", "int8", partial(_array, element=element))


def _unseeded(one: Callable[[Any, int | None], int], value: Any) -> int:
    return one(value, None)


_register()
