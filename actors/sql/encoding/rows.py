"""Rows as bytes: one msgpack array by column position.

    codec = RowCodec([ColumnType("int8"), ColumnType("numeric")])
    codec.decode(codec.encode([1, Decimal("2.50")])) == [1, Decimal("2.50")]

A numeric travels as its text (so its scale is kept), an interval as a 3-array, everything else as it is. A row that is
shorter than the columns was written before columns were added: it is padded with None. Reading a row with fewer columns
than were written is a mistake of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from actors.sql.types.column_type import ColumnType

_encode_array: Callable[[Any], bytes] = msgspec.msgpack.Encoder().encode
_decode_array: Callable[[bytes], list[Any]] = msgspec.msgpack.Decoder(list).decode


class RowCodec:
    """`encode(datums) -> bytes` and `decode(data) -> list` for rows of these types; made once a table."""

    __slots__ = ("decode", "encode")

    encode: Callable[[Sequence[Any]], bytes]
    decode: Callable[[bytes], list[Any]]

    def __init__(self, types: Sequence[ColumnType]) -> None:
        numerics = [position for position, type_ in enumerate(types) if type_.name == "numeric"]
        intervals = [position for position, type_ in enumerate(types) if type_.name == "interval"]
        self.encode = _numeric_encoder(numerics) if numerics else _encode_array
        self.decode = _decoder(len(types), numerics, intervals)


def _numeric_encoder(numerics: list[int]) -> Callable[[Sequence[Any]], bytes]:
    """msgspec writes a Decimal as its text by itself, but `str` of one is not: 1E+3 keeps its exponent, so both forms
    read back exactly."""

    def encode(datums: Sequence[Any]) -> bytes:
        row = list(datums)
        for position in numerics:
            if position < len(row) and row[position] is not None:
                row[position] = str(row[position])
        return _encode_array(row)

    return encode


def _decoder(width: int, numerics: list[int], intervals: list[int]) -> Callable[[bytes], list[Any]]:
    def decode_plain(data: bytes) -> list[Any]:
        row = _decode_array(data)
        if len(row) < width:
            row.extend([None] * (width - len(row)))
        return row

    if not numerics and not intervals:
        return decode_plain

    def decode(data: bytes) -> list[Any]:
        row = decode_plain(data)
        for position in numerics:
            value = row[position]
            if value is not None:
                row[position] = Decimal(value)
        for position in intervals:
            value = row[position]
            if value is not None:
                row[position] = tuple(value)
        return row

    return decode
