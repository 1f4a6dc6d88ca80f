"""INSERT ... SELECT of many rows goes into its table as columns, and answers as one that goes row by row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from actors.query_processor.row_executor import inserting_queries, modifying
from actors.query_processor.row_executor.inserting_columns import ColumnInserter
from actors.query_processor.row_executor.inserting_queries import FEW_ROWS
from tests.scripts.golden import ScriptRunner

ROWS = 5000
COLUMNS = """id int, small int2, big int8, at timestamptz, day date, exact numeric(12,2), wide numeric, share float8,
    name text, code varchar(12), flag bool, token uuid, data bytea, hour time, span interval"""
MADE = f"""SELECT n, (n % 100)::int2, n * 10000000000, '2024-01-01 00:00:00+00'::timestamptz + n * interval '1 minute',
    '2024-01-01'::date + n, n::numeric(12,2) / 4, n / 7.0 * 1e-9, n / 3.0::float8,
    CASE WHEN n % 3 > 0 THEN 'name ' || n END, 'c' || n % 50, n % 2 = 0,
    ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, decode(lpad(n::text, 8, '0'), 'hex'),
    '00:00'::time + n * interval '1 second', n * interval '1 hour' FROM generate_series(1, {ROWS}) AS n"""
SUMS = """SELECT count(*), sum(id), sum(small), sum(big), max(at), max(day), sum(exact), sum(wide), round(sum(share)),
    count(name), max(name), max(code), count(*) FILTER (WHERE flag), max(token::text), count(DISTINCT data),
    sum(length(data)), max(hour), max(span), min(span) FROM """


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows went in as columns, 0 for a batch that did not."""
    found: list[int] = []
    usual = ColumnInserter.insert

    async def insert(self: ColumnInserter, transaction: Any, batch: Any) -> bool:
        done = await usual(self, transaction, batch)
        found.append(len(batch) * done)
        return done

    monkeypatch.setattr(ColumnInserter, "insert", insert)
    yield found


def answers(*statements: str) -> list[list[str]]:
    async def run() -> list[list[str]]:
        runner = ScriptRunner(True)
        return [await runner.run("a", statement) for statement in statements]

    return asyncio.run(run())


def filled(key: str = " PRIMARY KEY (id)") -> list[str]:
    shape = f"({COLUMNS}{',' if key else ''}{key})"
    return [f"CREATE TABLE a {shape}", f"CREATE TABLE b {shape}", f"INSERT INTO a {MADE}"]


@pytest.mark.parametrize("key", [" PRIMARY KEY (id)", " PRIMARY KEY (code, id)", ""])
def test_values_are_what_rows_would_be(key: str, taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    work = [*filled(key), "INSERT INTO b SELECT * FROM a", f"{SUMS} a", f"{SUMS} b", "SELECT * FROM b ORDER BY id"]
    columns = answers(*work)
    assert sum(taken) >= ROWS and 0 not in taken[-2:]
    taken.clear()
    monkeypatch.setattr(inserting_queries, "FEW_ROWS", 2 * ROWS)
    monkeypatch.setattr("actors.query_processor.planner.insert.takes_columns", lambda rows: False)
    assert answers(*work) == columns
    assert not taken
    assert columns[3] == [f"INSERT 0 {ROWS}"] and columns[4] == columns[5]


def test_few_rows_stay_rows(taken: list[int]) -> None:
    assert answers(
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE b (id int PRIMARY KEY)",
        "INSERT INTO a VALUES (1), (2)",
        "INSERT INTO b SELECT id FROM a",
    )[3] == ["INSERT 0 2"]
    assert not taken


def test_what_is_refused_is_told_as_ever(taken: list[int]) -> None:
    made = answers(
        *filled(),
        "INSERT INTO b SELECT * FROM a WHERE id = 4000",
        "INSERT INTO b SELECT * FROM a",
        "SELECT count(*) FROM b",
        "CREATE TABLE c (id int PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO c SELECT id, name FROM a",
        "CREATE TABLE d (id int PRIMARY KEY, name text DEFAULT 'none', CHECK (id < 4500))",
        "INSERT INTO d (id) SELECT id FROM a",
        "CREATE TABLE e (id int PRIMARY KEY, name text DEFAULT 'none', made int)",
        "INSERT INTO e (id) SELECT id FROM a",
        "SELECT count(*), min(name), count(made) FROM e",
    )
    assert made[4][0] == 'ERROR 23505: duplicate key value violates unique constraint "b_pkey"'
    assert made[4][1] == "  detail: Key (id)=(4000) already exists."
    assert made[5][1] == "1"
    assert made[7][0].startswith('ERROR 23502: null value in column "name"')
    assert made[9][0].startswith("ERROR 23514:")
    assert made[12][1] == f"{ROWS}|none|0"
    assert sum(taken) >= ROWS


def test_own_writes_are_read_and_memory_is_bounded(taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    made = answers(
        *filled(),
        "BEGIN",
        "DELETE FROM a WHERE id > 4990",
        "INSERT INTO b SELECT * FROM a",
        "INSERT INTO b SELECT * FROM a",
        "ROLLBACK",
        "SELECT count(*) FROM b",
    )
    assert made[5] == ["INSERT 0 4990"] and made[6][0].startswith("ERROR 23505") and made[8][1] == "0"

    async def too_large(*arguments: Any) -> Any:
        return await inserting_queries.gathered(*arguments[:3], 1000)

    monkeypatch.setattr(modifying, "gathered", too_large)
    made = answers(*filled(), "SELECT count(*) FROM a")
    assert made[2][0].startswith("ERROR 54000: query requires more than allowed")
    assert made[3][1] == "0"


def test_a_query_that_gives_many_rows_is_left_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a condition is looked at here, storage gives rows without a limit: they are no more read than needed."""
    looked_at: list[int] = []
    usual = inserting_queries.LargeQuery.run

    async def run(self: Any, transaction: Any, *arguments: Any) -> Any:
        found = await usual(self, transaction, *arguments)
        looked_at.append(self._rows._access.statistics.received)
        return found

    monkeypatch.setattr(inserting_queries.LargeQuery, "run", run)
    made = answers(
        *filled(),
        "CREATE TABLE f (id int PRIMARY KEY)",
        "INSERT INTO f SELECT id FROM a WHERE to_char(at, 'YYYY') = '2024'",
        "SELECT count(*) FROM f",
    )
    assert made[4] == [f"INSERT 0 {ROWS}"] and made[5][1] == str(ROWS)
    assert FEW_ROWS < looked_at[-1] < ROWS
