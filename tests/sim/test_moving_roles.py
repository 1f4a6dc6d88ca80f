"""Where movable roles go when their process dies, and when they come back: virtual seconds, so the bounds are exact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import cast

import msgspec
import pytest

from actors.adjudicator.adjudicator import Adjudicator
from actors.common.messages import Lead
from actors.common.messages.base import Message
from actors.common.settings import Limits, Settings, Storing
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.faults import Faults
from cluster.controller import Controller
from cluster.failover import RESTORE_S, WATCH_S, WORKING_S_MAX
from cluster.simulation import trim_witness
from cluster.simulation.hostile import Plan, draw
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster
from cluster.simulation.trim_witness import TrimWitness
from cluster.simulation.verdict import await_replicas

DRAWN: Plan = draw(Random(0), ("bank",), 60.0)
PLAN: Plan = replace(DRAWN, settings=Settings(mode="open"), faults=Faults(reset_chance=1.0), strikes=(), one_host=False)
"""Whoever is killed breaks his connections: his machine lives."""


def home(cluster: SimulatedCluster, role: str) -> set[str]:
    """The processes that run it now."""
    return {
        name
        for name, process in cluster.world.processes.items()
        if process.life is not None and role in process.role_names
    }


async def begin(cluster: SimulatedCluster) -> None:
    """Up, with the table that `commits` writes to."""
    await cluster.start()
    connection = await cluster.database("setup").connect()
    await connection.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")


async def until(cluster: SimulatedCluster, condition: Callable[[], bool], seconds: float) -> None:
    end = cluster.world.loop.time() + seconds
    while not condition():
        assert cluster.world.loop.time() < end, {
            role: home(cluster, role) for role in ("adjudicator/1", "adjudicator/2", "crossbar/1")
        }
        await asyncio.sleep(0.01)


async def commits(cluster: SimulatedCluster, seconds: float) -> None:
    """Rows of both halves of the key space are written within `seconds` from now."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                connection = await cluster.database("writer").connect()
                for key in (-1, 1):
                    await connection.execute(
                        f"INSERT INTO t VALUES ({key}, 1) ON CONFLICT (k) DO UPDATE SET v = t.v + 1"
                    )
                await connection.close()
                return
            except Exception:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("process", "role"),
    [("adjudicator-1", "adjudicator/1"), ("adjudicator-2", "adjudicator/2"), ("crossbar-1", "crossbar/1")],
)
@pytest.mark.parametrize("strike", ["kill", "vanish", "stall"])
def test_a_role_moves_and_comes_back(process: str, role: str, strike: str) -> None:
    """ "vanish": with its machine, which breaks no connection."""
    cluster = SimulatedCluster(1, PLAN if strike != "vanish" else replace(PLAN, faults=Faults()))
    world = cluster.world

    async def scenario() -> None:
        await begin(cluster)
        assert home(cluster, role) == {process}
        if strike == "stall":
            world.stall(process)
        else:
            world.crash(process)
        await commits(cluster, 3.0)
        assert home(cluster, role) - {process}, "it goes on elsewhere"
        if strike == "stall":
            world.resume(process)
            await until(cluster, lambda: len(home(cluster, role)) == 1, 5.0)
        else:
            await world.restart(process)
        await asyncio.sleep(RESTORE_S / 2)
        assert process not in home(cluster, role), "it may die again"
        await until(cluster, lambda: home(cluster, role) == {process}, RESTORE_S)
        await commits(cluster, 1.0)

    with world:
        world.run(scenario())


def test_a_restarted_controller_brings_roles_home() -> None:
    cluster = SimulatedCluster(2, PLAN)
    world = cluster.world

    async def scenario() -> None:
        await cluster.start()
        world.crash("adjudicator-1")
        await until(cluster, lambda: bool(home(cluster, "adjudicator/1")), 3.0)
        world.crash(CONTROLLER)
        await world.restart("adjudicator-1")
        await world.restart(CONTROLLER)
        await until(cluster, lambda: home(cluster, "adjudicator/1") == {"adjudicator-1"}, 2 * RESTORE_S)

    with world:
        world.run(scenario())


def test_a_controller_whose_clock_is_behind_is_heard() -> None:
    """Seed 1000424: every process took its topologies for old ones, and said nothing; who had registered with it alone
    was found by nobody."""
    cluster = SimulatedCluster(5, PLAN)
    world = cluster.world

    async def scenario() -> None:
        await begin(cluster)
        world.crash(CONTROLLER)
        clock = world.processes[CONTROLLER].clock
        clock.honest, clock.offset_us = False, -3_600_000_000
        await world.restart(CONTROLLER)
        world.crash("adjudicator-2")
        await commits(cluster, 5.0)

    with world:
        world.run(scenario())


