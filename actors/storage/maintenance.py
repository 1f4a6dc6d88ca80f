"""Checkpoints and merges: what moves versions from memory to disk, and what drops those that nobody can read any more.

What it promises. A checkpoint makes everything applied before it durable and then says so in the manifest; a crash at
any moment leaves either manifest, each with all its segments. Merges keep what any read at or above the horizon can
see. Work is cut into slices of a few milliseconds, with the event loop's turn between them, so that reads are answered
meanwhile.

A manifest is the shard at its watermark: nothing in it is later, nor has anything later taken anything away. So a
checkpoint may be restored to a moment before what came next (cluster/restoring.py).

Dropping. The horizon is the watermark less the transaction age limit: no transaction alive reads below it; it is never
above the checkpoint. Of each key
all versions above the horizon stay, and the newest one at or below it, unless it is a deletion with nothing older
beneath (the merge has the oldest segment), or a range drop at or below the horizon hides it. Once every segment has
been through a merge, range tombstones at or below the horizon go too.

    k: 9 7 4 2, horizon 5  ->  9 7 4

Which segments to merge: neighbours only (a source's times lie above its elder's), the run that costs the fewest bytes
for each segment less, then on to elder ones that are no larger than the run itself. Blocks that need no change and
overlap with nothing are copied as they are.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from operator import itemgetter

from actors.common.ranges import Span
from actors.runtime.interfaces import Disk, File
from actors.storage import manifest as manifest_file
from actors.storage.clipping import clip
from actors.storage.files import discard, sync
from actors.storage.memtable import Memtable, Version
from actors.storage.range_tombstones import RangeTombstones
from actors.storage.segment import Block, Segment
from actors.storage.segment_layout import BlockFooter
from actors.storage.segment_writer import SegmentWriter
from actors.storage.store import Store

RELEASE_ROWS = 8192
"""Rows of a memtable that are let go of between two turns of the event loop: a hundred thousand at once would hold it
for a tenth of a second."""
SLICE_ROWS = 1024
"""Rows of each source between two turns of the event loop: 1 to 3 ms."""
LARGE_BYTES = 8 << 20
"""A transaction's segment that a checkpoint leaves as it is."""
SLICE_PAUSE_S = 0.0
"""Between two slices: one turn of the event loop. The simulator, in which work takes no time, lets merges take some by
a longer pause."""

Rows = tuple[list[bytes], list[int], list[bytes | None]]


