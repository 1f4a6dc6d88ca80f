"""Keys as bytes whose order is SQL's: `keyspace (6 bytes) | column | column ...`, compared by memcmp.

    codec = KeyCodec([ColumnType("int4"), ColumnType("text")], descending=[False, True], nulls_first=[False, True])
    key = keyspace(table, index) + codec.encode([7, "x"])
    codec.decode(key[6:]) == [7, "x"]
    scan [key, prefix_end(key))                    every entry that starts so

Invariants: encode(a) < encode(b) exactly when SQL sorts a before b; equal datums (1.0 and 1.00, -0.0 and 0.0, '1 mon'
and '30 days') have equal bytes; a column's encoding is never a prefix of another value's, so that composites sort by
columns and any prefix of the columns is a byte prefix.

No column has a marker in front, so that the first byte of a uuid or an integer is the value's own (ranges.py cuts
there). Per kind, ascending:

    fixed width (integers, times, uuid,
    timetz, macaddr, macaddr8)           big-endian, sign bit flipped. The one pattern that NULL needs (all FF for NULLS
                                         LAST, all 00 for NULLS FIRST) is followed by one more byte: the value's and
                                         NULL's differ there
    float4, float8                       IEEE bits made monotone; one NaN, above Infinity; one zero. NULL is FF FF or 00
                                         00, which no value starts with
    text, bit, bytea, inet               bytes, 00 written as 00 FF, then 00 01. NULL: 00 00 first; last FF, and a bytea
                                         that starts with FF gets FF 00 there
    numeric                              class byte (-Inf, negative, zero, positive, Inf, NaN), then exponent and
                                         digits, complemented where negative
    interval                             its length in microseconds, a month being 30 days and a day 24 hours

Descending complements every byte of the ascending encoding. Decoding gives a datum equal in SQL, not always the same
(numeric: the scale is the type's or the least; interval: days and microseconds). Text is in C collation: UTF-8 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from struct import Struct
from typing import Any

from actors.sql.types.base import BITS
from actors.sql.types.column_type import ColumnType

_keyspace = Struct(">IH").pack
_COMPLEMENT = bytes(255 - byte for byte in range(256))

TERMINATOR = b"\x00\x01"
ESCAPED_ZERO = b"\x00\xff"

Encoder = Callable[[Any], bytes]
Decoder = Callable[[bytes, int], tuple[Any, int]]


def keyspace(table_id: int, index_id: int) -> bytes:
    """The 6 bytes that every key of this index starts with."""
    return _keyspace(table_id, index_id)


def prefix_end(prefix: bytes) -> bytes:
    """The least byte string above every one that starts with `prefix` (which is not all FF: a keyspace never is)."""
    stripped = prefix.rstrip(b"\xff")
    assert stripped, "no byte string is above every one that starts with FF"
    return stripped[:-1] + bytes((stripped[-1] + 1,))


# -- integers and times ------------------------------------------------------------------------------------------------

_INTEGERS = {
    "int2": ">H",
    "int4": ">I",
    "int8": ">Q",
    "date": ">I",
    "time": ">Q",
    "timestamp": ">Q",
    "timestamptz": ">Q",
    "oid": ">I",
}


def _integer_coders(name: str, nulls_first: bool, descending: bool) -> tuple[Encoder, Decoder]:
    packer = Struct(_INTEGERS[name])
    pack, unpack_from, size = packer.pack, packer.unpack_from, packer.size
    top = (1 << 8 * size) - 1
    offset = 0 if name == "oid" else 1 << (8 * size - 1)
    # `descending` counts down from `top`, which complements the bytes; the pattern that NULL needs follows from what is
    # seen in the end.
    shared = 0 if nulls_first else top
    shared_datum = (top - shared if descending else shared) - offset
    null, value_byte = _null_beside(pack(shared), nulls_first)
    shared_bytes = pack(shared) + value_byte

    if descending:
        start = top - offset

        def encode(datum: Any) -> bytes:
            if datum is None:
                return null
            if datum == shared_datum:
                return shared_bytes
            return pack(start - datum)

    else:

        def encode(datum: Any) -> bytes:
            if datum is None:
                return null
            if datum == shared_datum:
                return shared_bytes
            return pack(datum + offset)

    def decode(data: bytes, at: int) -> tuple[Any, int]:
        value = unpack_from(data, at)[0]
        end = at + size
        if value == shared:
            if data[end : end + 1] != value_byte:
                return None, end + 1
            return shared_datum, end + 1
        return (top - value if descending else value) - offset, end

    return encode, decode


def _null_beside(pattern: bytes, nulls_first: bool) -> tuple[bytes, bytes]:
    """(NULL's bytes, the byte that follows the same pattern as a value)."""
    return (pattern + b"\x00", b"\x01") if nulls_first else (pattern + b"\x01", b"\x00")


def fixed_patterns(size: int, nulls_first: bool) -> tuple[bytes, bytes, bytes]:
    """(the one pattern of so many bytes that NULL needs, NULL's bytes, the bytes of a value that has the pattern)."""
    shared = (b"\x00" if nulls_first else b"\xff") * size
    null, value_byte = _null_beside(shared, nulls_first)
    return shared, null, shared + value_byte


def _fixed_bytes_coders(size: int, nulls_first: bool, descending: bool) -> tuple[Encoder, Decoder]:
    """uuid and its like: their bytes as they are."""
    shared, null, shared_bytes = fixed_patterns(size, nulls_first)
    value_byte = shared_bytes[size:]

    def encode(datum: Any) -> bytes:
        if datum is None:
            return null
        if descending:
            datum = datum.translate(_COMPLEMENT)
        return bytes(shared_bytes if datum == shared else datum)

    def decode(data: bytes, at: int) -> tuple[Any, int]:
        end = at + size
        value = data[at:end]
        if value == shared:
            if data[end : end + 1] != value_byte:
                return None, end + 1
            end += 1
        return (value.translate(_COMPLEMENT) if descending else value), end

    return encode, decode


# -- kinds that are encoded ascending and complemented afterwards ------------------------------------------------------


def _boolean(datum: bool) -> bytes:
    return b"\x80" if datum else b"\x40"


def _decode_boolean(data: bytes, at: int) -> tuple[Any, int]:
    return data[at] == 0x80, at + 1


_DOUBLE, _SINGLE = Struct(">d"), Struct(">f")


def _float_coders(packer: Struct) -> tuple[Encoder, Decoder]:
    pack, unpack, size = packer.pack, packer.unpack, packer.size
    nan = pack(float("nan"))

    def encode(datum: float) -> bytes:
        raw = nan if datum != datum else pack(datum + 0.0)  # -0.0 becomes 0.0
        if raw[0] & 0x80 and datum == datum:
            return raw.translate(_COMPLEMENT)
        return bytes((raw[0] | 0x80,)) + raw[1:]

    def decode(data: bytes, at: int) -> tuple[Any, int]:
        raw = data[at : at + size]
        raw = bytes((raw[0] & 0x7F,)) + raw[1:] if raw[0] & 0x80 else raw.translate(_COMPLEMENT)
        return unpack(raw)[0], at + size

    return encode, decode


def _terminated(raw: bytes) -> bytes:
    return (raw.replace(b"\x00", ESCAPED_ZERO) if b"\x00" in raw else raw) + TERMINATOR


def _read_terminated(data: bytes, at: int) -> tuple[bytes, int]:
    """`data[at:]` up to its terminator: (value, where the next column begins)."""
    end = at
    while True:
        end = data.index(b"\x00", end)
        if data[end + 1] == 0x01:
            return data[at:end].replace(ESCAPED_ZERO, b"\x00"), end + 2
        end += 2


def _text(datum: str) -> bytes:
    raw = datum.encode()
    return (raw.replace(b"\x00", ESCAPED_ZERO) if b"\x00" in raw else raw) + TERMINATOR


def _decode_text(data: bytes, at: int) -> tuple[Any, int]:
    raw, end = _read_terminated(data, at)
    return raw.decode(), end


def _bytea(datum: bytes) -> bytes:
    if datum[:1] == b"\xff":
        return b"\xff\x00" + _terminated(datum[1:])
    return _terminated(datum)


def _decode_bytea(data: bytes, at: int) -> tuple[Any, int]:
    if data[at] == 0xFF:
        raw, end = _read_terminated(data, at + 2)
        return b"\xff" + raw, end
    return _read_terminated(data, at)


_MINUS_INFINITY, _NEGATIVE, _ZERO, _POSITIVE, _INFINITY, _NAN = 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0
_EXPONENT_OFFSET = 1 << 23
"""Exponents take 3 bytes: PostgreSQL's numerics end at 131072 digits before the point."""
_NIBBLES = str.maketrans("0123456789", "123456789a")
_DIGITS = str.maketrans("123456789a", "0123456789")


def _numeric(datum: Decimal) -> bytes:
    if not datum.is_finite():
        return bytes((_NAN if datum.is_nan() else _INFINITY if datum > 0 else _MINUS_INFINITY,))
    if not datum:
        return bytes((_ZERO,))
    sign, digits, exponent = datum.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    place = len(text) + int(exponent)
    nibbles = text.rstrip("0").translate(_NIBBLES) + "0"
    body = (place + _EXPONENT_OFFSET).to_bytes(3, "big") + bytes.fromhex(nibbles + "0" * (len(nibbles) & 1))
    if sign:
        return bytes((_NEGATIVE,)) + body.translate(_COMPLEMENT)
    return bytes((_POSITIVE,)) + body


def _numeric_decoder(modifier: int) -> Decoder:
    scale = None if modifier < 0 else ((((modifier - 4) & 0x7FF) ^ 1024) - 1024)
    quantum = None if scale is None else max(scale, 0)
    special = {_MINUS_INFINITY: Decimal("-Infinity"), _INFINITY: Decimal("Infinity"), _NAN: Decimal("NaN")}

    def scaled(sign: int, text: str, exponent: int) -> Decimal:
        if exponent > 0:
            text, exponent = text + "0" * exponent, 0
        if quantum is not None and -exponent < quantum:
            text, exponent = text + "0" * (quantum + exponent), -quantum
        return Decimal((sign, tuple(map(int, text)), exponent))

    def decode(data: bytes, at: int) -> tuple[Any, int]:
        kind = data[at]
        if kind in special:
            return special[kind], at + 1
        if kind == _ZERO:
            return scaled(0, "0", 0), at + 1
        negative = kind == _NEGATIVE
        rest = data[at + 1 :].translate(_COMPLEMENT) if negative else data[at + 1 :]
        place = int.from_bytes(rest[:3], "big") - _EXPONENT_OFFSET
        end = 3
        while rest[end] & 0x0F and rest[end] & 0xF0:
            end += 1
        text = rest[3 : end + 1].hex().rstrip("0").translate(_DIGITS)
        return scaled(int(negative), text, place - len(text)), at + 1 + end + 1

    return decode


_DAY_US = 86_400_000_000
_SPAN_BYTES = 10
_SPAN_OFFSET = 1 << (8 * _SPAN_BYTES - 2)


def _interval(datum: tuple[int, int, int]) -> bytes:
    months, days, microseconds = datum
    return ((months * 30 + days) * _DAY_US + microseconds + _SPAN_OFFSET).to_bytes(_SPAN_BYTES, "big")


def _decode_interval(data: bytes, at: int) -> tuple[Any, int]:
    span = int.from_bytes(data[at : at + _SPAN_BYTES], "big") - _SPAN_OFFSET
    days, microseconds = divmod(span, _DAY_US)
    months = 0
    if not -(2**31) <= days < 2**31:
        months, days = divmod(days, 30)
    return (months, days, microseconds), at + _SPAN_BYTES


def null_bytes(name: str, nulls_first: bool) -> bytes:
    if name in ("float4", "float8"):
        return b"\x00\x00" if nulls_first else b"\xff\xff"
    if name in _BINARIES:
        return b"\x00\x00" if nulls_first else b"\xff\x01"
    if name in _TEXTS:
        return b"\x00\x00" if nulls_first else b"\xff"
    return b"\x00" if nulls_first else b"\xff"


_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "char", "unknown"}) | BITS
_BINARIES = frozenset({"bytea", "inet", "cidr"})
"""Bytes of more than one length."""
_SIZES = {"uuid": 16, "timetz": 12, "macaddr": 6, "macaddr8": 8}


