"""A simulated cluster of the real roles below the query processors, and a small client that speaks their messages.

There is no controller in it: every role stays in the process that the plan gives it, the movable ones too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import Commit, Committed, Get, Got, Lead
from actors.common.settings import Layout, Settings
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World
from cluster.initial import initial_map, initial_state
from cluster.policies.placement import Placement
from cluster.roles import role_spec

DATA_LAYERS = ("journal", "adjudicator", "crossbar", "storage")


def make_world(
    seed: int,
    faults: Faults | None = None,
    settings: Settings | None = None,
    keep_trace: bool = False,
    layers: tuple[str, ...] = DATA_LAYERS,
) -> World:
    settings = settings or replace(Settings(), layout=Layout())
    world = World(seed, faults, settings, keep_trace=keep_trace)
    for process in initial_state(settings, Placement("role")).processes:
        if all(role.kind in layers for role in process.roles):
            world.add_process(
                process.name, process.az, [role_spec(role, process.az, "", measured=False) for role in process.roles]
            )
    return world


async def begin(world: World) -> None:
    """Start every process, tell everybody the map, and have the adjudicators lead."""
    await world.start()
    world.publish(initial_map(world.settings))
    await lead(world)


async def lead(world: World) -> None:
    for number in range(1, world.settings.layout.adjudicators + 1):
        while True:
            try:
                await world.bus.call("test", f"adjudicator/{number}", Lead(), timeout_s=30)
                break
            except DatabaseError:
                await asyncio.sleep(0.2)


async def keep_leading(world: World) -> None:
    """What the controller does: an adjudicator that has come back is told to lead."""
    while True:
        await lead(world)
        await asyncio.sleep(0.1)


class Client:
    """Reads and commits at timestamps of its own clock."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"client/{number}"
        self.random: Random = world.derive(self.name)
        self.map = initial_map(world.settings)
        self.history: list[tuple[int, int]] = []

    floor = 0
    """Clocks of a simulated world may lie, and recency depends on them: a client that must see a commit reads at or
    above it."""

    def now(self) -> int:
        return max(self.world.clock.now().latest, self.floor)

    async def get(self, keys: Iterable[bytes], at: int) -> list[bytes | None]:
        """Each key from a random replica of its shard; another one where that fails."""
        values: list[bytes | None] = []
        for key in keys:
            shard = self.map.shard(key)
            while True:
                az = self.random.choice(self.world.settings.layout.azs)
                try:
                    answer: Got = await self.world.bus.call(
                        self.name, f"storage/{shard}/{az}", Get([key], at), timeout_s=6
                    )
                    values.append(answer.values[0])
                    break
                except DatabaseError:
                    await asyncio.sleep(0.05)
        return values

    async def commit(self, start_ts: int, writes: dict[bytes, bytes | None], checked: Iterable[bytes] = ()) -> int:
        """The commit time. Raises what the coordinator raises."""
        keys = sorted(writes)
        payload = write_set.encode(
            keys, [writes[key] for key in keys], [0 if writes[key] is not None else 1 for key in keys]
        )
        message = Commit(self.random.getrandbits(128).to_bytes(16, "big"), start_ts, start_ts, payload, sorted(checked))
        coordinator = self.map.adjudicator(self.random.choice(keys))
        answer: Committed = await self.world.bus.call(self.name, f"adjudicator/{coordinator}", message, timeout_s=5)
        self.history.append((start_ts, answer.commit_ts))
        return answer.commit_ts


def key_of(number: int) -> bytes:
    """Keys of table 20000, half of them on each adjudicator and shard."""
    return (20000).to_bytes(4, "big") + b"\0\0" + bytes([(number * 37) % 256]) + number.to_bytes(4, "big")
