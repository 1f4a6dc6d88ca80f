"""What of a journal lies in the object store: pieces of its committed records, one object each. Pure: of names and
bytes.

    journals/3/<first lsn>-<last lsn>-<promise>-<bytes>

The name says which records are in it, that no later record of the journal has a commit time at or below `promise`, and
how long the object is, so that one whose writer died is told by a listing. What is committed is the same on all
replicas, so pieces may overlap, whoever wrote them; together they are a *chain*: from some record on without a gap.

    encode(Piece(3, 8, 2, 1795969377000000, [record, ...]))      with a checksum
    chain(names)                                                 those that the journal's newest records can be read
                                                                 from, in order
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import google_crc32c
import msgspec

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.common.timestamps import Epoch, Lsn, Timestamp

FOLDER = "journals/"
RESTORING = "restoring"
"""An object that is there until a cluster that begins with another's data has started for the first time
(cluster/restoring.py)."""
CHECKSUM_BYTES = 4


class Piece(msgspec.Struct, frozen=True):
    """Records `first`, `first` + 1 ... The one before was of `previous_epoch` (0: there was none), and none before has
    a commit time above `before_ts`."""

    journal: int
    first: Lsn
    previous_epoch: Epoch
    before_ts: Timestamp
    records: list[bytes]


class PieceName(NamedTuple):
    journal: int
    first: Lsn
    last: Lsn
    promise: Timestamp
    size: int

    @property
    def key(self) -> str:
        return f"{folder_of(self.journal)}{self.first:020}-{self.last:020}-{self.promise:020}-{self.size}"


def folder_of(journal: int) -> str:
    return f"{FOLDER}{journal}/"


def parse(key: str, size: int) -> PieceName | None:
    """None for what is no piece, or only a part of one."""
    folder, _, name = key.rpartition("/")
    numbers = [folder.removeprefix(FOLDER), *name.split("-")]
    if not key.startswith(FOLDER) or len(numbers) != 5 or not all(number.isdecimal() for number in numbers):
        return None
    found = PieceName(*map(int, numbers))
    return found if found.size == size else None


def chain(names: Iterable[PieceName]) -> list[PieceName]:
    """Of one journal."""
    found: list[PieceName] = []
    for name in sorted(names, key=lambda name: (name.first, -name.last)):
        if found and name.first > found[-1].last + 1:
            found = []
        if not found or name.last > found[-1].last:
            found.append(name)
    return found


def encode(piece: Piece) -> bytes:
    body = msgspec.msgpack.encode(piece)
    checksum: int = google_crc32c.value(body)
    return checksum.to_bytes(CHECKSUM_BYTES, "little") + body


def decode(data: bytes, key: str) -> Piece:
    """Raises XX001 where the object is not what was written."""
    body = data[CHECKSUM_BYTES:]
    if len(data) < CHECKSUM_BYTES or google_crc32c.value(body) != int.from_bytes(data[:CHECKSUM_BYTES], "little"):
        raise DatabaseError(DATA_CORRUPTED, f"{key} is damaged")
    return msgspec.msgpack.decode(body, type=Piece)