def has_keys(type_: ColumnType) -> bool:
    """Whether values of the type may be parts of an index's key."""
    name = type_.name
    return name in _INTEGERS or name in _SIZES or name in _TEXTS or name in _BINARIES or name in _OTHERS


_OTHERS = frozenset({"bool", "float4", "float8", "interval", "numeric"})


def _not_decoded(data: bytes, at: int) -> tuple[Any, int]:
    raise AssertionError("no key holds a jsonb")


def _ascending_coders(type_: ColumnType) -> tuple[Encoder, Decoder]:
    name = type_.name
    if name == "bpchar":  # blanks at the end do not count
        return lambda datum: _text(datum.rstrip(" ")), _decode_text
    if name in _TEXTS:
        return _text, _decode_text
    if name in _BINARIES:
        return _bytea, _decode_bytea
    if name == "bool":
        return _boolean, _decode_boolean
    if name == "float8":
        return _float_coders(_DOUBLE)
    if name == "float4":
        return _float_coders(_SINGLE)
    if name == "numeric":
        return _numeric, _numeric_decoder(type_.modifier)
    if name == "jsonb":  # to sort by; no index has it
        from actors.sql.types.json_values import order_key

        return order_key, _not_decoded
    assert name == "interval", f"no key encoding for type {name}"
    return _interval, _decode_interval


