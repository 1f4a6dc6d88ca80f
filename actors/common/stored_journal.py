"""What of a journal lies in the object store: pieces of its committed records, one object each. Pure: of names and
bytes.

    journals/3/<first lsn>-<last lsn>-<promise>-<map version>-<set version>-<bytes>

The name says which records are in it, that no later record of the journal has a commit time at or below `promise`, by
which version of the shard map and of the set of journals the last of them goes (of journal 0: which the state has that
is in it), and how long the object is, so that one whose writer died is told by a listing. A piece comes after the state
that its records ask for. What is committed is the same on all
replicas, so pieces may overlap, whoever wrote them; together they are a *chain*: from some record on without a gap.

    encode(Piece(3, 8, 2, 1795969377000000, [record, ...]))      with a checksum
    chain(names)                                                 those that the journal's newest records can be read
                                                                 from, in order
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import google_crc32c
import msgspec

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.common.timestamps import Epoch, Lsn, Timestamp

FOLDER = "journals/"
STATE_JOURNAL = 0
"""The one that holds the cluster's state (cluster/keeping.py)."""
UNTOLD = -1
"""A version that a piece's name does not tell."""
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


class Header(Protocol):
    """Of a record, as a journal has it (actors/journal/record.py)."""

    @property
    def promise(self) -> Timestamp: ...

    @property
    def map_version(self) -> int: ...

    @property
    def set_version(self) -> int: ...


class Versions(NamedTuple):
    """Of the shard map, and of the set of journals."""

    map: int = 0
    journals: int = 0

    @property
    def is_there(self) -> bool:
        """Whether there is any state: the first map has version 1."""
        return self.map > 0

    def has(self, asked: Header) -> bool:
        """Whether a state that has these is as new as a record asks for."""
        return asked.map_version <= self.map and asked.set_version <= self.journals


class PieceName(NamedTuple):
    journal: int
    first: Lsn
    last: Lsn
    promise: Timestamp
    map_version: int
    set_version: int
    size: int

    @property
    def tells_versions(self) -> bool:
        return self.map_version != UNTOLD

    @property
    def key(self) -> str:
        versions = f"{self.map_version}-{self.set_version}-" if self.tells_versions else ""
        return f"{folder_of(self.journal)}{self.first:020}-{self.last:020}-{self.promise:020}-{versions}{self.size}"


def folder_of(journal: int) -> str:
    return f"{FOLDER}{journal}/"


def parse(key: str, size: int) -> PieceName | None:
    """None for what is no piece, or only a part of one."""
    folder, _, name = key.rpartition("/")
    numbers = [folder.removeprefix(FOLDER), *name.split("-")]
    if not key.startswith(FOLDER) or len(numbers) not in (5, 7) or not all(number.isdecimal() for number in numbers):
        return None
    journal, first, last, promise, *told, length = map(int, numbers)
    map_version, set_version = told or (UNTOLD, UNTOLD)
    found = PieceName(journal, first, last, promise, map_version, set_version, length)
    return found if found.size == size else None


def named(piece: Piece, last: Header, size: int) -> PieceName:
    """Its name. `last`: the header of its last record; `size`: of the object."""
    lsn = piece.first + len(piece.records) - 1
    promise = max(last.promise, 0)
    return PieceName(piece.journal, piece.first, lsn, promise, last.map_version, last.set_version, size)


def state_versions(names: Iterable[PieceName]) -> Versions:
    """Of the newest state that is among these pieces; zeros where there is none."""
    states = [name for name in names if name.journal == STATE_JOURNAL and name.tells_versions]
    return Versions(
        max((name.map_version for name in states), default=0), max((name.set_version for name in states), default=0)
    )


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
