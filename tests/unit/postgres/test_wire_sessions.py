"""The protocol over real sessions (of a cluster in memory): what neither half's own tests see."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.unit.postgres.server import SessionServer
from tests.unit.query_processor.support.client import OPEN, make_services
from tests.unit.query_processor.support.cluster import FakeCluster


@pytest.fixture
def connection() -> Iterator[psycopg.Connection]:
    with (
        SessionServer(make_services(FakeCluster(OPEN)), OPEN) as server,
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


def has_table(connection: psycopg.Connection, name: str) -> bool:
    try:
        connection.execute(f"CREATE TABLE {name} (id int PRIMARY KEY)")
    except psycopg.errors.DuplicateTable:
        return True
    connection.execute(f"DROP TABLE {name}")
    return False


def test_a_pipeline_up_to_its_sync_is_one_transaction(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.DuplicateTable), connection.pipeline():
        connection.execute("CREATE TABLE v (id int PRIMARY KEY)")
        connection.execute("SET application_name = 'in vain'")
        connection.execute("CREATE TABLE v (id int PRIMARY KEY)")
    assert not has_table(connection, "v")
    assert connection.execute("SHOW application_name").fetchone() == ("me",)
    with connection.pipeline():
        connection.execute("CREATE TABLE v (id int PRIMARY KEY)")
        connection.execute("CREATE TABLE w (id int PRIMARY KEY)")
        connection.execute("SET LOCAL application_name = 'for a while'")
        shown = connection.execute("SHOW application_name")
        assert shown.fetchone() == ("for a while",)
    assert has_table(connection, "v") and has_table(connection, "w")
    assert connection.execute("SHOW application_name").fetchone() == ("me",)
    with pytest.raises(psycopg.errors.DuplicateTable), connection.pipeline() as pipeline:
        connection.execute("CREATE TABLE x (id int PRIMARY KEY)")
        pipeline.sync()
        connection.execute("CREATE TABLE y (id int PRIMARY KEY)")
        connection.execute("CREATE TABLE x (id int PRIMARY KEY)")
    assert has_table(connection, "x") and not has_table(connection, "y")


def test_the_statements_of_one_query_are_one_transaction(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.DuplicateTable):
        connection.execute("CREATE TABLE v (id int PRIMARY KEY); CREATE TABLE v (id int PRIMARY KEY)")
    assert not has_table(connection, "v") and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    connection.execute("CREATE TABLE v (id int PRIMARY KEY); BEGIN; CREATE TABLE w (id int PRIMARY KEY)")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    connection.execute("ROLLBACK")
    assert not has_table(connection, "v") and not has_table(connection, "w")
