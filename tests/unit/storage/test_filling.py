"""Storage replicas filled from a peer, in simulated time: a lost disk, damage, a crash at any moment, a peer that
merges or is damaged itself, no room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, cast
from unittest.mock import patch

import pytest

from actors.common.errors import UNDEFINED_FILE, DatabaseError
from actors.common.messages import Get, Message, StreamAck, SubscribeRange
from actors.common.ranges import ShardMap
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Reply
from actors.runtime.simulation.disk import DiskImage
from actors.runtime.simulation.world import World
from actors.storage import filling
from actors.storage.replica import StorageReplica
from tests.unit.storage.test_simulated import KEYS, SETTINGS, Journals, TestCrossbar

AZS = "abc"


class TrimmingCrossbar(TestCrossbar):
    """Refuses whoever comes from before `journals.trimmed`, which the test sets."""

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, SubscribeRange) and message.after_ts < self.journals.trimmed:
            assert reply is not None
            reply.fail(DatabaseError(UNDEFINED_FILE, "the journals no longer hold that"))
        elif not isinstance(message, StreamAck):
            super().receive(sender, message, reply)


class Shard:
    """Three replicas of one shard, a crossbar that trims when it is told to, and what was committed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = Random(seed)
        self.journals = Journals(self.random)
        for az in AZS:
            world.add_process(f"storage-{az}", az, [RoleSpec(f"storage/1/{az}", az, self._replica)])
        world.add_process(
            "crossbar-1", "a", [RoleSpec("crossbar/1", "a", lambda context: TrimmingCrossbar(context, self.journals))]
        )

    def _replica(self, context: Context) -> StorageReplica:
        return StorageReplica(context, 1, context.az, ["crossbar/1"])

    def role(self, az: str) -> StorageReplica:
        return cast(StorageReplica, self.world.processes[f"storage-{az}"].role(f"storage/1/{az}"))

    def image(self, az: str) -> DiskImage:
        return self.world.processes[f"storage-{az}"].disks[f"storage/1/{az}"]

    def publish(self) -> None:
        self.world.publish(ShardMap(1, (), (1,), (1,)))

    async def begin(self) -> None:
        await self.world.start()
        self.publish()
        await self.write(40)
        await self.until(lambda: all(self.role(az).store.checkpoint_ts > 0 for az in AZS))

    async def write(self, count: int) -> None:
        """So many commits, read by all."""
        for _ in range(count):
            await self.read(*AZS)
            await asyncio.sleep(0.01)

    async def read(self, *azs: str) -> None:
        """The newest of all, on each of these replicas."""
        at = self.world.clock.now().latest
        for az in azs:
            got = await self.world.bus.call("test", f"storage/1/{az}", Get(KEYS, at), 20.0)
            assert got.values == [self.journals.value(key, at) for key in KEYS]

    def trim(self) -> None:
        """As far as all have checkpointed."""
        self.journals.trimmed = min(self.role(az).store.checkpoint_ts for az in AZS)

    async def restart(self, az: str) -> None:
        await self.world.restart(f"storage-{az}")
        self.publish()

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        for _ in range(int(seconds / 0.02)):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it has not come true")


def run(scenario: Callable[[Shard], Awaitable[Any]], seed: int = 1) -> None:
    with World(seed=seed, settings=SETTINGS) as world:
        shard = Shard(world, seed)
        world.run(cast(Any, scenario(shard)))


def rot(image: DiskImage, path: str) -> None:
    """A bit of a block, not of the file's head, which Arrow alone reads."""
    file = image.files[path]
    place = len(file.contents) // 2
    file.contents[place] ^= 1
    file.durable[place] ^= 1


def test_a_lost_disk_is_filled_and_nothing_else_is_left_on_it() -> None:
    async def scenario(shard: Shard) -> None:
        await shard.begin()
        shard.trim()
        shard.world.crash("storage-a")
        shard.world.wipe("storage-a")
        await shard.restart("a")
        await shard.until(lambda: shard.role("a").whole)
        await shard.read("a")
        assert shard.role("a").store.checkpoint_ts >= shard.journals.trimmed
        await shard.write(40)
        assert set(shard.image("a").files) == {
            "manifest",
            *(segment.name for segment in shard.role("a").store.segments),
        }

    run(scenario)


@pytest.mark.parametrize("seed", range(8))
def test_a_crash_at_any_moment_of_filling(seed: int) -> None:
    """Of the taker and of the giver, with and without power, while all go on and merge."""

    async def scenario(shard: Shard) -> None:
        await shard.begin()
        shard.trim()
        shard.world.crash("storage-a")
        shard.world.wipe("storage-a")
        for _ in range(6):
            await shard.restart("a")
            await asyncio.sleep(shard.random.random() * 0.3)
            await shard.read("b")
            struck = shard.random.choice("aab")
            shard.world.crash(f"storage-{struck}", power_failure=shard.random.random() < 0.5)
            if struck == "b":
                await shard.restart("b")
                shard.world.crash("storage-a")
        await shard.restart("a")
        await shard.until(lambda: shard.role("a").whole)
        await shard.write(5)

    with patch.object(filling, "PIECE_BYTES_MAX", 200):
        run(scenario, seed)


def test_a_flipped_bit_is_found_after_the_start_and_mended() -> None:
    async def scenario(shard: Shard) -> None:
        await shard.begin()
        shard.trim()
        shard.world.crash("storage-a")
        path = next(path for path in sorted(shard.image("a").files) if path != "manifest")
        rot(shard.image("a"), path)
        await shard.restart("a")
        await shard.until(lambda: shard.role("a").whole)
        assert path not in shard.image("a").files
        await shard.read("a")

    run(scenario)


def test_a_damaged_manifest_does_not_keep_a_replica_from_its_shard() -> None:
    async def scenario(shard: Shard) -> None:
        await shard.begin()
        shard.trim()
        shard.world.crash("storage-a")
        shard.image("a").flip_bit("manifest")
        await shard.restart("a")
        await shard.until(lambda: shard.role("a").whole)
        await shard.read("a")

    run(scenario)


def test_what_a_damaged_peer_gives_is_not_taken() -> None:
    async def scenario(shard: Shard) -> None:
        await shard.begin()
        for az in "ab":
            await shard.until(lambda az=az: not shard.role(az)._upkeep.looking)  # type: ignore[misc]
        shard.trim()
        rot(shard.image("b"), next(path for path in sorted(shard.image("b").files) if path != "manifest"))
        with patch.object(filling, "ask_contents", _only("storage/1/b", filling.ask_contents)):
            shard.world.crash("storage-a")
            shard.world.wipe("storage-a")
            await shard.restart("a")
            await asyncio.sleep(20)
            assert shard.role("a").lacks
            assert not shard.image("a").files
        await shard.until(lambda: shard.role("a").whole)
        await shard.read("a")

    run(scenario)


def _only(peer: str, contents: Any) -> Any:
    async def some(context: Context, asked: str) -> Any:
        if asked != peer:
            raise DatabaseError("08006", f"{asked} is away")
        return await contents(context, asked)

    return some


def test_without_room_it_stays_what_it_was_and_goes_on_when_there_is_some() -> None:
    async def scenario(shard: Shard) -> None:
        await shard.begin()
        shard.trim()
        shard.world.crash("storage-a")
        shard.world.wipe("storage-a")
        shard.image("a").capacity_bytes = 300
        await shard.restart("a")
        await asyncio.sleep(20)
        assert shard.role("a").lacks
        assert not shard.image("a").files
        shard.image("a").capacity_bytes = 1 << 40
        await shard.until(lambda: shard.role("a").whole)
        await shard.read("a")

    run(scenario)
