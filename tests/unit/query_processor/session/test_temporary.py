"""Temporary tables: what scripts/objects/temporary_tables.sql does not see of them."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.errors import DatabaseError
from actors.query_processor.session import Session
from actors.query_processor.session.parking import may_park
from actors.query_processor.transaction import buffer, temporary_rows
from actors.runtime.fiber import turn
from tests.unit.query_processor.planner.test_access_paths import Client
from tests.unit.query_processor.support.cluster import run


@pytest.fixture
def client() -> Client:
    made = Client()
    made.query("CREATE TEMP TABLE t (id int PRIMARY KEY, n int UNIQUE)")
    return made


def buffer_of(client: Client) -> Any:
    assert client.session.temporary is not None
    return client.session.temporary._buffer


def test_nobody_is_asked_or_told_of_them(client: Client) -> None:
    client.query("INSERT INTO t SELECT g, g FROM generate_series(1, 100) g")
    del client.cluster.bus.sent[:]
    client.query("UPDATE t SET n = n + 1000 WHERE id < 50")
    client.query("INSERT INTO t VALUES (7, 7) ON CONFLICT (id) DO UPDATE SET n = 0")
    client.query("DELETE FROM t WHERE n = 0")
    client.query("SELECT * FROM t WHERE id = 3")
    client.query("SELECT n FROM t WHERE id > 90 ORDER BY id")
    assert client.cluster.bus.sent == []


def test_a_session_with_some_stays_where_it_is(client: Client) -> None:
    assert not may_park(client.session)
    client.query("DROP TABLE t")
    assert may_park(client.session)


def test_what_is_deleted_takes_no_room(client: Client) -> None:
    for _ in range(3):
        client.query("INSERT INTO t SELECT g, g FROM generate_series(1, 100) g")
        client.query("UPDATE t SET id = id + 1000")
        client.query("DELETE FROM t")
    client.query("SELECT 1 FROM t")
    assert (len(buffer_of(client)), buffer_of(client).bytes) == (0, 0)


def test_a_rollback_takes_back_what_was_counted(client: Client) -> None:
    client.query("INSERT INTO t VALUES (1, 1)")
    before = buffer_of(client).bytes
    client.query("BEGIN")
    client.query("INSERT INTO t SELECT g, g FROM generate_series(2, 100) g")
    client.query("ROLLBACK")
    assert client.query("SELECT count(*) FROM t") == [(1,)]
    assert buffer_of(client).bytes == before


def test_they_hold_so_much_and_no_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary_rows, "TEMPORARY_BYTES_MAX", 2000)
    client.query("INSERT INTO t VALUES (1, 1)")
    with pytest.raises(DatabaseError) as failed:
        client.query("INSERT INTO t SELECT g, g FROM generate_series(2, 200) g")
    assert failed.value.sqlstate == "54000"
    client.session.fail()
    assert client.query("SELECT * FROM t") == [(1, 1)]


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT"])
def test_what_is_left_to_do_is_done_though_a_statement_is_canceled(
    client: Client, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """While the statement after a large transaction still takes its rows back, or forgets those of ON COMMIT DELETE
    ROWS."""
    monkeypatch.setattr(buffer, "UNDO_ROWS", 10)
    client.query("CREATE TEMP TABLE e (id int PRIMARY KEY) ON COMMIT DELETE ROWS")
    client.query("INSERT INTO t VALUES (1, 1)")
    client.query("BEGIN")
    client.query("INSERT INTO t SELECT g, g FROM generate_series(2, 50) g")
    client.query("INSERT INTO e SELECT generate_series(1, 50)")
    client.query(end)
    turns = 0

    async def canceled() -> None:
        nonlocal turns
        turns += 1
        if turns % 3 == 0:
            raise DatabaseError("57014", "canceled")
        await turn()

    monkeypatch.setattr(buffer, "turn", canceled)
    for _ in range(2):
        with pytest.raises(DatabaseError):
            client.query("SELECT 1 FROM t")
        client.session.fail()
    monkeypatch.setattr(buffer, "turn", turn)
    assert client.query("SELECT count(*) FROM t") == [(1 if end == "ROLLBACK" else 50,)]
    assert client.query("SELECT count(*) FROM e") == [(0,)]
    assert len(buffer_of(client)) == (2 if end == "ROLLBACK" else 100)


def test_a_failed_commit_takes_their_rows_back(client: Client) -> None:
    client.query("CREATE TABLE p (id int PRIMARY KEY)")
    client.query("BEGIN")
    client.query("CREATE TEMP TABLE later (a int)")
    client.query("INSERT INTO t VALUES (5, 5)")
    client.query("INSERT INTO p VALUES (1)")
    other = Session(client.services)
    run(_written(other, "INSERT INTO p VALUES (1)"))
    with pytest.raises(DatabaseError) as failed:
        client.query("COMMIT")
    assert failed.value.sqlstate == "40001"
    client.session.fail()
    assert client.query("SELECT * FROM t") == []
    with pytest.raises(DatabaseError):
        client.query("SELECT * FROM later")


async def _written(session: Session, sql: str) -> None:
    [raw] = session.split(sql)
    await session.bind(await session.prepare(raw)).run()
    await session.sync()
