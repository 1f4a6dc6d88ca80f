"""Long lists are no deep trees; what is nested too deeply is refused with 54001, as PostgreSQL does."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from actors.sql.binding.lists import LONG_LIST
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import Client, LoopClient

ITEMS = 600
"""Twice as many as an expression may be deep, and more."""


@pytest.fixture
def client() -> Iterator[Client]:
    cluster = StoredCluster()
    made = LoopClient(cluster, SessionServices(cluster.context, make_plan, make_environment))
    made.query("CREATE TABLE t (id int PRIMARY KEY, n numeric)")
    made.query("INSERT INTO t VALUES (1, 1), (2, 2.5), (3, NULL)")
    yield made
    made.loop.close()


@pytest.mark.parametrize(("operator", "found"), [("IN", [(2,)]), ("NOT IN", [(1,)])])
def test_long_lists_of_constants(client: Client, operator: str, found: list[tuple[int]]) -> None:
    values = ", ".join(f"{number}.5" for number in range(ITEMS))
    assert client.rows(f"SELECT id FROM t WHERE n {operator} ({values})") == found


def rows_of(client: Client, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    batch = client.execute(sql, *parameters)
    return list(batch.rows)


def test_long_lists_of_parameters(client: Client) -> None:
    sql = f"SELECT id FROM t WHERE n IN ({', '.join(f'${number}' for number in range(1, ITEMS + 1))})"
    assert client.execute(sql, *[Decimal(number) for number in range(ITEMS)]).rows == [(1,)]


LISTS = {
    "n numeric": (["1.0", "2.50", "7"], ["1", "2.5"], "{}.25"),
    "n float8": (["NaN", "1", "2.5", "7"], ["NaN", "1", "2.5"], "{}.25"),
    "n text": (["a", "b''c", "", "é"], ["a", "b''c", "é"], "x{}"),
    "n varchar(9)": (["a", "b", "c"], ["a", "c"], "x{}"),
    "n char(4)": (["a", "b ", "c"], ["a ", "b"], "x{}"),
    "n int8": (["1", "9000000000", "3"], ["1", "9000000000"], "8{}"),
    "n int2": (["1", "2", "3"], ["1", "2"], "8{}"),
    "n date": (["2026-01-01", "infinity", "2026-01-03"], ["2026-01-01", "infinity"], "2025-01-01"),
    "n uuid": (["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
               ["00000000-0000-0000-0000-000000000001"], "00000000-0000-0000-0001-000000000001"),
    "n interval": (["1 mon", "30 days", "3 days"], ["30 days"], "{} years"),
}  # fmt: skip


@pytest.mark.parametrize("source", ["u", "(SELECT * FROM u) q"], ids=["row", "column"])
@pytest.mark.parametrize("null", ["", ", NULL"])
@pytest.mark.parametrize("column", LISTS)
def test_a_long_list_answers_as_a_short_one(client: Client, column: str, null: str, source: str) -> None:
    values, wanted, padding = LISTS[column]
    client.query(f"CREATE TABLE u (id int PRIMARY KEY, {column})")
    rows = ", ".join(f"({number}, '{value}')" for number, value in enumerate(values, 1))
    client.query(f"INSERT INTO u VALUES {rows}, (100, NULL)")
    short = ", ".join(f"'{value}'" for value in wanted) + null
    long = ", ".join(f"'{padding.format(number)}'" for number in range(LONG_LIST)) + ", " + short
    for test in ("n IN ({})", "n NOT IN ({})", "(n IN ({})) IS NULL", "NOT (n IN ({})) OR n IS NULL"):
        found = [
            client.rows(f"SELECT id FROM {source} WHERE {test.format(items)} ORDER BY id") for items in (short, long)
        ]
        assert found[0] == found[1], test
    for operator, joint, test in (("=", " OR ", "n IN ({})"), ("<>", " AND ", "n NOT IN ({})")):
        written = joint.join(f"n {operator} {item}" for item in long.split(", "))
        found = [
            client.rows(f"SELECT id FROM {source} WHERE {each} ORDER BY id") for each in (test.format(short), written)
        ]
        assert found[0] == found[1], written[-60:]


@pytest.mark.parametrize("source", ["t", "(SELECT * FROM t) q"], ids=["row", "column"])
def test_long_lists_of_parameters_and_of_both(client: Client, source: str) -> None:
    parameters = ", ".join(f"${number}" for number in range(1, ITEMS + 1))
    given = [Decimal(number) for number in range(100, ITEMS + 100)]
    for items, found in ((f"{parameters}, 1", 1), (f"{parameters}, id", 1), (f"{parameters}, NULL, $1::numeric", 0)):
        sql = f"SELECT count(*) FROM {source} WHERE n + 0 IN ({items})"
        assert rows_of(client, sql, given) == [(found,)], items[-20:]
    sql = f"SELECT count(*) FROM {source} WHERE n + 0 NOT IN ({parameters}, 1)"
    assert rows_of(client, sql, given) == [(1,)]


def test_long_alternatives_of_any_form(client: Client) -> None:
    many = " OR ".join(f"n + {number} = 1" for number in range(ITEMS))
    assert client.rows(f"SELECT id FROM t WHERE {many}") == [(1,)]
    assert client.rows(f"SELECT id, {many} FROM t WHERE id < 4 ORDER BY id") == [(1, True), (2, False), (3, None)]
    every = " AND ".join(f"n + {number} <> 1" for number in range(ITEMS))
    assert client.rows(f"SELECT id FROM t WHERE NOT ({every})") == [(1,)]
    assert client.rows(f"SELECT id, {every} FROM t WHERE id < 4 ORDER BY id") == [(1, False), (2, True), (3, None)]


def test_an_array_of_a_run_is_not_the_next_ones(client: Client) -> None:
    items = ", ".join(f"${number}" for number in range(1, ITEMS + 1))
    sql = f"SELECT id, n IN ({items}) FROM t WHERE id = 1"
    client.query("BEGIN")
    for wanted in (True, False, True):
        assert client.execute(sql, *[Decimal(0 if wanted else 5) + number for number in range(ITEMS)]).rows == [
            (1, wanted)
        ]
    client.query("COMMIT")


def test_as_many_columns_as_postgresql_has(client: Client) -> None:
    assert len(client.rows("SELECT " + ", ".join(["id"] * 1664) + " FROM t WHERE id = 1")[0]) == 1664
    for source in ("t", "(SELECT * FROM t) q"):
        refused = client.error("SELECT " + ", ".join(["id"] * 1665) + f" FROM {source}")
        assert (refused.sqlstate, refused.message) == ("54011", "target lists can have at most 1664 entries")


def test_long_lists_of_keys(client: Client) -> None:
    sql = f"UPDATE t SET n = 0 WHERE id IN ({', '.join(map(str, range(ITEMS)))})"
    assert client.tag(sql) == "UPDATE 3"


@pytest.mark.parametrize("terms", [300, 3000])
def test_a_deep_expression_is_refused(client: Client, terms: int) -> None:
    assert client.code(f"SELECT {' + '.join(['id'] * terms)} FROM t") == "54001"
    assert client.rows("SELECT id FROM t WHERE id = 1") == [(1,)]
