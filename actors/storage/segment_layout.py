"""A segment's file: a sequence of Arrow IPC streams, one after the other, which any Arrow reader reads
(docs/segments.md).

    [schema | block | block | end]  [schema | block | end]  ...  [schema | footer, trailer | end]
     a table's columns               rows as bytes                the last stream

Each stream is a *section*: blocks of one schema. All have `key` binary, `commit_ts` int64 and `value` binary or null
(deleted); a table's section has `c0`, `c1` ... as well, its columns by position, typed. `value` is the row as one
msgpack array (rows.py), so a point read needs one value of one column. A section without further columns holds what are
no rows, such as index entries, and tables of few rows side by side.

The last stream has one row: `footer`, a checksum and a msgpack `SegmentFooter`, and `trailer`, 16 bytes: the magic
number and where this stream begins. They lie at the same distance from the end in every segment. Files of before
2026-12 are one Arrow IPC file without typed columns, whose last record batch carries the footer in its metadata; they
are read as ever, and get columns when they are merged.

A section's columns have the types of the catalog where the writer knew them, and else the widest that the rows' bytes
tell (row_columns.py). Whichever it is, the footer says it.
"""

from __future__ import annotations

import google_crc32c
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.sql.types.column_type import ColumnType

ROW_FIELDS = [
    pa.field("key", pa.binary(), nullable=False),
    pa.field("commit_ts", pa.int64(), nullable=False),
    pa.field("value", pa.binary()),
]
SCHEMA = pa.schema(ROW_FIELDS)
"""Of blocks without typed columns."""
_FOOTER_SCHEMA = pa.schema(
    [
        pa.field("footer", pa.binary(), nullable=False),
        pa.field("trailer", pa.binary(16), nullable=False),
    ]
)
FIRST_COLUMN = len(ROW_FIELDS)
"""Of the typed ones, in a block."""
MAGIC = b"eagleseg"
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Of an Arrow IPC stream."""
_UUID = ColumnType("uuid")


class Section(msgspec.Struct, frozen=True, array_like=True):
    """`keyspace`: of all its keys, b"" for a section without typed columns. `width`: positions of its widest row.
    `columns`: (position, type) of those that are typed, ascending; the others have values that no column can hold.
    `schema`: the Arrow schema message."""

    keyspace: bytes
    width: int
    columns: tuple[tuple[int, ColumnType], ...]
    schema: bytes


class BlockFooter(msgspec.Struct, frozen=True, array_like=True):
    """`offset`, `length`: of the record batch message in the file. `plain`: every key once and nothing deleted, so that
    at or above `max_ts` all rows are visible as they lie. `section`: its number."""

    offset: int
    length: int
    crc: int
    rows: int
    first_key: bytes
    last_key: bytes
    min_ts: int
    max_ts: int
    plain: bool
    section: int = 0


class SegmentFooter(msgspec.Struct, frozen=True, array_like=True):
    """`sections`: none in files of the first layout. `zones`: of each section (zones.py), b"" where there are none."""

    blocks: tuple[BlockFooter, ...]
    rows: int
    min_ts: int
    max_ts: int
    sections: tuple[Section, ...] = ()
    zones: tuple[bytes, ...] = ()


def corrupted(path: str, what: str) -> DatabaseError:
    return DatabaseError(DATA_CORRUPTED, f"{path}: {what}")


def with_checksum(data: bytes) -> bytes:
    return int(google_crc32c.value(data)).to_bytes(4, "big") + data


def without_checksum(data: bytes, path: str, what: str) -> bytes:
    """Undo `with_checksum`. Raises XX001 naming `path` and `what`."""
    if len(data) < 4 or google_crc32c.value(data[4:]) != int.from_bytes(data[:4], "big"):
        raise corrupted(path, f"{what}: checksum mismatch")
    return data[4:]


def section_of(keyspace: bytes, columns: dict[int, tuple[ColumnType, pa.Array]]) -> tuple[Section, pa.Schema]:
    """Of blocks with these columns."""
    fields = [
        pa.field(f"c{position}", array.type, metadata={"type": type_.name, "modifier": str(type_.modifier)})
        for position, (type_, array) in columns.items()
    ]
    table, index = int.from_bytes(keyspace[:4], "big"), int.from_bytes(keyspace[4:], "big")
    schema = pa.schema([*ROW_FIELDS, *fields], metadata={"table": str(table), "index": str(index)} if fields else None)
    types = tuple((position, type_) for position, (type_, _) in columns.items())
    return Section(keyspace, max(columns, default=-1) + 1, types, schema.serialize().to_pybytes()), schema


ROWS_SECTION = section_of(b"", {})[0]


def packed(type_: ColumnType, array: pa.Array) -> pa.Array:
    """A column as it lies in the file."""
    if type_ == _UUID and array.type == pa.binary():
        lengths = pc.binary_length(array)
        bounds = pc.min_max(lengths).as_py()
        if bounds == {"min": 16, "max": 16}:
            return array.cast(pa.binary(16))
    return array


_OFFSETS = np.arange(0, 16, 16, dtype=np.int32)


def unpacked(array: pa.Array) -> pa.Array:
    """As `row_columns` makes it: values of 16 bytes each, one after the other, need no offsets of their own."""
    global _OFFSETS
    if not pa.types.is_fixed_size_binary(array.type):
        return array
    needed = array.offset + len(array) + 1
    if len(_OFFSETS) < needed:
        _OFFSETS = np.arange(0, 32 * needed, 16, dtype=np.int32)
    validity, data = array.buffers()
    return pa.Array.from_buffers(pa.binary(), len(array), [validity, pa.py_buffer(_OFFSETS), data], offset=array.offset)


def footer_stream(footer: SegmentFooter, offset: int) -> bytes:
    """The file's last stream, which begins at `offset`."""
    encoded = with_checksum(msgspec.msgpack.encode(footer))
    trailer = MAGIC + offset.to_bytes(8, "little")
    batch = pa.record_batch(
        [pa.array([encoded], pa.binary()), pa.array([trailer], pa.binary(16))], schema=_FOOTER_SCHEMA
    )
    return b"".join((_FOOTER_SCHEMA.serialize().to_pybytes(), batch.serialize().to_pybytes(), END))


