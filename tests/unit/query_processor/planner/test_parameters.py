"""Parameters of statements that write: their types are those of the columns they meet, wherever in the statement they
stand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import Client
from tests.unit.query_processor.support.cluster import run


@pytest.fixture
def client() -> Client:
    cluster = StoredCluster()
    made = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    made.query("CREATE TABLE t (id int PRIMARY KEY, n numeric(6,2), s varchar(3), d date)")
    made.query("CREATE TABLE u (id int PRIMARY KEY, n int8)")
    made.query("INSERT INTO t VALUES (1, 1, 'a', '2024-01-01'), (2, 2, 'b', NULL)")
    made.query("INSERT INTO u VALUES (1, 100), (2, 200)")
    return made


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("INSERT INTO t VALUES ($1, $2, $3, $4)", "int4 numeric varchar date"),
        ("INSERT INTO t (d, id) VALUES ($2, $1)", "int4 date"),
        ("INSERT INTO t (id, n) SELECT $1, $2", "int4 numeric"),
        (
            "INSERT INTO t (id, n) VALUES (3, $1) ON CONFLICT (id) DO UPDATE SET n = t.n + $2, s = $3 WHERE t.d > $4",
            "numeric numeric varchar date",
        ),
        ("UPDATE t SET n = $1, s = $2 WHERE id = $3", "numeric varchar int4"),
        ("UPDATE t SET n = n + $1 WHERE id = $2 RETURNING n * $3", "numeric int4 numeric"),
        ("DELETE FROM t WHERE d BETWEEN $1 AND $2 AND s = $3", "date date text"),
        ("SELECT sum(n) FROM t WHERE id > $1", "int4"),
    ],
)
def test_inferred_types(client: Client, sql: str, types: str) -> None:
    prepared = run(client.session.prepare(sql))
    assert [type_.name for type_ in prepared.parameter_types] == types.split()


def rows(client: Client, sql: str, *datums: Any) -> list[tuple[object, ...]]:
    return client.execute(sql, *datums).rows


def test_a_row_of_parameters(client: Client) -> None:
    assert rows(client, "INSERT INTO t VALUES ($1, $2, $3, $4) RETURNING *", 3, Decimal("1.005"), "xyz", 5) == [
        (3, Decimal("1.01"), "xyz", 5)
    ]


def test_parameters_on_both_sides_of_an_update(client: Client) -> None:
    assert client.execute("UPDATE t SET s = $2 WHERE id = $1", 2, "z").tag == "UPDATE 1"
    assert client.rows("SELECT s FROM t WHERE id = 2") == [("z",)]


def test_the_same_parameter_twice(client: Client) -> None:
    assert rows(client, "UPDATE t SET n = $1 + n WHERE n < $1 RETURNING id", Decimal(2)) == [(1,)]


def test_a_point_that_is_null_or_out_of_range_finds_nothing(client: Client) -> None:
    assert client.execute("UPDATE t SET s = 'q' WHERE id = $1", None).tag == "UPDATE 0"
    assert rows(client, "SELECT id FROM t WHERE id = $1", 2**40) == []


def test_aggregates_with_parameters(client: Client) -> None:
    sql = "SELECT count(*), sum(n * $1::numeric), max(id) + $2::int FROM t WHERE n < $3"
    assert rows(client, sql, Decimal(10), 5, Decimal(2)) == [(1, Decimal("10.00"), 6)]
