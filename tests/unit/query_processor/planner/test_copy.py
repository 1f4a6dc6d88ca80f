"""INSERT's `run_many`, by which COPY inserts: defaults, constraints, and no reads where nothing can be in the way."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.common.messages import Get
from actors.common.settings import Settings
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.session import SessionServices
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.types.column_type import ColumnType
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client


class Copier:
    def __init__(self, settings: Settings = OPEN) -> None:
        self.cluster = StoredCluster(settings)
        self.client = Client(self.cluster, SessionServices(self.cluster.context, make_plan, make_environment))

    def copy(self, sql: str, rows: list[tuple[Any, ...]] | ColumnBatch) -> str:
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


# -- columns -----------------------------------------------------------------------------------------------------------


def batch(rows: list[tuple[Any, ...]], **types: str) -> ColumnBatch:
    kinds = [ColumnType(name) for name in types.values()]
    columns = [to_arrow(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return ColumnBatch(tuple(types), kinds, columns)


@pytest.fixture
def loaded() -> Copier:
    made = Copier()
    made.client.query("CREATE TABLE p (id int PRIMARY KEY, gone int, s text NOT NULL, n int DEFAULT 5)")
    made.client.query("ALTER TABLE p DROP COLUMN gone")
    made.client.query("CREATE TABLE h (a int, b text)")
    made.client.query("CREATE TABLE c (a text, b int, PRIMARY KEY (a, b))")
    return made


def only_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> list[bytes]:
        raise AssertionError("row by row")

    monkeypatch.setattr(RowInserter, "insert", refuse)


def test_columns_go_in_without_rows(loaded: Copier, monkeypatch: pytest.MonkeyPatch) -> None:
    only_columns(monkeypatch)
    rows = [(number * 7919 % 5000, f"text {number}") for number in range(5000)]
    before = len(loaded.cluster.bus.sent)
    loaded.copy("INSERT INTO p (id, s) VALUES ($1, $2)", batch(rows, id="int4", s="text"))
    assert not [message for _, message in loaded.cluster.bus.sent[before:] if isinstance(message, Get)]
    assert loaded.client.rows("SELECT * FROM p ORDER BY id") == [(*row, 5) for row in sorted(rows)]
    for start in (0, 2):  # keys below, between and above those that are there
        both = [(text, number) for text in ("b", "a") for number in (start + 1, start)]
        loaded.copy("INSERT INTO c (a, b) VALUES ($1, $2)", batch(both, a="text", b="int4"))
    assert loaded.client.rows("SELECT * FROM c ORDER BY a, b") == [(a, b) for a in "ab" for b in range(4)]
    loaded.copy("INSERT INTO h (a, b) VALUES ($1, $2)", batch([(1, None), (1, None)], a="int4", b="text"))
    assert loaded.client.rows("SELECT * FROM h") == [(1, None), (1, None)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([(1, "x"), (7, "x")], "23505"),
        ([(1, "x"), (2, "x"), (1, "x")], "23505"),
        ([(1, "x"), (2, None)], "23502"),
    ],
)
def test_a_bad_row_among_columns_fails_the_copy(loaded: Copier, rows: list[tuple[Any, ...]], code: str) -> None:
    loaded.client.query("INSERT INTO p (id, s) VALUES (7, 'y')")
    with pytest.raises(DatabaseError) as caught:
        loaded.copy("INSERT INTO p (id, s) VALUES ($1, $2)", batch(rows, id="int4", s="text"))
    assert caught.value.sqlstate == code
    assert loaded.client.rows("SELECT id FROM p") == [(7,)]


def test_limits_hold_for_columns() -> None:
    copier = Copier(Settings())
    copier.client.query("CREATE TABLE p (id int PRIMARY KEY, s text)")
    insert = "INSERT INTO p (id, s) VALUES ($1, $2)"
    copier.copy(insert, batch([(number, "x") for number in range(3000)], id="int4", s="text"))
    for rows in (
        [(number, "x") for number in range(4000, 7001)],
        [(9999, "x" * (2 << 20))],
        [(9999, "x" * (1 << 20) + "y")],
    ):
        with pytest.raises(DatabaseError) as caught:
            copier.copy(insert, batch(rows, id="int4", s="text"))
        assert caught.value.sqlstate == "54000"
    assert copier.client.rows("SELECT count(*) FROM p") == [(3000,)]


def test_columns_meet_what_the_transaction_has_written(loaded: Copier) -> None:
    insert = "INSERT INTO p (id, s) VALUES ($1, $2)"
    loaded.client.query("BEGIN")
    loaded.copy(insert, batch([(5, "x"), (6, "x")], id="int4", s="text"))
    loaded.client.query("DELETE FROM p WHERE id = 5; INSERT INTO p (id, s) VALUES (9, 'z')")
    loaded.copy(insert, batch([(4, "y"), (5, "y")], id="int4", s="text"))
    loaded.client.query("SAVEPOINT one")
    loaded.copy(insert, batch([(20, "w")], id="int4", s="text"))
    loaded.client.query("ROLLBACK TO one")
    assert loaded.client.rows("SELECT id, s FROM p ORDER BY id") == [(4, "y"), (5, "y"), (6, "x"), (9, "z")]
    with pytest.raises(DatabaseError, match="duplicate key"):
        loaded.copy(insert, batch([(8, "v"), (9, "v")], id="int4", s="text"))


@pytest.mark.parametrize(
    "table",
    [
        "id int PRIMARY KEY, n int CHECK (n > 0)",
        "id int PRIMARY KEY, n int UNIQUE",
        "id int PRIMARY KEY, n int, at timestamptz NOT NULL DEFAULT now()",
        "id int, n int, PRIMARY KEY (n, id)",
    ],
)
def test_tables_of_all_kinds_get_the_same_rows(copier: Copier, table: str) -> None:
    copier.client.query(f"CREATE TABLE one ({table}); CREATE TABLE other ({table})")
    rows = [(number, number + 5) for number in (3, 1, 2)]
    copier.client.query("BEGIN")
    copier.copy("INSERT INTO one (id, n) VALUES ($1, $2)", rows)
    copier.copy("INSERT INTO other (id, n) VALUES ($1, $2)", batch(rows, id="int4", n="int4"))
    assert copier.client.rows("SELECT * FROM one ORDER BY id") == copier.client.rows("SELECT * FROM other ORDER BY id")


def test_columns_go_into_temporary_tables(copier: Copier) -> None:
    copier.client.query("CREATE TEMPORARY TABLE own (id int PRIMARY KEY)")
    copier.client.query("BEGIN")
    copier.copy("INSERT INTO own (id) VALUES ($1)", batch([(2,), (1,)], id="int4"))
    copier.client.query("CREATE INDEX ON own (id)")
    assert copier.client.rows("SELECT * FROM own ORDER BY id") == [(1,), (2,)]
    with pytest.raises(DatabaseError, match="duplicate key"):
        copier.copy("INSERT INTO own (id) VALUES ($1)", batch([(3,), (2,)], id="int4"))
