"""The store: a multi-version map from key to encoded row, over a memtable and immutable segments.

What it promises: `get` and `window` answer as of any `at` from the horizon on: of each key the newest version at or
below `at`, unless that is a deletion or lies below a dropped range's tombstone. Contents depend on what was applied and
not on when checkpoints and merges ran (I8). Nothing that a manifest vouches for is lost by a crash at any moment.

    apply --> active memtable --freeze--> frozen memtable --checkpoint--> segment n    (maintenance.py writes)
                                                                          segment 1..n-1 <--merge--
    a read asks: active, frozen, segment n, ..., segment 1, and takes the first version that it finds

A large transaction comes as a segment of its own (staging.py), which lies above the memtable that was active then; a
new one takes what follows. Such sources, memtables and segments that no manifest names yet, are the `recents`; a
checkpoint freezes all but the active memtable.

Invariant: of two sources the newer one holds, of every key, only versions above those in the older one (or repeats of
them: a stream that resumes), so the first version found at or below `at` is the newest.

Everything here is synchronous and answers from memory or mapped files; no iterator survives a call, so maintenance may
swap sources between any two calls. Scans go in windows: bounded work, then the place where the next one begins.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right

from actors.common.errors import DATA_CORRUPTED, PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.runtime.interfaces import Disk, File
from actors.storage import manifest as manifest_file
from actors.storage.known_types import KnownTypes, Types
from actors.storage.manifest import Manifest
from actors.storage.memtable import Memtable, Version, newest
from actors.storage.range_tombstones import RangeTombstones
from actors.storage.segment import Block, Segment

SEGMENT_FOLDER = "segments"
_LATEST = 1 << 62
"""Above every commit time."""

logger = logging.getLogger(__name__)


class Window:
    """Part of a scan: the visible rows in scan order, and where the scan goes on (None: the range is exhausted)."""

    __slots__ = ("keys", "resume", "values")

    def __init__(self, keys: list[bytes], values: list[bytes], resume: bytes | None) -> None:
        self.keys = keys
        self.values = values
        self.resume = resume


class _Source:
    """One source's versions in a window: visible ones by key, the keys in scan order, and the last key looked at where
    there is more."""

    __slots__ = ("bound", "versions")

    def __init__(self, versions: dict[bytes, Version], bound: bytes | None) -> None:
        self.versions = versions
        self.bound = bound


def too_old(at: int, horizon: int) -> DatabaseError:
    return DatabaseError(
        PROGRAM_LIMIT_EXCEEDED,
        "snapshot too old: its row versions have been removed",
        detail=f"The snapshot is of {at}, versions are kept from {horizon} on (microseconds since 1970).",
        hint="The transaction has exceeded the transaction age limit; run it again.",
    )


def opened(disk: Disk, life: int, name: str) -> Store:
    """The store on `disk`; an empty one where that is damaged, as after the loss of the disk. `name`: whose it is, for
    the log. Raises what opening it raises but XX001."""
    try:
        return Store(disk, life=life)
    except DatabaseError as error:
        if error.sqlstate != DATA_CORRUPTED:
            raise
        logger.error("%s begins anew: %s", name, error.message)
        return Store(disk, anew=True, life=life)


class Store:
    """Opens what is on `disk`. Raises XX001 where manifest or a segment's footer is damaged. `anew`: an empty store
    instead, which leaves alone what is there until a store is opened on its first manifest. `life`: of a store that has
    none yet, a number that no other's is (manifest.py)."""

    def __init__(self, disk: Disk, anew: bool = False, life: int = 0) -> None:
        self.disk = disk
        found = Manifest() if anew else manifest_file.load(disk)
        self.checkpoint_ts = found.watermark
        self.horizon = found.horizon
        self.next_segment = found.next_segment
        self.life = found.life or life
        self.catalog_changes = list(found.catalog_changes)
        """Commit times, ascending; below the horizon only the newest."""
        self.tombstones = RangeTombstones(found.drops)
        self.segments = [Segment(disk, name, found.times.get(name, 0)) for name in found.segments]
        """Oldest first; those that a checkpoint has made durable."""
        self.foreign = dict(found.foreign)
        self._later_ts = found.later_ts
        """Of the segments, by name: those with rows of other shards, until they are clipped (upkeep.py), and the share
        that is not."""
        self.active = Memtable(self.tombstones)
        self.recents: list[Memtable | Segment] = [self.active]
        """Oldest first; the last one is the active memtable."""
        self.frozen = 0
        """So many of the recents, the first ones, are being checkpointed."""
        self._newest_first = [*self.recents]
        self.types = KnownTypes(lambda key: self.get(key, _LATEST), self._told_types)
        self.unsynced: dict[str, File] = {}
        """Of those recents that are segments, by name."""
        for name in disk.list(SEGMENT_FOLDER):
            path = f"{SEGMENT_FOLDER}/{name}"
            if path not in found.segments:
                if not anew:
                    disk.remove(path)
                self.next_segment = max(self.next_segment, int(name.partition(".")[0]) + 1)

    # -- writing -------------------------------------------------------------------------------------------------------

    def apply(self, payload: bytes, commit_ts: int) -> None:
        """One transaction's write set (write_set.py). Commit times ascend, or repeat what was applied before."""
        self.active.apply(payload, commit_ts)

    def note_catalog_change(self, commit_ts: int) -> None:
        changes = self.catalog_changes
        place = bisect_left(changes, commit_ts)
        if place == len(changes) or changes[place] != commit_ts:
            changes.insert(place, commit_ts)

    def ingest(self, segment: Segment, file: File) -> None:
        """The rows of a large transaction, whose commit time is above all that has been applied. `file`: the segment's,
        to be synced."""
        self.unsynced[segment.name] = file
        if self.active:
            self.active = Memtable(self.tombstones)
            self._set_recents([*self.recents, segment, self.active])
        else:
            self._set_recents([*self.recents[:-1], segment, self.active])

    def _set_recents(self, recents: list[Memtable | Segment]) -> None:
        self.recents = recents
        self._newest_first = recents[::-1]

    def freeze(self) -> None:
        """All recents: a new active memtable takes what follows."""
        assert not self.frozen
        if self.active:
            self.active = Memtable(self.tombstones)
            self._set_recents([*self.recents, self.active])
        self.frozen = len(self.recents) - 1

    def thaw(self, segments: list[Segment], horizon: int) -> list[Memtable | Segment]:
        """The frozen sources' rows are in `segments`, durable and oldest first, less what none at or above `horizon`
        can see. The sources that nobody needs any more."""
        frozen = self.recents[: self.frozen]
        self._set_recents(self.recents[self.frozen :])
        self.frozen = 0
        for source in frozen:
            if isinstance(source, Segment):
                self.unsynced.pop(source.name).close()
        self.segments = [*self.segments, *segments]
        self._raise_horizon(horizon)
        return [source for source in frozen if source not in segments]

    def close(self) -> None:
        """Nobody will checkpoint what has not been."""
        for file in self.unsynced.values():
            file.close()
        self.unsynced.clear()

    def exchange(self, old: list[Segment], new: Segment | None, horizon: int, settled_ts: int) -> None:
        """`old` (neighbours) were merged into `new`; range tombstones up to `settled_ts` have been applied
        everywhere."""
        place = self.segments.index(old[0])
        assert self.segments[place : place + len(old)] == old
        self.segments = [
            *self.segments[:place],
            *([new] if new is not None else []),
            *self.segments[place + len(old) :],
        ]
        for gone in old:
            self.foreign.pop(gone.name, None)
        if settled_ts:
            self.tombstones = self.tombstones.without(settled_ts)
            for source in self.recents:
                if isinstance(source, Memtable):
                    source.tombstones = self.tombstones
        self._raise_horizon(horizon)

    def _raise_horizon(self, horizon: int) -> None:
        self.horizon = max(self.horizon, horizon)
        place = bisect_right(self.catalog_changes, self.horizon)
        if place > 1:
            del self.catalog_changes[: place - 1]

    def manifest(self, checkpoint_ts: int) -> Manifest:
        later_ts = self._later_ts if self._later_ts > checkpoint_ts else 0
        until = max(checkpoint_ts, later_ts)
        return Manifest(
            checkpoint_ts,
            self.horizon,
            [segment.name for segment in self.segments],
            self.next_segment,
            [commit_ts for commit_ts in self.catalog_changes if commit_ts <= until],
            [drop for drop in self.tombstones.drops() if drop[2] <= until],
            self.life,
            {segment.name: segment.commit_ts for segment in self.segments if segment.commit_ts},
            dict(self.foreign),
            later_ts,
        )

    def new_segment_path(self) -> str:
        number = self.next_segment
        self.next_segment = number + 1
        return f"{SEGMENT_FOLDER}/{number:08}.arrow"

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Versions, in all sources; of a segment with other shards' rows, about the share that is not theirs."""
        return sum(
            self._own(source, source.footer.rows) if isinstance(source, Segment) else source.rows
            for source in self.sources
        )

    @property
    def size_bytes(self) -> int:
        """Likewise."""
        return sum(
            self._own(source, source.bytes) if isinstance(source, Segment) else source.bytes for source in self.sources
        )

    def _own(self, segment: Segment, count: int) -> int:
        share = self.foreign.get(segment.name)
        return count if share is None else int(count * share)

    @property
    def sources(self) -> list[Memtable | Segment]:
        """All, oldest first."""
        return [*self.segments, *self.recents]

    @property
    def unfrozen_bytes(self) -> int:
        """Of memory, in memtables that no checkpoint is moving to disk."""
        if len(self.recents) == 1:
            return self.active.bytes
        return sum(source.bytes for source in self.recents[self.frozen :] if isinstance(source, Memtable))

    def catalog_ts(self, at: int) -> int:
        """The newest catalog change at or below `at`; 0: none."""
        changes = self.catalog_changes
        if not changes:
            return 0
        if changes[-1] <= at:
            return changes[-1]
        place = bisect_right(changes, at)
        return changes[place - 1] if place else 0

    def check_horizon(self, at: int) -> None:
        """Raises 54000 where versions that a read at `at` needs may have been dropped."""
        if at < self.horizon:
            raise too_old(at, self.horizon)

    def get(self, key: bytes, at: int) -> bytes | None:
        """The row of `key` as of `at`. Raises 54000 below the horizon, XX001 where a block is damaged."""
        if at < self.horizon:
            raise too_old(at, self.horizon)
        found: Version | None = None
        for source in self._newest_first:
            if source.__class__ is Memtable:
                versions = source.versions.get(key)
                if versions is not None:
                    found = newest(versions, at)
            else:
                found = source.get(key, at, False)  # type: ignore[union-attr]
            if found is not None:
                break
        else:
            oldest = self.segments[0] if self.segments else None
            for segment in reversed(self.segments):
                found = segment.get(key, at, segment is oldest)
                if found is not None:
                    break
        if found is None:
            return None
        if self.tombstones and self.tombstones.newest(key, at) > found[0]:
            return None
        return found[1]

    def _told_types(self, keyspace: bytes) -> Types | None:
        """By the newest segment that tells them."""
        for source in reversed(self.sources):
            if isinstance(source, Segment) and (types := source.types(keyspace)) is not None:
                return types
        return None

    def window(self, start: bytes, end: bytes, at: int, reverse: bool, rows_max: int) -> Window:
        """The next rows of [start, end) in scan order: of each source at most about `rows_max` versions are looked at.
        May be empty with a `resume`: the next `start`, or the next `end` where `reverse`."""
        if start >= end:
            return Window([], [], None)
        sources = [
            _memtable_source(source, start, end, at, reverse, rows_max)
            if isinstance(source, Memtable)
            else _segment_source(source, start, end, at, reverse, rows_max)
            for source in self.sources
        ]
        bounds = [source.bound for source in sources if source.bound is not None]
        bound = (max(bounds) if reverse else min(bounds)) if bounds else None
        filled = [source.versions for source in sources if source.versions]
        if not filled:
            return Window([], [], _after(bound, reverse))
        merged = filled[0]
        keys: list[bytes]
        if len(filled) > 1:
            for versions in filled[1:]:
                merged.update(versions)
            keys = sorted(merged, reverse=reverse)
        else:
            keys = list(merged)
        if bound is not None:
            keys = [key for key in keys if key >= bound] if reverse else keys[: bisect_right(keys, bound)]
        if keys and self.tombstones and self.tombstones.any_in(min(keys[0], keys[-1]), max(keys[0], keys[-1]), at):
            dropped = self.tombstones.newest
            keys = [key for key in keys if merged[key][0] >= dropped(key, at)]
        rows = [(key, value) for key in keys if (value := merged[key][1]) is not None]
        return Window([key for key, _ in rows], [value for _, value in rows], _after(bound, reverse))


