"""The merge: records of several journals in, one sequence in commit-time order out, and the watermark. Plain and synchronous.

A journal's *promise* is a commit time at or below which it will bring nothing new; the watermark is the least promise of all journals, and every record at or
below it is due. Three things raise a journal's promise (design, section 2):

- a record at commit time c: later ones of the journal are above c;
- EPOCH_BEGIN at b, or a LEASE's promise: likewise;
- a promise that the adjudicator gave on demand, once the stream has delivered the record after which it was given, in the epoch in which it was given. A later
  epoch's records make an older epoch's promise void, and needless: the new epoch began above the old one's end.

The parts of a large transaction are held until its COMMIT, which must find all of them (I2), and are dropped where an ABORT or the next epoch comes instead. What
is held of a part is what `cut` makes of it when it arrives: its work is done piece by piece, and not when the transaction has become due.

        merge = Merge([1, 2], cut); merge.add(1, records); merge.promised(2, epoch=3, promise=500, after_lsn=17)
        merge.take()  ->  [Due(commit_ts, journal, header, record, parts), ...]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from actors.common.timestamps import TIMESTAMP_MIN, Epoch, Lsn, Timestamp
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.journal.record import ABORT, COMMIT, EPOCH_BEGIN, PART, RecordHeader, payload_of


class Due(NamedTuple):
    """A transaction whose turn has come. `parts`: what `cut` made of them, in the order of the journal."""

    commit_ts: Timestamp
    journal: int
    header: RecordHeader
    record: bytes
    parts: list[Any]


Cut = Callable[[bytes], Any]
"""Takes a part's write set; what it returns is held until the transaction is due."""
PENDING_MAX = 64
"""Promises held for one journal until its stream has come so far; the newest matter most, so the oldest is dropped beyond this."""


class Group:
    """The parts that have come of one transaction."""

    __slots__ = ("checksums", "parts")

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.checksums: dict[int, int] = {}
        """By number."""

    def add(self, header: RecordHeader, record: bytes, cut: Cut) -> None:
        payload = payload_of(record)
        assert header.part not in self.checksums, f"I2: record {header.lsn} repeats part {header.part}"
        self.checksums[header.part] = part_checksum(payload)
        self.parts.append(cut(payload))

    def is_whole(self, commit: RecordHeader) -> bool:
        checksums = self.checksums
        if len(checksums) != commit.part:
            return False
        return checksum_of_parts(checksums.get(number, 0) for number in range(1, commit.part + 1)) == commit.checksum


class Head:
    """One journal's side of the merge."""

    __slots__ = ("cut", "epoch", "groups", "held", "held_bytes", "lsn", "pending", "promise")

    def __init__(self, cut: Cut, lsn: Lsn = 0) -> None:
        self.cut = cut
        self.groups: dict[bytes, Group] = {}
        """By transaction. Their bytes do not count as held: a feed that is kept waiting for them would never bring their COMMIT."""
        self.lsn = lsn
        """The last record received."""
        self.epoch: Epoch = 0
        self.promise: Timestamp = TIMESTAMP_MIN
        self.held: deque[tuple[RecordHeader, bytes, list[Any]]] = deque()
        self.held_bytes = 0
        self.pending: deque[tuple[Epoch, Timestamp, Lsn]] = deque(maxlen=PENDING_MAX)

    def add(self, header: RecordHeader, record: bytes) -> None:
        assert header.lsn == self.lsn + 1 or self.lsn == 0, f"record {header.lsn} after {self.lsn}"
        assert header.epoch >= self.epoch, f"epoch {header.epoch} after {self.epoch}"
        assert header.kind != COMMIT or header.commit_ts > self.promise or not header.commit_ts, (
            f"I5: a commit at {header.commit_ts} after a promise of {self.promise}"
        )
        self.lsn = header.lsn
        self.epoch = header.epoch
        self.promise = max(self.promise, header.commit_ts, header.promise)
        kind = header.kind
        if kind == COMMIT:
            self.held.append((header, record, self._parts_of(header) if header.part else []))
            self.held_bytes += len(record)
        elif kind == PART:
            group = self.groups.get(header.group)
            if group is None:
                group = self.groups[header.group] = Group()
            group.add(header, record, self.cut)
        elif kind == ABORT:
            self.groups.pop(header.group, None)
        elif kind == EPOCH_BEGIN:
            self.groups.clear()

    def _parts_of(self, commit: RecordHeader) -> list[Any]:
        group = self.groups.pop(commit.group, None) or Group()
        assert group.is_whole(commit), f"I2: {commit} meets {len(group.checksums)} of {commit.part} parts"
        return group.parts

    def begin_after(self, lsn: Lsn, epoch: Epoch) -> None:
        """The first record will be the one after `lsn`, which is of `epoch`: promises given after that one count."""
        if self.lsn == 0:
            self.lsn = lsn
            self.epoch = epoch
            self.settle()

    def settle(self) -> None:
        """Count the pending promises whose place in the stream has been reached."""
        pending = self.pending
        while pending:
            epoch, promise, after_lsn = pending[0]
            if epoch > self.epoch or (epoch == self.epoch and after_lsn > self.lsn):
                return
            if epoch == self.epoch:
                self.promise = max(self.promise, promise)
            pending.popleft()


class Merge:
    """See the module. `journals`: their numbers. `cut`: by default a part is held as it is."""

    def __init__(self, journals: list[int], cut: Cut = bytes) -> None:
        self.heads = {journal: Head(cut) for journal in sorted(journals)}
        self.watermark: Timestamp = TIMESTAMP_MIN

    def add(self, journal: int, records: list[tuple[RecordHeader, bytes]]) -> None:
        head = self.heads[journal]
        for header, record in records:
            head.add(header, record)
        head.settle()

    def promised(self, journal: int, epoch: Epoch, promise: Timestamp, after_lsn: Lsn) -> None:
        head = self.heads[journal]
        head.pending.append((epoch, promise, after_lsn))
        head.settle()

    @property
    def held_bytes(self) -> int:
        return sum(head.held_bytes for head in self.heads.values())

    def take(self) -> list[Due]:
        """The records that have become due, in commit-time order (ties by journal); raises the watermark."""
        watermark = min(head.promise for head in self.heads.values())
        if watermark <= self.watermark:
            return []
        self.watermark = watermark
        due: list[Due] = []
        sources = 0
        for journal, head in self.heads.items():
            held = head.held
            before = len(due)
            while held and held[0][0].commit_ts <= watermark:
                header, record, parts = held.popleft()
                head.held_bytes -= len(record)
                due.append(Due(header.commit_ts, journal, header, record, parts))
            sources += len(due) > before
        if sources > 1:
            due.sort(key=_order)
        return due


def _order(due: Due) -> tuple[Timestamp, int]:
    return due.commit_ts, due.journal
