"""When a storage replica looks after its disk: checkpoints, merges, a look at every block after a start, and being
filled from a peer.

    memtable full, or idle for a while   checkpoint, then merges while there are too many segments (maintenance.py)
    started                              every block is looked at once, unhurriedly: damage is found while the peers
                                         are whole
    made of other shards                 their rows are clipped off, once the reshape is at its end (clipping.py)
    stranded, or damaged                 filled from a peer, or opened from the object store (filling.py, archive.py)
    checkpoint made                      uploaded, where the cluster has an object store (archive.py)

What it promises: none of these run in each other's way. A checkpoint and a merge may be under way together; filling
begins when neither is, and keeps both from beginning, for it ends with another store. What fails (a full disk, no peer
that can help) is tried again after `RETRY_S`. A checkpoint is tried again earlier where the stream is about to stand
still for it: there may be room by now, and readers would wait for the rest of that time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.common.errors import DATA_CORRUPTED, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.messages import Checkpoint, Checkpointed, Upload
from actors.common.timestamps import Timestamp
from actors.runtime.interfaces import Context, Reply
from actors.storage import filling
from actors.storage.archive import Archive
from actors.storage.inheriting import inherit
from actors.storage.maintenance import Maintenance
from actors.storage.manifest import Manifest
from actors.storage.store import Store

if TYPE_CHECKING:
    from actors.storage.replica import StorageReplica

CHECKPOINT_S_MAX = 300.0
"""A replica that is never idle and never full checkpoints so often: all journals are as long as the oldest checkpoint
is old."""
RECENTS_MAX = 8
"""Large transactions are sources of their own until a checkpoint: so many are looked through by every read."""
RETRY_S = 5.0
HURRY_S = 0.5
"""At least so long after a checkpoint has failed, when what comes in has to wait for the next one: each writes all that
it can before it fails, on a disk that others need, too."""
TIDY_S = 5.0
"""After a reshape, until what is other shards' is clipped off: it is in nobody's way but the disk's."""
LOOK_BYTES_S = 64 << 20
"""Blocks are looked at after a start no faster than this: a small share of what a disk reads."""

logger = logging.getLogger(__name__)


