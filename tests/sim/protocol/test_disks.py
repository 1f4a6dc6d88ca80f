"""Disks that are lost, rot or fill up, under the whole path of a commit: one journal replica at a time, which is what a
journal promises to survive."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from actors.common.errors import DatabaseError
from actors.common.refusals import NotCommitted
from actors.common.settings import Journaling, Layout, Settings
from actors.journal.replica import ANNOUNCE_EVERY_S, JournalReplica
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, begin, key_of, make_world
from tests.sim.protocol.test_bank import audits, load, transfers
from tests.sim.seeds import seeds

SMALL_SEGMENTS = replace(Settings(), layout=Layout(), journaling=Journaling(segment_bytes=4000))
KEY = key_of(0)


def journal_replica(world: World, journal: int, az: str) -> JournalReplica:
    role = world.processes[f"journal-{journal}-{az}"].role(f"journal/{journal}/{az}")
    assert isinstance(role, JournalReplica)
    return role


def votes(world: World, journal: int, az: str) -> bool:
    return bool(journal_replica(world, journal, az).status()["load"]["voter"])


async def until_it_votes(world: World, journal: int, az: str) -> None:
    """Without a commit that would remind the writer of it."""
    for _ in range(600):
        if world.processes[f"journal-{journal}-{az}"].up and votes(world, journal, az):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"journal/{journal}/{az} does not vote again")


async def supervise(world: World) -> None:
    """What Ray does: a journal process that has ended itself is started again."""
    while True:
        for name, process in world.processes.items():
            if name.startswith("journal-") and not process.up:
                await world.restart(name)
        await asyncio.sleep(0.1)


async def strike_disks(world: World, seconds: float) -> int:
    """Wipe, rot or power off one replica after the other, the next one when the last one votes again."""
    random = world.derive("disks")
    end = world.loop.time() + seconds
    strikes = 0
    while world.loop.time() < end:
        journal, az = random.choice((1, 2)), random.choice("abc")
        name = f"journal-{journal}-{az}"
        image = world.processes[name].disks[f"journal/{journal}/{az}"]
        strike = random.choice(("wipe", "rot", "rot", "power"))
        if strike == "rot":
            image.flip_bit(
                random.choice(
                    [path for path, file in sorted(image.files.items()) if path.startswith("log/") and file.durable]
                )
            )
        if strike != "rot" or random.random() < 0.7:
            world.crash(name, power_failure=strike == "power")
        if strike == "wipe":
            image.wipe()
        strikes += 1
        await asyncio.sleep(random.uniform(0.1, 0.5))
        await until_it_votes(world, journal, az)
    return strikes


@pytest.mark.parametrize("seed", seeds(5))
def test_lost_and_rotten_disks_lose_nothing(seed: int) -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        loaded = await load(world)
        clients = [Client(world, number) for number in range(4)]
        for client in clients:
            client.floor = loaded
        supervisor = asyncio.get_running_loop().create_task(supervise(world))
        striking = asyncio.get_running_loop().create_task(strike_disks(world, 8.0))
        while not striking.done():
            await asyncio.gather(*(transfers(client, 3) for client in clients[:3]), audits(clients[3], 3))
        assert striking.result() > 3
        supervisor.cancel()
        await audits(clients[3], 2)

    with make_world(seed, settings=SMALL_SEGMENTS) as world:
        world.run(scenario(world))


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("heard", [True, False])
def test_a_replica_comes_back_to_an_idle_cluster_by_itself(lost: bool, heard: bool) -> None:
    """Nobody commits: it votes again, and knows what is committed, all the same."""

    async def scenario(world: World) -> None:
        await begin(world)
        client = Client(world, 1)
        await client.commit(client.now(), {KEY: b"v"})
        await asyncio.sleep(5)
        journal = client.map.adjudicator(KEY)
        world.crash(f"journal-{journal}-b", power_failure=True)
        if lost:
            world.processes[f"journal-{journal}-b"].disks[f"journal/{journal}/b"].wipe()
        apart = [f"journal-{journal}-b"], [f"adjudicator-{journal}"]
        if not heard:  # what it says first is lost
            world.network.partition(*apart)
        await world.restart(f"journal-{journal}-b")
        await asyncio.sleep(0.5)
        world.network.mend(*apart)
        await until_it_votes(world, journal, "b")
        back, other = (journal_replica(world, journal, az) for az in "ba")
        await asyncio.sleep(2 * ANNOUNCE_EVERY_S)
        assert back.log.last_lsn == other.log.last_lsn and back.committed_lsn > 0

    with make_world(1) as world:
        world.run(scenario(world))


def fill_up(world: World, journal: int, azs: str) -> None:
    for az in azs:
        image = world.processes[f"journal-{journal}-{az}"].disks[f"journal/{journal}/{az}"]
        image.capacity_bytes = image.used_bytes


async def refused(client: Client, start: int) -> DatabaseError:
    with pytest.raises(DatabaseError) as failure:
        await client.commit(start, {KEY: b"refused"})
    return failure.value


def test_full_disks_refuse_commits_and_not_reads_until_there_is_room() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        client = Client(world, 1)
        journal = client.map.adjudicator(KEY)
        await client.commit(client.now(), {KEY: b"before"})
        fill_up(world, journal, "ab")
        await client.commit(client.now(), {KEY: b"the last one"})  # it finds the disks full, and the reserve takes it
        await asyncio.sleep(1)
        for _ in range(8):  # several leases
            started = world.loop.time()
            error = await refused(client, client.now())
            assert error.sqlstate == "53100" and error.refusal == NotCommitted()
            assert await client.get([KEY], client.now()) == [b"the last one"]
            assert world.loop.time() - started < 0.5
            await asyncio.sleep(1)
        for az in "ab":
            world.processes[f"journal-{journal}-{az}"].disks[f"journal/{journal}/{az}"].capacity_bytes = 1 << 40
        await asyncio.sleep(2)
        assert (await refused(client, client.now())).sqlstate == "53100"  # the one that asks
        await asyncio.sleep(1)
        await client.commit(client.now(), {KEY: b"after"})
        assert await client.get([KEY], client.now()) == [b"after"]

    with make_world(1, Faults()) as world:
        world.run(scenario(world))


def test_one_full_disk_of_three_is_no_hindrance() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        client = Client(world, 1)
        fill_up(world, client.map.adjudicator(KEY), "b")
        for _ in range(20):
            await client.commit(client.now(), {KEY: bytes(100_000)})
        assert journal_replica(world, client.map.adjudicator(KEY), "b").status()["load"]["disk_full"]

    with make_world(1, Faults()) as world:
        world.run(scenario(world))
