"""Statements whose literals are what an index is about are planned as they were written; all others share a plan."""

from __future__ import annotations

import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client
from tests.unit.query_processor.support.cluster import run


@pytest.fixture
def client() -> Client:
    cluster = StoredCluster(OPEN)
    made = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    made.query("CREATE TABLE s (id int PRIMARY KEY, status text, a int)")
    made.query("CREATE INDEX computed ON s ((a + 1))")
    made.query("CREATE INDEX fresh ON s (a) WHERE status = 'new' AND id <> 0")
    return made


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("a + 1 = 7", "computed"),
        ("20 > a + 1", "computed"),
        ("a + 2 = 7", "s_pkey"),
        ("status = 'new' AND id <> 0 AND a > 5", "fresh"),
        ("status = 'old' AND id <> 0 AND a > 5", "s_pkey"),
    ],
)
def test_planned_as_written(client: Client, condition: str, index: str) -> None:
    [raw] = client.session.split(f"SELECT id FROM s WHERE {condition}")
    prepared = run(client.session.prepare(raw))
    assert raw.literals and not prepared.raw.literals
    assert any(index in line for line in prepared.planned.plan.explain())


@pytest.mark.parametrize(
    "condition", ["id = 3 AND status = 'new' AND a + 1 = 4", "a = 7", "status = 'new'", "a - 1 = 7"]
)
def test_planned_once(client: Client, condition: str) -> None:
    [raw] = client.session.split(f"SELECT id FROM s WHERE {condition}")
    assert run(client.session.prepare(raw)).raw.literals == raw.literals