class Maintenance:
    """One checkpoint and one merge may run at the same time; manifests are written one after the other."""

    def __init__(self, store: Store, segments_max: int) -> None:
        self._store = store
        self._segments_max = segments_max
        self._saving = asyncio.Lock()
        self._frozen_watermark = self._settled_watermark = store.checkpoint_ts
        """Of what is, or was, frozen, and of what has been settled: segments have all up to the latter."""

    async def checkpoint(self, watermark: int, horizon: int) -> None:
        """Make all that has been applied durable; `watermark`: everything up to there has been. Raises 53100 or 58030:
        then nothing is lost, and the next call goes on with what was frozen."""
        store = self._store
        if not store.frozen:
            self._frozen_watermark = watermark
            store.freeze()
        if store.frozen:
            horizon = max(min(horizon, self._frozen_watermark), store.horizon)
            segments = await self._settle(store.recents[: store.frozen], horizon)
            released = store.thaw(segments, horizon)
            self._settled_watermark = self._frozen_watermark
            for gone in released:
                if isinstance(gone, Segment):
                    store.disk.remove(gone.name)
                else:
                    while gone.release(RELEASE_ROWS):
                        await asyncio.sleep(0)
        await self._save(max(store.checkpoint_ts, self._frozen_watermark))

    async def _settle(self, frozen: list[Memtable | Segment], horizon: int) -> list[Segment]:
        """Durable segments of all that the sources hold. A large segment among them stays as it is; what lies between
        two of them becomes one."""
        settled: list[Segment] = []
        group: list[Memtable | Segment] = []
        made: list[Segment] = []
        try:
            for source in [*frozen, None]:
                is_large = isinstance(source, Segment) and source.bytes >= LARGE_BYTES
                if source is not None and not is_large:
                    group.append(source)
                    continue
                if len(group) == 1 and isinstance(group[0], Segment):
                    settled.append(group[0])
                elif group:
                    segment = await self._join(group, horizon, oldest=not self._store.segments and not settled)
                    if segment is not None:
                        settled.append(segment)
                        made.append(segment)
                if isinstance(source, Segment):
                    settled.append(source)
                group = []
            for segment in settled:
                if segment not in made:
                    await sync(self._store.unsynced[segment.name])
        except BaseException:
            for segment in made:
                discard(self._store.disk, segment.name)
            raise
        return settled

    async def _join(self, sources: list[Memtable | Segment], horizon: int, oldest: bool) -> Segment | None:
        store = self._store
        path = store.new_segment_path()
        if len(sources) == 1 and isinstance(sources[0], Memtable):
            return await _write(store, path, _frozen_rows(sources[0], store.tombstones, horizon, oldest))
        return await _merge_sources(store, path, sources, horizon, oldest)

    async def merge(self, horizon: int) -> bool:
        """One merge, if there are more segments than the bound. True where one was made. Raises 53100, 58030, XX001;
        the store is then as before."""
        store = self._store
        if len(store.segments) <= self._segments_max:
            return False
        low, high = choose([segment.bytes for segment in store.segments])
        await self.merge_run(store.segments[low:high], horizon)
        return True

    async def merge_run(self, old: list[Segment], horizon: int) -> None:
        """Merge neighbours into one segment."""
        store = self._store
        horizon = max(min(horizon, store.checkpoint_ts), store.horizon)
        oldest = old[0] is store.segments[0]
        settled_ts = min(horizon, store.checkpoint_ts) if oldest and len(old) == len(store.segments) else 0
        path = store.new_segment_path()
        segment = await _merge_sources(store, path, old, horizon, oldest)
        store.exchange(old, segment, horizon, settled_ts)
        await self._save()
        for gone in old:
            store.disk.remove(gone.name)

    async def clip_foreign(self, spans: Sequence[Span]) -> None:
        """Clip all segments that have rows of other shards. As `merge` raises; those before the one that failed are
        clipped."""
        store = self._store
        gone: list[Segment] = []
        try:
            for old in [segment for segment in store.segments if segment.name in store.foreign]:
                path = store.new_segment_path()
                has_own = await clip(store.disk, old, path, spans)
                store.exchange([old], Segment(store.disk, path) if has_own else None, store.horizon, 0)
                gone.append(old)
        finally:
            if gone:
                await self._save()
                for old in gone:
                    store.disk.remove(old.name)

    async def _save(self, checkpoint_ts: int = 0) -> None:
        """`checkpoint_ts`: a new one; the store has it, and tells journals of it, only once it is durable (I12)."""
        store = self._store
        async with self._saving:
            checkpoint_ts = max(checkpoint_ts, store.checkpoint_ts, self._settled_watermark)
            await manifest_file.save(store.disk, store.manifest(checkpoint_ts))
            store.checkpoint_ts = checkpoint_ts


def choose(sizes: list[int]) -> tuple[int, int]:
    """The run [low, high) of neighbouring segments (at least two) to merge, by their bytes, oldest first."""
    runs = [(low, high) for low in range(len(sizes) - 1) for high in range(low + 2, len(sizes) + 1)]
    low, high = min(runs, key=lambda run: (sum(sizes[run[0] : run[1]]) / (run[1] - run[0] - 1), run))
    while low and sizes[low - 1] <= sum(sizes[low:high]):
        low -= 1
    return low, high


