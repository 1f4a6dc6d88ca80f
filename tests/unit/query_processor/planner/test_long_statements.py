"""Long lists are no deep trees; what is nested too deeply is refused with 54001, as PostgreSQL does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import Client

ITEMS = 1500


@pytest.fixture
def client() -> Client:
    cluster = StoredCluster()
    made = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    made.query("CREATE TABLE t (id int PRIMARY KEY, n numeric)")
    made.query("INSERT INTO t VALUES (1, 1), (2, 2.5), (3, NULL)")
    return made


@pytest.mark.parametrize(("operator", "found"), [("IN", [(2,)]), ("NOT IN", [(1,)])])
def test_long_lists_of_constants(client: Client, operator: str, found: list[tuple[int]]) -> None:
    values = ", ".join(f"{number}.5" for number in range(ITEMS))
    assert client.rows(f"SELECT id FROM t WHERE n {operator} ({values})") == found


def test_long_lists_of_parameters(client: Client) -> None:
    sql = f"SELECT id FROM t WHERE n IN ({', '.join(f'${number}' for number in range(1, ITEMS + 1))})"
    assert client.execute(sql, *[Decimal(number) for number in range(ITEMS)]).rows == [(1,)]


def test_long_lists_of_keys(client: Client) -> None:
    sql = f"UPDATE t SET n = 0 WHERE id IN ({', '.join(map(str, range(ITEMS)))})"
    assert client.tag(sql) == "UPDATE 3"


@pytest.mark.parametrize("terms", [300, 3000])
def test_a_deep_expression_is_refused(client: Client, terms: int) -> None:
    assert client.code(f"SELECT {' + '.join(['id'] * terms)} FROM t") == "54001"
    assert client.rows("SELECT id FROM t WHERE id = 1") == [(1,)]
