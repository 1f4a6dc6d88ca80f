"""Statements that DuckDB runs, as streams: what is computed ahead, what a cancel frees, what memory they have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Limits, Querying, Settings
from actors.query_processor.column_executor.engine import Engine
from actors.query_processor.planner import make_environment
from actors.query_processor.session import Session, SessionServices
from actors.query_processor.session.portals import Portal
from actors.runtime.fiber import Fiber
from actors.sql.results import Batch, RowStream
from tests.scripts.golden import ScriptRunner, fiber

ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"
MANY = "SELECT g, 7 FROM generate_series(1, 1000000000) a(g)"
CANCEL = DatabaseError("57014", "canceling statement due to user request")


class Cluster(ScriptRunner):
    """Sessions by letter, on one query processor; `querying` and `limits` as settings have them."""

    def __init__(self, limits: Limits | None = None, **querying: int) -> None:
        super().__init__(False)
        settings = Settings(querying=Querying(**querying), limits=limits or Limits())  # type: ignore[arg-type]
        context = self.cluster.context.__class__(**{**_fields(self.cluster.context), "settings": settings})
        self.services = SessionServices(context, self.services.statements._planner, make_environment)

    @property
    def engine(self) -> Engine:
        engine = self.services.transactions.engine
        assert engine is not None
        return engine

    async def portal(self, session: Session, sql: str) -> Portal:
        [raw] = session.split(sql)
        return session.bind(await fiber(session.prepare(raw)))

    async def start(self, session: Session, sql: str, rows_max: int = 0) -> tuple[Portal, Batch]:
        portal = await self.portal(session, sql)
        return portal, await fiber(portal.start(rows_max))

    async def quiet(self) -> None:
        """Until no statement is open."""
        while self.engine.open_statements:
            await asyncio.sleep(0.001)


def _fields(context: Any) -> dict[str, Any]:
    return {name: getattr(context, name) for name in context.__dataclass_fields__}


def in_loop(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(), 60)

    asyncio.run(main())


async def rows_of(stream: RowStream) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    while (piece := await fiber(stream.next())) is not None:
        rows += piece.rows()
    return rows


def running(session: Session, portal: Portal) -> tuple[Fiber, asyncio.Future[BaseException | None]]:
    """A portal under execution, as a connection's fiber runs it."""
    end: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    return Fiber(portal.run(), lambda _, error: end.set_result(error)), end


# -- streaming ---------------------------------------------------------------------------------------------------------


def test_a_large_result_is_computed_only_as_far_as_it_is_taken() -> None:
    async def test() -> None:
        cluster = Cluster()
        session = cluster.session("a")
        _, batch = await cluster.start(session, MANY)
        assert batch.stream is not None and not batch.done
        taken = 0
        for _ in range(5):
            piece = await fiber(batch.stream.next())
            taken += len(piece)
        assert 0 < taken < 100_000
        session.fail()
        await cluster.quiet()

    in_loop(test)


def test_a_row_limit_suspends_the_statement_without_a_thread() -> None:
    async def test() -> None:
        cluster = Cluster()
        session = cluster.session("a")
        portal, batch = await cluster.start(session, MANY, 3)
        assert batch.stream is not None
        assert await rows_of(batch.stream) == [(1, 7), (2, 7), (3, 7)] and not batch.done and batch.tag == "SELECT 3"
        assert portal._result is not None and portal._result.stream._step is None  # type: ignore[union-attr]
        batch = await fiber(portal.start(2))
        assert batch.stream is not None and await rows_of(batch.stream) == [(4, 7), (5, 7)]
        assert cluster.engine.open_statements == 1
        portal.close()
        await cluster.quiet()

    in_loop(test)


def test_the_tag_and_the_end_of_a_limited_portal() -> None:
    async def test() -> None:
        cluster = Cluster()
        session = cluster.session("a")
        portal = await cluster.portal(session, "SELECT g FROM generate_series(1, 5) a(g) WHERE g > 0")
        answers = []
        for _ in range(4):
            batch = await fiber(portal.run(2))
            answers.append((len(batch.rows), batch.done, batch.tag))
        assert answers == [(2, False, "SELECT 2"), (2, False, "SELECT 2"), (1, True, "SELECT 1"), (0, True, "SELECT 0")]

    in_loop(test)


