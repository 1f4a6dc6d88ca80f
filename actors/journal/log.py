"""A journal replica's log on disk: segments of checksummed records, and what it has promised. Plain and synchronous but for two durable steps.

    log/<first lsn, 20 digits>-<epoch of the record before it>     frames: length (4) | record (record.py)
    promise                                                        msgpack: highest epoch promised, whether it votes

Records are numbered without gaps from `first_lsn` to `last_lsn`. Bytes after the last sync may be torn by a crash: `open` cuts them off. A damaged record that is
followed by an intact one is not a torn tail but damage, and is named (XX001); so is damage in any but the last segment.

Kept in memory for each record: its offset, epoch and commit time (24 bytes), until its segment is trimmed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.common.timestamps import Epoch, Lsn, Timestamp
from actors.journal.record import decode_header, is_intact
from actors.runtime.interfaces import Disk, File

FOLDER = "log"
PROMISE = "promise"
FRAME_BYTES = 4
RECENT_BYTES_MAX = 8 << 20
"""Latest records kept in memory, so that the live stream reads nothing from disk."""
OnSynced = Callable[[DatabaseError | None], None]


class Promise(msgspec.Struct, frozen=True):
    """What must survive a crash beside the records. `voter`: False until the writer has brought an empty replica up to date (I9)."""

    epoch: Epoch = 0
    voter: bool = False


@dataclass
class Segment:
    """Records first_lsn, first_lsn + 1 ...; `offsets[i]` is where record first_lsn + i's frame begins."""

    path: str
    file: File
    first_lsn: Lsn
    previous_epoch: Epoch
    offsets: array[int] = field(default_factory=lambda: array("q"))
    epochs: array[int] = field(default_factory=lambda: array("q"))
    times: array[int] = field(default_factory=lambda: array("q"))

    @property
    def last_lsn(self) -> Lsn:
        return self.first_lsn + len(self.offsets) - 1