def visible_versions(versions: list[Version], horizon: int, dropped_ts: int, oldest: bool) -> list[Version]:
    """What must be kept of one key's versions, newest first. `dropped_ts`: the newest range drop of the key at or below
    the horizon."""
    kept: list[Version] = []
    for version in versions:
        if version[0] > horizon:
            kept.append(version)
            continue
        if version[0] >= dropped_ts and not (oldest and version[1] is None):
            kept.append(version)
        break
    return kept


async def _write(store: Store, path: str, slices: AsyncIterator[Rows]) -> Segment | None:
    """A segment of the rows, durable and open; None where there are none. On failure no file is left."""
    disk = store.disk
    file = disk.open(path)
    try:
        writer = SegmentWriter(file, store.types.of)
        async for keys, times, values in slices:
            writer.add(keys, times, values)
        return await _complete(disk, path, file, writer)
    except BaseException:
        discard(disk, path)
        raise
    finally:
        file.close()


async def _complete(disk: Disk, path: str, file: File, writer: SegmentWriter) -> Segment | None:
    if not writer.rows:
        discard(disk, path)
        return None
    writer.finish()
    await sync(file)
    return Segment(disk, path)


async def _frozen_rows(
    memtable: Memtable, tombstones: RangeTombstones, horizon: int, oldest: bool
) -> AsyncIterator[Rows]:
    rows: Rows = ([], [], [])
    for key in memtable.all_keys():
        versions = memtable.versions[key]
        listed: list[Version] = [versions] if isinstance(versions, tuple) else versions[::-1]
        if listed[-1][0] <= horizon:
            dropped_ts = tombstones.newest(key, horizon) if tombstones else 0
            listed = visible_versions(listed, horizon, dropped_ts, oldest)
        for commit_ts, value in listed:
            rows[0].append(key)
            rows[1].append(commit_ts)
            rows[2].append(value)
        if len(rows[0]) >= SLICE_ROWS:
            yield rows
            rows = ([], [], [])
            await asyncio.sleep(SLICE_PAUSE_S)
    yield rows


class _Cursor:
    """A place in a segment under merge: a row of a block."""

    __slots__ = ("_held", "_held_high", "_number", "_row", "segment")

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._number = 0
        self._row = 0
        self._held: Rows = ([], [], [])
        """Rows [_row, _held_high) of the block, decoded."""
        self._held_high = 0

    @property
    def ended(self) -> bool:
        return self._number == len(self.segment.footer.blocks)

    def whole_block(self) -> BlockFooter | None:
        """The footer of the block ahead where it begins here and has no versions to drop, else None."""
        footer = self.segment.footer.blocks[self._number]
        return footer if self._row == 0 and footer.plain else None

    def block(self) -> Block:
        """The one ahead. Raises XX001 where it is damaged."""
        return self.segment.block(self._number)

    def next_key(self) -> bytes:
        if self._row == 0:
            return self.segment.footer.blocks[self._number].first_key
        return self.segment.block(self._number).key(self._row)

    def window(self) -> tuple[Rows, bool]:
        """The next rows of this block, whole keys, not moving; and whether the segment ends with them."""
        block = self.segment.block(self._number)
        rows = block.footer.rows
        if not self._held[0]:
            high = min(self._row + SLICE_ROWS, rows)
            if high < rows and block.key(high) == block.key(high - 1):
                high = block.find(block.key(high) + b"\x00")
            self._held = block.versions(self._row, high)
            self._held_high = high
        return self._held, self._held_high == rows and self._number + 1 == len(self.segment.footer.blocks)

    def advance(self, rows: int) -> None:
        self._row += rows
        keys, times, values = self._held
        self._held = (keys[rows:], times[rows:], values[rows:])
        if self._row == self.segment.footer.blocks[self._number].rows:
            self._number += 1
            self._row = 0


