"""INSERT's `run_many`, by which COPY inserts: defaults, constraints, and no reads where nothing can be in the way."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Get
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client


class Copier:
    def __init__(self) -> None:
        self.cluster = StoredCluster(OPEN)
        self.client = Client(self.cluster, SessionServices(self.cluster.context, make_plan, make_environment))

    def copy(self, sql: str, rows: list[tuple[Any, ...]]) -> str:
        async def work() -> str:
            session = self.client.session
            batch = await session.execute(await session.prepare(sql), (), rows)
            await session.sync()
            return batch.tag

        return self.client._guarded(work())  # type: ignore[no-any-return]

    def gets(self, sql: str, rows: list[tuple[Any, ...]]) -> int:
        """Point reads that a copy of `rows` asks storage for."""
        before = len(self.cluster.bus.sent)
        self.copy(sql, rows)
        return sum(isinstance(message, Get) for _, message in self.cluster.bus.sent[before:])


@pytest.fixture
def copier() -> Copier:
    made = Copier()
    made.client.query(
        "CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 5 CHECK (n > 0), s text DEFAULT 'x' || 'y', u int UNIQUE)"
    )
    made.client.query("CREATE TABLE h (a int, b int DEFAULT 7)")
    return made


def test_columns_that_are_not_copied_take_their_defaults(copier: Copier) -> None:
    assert copier.copy("INSERT INTO t (id, u) VALUES ($1, $2)", [(1, 10), (2, None)]) == "COPY 2"
    assert copier.client.rows("SELECT * FROM t ORDER BY id") == [(1, 5, "xy", 10), (2, 5, "xy", None)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([(1, 1), (1, 2)], "23505"),
        ([(1, 1), (2, 1)], "23505"),
        ([(7, 1)], "23505"),
        ([(None, 1)], "23502"),
        ([(8, 70)], "23505"),
    ],
)
def test_a_bad_row_fails_the_whole_copy(copier: Copier, rows: list[tuple[Any, ...]], code: str) -> None:
    copier.client.query("INSERT INTO t (id, u) VALUES (7, 70)")
    with pytest.raises(DatabaseError) as caught:
        copier.copy("INSERT INTO t (id, u) VALUES ($1, $2)", rows)
    assert caught.value.sqlstate == code
    assert copier.client.rows("SELECT id FROM t") == [(7,)]


def test_keys_are_checked_in_one_read_a_shard(copier: Copier) -> None:
    assert copier.gets("INSERT INTO t (id, u) VALUES ($1, $2)", [(number, number) for number in range(500)]) <= 2


def test_a_hidden_key_needs_no_read(copier: Copier) -> None:
    assert copier.gets("INSERT INTO h (a) VALUES ($1)", [(1,), (1,)]) == 0
    assert copier.client.rows("SELECT * FROM h") == [(1, 7), (1, 7)]


def test_a_truncated_table_needs_no_read(copier: Copier) -> None:
    copier.client.query("INSERT INTO t (id, u) VALUES (7, 70)")
    copier.client.query("BEGIN; TRUNCATE t")
    before = len(copier.cluster.bus.sent)
    copier.copy("INSERT INTO t (id, u) VALUES ($1, $2)", [(7, 70), (8, 80)])
    assert not [message for _, message in copier.cluster.bus.sent[before:] if isinstance(message, Get)]
    with pytest.raises(DatabaseError, match="duplicate key"):
        copier.copy("INSERT INTO t (id, u) VALUES ($1, $2)", [(7, 71)])


def test_many_rows_of_one_shape_are_compiled_once() -> None:
    from actors.sql.expressions.compile import _kept_tuple

    copier = Copier()
    copier.client.query("CREATE TABLE m (a int, b text)")
    before = _kept_tuple.cache_info().misses
    values = ", ".join(f"({number}, 'text {number}')" for number in range(200))
    assert copier.client.tag(f"INSERT INTO m VALUES {values}") == "INSERT 0 200"
    assert _kept_tuple.cache_info().misses - before <= 3
