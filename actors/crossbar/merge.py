"""The merge: records of several journals in, one sequence in commit-time order out, and the watermark. Plain and
synchronous.

A journal's *promise* is a commit time at or below which it will bring nothing new; the watermark is the least promise
of all journals, and every record at or below it is due. Three things raise a journal's promise (design, section 2):

- a record at commit time c: later ones of the journal are above c;
- EPOCH_BEGIN at b, or a LEASE's promise: likewise;
- a promise that the adjudicator gave on demand, once the stream has delivered the record after which it was given, in
  the epoch in which it was given. A later epoch's records make an older epoch's promise void, and needless: the new
  epoch began above the old one's end.

The parts of a large transaction make a `Group`, cut by shard when they arrive, whose COMMIT must find all of them (I2),
and which is void where an ABORT or the next epoch comes instead. Subscribers are sent a group's pieces while it grows;
what all of them have been sent need not be kept.

        merge = Merge([1, 2], cut); merge.add(1, records); merge.promised(2, epoch=3, promise=500, after_lsn=17)
        merge.take()  ->  [Due(commit_ts, journal, header, record, group), ...]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from actors.common.timestamps import TIMESTAMP_MAX, TIMESTAMP_MIN, Epoch, Lsn, Timestamp
from actors.common.write_set import checksum_of_parts, part_checksum
from actors.journal.record import ABORT, COMMIT, END, EPOCH_BEGIN, PART, RecordHeader, payload_of

Cut = Callable[[bytes], dict[int, bytes]]
"""Takes a part's write set; shard -> the rows that it owns."""
PENDING_MAX = 64
"""Promises held for one journal until its stream has come so far; the newest matter most, so the oldest is dropped
beyond this."""


class Group:
    """The parts that have come of one transaction, as each shard's pieces in the order of the journal. Every reader of
    the journal makes the same ones of it, so that a piece is named by its number."""

    __slots__ = ("_gone", "_pieces", "checksums", "held_bytes", "journal", "transaction")

    def __init__(self, journal: int, transaction: bytes) -> None:
        self.journal = journal
        self.transaction = transaction
        self.checksums: dict[int, int] = {}
        """By the part's number."""
        self.held_bytes = 0
        """Of the pieces that have not been let go of."""
        self._pieces: dict[int, list[bytes]] = {}
        self._gone: dict[int, int] = {}

    def add(self, header: RecordHeader, record: bytes, cut: Cut) -> None:
        payload = payload_of(record)
        assert header.part not in self.checksums, f"I2: record {header.lsn} repeats part {header.part}"
        self.checksums[header.part] = part_checksum(payload)
        for shard, piece in cut(payload).items():
            self._pieces.setdefault(shard, []).append(piece)
            self.held_bytes += len(piece)

    def is_whole(self, commit: RecordHeader) -> bool:
        checksums = self.checksums
        if len(checksums) != commit.part:
            return False
        return checksum_of_parts(checksums.get(number, 0) for number in range(1, commit.part + 1)) == commit.checksum

    @property
    def shards(self) -> list[int]:
        return sorted(self._pieces)

    def count(self, shard: int) -> int:
        """Of the shard's pieces, those that have been let go of included."""
        return self._gone.get(shard, 0) + len(self._pieces.get(shard, ()))

    def gone(self, shard: int) -> int:
        """So many of the shard's pieces, the first ones, have been let go of."""
        return self._gone.get(shard, 0)

    def after(self, shard: int, first: int, bytes_max: int) -> list[bytes]:
        """The shard's pieces from number `first` on (0: the first one), up to about `bytes_max`."""
        start = first - self._gone.get(shard, 0)
        assert start >= 0, f"piece {first} of shard {shard} is gone"
        pieces: list[bytes] = []
        size = 0
        for piece in islice(self._pieces.get(shard, ()), start, None):
            if size >= bytes_max:
                break
            pieces.append(piece)
            size += len(piece)
        return pieces

    def let_go(self, shard: int, count: int) -> None:
        """The shard's first `count` pieces are needed no more."""
        gone = self._gone.get(shard, 0)
        count = min(count, self.count(shard))
        if count > gone:
            self.held_bytes -= sum(map(len, self._pieces[shard][: count - gone]))
            del self._pieces[shard][: count - gone]
            self._gone[shard] = count


class Due(NamedTuple):
    """A transaction whose turn has come. `group`: a large one's."""

    commit_ts: Timestamp
    journal: int
    header: RecordHeader
    record: bytes
    group: Group | None


