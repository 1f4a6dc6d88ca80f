"""Joins, groups and the like begin in rows and switch to DuckDB where there are too many: the answers are the same, and
no row is given twice."""

from __future__ import annotations

import asyncio

import pytest

from actors.query_processor.row_executor import operators
from tests.scripts.golden import ScriptRunner

TABLES = [
    "CREATE TABLE t (id int PRIMARY KEY, n int, s text)",
    "CREATE TABLE u (id int PRIMARY KEY, t int)",
    "INSERT INTO t VALUES " + ", ".join(f"({number}, {number % 3}, 's{number % 5}')" for number in range(40)),
    "INSERT INTO u VALUES " + ", ".join(f"({number}, {number // 2})" for number in range(40)),
]
QUERIES = [
    "SELECT n, count(*), sum(id), array_agg(id ORDER BY id) FROM t GROUP BY n ORDER BY n",
    "SELECT t.id, u.id FROM t JOIN u ON u.t = t.n ORDER BY 1, 2",
    "SELECT count(*) FROM t JOIN u ON u.t > t.id",
    "SELECT DISTINCT s FROM t ORDER BY s DESC",
    "SELECT id FROM t UNION SELECT t + 30 FROM u ORDER BY 1",
    "SELECT s FROM t WHERE id IN (SELECT t FROM u WHERE id > 30) ORDER BY id",
    "WITH x AS (SELECT n, max(id) AS m FROM t GROUP BY n) SELECT * FROM x JOIN u ON u.id = x.m ORDER BY 1",
]


def answers(small_rows_max: int) -> list[list[str]]:
    """Of each query, and of its EXPLAIN ANALYZE's first line."""
    runner = ScriptRunner(True, small_rows_max)

    async def run() -> list[list[str]]:
        for statement in TABLES:
            await runner.run("a", statement)
        found = []
        for query in QUERIES:
            explained = await runner.run("a", f"EXPLAIN ANALYZE {query}")
            found.append(
                [*await runner.run("a", query), *await runner.run("a", query), explained[1].partition(" (")[0]]
            )
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("rows_max", [0, 1, 20, 39])
def test_too_many_rows_of_a_table(rows_max: int) -> None:
    few, many = answers(2048), answers(rows_max)
    assert {answer[-1] for answer in few} == {"Row Operators"}
    assert [answer[:-1] for answer in few] == [answer[:-1] for answer in many]
    switched = [answer[-1] for answer in many].count("Column Executor")
    assert switched == len(QUERIES) if rows_max < 9 else switched >= len(QUERIES) - 1


def test_too_many_rows_of_a_join(monkeypatch: pytest.MonkeyPatch) -> None:
    few = answers(2048)
    monkeypatch.setattr(operators, "JOINED_MAX", 20)
    monkeypatch.setattr(operators, "PAIRS_MAX", 100)
    many = answers(2048)
    assert [answer[:-1] for answer in few] == [answer[:-1] for answer in many]
    assert [answer[-1] for answer in many].count("Column Executor") == 2


def test_a_subquery_of_several_rows_is_an_error() -> None:
    runner = ScriptRunner(True)

    async def run() -> list[str]:
        for statement in TABLES:
            await runner.run("a", statement)
        return await runner.run("a", "SELECT count(*) FROM t WHERE n = (SELECT id FROM u)")

    assert asyncio.run(run()) == ["ERROR 21000: more than one row returned by a subquery used as an expression"]


def test_columns_alone_and_what_the_transaction_has_written() -> None:
    """A scan for few of a table's columns gives these alone, and whole rows where own writes are merged in."""
    runner = ScriptRunner(True)

    async def run() -> list[list[str]]:
        await runner.run("a", "CREATE TABLE w (id int PRIMARY KEY, a int, s text, b int, c int, d text)")
        await runner.run("a", "INSERT INTO w VALUES (1, 10, 'x', 5, 7, 'p'), (2, 20, 'y', 6, 8, 'q')")
        query = "SELECT v.s, u.a, count(*) FROM w v JOIN w u ON u.a = v.b * 2 GROUP BY v.s, u.a ORDER BY 1"
        before = await runner.run("a", query)
        for statement in ("BEGIN", "INSERT INTO w VALUES (3, 12, 'z', 10, 9, 'r')"):
            await runner.run("a", statement)
        return [before, await runner.run("a", query), await runner.run("a", f"EXPLAIN {query}")]

    before, within, explained = asyncio.run(run())
    assert before == ["s|a|count", "x|10|1", "SELECT 1"]
    assert within == ["s|a|count", "x|10|1", "y|12|1", "z|20|1", "SELECT 3"]
    assert "                Projections: s, b" in explained