class Upkeep:
    """One for each StorageReplica. `maintain` is called after every delivery, `fill` when the replica needs it; the
    rest happens here."""

    def __init__(self, context: Context, replica: StorageReplica) -> None:
        self._context = context
        self._replica = replica
        self._settings = context.settings.storing
        self._loop = asyncio.get_running_loop()
        self._maintenance = Maintenance(replica.store, self._settings.segments_max)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._checkpointing = False
        self._merging = False
        self._filling = False
        self.is_new = False
        """It is being filled for the first time, and can answer nothing."""
        self._fill_due = False
        """As soon as no checkpoint and no merge is under way."""
        self._checkpointed_at = self._failed_at = self._loop.time()
        self._settling: list[tuple[Timestamp, Reply]] = []
        """Checkpoints asked for on the way to zero, by the time that they are to reach."""
        self._stopped = False
        self.looking = True
        """Not every block has been looked at since the start."""
        context.spawn(self._look())
        context.bus.on_topology(lambda _: self._tidy_later())
        self._archive: Archive | None = None
        if context.objects is not None:
            self._archive = Archive(context, replica, context.objects)
            self.look_at_store()

    def stop(self) -> None:
        self._stopped = True
        if self._archive is not None:
            self._archive.stop()
        for timer in self._timers.values():
            timer.cancel()

    @property
    def filling(self) -> bool:
        return self._filling

    @property
    def kept_ts(self) -> Timestamp:
        """Everything committed up to there is on the disk and, where there is one, in the object store."""
        checkpoint_ts = self._replica.store.checkpoint_ts
        return self._archive.kept_ts(checkpoint_ts) if self._archive is not None else checkpoint_ts

    def look_at_store(self) -> None:
        """There is another checkpoint, here or there."""
        if self._archive is not None:
            self._archive.look()

    def account(self) -> dict[str, Any]:
        """For `status`."""
        told: dict[str, Any] = {"filling": True} if self._filling else {}
        return told | ({"object_store": self._archive.account()} if self._archive is not None else {})

    def _after(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        def due() -> None:
            del self._timers[name]
            callback()

        if not self._stopped and name not in self._timers:
            self._timers[name] = self._loop.call_later(seconds, due)

    # -- checkpoints and merges ----------------------------------------------------------------------------------------

    @property
    def _is_full(self) -> bool:
        store = self._replica.store
        return store.unfrozen_bytes >= self._settings.memtable_bytes_max or len(store.recents) > RECENTS_MAX

    def maintain(self) -> None:
        """Start a checkpoint where the memtable is full; see to one when nothing has changed for a while."""
        if self._checkpointing or self._filling:
            return
        if self._is_full:
            self._begin_checkpoint()
        elif "idle" not in self._timers:
            self._after("idle", min(self._settings.checkpoint_idle_s, CHECKPOINT_S_MAX), self._check_idle)

    def _check_idle(self) -> None:
        if self._checkpointing or self._filling:
            return
        due = min(self._replica.changed_at + self._settings.checkpoint_idle_s, self._checkpointed_at + CHECKPOINT_S_MAX)
        if self._loop.time() < due:
            self._after("idle", due - self._loop.time(), self._check_idle)
        else:
            self._begin_checkpoint()

    def _begin_checkpoint(self) -> None:
        self._checkpointing = True
        self._context.spawn(self._checkpoint())

    def settle(self, message: Checkpoint | Upload, reply: Reply) -> None:
        """A checkpoint of all up to `message.at`, which has been applied; the answer."""
        at = message.at
        if isinstance(message, Upload) and self._archive is not None and at <= self._replica.store.checkpoint_ts:
            self._context.spawn(self._upload(self._archive, at, reply))
            return
        if self._stopped or self._filling or self._fill_due:
            reply.fail(
                DatabaseError(
                    OBJECT_NOT_IN_PREREQUISITE_STATE, f"{self._context.name} has to be filled from a peer first"
                )
            )
            return
        self._settling.append((at, reply))
        if not self._checkpointing:
            self._settle_all()

    async def _upload(self, archive: Archive, at: Timestamp, reply: Reply) -> None:
        reply(Checkpointed(await archive.settle(at)))

    def _settle_all(self) -> None:
        """A checkpoint may have begun before what it was to hold had come: then another one follows."""
        checkpoint_ts = self._replica.store.checkpoint_ts
        for at, reply in self._settling:
            if at <= checkpoint_ts:
                reply(Checkpointed(self.kept_ts))
        self._settling = [(at, reply) for at, reply in self._settling if at > checkpoint_ts]
        if self._settling:
            self._begin_checkpoint()

    async def _checkpoint(self) -> None:
        replica = self._replica
        try:
            await self._maintenance.checkpoint(replica.watermark, replica.horizon)
            replica.acknowledge(now=True)
        except DatabaseError as error:
            logger.error("%s: the checkpoint failed and is tried again: %s", self._context.name, error.message)
            if error.sqlstate != DATA_CORRUPTED:
                self._failed_at = self._loop.time()
                self._after("checkpoint", RETRY_S, self.retry_checkpoint)
                return
            self._checkpointing = False
            replica.noted(error)
            for _, reply in self._settling:
                reply.fail(error)
            self._settling = []
            return
        self._checkpointing = False
        self._checkpointed_at = self._loop.time()
        replica.load.grown()
        self.look_at_store()
        self._begin_merge()
        self._fill_if_due()
        if self._is_full:
            self.maintain()
        if self._settling and not self._checkpointing:
            self._settle_all()

    def hurry(self) -> None:
        """Both memtables are full: a checkpoint that has failed is tried again before the stream stands still."""
        if "checkpoint" in self._timers and self._loop.time() - self._failed_at >= HURRY_S:
            self._timers.pop("checkpoint").cancel()
            self.retry_checkpoint()

    def retry_checkpoint(self) -> None:
        self._context.spawn(self._checkpoint())

    def _tidy_later(self) -> None:
        if self._replica.store.foreign:
            self._after("tidy", TIDY_S, self._tidy)

    def _tidy(self) -> None:
        """Clip off what is other shards', where there is anything, and nobody is made of others any more."""
        if self._replica.store.foreign and self._replica.place.is_settled and not self._stopped and not self._filling:
            self._start_merging()

    def _begin_merge(self) -> None:
        if len(self._replica.store.segments) > self._settings.segments_max:
            self._start_merging()

    def _start_merging(self) -> None:
        if not self._merging and not self._fill_due:
            self._merging = True
            self._context.spawn(self._merge())

    async def _merge(self) -> None:
        """What is foreign first: it would go from one segment to the next."""
        try:
            if spans := self._replica.place.spans:
                await self._maintenance.clip_foreign(spans)
            while (
                not self._fill_due
                and not self._replica.store.foreign
                and await self._maintenance.merge(self._replica.horizon)
            ):
                pass
        except DatabaseError as error:
            logger.error("%s: the merge failed: %s", self._context.name, error.message)
            self._replica.noted(error)
        self._merging = False
        self._fill_if_due()

    # -- damage, and being filled --------------------------------------------------------------------------------------

    async def _look(self) -> None:
        store = self._replica.store
        try:
            for segment in list(store.segments):
                if segment in store.segments:  # not merged since: then each of its blocks was read
                    await filling.verify(segment, LOOK_BYTES_S)
        except DatabaseError as error:
            if store is self._replica.store:
                self._replica.noted(error)
        self.looking = False
        self._tidy_later()

    def begin(self) -> None:
        """The shard is made of others, or the replica is one more, and nothing is here yet: filled before anything
        else."""
        self._filling = self.is_new = True
        self._context.spawn(self._fill())

    def fill(self) -> None:
        """From a peer, as soon as may be."""
        if not self._filling and "fill" not in self._timers:
            self._fill_due = True
            self._fill_if_due()

    def _fill_if_due(self) -> None:
        if self._fill_due and not self._checkpointing and not self._merging and not self._stopped:
            self._fill_due = False
            if self._replica.lacks:
                self._filling = True
                self._context.spawn(self._fill())

    async def _fill(self) -> None:
        replica, context = self._replica, self._context
        damaged = replica.damaged

        def wanted(manifest: Manifest) -> bool:
            return manifest.watermark > (0 if damaged else replica.watermark)

        filled = False
        try:
            place = replica.place
            filled = await filling.fill(context, place.peers(), replica.store, wanted)
            if not filled and place.parents and place.spans:
                filled = await inherit(context, place.origins(), replica.store, place.spans, wanted)
            if not filled and self._archive is not None:
                filled = await self._archive.fill(replica.store, wanted)
        except DatabaseError as error:
            logger.error("%s cannot be filled: %s", context.name, error.message)
        self._filling = self.is_new = False
        if filled:
            store = Store(context.disk)
            self._maintenance = Maintenance(store, self._settings.segments_max)
            replica.exchange_store(store)
            self.look_at_store()
            self._tidy_later()
        else:
            self._after("fill", RETRY_S, self._fill_again)
            replica.not_filled()

    def _fill_again(self) -> None:
        if self._replica.lacks:
            self.fill()
