"""UPDATEs of one row, each a transaction of its own, that begin where their replica stands (session/early.py)."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from actors.common.errors import CHECK_VIOLATION, SERIALIZATION_FAILURE
from actors.common.settings import OPEN_LIMITS, Layout, Settings
from actors.query_processor.session import early
from cluster.simulation.simulated_cluster import SimulatedCluster
from cluster.simulation.sql_client import SimulatedConnection
from tests.sim.undisturbed import undisturbed
from workloads.proofs.connection import SqlError

CLIENTS, ROWS, TIMES = 6, 3, 20
PAUSE_S_MAX = 0.05
"""Long enough that others write meanwhile, of which a replica hears nothing before it is asked."""


def commit_as_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug: the change has read what was there before."""
    changed = early._changed

    async def careless(session: Any, prepared: Any, parameters: Any) -> Any:
        batch = await changed(session, prepared, parameters)
        if batch is not None:
            session.transaction.start_ts = session.services.transactions.now()
        return batch

    monkeypatch.setattr(early, "_changed", careless)


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each early change: whether it has lost."""
    noted: list[bool] = []
    note = early.EarlyChanges.note

    def noting(self: Any, lost: bool) -> None:
        noted.append(lost)
        note(self, lost)

    monkeypatch.setattr(early.EarlyChanges, "note", noting)
    return noted


def _cluster() -> SimulatedCluster:
    """Each query processor has a replica in its own process, and shares it with an adjudicator at most."""
    layout = Layout(placement="az", query_processors=3)
    return SimulatedCluster(0, undisturbed(Settings(mode="open", limits=OPEN_LIMITS, layout=layout)))


async def _connected(cluster: SimulatedCluster, number: int) -> SimulatedConnection:
    """Clients go to query processors by their names."""
    return await cluster.database(f"client {number}").connect()


async def _raised(cluster: SimulatedCluster) -> tuple[int, int]:
    """From all query processors at once, at few rows: how often they were raised, as clients were told, and as the rows
    tell."""
    await cluster.start()
    connection = await _connected(cluster, 0)
    await connection.execute("CREATE TABLE t (k int PRIMARY KEY, n int)")
    await connection.execute(f"INSERT INTO t SELECT k, 0 FROM generate_series(1, {ROWS}) AS k")
    told = 0

    async def client(number: int) -> None:
        nonlocal told
        own, random = await _connected(cluster, number), Random(number)
        for _ in range(TIMES):
            await asyncio.sleep(random.uniform(0, PAUSE_S_MAX))
            try:
                answer = await own.execute(f"UPDATE t SET n = n + 1 WHERE k = {random.randint(1, ROWS)}")
            except SqlError as error:
                assert error.sqlstate == SERIALIZATION_FAILURE
            else:
                assert answer.tag == "UPDATE 1"
                told += 1

    await asyncio.gather(*map(client, range(CLIENTS)))
    [(found,)] = (await connection.execute("SELECT sum(n) FROM t")).rows
    return told, int(found or 0)


@pytest.mark.parametrize("is_planted", [False, True])
def test_no_early_change_is_lost(is_planted: bool, notes: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """But where it claims to have read what it has not."""
    if is_planted:
        commit_as_of_now(monkeypatch)
    cluster = _cluster()
    with cluster.world:
        told, found = cluster.world.run(_raised(cluster))
    assert found < told if is_planted else found == told
    assert {True, False} <= set(notes) or is_planted


def _function(body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION f(a int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT {body}'"


async def _told(cluster: SimulatedCluster) -> list[str]:
    """What one client is told of rows that another has just written, at another query processor."""
    await cluster.start()
    first = await _connected(cluster, 0)
    await first.execute("CREATE TABLE t (k int PRIMARY KEY, n int CHECK (n < 10))")
    await first.execute("INSERT INTO t VALUES (1, 9), (2, 0), (3, 0)")
    await first.execute("CREATE FUNCTION f(a int) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    told = []
    for number in range(CLIENTS):
        second = await _connected(cluster, number)
        for write, then in (
            ("CREATE OR REPLACE VIEW v AS SELECT * FROM t", "UPDATE v SET n = 1 WHERE k = 2"),
            ("CREATE OR REPLACE VIEW v AS SELECT * FROM t WHERE n > 99", "UPDATE v SET n = 1 WHERE k = 2"),
            (_function("true"), "UPDATE t SET n = 1 WHERE k = 2 AND f(n)"),
            (_function("false"), "UPDATE t SET n = 1 WHERE k = 2 AND f(n)"),
            (f"INSERT INTO t VALUES (4{number}, 0)", f"UPDATE t SET n = 1 WHERE k = 4{number}"),
            ("UPDATE t SET n = 7 WHERE k = 2", "UPDATE t SET n = n - 7 WHERE k = 2 AND n = 7"),
            ("UPDATE t SET n = 8 WHERE k = 1", "UPDATE t SET n = n + 1 WHERE k = 1"),
            ("DELETE FROM t WHERE k = 3", "UPDATE t SET n = 1 WHERE k = 3"),
        ):
            await second.execute("SELECT n FROM t WHERE k = 2")  # its replica has come to now
            await first.execute(write)
            told.append((await second.execute(then)).tag)
        await first.execute("INSERT INTO t VALUES (3, 0)")
        try:
            await second.execute("UPDATE t SET n = n + 1 WHERE k = 1")
        except SqlError as error:
            told.append(error.sqlstate)
    return told


def test_what_is_told_is_true_of_the_row_as_it_is(notes: list[bool]) -> None:
    cluster = _cluster()
    with cluster.world:
        told = cluster.world.run(_told(cluster))
    defined = ["UPDATE 1", "UPDATE 0", "UPDATE 1", "UPDATE 0"]
    assert told == CLIENTS * [*defined, "UPDATE 1", "UPDATE 1", "UPDATE 1", "UPDATE 0", CHECK_VIOLATION]
    assert {True, False} <= set(notes)
