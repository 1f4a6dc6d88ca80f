"""Point reads whose answer is at hand (session/prompt.py): the same rows, states and errors as of all others."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import psycopg
import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.rest import Rest
from actors.query_processor.session import SessionServices, prompt
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.postgres.raw_client import SYNC, describe, execute, message
from tests.unit.postgres.server import SessionServer
from tests.unit.query_processor.support.client import OPEN

Connect = Callable[[], psycopg.Connection]
READ = "SELECT b, a FROM t WHERE a = %s"


def services_of(cluster: StoredCluster) -> SessionServices:
    return SessionServices(cluster.context, make_plan, make_environment)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each statement that asked: whether it was answered where it stood."""
    usual, asked = prompt.read_promptly, []

    def noted(*arguments: object) -> object:
        found = usual(*arguments)  # type: ignore[arg-type]
        asked.append(found is not None)
        return found

    for module in ("conversation", "session.portals"):
        monkeypatch.setattr(f"actors.query_processor.{module}.read_promptly", noted)
    return asked


@pytest.fixture
def cluster() -> StoredCluster:
    cluster = StoredCluster(OPEN)
    cluster.bus.near = True
    return cluster


@pytest.fixture
def connect(cluster: StoredCluster) -> Iterator[Connect]:
    connections: list[psycopg.Connection] = []
    with SessionServer(services_of(cluster), OPEN) as server:

        def connection() -> psycopg.Connection:
            made = psycopg.connect(server.dsn(), autocommit=True, prepare_threshold=0)
            connections.append(made)
            return made

        first = connection()
        first.execute("CREATE TABLE t (a int PRIMARY KEY, b text)")
        first.execute("INSERT INTO t VALUES (1, 'one'), (2, NULL)")
        yield connection
        for made in connections:
            made.close()


def test_rows_and_none(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        assert cursor.execute(READ, (1,)).fetchall() == [("one", 1)]
        assert cursor.statusmessage == "SELECT 1"
        assert cursor.execute(READ, (2,)).fetchall() == [(None, 2)]
        assert cursor.execute(READ, (3,)).fetchall() == []
        assert cursor.statusmessage == "SELECT 0"
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert taken and all(taken)


def test_a_simple_query(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    cursor = psycopg.ClientCursor(connection)
    assert cursor.execute(READ, (1,)).fetchall() == [("one", 1)]
    assert taken == [True]
    cursor.execute("SELECT b FROM t WHERE a = 1; SELECT b FROM t WHERE a = 2")
    assert taken == [True], "two statements are one transaction"


def test_within_a_transaction_it_is_one_of_its_statements(connect: Connect, taken: list[bool]) -> None:
    connection, other = connect(), connect()
    with connection.transaction():
        assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
        other.execute("UPDATE t SET b = 'uno' WHERE a = 1")
        assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
        connection.execute("UPDATE t SET b = 'two' WHERE a = 2")
        assert connection.execute(READ, (2,)).fetchall() == [("two", 2)]
    assert not any(taken)
    assert connection.execute(READ, (1,)).fetchall() == [("uno", 1)]
    assert taken[-1]


def test_within_a_pipeline_it_sees_what_came_before(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    with connection.pipeline():
        connection.execute("UPDATE t SET b = 'eins' WHERE a = 1")
        seen = connection.execute(READ, (1,))
        connection.execute("UPDATE t SET b = 'drei' WHERE a = 1")
        again = connection.execute(READ, (1,))
    assert seen.fetchall() == [("eins", 1)] and again.fetchall() == [("drei", 1)]
    assert not any(taken)


def test_a_failed_block_refuses_it(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    connection.execute("BEGIN")
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1 / 0")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute(READ, (1,))
    connection.execute("ROLLBACK")
    assert not any(taken)


def test_a_temporary_table_hides_the_other(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
    connection.execute("CREATE TEMPORARY TABLE t (a int PRIMARY KEY, b text)")
    assert connection.execute(READ, (1,)).fetchall() == []
    assert taken[0] and not any(taken[1:])


def test_what_another_query_processor_has_changed_is_known_by_the_answer(
    cluster: StoredCluster, connect: Connect
) -> None:
    connection = connect()
    assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
    with (
        SessionServer(services_of(cluster), OPEN) as server,
        psycopg.connect(server.dsn(), autocommit=True) as other,
    ):
        other.execute("ALTER TABLE t RENAME COLUMN b TO c")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        connection.execute(READ, (1,))


def test_a_role_without_the_privilege(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    connection.execute("CREATE ROLE reader")
    assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
    connection.execute("SET ROLE reader")
    taken.clear()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(READ, (1,))
    assert not any(taken)
    connection.execute("RESET ROLE")
    for _ in range(2):
        assert connection.execute(READ, (1,)).fetchall() == [("one", 1)]
    assert taken[-1], "planned for this role again"


def test_a_bind_without_a_body_is_refused(connect: Connect) -> None:
    connection = connect()
    connection.execute(READ, (1,))
    with socket.socket(fileno=os.dup(connection.fileno())) as raw:
        raw.setblocking(True)
        raw.sendall(message("B") + describe("P") + execute() + SYNC)
        assert b"C08P01" in raw.recv(4096)
        assert raw.recv(4096) == b"", "it does not speak the protocol"


def test_statements_are_named_in_utf8(connect: Connect, taken: list[bool]) -> None:
    protocol = connect().pgconn
    names = ["\u00e9", "\u00e9".encode().decode("latin-1")]
    for name, wanted in zip(names, ("b", "a"), strict=True):
        protocol.prepare(name.encode(), f"SELECT {wanted} FROM t WHERE a = $1".encode())
    for name, value in zip(names * 2, (b"one", b"1") * 2, strict=True):
        assert protocol.exec_prepared(name.encode(), [b"1"]).get_value(0, 0) == value
    assert taken == [True] * 4


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT b FROM t WHERE a = %s FOR UPDATE",
        "SELECT b FROM t WHERE a = %s LIMIT 1",
        "SELECT upper(b) FROM t WHERE a = %s",
        "SELECT b FROM t WHERE a = %s AND b IS NOT NULL",
        "SELECT b FROM t WHERE a = %s + length(current_user) - length(current_user)",
    ],
)
def test_what_has_to_be_computed_takes_the_usual_way(connect: Connect, taken: list[bool], statement: str) -> None:
    assert connect().execute(statement, (1,)).fetchall()[0][0].lower() == "one"
    assert not any(taken)


class Waiting:
    """A connection that waits for one and the same message."""

    _input = object()


def test_a_session_that_is_answered_so_does_not_rest() -> None:
    rest = Rest(Waiting())  # type: ignore[arg-type]
    assert [rest.look() for _ in range(3)] == [0, 1, 2]
    rest.answered += 1
    assert [rest.look() for _ in range(2)] == [0, 1]


def test_answers_count_as_activity(connect: Connect, taken: list[bool]) -> None:
    connection = connect()
    connection.execute(READ, (1,))
    before = len(taken)
    for _ in range(3):
        connection.execute(READ, (1,))
    assert taken[before:] == [True] * 3, "asked once each"
