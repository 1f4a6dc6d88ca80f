"""Arrays through drivers: as parameters in text and in binary, as results, over real sessions, planner and executors
(of a cluster in memory)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest
from psycopg.types.numeric import Int2, Int4, Int8

from actors.common.settings import OPEN_LIMITS, Settings
from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.session import SessionServices
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.postgres.server import SessionServer

OPEN = Settings(mode="open", limits=OPEN_LIMITS)
ROWS = "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c d'), (4, NULL)"


@pytest.fixture(scope="module")
def server() -> Iterator[SessionServer]:
    with SessionServer(SessionServices(StoredCluster(OPEN).context, make_plan, make_environment), OPEN) as made:
        with psycopg.connect(made.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE t (id int PRIMARY KEY, s text)")
            connection.execute(ROWS)
        yield made


@pytest.fixture
def connection(server: SessionServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.dsn(), autocommit=True) as made:
        yield made


def untyped(connection: psycopg.Connection, sql: str, *texts: str) -> list[tuple[bytes | None, ...]]:
    """As node-postgres and TypeORM send it: parameters of no type, in text."""
    result = connection.pgconn.exec_params(sql.encode(), [text.encode() for text in texts])
    if result.error_message:
        raise psycopg.errors.lookup(result.error_field(psycopg.pq.DiagnosticField.SQLSTATE).decode())(
            result.error_message.decode()
        )  # type: ignore[union-attr]
    return [tuple(result.get_value(row, column) for column in range(result.nfields)) for row in range(result.ntuples)]


def test_untyped_text(connection: psycopg.Connection) -> None:
    connection.execute("BEGIN")
    assert untyped(connection, "DELETE FROM t WHERE NOT (id = ANY($1)) RETURNING id", '{"1","2","3"}') == [(b"4",)]
    connection.execute("ROLLBACK")
    assert untyped(connection, "SELECT id FROM t WHERE id = ANY($1)", '{"1","2"}') == [(b"1",), (b"2",)]
    assert untyped(connection, "SELECT s FROM t WHERE s = ANY($1)", '{"a","c d"}') == [(b"a",), (b"c d",)]
    assert untyped(connection, "SELECT id FROM t WHERE s <> ALL($1)", "{a,b}") == [(b"3",)]
    assert untyped(connection, "SELECT id FROM t WHERE NOT s = ANY($1)", "{a,NULL}") == []
    assert untyped(connection, "SELECT id FROM t WHERE NOT id = ANY($1)", "{}") == [(b"1",), (b"2",), (b"3",), (b"4",)]
    assert untyped(connection, "SELECT x FROM unnest($1::int[]) AS x", "{5,6}") == [(b"5",), (b"6",)]
    for bad in ("{1,x}", "{1", "1", "{1}2", '{"1}', "{{1},{2,3}}", "{1,}"):
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            untyped(connection, "DELETE FROM t WHERE NOT (id = ANY($1))", bad)


LISTS: dict[str, list[Any]] = {
    "int2": [1, -2, None],
    "int4": [1, 70000],
    "int8": [2**40, None],
    "float4": [0.5, 1.25],
    "float8": [1.5, None, 1e300],
    "numeric": [Decimal("1.50"), None],
    "text": ["a", 'b"\\c', "", "NULL", None, " {x,y} "],
    "varchar": ["é", "b c"],
    "bool": [True, False, None],
    "uuid": [UUID(int=7), None],
    "date": [date(2026, 2, 28)],
    "timestamp": [datetime(2026, 2, 28, 12, 30), None],
    "timestamptz": [datetime(2026, 2, 28, 12, 30, tzinfo=UTC)],
    "interval": [timedelta(days=1, seconds=5)],
    "bytea": [b"\x00\xff", b""],
}


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", LISTS)
def test_psycopg_there_and_back(connection: psycopg.Connection, name: str, binary: bool) -> None:
    values = LISTS[name]
    cursor = connection.cursor(binary=binary)
    placeholder = "%b" if binary else "%t"
    assert cursor.execute(f"SELECT {placeholder}::{name}[]", (values,)).fetchone() == (values,)
    assert (
        cursor.description is not None and cursor.description[0].type_code == connection.adapters.types[name].array_oid
    )
    assert cursor.execute(f"SELECT {placeholder}::{name}[]", ([],)).fetchone() == ([],)
    if name != "numeric":
        assert cursor.execute(f"SELECT array_agg(x) FROM unnest({placeholder}::{name}[]) x", (values,)).fetchone() == (
            values,
        )


@pytest.mark.parametrize("place", ["%b", "%t", "%s"])
def test_psycopg_any(connection: psycopg.Connection, place: str) -> None:
    def ids(condition: str, *values: Any) -> list[int]:
        return [
            row[0] for row in connection.execute(f"SELECT id FROM t WHERE {condition} ORDER BY id", values).fetchall()
        ]

    for wrapped in (int, Int2, Int4, Int8):
        assert ids(f"id = ANY({place})", [wrapped(1), wrapped(3), wrapped(9)]) == [1, 3]
        assert ids(f"id <> ALL({place})", [wrapped(1), wrapped(3)]) == [2, 4]
    assert ids(f"s = ANY({place})", ["a", "c d"]) == [1, 3]
    assert ids(f"NOT s = ANY({place})", ["a", "c d"]) == [2]
    assert ids(f"id <> ALL({place})", [1, None]) == []
    assert ids(f"s LIKE ANY({place})", ["a%", "%d"]) == [1, 3]


def test_asyncpg(server: SessionServer) -> None:
    async def body() -> None:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=server.port, user="admin", database="postgres", ssl=False
        )
        statement = await connection.prepare("SELECT id FROM t WHERE id = ANY($1) ORDER BY id")
        assert [parameter.name for parameter in statement.get_parameters()] == ["int4[]"]
        assert [row[0] for row in await statement.fetch([1, 2, 9])] == [1, 2]
        assert [
            row[0] for row in await connection.fetch("SELECT id FROM t WHERE s = ANY($1::text[])", ["a", "c d"])
        ] == [1, 3]
        for name in ("int4", "int8", "text", "uuid", "bool", "float8", "date"):
            assert await connection.fetchval(f"SELECT $1::{name}[]", LISTS[name]) == LISTS[name]
        assert await connection.fetchval("SELECT '{{1,2},{3,4}}'::int[]") == [[1, 2], [3, 4]]
        await connection.close()

    asyncio.run(body())


def test_malformed_binary(connection: psycopg.Connection) -> None:
    def bind(data: bytes) -> str:
        result = connection.pgconn.exec_params(b"SELECT $1::int[]", [data], [1007], [1])
        return (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()

    good = bytes.fromhex("00000001 00000000 00000017 00000001 00000001 00000004 00000005")
    assert bind(good) == ""
    assert {bind(good[:end]) for end in range(len(good))} == {"22P03"}
    assert bind(good + b"\0") == "22P03"
    assert bind(good.replace(b"\x17", b"\x14")) == "42804"
    assert bind(b"\0\0\0\7" + good[4:]) == "54000"
    assert bind(good[:4] + b"\0\0\0\2" + good[8:]) == "22P03"