def test_an_error_in_the_middle_of_a_result_comes_after_rows() -> None:
    async def test() -> None:
        cluster = Cluster()
        session = cluster.session("a")
        _, batch = await cluster.start(session, "SELECT 1 / (1000000 - g) FROM generate_series(1, 2000000) a(g)")
        assert batch.stream is not None and len(await fiber(batch.stream.next())) > 0
        with pytest.raises(DatabaseError, match="division by zero"):
            await rows_of(batch.stream)
        session.fail()
        await cluster.quiet()

    in_loop(test)


def test_the_end_of_a_transaction_ends_its_statements() -> None:
    async def test() -> None:
        cluster = Cluster()
        session = cluster.session("a")
        await cluster.run("a", "BEGIN")
        await cluster.run("a", f"DECLARE c CURSOR FOR {MANY}")
        assert await cluster.run("a", "FETCH 2 FROM c") == ["g|?column?", "1|7", "2|7", "FETCH 2"]
        assert await cluster.run("a", "MOVE 3 FROM c") == ["MOVE 3"]
        assert await cluster.run("a", "FETCH 1 FROM c") == ["g|?column?", "6|7", "FETCH 1"]
        assert cluster.engine.open_statements == 1
        await cluster.run("a", "COMMIT")
        await cluster.quiet()
        assert not session.streams
        for ending in ("CLOSE c", "CLOSE ALL", "SELECT nonsense"):
            await cluster.run("a", "BEGIN")
            await cluster.run("a", f"DECLARE c CURSOR FOR {MANY}")
            await cluster.run("a", ending)
            await cluster.quiet()
            await cluster.run("a", "ROLLBACK")

    in_loop(test)


def test_a_cursor_does_not_see_what_is_written_later() -> None:
    async def test() -> None:
        cluster = Cluster(Limits(statement_memory_bytes_max=16 << 20, transaction_rows_max=0))
        await cluster.run("a", "CREATE TABLE t (id int PRIMARY KEY, s text)")
        await cluster.run("a", "INSERT INTO t SELECT g, repeat('x', 2000) FROM generate_series(1, 3000) a(g)")
        await cluster.run("a", "BEGIN")
        await cluster.run("a", "INSERT INTO t VALUES (0, 'own'), (5000, 'own')")
        await cluster.run(
            "a", "DECLARE c CURSOR FOR SELECT length(s), count(*) OVER (), id FROM t UNION ALL SELECT 0, 0, id FROM t"
        )
        await cluster.run("a", "UPDATE t SET s = 'changed' WHERE id > 2000")
        await cluster.run("a", "DELETE FROM t WHERE id BETWEEN 1000 AND 1500 OR id = 5000")
        rows = await cluster.run("a", "FETCH ALL FROM c")
        assert rows[-1] == "FETCH 6004" and sum(row.startswith("2000|3002|") for row in rows) == 3000
        assert rows.count("3|3002|0") == rows.count("3|3002|5000") == 1

    in_loop(test)


# -- ends --------------------------------------------------------------------------------------------------------------


def test_cancelled_endless_statements_leave_their_threads() -> None:
    async def test() -> None:
        cluster = Cluster(column_threads=1, column_statements_max=2)
        ends = []
        for name in "ab":
            session = cluster.session(name)
            running_fiber, end = running(session, await cluster.portal(session, ENDLESS))
            await asyncio.sleep(0.1)
            ends.append((session, running_fiber, end))
        assert cluster.engine.open_statements == 2
        for session, running_fiber, end in ends:
            running_fiber.cancel(CANCEL)
            assert await end is CANCEL
            session.fail()
        assert await cluster.run(
            "c", "SELECT g % 2, count(*) FROM generate_series(1, 10) a(g) GROUP BY 1 ORDER BY 1"
        ) == [
            "?column?|count",
            "0|5",
            "1|5",
            "SELECT 2",
        ]
        await cluster.quiet()

    in_loop(test)


def test_a_long_statement_leaves_room_for_short_ones() -> None:
    async def test() -> None:
        cluster = Cluster(column_threads=1)
        session = cluster.session("a")
        running_fiber, end = running(session, await cluster.portal(session, ENDLESS))
        for _ in range(5):
            assert (await cluster.run("c", "SELECT count(*) FROM generate_series(1, 10) a(g) GROUP BY g > 20"))[
                1
            ] == "10"
        assert not end.done()
        running_fiber.cancel(CANCEL)
        await cluster.quiet()

    in_loop(test)


