"""The protocol over real sessions (of a cluster in memory): what neither half's own tests see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from actors.query_processor.session import Session
from tests.unit.query_processor.support.client import OPEN, make_services
from tests.unit.query_processor.support.cluster import FakeCluster
from tests.unit.wire.server import Server


class SessionServer(Server):
    def __init__(self) -> None:
        super().__init__(settings=OPEN)
        self._cluster_services = make_services(FakeCluster(OPEN))

    def _make_session(self, user: str, database: str, options: dict[str, str], connection: Any) -> Any:
        return Session(
            self._cluster_services,
            user,
            database,
            options=options,
            on_parameter=connection.on_parameter,
            on_notice=connection.on_notice,
            process=connection.process,
        )


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    with (
        SessionServer() as server,
        psycopg.connect(server.dsn("application_name=me options='-c TimeZone=Europe/Vienna'"), autocommit=True) as made,
    ):
        yield made


def test_parameters_are_told(connection: psycopg.Connection) -> None:
    told = connection.info.parameter_status
    assert (told("TimeZone"), told("application_name"), told("server_encoding")) == ("Europe/Vienna", "me", "UTF8")
    connection.execute("SET TimeZone = 'UTC'")
    assert told("TimeZone") == "UTC"
    assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)
    with pytest.raises(psycopg.errors.UndefinedObject):
        connection.execute("SET no_such_parameter = 1")


def test_blocks(connection: psycopg.Connection) -> None:
    notices: list[str] = []
    connection.add_notice_handler(lambda diagnostic: notices.append(str(diagnostic.message_primary)))
    connection.execute("BEGIN")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    with pytest.raises(psycopg.errors.SyntaxError):
        connection.execute("SELEKT 1")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("SHOW TimeZone")
    assert connection.execute("COMMIT").statusmessage == "ROLLBACK"
    connection.execute("COMMIT")
    assert notices == ["there is no transaction in progress"]


def test_tables_and_copy(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (id int PRIMARY KEY, name text)")
    with pytest.raises(psycopg.errors.DuplicateTable):
        connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.cursor().copy("COPY nowhere FROM STDIN").__enter__()
    connection.execute("DROP TABLE t")
