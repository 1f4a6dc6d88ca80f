"""Commits and reads through every layer below the query processors: no update is lost (I3), nothing acknowledged is
(I1), replicas agree (I8), idleness is cheap."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Get, Got
from actors.common.refusals import NotCommitted
from actors.common.timestamps import Timestamp
from actors.runtime.simulation.nemesis import Nemesis
from actors.runtime.simulation.world import World
from tests.sim.protocol.cluster import Client, begin, keep_leading, key_of, make_world
from tests.sim.seeds import seeds

COUNTERS = [key_of(number) for number in range(6)]
RENEWAL_MESSAGES_MAX = 60
"""A minute of an idle cluster: six storage replicas each renew their subscription, two adjudicators promise and extend
a lease for it."""


class Tally:
    """Increments by counter: those acknowledged, and those whose outcome nobody was told."""

    def __init__(self) -> None:
        self.certain = dict.fromkeys(COUNTERS, 0)
        self.unknown = dict.fromkeys(COUNTERS, 0)
        self.commit_ts: Timestamp = 0

    async def count(self, client: Client, times: int) -> None:
        """Read some counters in a snapshot, add one to each."""
        for _ in range(times):
            keys = sorted(client.random.sample(COUNTERS, client.random.randint(1, 3)))
            start = client.now()
            values = await client.get(keys, start)
            writes: dict[bytes, bytes | None] = {
                key: b"%d" % (int(value or b"0") + 1) for key, value in zip(keys, values, strict=True)
            }
            try:
                self.commit_ts = max(self.commit_ts, await client.commit(start, writes))
                noted = self.certain
            except DatabaseError as error:
                await asyncio.sleep(client.random.uniform(0, 0.02))
                if error.sqlstate in ("40001", "55000", "53100") or error.refusal == NotCommitted():
                    continue
                noted = self.unknown
            for key in keys:
                noted[key] += 1

    async def check(self, world: World, client: Client) -> None:
        """Every replica of every shard, at the same times: equal contents, and no counter off."""
        client.floor = max(client.now(), self.commit_ts)
        at = client.now()
        contents = {moment: await everywhere(world, client, moment) for moment in (at, at - 100_000, at - 2_000_000)}
        for key, (value, *_) in contents[at].items():
            least = self.certain[key]
            assert least <= int(value or b"0") <= least + self.unknown[key], (
                f"{key.hex()}: {value!r}, {least} + {self.unknown[key]}?"
            )
        for moment, values in contents.items():
            for key, (value, *others) in values.items():
                assert others == [value] * len(others), f"I8: {key.hex()} at {moment}: {value!r}, {others}"


async def everywhere(world: World, client: Client, at: Timestamp) -> dict[bytes, list[bytes | None]]:
    """Each counter as every replica of its shard sees it."""
    seen: dict[bytes, list[bytes | None]] = {}
    for key in COUNTERS:
        for az in world.settings.layout.azs:
            while True:
                try:
                    answer: Got = await world.bus.call(
                        client.name, f"storage/{client.map.shard(key)}/{az}", Get([key], at), timeout_s=6
                    )
                    break
                except DatabaseError:
                    await asyncio.sleep(0.1)
            seen.setdefault(key, []).append(answer.values[0])
    return seen


async def storm(world: World, seconds: float, victims: list[list[str]], **strikes: Any) -> Tally:
    """Counting while processes are struck; then all is up, more is counted, and everything checked."""
    await begin(world)
    tally = Tally()
    clients = [Client(world, number) for number in range(4)]
    keeper = asyncio.get_running_loop().create_task(keep_leading(world))
    stop = world.loop.time() + seconds
    nemesis = asyncio.get_running_loop().create_task(Nemesis(world, victims, **strikes).run(seconds))
    while world.loop.time() < stop:
        await asyncio.gather(*(tally.count(client, 3) for client in clients))
    await nemesis
    world.network.heal()
    await asyncio.gather(*(tally.count(client, 5) for client in clients))
    await tally.check(world, clients[0])
    keeper.cancel()
    return tally


def one_by_one(world: World) -> list[list[str]]:
    return [[name] for name in sorted(world.processes)]


def whole_journals(world: World) -> list[list[str]]:
    """All replicas of a journal at once, and everything at once."""
    journals = [
        [name for name in sorted(world.processes) if name.startswith(f"journal-{number}-")] for number in (1, 2)
    ]
    return [*journals, *journals, sorted(world.processes)]


@pytest.mark.parametrize("seed", seeds(2))
def test_no_update_is_lost_and_replicas_agree(seed: int) -> None:
    with make_world(seed) as world:
        tally = world.run(storm(world, 12.0, one_by_one(world)))
    assert sum(tally.certain.values()) > 20


@pytest.mark.parametrize("seed", seeds(2))
def test_power_failures_of_everything_at_once(seed: int) -> None:
    with make_world(seed) as world:
        tally = world.run(
            storm(
                world, 8.0, whole_journals(world), strikes=("power", "power", "kill"), pause_s_max=0.5, strike_s_max=0.3
            )
        )
    assert sum(tally.certain.values()) > 20


def test_an_idle_cluster_costs_a_few_messages_a_minute() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        tally = Tally()
        client = Client(world, 1)
        await tally.count(client, 20)
        await tally.check(world, client)
        await asyncio.sleep(30)
        sends: list[int] = []
        for _ in range(10):
            before = sent(world)
            await asyncio.sleep(60)
            sends.append(sent(world) - before)
        assert max(sends) <= RENEWAL_MESSAGES_MAX, sends

    with make_world(1, keep_trace=True) as world:
        world.run(scenario(world))


def sent(world: World) -> int:
    return sum(line.split(" ", 2)[1] == "send" for line in world.trace.lines)