def test_a_statement_that_waits_for_a_place_can_be_cancelled() -> None:
    async def test() -> None:
        cluster = Cluster(column_statements_max=1)
        one, other = cluster.session("a"), cluster.session("b")
        portal, _ = await cluster.start(one, MANY, 1)
        waiting, end = running(other, await cluster.portal(other, "SELECT count(*) FROM generate_series(1, 3) a(g)"))
        await asyncio.sleep(0)
        waiting.cancel(CANCEL)
        assert await end is CANCEL
        waiting, end = running(other, await cluster.portal(other, "SELECT count(*) FROM generate_series(1, 3) a(g)"))
        await asyncio.sleep(0)
        assert not end.done()
        portal.close()
        assert await end is None
        await cluster.quiet()

    in_loop(test)


# -- memory ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT g, g % 100 FROM generate_series(1, 50000000) a(g) ORDER BY 2, 1 DESC",
        "SELECT g % 20000000, count(*) FROM generate_series(1, 50000000) a(g) GROUP BY 1",
        "SELECT length(string_agg('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' || g, ',')) FROM generate_series(1, "
        "20000000) a(g)",
        "SELECT count(*) FROM generate_series(1, 20000000) a(g) JOIN generate_series(1, 20000000) b(g) ON a.g = b.g",
        "SELECT max(repeat('x', g)) FROM generate_series(100000, 103000) a(g)",
        "SELECT repeat('x', 100000), g FROM generate_series(1, 2000) a(g)",
        "SELECT a.s, g FROM (SELECT repeat('x', 100000) AS s) a, generate_series(1, 2000) b(g)",
        "SELECT repeat('x', 10000), repeat('y', 10000) FROM generate_series(1, 2000) a(g)",
    ],
)
def test_a_statement_stays_inside_its_memory(sql: str) -> None:
    async def test() -> None:
        cluster = Cluster(Limits(statement_memory_bytes_max=32 << 20))
        await cluster.start(cluster.session("b"), MANY, 1)
        assert await cluster.run("a", sql) == [
            "ERROR 54000: query requires more than allowed temp space of 32768 KB to execute"
        ]
        assert (await cluster.run("c", "SELECT count(*) FROM generate_series(1, 1000) a(g) GROUP BY g < 0"))[
            1
        ] == "1000"

    in_loop(test)


def test_values_that_fit_pass() -> None:
    async def test() -> None:
        cluster = Cluster(Limits(statement_memory_bytes_max=32 << 20))
        _, batch = await cluster.start(
            cluster.session("a"), "SELECT repeat('x', 5000 + g % 2), NULL::text FROM generate_series(1, 9000) a(g)"
        )
        assert batch.stream is not None
        rows = await rows_of(batch.stream)
        assert len(rows) == 9000 and set(rows) == {("x" * 5000, None), ("x" * 5001, None)}

    in_loop(test)


def test_a_large_table_is_streamed_and_can_be_scanned_again() -> None:
    async def test() -> None:
        cluster = Cluster(Limits(statement_memory_bytes_max=64 << 20, transaction_rows_max=0, transaction_bytes_max=0))
        await cluster.run("a", "CREATE TABLE t (id int PRIMARY KEY, s text)")
        for low in range(0, 1500, 500):
            await cluster.run(
                "a", f"INSERT INTO t SELECT {low} + g, repeat('x', 16000) || g FROM generate_series(1, 500) a(g)"
            )
        # Every round of the recursion scans the table once more.
        recursive = (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n + 1 FROM c JOIN t ON t.id = c.n * 500 AND s "
            "LIKE 'x%') SELECT max(n) FROM c"
        )
        assert (await cluster.run("a", recursive))[1] == "4"

    in_loop(test)


def test_a_table_that_is_larger_than_the_memory_is_streamed() -> None:
    async def test() -> None:
        cluster = Cluster(Limits(statement_memory_bytes_max=16 << 20, transaction_rows_max=0, transaction_bytes_max=0))
        await cluster.run("a", "CREATE TABLE t (id int PRIMARY KEY, s text)")
        for low in range(0, 1500, 500):
            await cluster.run(
                "a", f"INSERT INTO t SELECT {low} + g, repeat('x', 16000) || g FROM generate_series(1, 500) a(g)"
            )
        counted = await cluster.run("a", "SELECT count(*), sum(length(s)), max(id) FROM t GROUP BY s < 'a'")
        assert counted[1:] == [f"1500|{sum(16_000 + len(str(n)) for n in range(1, 501)) * 3}|1500", "SELECT 1"]

    in_loop(test)