def _coders(type_: ColumnType, descending: bool, nulls_first: bool) -> tuple[Encoder, Decoder]:
    if type_.name in _INTEGERS:
        return _integer_coders(type_.name, nulls_first, descending)
    if type_.name in _SIZES:
        return _fixed_bytes_coders(_SIZES[type_.name], nulls_first, descending)
    ascending, read = _ascending_coders(type_)
    null = null_bytes(type_.name, nulls_first != descending)

    if not descending:

        def encode(datum: Any) -> bytes:
            return null if datum is None else ascending(datum)

        def decode(data: bytes, at: int) -> tuple[Any, int]:
            return (None, at + len(null)) if data.startswith(null, at) else read(data, at)

        return encode, decode

    def encode_descending(datum: Any) -> bytes:
        return (null if datum is None else ascending(datum)).translate(_COMPLEMENT)

    def decode_descending(data: bytes, at: int) -> tuple[Any, int]:
        return decode_plain(data.translate(_COMPLEMENT), at)

    def decode_plain(data: bytes, at: int) -> tuple[Any, int]:
        return (None, at + len(null)) if data.startswith(null, at) else read(data, at)

    return encode_descending, decode_descending


class KeyCodec:
    """Keys of these columns. `descending` and `nulls_first` default to False for every column.

    `encode(datums)` takes any prefix of the columns, without keyspace; `encoders` are the single columns'.
    `decode(data)` gives as many columns as `data` holds; what follows the last column (the primary key of an index
    entry) is left alone: `decode_with_end` tells where it begins.
    """

    __slots__ = ("_decoders", "encode", "encoders")

    encode: Callable[[Sequence[Any]], bytes]

    def __init__(
        self,
        types: Sequence[ColumnType],
        descending: Sequence[bool] | None = None,
        nulls_first: Sequence[bool] | None = None,
    ) -> None:
        pairs = [
            _coders(
                type_,
                bool(descending[number]) if descending else False,
                bool(nulls_first[number]) if nulls_first else False,
            )
            for number, type_ in enumerate(types)
        ]
        self.encoders = [encoder for encoder, _ in pairs]
        self._decoders = [decoder for _, decoder in pairs]
        self.encode = _composite(self.encoders)

    def decode(self, data: bytes) -> list[Any]:
        return self.decode_with_end(data)[0]

    def decode_with_end(self, data: bytes) -> tuple[list[Any], int]:
        """(datums, bytes used)."""
        at, datums = 0, []
        for decoder in self._decoders:
            if at >= len(data):
                break
            datum, at = decoder(data, at)
            datums.append(datum)
        return datums, at


def _composite(encoders: list[Encoder]) -> Callable[[Sequence[Any]], bytes]:
    if len(encoders) == 1:
        only = encoders[0]

        def encode_one(datums: Sequence[Any]) -> bytes:
            return only(datums[0]) if datums else b""

        return encode_one
    if len(encoders) == 2:
        first, second = encoders

        def encode_two(datums: Sequence[Any]) -> bytes:
            if len(datums) == 2:
                return first(datums[0]) + second(datums[1])
            return first(datums[0]) if datums else b""

        return encode_two

    def encode(datums: Sequence[Any]) -> bytes:
        return b"".join([encoder(datum) for encoder, datum in zip(encoders, datums, strict=False)])

    return encode
