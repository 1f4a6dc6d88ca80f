"""Making a workload's tables and rows, in batches that a server takes.

Rows go by COPY over some connections at a time. A server that refuses a batch as too large (54000: DSQL takes 3,000
rows a transaction) is given batches of half that size from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import asyncpg

from eagleray.transactions import ATTEMPTS_MAX, PAUSE_S_MAX, PAUSE_S_MIN
from eagleray.workload.client import RETRYABLE, Connection, connect, sqlstate_of
from eagleray.workload.workload import WorkloadError

BATCH_ROWS_MAX = 12_000
"""Halved twice it is DSQL's 3,000. Larger batches load no faster: a COPY's fixed cost is then below a hundredth."""
CONNECTIONS = 4
TOO_LARGE = "54000"
INDEX, INDEX_ASYNC = "CREATE INDEX", "CREATE INDEX ASYNC"
WAIT, DETAILS = "SELECT sys.wait_for_job($1)", "SELECT details FROM sys.jobs WHERE job_id = $1"

Row: TypeAlias = tuple[Any, ...]


class Loader:
    """Loads tables at `url`; an async context manager. `on_rows(table, rows so far)` is called after each batch."""

    def __init__(self, url: str, on_rows: Callable[[str, int], None] | None = None) -> None:
        self._url = url
        self._on_rows = on_rows
        self._connections: list[Connection] = []
        self.batch_rows = BATCH_ROWS_MAX

    async def __aenter__(self) -> Loader:
        self._connections = [await connect(self._url)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            if not connection.is_closed():
                await connection.close(timeout=5)

    async def create(self, tables: Sequence[str], schema: Sequence[str]) -> None:
        """Drop `tables` where they exist, then run `schema`, each statement by itself. A server that takes indexes as
        jobs only, and says so (DSQL), is asked for such."""
        for statement in [*(f"DROP TABLE IF EXISTS {table}" for table in reversed(tables)), *schema]:
            try:
                await self._execute(statement)
            except asyncpg.FeatureNotSupportedError as error:
                if INDEX_ASYNC not in str(error) or INDEX_ASYNC in statement:
                    raise
                await self._execute(statement.replace(INDEX, INDEX_ASYNC, 1))

    async def _execute(self, statement: str) -> None:
        """A job is waited for: its end may refuse what commits beside it. Raises WorkloadError where it has
        failed."""
        connection = self._connections[0]
        if INDEX_ASYNC not in statement:
            await self._again_on_conflict(connection.execute, statement)
            return
        job = await self._again_on_conflict(connection.fetchval, statement)
        if not await connection.fetchval(WAIT, job):
            raise WorkloadError(f"{statement}: job {job} has failed: {await connection.fetchval(DETAILS, job)}")

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """Append `rows`, tuples in the order of `columns` (none named: of all); how many there were. Raises the
        driver's error; batches before it stay."""
        while len(self._connections) < CONNECTIONS:
            self._connections.append(await connect(self._url))
        source = iter(rows)
        loaded = 0

        async def carry(connection: Connection) -> None:
            nonlocal loaded
            while batch := list(islice(source, self.batch_rows)):
                await self._copy_batch(connection, table, columns, batch)
                loaded += len(batch)
                if self._on_rows is not None:
                    self._on_rows(table, loaded)

        await asyncio.gather(*(carry(connection) for connection in self._connections))
        return loaded

    async def _copy_batch(self, connection: Connection, table: str, columns: Sequence[str], batch: list[Row]) -> None:
        pending = [batch]
        while pending:
            piece = pending.pop()
            if len(piece) > self.batch_rows:
                pending += _pieces(piece, self.batch_rows)
                continue
            try:
                copy = connection.copy_records_to_table
                await self._again_on_conflict(copy, table, columns=list(columns) or None, records=piece)
            except asyncpg.PostgresError as error:
                if sqlstate_of(error) != TOO_LARGE or len(piece) == 1:
                    raise
                self.batch_rows = min(self.batch_rows, max(1, len(piece) // 2))
                pending.append(piece)

    async def _again_on_conflict(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return await call(*arguments, **options)
            except asyncpg.PostgresError as error:
                if sqlstate_of(error) not in RETRYABLE or attempt == ATTEMPTS_MAX:
                    raise
            await asyncio.sleep(min(PAUSE_S_MAX, PAUSE_S_MIN * 2**attempt))


def _pieces(batch: list[Row], rows: int) -> Iterator[list[Row]]:
    return (batch[start : start + rows] for start in range(0, len(batch), rows))
