"""`Deadlines`: what ends a statement, a transaction or a session that takes longer than its session's timeouts allow.

    statement      from the first message of a statement to its end        57014, the statement fails
    transaction    from its first statement to its end                     25P04, the session ends
    idle           from ReadyForQuery to the client's next message         57P05, in a transaction 25P03; the session
                                                                           ends

The rules are those of PostgreSQL's postgres.c: each statement of a simple query has its own time; in the extended
protocol Parse, Bind and Execute share one, and Execute ends it. A statement timeout that is not below the transaction's
does not run. No deadline ends a commit under way, since its outcome would be unknown: the connection ignores what falls
due then.

One timer serves a connection, and a deadline that moves leaves the timer where it is: it finds at its turn that it is
early, and waits for the rest. So a busy session costs one timer for each timeout that passes, not one for each
statement; a session without timeouts (`Timeouts.used` is False) calls nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import IntEnum
from math import inf

from actors.common.errors import (
    IDLE_IN_TRANSACTION_TIMEOUT,
    IDLE_SESSION_TIMEOUT,
    QUERY_CANCELED,
    TRANSACTION_TIMEOUT,
    DatabaseError,
)


class Timeouts:
    """A session's timeouts in milliseconds, 0: none. `used` stays True once there was one: what is under way may have
    to be ended."""

    __slots__ = ("idle_in_transaction_ms", "idle_ms", "statement_ms", "transaction_ms", "used")

    def __init__(self) -> None:
        self.statement_ms = self.transaction_ms = self.idle_ms = self.idle_in_transaction_ms = 0
        self.used = False


class Kind(IntEnum):
    STATEMENT = 0
    TRANSACTION = 1
    IDLE = 2
    IDLE_IN_TRANSACTION = 3


def error_of(kind: Kind) -> DatabaseError:
    """PostgreSQL's error for a deadline that has passed."""
    if kind is Kind.STATEMENT:
        return DatabaseError(QUERY_CANCELED, "canceling statement due to statement timeout")
    if kind is Kind.TRANSACTION:
        return DatabaseError(TRANSACTION_TIMEOUT, "terminating connection due to transaction timeout")
    if kind is Kind.IDLE:
        return DatabaseError(IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout")
    return DatabaseError(IDLE_IN_TRANSACTION_TIMEOUT, "terminating connection due to idle-in-transaction timeout")


class Deadlines:
    """Of one connection. `on_due(kind)` is called from the loop once a deadline has passed; that deadline is then
    gone."""

    def __init__(self, timeouts: Timeouts, on_due: Callable[[Kind], None]) -> None:
        self._timeouts = timeouts
        self._on_due = on_due
        self._loop = asyncio.get_running_loop()
        self._due = [inf] * len(Kind)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf

    def message_begins(self, failed: bool) -> None:
        """A client's message is about to be handled: the session is not idle; a statement and a transaction begin,
        unless they run. `failed`: the transaction has failed, so that its own time is over."""
        due, timeouts = self._due, self._timeouts
        due[Kind.IDLE] = due[Kind.IDLE_IN_TRANSACTION] = inf
        statement_ms, transaction_ms = timeouts.statement_ms, timeouts.transaction_ms
        if transaction_ms and due[Kind.TRANSACTION] == inf and not failed:
            self._set(Kind.TRANSACTION, transaction_ms)
        if statement_ms and due[Kind.STATEMENT] == inf and (statement_ms < transaction_ms or not transaction_ms):
            self._set(Kind.STATEMENT, statement_ms)

    def statement_ended(self, in_transaction: bool) -> None:
        """Execute, or one statement of a simple query, is done. A SET of transaction_timeout counts from now on."""
        self._due[Kind.STATEMENT] = inf
        if not in_transaction or not self._timeouts.transaction_ms:
            self._due[Kind.TRANSACTION] = inf
        elif self._due[Kind.TRANSACTION] == inf:
            self._set(Kind.TRANSACTION, self._timeouts.transaction_ms)

    def ready(self, status: str) -> None:
        """ReadyForQuery with this status ("I", "T", "E") is sent: the client's turn."""
        due, timeouts = self._due, self._timeouts
        due[Kind.STATEMENT] = inf
        if status != "T":
            due[Kind.TRANSACTION] = inf
        if status == "I":
            if timeouts.idle_ms:
                self._set(Kind.IDLE, timeouts.idle_ms)
            return
        transaction_ms, idle_ms = timeouts.transaction_ms, timeouts.idle_in_transaction_ms
        if idle_ms and (idle_ms < transaction_ms or not transaction_ms):
            self._set(Kind.IDLE_IN_TRANSACTION, idle_ms)

    @property
    def idle_left_s(self) -> float | None:
        """Until idle_session_timeout ends the session; None: it does not."""
        due = self._due[Kind.IDLE]
        return max(due - self._loop.time(), 0.0) if due < inf else None

    def close(self) -> None:
        """The session has ended."""
        self._due = [inf] * len(Kind)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, kind: Kind, milliseconds: int) -> None:
        due = self._due[kind] = self._loop.time() + milliseconds / 1000
        if due < self._timer_at:
            self._arm(due)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = (self._loop.call_at(at, self._look), at) if at < inf else (None, inf)

    def _look(self) -> None:
        self._timer, self._timer_at = None, inf
        now = self._loop.time()
        passed = [kind for kind in Kind if self._due[kind] <= now]
        for kind in passed:
            self._due[kind] = inf
        earliest = min(self._due)
        if earliest < inf:
            self._arm(earliest)
        for kind in passed:
            self._on_due(kind)
