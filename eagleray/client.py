"""Connecting, and the retry loop that optimistic concurrency control asks of every client.

A transaction that meets 40001 certainly did not commit and is run again, with full jitter between a lower and an upper bound. One whose
connection broke while it committed, or that ended in 08007, may have committed: it is never run again silently (UnknownOutcome).
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
        except (errors.TransactionResolutionUnknown, psycopg.OperationalError) as lost:
            if committing:
                raise UnknownOutcome(str(lost)) from lost
            raise
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
