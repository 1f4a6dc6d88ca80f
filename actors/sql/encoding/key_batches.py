"""Many keys encoded at once: Arrow columns -> a binary array of the bytes that a KeyCodec (keys.py) gives for each row.

    encoder = KeyBatches(types, descending, nulls_first)
    keys = encoder.encode(space, [customers, ids])          pyarrow binary array

Columns are as to_arrow(...) of the datums. Integers, times, uuids, floats, booleans and texts are encoded by NumPy and
Arrow; other types, and what needs an exception in them (infinite times, zero bytes within bytea), value by value by the
codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.encoding.keys import TERMINATOR, KeyCodec, fixed_patterns, null_bytes
from actors.sql.encoding.row_batches import datum_integers
from actors.sql.encoding.string_arrays import buffers, from_matrix, matrix_of
from actors.sql.types.column_type import ColumnType

_NOTHING = pa.scalar(b"", pa.binary())
_TERMINATOR = pa.scalar(TERMINATOR, pa.binary())
_WIDTHS = {"int2": 2, "int4": 4, "int8": 8, "date": 4, "time": 8, "timestamp": 8, "timestamptz": 8, "oid": 4}
_TEXTS = frozenset({"text", "varchar", "bpchar", "name"})


class KeyBatches:
    """See the module. The parameters are KeyCodec's."""

    def __init__(
        self,
        types: Sequence[ColumnType],
        descending: Sequence[bool] | None = None,
        nulls_first: Sequence[bool] | None = None,
    ) -> None:
        self._types = tuple(types)
        self._descending = tuple(descending or [False] * len(self._types))
        self._nulls_first = tuple(nulls_first or [False] * len(self._types))
        self._encoders = KeyCodec(types, descending, nulls_first).encoders

    def encode(self, space: bytes, columns: Sequence[pa.Array], suffix: pa.Array | None = None) -> pa.Array:
        """Keys of all columns, between `space` and `suffix`. Raises as `from_arrow`."""
        parts = [self._column(number, column) for number, column in enumerate(columns)]
        parts += [] if suffix is None else [suffix]
        return pc.binary_join_element_wise(pa.scalar(space, pa.binary()), *parts, _NOTHING)

    def _column(self, number: int, column: pa.Array) -> pa.Array:
        type_, descending, nulls_first = self._types[number], self._descending[number], self._nulls_first[number]
        name = type_.name
        if name in _WIDTHS:
            numbers = datum_integers(column, type_)
            if numbers is not None:
                return _fixed(_big_endian(numbers, name), column, descending, nulls_first)
        elif name == "uuid":
            raw = column.fill_null(pa.scalar(bytes(16), pa.binary())) if column.null_count else column
            if pc.all(pc.equal(pc.binary_length(raw), pa.scalar(16, pa.int32()))).as_py():
                return _fixed(matrix_of(raw, 16), column, descending, nulls_first)
        elif name in ("float4", "float8"):
            return _others(from_matrix(_floats(column, name)), column, name, descending, nulls_first)
        elif name in _TEXTS:
            texts = column.fill_null(pa.scalar("", pa.utf8())) if column.null_count else column
            if name == "bpchar":
                texts = pc.utf8_rtrim(texts, " ")
            texts = texts.view(pa.binary())
            if buffers(texts)[1].all():  # no zero byte, which would be escaped
                ascending = pc.binary_join_element_wise(texts, _TERMINATOR, _NOTHING)
                return _others(ascending, column, name, descending, nulls_first)
        encode = self._encoders[number]
        return pa.array(list(map(encode, from_arrow(column, type_))), pa.binary())


def _big_endian(numbers: Any, name: str) -> Any:
    """The ascending encoding, a row a number."""
    width = _WIDTHS[name]
    unsigned = numbers.view(np.uint64) if name == "oid" else numbers.view(np.uint64) + np.uint64(1 << (8 * width - 1))
    return unsigned.astype(">u8").view(np.uint8).reshape(len(numbers), 8)[:, 8 - width :]


def _fixed(matrix: Any, column: pa.Array, descending: bool, nulls_first: bool) -> pa.Array:
    """Of a type of fixed width: one pattern is a value's only with another byte behind it, NULL's with a third."""
    if descending:
        matrix = ~matrix
    shared, null, shared_value = fixed_patterns(matrix.shape[1], nulls_first)
    keys = from_matrix(matrix)
    is_shared = (matrix == shared[0]).all(axis=1)
    if is_shared.any():
        keys = pc.if_else(pa.array(is_shared), pa.scalar(shared_value, pa.binary()), keys)
    return pc.if_else(column.is_null(), pa.scalar(null, pa.binary()), keys) if column.null_count else keys


def _others(ascending: pa.Array, column: pa.Array, name: str, descending: bool, nulls_first: bool) -> pa.Array:
    """Of a type that is complemented as a whole where it descends."""
    if column.null_count:
        null = pa.scalar(null_bytes(name, nulls_first != descending), pa.binary())
        ascending = pc.if_else(column.is_null(), null, ascending)
    if not descending:
        return ascending
    offsets, data = buffers(ascending)
    complement = ~data
    return pa.Array.from_buffers(
        pa.binary(), len(ascending), [None, pa.py_buffer(offsets - offsets[0]), pa.py_buffer(complement)]
    )


def _floats(column: pa.Array, name: str) -> Any:
    numbers = column.fill_null(pa.scalar(0.0, column.type)).to_numpy(zero_copy_only=False) + 0.0  # -0.0 becomes 0.0
    wide = name == "float8"
    numbers = numbers.astype(np.float64 if wide else np.float32)
    numbers[np.isnan(numbers)] = np.nan
    bits = numbers.view(np.uint64 if wide else np.uint32)
    sign = bits.dtype.type(1 << (63 if wide else 31))
    bits = np.where((bits & sign) != 0, ~bits, bits | sign)
    bits[np.isnan(numbers)] = np.array([np.nan], numbers.dtype).view(bits.dtype)[0] | sign
    return bits.astype(bits.dtype.newbyteorder(">")).view(np.uint8).reshape(len(numbers), -1)