class JournalLog:
    """Made by `JournalLog.open(disk, segment_bytes)`."""

    def __init__(self, disk: Disk, segment_bytes: int) -> None:
        self._disk = disk
        self._segment_bytes = segment_bytes
        self._segments: list[Segment] = []
        self._unsynced: list[Segment] = []
        self._recent: dict[Lsn, bytes] = {}
        self._recent_bytes = 0
        self.promise = Promise()

    @classmethod
    def open(cls, disk: Disk, segment_bytes: int) -> JournalLog:
        """Read what is there. Raises XX001 for damage."""
        log = cls(disk, segment_bytes)
        if disk.exists(PROMISE):
            log.promise = msgspec.msgpack.decode(disk.read(PROMISE), type=Promise)
        names = disk.list(FOLDER)
        for place, name in enumerate(names):
            log._load(name, last=place == len(names) - 1)
        return log

    # -- reading ---------------------------------------------------------------------------------------------------------------

    @property
    def first_lsn(self) -> Lsn:
        """Of the first record kept; last_lsn + 1 when there is none."""
        return self._segments[0].first_lsn if self._segments else 1

    @property
    def last_lsn(self) -> Lsn:
        return self._segments[-1].last_lsn if self._segments else 0

    @property
    def last_epoch(self) -> Epoch:
        return self.epoch_at(self.last_lsn)

    def epoch_at(self, lsn: Lsn) -> Epoch:
        """The epoch of a record that is kept, or of the one just before the first; -1 where unknown."""
        if lsn == 0:
            return 0
        if self._segments and lsn == self._segments[0].first_lsn - 1:
            return self._segments[0].previous_epoch
        segment = self._segment_of(lsn)
        return segment.epochs[lsn - segment.first_lsn] if segment is not None else -1

    def commit_ts_at(self, lsn: Lsn) -> Timestamp:
        segment = self._segment_of(lsn)
        assert segment is not None
        return segment.times[lsn - segment.first_lsn]

    def first_after(self, after_ts: Timestamp) -> Lsn:
        """The first kept record with commit_ts > after_ts; last_lsn + 1 where there is none."""
        for segment in self._segments:
            if segment.times and segment.times[-1] > after_ts:
                return segment.first_lsn + bisect_right(segment.times, after_ts)
        return self.last_lsn + 1

    def read(self, from_lsn: Lsn, bytes_max: int, to_lsn: Lsn) -> list[bytes]:
        """Records from_lsn ... to_lsn, at least one if there is one, no more than about bytes_max. Raises XX001."""
        records: list[bytes] = []
        size = 0
        lsn = from_lsn
        while lsn <= min(to_lsn, self.last_lsn) and (size < bytes_max or not records):
            record = self._recent.get(lsn)
            if record is None:
                record = self._read_one(lsn)
            records.append(record)
            size += len(record)
            lsn += 1
        return records

    def _read_one(self, lsn: Lsn) -> bytes:
        segment = self._segment_of(lsn)
        assert segment is not None, f"record {lsn} is not kept"
        place = lsn - segment.first_lsn
        offset = segment.offsets[place]
        end = segment.offsets[place + 1] if place + 1 < len(segment.offsets) else segment.file.size
        record = segment.file.read(offset + FRAME_BYTES, end - offset - FRAME_BYTES)
        if not is_intact(record):
            raise DatabaseError(DATA_CORRUPTED, f"journal record {lsn} in {segment.path} at byte {offset} is damaged")
        return record

    def _segment_of(self, lsn: Lsn) -> Segment | None:
        if not self._segments or not self._segments[0].first_lsn <= lsn <= self.last_lsn:
            return None
        place = bisect_right(self._segments, lsn, key=lambda segment: segment.first_lsn) - 1
        return self._segments[place]

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def append(self, records: list[bytes]) -> None:
        """Add records that follow last_lsn; not durable before `sync`. Raises 53100 with nothing added."""
        segment = self._segments[-1] if self._segments else None
        if segment is None or segment.file.size >= self._segment_bytes:
            segment = self._new_segment(self.last_lsn + 1, self.last_epoch)
        headers = [decode_header(record) for record in records]
        assert headers[0].lsn == self.last_lsn + 1, f"record {headers[0].lsn} after {self.last_lsn}"
        parts: list[bytes] = []
        for record in records:
            parts.append(len(record).to_bytes(FRAME_BYTES, "little"))
            parts.append(record)
        offset = segment.file.append(b"".join(parts))
        for header, record in zip(headers, records, strict=True):
            segment.offsets.append(offset)
            segment.epochs.append(header.epoch)
            segment.times.append(header.commit_ts)
            offset += FRAME_BYTES + len(record)
            self._remember(header.lsn, record)
        if segment not in self._unsynced:
            self._unsynced.append(segment)

    def _remember(self, lsn: Lsn, record: bytes) -> None:
        self._recent[lsn] = record
        self._recent_bytes += len(record)
        while self._recent_bytes > RECENT_BYTES_MAX and len(self._recent) > 1:
            oldest = next(iter(self._recent))
            self._recent_bytes -= len(self._recent.pop(oldest))

    def _new_segment(self, first_lsn: Lsn, previous_epoch: Epoch) -> Segment:
        path = f"{FOLDER}/{first_lsn:020d}-{previous_epoch:010d}"
        segment = Segment(path, self._disk.open(path), first_lsn, previous_epoch)
        self._segments.append(segment)
        return segment

    def sync(self, on_done: OnSynced) -> None:
        """`on_done` once all that was appended before is durable."""
        waiting, self._unsynced = self._unsynced or self._segments[-1:], []
        if len(waiting) <= 1:
            if waiting:
                waiting[0].file.sync(on_done)
            else:
                on_done(None)
            return
        left = len(waiting)
        failure: list[DatabaseError] = []

        def one(error: DatabaseError | None) -> None:
            nonlocal left
            left -= 1
            if error is not None:
                failure.append(error)
            if left == 0:
                on_done(failure[0] if failure else None)

        for segment in waiting:
            segment.file.sync(one)

    def truncate_from(self, lsn: Lsn) -> None:
        """Cut the record `lsn` and all after it (a diverging tail that no majority has)."""
        while self._segments and self._segments[-1].first_lsn >= lsn and len(self._segments) > 1:
            self._drop(self._segments.pop())
        segment = self._segments[-1]
        place = lsn - segment.first_lsn
        if 0 <= place < len(segment.offsets):
            segment.file.truncate(segment.offsets[place])
            del segment.offsets[place:], segment.epochs[place:], segment.times[place:]
            if segment not in self._unsynced:
                self._unsynced.append(segment)
        for known in [known for known in self._recent if known >= lsn]:
            self._recent_bytes -= len(self._recent.pop(known))

    def reset(self, next_lsn: Lsn, previous_epoch: Epoch) -> None:
        """Forget every record and go on at next_lsn (a learner whose writer no longer has the beginning)."""
        while self._segments:
            self._drop(self._segments.pop())
        self._recent.clear()
        self._recent_bytes = 0
        self._new_segment(next_lsn, previous_epoch)

    def trim(self, below_ts: Timestamp) -> None:
        """Drop whole segments, never the last, all of whose records have commit_ts <= below_ts."""
        while len(self._segments) > 1 and (not self._segments[0].times or self._segments[0].times[-1] <= below_ts):
            self._drop(self._segments.pop(0))

    def _drop(self, segment: Segment) -> None:
        segment.file.close()
        self._disk.remove(segment.path)
        if segment in self._unsynced:
            self._unsynced.remove(segment)

    async def set_promise(self, promise: Promise) -> None:
        """Durable when it returns."""
        await self._disk.replace(PROMISE, msgspec.msgpack.encode(promise))
        self.promise = promise

    @property
    def bytes(self) -> int:
        return sum(segment.file.size for segment in self._segments)

    def close(self) -> None:
        for segment in self._segments:
            segment.file.close()

    # -- opening ---------------------------------------------------------------------------------------------------------------

    def _load(self, name: str, last: bool) -> None:
        first, _, previous = name.partition("-")
        path = f"{FOLDER}/{name}"
        file = self._disk.open(path)
        segment = Segment(path, file, int(first), int(previous))
        if self._segments and segment.first_lsn != self.last_lsn + 1:
            raise DatabaseError(DATA_CORRUPTED, f"{path}: records {self.last_lsn + 1} to {segment.first_lsn - 1} are missing before it")
        data = file.read(0, file.size)
        offset = 0
        while offset < len(data):
            record = _frame_at(data, offset)
            if record is None or decode_header(record).lsn != segment.first_lsn + len(segment.offsets):
                if not last or _intact_after(data, offset):
                    raise DatabaseError(DATA_CORRUPTED, f"journal record in {path} at byte {offset} is damaged")
                file.truncate(offset)
                break
            header = decode_header(record)
            segment.offsets.append(offset)
            segment.epochs.append(header.epoch)
            segment.times.append(header.commit_ts)
            offset += FRAME_BYTES + len(record)
        self._segments.append(segment)


def _frame_at(data: bytes, offset: int) -> bytes | None:
    """The intact record whose frame begins at `offset`, else None."""
    length = int.from_bytes(data[offset : offset + FRAME_BYTES], "little")
    record = data[offset + FRAME_BYTES : offset + FRAME_BYTES + length]
    return record if len(record) == length and is_intact(record) else None


def _intact_after(data: bytes, offset: int) -> bool:
    """Whether the damaged frame at `offset` is followed by an intact one: then its bytes were once all there."""
    length = int.from_bytes(data[offset : offset + FRAME_BYTES], "little")
    following = offset + FRAME_BYTES + length
    return following < len(data) and _frame_at(data, following) is not None
