"""Random INSERT, UPSERT, UPDATE and DELETE against a model, in transactions that commit or roll back: rows, errors and
every index entry agree."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.row_executor.stored_table import stored_table
from actors.query_processor.session import SessionServices
from actors.sql.catalog.schema import Table
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client
from tests.unit.query_processor.support.cluster import run

KEYS, VALUES = 6, 4
STEPS = 120


class Model:
    """Rows by id: {id: (u, a, b)}; u is unique, (a, b) is indexed."""

    def __init__(self, rows: dict[int, tuple[Any, ...]]) -> None:
        self.rows = dict(rows)

    def insert(self, id_: int, row: tuple[Any, ...]) -> None:
        if id_ in self.rows or any(row[0] is not None and row[0] == other[0] for other in self.rows.values()):
            raise KeyError
        self.rows[id_] = row

    def update(self, id_: int, new_id: int, row: tuple[Any, ...]) -> int:
        if id_ not in self.rows:
            return 0
        others = {key: other for key, other in self.rows.items() if key != id_}
        if new_id in others or any(row[0] is not None and row[0] == other[0] for other in others.values()):
            raise KeyError
        self.rows = {**others, new_id: row}
        return 1


def literal(datum: Any) -> str:
    return "NULL" if datum is None else str(datum)


class Walk:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.cluster = StoredCluster(OPEN)
        self.services = SessionServices(self.cluster.context, make_plan, make_environment)
        self.client = Client(self.cluster, self.services)
        self.client.query("CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, a int, b text)")
        self.client.query("CREATE INDEX ab ON t (a, b)")
        self.committed = Model({})

    def row(self) -> tuple[Any, ...]:
        choose = self.random.choice
        return choose([None, *range(VALUES)]), choose([None, *range(VALUES)]), choose([None, 0, 1])

    def step(self, model: Model) -> None:
        """One statement here and in the model. Both fail or both give the same count."""
        id_, other, row = self.random.randrange(KEYS), self.random.randrange(KEYS), self.row()
        u, a, b = map(literal, row)
        kind = self.random.choice(["insert", "insert", "upsert", "update", "move", "delete", "delete index"])
        if kind == "insert":
            self.both(f"INSERT INTO t VALUES ({id_}, {u}, {a}, {b})", lambda: model.insert(id_, row))
        elif kind == "upsert":
            sql = (
                f"INSERT INTO t VALUES ({id_}, {u}, {a}, {b}) ON CONFLICT (id) DO UPDATE SET u = excluded.u, a = "
                f"excluded.a, b = excluded.b"
            )
            self.both(sql, lambda: model.update(id_, id_, row) or model.insert(id_, row))
        elif kind == "update":
            self.both(f"UPDATE t SET u = {u}, a = {a}, b = {b} WHERE id = {id_}", lambda: model.update(id_, id_, row))
        elif kind == "move":
            self.both(
                f"UPDATE t SET id = {other}, u = {u}, a = {a}, b = {b} WHERE id = {id_}",
                lambda: model.update(id_, other, row),
            )
        elif kind == "delete":
            self.both(f"DELETE FROM t WHERE id = {id_}", lambda: model.rows.pop(id_, None))
        else:
            matching = [key for key, known in model.rows.items() if known[1] is not None and known[1] == row[1]]
            self.both(f"DELETE FROM t WHERE a = {a}", lambda: [model.rows.pop(key) for key in matching])

    def both(self, sql: str, change: Any) -> None:
        try:
            change()
        except KeyError:
            with pytest.raises(DatabaseError) as caught:
                self.client.query(sql)
            assert caught.value.sqlstate == "23505", sql
            raise
        self.client.query(sql)

    def transaction(self) -> None:
        model = Model(self.committed.rows)
        self.client.query("BEGIN")
        try:
            for _ in range(self.random.randrange(1, 6)):
                self.step(model)
                if self.random.random() < 0.3:
                    self.compare(model)
        except KeyError:
            self.client.query("ROLLBACK")
            return
        if self.random.random() < 0.2:
            self.client.query("ROLLBACK")
        else:
            self.client.query("COMMIT")
            self.committed = model

    def compare(self, model: Model) -> None:
        """Through the primary key, the secondary index, the unique one, and aggregates."""
        rows = sorted((key, *[None if datum is None else datum for datum in row]) for key, row in model.rows.items())
        shown = [(key, u, a, None if b is None else str(b)) for key, u, a, b in rows]
        assert self.client.rows("SELECT * FROM t ORDER BY id") == shown
        for value in range(VALUES):
            assert sorted(self.client.rows(f"SELECT id FROM t WHERE a = {value}")) == [
                (row[0],) for row in shown if row[2] == value
            ]
            assert self.client.rows(f"SELECT id FROM t WHERE u = {value}") == [
                (row[0],) for row in shown if row[1] == value
            ]
        with_a = [row[2] for row in shown if row[2] is not None]
        wanted = (len(shown), len(with_a), sum(with_a) if with_a else None, max(with_a, default=None))
        assert self.client.rows("SELECT count(*), count(a), sum(a), max(a) FROM t") == [wanted]

    def check_entries(self) -> None:
        """Every keyspace of the table holds what its rows ask for, and nothing else."""
        at = self.cluster.clock.now().latest
        table: Table = run(self.services.catalogs.load(at)).table("public", "t")
        stored = stored_table(table)
        rows = {}
        for key in self.cluster.keys(at, stored.primary.space):
            value = self.cluster.value(key, at)
            assert value is not None
            rows[key] = stored.decode(value)
            assert stored.primary_key(rows[key]) == key
        for index in stored.secondary:
            wanted = dict(index.entry(row, key) for key, row in rows.items())
            assert {key: self.cluster.value(key, at) for key in self.cluster.keys(at, index.space)} == wanted


@pytest.mark.parametrize("seed", range(6))
def test_rows_and_indexes_agree_with_a_model(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.transaction()
        walk.check_entries()
    walk.compare(walk.committed)
