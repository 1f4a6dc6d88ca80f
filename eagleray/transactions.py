"""Transactions that optimistic concurrency control may refuse: run, and run again where that is safe.

    @eagleray.transaction
    def transfer(cursor, source, target, amount):
        cursor.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s", (amount, source))
        cursor.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, target))

    with eagleray.Session() as session:
        transfer(session, 1, 2, 10)

| an attempt ends with | then |
| --- | --- |
| 40001 | nothing was committed: roll back, pause (full jitter), run again, at most `attempts_max` times |
| 08xxx, 57Pxx, a break before COMMIT | nothing committed: a Session connects and runs again; a connection raises |
| the same during COMMIT | perhaps committed: UnknownOutcome, never run again blindly; with `once`, run again safely |
| anything else | roll back and raise |

`Retries` decides, from the error alone; `run` and `run_async` do what it says.

Source of the back-off: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast, overload

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus

T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])
OnRetry = Callable[[int, psycopg.Error], None]

ATTEMPTS_MAX = 50
"""Conflicts are short; a transaction that loses so many times in a row is one that should be redesigned."""
RECONNECT_S_MAX = 30.0
"""Outlasts the restart of a machine's gateway."""
PAUSE_S_MIN = 0.001
PAUSE_S_MAX = 0.1


class UnknownOutcome(Exception):
    """The connection was lost while the transaction committed: it may or may not have happened. The cause is the
    driver's error.

    Whoever catches it must find out by reading (a row that only this transaction writes), and not run the transaction
    again as it is: a transfer would be made twice. With `once` the transaction writes such a row by itself, and this
    is raised only where no connection could be made to look at it.
    """


class Retries:
    """What one call does after each attempt that failed.

    attempts_max   attempts that may end with 40001
    reconnects     the caller makes a new connection where one is broken, for RECONNECT_S_MAX at most
    once           the table whose `token` column makes a second commit of the same call impossible, None: there is none
    """

    def __init__(
        self,
        *,
        attempts_max: int = ATTEMPTS_MAX,
        on_retry: OnRetry | None = None,
        jitter: random.Random | None = None,
        once: str | None = None,
        reconnect_s_max: float = 0.0,
    ) -> None:
        if attempts_max < 1:
            raise ValueError("attempts_max is 1 or more")
        self._attempts_max = attempts_max
        self._on_retry = on_retry
        self._chance = jitter or random.Random()
        self._reconnects = reconnect_s_max > 0
        self._end_s = time.monotonic() + reconnect_s_max
        self._attempts = 0
        self._committing = False
        self._doubtful: UnknownOutcome | None = None
        """An attempt that may have been committed."""
        self._result: Any = None
        self.claim: tuple[sql.Composed, tuple[uuid.UUID]] | None = None
        """The statement that a call runs first, and its parameters."""
        if once is not None:
            names = sql.Identifier(*once.split("."))
            self.claim = (sql.SQL("INSERT INTO {} (token) VALUES (%s)").format(names), (uuid.uuid4(),))

    def begin(self) -> None:
        """An attempt begins."""
        self._committing = False

    def commit(self, result: Any) -> None:
        """COMMIT is about to be sent."""
        self._result = result
        self._committing = True

    def happened(self, error: errors.UniqueViolation) -> Any:
        """The token is there: an attempt that was in doubt has been committed. Its result; raises `error` where no
        attempt was."""
        if self._doubtful is None:
            raise error
        return self._result

    def failed(self, error: BaseException, lost: bool) -> float:
        """Seconds until the next attempt. Raises `error` or UnknownOutcome where there is none. `lost`: the
        connection is gone."""
        if isinstance(error, errors.SerializationFailure):
            self._attempts += 1
            if self._attempts >= self._attempts_max:
                raise self._doubtful or error
            if self._on_retry is not None:
                self._on_retry(self._attempts, error)
            return self._chance.uniform(PAUSE_S_MIN, min(PAUSE_S_MAX, PAUSE_S_MIN * 2**self._attempts))
        if not isinstance(error, psycopg.OperationalError) or not is_failover(error):
            raise self._doubtful or error
        if self._committing:
            doubt = UnknownOutcome(str(error))
            doubt.__cause__ = error
            self._doubtful = self._doubtful or doubt
            if self.claim is None:
                raise doubt
        goes_on = self._reconnects and time.monotonic() < self._end_s
        if not goes_on and (lost or not self._committing):
            raise self._doubtful or error
        return self._chance.uniform(PAUSE_S_MIN, PAUSE_S_MAX)


