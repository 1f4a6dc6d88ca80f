"""Portals under row limits, and executed again, as PostgreSQL 18 has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.session import Session
from actors.sql.results import Batch, all_rows
from tests.scripts.golden import ScriptRunner, fiber


def run(check: Callable[[Session], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        runner = ScriptRunner(open_mode=True)
        await runner.run("a", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (4)")
        await check(runner.session("a"))

    asyncio.run(main())


async def portal_of(session: Session, sql: str) -> Any:
    [raw] = session.split(sql)
    return session.bind(await fiber(session.prepare(raw)))


async def taken(portal: Any, rows_max: int) -> tuple[int, bool, str]:
    """(rows, whether they were the last, the command tag) of one Execute."""
    batch: Batch = await fiber(portal.start(rows_max))
    rows = await fiber(all_rows(batch, 0))
    return len(rows), batch.done, batch.tag


@pytest.mark.parametrize("source", ["t", "(SELECT * FROM t) q"], ids=["rows", "columns"])
def test_a_limit_that_equals_what_is_left_suspends(source: str) -> None:
    async def check(session: Session) -> None:
        portal = await portal_of(session, f"SELECT id FROM {source} ORDER BY id")
        assert [(count, done) for count, done, _ in [await taken(portal, 2) for _ in range(4)]] == [
            (2, False),
            (2, False),
            (0, True),
            (0, True),
        ]
        whole = await portal_of(session, f"SELECT id FROM {source}")
        assert await taken(whole, 0) == (4, True, "SELECT 4")
        assert (await taken(whole, 0))[:2] == (0, True)
        more = await portal_of(session, f"SELECT id FROM {source}")
        assert await taken(more, 5) == (4, True, "SELECT 4")
        none = await portal_of(session, f"SELECT id FROM {source} WHERE id > 9")
        assert await taken(none, 1) == (0, True, "SELECT 0")

    run(check)


@pytest.mark.parametrize(
    "sql",
    ["UPDATE t SET id = id + 10 WHERE id = 1", "INSERT INTO t VALUES (5)", "DELETE FROM t", "SET search_path = s"],
)
@pytest.mark.parametrize("rows_max", [0, 1])
def test_a_statement_without_rows_runs_once(sql: str, rows_max: int) -> None:
    async def check(session: Session) -> None:
        portal = await portal_of(session, sql)
        assert (await taken(portal, rows_max))[1]
        with pytest.raises(DatabaseError) as caught:
            await taken(portal, rows_max)
        assert (caught.value.sqlstate, caught.value.message) == ("55000", 'portal "" cannot be run')

    run(check)


def test_returning_and_show_have_rows() -> None:
    async def check(session: Session) -> None:
        portal = await portal_of(session, "UPDATE t SET id = id + 10 RETURNING id")
        assert [(await taken(portal, 4))[:2], (await taken(portal, 4))[:2]] == [(4, False), (0, True)]
        shown = await portal_of(session, "SHOW search_path")
        assert [(await taken(shown, 0))[:2], (await taken(shown, 0))[:2]] == [(1, True), (0, True)]

    run(check)