class Head:
    """One journal's side of the merge."""

    __slots__ = (
        "cut",
        "epoch",
        "groups",
        "has_ended",
        "held",
        "held_bytes",
        "journal",
        "lsn",
        "pending",
        "promise",
        "void",
        "whole",
    )

    def __init__(self, cut: Cut, journal: int, lsn: Lsn = 0) -> None:
        self.cut = cut
        self.journal = journal
        self.groups: dict[bytes, Group] = {}
        """By transaction: those whose COMMIT has not come. Their bytes do not count as held: a feed that is kept
        waiting for them would never bring it."""
        self.whole: list[tuple[Timestamp, Group]] = []
        """Those whose COMMIT is held, with their commit times."""
        self.void: list[Group] = []
        """Those that never will be committed, since `Merge.take_void`."""
        self.lsn = lsn
        """The last record received."""
        self.epoch: Epoch = 0
        self.promise: Timestamp = TIMESTAMP_MIN
        self.held: deque[tuple[RecordHeader, bytes, Group | None]] = deque()
        self.held_bytes = 0
        self.pending: deque[tuple[Epoch, Timestamp, Lsn]] = deque(maxlen=PENDING_MAX)
        self.has_ended = False
        """Nothing comes any more that would be due."""

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
            self.held.append((header, record, self._group_of(header) if header.part else None))
            self.held_bytes += len(record)
        elif kind == PART:
            group = self.groups.get(header.group)
            if group is None:
                group = self.groups[header.group] = Group(self.journal, header.group)
            group.add(header, record, self.cut)
        elif kind == ABORT:
            group = self.groups.pop(header.group, None)
            if group is not None:
                self.void.append(group)
        elif kind in (EPOCH_BEGIN, END):
            self.void += self.groups.values()
            self.groups.clear()
            if kind == END:
                self.has_ended, self.promise = True, TIMESTAMP_MAX

    def _group_of(self, commit: RecordHeader) -> Group:
        group = self.groups.pop(commit.group, None) or Group(self.journal, commit.group)
        assert group.is_whole(commit), f"I2: {commit} meets {len(group.checksums)} of {commit.part} parts"
        self.whole.append((commit.commit_ts, group))
        return group

    def begin_after(self, lsn: Lsn, epoch: Epoch) -> None:
        """The first record will be the one after `lsn`, which is of `epoch`: promises given after that one count."""
        if self.lsn == 0:
            self.lsn = lsn
            self.epoch = epoch
            self.settle()

    def settle(self) -> None:
        """Count the pending promises whose place in the stream has been reached. A later one may count after an earlier
        record (adjudicator/ahead.py)."""
        for _ in range(len(self.pending)):
            epoch, promise, after_lsn = waiting = self.pending.popleft()
            if epoch > self.epoch or (epoch == self.epoch and after_lsn > self.lsn):
                self.pending.append(waiting)
            elif epoch == self.epoch:
                self.promise = max(self.promise, promise)


class Merge:
    """See the module. `journals`: their numbers. `cut`: by default there is one shard."""

    def __init__(self, journals: list[int], cut: Cut = lambda payload: {1: payload}) -> None:
        self._cut = cut
        self.heads = {journal: Head(cut, journal) for journal in sorted(journals)}
        self.watermark: Timestamp = TIMESTAMP_MIN

    def join(self, journal: int, since: Timestamp | None) -> None:
        """One journal more, which brings nothing at or below `since`; where that is not known here, nothing at or below
        the watermark."""
        assert since is None or since >= self.watermark or not since, (
            f"I5: journal {journal} counts from {since} on, {self.watermark} is past"
        )
        head = Head(self._cut, journal)
        head.promise = self.watermark if since is None else since
        self.heads = dict(sorted({**self.heads, journal: head}.items()))

    @property
    def furthest(self) -> Timestamp:
        """The latest time that any journal that goes on has come to."""
        return max((head.promise for head in self.heads.values() if not head.has_ended), default=TIMESTAMP_MIN)

    def add(self, journal: int, records: Sequence[tuple[RecordHeader, bytes]]) -> None:
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
        held_bytes = 0
        for head in self.heads.values():
            held_bytes += head.held_bytes
        return held_bytes

    def groups(self) -> list[tuple[Timestamp, Group]]:
        """Large transactions that are not due, of which some parts have come, or all, with their commit times;
        TIMESTAMP_MAX where that is not known."""
        groups: list[tuple[Timestamp, Group]] = []
        for head in self.heads.values():
            if head.groups:
                groups += [(TIMESTAMP_MAX, group) for group in head.groups.values()]
            if head.whole:
                groups += head.whole
        return groups

    def take_void(self) -> list[Group]:
        """Those that have become void since the last call."""
        void: list[Group] = []
        for head in self.heads.values():
            if head.void:
                void += head.void
                head.void = []
        return void

    @property
    def is_due(self) -> bool:
        """Whether `take` would raise the watermark."""
        least = TIMESTAMP_MAX
        for head in self.heads.values():
            if head.promise < least:
                least = head.promise
        return least > self.watermark

    def take(self) -> list[Due]:
        """The records that have become due, in commit-time order (ties by journal); raises the watermark."""
        assert self.heads
        watermark = TIMESTAMP_MAX
        for head in self.heads.values():
            if head.promise < watermark:
                watermark = head.promise
        if watermark <= self.watermark:
            return []
        self.watermark = watermark
        due: list[Due] = []
        sources = 0
        for journal, head in self.heads.items():
            held = head.held
            before = len(due)
            while held and held[0][0].commit_ts <= watermark:
                header, record, group = held.popleft()
                head.held_bytes -= len(record)
                if group is not None:
                    head.whole.remove((header.commit_ts, group))
                due.append(Due(header.commit_ts, journal, header, record, group))
            sources += len(due) > before
        if sources > 1:
            due.sort(key=_order)
        return due


def _order(due: Due) -> tuple[Timestamp, int]:
    return due.commit_ts, due.journal
