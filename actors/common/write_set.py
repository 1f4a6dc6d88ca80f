"""The write set: what one transaction changes, as one Arrow record batch.

Columns: `key` binary (encoded, see keys.py), `value` binary or null (an encoded row; null deletes the key), `kind`
uint8. Rows are sorted by key, each key once. Kinds: PUT and DELETE name one key; DROP_RANGE hides every key from `key`
(inclusive) to `value` (exclusive) that was written before the commit (DROP TABLE, TRUNCATE: one row however large the
table).

The schema is known to both sides, so only the record batch message travels (no schema message): 1.4 us to serialize or
read. The bytes that the query processor makes are the bytes in the journal and the bytes that storage gets; nobody
re-encodes them unless a write set must be cut between shards.

A transaction that only checked keys has no rows to send: its write set is no bytes at all, in the Commit and in the
journal's record.

A large write set travels in pieces, each a write set of its own of about PIECE_BYTES_MAX and at most PIECE_ROWS_MAX
rows (a single row may be larger): so no role works on more than that in one turn of its loop, however much a
transaction writes. The pieces' keys ascend from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable

import google_crc32c
import pyarrow as pa

PIECE_BYTES_MAX = 256 << 10
"""Of keys and values: a millisecond or two for whoever copies, checks and routes it."""
PIECE_ROWS_MAX = 4096
"""Likewise: a microsecond a row at each station."""

PUT = 0
DELETE = 1
DROP_RANGE = 2
IS_DROP_RANGE = pa.scalar(DROP_RANGE, pa.uint8())
"""To compare kinds with: PyArrow takes 0.1 ms to find the type of a value that has none
(findings/pyarrow_bytes_scalar.sh)."""

SCHEMA = pa.schema(
    [
        pa.field("key", pa.binary(), nullable=False),
        pa.field("value", pa.binary()),
        pa.field("kind", pa.uint8(), nullable=False),
    ]
)


def encode(keys: list[bytes], values: list[bytes | None], kinds: list[int]) -> bytes:
    """One write set as the bytes of an Arrow record batch message (without schema). Lists of equal length, sorted by
    key."""
    batch = pa.RecordBatch.from_arrays(
        [pa.array(keys, pa.binary()), pa.array(values, pa.binary()), pa.array(kinds, pa.uint8())], schema=SCHEMA
    )
    return bytes(batch.serialize())


def encode_puts(keys: pa.Array, values: pa.Array) -> bytes:
    """Binary arrays of equal length, keys ascending, values without NULL."""
    kinds = pa.Array.from_buffers(pa.uint8(), len(keys), [None, pa.py_buffer(bytes((PUT,)) * len(keys))])
    return encode_batch(pa.RecordBatch.from_arrays([keys, values, kinds], schema=SCHEMA))


def encode_batch(batch: pa.RecordBatch) -> bytes:
    return bytes(batch.serialize())


def decode(payload: bytes) -> pa.RecordBatch:
    """The record batch of a write set; its buffers point into `payload`."""
    return pa.ipc.read_record_batch(pa.py_buffer(payload), SCHEMA)


def rows(payload: bytes) -> Iterable[tuple[bytes, bytes | None, int]]:
    """(key, value, kind) of each row, in key order."""
    if not payload:
        return ()
    batch = decode(payload)
    return zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), batch.column(2).to_pylist(), strict=True)


def part_checksum(part: bytes) -> int:
    """crc32c of one piece."""
    return int(google_crc32c.value(part))


def checksum_of_parts(checksums: Iterable[int]) -> int:
    """Over the pieces of one transaction: crc32c of their own checksums, in the order of their numbers."""
    return int(google_crc32c.value(b"".join(checksum.to_bytes(4, "little") for checksum in checksums)))
