"""Columns -> DataRow messages, without a Python object a value: what a large result of the column executor is shown
with.

    encode = PieceEncoder(types, codes, zone)
    encode(piece, output)                               piece: results.Piece

Each column becomes an Arrow array of its values' bytes. Their length words and the messages' heads are computed with
NumPy, Arrow joins them by row, and the joined array's data are the messages, end to end: 'D' size count | length value
| length value ...

Integers, text, bool, dates, timestamps and numerics of a fixed scale are written by Arrow where its text is
PostgreSQL's. Any other value goes through its datum and the type's own writer, a column at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.postgres.formats import RowEncoder, text_writer
from actors.sql.results import Piece
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

Values = Any
"""A pyarrow binary array, one value a row, null for NULL."""
Writer = Callable[[Any, Piece, int], Values]
"""(the column, the piece, the column's number) -> its values."""

EMPTY, NO_LENGTH = pa.scalar(b"", pa.binary()), pa.scalar(-1, pa.int32())
"""Made once: whenever Arrow infers the type of a bytes value, it tries to import dateutil, and looks for it on the disk
(findings/pyarrow_bytes_scalar.sh)."""
JOIN = pc.JoinOptions("replace", b"")
COLUMNS_ROWS_MIN = 64
"""Fewer rows are faster by themselves: columns cost some hundred microseconds, however few rows there are."""
HEAD_BYTES = 7
"""Of a DataRow: type, size, number of columns."""
INTEGERS = frozenset({"int2", "int4", "int8"})
TEXTS = frozenset({"text", "varchar"})
BIG_ENDIAN = {
    "int2": (">i2", pa.int16()),
    "int4": (">i4", pa.int32()),
    "int8": (">i8", pa.int64()),
    "float8": (">f8", pa.float64()),
}
FIRST_DAY, LAST_DAY = (date(1, 1, 1) - date(1970, 1, 1)).days, (date(9999, 12, 31) - date(1970, 1, 1)).days
"""Outside of these years, Arrow's text is not PostgreSQL's; infinities are outside, too."""
DAY_US = 86_400_000_000


class PieceEncoder:
    """See the module. `codes`: 0 text, 1 binary, one a column; `encode_rows`: for pieces of a few rows."""

    def __init__(
        self, types: Sequence[ColumnType], codes: Sequence[int], zone: tzinfo | None, encode_rows: RowEncoder
    ) -> None:
        self._encode_rows = encode_rows
        self._arguments = (types, codes, zone)
        self._writers: list[Writer] | None = None

    def __call__(self, piece: Piece, output: bytearray) -> None:
        if len(piece) < COLUMNS_ROWS_MIN:
            self._encode_rows(piece.rows(), output)
            return
        if self._writers is None:
            types, codes, zone = self._arguments
            self._writers = [_writer(type_, code, zone) for type_, code in zip(types, codes, strict=True)]
        batch, rows = piece.batch, len(piece)
        columns = [write(batch.column(number), piece, number) for number, write in enumerate(self._writers)]
        lengths = [_lengths(values) for values in columns]
        head = np.empty((rows, HEAD_BYTES), np.uint8)
        head[:, 0] = ord("D")
        size = np.full(rows, HEAD_BYTES - 1 + 4 * len(columns), np.int32)
        for length in lengths:
            size += np.maximum(length, 0)
        head[:, 1:5] = size.astype(">i4").view(np.uint8).reshape(rows, 4)
        head[:, 5:7] = np.frombuffer(len(columns).to_bytes(2, "big"), np.uint8)
        parts = [_fixed(head)]
        for length, values in zip(lengths, columns, strict=True):
            parts += (_fixed(length.astype(">i4").view(np.uint8).reshape(rows, 4)), values)
        output += _data(pc.binary_join_element_wise(*parts, EMPTY, options=JOIN))


def _fixed(rows: Any) -> Values:
    """Each row of an array of bytes as one value."""
    count, width = rows.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)[: count + 1]
    return pa.Array.from_buffers(
        pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    )


def _numbers(array: Any, dtype: Any) -> Any:
    """A fixed-width array's values, whatever they are where it is null."""
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]


def _lengths(values: Values) -> Any:
    """Each value's length, -1 for NULL."""
    return _numbers(pc.fill_null(pc.binary_length(values), NO_LENGTH), np.int32)


