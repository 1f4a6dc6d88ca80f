"""Clients of a query processor's socket and statements that DuckDB runs: cancelled, abandoned, read slowly, failing in
the middle."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from actors.common.settings import Querying, Settings
from actors.query_processor.column_executor.engine import Engine
from actors.query_processor.column_executor.stream import ColumnStream
from actors.query_processor.role import QueryProcessor
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.postgres.server import Server

ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"
MANY = "SELECT g, 'row ' || g FROM generate_series(1, 1000000000) a(g)"
GROUPED = "SELECT g % 2, count(*) FROM generate_series(1, 10) a(g) GROUP BY 1 ORDER BY 1"
PATIENCE_S = 30.0


class SqlServer(Server):
    """Real sessions over storage in memory."""

    def _make_role(self) -> QueryProcessor:
        return QueryProcessor(StoredCluster(self.settings).context, 1, host="127.0.0.1")

    @property
    def engine(self) -> Engine:
        connection = next(iter(self.role._sessions.values()))
        assert connection.session is not None
        engine = connection.session.services.transactions.engine
        assert engine is not None
        return engine

    def streams(self) -> list[ColumnStream]:
        """Those that are not read to their end."""
        found: list[ColumnStream] = []
        for connection in list(self.role._sessions.values()):
            found += connection.session.streams if connection.session is not None else ()  # type: ignore[arg-type]
        return found


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)


@pytest.fixture
def server() -> Iterator[SqlServer]:
    with SqlServer(settings=Settings(querying=Querying(column_threads=1, column_statements_max=2))) as made:
        yield made


@pytest.fixture
def client(server: SqlServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.dsn(), autocommit=True) as made:
        assert made.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]
        yield made


class Abandoner:
    """A client that sends one query and reads as little as it wants."""

    def __init__(self, server: SqlServer, sql: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        parameters = b"user\0admin\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
        self.read_until(b"Z\0\0\0\5I")
        self.socket.sendall(b"Q" + struct.pack("!I", len(sql) + 5) + sql.encode() + b"\0")

    def read_until(self, end: bytes) -> None:
        received = b""
        while end not in received:
            received = received[-len(end) :] + self.socket.recv(1 << 16)


def test_cancelled_endless_statements_free_their_threads(server: SqlServer, client: psycopg.Connection) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as one, psycopg.connect(server.dsn(), autocommit=True) as other:
        ends: list[str | None] = []

        def run(connection: psycopg.Connection) -> None:
            with pytest.raises(psycopg.Error) as raised:
                connection.execute(ENDLESS)
            ends.append(raised.value.sqlstate)

        threads = [threading.Thread(target=run, args=(connection,)) for connection in (one, other)]
        for thread in threads:
            thread.start()
        until(lambda: server.engine.open_statements == 2)
        for connection in (one, other):
            connection.cancel_safe()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert ends == ["57014", "57014"]
        assert client.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]
        assert one.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]
    until(lambda: not server.engine.open_statements)


@pytest.mark.parametrize("sql", [ENDLESS, MANY])
def test_a_client_that_leaves_takes_its_statement_with_it(
    server: SqlServer, client: psycopg.Connection, sql: str
) -> None:
    for _ in range(3):
        abandoner = Abandoner(server, sql)
        until(lambda: server.engine.open_statements == 1)
        abandoner.socket.close()
        until(lambda: not server.engine.open_statements)
    assert client.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]


def test_a_client_that_does_not_read_stops_its_query(server: SqlServer, client: psycopg.Connection) -> None:
    abandoner = Abandoner(server, MANY)
    until(lambda: server.engine.open_statements == 1)
    until(lambda: bool(server.streams()))
    [stream] = server.streams()
    returned = -1
    while stream.returned != returned:
        returned = stream.returned
        client.execute(GROUPED)
        time.sleep(0.1)
    assert 0 < returned < 2_000_000, "what fits the socket's buffers, and a few pieces more"
    abandoner.read_until(b"row 1000\0"[:-1])
    abandoner.socket.close()
    until(lambda: not server.engine.open_statements)


def test_rows_come_while_the_statement_runs(server: SqlServer, client: psycopg.Connection) -> None:
    rows = client.cursor().stream(MANY)
    assert [next(rows) for _ in range(3)] == [(1, "row 1"), (2, "row 2"), (3, "row 3")]
    rows.close()  # cancels
    assert client.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]
    until(lambda: not server.engine.open_statements)


def test_an_error_after_rows(client: psycopg.Connection) -> None:
    rows = client.cursor().stream("SELECT 1000 / (100000 - g), 'xxxxxxxxxxxx' FROM generate_series(1, 200000) a(g)")
    count = 0
    with pytest.raises(psycopg.errors.DivisionByZero):
        for _ in rows:
            count += 1
    assert count > 10_000
    assert client.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]


def test_copy_to_streams(server: SqlServer, client: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled), client.cursor().copy(f"COPY ({MANY}) TO STDOUT") as copy:
        assert bytes(copy.read()).startswith(b"1\trow 1\n")
        client.cancel_safe()
        for _ in copy:
            pass
    assert client.execute(GROUPED).fetchall() == [(0, 5), (1, 5)]
    until(lambda: not server.engine.open_statements)
