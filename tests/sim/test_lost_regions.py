"""Regions that lose their disks: one is filled from the others; where two are lost the third goes on by a person's word
alone (cluster/recovering.py), and what comes back of them decides nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from actors.common.settings import Regions
from actors.journal.recovering import stand_alone
from actors.journal.replica import JournalReplica
from actors.runtime.simulation.disk import SimulatedDisk
from actors.runtime.simulation.loop import Owner
from cluster.simulation.regions import ZONES
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster
from tests.sim.test_regions import (
    EAST,
    HEARD_S_MAX,
    LEAD_MS,
    WEST,
    created,
    keys_led_by,
    plan_of,
    processes_in,
)
from workloads.proofs.connection import SqlError

JOURNALS = (0, 1, 2)
BACK_S_MAX = 12.0
"""Longer than a failover and the start of a controller."""


class Lost:
    """East (a), west (b) and the witness north (c)."""

    def __init__(self, seed: int) -> None:
        plan = replace(plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)), keeps_state=True)
        self.cluster = SimulatedCluster(seed, plan)
        self.world = self.cluster.world

    def crash(self, *zones: str) -> None:
        for zone in zones:
            for name in processes_in(self.cluster, zone):
                self.world.crash(name)

    async def start(self, *zones: str) -> None:
        """And the controller, which Ray starts wherever there is room."""
        names = [name for zone in zones for name in processes_in(self.cluster, zone) if name != CONTROLLER]
        for name in [*names, CONTROLLER]:
            if not self.world.processes[name].up:
                await self.world.restart(name)

    async def write(self, region: str, key: UUID, value: int) -> None:
        connection = await self.cluster.database(f"writer {value}", region=region).connect()
        await connection.execute(f"UPDATE t SET v = {value} WHERE k = '{key}'")

    async def rows(self, region: str) -> dict[str, str]:
        """Those that somebody has written."""
        for number in range(20):
            try:
                connection = await self.cluster.database(f"reader {number}", region=region).connect()
                found = (await connection.execute("SELECT k, v FROM t WHERE v > 0")).rows
                return {str(key): str(value) for key, value in found}
            except SqlError as error:
                assert error.sqlstate[:2] in ("08", "40", "57"), error
                await asyncio.sleep(0.5)
        raise AssertionError(f"nobody reads in {region}")

    async def commits(self, region: str, key: UUID, seconds: float = BACK_S_MAX) -> bool:
        """Whether a client's commit is acknowledged in so long, which tries again and again."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        connection = await self.cluster.database(f"{key}", region=region).connect()
                        await connection.execute(f"UPDATE t SET v = v + 1 WHERE k = '{key}'")
                        return True
                    except SqlError as error:
                        assert error.sqlstate[:2] in ("08", "40", "57"), error
                        await asyncio.sleep(0.25)
        except TimeoutError:
            return False

    async def recover(self, fenced: bool) -> None:
        """By the disks of west alone; the others' zones have new seats, unless that is forgotten."""
        settings = self.cluster.plan.settings.journaling
        self.cluster.seats = dict.fromkeys("ac", int(fenced))
        for journal in JOURNALS:
            name = f"journal/{journal}/b"
            process = next(one for one in self.world.processes.values() if one.az == "b" and name in one.disks)
            disk: Any = SimulatedDisk(process.disks[name], Owner("person"), lambda role: None)
            seats = {f"journal/{journal}/{zone}": int(fenced) for zone in "ac"}
            await stand_alone(disk, settings, companions=[f"journal/{journal}/a"], seats=seats)

    def set_aside(self, zones: str) -> None:
        """Their storage begins with an empty disk; their journals meet the old ones."""
        for zone in zones:
            for name in processes_in(self.cluster, zone):
                for role, image in self.world.processes[name].disks.items():
                    if role.startswith("storage/"):
                        image.wipe()


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_region_whose_disks_are_gone_is_rebuilt_from_the_others(comes_back: bool) -> None:
    """... or count no more, and come back (`eagleray region rebuild`)."""
    lost = Lost(1)
    keys = keys_led_by(1)[0], keys_led_by(2)[0]

    async def scenario() -> None:
        await created(lost.cluster)
        await lost.write(EAST, keys[0], 5)
        lost.crash("a")
        if comes_back:
            lost.cluster.seats = {"a": 1}
            lost.set_aside("a")
        else:
            for name in processes_in(lost.cluster, "a"):
                lost.world.wipe(name)
        assert await lost.commits(WEST, keys[1])
        await lost.start("a")
        await lost.cluster.until_whole()
        assert cast(JournalReplica, lost.cluster.running("journal/1/a")).log.promise.seat == int(comes_back)
        rows = await lost.rows(EAST)
        assert rows[str(keys[0])] == "5" and str(keys[1]) in rows
        lost.crash("b")
        assert await lost.commits(EAST, keys[0]), "east and the witness have all of it"
        assert (await lost.rows(EAST))[str(keys[1])] == rows[str(keys[1])]

    with lost.world:
        lost.world.run(scenario())


def play(seed: int, fenced: bool = True) -> None:
    lost = Lost(seed)
    keys = keys_led_by(1)[0], keys_led_by(2)[0], keys_led_by(2)[1]

    async def scenario() -> None:
        await created(lost.cluster)
        await lost.write(EAST, keys[0], 5)
        await lost.write(WEST, keys[1], 6)
        lost.crash("a", "c")
        assert not await lost.commits(WEST, keys[2]), "no progress without a majority"
        lost.crash("b")
        await lost.recover(fenced)
        await lost.start("b")
        assert await lost.commits(WEST, keys[2]), "one is enough"
        await asyncio.sleep(HEARD_S_MAX)
        rows = await lost.rows(WEST)
        assert rows[str(keys[0])] == "5" and rows[str(keys[1])] == "6", "what the survivor had goes on"
        lost.crash("b")
        lost.set_aside("ac")
        await lost.start("a", "c")
        assert not await lost.commits(EAST, keys[0]), "the old majority commits"
        await lost.start("b")
        await lost.cluster.until_whole()
        assert await lost.rows(EAST) == rows
        lost.crash("b")
        assert await lost.commits(EAST, keys[0]), "the survivor is needed no more"
        assert (await lost.rows(EAST))[str(keys[2])] == rows[str(keys[2])]

    with lost.world:
        lost.world.run(scenario())


def test_where_two_regions_are_lost_the_third_goes_on_by_a_person_s_word() -> None:
    play(1)


def test_without_new_seats_the_lost_majority_goes_on_without_the_survivor() -> None:
    """So that the test above can fail."""
    with pytest.raises(AssertionError, match="the old majority commits"):
        play(1, fenced=False)