def _data(values: Values) -> memoryview:
    """All values, end to end."""
    _, offsets, data = values.buffers()
    places = np.frombuffer(offsets, np.int32)
    start, end = int(places[values.offset]), int(places[values.offset + len(values)])
    return memoryview(data)[start:end] if data is not None else memoryview(b"")


# -- writers -----------------------------------------------------------------------------------------------------------


def _writer(type_: ColumnType, code: int, zone: tzinfo | None) -> Writer:
    name = type_.name
    by_datum = _by_datum(type_, code, zone)
    if name in TEXTS:
        return lambda column, piece, number: column.cast(pa.utf8()).cast(pa.binary())
    if name == "bool":
        true, false = (b"t", b"f") if code == 0 else (b"\1", b"\0")
        yes, no = pa.scalar(true, pa.binary()), pa.scalar(false, pa.binary())
        return lambda column, piece, number: pc.if_else(column.cast(pa.bool_()), yes, no)
    if code == 1:
        return _big_endian(*BIG_ENDIAN[name]) if name in BIG_ENDIAN else by_datum
    if name in INTEGERS:
        return lambda column, piece, number: column.cast(pa.utf8()).cast(pa.binary())
    if name == "date":
        return _within_years(lambda column: column.cast(pa.utf8()), pa.date32(), pa.int32(), 1, by_datum)
    if name == "timestamp":
        return _within_years(_timestamp_text, pa.timestamp("us"), pa.int64(), DAY_US, by_datum)
    if (
        name == "timestamptz"
        and zone is not None
        and datetime(2000, 1, 1, tzinfo=zone).tzname() == "UTC"
        and zone in (UTC, _utc())
    ):
        return _within_years(_utc_text, pa.timestamp("us"), pa.int64(), DAY_US, by_datum)
    if name == "numeric" and type_.modifier >= 4:
        return _numeric(by_datum)
    return by_datum


def _utc() -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo("UTC")


def _by_datum(type_: ColumnType, code: int, zone: tzinfo | None) -> Writer:
    """Any type, by its own writer."""
    if code == 0:
        write_text = text_writer(type_, zone)

        def write(datum: Any) -> bytes:
            return write_text(datum).encode()

    else:
        format_binary, modifier = by_name[type_.name].format_binary, type_.modifier

        def write(datum: Any) -> bytes:
            return format_binary(datum, modifier)

    def values(column: Any, piece: Piece, number: int) -> Values:
        return pa.array([None if datum is None else write(datum) for datum in piece.datums(number)], pa.binary())

    return values


def _big_endian(dtype: str, arrow: pa.DataType) -> Writer:
    def values(column: Any, piece: Piece, number: int) -> Values:
        column = column.cast(arrow)
        numbers = _numbers(pc.fill_null(column, 0), dtype.replace(">", "=")).astype(dtype)
        fixed = _fixed(numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize))
        return pc.if_else(column.is_valid(), fixed, pa.scalar(None, pa.binary())) if column.null_count else fixed

    return values


def _within_years(text: Callable[[Any], Any], arrow: Any, integer: Any, per_day: int, by_datum: Writer) -> Writer:
    """`text` where all values are in the years that it writes rightly."""

    def values(column: Any, piece: Piece, number: int) -> Values:
        if column.type != arrow:
            return by_datum(column, piece, number)
        bounds = pc.min_max(column.view(integer)).as_py()
        if bounds["min"] is not None and not (
            FIRST_DAY * per_day <= bounds["min"] and bounds["max"] < (LAST_DAY + 1) * per_day
        ):
            return by_datum(column, piece, number)
        return text(column).cast(pa.binary())

    return values


def _timestamp_text(column: Any) -> Any:
    """Arrow writes six digits of a second; PostgreSQL as many as there are."""
    return pc.utf8_rtrim(pc.utf8_rtrim(column.cast(pa.utf8()), characters="0"), characters=".")


def _utc_text(column: Any) -> Any:
    return pc.binary_join_element_wise(_timestamp_text(column), "+00", "")


def _numeric(by_datum: Writer) -> Writer:
    def values(column: Any, piece: Piece, number: int) -> Values:
        if not pa.types.is_decimal(column.type):
            return by_datum(column, piece, number)
        text = column.cast(pa.utf8())
        if pc.any(pc.match_substring(text, "E")).as_py():
            return by_datum(column, piece, number)
        return text.cast(pa.binary())

    return values