class _MemtableCursor:
    """The same in a frozen memtable."""

    def __init__(self, memtable: Memtable) -> None:
        self._versions = memtable.versions
        self._keys = memtable.all_keys()
        self._held: Rows = ([], [], [])
        self._hold()

    def _hold(self) -> None:
        keys, times, values = self._held = ([], [], [])
        for key in islice(self._keys, SLICE_ROWS):
            versions = self._versions[key]
            for commit_ts, value in [versions] if isinstance(versions, tuple) else versions[::-1]:
                keys.append(key)
                times.append(commit_ts)
                values.append(value)

    @property
    def ended(self) -> bool:
        return not self._held[0]

    def whole_block(self) -> None:
        """It has none."""

    def next_key(self) -> bytes:
        return self._held[0][0]

    def window(self) -> tuple[Rows, bool]:
        return self._held, False

    def advance(self, rows: int) -> None:
        keys, times, values = self._held
        if rows < len(keys):
            self._held = (keys[rows:], times[rows:], values[rows:])
        else:
            self._hold()


async def _merge_sources(
    store: Store, path: str, old: Sequence[Memtable | Segment], horizon: int, oldest: bool
) -> Segment | None:
    disk, tombstones = store.disk, store.tombstones
    file = disk.open(path)
    try:
        writer = SegmentWriter(file, store.types.of)
        cursors = [_Cursor(source) if isinstance(source, Segment) else _MemtableCursor(source) for source in old]
        cursors = [cursor for cursor in cursors if not cursor.ended]
        while cursors:
            if not _copy_block(writer, cursors, tombstones, horizon):
                writer.add(*_drop(_next_rows(cursors), tombstones, horizon, oldest))
            cursors = [cursor for cursor in cursors if not cursor.ended]
            await asyncio.sleep(SLICE_PAUSE_S)
        return await _complete(disk, path, file, writer)
    except BaseException:
        discard(disk, path)
        raise
    finally:
        file.close()


def _copy_block(
    writer: SegmentWriter, cursors: Sequence[_Cursor | _MemtableCursor], tombstones: RangeTombstones, horizon: int
) -> bool:
    """Copy the next block as it is, where it needs no change and overlaps with nothing."""
    first = min(cursors, key=lambda cursor: cursor.next_key())
    footer = first.whole_block()
    if (
        footer is None
        or isinstance(first, _MemtableCursor)
        or any(cursor is not first and cursor.next_key() <= footer.last_key for cursor in cursors)
    ):
        return False
    if tombstones and tombstones.any_in(footer.first_key, footer.last_key, horizon):
        return False
    writer.add_block(first.block())
    first.advance(footer.rows)
    return True


def _next_rows(cursors: Sequence[_Cursor | _MemtableCursor]) -> Rows:
    """The next rows of all, in order: up to the least key that some cursor's window ends with."""
    windows = [cursor.window() for cursor in cursors]
    bounds = [rows[0][-1] for rows, ends in windows if not ends]
    bound = min(bounds) if bounds else None
    merged: list[tuple[bytes, int, bytes | None]] = []
    for cursor, ((keys, times, values), _) in zip(cursors, windows, strict=True):
        rows = len(keys) if bound is None else bisect_right(keys, bound)
        merged += zip(keys[:rows], [-time for time in times[:rows]], values[:rows], strict=True)
        cursor.advance(rows)
    merged.sort(key=itemgetter(0, 1))
    return [key for key, _, _ in merged], [-time for _, time, _ in merged], [value for _, _, value in merged]


def _drop(rows: Rows, tombstones: RangeTombstones, horizon: int, oldest: bool) -> Rows:
    """Less what nobody at or above the horizon can see, and less repeats."""
    kept: Rows = ([], [], [])
    position, count = 0, len(rows[0])
    all_keys, all_times, all_values = rows
    while position < count:
        key = all_keys[position]
        end = position + 1
        while end < count and all_keys[end] == key:
            end += 1
        dropped_ts = tombstones.newest(key, horizon) if tombstones else 0
        distinct = dict(zip(all_times[position:end], all_values[position:end], strict=True))
        for commit_ts, value in visible_versions(list(distinct.items()), horizon, dropped_ts, oldest):
            kept[0].append(key)
            kept[1].append(commit_ts)
            kept[2].append(value)
        position = end
    return kept
