"""Statements that write many rows give way: between two turns of the loop they write no more than TURN_ROWS of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.query_processor.planner import make_environment, make_plan
from actors.query_processor.row_executor.changing import TURN_ROWS
from actors.query_processor.session import SessionServices
from actors.query_processor.transaction import Transaction
from actors.runtime.fiber import as_future
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.query_processor.support.client import OPEN, Client

ROWS = 5 * TURN_ROWS
ROW_WRITES = 4
"""Of one row at most: its own and its index entry's, each of which a change of the key deletes and puts."""

WRITES = {
    "insert": f"INSERT INTO t SELECT g, g FROM generate_series({ROWS + 1}, {2 * ROWS}) a(g)",
    "values": "INSERT INTO t VALUES " + ", ".join(f"({number}, 0)" for number in range(ROWS + 1, 2 * ROWS + 1)),
    "update": "UPDATE t SET n = n + 1",
    "update moving keys": f"UPDATE t SET id = id + {ROWS}",
    "update joined": "UPDATE t SET n = o.n + 1 FROM t o WHERE o.id = t.id",
    "delete": "DELETE FROM t WHERE n >= 0",
    "delete joined": "DELETE FROM t USING t o WHERE o.id = t.id",
    "upsert": f"INSERT INTO t SELECT g, g FROM generate_series({ROWS // 2}, {ROWS}) a(g) ON CONFLICT (id) DO UPDATE "
    f"SET n = -1",
    "returning": "UPDATE t SET n = n + 1 RETURNING *",
}


class Ticker:
    """Counts the loop's turns, and how many writes came in one of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.writes = self.most = 0
        self.tick()

    def tick(self) -> None:
        self.most = max(self.most, self.writes)
        self.writes = 0
        self._loop.call_soon(self.tick)


@pytest.mark.parametrize("write", WRITES)
def test_many_rows_are_written_in_turns(monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    cluster = StoredCluster(OPEN)
    client = Client(cluster, SessionServices(cluster.context, make_plan, make_environment))
    session = client.session
    written: list[Ticker] = []

    def counted(method: Any) -> Any:
        def count(self: Transaction, *arguments: Any, **named: Any) -> Any:
            if written:
                written[0].writes += 1
            return method(self, *arguments, **named)

        return count

    monkeypatch.setattr(Transaction, "put", counted(Transaction.put))
    monkeypatch.setattr(Transaction, "delete", counted(Transaction.delete))

    async def run(sql: str) -> str:
        [raw] = await as_future(session.split_large(sql))
        batch = await as_future(session.bind(await as_future(session.prepare(raw))).run())
        return batch.tag

    async def scene() -> str:
        for sql in (
            "CREATE TABLE t (id int PRIMARY KEY, n int)",
            "CREATE INDEX ASYNC t_n ON t (n)",
            f"INSERT INTO t SELECT g, g FROM generate_series(1, {ROWS}) a(g)",
        ):
            await run(sql)
            await as_future(session.sync())
        written.append(Ticker(asyncio.get_running_loop()))
        tag = await run(WRITES[write])
        written[0].tick()
        return tag

    tag = asyncio.run(scene())
    assert int(tag.split()[-1]) >= ROWS // 2
    assert 0 < written[0].most <= ROW_WRITES * TURN_ROWS