def is_failover(error: psycopg.OperationalError) -> bool:
    """The driver's own word for a broken connection has no SQLSTATE."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


_Any = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


def _refuse_open(connection: _Any) -> None:
    """A retry rolls back what the connection's transaction holds, so that must be nothing of others. Raises
    ProgrammingError."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        raise psycopg.ProgrammingError(
            "the connection is in a transaction already: end it first, or pass the cursor that it runs with"
        )


def _refuse_failed(connection: _Any) -> None:
    """Before COMMIT, which PostgreSQL answers with ROLLBACK, and no error, where a statement has failed. Raises
    25P02."""
    if connection.info.transaction_status == TransactionStatus.INERROR:
        raise errors.InFailedSqlTransaction(
            "a statement of the transaction failed, and its error was caught: nothing was committed"
        )


def run(
    connect: Callable[[], psycopg.Connection[Any]], work: Callable[[psycopg.Cursor[Any]], T], retries: Retries
) -> T:
    """`work(cursor)` in a transaction of the connection that `connect()` gives: the open one, or another where that
    is lost."""
    while True:
        retries.begin()
        connection: psycopg.Connection[Any] | None = None
        try:
            connection = connect()
            _refuse_open(connection)
            return _attempt(connection, work, retries)
        except psycopg.Error as error:
            pause = retries.failed(error, connection is None or connection.closed)
        time.sleep(pause)


def _attempt(connection: psycopg.Connection[Any], work: Callable[[psycopg.Cursor[Any]], T], retries: Retries) -> T:
    try:
        with connection.cursor() as cursor:
            if connection.autocommit:
                cursor.execute("BEGIN")
            if retries.claim is not None:
                try:
                    cursor.execute(*retries.claim)
                except errors.UniqueViolation as known:
                    result = retries.happened(known)
                    connection.rollback()
                    return cast(T, result)
            result = work(cursor)
        _refuse_failed(connection)
        retries.commit(result)
        connection.commit()
        return result
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise


async def run_async(
    connect: Callable[[], Awaitable[psycopg.AsyncConnection[Any]]],
    work: Callable[[psycopg.AsyncCursor[Any]], Awaitable[T]],
    retries: Retries,
) -> T:
    """As `run`."""
    while True:
        retries.begin()
        connection: psycopg.AsyncConnection[Any] | None = None
        try:
            connection = await connect()
            _refuse_open(connection)
            return await _attempt_async(connection, work, retries)
        except psycopg.Error as error:
            pause = retries.failed(error, connection is None or connection.closed)
        await asyncio.sleep(pause)


async def _attempt_async(
    connection: psycopg.AsyncConnection[Any], work: Callable[[psycopg.AsyncCursor[Any]], Awaitable[T]], retries: Retries
) -> T:
    try:
        async with connection.cursor() as cursor:
            if connection.autocommit:
                await cursor.execute("BEGIN")
            if retries.claim is not None:
                try:
                    await cursor.execute(*retries.claim)
                except errors.UniqueViolation as known:
                    result = retries.happened(known)
                    await connection.rollback()
                    return cast(T, result)
            result = await work(cursor)
        _refuse_failed(connection)
        retries.commit(result)
        await connection.commit()
        return result
    except BaseException:
        if not connection.closed:
            await connection.rollback()
        raise


