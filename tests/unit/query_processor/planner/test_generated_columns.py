"""Generated columns by the ways of many rows: COPY in rows and in columns, long lists of VALUES, INSERT ... SELECT."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client
from tests.unit.query_processor.support.cluster import run


@pytest.fixture
def client() -> Client:
    cluster = StoredCluster(OPEN)
    opened = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    opened.query("CREATE TABLE g (a int PRIMARY KEY, twice int GENERATED ALWAYS AS (a * 2) STORED, b text)")
    return opened


def kept(client: Client) -> list[Any]:
    rows: list[Any] = client.rows("SELECT a, twice, b FROM g ORDER BY a")
    return rows


def test_copy_of_rows_leaves_generated_columns_out(client: Client) -> None:
    portal = client.session.bind(run(client.session.prepare("COPY g FROM STDIN")))
    assert portal.copy.columns == ("a", "b")
    run(portal.copy_rows([(1, "x"), (2, None)]))
    run(portal.copy_end())
    run(client.session.sync())
    assert kept(client) == [(1, 2, "x"), (2, 4, None)]


def test_copy_of_columns_computes_them(client: Client) -> None:
    portal = client.session.bind(run(client.session.prepare("COPY g (a) FROM STDIN WITH (FORMAT arrow)")))
    run(portal.copy_columns([pa.array(range(5, 8), pa.int32())]))
    run(portal.copy_end())
    run(client.session.sync())
    assert kept(client) == [(5, 10, None), (6, 12, None), (7, 14, None)]


def test_copy_names_no_generated_column(client: Client) -> None:
    for sql in ("COPY g (a, twice) FROM STDIN", "COPY g (twice) TO STDOUT"):
        with pytest.raises(DatabaseError, match='column "twice" is a generated column') as caught:
            run(client.session.prepare(sql))
        assert caught.value.sqlstate == "42P10"
    portal = client.session.bind(run(client.session.prepare("COPY g TO STDOUT")))
    assert portal.copy.columns == ("a", "b")


def test_long_lists_of_values_and_queries(client: Client) -> None:
    listed = ", ".join(f"({number}, DEFAULT, 'name {number}')" for number in range(100))
    client.query(f"INSERT INTO g VALUES {listed}")
    assert kept(client) == [(number, 2 * number, f"name {number}") for number in range(100)]
    client.query("CREATE TABLE h (a int PRIMARY KEY, minus int GENERATED ALWAYS AS (-a) STORED)")
    client.query("INSERT INTO h SELECT n FROM generate_series(1, 3000) n")
    assert client.rows("SELECT count(*), sum(minus) FROM h") == [(3000, -4501500)]
