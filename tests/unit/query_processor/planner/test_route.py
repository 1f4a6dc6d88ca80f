"""Which executor runs a SELECT: told from the bound query, by a predicate that changes nothing; EXPLAIN (VERBOSE) shows
why it is the column executor."""

from __future__ import annotations

import asyncio
from typing import Any

import pglast
import pytest

from actors.query_processor.planner import make_plan
from actors.query_processor.planner.route import Route, route
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import BoundStatement
from actors.sql.binding.reasons import Reason
from actors.sql.binding.select import bind_statement
from tests.scripts.golden import ScriptRunner

TABLES = """CREATE TABLE t (id int PRIMARY KEY, n int, s text);
CREATE TABLE u (id int PRIMARY KEY, t_id int, a timestamp)"""

ROWS = [
    "SELECT n FROM t WHERE id = $1",
    "SELECT *, n + 1 AS more FROM t AS x WHERE s LIKE 'a%' ORDER BY n DESC, 2 LIMIT 3 OFFSET $1",
    "SELECT 1, now(), CASE WHEN true THEN 'x' END",
    "SELECT t.n, u.a FROM t JOIN u ON u.id = t.n WHERE t.id = 1",
    "SELECT t.n FROM t, u WHERE t.id = 1 AND u.id = t.n",
    "SELECT t.n FROM t LEFT JOIN u ON u.id = t.n WHERE t.id < 9",
    "SELECT y.x FROM t AS y (x) WHERE x = 1",
    "SELECT id, t.n FROM t JOIN u USING (id) WHERE id = 1",
    "SELECT x.z FROM (t NATURAL JOIN u) AS x (z) WHERE z = 1",
    "SELECT n FROM t ORDER BY n USING >",
]
AGGREGATES = ["SELECT count(*), sum(n) + 1, avg(n), min(s), max(id) FROM t WHERE n > 0"]
COLUMNS = {
    "WITH x AS (SELECT 1) SELECT * FROM x": Reason.WITH,
    "SELECT 1 UNION SELECT 2": Reason.SET_OPERATION,
    "VALUES (1), (2)": Reason.VALUES,
    "SELECT DISTINCT n FROM t": Reason.DISTINCT,
    "SELECT n FROM t WINDOW w AS (ORDER BY id)": Reason.WINDOW,
    "SELECT rank() OVER (ORDER BY n) FROM t": Reason.WINDOW,
    "SELECT n FROM t ORDER BY n FETCH FIRST 1 ROW WITH TIES": Reason.TIES,
    "SELECT n, count(*) FROM t GROUP BY n": Reason.GROUPING,
    "SELECT count(*) FROM t HAVING true": Reason.GROUPING,
    "SELECT * FROM (SELECT 1) AS x": Reason.FROM_ITEM,
    "SELECT * FROM t, u, t AS v": Reason.FROM_ITEM,
    "SELECT * FROM t JOIN u ON true JOIN t AS v ON true": Reason.FROM_ITEM,
    "SELECT * FROM t FULL JOIN u ON t.id = u.id": Reason.JOIN,
    "SELECT * FROM t FULL JOIN u USING (id)": Reason.JOIN,
    "SELECT n FROM t ORDER BY ARRAY[n]": Reason.ARRAY_ORDER,
    "SELECT sum(a - a) FROM u": Reason.AGGREGATE_TYPE,
    "SELECT pg_size_pretty(n) FROM t": Reason.FUNCTION,
    "SELECT regexp_replace(s, 'x', 'y') FROM t": Reason.SLOW,
    "SELECT relname FROM pg_class": Reason.NOT_STORED,
    "SELECT (SELECT 1) FROM t": Reason.SUBQUERY,
    "SELECT n FROM t WHERE id IN (SELECT id FROM u)": Reason.SUBQUERY,
    "SELECT n FROM t ORDER BY (SELECT 1)": Reason.SUBQUERY,
    "SELECT generate_series(1, 3)": Reason.SETS,
    "SELECT 't'::regclass::oid": Reason.OBJECT,
    "SELECT count(DISTINCT n) FROM t": Reason.AGGREGATE,
    "SELECT sum(n) FILTER (WHERE n > 0) FROM t": Reason.AGGREGATE,
    "SELECT 1 + stddev(n) FROM t": Reason.AGGREGATE,
    "SELECT count(*)": Reason.AGGREGATE_ALONE,
    "SELECT count(*) FROM t LIMIT 1": Reason.AGGREGATE_CLAUSES,
    "SELECT count(*) FROM t JOIN u ON u.id = t.n": Reason.AGGREGATE_CLAUSES,
}
FOUND_WHILE_PLANNING = {
    "SELECT t.n FROM t JOIN u ON u.t_id = t.n": Reason.JOIN_PATH,
}


@pytest.fixture(scope="module")
def runner() -> ScriptRunner:
    made = ScriptRunner(open_mode=False)

    async def begin() -> None:
        for statement in TABLES.split(";"):
            answer = await made.run("a", statement)
            assert answer == ["CREATE TABLE"], answer
        await made.run("a", "SELECT id FROM u")  # which loads the catalog

    asyncio.run(begin())
    return made


def parsed(sql: str) -> Any:
    return pglast.parse_sql(sql)[0].stmt


def catalog_of(runner: ScriptRunner) -> Any:
    catalog = runner.services.catalogs.current
    assert catalog is not None
    return catalog


def bound(sql: str, runner: ScriptRunner) -> BoundStatement:
    return bind_statement(parsed(sql), catalog_of(runner), ParameterTypes())


@pytest.mark.parametrize("sql", ROWS + AGGREGATES)
def test_the_row_executor_takes(runner: ScriptRunner, sql: str) -> None:
    assert route(bound(sql, runner)) == Route(None, sql in AGGREGATES)


@pytest.mark.parametrize(("sql", "reason"), COLUMNS.items())
def test_the_column_executor_takes(runner: ScriptRunner, sql: str, reason: Reason) -> None:
    assert route(bound(sql, runner)).reason is reason


@pytest.mark.parametrize(("sql", "reason"), [*FOUND_WHILE_PLANNING.items(), *list(COLUMNS.items())[:3]])
def test_explain_shows_the_reason(runner: ScriptRunner, sql: str, reason: Reason) -> None:
    plan = make_plan(parsed(sql), catalog_of(runner), [], runner.session("a").settings)
    assert f"  Chosen for: {reason}" in plan.explain(verbose=True)
    assert not any("Chosen" in line for line in plan.explain())


@pytest.mark.parametrize("sql", [*ROWS, *AGGREGATES, *COLUMNS, *FOUND_WHILE_PLANNING])
def test_planning_changes_no_tree(runner: ScriptRunner, sql: str) -> None:
    """Statements that differ in literals alone share one."""
    node = parsed(sql)
    before = repr(node)
    make_plan(node, catalog_of(runner), [], runner.session("a").settings)
    assert repr(node) == before
