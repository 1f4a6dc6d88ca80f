"""Strikes at random, one after the other, each undone before the next: what a cluster must get through without harm.

    nemesis = Nemesis(world, [["journal-1-a"], ["journal-1-b"], ["storage-1-a", "journal-1-a"]])
    await nemesis.run(duration_s=30)          everything is up and connected again afterwards

A victim is a group of processes that is struck together (one process, or all of an availability zone). Only one group is down at a time, so
that a quorum of the others stands; run two of them at once to take that away. What is struck, when and for how long comes from the world's seed alone.
Left out: rot and lost disks, which need a role's own repair to get over; tests call `DiskImage.flip_bit` and `wipe` themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.runtime.simulation.world import World

STRIKES = ("kill", "power", "stall", "isolate", "deaf", "mute", "clog", "jump", "full")
"""Killed; without power; frozen; cut off; hearing nothing; heard by nobody; slow links; a clock that is set; a disk without room."""
JUMP_US_MAX = 2_000_000


class Nemesis:
    """`pause_s_max` bounds the time between strikes, `strike_s_max` how long one lasts."""

    def __init__(
        self,
        world: World,
        victims: Sequence[Sequence[str]],
        *,
        strikes: Sequence[str] = STRIKES,
        pause_s_max: float = 1.0,
        strike_s_max: float = 2.0,
        label: str = "nemesis",
    ) -> None:
        self._world = world
        self._victims = [list(group) for group in victims]
        self._strikes = list(strikes)
        self._pause_s_max = pause_s_max
        self._strike_s_max = strike_s_max
        self._random = world.derive(label)

    async def run(self, duration_s: float) -> None:
        """Strike for so many virtual seconds, then see that all is up. Raises what a restart raises."""
        end = self._world.loop.time() + duration_s
        while True:
            await asyncio.sleep(self._random.uniform(0, self._pause_s_max))
            if self._world.loop.time() >= end:
                break
            await self._strike(self._random.choice(self._strikes), self._random.choice(self._victims))
        for name in (name for group in self._victims for name in group):
            if not self._world.processes[name].up:
                await self._world.restart(name)

    async def _strike(self, strike: str, group: list[str]) -> None:
        world, random = self._world, self._random
        seconds = random.uniform(0, self._strike_s_max)
        others = [name for name in world.processes if name not in group]
        world.trace.add("strike", f"{strike} {','.join(group)} {round(seconds * 1e6)}")
        if strike in ("kill", "power"):
            for name in group:
                world.crash(name, power_failure=strike == "power")
            await asyncio.sleep(seconds)
            for name in group:
                if not world.processes[name].up:
                    await world.restart(name)
        elif strike == "stall":
            for name in group:
                world.stall(name)
            await asyncio.sleep(seconds)
            for name in group:
                world.resume(name)
        elif strike in ("isolate", "deaf", "mute"):
            one, other = (others, group) if strike == "deaf" else (group, others)
            world.network.partition(one, other, one_way=strike != "isolate")
            await asyncio.sleep(seconds)
            world.network.mend(one, other)
        elif strike == "clog":
            for name in group:
                for other_name in others:
                    world.network.clog(name, other_name, world.loop.time() + seconds)
            await asyncio.sleep(seconds)
        elif strike == "jump":
            for name in group:
                world.processes[name].clock.jump(random.randint(-JUMP_US_MAX, JUMP_US_MAX))
        else:
            assert strike == "full", strike
            images = [image for name in group for image in world.processes[name].disks.values()]
            capacities = [image.capacity_bytes for image in images]
            for image in images:
                image.capacity_bytes = image.used_bytes
            await asyncio.sleep(seconds)
            for image, capacity in zip(images, capacities, strict=True):
                image.capacity_bytes = capacity
            for name in group:
                if not world.processes[name].up:
                    await world.restart(name)
