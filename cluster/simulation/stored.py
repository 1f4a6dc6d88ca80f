"""Runs with an object store: a strike that only the store mends, and who holds the store's promises against what is in
it.

    bereave      all replicas of a shard lose their disks at once; journals keep theirs, and the store may refuse for a
                 while before

    at the end               I1   pieces of journals hold what is committed, and nothing else; of the store alone,
                                  as it was at some time, a cluster can be made (restored.py)
                             late at rest, all that was committed can be had from the store alone a while later
    at once (the run ends)   I12  a checkpoint's object comes after all that it names
                             I4   ... and tells of nothing that came after its watermark
                             I12  nothing is removed that the newest checkpoint names which counts
                             I12  nobody asks a journal to trim what the store lacks of some shard

What is opened from the store is judged like every other disk (storage_witness.py), and what is served from it like
every other answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from actors.common import stored_journal
from actors.common.errors import DatabaseError
from actors.common.messages import Settle, Trim
from actors.common.messages.base import Message
from actors.common.timestamps import Timestamp
from actors.journal.record import COMMIT, decode_header
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.network import Kinds
from actors.runtime.simulation.object_store import StoreFaults, StoreImage
from actors.runtime.simulation.world import World
from actors.storage.archive_index import Listing, StoredCheckpoint, decode, shard_folder
from cluster.keeping import JOURNAL as STATE_JOURNAL
from cluster.simulation.hostile import Plan, trimmed
from cluster.simulation.restored import Lost, Objects
from cluster.simulation.witness import Evidence

if TYPE_CHECKING:
    from cluster.simulation.simulated_cluster import SimulatedCluster

SHARE = 0.1
URI = "file:///simulated"
LOOK = "bereave"
SMALL = ("actors.storage.archive.TURN_S", "actors.storage.archive.RETRY_S", "actors.storage.archive.PIECE_BYTES_MAX")
SMALL_JOURNALS = (
    "actors.journal.archive.TURN_S",
    "actors.journal.archive.RETRY_S",
    "actors.journal.archive.PIECE_BYTES",
    "actors.journal.archive.KEPT_S",
    "actors.storage.ended.SWEEP_S",
    "actors.storage.ended.GRACE_S",
    "actors.storage.archive.JOURNALS_PAUSE_S",
)
REFUSING_S_MAX = 5.0
JOURNAL_S = 0.5
REACHED_S_MAX = 60.0
"""Until all that was committed is in a store that refuses nothing, at rest: pauses of uploads, turns, checkpoints."""
WAIT_S = 1e6
"""Journals wait for the store for as long as a run lasts: what it lacks may be lost next."""


def stored(plan: Plan, random: Random, proofs: tuple[str, ...]) -> Plan:
    """An emphasis: small checkpoints that go to a store all the time, journals that are trimmed by it, shards that lose
    all of their disks."""
    settings = trimmed(plan.settings)
    waited = replace(settings.storing, object_store=URI, object_store_wait_s=WAIT_S, object_store_journal_s=JOURNAL_S)
    storing = replace(waited, memtable_bytes_max=random.choice((2000, 20_000)), segments_max=2)
    settings = replace(settings, storing=storing, limits=replace(settings.limits, transaction_age_s=5))
    strikes = tuple(strike for strike in plan.strikes if strike != "shards")
    if plan.nemeses == 1:
        plan = replace(plan, strikes=(*strikes, *(LOOK,) * max(1, len(strikes) // 2)))
    else:
        plan = replace(plan, strikes=strikes or ("kill",), losses=(*plan.losses, *(LOOK,) * max(1, len(plan.losses))))
    bounds = (*plan.bounds, *(name for name in SMALL if random.random() < 0.5), *SMALL_JOURNALS)
    return replace(
        plan,
        settings=settings,
        bounds=tuple(dict.fromkeys(bounds)),
        pause_s_max=min(plan.pause_s_max, 5.0),
        dawdle_s=min(plan.dawdle_s, 1.0),
    )


def store_faults(random: Random) -> StoreFaults:
    return StoreFaults(
        delay_s_max=random.choice((0.01, 0.1, 0.5)),
        refusal_chance=random.choice((0.0, 0.02, 0.2)),
        slow_chance=random.choice((0.0, 0.1)),
    )


async def bereave(cluster: SimulatedCluster, nemesis: Nemesis) -> None:
    world, random, image = cluster.world, nemesis.random, cluster.world.stored
    if image is None:
        return
    image.faults = store_faults(random)
    if random.random() < 0.3:
        image.refusing = True
        await asyncio.sleep(random.uniform(0, REFUSING_S_MAX))
    homes = {role: process for role in cluster.roles("storage/") if (process := world.process_of(role)) is not None}
    shard = random.choice(sorted({role.split("/")[1] for role in homes}))
    homes = {role: process for role, process in homes.items() if role.split("/")[1] == shard}
    names = sorted({process.name for process in homes.values()})
    nemesis.strike_at(names)
    for name in names:
        world.crash(name)
    for role, process in homes.items():
        world.disk_of(process, role).wipe()
        for observer in world.network.observers:
            observer.wiped(role)
    await asyncio.sleep(random.uniform(0, nemesis.strike_s_max))
    image.refusing = False
    random.shuffle(names)
    await nemesis.restart(names)
    nemesis.strike_at([])


STORED_SCENES = {LOOK: bereave}


class StoreWitness:
    """An Observer (runtime/simulation/network.py). `shards`: those that own keys now."""

    looks_at: Kinds | None = frozenset([Trim, Settle])

    def __init__(self, world: World, image: StoreImage, shards: Callable[[], set[int]]) -> None:
        self._world = world
        self._image = image
        self._shards = shards
        self._newest: dict[int, int] = {}
        """By shard: the watermark of the newest checkpoint that counted."""
        self._begun = world.clock.true_us()
        """Nothing is committed before."""
        self._copies: list[Lost] = []
        image.on_put = self._put
        image.on_removed = self._removed

    def wiped(self, role: str) -> None:
        """The store has lost nothing."""

    def rotten(self, role: str) -> None:
        """Nor has anything rotted there."""

    def answered(self, requester: str, role: str, request: Message, answer: Message) -> None:
        """Nothing is learnt from answers."""

    def delivered(self, sender: str, destination: str, message: Message) -> None:
        assert isinstance(message, Trim | Settle)
        if destination.startswith(f"journal/{STATE_JOURNAL}/") or message.below_ts < self._begun:
            return
        for shard in sorted(self._shards()):
            if self._newest.get(shard, 0) < message.below_ts:
                what = (
                    f"{destination} may trim below {message.below_ts}, of shard {shard} the store has "
                    f"{self._newest.get(shard, 0)}"
                )
                self._world.violated("I12", what)

    def _put(self, key: str) -> None:
        checkpoint = self._checkpoint(key) if "/checkpoints/" in key else None
        if checkpoint is None:
            return
        for segment in checkpoint.segments:
            data, _ = self._image.objects.get(segment.key, (b"", 0.0))
            if len(data) != segment.size:
                self._world.violated("I12", f"{key} names {segment.key}, which is not in the store")
        manifest = checkpoint.manifest
        told = max([*manifest.catalog_changes, *(commit_ts for _, _, commit_ts in manifest.drops)], default=0)
        if told > manifest.watermark:
            self._world.violated("I4", f"{key} tells of what came at {told}, after its watermark")
        self._newest[checkpoint.shard] = max(self._newest.get(checkpoint.shard, 0), checkpoint.manifest.watermark)

    def _removed(self, key: str) -> None:
        if key.startswith(stored_journal.FOLDER):
            return  # what is left is judged at the end
        shard = int(key.split("/")[1])
        if shard not in self._shards():
            return  # it has ended
        listing = Listing(shard, Objects(self._image.objects).list(shard_folder(shard)))
        for _, left in listing.checkpoints:
            checkpoint = self._checkpoint(left)
            if checkpoint is not None and listing.counts(checkpoint):
                if checkpoint.manifest.watermark >= self._newest.get(shard, 0):
                    return
                break
        self._world.violated("I12", f"{key} is removed, and with it the newest checkpoint of shard {shard}")

    def check(self, records: Mapping[int, Mapping[int, bytes]]) -> None:
        """At rest. `records`: by journal and number, what is committed. Raises AssertionError."""
        found = {
            name: data
            for key, (data, _) in sorted(self._image.objects.items())
            if (name := stored_journal.parse(key, len(data))) is not None
        }
        for name, data in found.items():
            piece, committed = stored_journal.decode(data, name.key), records.get(name.journal, {})
            for lsn, record in enumerate(piece.records, piece.first):
                assert lsn not in committed or committed[lsn] == record, (
                    f"I1: {name.key} has another record {lsn} than was committed"
                )
        for journal, committed in sorted(records.items()):
            stored = stored_journal.chain(name for name in found if name.journal == journal)
            if stored:
                later = {lsn: decode_header(record) for lsn, record in committed.items() if lsn > stored[-1].last}
                missed = [
                    lsn
                    for lsn, header in later.items()
                    if header.kind == COMMIT and header.commit_ts <= stored[-1].promise
                ]
                assert not missed, (
                    f"I5: the pieces of journal {journal} promise {stored[-1].promise}, and record "
                    f"{missed[0]} is not in them"
                )

    # -- what a cluster can be made of it ------------------------------------------------------------------------------

    async def disaster(self, seconds: float) -> None:
        """At some time, under whatever is struck then, everything but the store is lost: of a copy."""
        await asyncio.sleep(self._world.derive("disaster").uniform(0, seconds))
        self._copies.append(self._now())

    async def reaches(self, last: Timestamp) -> None:
        """At rest, and nothing refuses: what was committed up to `last` can soon be had from the store alone."""
        end = self._world.loop.time() + REACHED_S_MAX
        while (found := self._now().find()) is None or found.at < last:
            what = f"committed up to {last}, the store alone gives {found.at if found is not None else None}"
            assert self._world.loop.time() < end, f"no progress: {what}"
            await asyncio.sleep(1.0)

    def _now(self) -> Lost:
        return Lost.now(self._image.objects, max(self._newest.values(), default=0))

    def lost(self, evidence: Evidence) -> list[Lost]:
        """Those at which a cluster was lost: the one that met a disaster, else the one that ends now."""
        for lost in (copies := [*self._copies, self._now()]):
            lost.judge(evidence)
        return [lost for lost in copies if lost.found is not None][:1]

    def _checkpoint(self, key: str) -> StoredCheckpoint | None:
        try:
            return decode(self._image.objects[key][0], key)
        except DatabaseError:
            return None
