"""A journal replica's log on disk: numbered records without gaps, and what the replica has promised. Plain and
synchronous but for `set_promise`.

    log/...      segments (segment.py), only ever written at their ends
    promise      crc32c | msgpack: highest epoch promised, whether it votes, the first record kept and what is known of
                 those before it

Nothing is cut in place, so that no crash leaves a half-done cut: a diverging tail (`cut_from`) is overridden by a new
segment of the next generation. Removing files is only tidying up, and need not be durable: a segment that is back after
a power failure is overridden by name, or lies below the promise's `first_lsn`, which is durable before a segment is
trimmed. But no file is removed before all that is in the log then, the new segment among it, is durable: a power
failure might else lose the new segment, too, and bring back any of the old ones without the others. As it is, it leaves
the log as it was before.

At `open`, the first record that is missing or broken ends the log, if it was never acknowledged (a torn or lost tail).
If an intact frame further on says that it had been synced, or it does not look torn, it is damage: XX001, naming
segment, record and byte. What cannot be seen: the very last records lost as a whole, with nothing behind them.

Kept in memory for each record: its offset, epoch and commit time (24 bytes), until its segment is trimmed; and the
latest records themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import google_crc32c
import msgspec

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.common.settings import Journaling
from actors.common.timestamps import TIMESTAMP_MIN, Epoch, Lsn, Timestamp
from actors.journal.groups import Groups
from actors.journal.record import decode_header, is_intact
from actors.journal.segment import (
    FOLDER,
    FRAME_BYTES,
    Segment,
    SegmentName,
    encode_frames,
    frame_at,
    looks_torn,
    synced_after,
)
from actors.runtime.interfaces import Disk

PROMISE = "promise"
CHECKSUM_BYTES = 4
OnSynced = Callable[[DatabaseError | None], None]


class Promise(msgspec.Struct, frozen=True):
    """What must survive a crash beside the records.

    `voter`: False until the writer has brought an empty replica up to date (I9). `first_lsn`: records below it are gone
    on purpose, the last of them was of `previous_epoch`, and none of them had a commit time above `trimmed_ts`. `lost`:
    it had records, and they are gone by damage (repair.py). `seat`: how many times the zone had begun anew on another
    disk when this one was taken; `seats`: of all replicas, as the writer has told (seats.py).
    """

    epoch: Epoch = 0
    voter: bool = False
    first_lsn: Lsn = 1
    previous_epoch: Epoch = 0
    trimmed_ts: Timestamp = TIMESTAMP_MIN
    lost: bool = False
    seat: int = 0
    seats: dict[str, int] = {}
    companions: tuple[str, ...] = ()
    """It decides alone until these vote, too: the others were lost (recovering.py)."""
    survived: bool = False
    """... and a writer that does not know of `seats` comes from before that."""


class JournalLog:
    """Made by `JournalLog.open(disk, settings)`."""

    def __init__(self, disk: Disk, settings: Journaling) -> None:
        self._disk = disk
        self._segment_bytes = settings.segment_bytes
        self._recent_bytes_max = settings.replica_bytes_max
        self._segments: list[Segment] = []
        self._dirty: list[Segment] = []
        """Segments with bytes that are not known to be on disk; also while a sync is under way."""
        self._void: list[str] = []
        """Files that are no part of the log any more, to be removed once all that is part of it is durable."""
        self._generation = 0
        self._roll = False
        """The next record goes to a segment of a new generation: what follows in the last one is void."""
        self._synced: Lsn = 0
        self._cuts = 0
        self._recent: dict[Lsn, bytes] = {}
        self._recent_first: Lsn = 0
        self._recent_bytes = 0
        self._groups = Groups()
        self.promise = Promise()

    @classmethod
    def open(cls, disk: Disk, settings: Journaling) -> JournalLog:
        """Read what is there. Raises XX001 for damage."""
        log = cls(disk, settings)
        log._read_disk()
        return log

    def _read_disk(self) -> None:
        self.promise = read_promise(self._disk)
        self._load([SegmentName.parse(name) for name in self._disk.list(FOLDER)])

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def first_lsn(self) -> Lsn:
        """Of the first record kept; last_lsn + 1 when there is none."""
        return self._segments[0].first_lsn if self._segments else self.promise.first_lsn

    @property
    def last_lsn(self) -> Lsn:
        if not self._segments:
            return self.promise.first_lsn - 1
        last = self._segments[-1]
        return last.first_lsn + len(last.offsets) - 1

    @property
    def last_epoch(self) -> Epoch:
        return self.epoch_at(self.last_lsn)

    def epoch_at(self, lsn: Lsn) -> Epoch:
        """The epoch of a record that is kept, or of the one just before the first; -1 where unknown."""
        if not self._segments:
            return self.promise.previous_epoch if lsn == self.promise.first_lsn - 1 else -1
        last = self._segments[-1]
        if lsn >= last.first_lsn:
            place = lsn - last.first_lsn
            return last.epochs[place] if place < len(last.epochs) else -1
        if lsn == self._segments[0].first_lsn - 1:
            return self._segments[0].name.previous_epoch
        segment = self._segment_of(lsn)
        return segment.epochs[lsn - segment.first_lsn] if segment is not None else -1

    def commit_ts_at(self, lsn: Lsn) -> Timestamp:
        segment = self._segment_of(lsn)
        assert segment is not None
        return segment.times[lsn - segment.first_lsn]

    def first_after(self, after_ts: Timestamp) -> Lsn:
        """The first kept record with commit_ts > after_ts; last_lsn + 1 where there is none. A reader begins there, or
        earlier: see `begin_for`."""
        for segment in self._segments:
            if segment.times and segment.times[-1] > after_ts:
                return segment.first_lsn + bisect_right(segment.times, after_ts)
        return self.last_lsn + 1

    def begin_for(self, lsn: Lsn) -> Lsn:
        """Where a reader who wants every transaction committed by record `lsn` or a later one has to begin: not inside
        a large one's parts."""
        return self._groups.begin_for(lsn)

    def read(self, from_lsn: Lsn, bytes_max: int, to_lsn: Lsn) -> list[bytes]:
        """Records from_lsn ... to_lsn, at least one if there is one, no more than about bytes_max. Raises XX001."""
        records: list[bytes] = []
        size = 0
        lsn = from_lsn
        last = min(to_lsn, self.last_lsn)
        recent = self._recent
        while lsn <= last and (size < bytes_max or not records):
            record = recent.get(lsn)
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
        end = segment.offsets[place + 1] if place + 1 < len(segment.offsets) else segment.end
        record = segment.file.read(offset + FRAME_BYTES, end - offset - FRAME_BYTES)
        if not is_intact(record):
            raise _damaged(segment.name, lsn, offset)
        return record

    def _segment_of(self, lsn: Lsn) -> Segment | None:
        if not self._segments or not self._segments[0].first_lsn <= lsn <= self.last_lsn:
            return None
        place = bisect_right(self._segments, lsn, key=lambda segment: segment.first_lsn) - 1
        return self._segments[place]

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(self, records: list[bytes]) -> None:
        """Add records that follow last_lsn; not durable before `sync`. Raises 53100 with nothing added."""
        lsn = self.last_lsn + 1
        segment = self._segments[-1] if self._segments else None
        if segment is None or self._roll or segment.end >= self._segment_bytes:
            segment = self._new_segment(lsn, self.last_epoch)
        headers = [decode_header(record) for record in records]
        assert headers[0].lsn == lsn, f"record {headers[0].lsn} after {lsn - 1}"
        offset = segment.file.append(encode_frames(records, self._synced))
        for header, record in zip(headers, records, strict=True):
            end = offset + FRAME_BYTES + len(record)
            segment.note(offset, end, header.epoch, header.commit_ts)
            self._groups.note(header)
            offset = end
            self._recent[header.lsn] = record
            self._recent_bytes += len(record)
        if len(self._recent) == len(records):
            self._recent_first = lsn
        while self._recent_bytes > self._recent_bytes_max and len(self._recent) > 1:
            self._recent_bytes -= len(self._recent.pop(self._recent_first))
            self._recent_first += 1
        if segment not in self._dirty:
            self._dirty.append(segment)

    def _new_segment(self, first_lsn: Lsn, previous_epoch: Epoch) -> Segment:
        name = SegmentName(self._generation + self._roll, first_lsn, previous_epoch)
        segment = Segment(name, self._disk.open(name.path))
        self._generation = name.generation
        self._roll = False
        if self._segments and not self._segments[-1].offsets:
            self._drop(self._segments.pop())
        self._segments.append(segment)
        self._dirty.append(segment)
        return segment

    def sync(self, on_done: OnSynced) -> None:
        """`on_done` once all that is in the log now is durable, whichever sync brought it there."""
        upto, cuts, has_followed = self.last_lsn, self._cuts, not self._roll
        waiting = [(segment, segment.end) for segment in self._dirty]
        left = len(waiting)
        if not left:
            if has_followed:
                self._remove_void()
            on_done(None)
            return
        failure: DatabaseError | None = None

        def synced(segment: Segment, end: int, error: DatabaseError | None) -> None:
            nonlocal left, failure
            left -= 1
            failure = failure or error
            if error is None:
                segment.synced_end = max(segment.synced_end, end)
                if segment.synced_end >= segment.end and segment in self._dirty:
                    self._dirty.remove(segment)
            if left == 0:
                if failure is None and cuts == self._cuts:
                    self._synced = max(self._synced, upto)
                    if has_followed:
                        self._remove_void()
                on_done(failure)

        for segment, end in waiting:
            segment.file.sync(lambda error, segment=segment, end=end: synced(segment, end, error))  # type: ignore[misc]

    def cut_from(self, lsn: Lsn) -> None:
        """Give up record `lsn` and all after it (a diverging tail that no majority has), as soon as other records are
        appended in their place."""
        while len(self._segments) > 1 and self._segments[-1].first_lsn >= lsn:
            self._drop(self._segments.pop())
        self._segments[-1].cut(lsn)
        self._groups.cut(lsn)
        self._roll = True
        self._cuts += 1
        self._synced = min(self._synced, lsn - 1)
        for known in [known for known in self._recent if known >= lsn]:
            self._recent_bytes -= len(self._recent.pop(known))

    def reset(self) -> None:
        """Forget every record and go on at the promise's first_lsn, which has been made durable before."""
        while self._segments:
            self._drop(self._segments.pop())
        self._groups.clear()
        self._recent.clear()
        self._recent_bytes = 0
        self._roll = True
        self._cuts += 1
        self._synced = self.promise.first_lsn - 1
        self._new_segment(self.promise.first_lsn, self.promise.previous_epoch)

    def begin_anew(self, names: list[SegmentName]) -> None:
        """An empty log in place of the segments `names`, all that are in its folder, which go with the next sync."""
        assert not self._segments
        self._generation = max((name.generation for name in names), default=0)
        self._void = [name.path for name in names]
        self.reset()

    def after_trim(self, below_ts: Timestamp, committed: Lsn) -> Promise | None:
        """The promise to make durable before `trim`: without the segments all of whose records are committed and have
        commit_ts <= below_ts.

        None where nothing can go. The last segment always stays, and so does the last record; no large transaction
        loses some of its parts.
        """
        kept = 0
        while kept < len(self._segments) - 1 and self._segments[kept].last_lsn < self.last_lsn:
            segment = self._segments[kept]
            if segment.last_lsn > committed or (segment.times and segment.times[-1] > below_ts):
                break
            kept += 1
        while kept and self._groups.is_cut_at(self._segments[kept].first_lsn):
            kept -= 1
        if kept == 0:
            return None
        first = self._segments[kept].name
        trimmed = [segment.times[-1] for segment in self._segments[:kept] if segment.times]
        return msgspec.structs.replace(
            self.promise,
            first_lsn=first.first_lsn,
            previous_epoch=first.previous_epoch,
            trimmed_ts=max([self.promise.trimmed_ts, *trimmed]),
        )

    def begin_segment(self) -> None:
        """What follows goes to a segment of its own, so that all before it can be trimmed once it is committed. Durable
        with the next `sync`."""
        if self._segments and self._segments[-1].offsets and not self._roll:
            self._new_segment(self.last_lsn + 1, self.last_epoch)

    def trim(self) -> None:
        """Give up the segments below the promise's first_lsn."""
        while len(self._segments) > 1 and self._segments[0].last_lsn < self.promise.first_lsn:
            self._drop(self._segments.pop(0))
        self._groups.trim(self.first_lsn)
        if not self._dirty and not self._roll:
            self._remove_void()

    def _drop(self, segment: Segment) -> None:
        segment.file.close()
        self._void.append(segment.name.path)
        if segment in self._dirty:
            self._dirty.remove(segment)

    def _remove_void(self) -> None:
        while self._void:
            self._disk.remove(self._void.pop())

    async def set_promise(self, promise: Promise) -> None:
        """Durable when it returns. One at a time."""
        data = msgspec.msgpack.encode(promise)
        await self._disk.replace(PROMISE, google_crc32c.value(data).to_bytes(CHECKSUM_BYTES, "little") + data)
        self.promise = promise

    @property
    def size_bytes(self) -> int:
        return sum(segment.end for segment in self._segments)

    def close(self) -> None:
        self._void.clear()  # they are the next one's to remove, whatever sync ends now
        for segment in self._segments:
            segment.file.close()

    # -- opening -------------------------------------------------------------------------------------------------------

    def _load(self, names: list[SegmentName]) -> None:
        """Read the segments, lowest generation first; each up to where a higher one overrides it."""
        names.sort()
        broken: Lsn | None = None
        floor = self.promise.first_lsn
        for name, limit in zip(names, _limits(names), strict=True):
            self._generation = name.generation
            if limit <= max(name.first_lsn, floor):
                self._void.append(name.path)
                continue
            segment = Segment(name, self._disk.open(name.path))
            data = segment.file.read(0, segment.file.size)
            if self._segments and self.last_lsn < floor and (name.first_lsn >= floor or not self._follows(name)):
                # What is there so far had been trimmed: its removal did not survive, or a part of it did.
                while self._segments:
                    self._drop(self._segments.pop())
                self._groups.clear()
                broken = None
            if broken is None and (not self._follows(name) if self._segments else name.first_lsn > floor):
                broken = self.last_lsn + 1
            offset = 0
            if broken is None:
                offset, broken = self._scan(segment, data, limit)
                self._segments.append(segment)
            if broken is not None:
                if synced_after(data, offset) >= broken >= floor:
                    raise _damaged(name, broken, offset)
                if broken <= segment.first_lsn and segment not in self._segments:
                    self._drop(segment)
        self._settle(broken)

    def _follows(self, name: SegmentName) -> bool:
        return name.first_lsn == self.last_lsn + 1 and name.previous_epoch == self.last_epoch

    def _scan(self, segment: Segment, data: bytes, limit: Lsn) -> tuple[int, Lsn | None]:
        """Note the intact records below `limit` that follow those noted already. (where it stopped, the first broken
        record)."""
        offset = segment.end
        lsn = segment.last_lsn + 1
        while offset < len(data) and lsn < limit:
            frame = frame_at(data, offset)
            header = decode_header(frame[1]) if frame is not None else None
            if frame is None or header is None or header.lsn != lsn:
                if not looks_torn(data, offset) and lsn >= self.promise.first_lsn:
                    raise _damaged(segment.name, lsn, offset)
                return offset, lsn
            end = offset + FRAME_BYTES + len(frame[1])
            segment.note(offset, end, header.epoch, header.commit_ts)
            self._groups.note(header)
            self._synced = max(self._synced, frame[0])
            offset = end
            lsn += 1
        return offset, None

    def _settle(self, broken: Lsn | None) -> None:
        """After loading: nothing follows a broken record, and what was not known to be synced is synced with the next
        records."""
        while self._segments and self._segments[0].last_lsn < self.promise.first_lsn:
            self._drop(self._segments.pop(0))
        self._groups.trim(self.first_lsn)
        self._roll = broken is not None or not self._segments
        if broken is not None:
            self._synced = min(self._synced, broken - 1)
        self._dirty = [segment for segment in self._segments if segment.last_lsn > self._synced or not segment.offsets]


def _limits(names: list[SegmentName]) -> list[Lsn]:
    """Of each of the sorted segments: the first record that one of a higher generation overrides."""
    limits: list[Lsn] = []
    overridden = lowest = 1 << 62
    generation = -1
    for name in reversed(names):
        if name.generation != generation:
            overridden, generation = lowest, name.generation
        limits.append(overridden)
        lowest = min(lowest, name.first_lsn)
    limits.reverse()
    return limits


def _damaged(name: SegmentName, lsn: Lsn, offset: int) -> DatabaseError:
    return DatabaseError(DATA_CORRUPTED, f"journal record {lsn} in {name.path} at byte {offset} is damaged")


def read_promise(disk: Disk) -> Promise:
    """An empty one where nothing has been promised. Raises XX001."""
    if not disk.exists(PROMISE):
        return Promise()
    data = disk.read(PROMISE)
    body = data[CHECKSUM_BYTES:]
    if google_crc32c.value(body) != int.from_bytes(data[:CHECKSUM_BYTES], "little"):
        raise DatabaseError(DATA_CORRUPTED, f"{PROMISE} is damaged")
    return msgspec.msgpack.decode(body, type=Promise)
