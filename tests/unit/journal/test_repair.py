"""Damage on one replica's disk: it sets its log aside, and is filled from the others before it votes again (I9)."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Fetch
from actors.journal.repair import DAMAGED
from actors.runtime.simulation.disk import DiskImage
from actors.runtime.simulation.world import World
from tests.unit.journal.support import NAMES, TestWriter, begin_world, make_world, payloads, replica, until

RECORD_1 = 40
"""A byte within the first frame's record."""


def image_of(world: World, az: str) -> DiskImage:
    return world.processes[f"journal-1-{az}"].disks[f"journal/1/{az}"]


def rot(world: World, az: str, folder: str = "log", place: int = RECORD_1) -> None:
    """Flip a bit of the first file in the folder."""
    image = image_of(world, az)
    path = min(path for path in image.files if path.startswith(folder))
    for data in (image.files[path].contents, image.files[path].durable):
        data[place] ^= 4


def voter(world: World, az: str) -> bool:
    return bool(replica(world, az).status()["load"]["voter"])


@pytest.mark.parametrize("folder", ["log", "promise"])
def test_a_replica_that_starts_with_damage_learns_before_it_votes(folder: str) -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for number in range(60):
            await leader.commit(b"%060d" % number)
        world.crash("journal-1-c")
        rot(world, "c", folder, RECORD_1 if folder == "log" else 6)
        await world.restart("journal-1-c")
        assert replica(world, "c").status()["load"]["damage"] and not voter(world, "c")
        assert any(path.startswith(DAMAGED) for path in image_of(world, "c").files)
        world.crash("journal-1-b")
        lsn = leader.append(b"only a votes")
        await until(lambda: replica(world, "c").log.last_lsn == leader.writer.last_lsn)
        await asyncio.sleep(5)
        assert lsn not in leader.committed
        await world.restart("journal-1-b")
        await until(lambda: lsn in leader.committed and voter(world, "c"))
        world.crash("journal-1-b")
        await leader.commit(b"with c")
        assert payloads(world, "a") == payloads(world, "c")
        world.crash("journal-1-c", power_failure=True)
        await world.restart("journal-1-c")
        assert voter(world, "c") and not replica(world, "c").status()["load"]["damage"]
        assert payloads(world, "a") == payloads(world, "c")

    with make_world(segment_bytes=1500) as world:
        world.run(scenario(world))


def test_the_next_writer_goes_by_the_others_when_the_best_log_turns_out_damaged() -> None:
    """Found by reading, not at its start: its life ends, the next one begins as a learner."""

    async def scenario(world: World) -> None:
        await begin_world(world)
        old = await TestWriter(world).lead()
        lsns = [await old.commit(b"%060d" % number) for number in range(40)]
        await until(lambda: len({replica(world, az).log.last_lsn for az in "abc"}) == 1)
        old.writer.stop()
        rot(world, "a")  # equal tails: the first name is read
        new = TestWriter(world)
        leading = asyncio.ensure_future(new.lead())
        await until(lambda: not world.processes["journal-1-a"].up)
        await world.restart("journal-1-a")
        await leading
        assert [header.lsn for header in new.found][-40:] == lsns
        await new.commit(b"new")
        await until(lambda: voter(world, "a") and payloads(world, "a") == payloads(world, "b"))

    with make_world(segment_bytes=1500, replica_bytes_max=1) as world:
        world.run(scenario(world))


def test_damage_found_by_another_reader_ends_the_life_only() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        for number in range(40):
            await leader.commit(b"%060d" % number)
        await until(lambda: replica(world, "b").log.last_lsn == leader.writer.last_lsn)
        rot(world, "b")
        with pytest.raises(DatabaseError) as failure:
            await world.bus.call("test", NAMES[1], Fetch(1, 1000))
        assert failure.value.sqlstate in ("XX001", "08006")
        await until(lambda: not world.processes["journal-1-b"].up)
        await world.restart("journal-1-b")
        await leader.commit(b"next")
        await until(lambda: voter(world, "b") and payloads(world, "a") == payloads(world, "b"))

    with make_world(segment_bytes=1500, replica_bytes_max=1) as world:
        world.run(scenario(world))


def test_three_damaged_replicas_are_no_new_journal() -> None:
    async def scenario(world: World) -> None:
        await begin_world(world)
        leader = await TestWriter(world).lead()
        await leader.commit(b"acknowledged")
        leader.writer.stop()
        for az in "abc":
            world.crash(f"journal-1-{az}")
            rot(world, az)
            await world.restart(f"journal-1-{az}")
            assert replica(world, az).log.last_lsn == 0
        leading = asyncio.ensure_future(TestWriter(world).lead())
        await asyncio.sleep(30)
        assert not leading.done() and not any(voter(world, az) for az in "abc")

    with make_world() as world:
        world.run(scenario(world))
