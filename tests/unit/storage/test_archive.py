"""Storage replicas and an object store, in simulated time: what is uploaded, by whom, what may go, and a shard that
opens itself from there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Checkpoint, Checkpointed, Get, Message, StreamAck, Upload
from actors.common.ranges import ShardMap
from actors.common.timestamps import TIMESTAMP_MIN
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Reply
from actors.runtime.simulation.object_store import StoreFaults, StoreImage
from actors.runtime.simulation.world import World
from actors.storage import archive, archive_index
from actors.storage.archive_index import StoredCheckpoint
from actors.storage.place import Place
from actors.storage.replica import StorageReplica
from eagleray.command.show import store_lines
from tests.unit.storage.test_filling import AZS, Shard, TrimmingCrossbar
from tests.unit.storage.test_simulated import KEYS, SETTINGS

STORED = replace(SETTINGS, storing=replace(SETTINGS.storing, object_store="file:///simulated"))


class KeepingCrossbar(TrimmingCrossbar):
    """Knows what each replica has acknowledged."""

    kept: dict[str, int]

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, StreamAck):
            self.kept[sender] = max(message.checkpoint_ts, self.kept.get(sender, TIMESTAMP_MIN))
        super().receive(sender, message, reply)


class StoredShard(Shard):
    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.kept: dict[str, int] = {}
        world.processes.pop("crossbar-1")
        world.add_process("crossbar-1", "a", [RoleSpec("crossbar/1", "a", self._crossbar)])

    def _crossbar(self, context: Context) -> KeepingCrossbar:
        crossbar = KeepingCrossbar(context, self.journals)
        crossbar.kept = self.kept
        return crossbar

    @property
    def stored(self) -> StoreImage:
        assert self.world.stored is not None
        return self.world.stored

    def keys(self, kind: str) -> list[str]:
        return sorted(key for key in self.stored.objects if f"/{kind}" in key)

    def whole(self) -> list[StoredCheckpoint]:
        """The checkpoints that are no part of one, oldest first."""
        found = []
        for key in self.keys("checkpoints"):
            with suppress(DatabaseError):
                found.append(archive_index.decode(self.stored.objects[key][0], key))
        return sorted(found, key=lambda checkpoint: checkpoint.manifest.watermark)

    def newest(self) -> StoredCheckpoint:
        return self.whole()[-1]

    def folders(self) -> set[str]:
        return {key.split("/")[2] for key in self.stored.objects}

    def told(self, az: str) -> dict[str, Any]:
        return cast(dict[str, Any], self.role(az).status()["object_store"])

    def trim(self) -> None:
        """As far as all have said that they need the journals no more."""
        self.journals.trimmed = max(0, min(self.kept.get(f"storage/1/{az}", 0) for az in AZS))

    async def stored_up_to_now(self) -> None:
        at = self.world.clock.now().latest
        while not self.whole() or self.newest().manifest.watermark < at:
            await self.write(1)
            await asyncio.sleep(2.0)

    async def lose(self, *azs: str) -> None:
        for az in azs:
            self.world.crash(f"storage-{az}")
            self.world.wipe(f"storage-{az}")
        for az in azs:
            await self.restart(az)


def run(scenario: Callable[[StoredShard], Awaitable[Any]], seed: int = 1, settings: Any = STORED) -> None:
    with World(seed=seed, settings=settings) as world:
        world.run(cast(Any, scenario(StoredShard(world, seed))))


def test_a_shard_whose_disks_are_all_lost_is_opened_from_the_store() -> None:
    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        await shard.until(lambda: all(shard.role(az)._upkeep.kept_ts > 0 for az in AZS))
        await shard.write(5)  # of which the journals alone know
        await shard.until(lambda: bool(shard.trim() or shard.journals.trimmed))
        await shard.lose(*AZS)
        await shard.until(lambda: all(shard.role(az).whole for az in AZS))
        await shard.read(*AZS)
        await shard.write(40)
        await shard.read(*AZS)

    run(scenario)


def test_nothing_is_opened_where_the_store_has_nothing() -> None:
    """The control of the test above: without the objects the shard is lost."""

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        await shard.until(lambda: bool(shard.trim() or shard.journals.trimmed))
        shard.stored.objects.clear()
        await shard.lose(*AZS)
        with pytest.raises(AssertionError, match="it has not come true"):
            await shard.until(lambda: any(shard.role(az).whole for az in AZS), 20.0)

    run(scenario)


def test_one_replica_uploads_for_all() -> None:
    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        for _ in range(4):
            await shard.write(20)
            await asyncio.sleep(3.0)
        assert len(shard.folders()) == 1 and shard.told("a")["uploads"] > 2
        assert [shard.told(az)["uploads"] for az in "bc"] == [0, 0]
        # ... of its segments each once, and only those stay that the two newest checkpoints name
        assert len(shard.keys("checkpoints")) == archive_index.CHECKPOINTS_KEPT
        named = {
            segment.key
            for key in shard.keys("checkpoints")
            for segment in archive_index.decode(shard.stored.objects[key][0], key).segments
        }
        assert set(shard.keys("segments")) == named

    run(scenario)


def test_the_next_one_uploads_when_the_first_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "TURN_S", 10.0)

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        shard.world.crash("storage-a")
        before = shard.newest().manifest.watermark
        for _ in range(10):
            for _ in range(10):
                await shard.read("b", "c")
            await asyncio.sleep(2.0)
        assert shard.newest().manifest.watermark > before and len(shard.folders()) == 2
        assert shard.told("b")["uploads"] > 0 and shard.told("c")["uploads"] == 0

    run(scenario)


def test_what_a_replica_has_left_goes_when_it_has_been_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_index, "SILENT_S", 30.0)

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        [former] = shard.folders()
        await shard.lose("a")
        await shard.until(lambda: shard.role("a").whole)
        await shard.stored_up_to_now()
        assert len(shard.folders()) == 2
        for _ in range(20):
            await shard.write(5)
            await asyncio.sleep(2.5)
        assert len(shard.folders()) == 1 and former not in shard.folders()

    run(scenario)


def test_a_writer_that_was_silent_begins_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_index, "SILENT_S", 40.0)
    monkeypatch.setattr(archive, "TURN_S", 10.0)

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        [former] = shard.folders()
        shard.world.crash("storage-a")
        for _ in range(18):
            for _ in range(5):
                await shard.read("b", "c")
            await asyncio.sleep(2.0)
        await shard.restart("a")
        await shard.stored_up_to_now()
        await shard.stored_up_to_now()
        life = former.partition("-")[0]
        assert f"{life}-2" in shard.folders()
        assert shard.newest().segments[0].key.split("/")[2] == f"{life}-2"

    run(scenario)


def test_a_store_that_refuses_delays_nothing_but_uploads() -> None:
    async def scenario(shard: StoredShard) -> None:
        shard.stored.refusing = True
        await shard.begin()
        await shard.write(30)
        assert not shard.stored.objects
        assert "refuses" in shard.told("a")["refused"] and shard.told("a")["refused_since"]
        waited_us = int(STORED.storing.object_store_wait_s * 1e6)
        assert shard.role("a").store.checkpoint_ts > 0
        assert max(shard.kept.values()) <= shard.world.clock.now().latest - waited_us  # the journals are kept
        shard.stored.refusing = False
        await shard.until(lambda: all(shard.told(az)["stored"] > 0 and "refused" not in shard.told(az) for az in AZS))

    run(scenario)


def test_a_checkpoint_that_waits_for_the_journals_pieces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = [2, 3]
    monkeypatch.setattr(Place, "journals", lambda self, at: [(number, at) for number in lacking])

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.write(30)
        await shard.until(lambda: "waits_for" in shard.told("a"))
        told = shard.told("a")
        assert told["waits_for"] == "what is committed in journals 2 and 3" and not told["stored"]
        [line] = store_lines([{"name": "storage/1/a", "object_store": told}]).splitlines()[1:]
        assert line == (
            f"object store: since {told['waits_since']} nothing of storage/1/a is uploaded before the store has "
            f"what is committed in journals 2 and 3"
        )
        lacking.pop()
        await shard.until(lambda: shard.told("a").get("waits_for") == "what is committed in journal 2")
        assert shard.told("a")["waits_since"] == told["waits_since"]
        lacking.pop()
        await shard.until(lambda: shard.told("a")["stored"] > 0 and "waits_for" not in shard.told("a"))
        assert "before" not in store_lines([{"name": "storage/1/a", "object_store": shard.told("a")}])

    run(scenario)


def test_journals_do_not_wait_for_ever() -> None:
    settings = replace(STORED, storing=replace(STORED.storing, object_store_wait_s=5.0))

    async def scenario(shard: StoredShard) -> None:
        shard.stored.refusing = True
        await shard.begin()
        for _ in range(4):
            await shard.write(20)
            await asyncio.sleep(2.0)
        assert min(shard.kept.values()) > 0
        assert min(shard.kept.values()) <= shard.world.clock.now().latest - 5_000_000

    run(scenario, settings=settings)


@pytest.mark.parametrize("part", ["checkpoints", "segments"])
def test_what_is_damaged_does_not_count(part: str) -> None:
    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        shard.trim()
        await shard.write(20)
        await shard.stored_up_to_now()
        assert len(shard.keys("checkpoints")) == 2
        older, newer = shard.whole()
        if part == "checkpoints":
            shard.stored.rot(shard.keys("checkpoints")[-1])
        else:
            own = {segment.key for segment in newer.segments} - {segment.key for segment in older.segments}
            for key in own:
                shard.stored.rot(key)
            assert own
        shard.stored.faults = StoreFaults()
        await shard.lose(*AZS)
        await shard.until(lambda: all(shard.role(az).whole for az in AZS))
        await shard.read(*AZS)

    run(scenario)


def test_the_dead_leave_no_half_checkpoint() -> None:
    """The writer is killed again and again: what is opened in the end is whole."""

    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        shard.stored.faults = StoreFaults(delay_s_max=0.5, refusal_chance=0.1)
        for _ in range(12):
            await shard.write(10)
            await asyncio.sleep(shard.random.uniform(0.5, 2.5))
            shard.trim()
            shard.world.crash("storage-a")
            await shard.restart("a")
        shard.stored.faults = StoreFaults()
        await shard.stored_up_to_now()
        shard.trim()
        await shard.lose(*AZS)
        await shard.until(lambda: all(shard.role(az).whole for az in AZS))
        await shard.read(*AZS)

    for seed in range(4):
        run(scenario, seed)


def test_on_the_way_to_zero_the_store_has_everything() -> None:
    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.write(10)
        at = shard.world.clock.now().latest
        for kind in (Checkpoint, Upload):
            answers = await asyncio.gather(
                *(shard.world.bus.call("test", f"storage/1/{az}", kind(at), 20.0) for az in AZS)
            )
            assert all(isinstance(answer, Checkpointed) for answer in answers)
        assert shard.newest().manifest.watermark >= at
        assert all(answer.checkpoint_ts >= at for answer in answers)

    run(scenario)


def test_a_new_shard_that_was_never_stored_is_made_of_its_parents() -> None:
    async def scenario(shard: StoredShard) -> None:
        await shard.begin()
        await shard.stored_up_to_now()
        await shard.until(lambda: bool(shard.trim() or shard.journals.trimmed))
        for az in AZS:
            shard.world.remove_process(f"storage-{az}")
            shard.world.add_process(f"child-{az}", az, [RoleSpec(f"storage/2/{az}", az, _child)])
        await shard.world.start()
        shard.world.publish(ShardMap(2, (), (1,), (2,)))
        children = [cast(StorageReplica, shard.world.processes[f"child-{az}"].role(f"storage/2/{az}")) for az in AZS]
        await shard.until(lambda: all(child.whole for child in children))
        at = shard.world.clock.now().latest
        for az in AZS:
            got = await shard.world.bus.call("test", f"storage/2/{az}", Get(KEYS, at), 20.0)
            assert got.values == [shard.journals.value(key, at) for key in KEYS]

    run(scenario)


def _child(context: Context) -> StorageReplica:
    return StorageReplica(context, 2, context.az, ["crossbar/1"], parents=(1,))
