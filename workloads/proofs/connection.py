"""What a proof needs of a database: connections that take SQL text, a clock, and a way to wait.

live.py gives it over psycopg, to a running cluster (or to PostgreSQL); cluster/simulation/sql_client.py over simulated
sockets, in virtual time. A proof cannot tell them apart.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Rows(NamedTuple):
    """Values in text form, None for NULL; `tag` is the command tag ("UPDATE 1")."""

    rows: list[tuple[str | None, ...]]
    tag: str


def as_dict(rows: Rows | list[tuple[str | None, ...]]) -> dict[str | None, str | None]:
    """First column -> second column."""
    return {row[0]: row[1] for row in (rows.rows if isinstance(rows, Rows) else rows)}


class SqlError(Exception):
    """The server answered with an error, or (08xxx) the connection broke: then it is `closed`."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate
        self.message = message


class Connection(Protocol):
    """One session, one statement at a time."""

    @property
    def closed(self) -> bool: ...

    async def execute(self, sql: str) -> Rows:
        """One statement, literals in its text. Raises SqlError."""

    async def close(self) -> None: ...


class Database(Protocol):
    async def connect(self) -> Connection:
        """Raises SqlError: 08xxx, 57P03, 53300 ..."""

    def now_us(self) -> int:
        """Microseconds of a clock that all clients of one run share; never goes back."""

    async def sleep(self, seconds: float) -> None: ...
