"""Many rows encoded at once, the inverse of row_columns.py: Arrow columns -> a binary array of encoded rows (rows.py),
without a Python object for each value.

    encode_rows(columns, types)         columns: as to_arrow(...) of the datums, in the order of the row's positions
                                        (a numeric may be utf8, as it is stored); None: NULL in every row
    -> pyarrow binary array             the bytes that RowCodec(types).encode gives for each row

A column becomes one or two binary arrays, its values' MessagePack: head (tag and length) and bytes. Arrow joins the
arrays row by row. Integers are written big-endian into the right end of a nine-byte field, the tag before the bytes
that they need, and what is unused is cut away. Values of types without such a form, and infinite times, are encoded
one by one by msgspec.

Source of the format: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.sql.encoding.arrow_types import EPOCH_DAYS, EPOCH_US, from_arrow
from actors.sql.encoding.row_columns import BINARIES, FLOATS, INTEGERS, TEXTS
from actors.sql.encoding.string_arrays import right_ends
from actors.sql.types.column_type import ColumnType

EXACT_SCALE_MAX = 6
"""Decimal's text has no exponent up to so many digits behind the point, whatever the value: it is Arrow's text."""
_NOTHING = pa.scalar(b"", pa.binary())
_TRUE, _FALSE, _NULL = (pa.scalar(tag, pa.binary()) for tag in (b"\xc3", b"\xc2", b"\xc0"))
_NIL = 0xC0
_FIELD = 9
"""A tag, and as many bytes as an integer may take."""
_TIMES = {"date": EPOCH_DAYS, "timestamp": EPOCH_US, "timestamptz": EPOCH_US}
_BOUNDS = np.array([-(1 << 31), -(1 << 15), -(1 << 7), -32, 0x80, 1 << 8, 1 << 16, 1 << 32], np.int64)
_SIZES = np.array([9, 5, 3, 2, 1, 2, 3, 5, 9], np.int64)
_TAGS = np.array([0xD3, 0xD2, 0xD1, 0xD0, 0, 0xCC, 0xCD, 0xCE, 0xCF], np.uint8)
"""Integers below the first bound, between the first and the second ... take so many bytes, after that tag where there
are more than one."""
_encode_one = msgspec.msgpack.Encoder().encode


def encode_rows(columns: Sequence[pa.Array | None], types: Sequence[ColumnType]) -> pa.Array:
    """See the module. At least one column is an array. Raises as `from_arrow`."""
    count = next(len(column) for column in columns if column is not None)
    width = len(columns)
    head = bytes((0x90 | width,)) if width < 16 else b"\xdc" + width.to_bytes(2, "big")
    parts: list[pa.Array | pa.Scalar] = []
    for column, type_ in zip(columns, types, strict=True):
        if column is None:
            head += b"\xc0"
            continue
        if head:
            parts.append(pa.scalar(head, pa.binary()))
            head = b""
        parts += _parts(column, type_)
    if head:
        parts.append(pa.scalar(head, pa.binary()))
    rows = pc.binary_join_element_wise(*parts, _NOTHING)
    assert len(rows) == count
    return rows


def datum_integers(column: pa.Array, type_: ColumnType) -> Any:
    """The datums of a column whose datums are integers, as int64, 0 for NULL; None where some are not what Arrow's
    values tell by themselves (infinite times)."""
    name = type_.name
    width = pa.int32() if name == "date" else pa.int64()
    if name in _TIMES or name == "time":
        column = column.view(width)
    integers = column.fill_null(pa.scalar(0, column.type)) if column.null_count else column
    values = integers.to_numpy(zero_copy_only=False)
    epoch = _TIMES.get(name)
    if epoch is None or not len(values):
        return values.astype(np.int64, copy=False)
    limits = np.iinfo(values.dtype)
    if values.max() == limits.max or values.min() < limits.min + epoch + 1:
        return None
    numbers = values.astype(np.int64) - epoch
    if column.null_count:
        numbers[np.asarray(column.is_null())] = 0
    return numbers


def _parts(column: pa.Array, type_: ColumnType) -> list[pa.Array]:
    name = type_.name
    if name in INTEGERS:
        numbers = datum_integers(column, type_)
        if numbers is not None:
            return [_integers(numbers, _nulls(column))]
    elif name == "bool":
        return [pc.if_else(column, _TRUE, _FALSE).fill_null(_NULL)]
    elif name in FLOATS:
        return [_floats(column)]
    elif name == "numeric":
        return _numerics(column, type_)
    elif name in TEXTS or name in BINARIES:
        return _strings(column, name in TEXTS)
    return [pa.array(list(map(_encode_one, from_arrow(column, type_))), pa.binary())]


def _nulls(column: pa.Array) -> Any:
    """Which values are NULL; None where none is."""
    return np.asarray(column.is_null()) if column.null_count else None


def _integers(numbers: Any, nulls: Any) -> pa.Array:
    count = len(numbers)
    kinds = np.searchsorted(_BOUNDS, numbers, "right")
    sizes = _SIZES.take(kinds)
    fields = np.empty((count, _FIELD), np.uint8)
    fields[:, 1:] = numbers.astype(">i8").view(np.uint8).reshape(count, 8)
    if count and (kinds[0] == kinds).all():
        if sizes[0] > 1:
            fields[:, _FIELD - sizes[0]] = _TAGS[kinds[0]]
    else:
        tagged = np.flatnonzero(sizes > 1)
        fields[tagged, _FIELD - sizes[tagged]] = _TAGS.take(kinds[tagged])
    if nulls is not None:
        sizes[nulls] = 1
        fields[nulls, _FIELD - 1] = _NIL
    return right_ends(fields, sizes)


def _floats(column: pa.Array) -> pa.Array:
    count = len(column)
    doubles = column.cast(pa.float64())
    fields = np.empty((count, _FIELD), np.uint8)
    fields[:, 0] = 0xCB
    values = doubles.fill_null(pa.scalar(0.0, pa.float64())).to_numpy(zero_copy_only=False)
    fields[:, 1:] = values.astype(">f8").view(np.uint8).reshape(count, 8)
    sizes = np.full(count, _FIELD, np.int64)
    nulls = _nulls(column)
    if nulls is not None:
        sizes[nulls] = 1
        fields[nulls, _FIELD - 1] = _NIL
    return right_ends(fields, sizes)


def _numerics(column: pa.Array, type_: ColumnType) -> list[pa.Array]:
    """As their texts."""
    if pa.types.is_decimal(column.type):
        if column.type.scale > EXACT_SCALE_MAX:
            texts = [None if datum is None else str(datum) for datum in from_arrow(column, type_)]
            return _strings(pa.array(texts, pa.utf8()), True)
        column = column.cast(pa.utf8())
    return _strings(column, True)


_SHORT = 256
_HEADS = {
    True: pa.array([bytes((0xA0 | size,)) if size < 32 else bytes((0xD9, size)) for size in range(_SHORT)] + [b"\xc0"]),
    False: pa.array([bytes((0xC4, size)) for size in range(_SHORT)] + [b"\xc0"]),
}
"""Of strings shorter than _SHORT by their length; of NULL last. True: text."""
_LONG_TAGS = {True: (0xDA, 0xDB), False: (0xC5, 0xC6)}


def _strings(column: pa.Array, text: bool) -> list[pa.Array]:
    """Heads, and the strings themselves."""
    nulls = _nulls(column)
    strings = column.view(pa.binary()) if pa.types.is_string(column.type) else column
    if nulls is not None:
        strings = strings.fill_null(_NOTHING)
    sizes = pc.binary_length(strings).to_numpy(zero_copy_only=False)
    if not len(sizes) or sizes.max() < _SHORT:
        if nulls is not None:
            sizes = np.where(nulls, _SHORT, sizes)
        return [_HEADS[text].take(pa.array(sizes, pa.int32())), strings]
    heads = [_head(int(size), text) for size in sizes]
    for row in () if nulls is None else np.flatnonzero(nulls):
        heads[row] = b"\xc0"
    return [pa.array(heads, pa.binary()), strings]


def _head(size: int, text: bool) -> bytes:
    if size < _SHORT:
        return _HEADS[text][size].as_py()  # type: ignore[no-any-return]
    middling, long = _LONG_TAGS[text]
    if size < 1 << 16:
        return bytes((middling,)) + size.to_bytes(2, "big")
    return bytes((long,)) + size.to_bytes(4, "big")
