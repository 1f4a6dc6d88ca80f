"""One attempt at a transaction, and what is certain of its outcome.

    client = ProofClient(database, random, problems)
    outcome, result = await client.attempt(work)         work(connection) runs between BEGIN and COMMIT

    COMMITTED   COMMIT was answered
    ABORTED     an error before COMMIT was sent, or COMMIT was answered with an error that says so (40001 ...)
    UNKNOWN     the connection broke during COMMIT, or it was answered with 08xxx or 57P01: it may have happened

Only the errors that a cluster under faults may give are taken for granted (`ALLOWED`); any other is a problem, and
fails the proof.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeVar

from workloads.histories.transactions import Outcome
from workloads.proofs.connection import Connection, Database, SqlError

T = TypeVar("T")

COMMITTED: Final = "committed"
ABORTED: Final = "aborted"
UNKNOWN: Final = "unknown"

ALLOWED = ("40001", "57P01", "57P03", "53100", "53300")
"""Conflicts, a process that stops or starts, a full disk, too many connections; and all of class 08."""
OLD_SNAPSHOT = ("42P01", "42703", "54000")
"""A clock that lies makes a snapshot old: tables and columns unknown in it, or its versions gone."""
PAUSE_S_MAX = 0.2
"""After a connection that could not be made."""


def is_allowed(error: SqlError) -> bool:
    return error.sqlstate.startswith("08") or error.sqlstate in ALLOWED


def is_uncertain(error: SqlError) -> bool:
    """Of an error that answered COMMIT."""
    return error.sqlstate.startswith(("08", "57P"))


class ProofClient:
    """A client's connection, made again whenever it is broken. `problems`: what should never have happened is added to
    it; `recent`, `tolerated`: see Proof."""

    def __init__(
        self,
        database: Database,
        random: Random,
        problems: list[str],
        recent: bool = True,
        tolerated: tuple[str, ...] = (),
    ) -> None:
        self.tolerated = tolerated if recent else (*tolerated, *OLD_SNAPSHOT)
        self.database = database
        self.random = random
        self.problems = problems
        self.commits = 0
        self.connection: Connection | None = None

    async def connect(self) -> Connection | None:
        """None where that is not possible now."""
        if self.connection is None or self.connection.closed:
            try:
                self.connection = await self.database.connect()
            except SqlError as error:
                self.connection = None
                self.note(error, "connecting")
                await self.database.sleep(self.random.uniform(0, PAUSE_S_MAX))
        return self.connection

    def note(self, error: SqlError, doing: str, also: tuple[str, ...] = ()) -> None:
        if not is_allowed(error) and error.sqlstate not in (*also, *self.tolerated):
            self.problems.append(f"{doing}: {error}")

    async def attempt(
        self, work: Callable[[Connection], Awaitable[T]], also: tuple[str, ...] = ()
    ) -> tuple[Outcome, T | None]:
        """`also`: further SQLSTATEs that `work` may raise."""
        connection = await self.connect()
        if connection is None:
            return ABORTED, None
        try:
            await connection.execute("BEGIN")
            result = await work(connection)
        except SqlError as error:
            self.note(error, "a statement", also)
            await self._roll_back(connection)
            return ABORTED, None
        try:
            done = await connection.execute("COMMIT")
        except SqlError as error:
            self.note(error, "COMMIT", also)
            return UNKNOWN if is_uncertain(error) else ABORTED, result
        if done.tag != "COMMIT":
            self.problems.append(f"COMMIT was answered with {done.tag}")
            return ABORTED, result
        self.commits += 1
        return COMMITTED, result

    async def statement(self, sql: str, also: tuple[str, ...] = ()) -> tuple[Outcome, list[tuple[str | None, ...]]]:
        """One statement in a transaction of its own: the outcome, and its rows."""
        connection = await self.connect()
        if connection is None:
            return ABORTED, []
        try:
            rows = (await connection.execute(sql)).rows
        except SqlError as error:
            self.note(error, sql, also)
            return UNKNOWN if is_uncertain(error) else ABORTED, []
        self.commits += 1
        return COMMITTED, rows

    async def _roll_back(self, connection: Connection) -> None:
        if not connection.closed:
            try:
                await connection.execute("ROLLBACK")
            except SqlError as error:
                self.note(error, "ROLLBACK")

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()
