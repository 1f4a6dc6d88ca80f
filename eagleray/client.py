"""Connecting to a cluster: `connect`, and `Session` and `AsyncSession`, whose connection is made again when a
failover breaks it.

    with Session() as session:
        session.transaction(work)               runs again on 40001, and on another connection where one broke before
                                                COMMIT

Transactions, and what is run again when, are in transactions.py.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg

from eagleray.transactions import RECONNECT_S_MAX, Retries, UnknownOutcome, is_failover, run, run_async, transaction

__all__ = ["AsyncSession", "Session", "UnknownOutcome", "connect", "connect_async", "default_url", "transaction"]

T = TypeVar("T")

DEFAULT_URL = "postgresql://admin@localhost:5433/postgres"


def default_url() -> str:
    """EAGLERAY_URL, which a submitted program finds set, or the local cluster's port."""
    return os.environ.get("EAGLERAY_URL", DEFAULT_URL)


def connect(url: str | None = None, **arguments: Any) -> psycopg.Connection[Any]:
    """A psycopg connection to `url`, by default EAGLERAY_URL or the local cluster's port."""
    return psycopg.connect(url or default_url(), **arguments)


async def connect_async(url: str | None = None, **arguments: Any) -> psycopg.AsyncConnection[Any]:
    """As `connect`."""
    return await psycopg.AsyncConnection.connect(url or default_url(), **arguments)


class Session:
    """A connection that is made again when a failover breaks it. `arguments`: psycopg's."""

    def __init__(self, url: str | None = None, *, reconnect_s_max: float = RECONNECT_S_MAX, **arguments: Any) -> None:
        self._url = url
        self._arguments = arguments
        self._reconnect_s_max = reconnect_s_max
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The open one, or a new one. Raises psycopg.OperationalError where none can be made."""
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = connect(self._url, **self._arguments)
        return self._connection

    def transaction(self, work: Callable[[psycopg.Cursor[Any]], T], **options: Any) -> T:
        """As `eagleray.transaction`; a connection that breaks (08xxx, 57P01) before COMMIT was sent has committed
        nothing, so another one is made and `work` runs again, for `reconnect_s_max` at most. Raises UnknownOutcome as
        `eagleray.transaction` does."""

        def guarded(cursor: psycopg.Cursor[Any]) -> T:
            try:
                return work(cursor)
            except psycopg.OperationalError as lost:
                if is_failover(lost):
                    cursor.connection.close()  # another query processor may be better off
                raise

        return run(lambda: self.connection, guarded, Retries(reconnect_s_max=self._reconnect_s_max, **options))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSession:
    """As `Session`."""

    is_async = True

    def __init__(self, url: str | None = None, *, reconnect_s_max: float = RECONNECT_S_MAX, **arguments: Any) -> None:
        self._url = url
        self._arguments = arguments
        self._reconnect_s_max = reconnect_s_max
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def connection(self) -> psycopg.AsyncConnection[Any]:
        """The open one, or a new one. Raises psycopg.OperationalError where none can be made."""
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = await connect_async(self._url, **self._arguments)
        return self._connection

    async def transaction(self, work: Callable[[psycopg.AsyncCursor[Any]], Awaitable[T]], **options: Any) -> T:
        """As `Session.transaction`."""

        async def guarded(cursor: psycopg.AsyncCursor[Any]) -> T:
            try:
                return await work(cursor)
            except psycopg.OperationalError as lost:
                if is_failover(lost):
                    await cursor.connection.close()
                raise

        return await run_async(self.connection, guarded, Retries(reconnect_s_max=self._reconnect_s_max, **options))

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