def test_a_lost_lead_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 801526: the journal had no writer for a minute."""
    cluster = SimulatedCluster(4, PLAN)
    world = cluster.world
    receive = Adjudicator.receive
    lost: list[Message] = []

    def forgetful(adjudicator: Adjudicator, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Lead) and not lost:
            lost.append(message)
        else:
            receive(adjudicator, sender, message, reply)

    async def scenario() -> None:
        await begin(cluster)
        monkeypatch.setattr(Adjudicator, "receive", forgetful)
        world.crash("adjudicator-2")
        await commits(cluster, 5.0)
        assert lost

    with world:
        world.run(scenario())


@pytest.mark.parametrize(("process", "role"), [("adjudicator-2", "adjudicator/2"), ("crossbar-1", "crossbar/1")])
def test_a_role_that_its_process_does_not_run_is_started_again(process: str, role: str) -> None:
    """Seed 601217: it told a new controller that it ran the role, and stopped that by an older topology. Process and
    controller were well, and the role was nowhere."""
    cluster = SimulatedCluster(3, PLAN)
    world = cluster.world

    async def scenario() -> None:
        await begin(cluster)
        life = world.processes[process].life
        assert life is not None
        world.spawn(process, life.host.stop_role(role))
        await until(cluster, lambda: not home(cluster, role), 1.0)
        await commits(cluster, 5.0)
        assert home(cluster, role)

    with world:
        world.run(scenario())


def test_what_a_process_that_registers_late_runs_is_told_to_all() -> None:
    """Seed 50006161: only the process itself heard where its roles were, under a version that all others had with other
    contents."""
    cluster = SimulatedCluster(1, PLAN)
    world = cluster.world

    async def scenario() -> None:
        await cluster.start()
        [process] = home(cluster, "crossbar/1")
        controller = cast(Controller, world.processes[CONTROLLER].role(CONTROLLER))
        register = controller._directory.registers[process]
        assert "crossbar/1" in world.processes[process].role_names
        del controller._failover.home["crossbar/1"]  # a restarted one, which has given up waiting for it
        controller._directory.publish()
        controller.receive(
            f"host/{process}",
            msgspec.structs.replace(register, roles={**register.roles, "crossbar/1": world.processes[process].az}),
            None,
        )

        def told() -> bool:
            lives = [other.life for other in world.processes.values() if other.life is not None]
            return all(life.bus.topology is not None and "crossbar/1" in life.bus.topology.routes for life in lives)

        await until(cluster, told, 5.0)

    with world:
        world.run(scenario(), 100.0)


@pytest.mark.parametrize("computes", [True, False])
def test_a_silent_process_at_work_keeps_its_role_for_a_while(computes: bool) -> None:
    """Silence under load is not death, for `WORKING_S_MAX`; a stopped process is given up at once."""
    process, role = "adjudicator-1", "adjudicator/1"
    cluster = SimulatedCluster(3, replace(PLAN, one_host=True))
    world = cluster.world
    cluster._stalls[process] = computes

    async def scenario() -> None:
        await begin(cluster)
        cluster._stalls[process] = computes
        world.stall(process)
        writer = asyncio.create_task(commits(cluster, 30.0))  # whoever misses an answer has the process doubted
        started = world.loop.time()
        await until(cluster, lambda: bool(home(cluster, role) - {process}), WORKING_S_MAX + 3.0)
        moved_s = world.loop.time() - started
        assert moved_s > WORKING_S_MAX if computes else moved_s < 2.0, moved_s
        await writer
        world.resume(process)

    with world:
        world.run(scenario())


def test_a_process_that_answers_in_time_was_only_busy() -> None:
    process, role = "adjudicator-1", "adjudicator/1"
    cluster = SimulatedCluster(4, replace(PLAN, one_host=True))
    world = cluster.world

    async def scenario() -> None:
        await begin(cluster)
        cluster._stalls[process] = True
        world.stall(process)
        writer = asyncio.create_task(commits(cluster, 30.0))
        await asyncio.sleep(WORKING_S_MAX - 1.0)
        world.resume(process)
        await writer
        assert home(cluster, role) == {process}

    with world:
        world.run(scenario())


def test_a_watch_that_expires_takes_nothing_from_a_process_at_work() -> None:
    """Its watch's end is no sign of death, and the doubt that comes with it is answered by the same rule as any
    other."""
    process, role = "adjudicator-1", "adjudicator/1"
    cluster = SimulatedCluster(6, replace(PLAN, one_host=True))
    world = cluster.world

    async def scenario() -> None:
        await cluster.start()
        await asyncio.sleep(WATCH_S - 5.0)
        for _ in range(10):  # whenever it was that the watch began
            cluster._stalls[process] = True
            world.stall(process)
            await asyncio.sleep(1.5)
            world.resume(process)
            await asyncio.sleep(0.01)
            assert home(cluster, role) == {process}

    with world:
        world.run(scenario())


def test_journals_trim_soon_where_a_crossbar_begins_anew_before_the_last_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 810039: nobody wrote or read after that, so that each storage replica sent one word of its checkpoint, to a
    crossbar that knew nobody and said nothing. They look after a minute only."""
    monkeypatch.setattr(trim_witness, "TOLD_S_MAX", 5.0)
    settings = replace(PLAN.settings, limits=Limits(transaction_age_s=5), storing=Storing(checkpoint_idle_s=2.0))
    cluster = SimulatedCluster(6, replace(PLAN, settings=settings))
    world = cluster.world

    def checkpointed() -> int:
        processes = world.processes.values()
        roles = [process.role(name) for process in processes for name in process.role_names if "storage/" in name]
        return min(role.status()["checkpoint"] for role in roles)

    async def scenario() -> None:
        trims = TrimWitness(world, checkpointed)
        world.network.observe(trims)
        await begin(cluster)
        await asyncio.sleep(10)
        await commits(cluster, 1.0)
        written = world.clock.true_us()
        await await_replicas(world, cluster.newest_map, written)
        assert checkpointed() < written
        world.crash("crossbar-1")
        await world.restart("crossbar-1")
        await until(cluster, lambda: checkpointed() >= written, 5.0)
        trims.at_rest()
        await trims.check(lambda: [1, 2])

    with world:
        world.run(scenario())