# -- what users call ---------------------------------------------------------------------------------------------------


@overload
def transaction(function: Function, /) -> Function: ...


@overload
def transaction(
    *,
    attempts_max: int = ...,
    on_retry: OnRetry | None = ...,
    jitter: random.Random | None = ...,
    once: str | None = ...,
) -> Callable[[Function], Function]: ...


@overload
def transaction(
    connection: psycopg.Connection[Any],
    work: Callable[[psycopg.Cursor[Any]], T],
    /,
    *,
    attempts_max: int = ...,
    on_retry: OnRetry | None = ...,
    jitter: random.Random | None = ...,
    once: str | None = ...,
) -> T: ...


def transaction(given: Any = None, work: Any = None, /, **options: Any) -> Any:
    """Run a function in a transaction, and again where it met a conflict (40001). A decorator, or a call.

        @eagleray.transaction                             or @eagleray.transaction(attempts_max=5, once="tokens")
        def transfer(cursor, source, target, amount): ...

        transfer(session, 1, 2, 10)                       a Session or a connection: its own transaction, committed when
                                                          this returns
        transfer(cursor, 1, 2, 10)                        a cursor: part of the transaction that it belongs to
        await transfer(connection, 1, 2, 10)              an `async def` takes an AsyncSession or a
                                                          psycopg.AsyncConnection

        eagleray.transaction(connection, work)            the same without a decorator: work(cursor)

    **The function may run several times**; only one run is committed. What it does to the database is undone with its
    run; what it does elsewhere (sends a mail, appends to a list) is not, so do that after the call, with what it
    returns.

    **A commit of unknown outcome is never run again blindly.** Where the connection is lost during COMMIT the
    transaction may have happened: UnknownOutcome. A function that is idempotent (it sets a value, inserts under a key
    that the caller chose) may be called again; one that is not (it adds) may not, unless `once` names a table that
    the transaction inserts a random token into. Of two commits with one token the database refuses the second, so the
    call tries again until it knows:

        CREATE TABLE tokens (token uuid PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())

    Old tokens are the owner's to delete, once no call that made them still runs.

    Options: `attempts_max` conflicts in a row; `on_retry(attempt, error)`; `jitter`, a random.Random; `once`. Raises
    what the function raises (after a rollback), the last 40001, UnknownOutcome, 25P02 where the function caught a
    statement's error and went on, and ProgrammingError where the connection is in a transaction already.
    """
    if given is None:
        return functools.partial(_decorated, options=options)
    if work is None and callable(given):
        return _decorated(given, options)
    return _run_on(given, work, options)


def _decorated(function: Any, options: dict[str, Any]) -> Any:
    Retries(**options)  # a bad option shows itself here

    @functools.wraps(function)
    def call(where: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(where, psycopg.Cursor | psycopg.AsyncCursor):
            return function(where, *arguments, **named)
        return _run_on(
            where, lambda cursor: function(cursor, *arguments, **named), options, inspect.iscoroutinefunction(function)
        )

    return call


def _run_on(where: Any, work: Any, options: dict[str, Any], is_async: bool | None = None) -> Any:
    """In a transaction of `where`: a connection, or what has a `transaction(work, **options)` of its own."""
    takes_async = isinstance(where, psycopg.AsyncConnection) or getattr(where, "is_async", False)
    if is_async is not None and is_async != takes_async:
        raise TypeError(
            f"{'an async function takes an async' if is_async else 'a function that is not async takes a plain'} "
            f"connection or session, not {type(where).__name__}"
        )
    if isinstance(where, psycopg.AsyncConnection):

        async def same_async() -> Any:
            return where

        return run_async(same_async, work, Retries(**options))
    if isinstance(where, psycopg.Connection):
        return run(lambda: where, work, Retries(**options))
    if not hasattr(where, "transaction"):
        raise TypeError(f"a transaction runs on a connection, a session or a cursor, not on {type(where).__name__}")
    return where.transaction(work, **options)