def _after(bound: bytes | None, reverse: bool) -> bytes | None:
    return bound if reverse or bound is None else bound + b"\x00"


def _memtable_source(memtable: Memtable, start: bytes, end: bytes, at: int, reverse: bool, rows_max: int) -> _Source:
    keys = memtable.window(start, end, reverse, rows_max)
    versions = memtable.versions
    found = {key: version for key in keys if (version := newest(versions[key], at)) is not None}
    return _Source(found, keys[-1] if len(keys) == rows_max else None)


def _segment_source(segment: Segment, start: bytes, end: bytes, at: int, reverse: bool, rows_max: int) -> _Source:
    """The next rows of one block; whole keys only."""
    if end <= segment.first_key or start > segment.last_key:
        return _Source({}, None)
    if reverse:
        number = segment.number_before(end)
        block = segment.block(number)
        high = block.find(end) if end <= block.footer.last_key else block.footer.rows
        least = block.find(start) if start > block.footer.first_key else 0
        low = max(least, _key_begin(block, high - rows_max))
        more = low > least or (number > 0 and number > segment.number_at(start))
    else:
        number = segment.number_at(start)
        block = segment.block(number)
        low = block.find(start)
        last = block.find(end) if end <= block.footer.last_key else block.footer.rows
        high = min(last, _key_end(block, low + rows_max))
        more = high < last or (
            last == block.footer.rows and number + 1 < len(segment.footer.blocks) and block.footer.last_key < end
        )
    if low >= high:
        return _Source({}, None)
    keys, times, values = block.versions(low, high)
    bound = (keys[0] if reverse else keys[-1]) if more else None
    if block.footer.plain and block.footer.max_ts <= at:
        pairs = zip(keys, zip(times, values, strict=True), strict=True)
        return _Source(dict(reversed(list(pairs)) if reverse else pairs), bound)
    found: dict[bytes, Version] = {}
    for key, time, value in zip(keys, times, values, strict=True):
        if time <= at and key not in found:
            found[key] = (time, value)
    return _Source(dict(reversed(found.items())) if reverse else found, bound)


def _key_begin(block: Block, row: int) -> int:
    """The first row of the key that row `row` belongs to."""
    if row <= 0:
        return 0
    return row if block.footer.plain else block.find(block.key(row))


def _key_end(block: Block, row: int) -> int:
    """The first row of a key at or after row `row`."""
    if row >= block.footer.rows:
        return block.footer.rows
    key = block.key(row)
    return row if block.footer.plain or block.key(row - 1) != key else block.find(key + b"\x00")
