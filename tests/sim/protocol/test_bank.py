"""Transfers between keys of two adjudicators while readers add up snapshots: the sum is the same in every snapshot, in
calm and in storms."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from actors.common.errors import DatabaseError
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, begin, keep_leading, key_of, make_world
from tests.sim.seeds import seeds

ACCOUNTS = 12
BALANCE = 100
TOTAL = ACCOUNTS * BALANCE


async def load(world: World) -> int:
    client = Client(world, 999)
    while True:
        try:
            start = client.now()
            return await client.commit(start, {key_of(number): str(BALANCE).encode() for number in range(ACCOUNTS)})
        except DatabaseError:
            await asyncio.sleep(0.1)


async def transfers(client: Client, count: int) -> int:
    done = 0
    for _ in range(count):
        source, target = client.random.sample(range(ACCOUNTS), 2)
        start = client.now()
        one, other = await client.get([key_of(source), key_of(target)], start)
        assert one is not None and other is not None
        moved = min(int(one), client.random.randint(1, 20))
        writes: dict[bytes, bytes | None] = {
            key_of(source): str(int(one) - moved).encode(),
            key_of(target): str(int(other) + moved).encode(),
        }
        try:
            await client.commit(start, writes)
            done += 1
        except DatabaseError:
            await asyncio.sleep(client.random.uniform(0, 0.02))
    return done


async def audits(client: Client, count: int) -> None:
    for _ in range(count):
        at = client.now()
        values = await client.get([key_of(number) for number in range(ACCOUNTS)], at)
        total = sum(int(value) for value in values if value is not None)
        assert total == TOTAL, f"snapshot at {at}: {values} add up to {total}"
        await asyncio.sleep(client.random.uniform(0, 0.01))


async def scenario(world: World, rounds: int = 30) -> int:
    await begin(world)
    loaded = await load(world)
    clients = [Client(world, number) for number in range(4)]
    for client in clients:
        client.floor = loaded
    results = await asyncio.gather(*(transfers(client, rounds) for client in clients[:3]), audits(clients[3], rounds))
    await audits(clients[3], 2)
    return sum(result for result in results if isinstance(result, int))


async def storm(world: World, seconds: float = 20.0) -> int:
    """Transfers and audits while one process after the other is struck; then all is up, and work goes on."""
    await begin(world)
    loaded = await load(world)
    clients = [Client(world, number) for number in range(4)]
    for client in clients:
        client.floor = loaded
    victims = [[name] for name in sorted(world.processes)]
    victims += [
        [name for name in sorted(world.processes) if world.processes[name].az == az] for az in world.settings.layout.azs
    ]
    keeper = asyncio.get_running_loop().create_task(keep_leading(world))
    stop = world.loop.time() + seconds
    nemesis = asyncio.get_running_loop().create_task(Nemesis(world, victims).run(seconds))
    done = 0
    while world.loop.time() < stop:
        results = await asyncio.gather(*(transfers(client, 3) for client in clients[:3]), audits(clients[3], 3))
        done += sum(result for result in results if isinstance(result, int))
    await nemesis
    world.network.heal()
    assert sum(await asyncio.gather(*(transfers(client, 20) for client in clients[:3]))) > 0
    await audits(clients[3], 2)
    keeper.cancel()
    return done


@pytest.mark.parametrize("seed", seeds(3))
def test_storm(seed: int) -> None:
    with make_world(seed) as world:
        world.run(storm(world))


@pytest.mark.parametrize("seed", seeds(3))
def test_calm(seed: int) -> None:
    with make_world(seed) as world:
        assert world.run(scenario(world)) > 10


@pytest.mark.parametrize("seed", seeds(3))
def test_hostile_network(seed: int) -> None:
    with make_world(seed, Faults.hostile(Random(seed))) as world:
        world.run(scenario(world, 10))
