"""One client of a workload: a connection that is made again when it breaks, transactions that are retried, and
outcomes told apart.

| what happened | what the client does |
| --- | --- |
| 40001 or 40P01, anywhere | certainly not committed: rolled back, a pause with full jitter, the same work again |
| the connection broke before COMMIT (08xxx, 57P0x) | nothing was committed: another connection, the same work again |
| it broke during COMMIT or a single writing statement; 40003 | UnknownOutcome: never run again blindly |
| Rollback, raised by the work | rolled back, as the workload wanted |
| any other error | rolled back and raised: the runner counts it under its SQLSTATE |
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import asyncpg

from eagleray.transactions import ATTEMPTS_MAX, PAUSE_S_MAX, PAUSE_S_MIN, RECONNECT_S_MAX, UnknownOutcome
from eagleray.workload.workload import WorkloadError

T = TypeVar("T")

Connection: TypeAlias = Any
"""asyncpg.Connection: execute, fetch, fetchrow, fetchval, executemany; parameters are $1, $2 ..."""

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
RETRYABLE = ("40001", "40P01")
AMBIGUOUS = "40003"
"""statement_completion_unknown: what CockroachDB says where the outcome of a commit is not known."""
LOST = "08000"
"""Counted where a connection broke without a SQLSTATE."""
MISUSED = "22000"
"""Counted where the driver takes no such parameter, or not now: a workload's mistake."""
HIDDEN = "the work hid an error from its transaction, which was rolled back"
CONNECT_S_MAX = 30.0
ISOLATION_DEFAULT = "repeatable read"


class Rollback(Exception):
    """A transaction's work raises it to have its transaction rolled back, counted as such, and not run again."""


def sqlstate_of(error: BaseException) -> str:
    """Five characters. The driver's own errors have none: LOST for a broken connection, MISUSED for what the driver
    refused to send."""
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state
    return MISUSED if isinstance(error, asyncpg.InterfaceError) and "closed" not in str(error) else LOST


def is_lost(state: str) -> bool:
    """Whether `state` says that the session is over."""
    return state.startswith(("08", "57P"))


class Client:
    """One of a workload's clients. `random` is its own source of chance, drawn from the run's seed and its number.

    retries: attempts that were run again, by SQLSTATE. reconnects: connections that were made after the first.
    """

    def __init__(self, number: int, url: str, seed: int, isolation: str = ISOLATION_DEFAULT) -> None:
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.retries: Counter[str] = Counter()
        self.reconnects = 0
        self._jitter = random.Random(f"{seed}/{number}/jitter")
        self._url = url
        self._begin = f"BEGIN ISOLATION LEVEL {isolation.upper()}"
        self._connection: Connection | None = None

    async def connect(self) -> Connection:
        """The open connection, or a new one. Raises one of DRIVER_ERRORS."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=5)

    async def transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """BEGIN, `work`, COMMIT, and again on conflicts. `work` must do the same each time it runs: draw what it
        needs before.

        Raises Rollback as `work` does, UnknownOutcome, and the driver's error where it is not to be retried.
        """

        async def attempt(sql: Connection, sent: list[bool]) -> T:
            await sql.execute(self._begin)
            result = await work(sql)
            sent.append(True)
            if await sql.execute("COMMIT") == "ROLLBACK":
                raise asyncpg.InFailedSQLTransactionError(HIDDEN)
            return result

        return await self._until_done(attempt)

    async def read(self, statement: str, *arguments: Any) -> list[Any]:
        """One reading statement in a transaction of its own: its rows."""

        async def attempt(sql: Connection, sent: list[bool]) -> list[Any]:
            rows: list[Any] = await sql.fetch(statement, *arguments)
            return rows

        return await self._until_done(attempt)

    async def write(self, statement: str, *arguments: Any) -> str:
        """One writing statement in a transaction of its own: its command tag, "UPDATE 1". Raises UnknownOutcome as
        `transaction` does."""

        async def attempt(sql: Connection, sent: list[bool]) -> str:
            sent.append(True)
            return str(await sql.execute(statement, *arguments))

        return await self._until_done(attempt)

    async def _until_done(self, attempt: Callable[[Connection, list[bool]], Awaitable[T]]) -> T:
        """`attempt` appends to its list once what it sends next may commit."""
        attempts, end = 0, None
        while True:
            sent: list[bool] = []
            try:
                return await attempt(await self.connect(), sent)
            except DRIVER_ERRORS as error:
                state = sqlstate_of(error)
                if sent and (is_lost(state) or state == AMBIGUOUS):
                    self._drop()
                    raise UnknownOutcome(f"{state}: {error}") from error
                if is_lost(state):
                    self._drop()
                    end = end or time.monotonic() + RECONNECT_S_MAX
                    if time.monotonic() > end:
                        raise
                    self.reconnects += 1
                    await asyncio.sleep(self._jitter.uniform(PAUSE_S_MIN, PAUSE_S_MAX))
                    continue
                await self._roll_back()
                attempts += 1
                if state not in RETRYABLE or attempts >= ATTEMPTS_MAX:
                    raise
                self.retries[state] += 1
            except BaseException:  # the work's own, Rollback among them, and the end of the run
                await self._roll_back()
                raise
            await asyncio.sleep(self._jitter.uniform(PAUSE_S_MIN, min(PAUSE_S_MAX, PAUSE_S_MIN * 2**attempts)))

    async def _roll_back(self) -> None:
        if self._connection is None or self._connection.is_closed() or not self._connection.is_in_transaction():
            return
        try:
            await self._connection.execute("ROLLBACK")
        except DRIVER_ERRORS:
            self._drop()  # a connection that ends has rolled back

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None


async def connect(url: str) -> Connection:
    """A connection to a PostgreSQL URL. Raises one of DRIVER_ERRORS; WorkloadError where the URL cannot be read."""
    try:
        return await asyncpg.connect(url, timeout=CONNECT_S_MAX)
    except ValueError as error:  # of the URL's parts: the driver's ClientConfigurationError is one too
        raise WorkloadError(f"the server's URL: {error}") from None
