"""A storage replica's part in the object store: it uploads its checkpoints, and opens itself from the newest one where
no peer can give it anything.

    checkpoint durable on the disk --its turn?--> segments that are not there yet --> the checkpoint's own object
        --> all listed? it counts
    nothing on the disk, no peer has more --> newest checkpoint that counts --> segments, checked --> manifest
        --> stream after its watermark

One upload serves all replicas of a shard. The first of them in the order of their names uploads; each further one only
where nothing newer has been stored for `TURN_S` more. Two that upload at once cost bytes and nothing else: each has a
folder of its own (archive_index.py).

What it promises. `kept_ts`, the time that journals and controller are told instead of the checkpoint's, lies at or
below a checkpoint that counted when it was last looked for: so the journals reach back to what the store has. That
ends, and `status` says so, once the store has lacked something for `storing.object_store_wait_s`. A checkpoint is
uploaded once the journals' pieces (journal/archive.py) reach as far. Nothing else waits for the store: no commit, no
read, no checkpoint, no merge. What it refuses is tried again after `RETRY_S`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import google_crc32c

from actors.common import stored_journal
from actors.common.errors import CONNECTION_FAILURE, DATA_CORRUPTED, DISK_FULL, IO_ERROR, UNDEFINED_FILE, DatabaseError
from actors.common.messages import AskPromise, Stored
from actors.common.ranges import Span, common_spans
from actors.runtime.interfaces import Context, ObjectStore
from actors.storage import ended, filling
from actors.storage import manifest as manifest_file
from actors.storage.archive_index import (
    CHECKPOINTS_KEPT,
    Folder,
    Listing,
    StoredCheckpoint,
    StoredSegment,
    decode,
    encode,
    shard_folder,
)
from actors.storage.clipping import EVERYTHING, clip, lies_inside
from actors.storage.files import discard, sync
from actors.storage.inheriting import united
from actors.storage.manifest import Manifest
from actors.storage.segment import Segment
from actors.storage.segment_layout import corrupted
from actors.storage.store import Store

if TYPE_CHECKING:
    from actors.storage.replica import StorageReplica

TURN_S = 120.0
"""Above the minute after which an idle replica checkpoints anew (replica.RENEWAL_S): while the first one lives, no
other uploads."""
RETRY_S = 10.0
JOURNALS_PAUSE_S = 1.0
ASK_S = 5.0
PIECE_BYTES_MAX = 4 << 20
"""Of a segment that is fetched: one piece is in memory, and written to the disk between two turns of the event loop."""
PIECE_ATTEMPTS_MAX, PIECE_PAUSE_S = 6, 0.1
LISTED_MAX = 5
"""Times that what is being fetched may be removed meanwhile, since newer checkpoints have come."""
SETTLE_S = 8.0
SETTLE_TURN_S, SETTLE_PAUSE_S = 3.0, 0.25
"""On the way to zero nobody waits for long whose turn it is."""

logger = logging.getLogger(__name__)


class Archive:
    """Of one replica, which has a store to go to. `look` is called after each checkpoint."""

    def __init__(self, context: Context, replica: StorageReplica, objects: ObjectStore) -> None:
        self._context = context
        self._replica = replica
        self._objects = objects
        self._loop = asyncio.get_running_loop()
        self._changing = asyncio.Lock()
        self._is_pursuing = self._again = self._stopped = False
        self._waits_for = ""
        """What the checkpoint on the disk is not uploaded without, in words for a person."""
        self._waits_since = 0.0
        self._retry: asyncio.TimerHandle | None = None
        self.stored_ts = 0
        """The watermark of the newest checkpoint that counted when it was last looked."""
        self._moved_at = self._loop.time()
        """When that was found to be another one."""
        self._segments: dict[str, StoredSegment] = {}
        """By name: what this process has uploaded, or has found in its own folder."""
        self._read: dict[str, StoredCheckpoint] = {}
        """By key: checkpoints that have been read, and are still listed."""
        self._refused, self._refused_at = "", 0.0
        self._uploads = self._uploaded_bytes = 0
        self._sweeps_at = self._asks_at = self._loop.time()

    def stop(self) -> None:
        self._stopped = True
        if self._retry is not None:
            self._retry.cancel()

    def kept_ts(self, checkpoint_ts: int) -> int:
        """Up to there the journals are not needed, as far as this replica goes. `checkpoint_ts`: what its disk has."""
        return min(checkpoint_ts, max(self.stored_ts, self._context.clock.now().earliest - self._wait_us))

    @property
    def _wait_us(self) -> int:
        return int(self._context.settings.storing.object_store_wait_s * 1e6)

    def account(self) -> dict[str, Any]:
        """For `status`."""
        told: dict[str, Any] = {
            "stored": self.stored_ts,
            "uploads": self._uploads,
            "uploaded_bytes": self._uploaded_bytes,
        }
        if self._refused:
            told |= {"refused": self._refused, "refused_since": _shown(self._refused_at)}
        elif self._waits_for:
            told |= {"waits_for": self._waits_for, "waits_since": _shown(self._waits_since)}
        return told

    # -- uploads -------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """At what is stored: there is another checkpoint on the disk, a peer has uploaded one, or the replica has just
        started."""
        self._again = True
        if not self._is_pursuing and not self._stopped:
            self._is_pursuing = True
            self._context.spawn(self._pursue())

    async def _pursue(self) -> None:
        try:
            while self._again and not self._stopped:
                self._again = False
                await self._attempt(is_urgent=False)
        except DatabaseError:
            if not self._stopped and self._retry is None:
                self._retry = self._loop.call_later(RETRY_S, self._try_again)
        self._is_pursuing = False
        if self._waits_for and self._retry is None and not self._stopped:
            self._retry = self._loop.call_later(JOURNALS_PAUSE_S, self._try_again)

    async def _lacking(self, at: int) -> str:
        """What the store lacks of what was committed up to `at` in the journals, in words: "" where it has all of it,
        so that what it has is the database at one time (cluster/restoring.py)."""
        found = await self._objects.list(stored_journal.FOLDER)
        names = [name for one in found if (name := stored_journal.parse(one.key, one.size)) is not None]
        if not self._goes_by_state_of(names):
            self._ask_for_state()
            return "a state of the cluster that has its journals"
        newest: dict[int, int] = {}
        for name in names:
            newest[name.journal] = max(name.promise, newest.get(name.journal, 0))
        lacking = [journal for journal, last_ts in self._replica.place.journals(at) if newest.get(journal, 0) < last_ts]
        ask = bool(lacking) and self._loop.time() >= self._asks_at
        for journal in (
            lacking if ask else ()
            # at rest nothing may be recorded that reaches as far, nor anybody look whether the store still has what it
            # had
        ):
            self._asks_at = self._loop.time() + ASK_S
            self._context.bus.request(
                self._context.name, f"adjudicator/{journal}", AskPromise(at, recorded=True), _ignore, _ignore
            )
        return f"what is committed in {_journals(lacking)}" if lacking else ""

    def _ask_for_state(self) -> None:
        """A journal at rest does not notice that the store has lost what it had."""
        if self._loop.time() >= self._asks_at:
            self._asks_at = self._loop.time() + ASK_S
            for keeper in self._replica.place.keepers():
                self._context.bus.post(self._context.name, keeper, Stored())

    def _goes_by_state_of(self, names: list[stored_journal.PieceName]) -> bool:
        """Whether this replica's set of journals is that of the state in the store: which journals have to reach how
        far, whoever restores learns from that one."""
        known, state = self._replica.place.set_version, stored_journal.state_versions(names)
        return known is None or (state.is_there and known == state.journals)

    def _try_again(self) -> None:
        self._retry = None
        self.look()

    async def settle(self, at: int) -> int:
        """Has the store have what was committed up to `at`, which is on this disk, soon. `kept_ts` as it is then."""
        begun_s = self._loop.time()
        turn_s = self._rank * SETTLE_TURN_S
        while self.stored_ts < at and self._loop.time() - begun_s < SETTLE_S and not self._stopped:
            try:
                await self._attempt(is_urgent=self._loop.time() - begun_s >= turn_s)
            except DatabaseError:
                break
            await asyncio.sleep(SETTLE_PAUSE_S)
        return self.kept_ts(self._replica.store.checkpoint_ts)

    async def _attempt(self, is_urgent: bool) -> None:
        """Look what is stored, and upload where it is this replica's turn. Raises DatabaseError, which `status` tells
        until it has gone well again."""
        try:
            async with self._changing:
                self._learn(await self._newest(await self._list()))
                turn_s = 0.0 if is_urgent else self._moved_at + self._rank * TURN_S
                waits_for = ""
                if self._replica.store.checkpoint_ts > self.stored_ts and self._loop.time() >= turn_s:
                    manifest, mapped = self._on_disk()
                    if manifest.later_ts <= manifest.watermark:  # else one of the next ones is of one moment
                        waits_for = await self._lacking(manifest.watermark)
                        if not waits_for:
                            await self._upload(manifest, mapped)
                self._note_wait(waits_for)
        except DatabaseError as error:
            if not self._refused:
                logger.error("%s: %s", self._context.name, error.message)
                self._refused_at = self._context.clock.now().earliest / 1e6
            self._refused = error.message
            raise
        self._refused = ""

    def _note_wait(self, waits_for: str) -> None:
        if waits_for and not self._waits_for:
            self._waits_since = self._context.clock.now().earliest / 1e6
        self._waits_for = waits_for

    @property
    def _rank(self) -> int:
        """0: this replica is the first to upload."""
        return sum(peer < self._context.name for peer in self._replica.place.peers())

    def _learn(self, newest: tuple[str, StoredCheckpoint] | None) -> None:
        stored_ts = newest[1].manifest.watermark if newest is not None else 0
        if stored_ts != self.stored_ts:
            self.stored_ts, self._moved_at = stored_ts, self._loop.time()
            self._replica.acknowledge(now=True)

    def _on_disk(self) -> tuple[Manifest, dict[str, memoryview]]:
        """The checkpoint that is there now, and its segments, which stay mapped where they are merged away."""
        manifest = manifest_file.load(self._context.disk)
        return manifest, {name: self._context.disk.map(name) for name in manifest.segments}

    async def _upload(self, manifest: Manifest, mapped: dict[str, memoryview]) -> None:
        """This very checkpoint: the journals' pieces may not reach as far as a newer one."""
        before = await self._list()
        folder = before.own_folder(manifest.life)
        await self._objects.put(folder.writer, self._context.name.encode())
        listing = await self._list()
        if listing.was_silent(folder, before.last_s(folder) or listing.last_s(folder)):
            folder = Folder(*folder.next)
        await self._recall(listing, folder)
        segments = [await self._stored(folder, listing, name, mapped.pop(name)) for name in manifest.segments]
        checkpoint = StoredCheckpoint(self._replica.shard, manifest, segments, self._replica.place.spans)
        key = folder.checkpoint(manifest.watermark)
        await self._objects.put(key, encode(checkpoint))
        self._read.pop(key, None)
        listing = await self._list()
        newest = await self._newest(listing)
        self._learn(newest)
        self._segments = {segment.name: segment for segment in segments}
        self._uploads += 1
        if newest is not None and newest[0] == key:
            for peer in self._replica.place.peers():
                self._context.bus.post(self._context.name, peer, Stored())
            await self._tidy(listing, folder, newest)
            await self._sweep()
        elif not listing.counts(checkpoint):
            raise corrupted(key, "the object store has lost a segment that was just put")

    async def _recall(self, listing: Listing, folder: Folder) -> None:
        """What an earlier life of this process has uploaded."""
        if self._segments:
            return
        for _, key in listing.checkpoints:
            if key.startswith(folder.prefix) and (checkpoint := await self._checkpoint(key)) is not None:
                self._segments = {segment.name: segment for segment in checkpoint.segments}
                return

    async def _stored(self, folder: Folder, listing: Listing, name: str, data: memoryview) -> StoredSegment:
        """The segment is in the store when this returns."""
        key = folder.segment(name)
        known = self._segments.get(name)
        if known is not None and known.key == key and known.size == len(data) and listing.has(known):
            return known
        stored = StoredSegment(name, key, len(data), await self._objects.put(key, data))
        self._segments[name] = stored
        self._uploaded_bytes += stored.size
        return stored

    async def _tidy(self, listing: Listing, folder: Folder, newest: tuple[str, StoredCheckpoint]) -> None:
        kept = [newest]
        for _, key in listing.checkpoints:
            if key.startswith(folder.prefix) and key != newest[0] and len(kept) < CHECKPOINTS_KEPT:
                checkpoint = await self._checkpoint(key)
                kept += [(key, checkpoint)] if checkpoint is not None else []
        for key in listing.garbage(folder, kept):
            await self._objects.remove(key)

    async def _sweep(self) -> None:
        """What has ended goes, now and then."""
        topology = self._context.bus.topology
        if (
            topology is None
            or self._replica.shard != min(topology.shard_map.shards)
            or self._loop.time() < self._sweeps_at
        ):
            return
        self._sweeps_at = self._loop.time() + ended.SWEEP_S
        await ended.sweep(self._context, self._objects)

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _list(self) -> Listing:
        return await self._listing_of(self._replica.shard)

    async def _listing_of(self, shard: int) -> Listing:
        return Listing(shard, await self._objects.list(shard_folder(shard)))

    async def _newest(self, listing: Listing) -> tuple[str, StoredCheckpoint] | None:
        """The newest checkpoint that counts, with its key."""
        self._read = {key: self._read[key] for _, key in listing.checkpoints if key in self._read}
        for _, key in listing.checkpoints:
            checkpoint = await self._checkpoint(key)
            if checkpoint is not None and listing.counts(checkpoint):
                return key, checkpoint
        return None

    async def _checkpoint(self, key: str) -> StoredCheckpoint | None:
        """None where it is damaged, or has been removed since it was listed."""
        if key not in self._read:
            try:
                self._read[key] = decode(await self._objects.get(key), key)
            except DatabaseError as error:
                if error.sqlstate not in (DATA_CORRUPTED, UNDEFINED_FILE):
                    raise
                logger.warning("%s: %s", self._context.name, error.message)
                return None
        return self._read[key]

    async def fill(self, store: Store, wanted: Callable[[Manifest], bool]) -> bool:
        """As filling.fill, from the object store: the disk that `store` is on holds the newest checkpoint that can be
        had whole. A shard of which none is there is made of its parents'."""
        try:
            return await self._fill(store, wanted) or await self._fill_from_parents(store, wanted)
        except DatabaseError as error:
            if error.sqlstate in (DISK_FULL, IO_ERROR):
                raise
            logger.warning("%s cannot be opened from the object store: %s", self._context.name, error.message)
            return False

    async def _fill(self, store: Store, wanted: Callable[[Manifest], bool]) -> bool:
        damaged: set[str] = set()
        for _ in range(LISTED_MAX):
            listing = await self._list()
            for _, key in listing.checkpoints:
                checkpoint = await self._checkpoint(key) if key not in damaged else None
                if checkpoint is None or not listing.counts(checkpoint):
                    continue
                if not wanted(checkpoint.manifest):
                    return False
                try:
                    await manifest_file.save(store.disk, await self._fetched(store, checkpoint))
                    logger.warning("%s is opened from the object store: %s", self._context.name, key)
                    return True
                except DatabaseError as error:
                    if error.sqlstate == UNDEFINED_FILE:
                        break  # newer ones have come
                    if error.sqlstate != DATA_CORRUPTED:
                        raise
                    logger.error("%s: %s: %s", self._context.name, key, error.message)
                    damaged.add(key)
            else:
                return False
        return False

    async def _fill_from_parents(self, store: Store, wanted: Callable[[Manifest], bool]) -> bool:
        place = self._replica.place
        if (await self._list()).checkpoints or not place.spans:
            return False
        manifests: list[Manifest] = []
        named: set[str] = set()
        try:
            for parent in place.parents:
                newest = await self._newest(await self._listing_of(parent))
                if newest is None or not newest[1].spans:
                    return False
                # A foreign row of one parent may be an old version of another's: what is foreign is left out
                # (inheriting.py).
                manifests.append(await self._fetched(store, newest[1], common_spans(place.spans, newest[1].spans)))
            whole = united(store, manifests)
            if not manifests or not wanted(whole):
                return False
            await manifest_file.save(store.disk, whole)
            named = set(whole.segments)
            logger.warning(
                "%s is opened from the object store, from what it has of shards %s", self._context.name, place.parents
            )
            return True
        finally:
            for path in [path for manifest in manifests for path in manifest.segments if path not in named]:
                discard(store.disk, path)

    async def _fetched(
        self, store: Store, checkpoint: StoredCheckpoint, spans: Sequence[Span] = EVERYTHING
    ) -> Manifest:
        """The rows in `spans` of its segments are on the disk, synced and verified; the manifest that says so. On
        failure none is left."""
        manifest, paths = checkpoint.manifest, list[str]()
        times, foreign = dict[str, int](), dict[str, float]()
        try:
            for segment in checkpoint.segments:
                commit_ts = manifest.times.get(segment.name, 0)
                paths.append(path := store.new_segment_path())
                await self._fetch(store, segment, path, commit_ts)
                paths[-1] = await _clipped(store, path, commit_ts, spans)
                if paths[-1] == path and commit_ts:
                    times[path] = commit_ts
                if paths[-1] == path and segment.name in manifest.foreign and spans is EVERYTHING:
                    foreign[path] = manifest.foreign[segment.name]
        except BaseException:
            for path in filter(None, paths):
                discard(store.disk, path)
            raise
        kept = [path for path in paths if path]
        changes, drops = manifest.catalog_changes, manifest.drops
        return Manifest(
            manifest.watermark, manifest.horizon, kept, store.next_segment, changes, drops, store.life, times, foreign
        )

    async def _fetch(self, store: Store, segment: StoredSegment, path: str, commit_ts: int) -> None:
        file = store.disk.open(path)
        try:
            crc = 0
            while file.size < segment.size:
                piece = await self._piece(segment.key, file.size)
                if not piece:
                    break
                crc = google_crc32c.extend(crc, piece)
                file.append(piece)
            if (file.size, crc) != (segment.size, segment.crc):
                raise corrupted(segment.key, "this is not what was stored")
            await sync(file)
            await filling.verify(Segment(store.disk, path, commit_ts))
        finally:
            file.close()

    async def _piece(self, key: str, offset: int) -> bytes:
        """A store that refuses now and then costs a piece each time, not all that was fetched."""
        for attempt in range(PIECE_ATTEMPTS_MAX - 1):
            try:
                return await self._objects.get(key, offset, PIECE_BYTES_MAX)
            except DatabaseError as error:
                if error.sqlstate != CONNECTION_FAILURE:
                    raise
                await asyncio.sleep(PIECE_PAUSE_S * 2**attempt)
        return await self._objects.get(key, offset, PIECE_BYTES_MAX)


async def _clipped(store: Store, whole: str, commit_ts: int, spans: Sequence[Span]) -> str:
    """Leaves of the segment `whole` only the rows in `spans`. Its path, that of another segment with their own commit
    times, or "" where there are none."""
    segment = Segment(store.disk, whole, commit_ts)
    if all(lies_inside(footer, spans) for footer in segment.footer.blocks):
        return whole
    try:
        path = store.new_segment_path()
        return path if await clip(store.disk, segment, path, spans) else ""
    finally:
        discard(store.disk, whole)


def _journals(numbers: Sequence[int]) -> str:
    """For people."""
    listed = " and ".join(map(str, numbers)) if len(numbers) < 3 else f"{len(numbers)} journals"
    return f"journal {listed}" if len(numbers) == 1 else f"journals {listed}" if len(numbers) == 2 else listed


def _shown(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _ignore(_: object) -> None:
    """It is asked again."""
