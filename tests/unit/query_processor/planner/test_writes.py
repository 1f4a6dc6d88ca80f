"""What writes: a pure predicate says which UPDATE and DELETE find their rows by one access path; subqueries that depend
on nothing become statements of their own; binding and planning change no tree."""

from __future__ import annotations

import asyncio
from typing import Any

import pglast
import pytest

from actors.query_processor.planner import make_plan
from actors.query_processor.planner.route import route_change
from actors.query_processor.row_executor.modifying import JoinedChangePlan
from actors.sql.binding.change import bind_change
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import Select, Subquery, TableItem
from actors.sql.binding.reasons import Reason
from actors.sql.binding.select import Binder
from actors.sql.binding.standalone import standalone
from actors.sql.binding.statements import BoundChange
from tests.scripts.golden import ScriptRunner

TABLES = """CREATE TABLE t (id int PRIMARY KEY, n int, s text);
CREATE TABLE u (id int PRIMARY KEY, t_id int);
CREATE TABLE h (x int)"""
ROWS = [
    "UPDATE t SET n = n + 1 WHERE id = $1",
    "UPDATE t SET n = (SELECT max(id) FROM u), s = $2 WHERE id = (SELECT min(id) FROM u WHERE t_id = $1)",
    "UPDATE t SET (n, s) = (SELECT id, 'x' FROM u WHERE id = 3)",
    "UPDATE t SET n = nextval('q')",
    "DELETE FROM t WHERE s LIKE 'a%' RETURNING *, (SELECT count(*) FROM u WHERE t_id = t.id)",
    "DELETE FROM h WHERE EXISTS (SELECT 1 FROM u)",
]
QUERIED = {
    "UPDATE t SET n = u.id FROM u WHERE u.t_id = t.id": Reason.FROM_ITEM,
    "DELETE FROM t USING u WHERE u.t_id = t.id": Reason.FROM_ITEM,
    "WITH x AS (SELECT 1 AS a) DELETE FROM t WHERE id IN (SELECT a FROM x)": Reason.WITH,
    "UPDATE t SET n = (SELECT max(id) FROM u WHERE u.t_id = t.id)": Reason.SUBQUERY,
    "UPDATE t SET (n, s) = (SELECT id, 'x' FROM u WHERE u.id = t.id)": Reason.SUBQUERY,
    "DELETE FROM h WHERE x IN (SELECT id FROM u)": Reason.SUBQUERY,
    "DELETE FROM t WHERE regexp_replace(s, 'x', 'y') = 'a'": Reason.SLOW,
    "DELETE FROM t WHERE nextval('q') > id": Reason.SEQUENCE,
}
OTHERS = [
    "WITH x AS (DELETE FROM t RETURNING *) INSERT INTO t SELECT * FROM x RETURNING (SELECT count(*) FROM u)",
    "INSERT INTO t VALUES (1, 2, 'x') ON CONFLICT (id) DO UPDATE SET n = (SELECT max(id) FROM u WHERE id < excluded.n)",
]


@pytest.fixture(scope="module")
def runner() -> ScriptRunner:
    made = ScriptRunner(open_mode=True)

    async def begin() -> None:
        for statement in TABLES.split(";"):
            assert await made.run("a", statement) == ["CREATE TABLE"]
        await made.run("a", "CREATE SEQUENCE q")
        await made.run("a", "SELECT id FROM u")  # which loads the catalog

    asyncio.run(begin())
    return made


def bound(sql: str, runner: ScriptRunner) -> BoundChange:
    binder = Binder(runner.services.catalogs.current, ParameterTypes())  # type: ignore[arg-type]
    binder.locking = []
    return bind_change(binder, pglast.parse_sql(sql)[0].stmt)


def planned(sql: str, runner: ScriptRunner, node: Any = None) -> Any:
    node = node or pglast.parse_sql(sql)[0].stmt
    return make_plan(node, runner.services.catalogs.current, [], runner.session("a").settings)  # type: ignore[arg-type]


def routed(change: BoundChange) -> Reason | None:
    def is_result(position: int) -> bool:
        call = change.values.calls[position]
        alone = isinstance(call, Subquery) and call.kind in ("EXISTS", "SCALAR")
        return alone and standalone(call.query, change.values) is not None  # type: ignore[union-attr]

    return route_change(change, is_result)


@pytest.mark.parametrize("sql", ROWS)
def test_one_access_path_finds_the_rows(runner: ScriptRunner, sql: str) -> None:
    assert routed(bound(sql, runner)) is None
    assert not isinstance(planned(sql, runner), JoinedChangePlan)


@pytest.mark.parametrize(("sql", "reason"), QUERIED.items())
def test_a_query_finds_the_rows(runner: ScriptRunner, sql: str, reason: Reason) -> None:
    assert routed(bound(sql, runner)) is reason
    assert isinstance(planned(sql, runner), JoinedChangePlan)


@pytest.mark.parametrize("sql", [*ROWS, *QUERIED, *OTHERS])
def test_planning_changes_no_tree(runner: ScriptRunner, sql: str) -> None:
    """Statements that differ in literals alone share one."""
    node = pglast.parse_sql(sql)[0].stmt
    before = repr(node)
    planned(sql, runner, node)
    assert repr(node) == before


def subquery_of(sql: str, runner: ScriptRunner) -> Any:
    change = bound(sql, runner)
    (call,) = (call for call in change.values.calls.values() if isinstance(call, Subquery))
    return standalone(call.query, change.values)


def test_a_subquery_alone_has_positions_from_zero(runner: ScriptRunner) -> None:
    statement = subquery_of("UPDATE t SET n = (SELECT t_id FROM u WHERE id = 3)", runner)
    body = statement.query.body
    assert isinstance(body, Select)
    (item,) = body.items
    assert isinstance(item, TableItem)
    assert (item.offset, [target.position for target in body.targets]) == (0, [1])
    assert statement.tables == [item]


@pytest.mark.parametrize(
    ("sql", "is_alone"),
    [
        ("DELETE FROM t WHERE n = (SELECT max(id) FROM u WHERE t_id = t.id)", False),
        ("DELETE FROM t WHERE n = (SELECT count(*) FROM u JOIN t AS v ON v.id = u.id)", True),
        ("DELETE FROM t WHERE n = (SELECT v.a + t.n FROM (SELECT 1 AS a) v)", False),
        ("WITH x AS (SELECT 1 AS a) DELETE FROM t WHERE n = (SELECT a FROM x)", True),
    ],
)
def test_what_depends_on_the_row_is_no_statement_of_its_own(runner: ScriptRunner, sql: str, is_alone: bool) -> None:
    assert (subquery_of(sql, runner) is not None) is is_alone