def _encoded_footer(file: pa.Buffer, at: int) -> bytes:
    """The footer's bytes in the stream that begins at `at`, unchecked. Found by the format's own lengths, and not by
    Arrow's reader, which trusts a message's metadata. IndexError where a length leads out of the file."""
    for _ in range(2):  # the schema's message has no body, the batch's begins with the offsets 0 and n
        at += 8 + _int32(file, at + 4)
    size, begin = _int32(file, at + 4), at + 8
    if begin + size > file.size:
        raise IndexError(f"{size} bytes at {begin}")
    encoded: bytes = file[begin : begin + size].to_pybytes()
    return encoded


def _int32(file: pa.Buffer, at: int) -> int:
    if at + 4 > file.size:
        raise IndexError(f"byte {at}")
    return int.from_bytes(file[at : at + 4].to_pybytes(), "little")


def read_footer(file: pa.Buffer, path: str) -> SegmentFooter:
    """Raises XX001."""
    try:
        trailer = file[-24:-8].to_pybytes()
        if trailer.startswith(MAGIC):
            encoded = _encoded_footer(file, int.from_bytes(trailer[8:], "little"))
        else:
            reader = pa.ipc.open_file(file)
            _, metadata = reader.get_batch_with_custom_metadata(reader.num_record_batches - 1)
            encoded = metadata[b"footer"]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        raise corrupted(path, f"footer: {error}") from None
    return msgspec.msgpack.decode(without_checksum(encoded, path, "footer"), type=SegmentFooter)
