"""A journal record: a checksummed header and a write set, encoded once by the writer and stored, fetched and streamed
as the same bytes.

    crc32c (4) | header length (4) | payload length (4) | header (msgpack) | payload
    payload: the write set's Arrow bytes, untouched

The checksum covers all that follows it. One committed transaction is exactly one COMMIT record (I2). A large one is
preceded, in the same epoch of the same journal, by PART records that hold its write set in bounded pieces; its COMMIT
counts them and carries a checksum over them. Parts without their COMMIT are nothing: an ABORT, or the beginning of the
next epoch, says that it will not come. A record says three things beside its changes: its `commit_ts`, a `promise` (no
later record of this journal has a commit time at or below it), and its epoch's `epoch_end` (the lease: the epoch
commits and promises nothing above it until a later durable record extends it).
"""

from __future__ import annotations

import struct

import google_crc32c
import msgspec

from actors.common.errors import DATA_CORRUPTED, UNDEFINED_FILE, DatabaseError
from actors.common.timestamps import Epoch, Lsn, Timestamp

COMMIT = 0
EPOCH_BEGIN = 1
"""First record of an epoch: commit_ts is the epoch's beginning; nothing of an older epoch follows it."""
LEASE = 2
"""Extends the epoch's end, or gives a promise its place; changes nothing. Also the barrier before a learner may
vote."""
PART = 4
"""A piece of a transaction's write set; like a LEASE in all else."""
ABORT = 5
"""The parts of this transaction are void; like a LEASE in all else."""
STATE = 6
"""Of journal 0, whose writer is the controller: the payload is the cluster's state (cluster/keeping.py). Like a LEASE
in all else."""
RELEASE = 7
"""The adjudicator's reign over some keys is over (docs/ranges.md): this record and all later ones carry the version of
a map in which others own them. Like a LEASE in all else."""
ANNOUNCE = 8
"""This record and all later ones carry the version of a set of journals (common/journal_set.py): whoever reads on must
know that set. Like a LEASE in all else."""
END = 9
"""Nothing is committed in this journal any more, in no epoch: its adjudicator is retired. Like a LEASE in all else."""
CLOSE = 3
"""Last record of an epoch that ended cleanly: epoch_end is what was really used, so the next epoch need not wait for
the lease to pass."""

TRIMMED = UNDEFINED_FILE
"""SQLSTATE: records that are wanted have been trimmed; the refusal says what is left."""

TRANSACTION_BYTES = 16
"""Of a transaction's own name; adjudicators add to it when they decide together (coordinator.py)."""

PREFIX = struct.Struct("<III")
PREFIX_BYTES = PREFIX.size


class RecordHeader(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`commit_ts`: of a COMMIT; the beginning for EPOCH_BEGIN; the promise for LEASE. Ascending within one journal
    (LEASE may repeat)."""

    lsn: Lsn
    epoch: Epoch
    kind: int
    commit_ts: Timestamp
    promise: Timestamp
    epoch_end: Timestamp
    transaction: bytes = b""
    catalog_change: bool = False
    schema_changes: list[int] = []
    part: int = 0
    """Of a PART: its number, from 1. Of a COMMIT: how many parts are its own."""
    checksum: int = 0
    """Of a COMMIT with parts: write_set.checksum_of_parts."""

    @property
    def group(self) -> bytes:
        """What the parts of a transaction and their COMMIT or ABORT have in common."""
        return self.transaction[:TRANSACTION_BYTES]


class MappedHeader(RecordHeader, frozen=True, gc=False):
    """Of a record after a RELEASE, an ANNOUNCE or an END. Of a STATE, and what comes after it: the versions that the
    state has."""

    map_version: int = 0
    """Whoever leads the journal may go by no older version of the shard map."""
    set_version: int = 0
    """Whoever reads the journal may go by no older version of the set of journals."""
    has_ended: bool = False
    """Whoever leads the journal commits nothing: this is its END, or comes after it."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(MappedHeader)
_header_length = struct.Struct("<I").unpack_from


def encode_record(header: RecordHeader, payload: bytes = b"") -> bytes:
    head = _encoder.encode(header)
    lengths = struct.pack("<II", len(head), len(payload))
    body = b"".join((lengths, head, payload))
    checksum: int = google_crc32c.value(body)
    return checksum.to_bytes(4, "little") + body


def decode_header(record: bytes) -> MappedHeader:
    """The header, without verifying the checksum (`verify` does)."""
    (length,) = _header_length(record, 4)
    return _decoder.decode(record[PREFIX_BYTES : PREFIX_BYTES + length])


def payload_of(record: bytes) -> bytes:
    """The write set's bytes."""
    return record[PREFIX_BYTES + int.from_bytes(record[4:8], "little") :]


def is_intact(record: bytes) -> bool:
    """Whether lengths and checksum hold."""
    if len(record) < PREFIX_BYTES:
        return False
    checksum, head, payload = PREFIX.unpack_from(record)
    return len(record) == PREFIX_BYTES + head + payload and bool(google_crc32c.value(record[4:]) == checksum)


def verify(record: bytes, where: str) -> MappedHeader:
    """The header of an intact record. Raises XX001 naming `where`."""
    if not is_intact(record):
        raise DatabaseError(DATA_CORRUPTED, f"journal record at {where} is damaged")
    return decode_header(record)
