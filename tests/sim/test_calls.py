"""What a point read and a one-row commit cost, in Python calls: a figure that no load of the machine changes. Alone,
and among many.

Counted after a bulk load, which leaves a large transaction in the crossbar's ring, over all roles of a simulated
cluster whose network and processes do what they should, less what is simulated (the bus, the loop, the sockets).
Whoever adds calls to every statement hears of it here; whoever takes some away writes the new figure down.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from struct import pack
from types import CodeType, FrameType
from typing import Any

import pytest

from actors.common.settings import OPEN_LIMITS, Layout, Settings
from cluster.simulation.simulated_cluster import SimulatedCluster
from cluster.simulation.sql_client import SimulatedConnection
from tests.sim.undisturbed import undisturbed

CALLS = {"a point read": 213, "a one-row commit": 537}
"""Python calls of one, with CPython 3.11: with a process for each role, one client, who thinks between two."""
CALLS_AMONG_MANY = {"a point read": 63, "a one-row commit": 288}
"""With a process for each zone, and CLIENTS who do not."""
CALLS_OF_BLOCK = {"pgbench -N": 521}
"""Of a whole transaction, as CALLS_AMONG_MANY."""
CLIENTS = 8
BLOCK = {
    "begin": ("BEGIN", 0),
    "update": ("UPDATE t SET v = v + $1 WHERE k = $2", 2),
    "select": ("SELECT v FROM t WHERE k = $1", 1),
    "insert": ("INSERT INTO history (k, v, at) VALUES ($1, $2, CURRENT_TIMESTAMP)", 2),
    "end": ("END", 0),
}
"""Statements, and how many parameters each has: all of them the row's key."""
MORE_MAX = 1.10
"""So many times as many fail."""
STATEMENTS = 20
STATEMENT_OF = {
    "a point read": "SELECT v FROM t WHERE k = $1",
    "a one-row commit": "UPDATE t SET v = v + 1 WHERE k = $1",
}
INLINED = ("<listcomp>", "<dictcomp>", "<setcomp>")
"""Calls in CPython 3.11, and none from 3.12 on."""


class Calls:
    """Counts calls of the data plane's functions, by function, between `begin` and `end`."""

    def __init__(self) -> None:
        self._calls: dict[CodeType, int] = {}

    def begin(self) -> None:
        self._calls.clear()
        sys.setprofile(self._note)

    def end(self) -> int:
        sys.setprofile(None)
        return sum(count for code, count in self._calls.items() if _is_counted(code))

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            self._calls[frame.f_code] = self._calls.get(frame.f_code, 0) + 1


def _is_counted(code: CodeType) -> bool:
    file = code.co_filename
    return "/actors/" in file and "/simulation/" not in file and code.co_name not in INLINED


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + pack(">I", len(body) + 4) + body


def _parse(name: str, sql: str) -> bytes:
    return _message(b"P", f"{name}\0{sql}\0".encode() + bytes(2)) + _message(b"S", b"")


def _run(name: str, value: int, parameters: int = 1) -> bytes:
    """Bind, Describe, Execute and Sync, as libpq sends them."""
    text = str(value).encode()
    values = (pack(">I", len(text)) + text) * parameters
    bind = b"\0" + name.encode() + pack(">BHH", 0, 0, parameters) + values + bytes(2)
    return _message(b"B", bind) + _message(b"D", b"P\0") + _message(b"E", bytes(5)) + _message(b"S", b"")


async def _connected(cluster: SimulatedCluster) -> SimulatedConnection:
    """After a bulk load."""
    await cluster.start()
    connection = await cluster.database("client").connect()
    await connection.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
    await connection.execute("INSERT INTO t SELECT k, 0 FROM generate_series(1, 5000) AS k")
    return connection


async def _counted(cluster: SimulatedCluster) -> dict[str, float]:
    connection = await _connected(cluster)
    counted: dict[str, float] = {}
    for name, sql in STATEMENT_OF.items():
        await _sent(connection, _parse(name, sql))
        await _sent(connection, _run(name, 1))
        calls = Calls()
        calls.begin()
        try:
            for key in range(1, STATEMENTS + 1):
                await _sent(connection, _run(name, key))
        finally:
            counted[name] = calls.end() / STATEMENTS
    return counted


async def _counted_among_many(cluster: SimulatedCluster) -> dict[str, float]:
    await _connected(cluster)
    connections = [await cluster.database("client").connect() for _ in range(CLIENTS)]
    counted: dict[str, float] = {}

    async def run(name: str, times: int) -> None:
        async def client(number: int, connection: SimulatedConnection) -> None:
            for key in range(1, times + 1):
                await _sent(connection, _run(name, 100 * number + key))

        await asyncio.gather(*(client(number, connection) for number, connection in enumerate(connections)))

    for name, sql in STATEMENT_OF.items():
        for connection in connections:
            await _sent(connection, _parse(name, sql))
        await run(name, STATEMENTS)
        calls = Calls()
        calls.begin()
        try:
            await run(name, 2 * STATEMENTS)
        finally:
            counted[name] = calls.end() / (2 * STATEMENTS * CLIENTS)
    return counted


async def _counted_blocks(cluster: SimulatedCluster) -> dict[str, float]:
    connection = await _connected(cluster)
    await connection.execute("CREATE TABLE history (k int, v int, at timestamp)")
    connections = [await cluster.database("client").connect() for _ in range(CLIENTS)]

    async def client(number: int, connection: SimulatedConnection, first: int, times: int) -> None:
        for key in range(first, first + times):
            for name, (_, parameters) in BLOCK.items():
                await _sent(connection, _run(name, 500 * number + key, parameters))

    async def run(first: int, times: int) -> None:
        await asyncio.gather(*(client(number, one, first, times) for number, one in enumerate(connections)))

    for connection in connections:
        for name, (sql, _) in BLOCK.items():
            await _sent(connection, _parse(name, sql))
    await run(1, STATEMENTS)
    calls = Calls()
    calls.begin()
    try:
        await run(100, STATEMENTS)
    finally:
        counted = calls.end()
    return {"pgbench -N": counted / (STATEMENTS * CLIENTS)}


async def _sent(connection: SimulatedConnection, data: bytes) -> None:
    connection._link.to_server(data)
    await connection._until_ready()


def _cluster(placement: str) -> SimulatedCluster:
    settings = Settings(mode="open", limits=OPEN_LIMITS, layout=Layout(placement=placement))
    return SimulatedCluster(0, undisturbed(settings))


@pytest.mark.parametrize(
    ("count", "placement", "most"),
    [
        (_counted, "role", CALLS),
        (_counted_among_many, "az", CALLS_AMONG_MANY),
        (_counted_blocks, "az", CALLS_OF_BLOCK),
    ],
)
def test_a_statement_makes_no_more_calls_than_it_did(
    count: Callable[[SimulatedCluster], Coroutine[Any, Any, dict[str, float]]], placement: str, most: dict[str, int]
) -> None:
    cluster = _cluster(placement)
    with cluster.world:
        counted = cluster.world.run(count(cluster))
    assert {name: calls for name, calls in counted.items() if calls > MORE_MAX * most[name]} == {}, counted
