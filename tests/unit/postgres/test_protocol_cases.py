"""The protocol over real sessions, message by message: what PostgreSQL 18 answers, beside what drivers stop at when it
is otherwise."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from struct import pack, unpack
from typing import Any

import pytest

from actors.common.settings import OPEN_LIMITS, Settings
from actors.query_processor.role import QueryProcessor
from actors.runtime.clock import SystemClock
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.postgres.server import Server

SYNC = (b"S", b"")


class Served(Server):
    """A query processor over storage in memory."""

    def _make_role(self) -> QueryProcessor:
        cluster = StoredCluster(Settings(mode="open", limits=OPEN_LIMITS))

        def spawn(coroutine: Any) -> asyncio.Task[Any]:
            return asyncio.get_running_loop().create_task(coroutine)

        return QueryProcessor(replace(cluster.context, spawn=spawn, clock=SystemClock()), 1, host="127.0.0.1")


class Wire:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self._data = b""
        body = b"user\0admin\0database\0postgres\0\0"
        self.socket.sendall(pack("!II", len(body) + 8, 3 << 16) + body)
        self._answers()

    def send(self, *messages: tuple[bytes, bytes]) -> list[str]:
        self.socket.sendall(b"".join(kind + pack("!I", len(body) + 4) + body for kind, body in messages))
        return self._answers()

    def query(self, sql: str) -> list[str]:
        return self.send((b"Q", sql.encode() + b"\0"))

    def _answers(self) -> list[str]:
        """Until ReadyForQuery: a message's type, of a command its tag, of an error its SQLSTATE, of a row its first
        value."""
        found: list[str] = []
        while not found or found[-1][0] != "Z":
            while len(self._data) < 5 or len(self._data) <= unpack("!I", self._data[1:5])[0]:
                more = self.socket.recv(1 << 16)
                assert more, found
                self._data += more
            end = 1 + unpack("!I", self._data[1:5])[0]
            kind, body, self._data = chr(self._data[0]), self._data[5:end], self._data[end:]
            if kind == "C" or kind == "Z":
                found.append(f"{kind} {body.rstrip(bytes(1)).decode()}")
            elif kind == "E":
                found.append(f"E {body.split(bytes([0]) + b'C')[1][:5].decode()}")
            elif kind == "D":
                found.append(f"D {body[6 : 6 + unpack('!i', body[2:6])[0]].decode()}")
            elif kind != "S":
                found.append(kind)
        return found


def parse(sql: str) -> tuple[bytes, bytes]:
    return b"P", b"\0" + sql.encode() + b"\0\0\0"


def bind(*values: bytes, results: int = 0) -> tuple[bytes, bytes]:
    given = b"".join(pack("!i", len(value)) + value for value in values)
    return b"B", b"\0\0\0\0" + pack("!H", len(values)) + given + pack("!H", results) + b"\0\1" * results


def execute(rows: int = 0) -> tuple[bytes, bytes]:
    return b"E", b"\0" + pack("!I", rows)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Served() as server:
        wire = Wire(server.port)
        wire.query("CREATE TABLE w (i int PRIMARY KEY, a text)")
        wire.query("INSERT INTO w VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        yield server.port


ROWS = ["D 1", "D 2", "D 3"]
UPDATE = "UPDATE w SET a = 'u' RETURNING i"
CASES: list[tuple[str, list[tuple[bytes, bytes]], list[str]]] = [
    ("SELECT i FROM w ORDER BY i", [bind(), execute(3), execute(3)], ["2", *ROWS, "s", "C SELECT 0"]),
    ("SELECT i FROM (SELECT * FROM w) q ORDER BY i", [bind(), execute(3), execute(3)], ["2", *ROWS, "s", "C SELECT 0"]),
    ("SELECT i FROM w ORDER BY i", [bind(), execute(), execute()], ["2", *ROWS, "C SELECT 3", "C SELECT 0"]),
    ("UPDATE w SET a = 'u'", [bind(), execute(), execute()], ["2", "C UPDATE 3", "E 55000"]),
    (UPDATE, [bind(), execute(), execute()], ["2", *ROWS, "C UPDATE 3", "C UPDATE 0"]),
    (UPDATE, [bind(), execute(2), execute(2)], ["2", "D 1", "D 2", "s", "D 3", "C UPDATE 1"]),
    ("SHOW DateStyle", [bind(), execute(), execute()], ["2", "D ISO, MDY", "C SHOW", "C SHOW"]),
    ("SELECT * FROM w", [bind(results=3), execute()], ["E 08P01"]),
    ("SELECT * FROM w, w AS v, w AS u", [bind(results=2), execute()], ["E 08P01"]),
    ("EXPLAIN SELECT * FROM w WHERE i = $1", [bind()], ["E 08P01"]),
    ("DECLARE c CURSOR WITH HOLD FOR SELECT i FROM w WHERE i = $1", [bind(b"2"), execute()], ["2", "C DECLARE CURSOR"]),
    ("FETCH ALL FROM c", [bind(), execute()], ["2", "D 2", "C FETCH 1"]),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_answers(port: int, case: int) -> None:
    sql, messages, expected = CASES[case]
    wire = Wire(port)
    if sql.startswith("FETCH"):
        declare, given, _ = CASES[case - 1]
        wire.send(parse(declare), *given, SYNC)
    assert wire.send(parse(sql), *messages, SYNC) == ["1", *expected, "Z I"]


def test_what_begins_no_connection_is_answered_with_nothing(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"X\0\0\0\4")
        assert client.recv(100) == b""
