"""Strikes at random, one after the other, each undone before the next: what a cluster must get through without harm.

    nemesis = Nemesis(world, [["journal-1-a"], ["journal-1-b"], ["storage-1-a", "journal-1-a"]])
    await nemesis.run(duration_s=30)          everything is up and connected again afterwards

A victim is a group of processes that is struck together (one process, or all of an availability zone). Only one group
is down at a time, so that a quorum of the others stands; run two of them at once to take that away. What is struck,
when and for how long comes from the world's seed alone. `reshapings` are strikes too, by name: the cluster's own
changes (a role that moves) amid all others. After a disk was lost or has rotted the nemesis waits until `until_whole`
says that the victim is what it was, for no quorum outlives a second loss before that. What else may happen meanwhile is
another nemesis's part, that takes no disks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from actors.common.errors import DatabaseError
from actors.runtime.simulation.disk import CAPACITY_BYTES
from actors.runtime.simulation.world import World

STRIKES = ("kill", "power", "stall", "isolate", "deaf", "mute", "clog", "jump", "full")
"""Killed; without power; frozen; cut off; hearing nothing; heard by nobody; slow links; a clock that is set; a disk
without room."""
DISK_STRIKES = ("slow", "wipe", "rot")
"""Slow syncs; a disk that is lost and replaced by an empty one; a flipped bit."""
LOSSES = ("wipe", "rot")
RESTARTS = "rolling"
"""Each of the group is stopped cleanly and started again, one after the other."""
Reshape = Callable[[Random], None]
"""A change of the cluster's shape, such as an operator asks for: it begins, and goes on under later strikes."""
Scene = Callable[["Nemesis"], Awaitable[None]]
"""A strike that needs to know the cluster's roles: it takes its victims (`strike_at`), does what it does, and has
undone it when it returns."""
JUMP_US_MAX = 2_000_000
SLOW_SYNC_S_MAX = 0.5
KEEN_SHARE = 0.8
"""Of the strikes of a nemesis that waits for load."""


Groups = Sequence[Sequence[str]]


def _groups(victims: Groups | Callable[[], Groups]) -> Groups:
    return victims() if callable(victims) else victims


class Nemesis:
    """`victims`: groups of processes, of which some may come and go. `pause_s_max` bounds the time between strikes,
    `strike_s_max` how long one lasts. `disk_victims`: whose disks are lost or rot (None: all)."""

    def __init__(
        self,
        world: World,
        victims: Groups | Callable[[], Groups],
        *,
        strikes: Sequence[str] = STRIKES,
        pause_s_max: float = 1.0,
        strike_s_max: float = 2.0,
        label: str = "nemesis",
        until_whole: Callable[[], Awaitable[None]] | None = None,
        disk_victims: Groups | Callable[[], Groups] | None = None,
        reshapings: Mapping[str, Reshape] | None = None,
        scenes: Mapping[str, Scene] | None = None,
        losses: Sequence[str] = LOSSES,
        until_busy: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.struck: list[str] = []
        """The group that is struck now."""
        self.counts: Counter[str] = Counter()
        self._until_whole = until_whole
        self._world = world
        self._reshapings = reshapings or {}
        self._scenes = scenes or {}
        self._losses = losses
        """Those that lose what is on a disk."""
        self._until_busy = until_busy
        """Most strikes wait for it: what is struck at rest shows little."""
        self.paused = False
        """No strike begins."""
        self.busy = False
        """One is under way, or its victim is not whole yet."""
        self._victims = victims
        self._disk_victims = victims if disk_victims is None else disk_victims
        self._strikes = list(strikes)
        self._pause_s_max = pause_s_max
        self._strike_s_max = strike_s_max
        self.random = world.derive(label)

    @property
    def strike_s_max(self) -> float:
        return self._strike_s_max

    def strike_at(self, group: Sequence[str]) -> None:
        """A scene's victims: nobody else starts them again meanwhile."""
        self.struck = list(group)

    async def run(self, duration_s: float) -> None:
        """Strike for so many virtual seconds, then start whoever is down."""
        end = self._world.loop.time() + duration_s
        while True:
            await asyncio.sleep(self.random.uniform(0, self._pause_s_max))
            if self._world.loop.time() >= end:
                break
            if self._until_busy is not None and self.random.random() < KEEN_SHARE:
                await self._until_busy()
            if not self.paused and self._world.loop.time() < end:
                self.busy = True
                await self._strike_once(self.random.choice(self._strikes))
                self.busy = False
        for group in _groups(self._victims):
            await self.restart(group)

    async def _strike_once(self, strike: str) -> None:
        victims = _groups(self._disk_victims if strike in self._losses else self._victims)
        if strike in self._reshapings:
            self.counts[strike] += 1
            self._reshapings[strike](self.random)
            return
        if strike in self._scenes:
            self.counts[strike] += 1
            self._world.trace.add("scene", strike)
            await self._scenes[strike](self)
        elif victims:
            self.struck = list(self.random.choice(victims))
            self.counts[strike] += 1
            await self._strike(strike, self.struck)
        else:
            return
        self.struck = []
        if strike in self._losses and self._until_whole is not None:
            await self._until_whole()

    async def _strike(self, strike: str, group: list[str]) -> None:
        world, random = self._world, self.random
        seconds = random.uniform(0, self._strike_s_max)
        group = [name for name in group if name in world.processes]
        others = [name for name in world.processes if name not in group]
        world.trace.add("strike", f"{strike} {','.join(group)} {round(seconds * 1e6)}")
        if strike in ("kill", "power", "wipe"):
            for name in group:
                world.crash(name, power_failure=strike == "power")
                if strike == "wipe":
                    world.wipe(name)
            await asyncio.sleep(seconds)
        elif strike == RESTARTS:
            for name in group:
                if name in world.processes and world.processes[name].up:
                    await world.stop(name)
                await self.restart([name])
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
        elif strike == "rot":
            for image in [image for name in group for image in world.processes[name].disks.values()]:
                image.flip_bit()
            for name in group:
                for role in world.processes[name].disks:
                    world.tell_rotten(role)
            await asyncio.sleep(seconds if random.random() < 0.5 else 0)
            for name in group:
                world.crash(
                    name
                    # what has not been read since is found at a start: two replicas that rot unseen are more than a
                    # quorum outlives
                )
        else:
            await self._strike_disks(strike, group, seconds)
        await self.restart(group)

    async def _strike_disks(self, strike: str, group: list[str], seconds: float) -> None:
        world = self._world
        images = [image for name in group for image in world.processes[name].disks.values()]
        if strike == "slow":
            for image in images:
                image.faults = replace(image.faults, sync_s_max=SLOW_SYNC_S_MAX)
            await asyncio.sleep(seconds)
            for image in images:  # not what they were before: another nemesis may have slowed them then
                image.faults = replace(image.faults, sync_s_max=world.faults.sync_s_max)
        else:
            assert strike == "full", strike
            for image in images:
                image.capacity_bytes = image.used_bytes
            await asyncio.sleep(seconds)
            for image in images:  # not what it was before: another nemesis may have filled it then
                image.capacity_bytes = CAPACITY_BYTES

    async def restart(self, group: Sequence[str]) -> None:
        for name in group:
            process = self._world.processes.get(name)
            if process is not None and not process.up:  # else it has left the cluster meanwhile
                with contextlib.suppress(DatabaseError):  # another nemesis has filled its disk
                    await self._world.restart(name)
