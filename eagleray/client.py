"""Connecting, and the retry loop that optimistic concurrency control asks of every client.

A transaction that meets 40001 certainly did not commit and is run again, with full jitter between a lower and an upper bound. One whose
connection broke while it committed, or that ended in 08007, may have committed: it is never run again silently (UnknownOutcome).
    with Session() as session:
        session.transaction(work)               also reconnects, where a failover broke the connection before COMMIT

Source of the back-off: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors

T = TypeVar("T")

DEFAULT_URL = "postgresql://admin@localhost:5433/postgres"
ATTEMPTS_MAX = 50
"""Conflicts are short; a transaction that loses so many times in a row is one that should be redesigned."""
RECONNECT_S_MAX = 30.0
"""Outlasts the restart of a machine's gateway."""
PAUSE_S_MIN = 0.001
PAUSE_S_MAX = 0.1


class UnknownOutcome(Exception):
    """The connection was lost while the transaction committed: it may or may not have happened. The cause is the driver's error."""


def connect(url: str | None = None, **arguments: Any) -> psycopg.Connection[Any]:
    """A psycopg connection to `url`, by default EAGLERAY_URL or the local cluster's port."""
    return psycopg.connect(url or os.environ.get("EAGLERAY_URL", DEFAULT_URL), **arguments)


def transaction(
    connection: psycopg.Connection[Any],
    work: Callable[[psycopg.Cursor[Any]], T],
    *,
    attempts_max: int = ATTEMPTS_MAX,
    on_retry: Callable[[int, psycopg.Error], None] | None = None,
    jitter: random.Random | None = None,
) -> T:
    """Run `work(cursor)` in a transaction and commit it; on 40001 roll back, pause and run it again.

    Raises what `work` raises (after a rollback), the last 40001 after `attempts_max` attempts, UnknownOutcome when the commit's outcome is unknown.
    """
    chance = jitter or random.Random()
    attempt = 0
    while True:
        attempt += 1
        committing = False
        try:
            with connection.cursor() as cursor:
                result = work(cursor)
            committing = True
            connection.commit()
            return result
        except errors.SerializationFailure as conflict:
            connection.rollback()
            if attempt >= attempts_max:
                raise
            if on_retry is not None:
                on_retry(attempt, conflict)
            time.sleep(chance.uniform(PAUSE_S_MIN, min(PAUSE_S_MAX, PAUSE_S_MIN * 2**attempt)))
        except psycopg.OperationalError as lost:
            if committing and _is_failover(lost):
                raise UnknownOutcome(str(lost)) from lost
            if not connection.closed:
                connection.rollback()
            raise
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise


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
        """As `transaction`; a connection that breaks (08xxx, 57P01) before COMMIT was sent has committed nothing, so another one is made and `work` runs again, for
        `reconnect_s_max` at most. Raises UnknownOutcome as `transaction` does."""
        end = time.monotonic() + self._reconnect_s_max
        while True:
            try:
                return transaction(self.connection, work, **options)
            except psycopg.OperationalError as lost:
                if isinstance(lost, errors.SerializationFailure) or not _is_failover(lost) or time.monotonic() > end:
                    raise
                if self._connection is not None:
                    self._connection.close()
            time.sleep(PAUSE_S_MAX)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_failover(error: psycopg.OperationalError) -> bool:
    """The driver's own word for a broken connection has no SQLSTATE."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
