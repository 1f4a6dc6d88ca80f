"""What a client hears whose commit was sent across a cut: within a failover's time, and for certain where anybody can
tell (actors/adjudicator/resolving.py)."""

from __future__ import annotations

import asyncio

import pytest

from actors.common.settings import Regions
from cluster.simulation.regions import ZONES
from cluster.simulation.simulated_cluster import SimulatedCluster
from cluster.simulation.sql_client import SimulatedConnection
from tests.sim.test_regions import (
    EAST,
    HEARD_S_MAX,
    LEAD_MS,
    WEST,
    created,
    cut_off,
    keys_led_by,
    plan_of,
    processes_in,
)
from workloads.proofs.connection import SqlError


async def heard(cluster: SimulatedCluster, connection: SimulatedConnection) -> tuple[str, float]:
    """The SQLSTATE that answers COMMIT, "" for none, and after how many seconds."""
    begun_s, sqlstate = cluster.world.loop.time(), ""
    try:
        await connection.execute("COMMIT")
    except SqlError as error:
        sqlstate = error.sqlstate
    return sqlstate, cluster.world.loop.time() - begun_s


@pytest.mark.parametrize("arrives", [False, True])
def test_a_commit_across_a_cut_is_definite_where_both_sides_hear_the_third(arrives: bool) -> None:
    """Its Commit is lost on the way, or its answer is."""
    cluster = SimulatedCluster(3, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world, key = cluster.world, keys_led_by(1)[0]
    one_way, other = processes_in(cluster, "b"), processes_in(cluster, "a")
    if arrives:
        one_way, other = other, one_way

    async def scenario() -> tuple[str, float, str]:
        await created(cluster)
        east, west = [await cluster.database("across", region=region).connect() for region in (EAST, WEST)]
        await west.execute("BEGIN")
        await west.execute(f"UPDATE t SET v = 7 WHERE k = '{key}'")
        world.network.partition(one_way, other, one_way=True)
        sqlstate, heard_s = await heard(cluster, west)
        world.network.heal()
        await asyncio.sleep(1)
        found = await east.execute(f"SELECT v FROM t WHERE k = '{key}'")
        return sqlstate, heard_s, str(found.rows[0][0])

    with world:
        sqlstate, heard_s, value = world.run(scenario())
    assert heard_s < HEARD_S_MAX
    assert (sqlstate, value) == (("", "7") if arrives else ("08006", "0"))


@pytest.mark.parametrize("after_s", [0.0, 0.06, 0.1])
def test_a_commit_whose_leader_is_cut_off_is_told_by_whoever_leads_next(after_s: float) -> None:
    """The cut comes when the Commit has left, when it has arrived and its record is on its way, and when a majority has
    that one, and its answer is on its way."""
    cluster = SimulatedCluster(3, plan_of(Regions(ZONES, ("north",), lead_ms=LEAD_MS)))
    world, key = cluster.world, keys_led_by(1)[0]

    async def scenario() -> tuple[str, float, str]:
        await created(cluster)
        west = await cluster.database("across", region=WEST).connect()
        await west.execute("BEGIN")
        await west.execute(f"UPDATE t SET v = 7 WHERE k = '{key}'")
        waiting = asyncio.ensure_future(heard(cluster, west))
        await asyncio.sleep(after_s)
        cut_off(cluster, "a")
        sqlstate, heard_s = await waiting
        found = await west.execute(f"SELECT v FROM t WHERE k = '{key}'")
        world.network.heal()
        return sqlstate, heard_s, str(found.rows[0][0])

    with world:
        sqlstate, heard_s, value = world.run(scenario())
    assert heard_s < HEARD_S_MAX
    assert (sqlstate, value) in (("", "7"), ("40001", "0"))
    assert after_s < 0.1 or value == "7"
