"""Proofs on a running cluster (or PostgreSQL itself): psycopg's connections in the form of connection.py, and a runner.

    problems = await run_proofs([url], [BankTransfers()], until=over, clients=3)

A connection that breaks is an SqlError of class 08, whatever psycopg calls it, and is closed then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import psycopg

from workloads.proofs.attempt import ProofClient
from workloads.proofs.connection import Rows, SqlError
from workloads.proofs.proof import Proof

CONNECT_S = 10
STATEMENT_S_MAX = 30.0
"""A client's patience: a statement without an answer for so long is given up with its connection."""


class LiveConnection:
    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    @property
    def closed(self) -> bool:
        return self._connection.closed or self._connection.broken

    async def execute(self, sql: str) -> Rows:
        try:
            async with asyncio.timeout(STATEMENT_S_MAX), self._connection.cursor() as cursor:
                await cursor.execute(sql.encode())
                rows = await cursor.fetchall() if cursor.description else []
                return Rows(
                    [tuple(None if value is None else str(value) for value in row) for row in rows],
                    cursor.statusmessage or "",
                )
        except psycopg.Error as error:
            raise _failure(error) from None
        except TimeoutError:
            await self.close()
            raise SqlError("08006", f"no answer in {STATEMENT_S_MAX:.0f} s") from None

    async def close(self) -> None:
        await self._connection.close()


class LiveDatabase:
    def __init__(self, url: str) -> None:
        self._url = url

    async def connect(self) -> LiveConnection:
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_S, prepare_threshold=None
            )
        except psycopg.Error as error:
            raise _failure(error) from None
        return LiveConnection(connection)

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _failure(error: psycopg.Error) -> SqlError:
    """psycopg has no SQLSTATE for what it found out by itself: a connection that broke, or could not be made."""
    return SqlError(error.sqlstate or "08006", str(error).strip())


async def run_proofs(
    urls: Sequence[str], proofs: list[Proof], until: asyncio.Event, clients: int, seed: int = 0
) -> list[str]:
    """Set up at the first of the `urls`, run `clients` of each proof until the event, which go round the urls, check at
    the first. What is wrong, in words."""
    databases = [LiveDatabase(url) for url in urls]
    database, regions = databases[0], len(databases)
    connection = await database.connect()
    for proof in proofs:
        await proof.setup(connection)
    work = [
        proof.run_client(databases[number % regions], number, Random(f"{seed}/{proof.name}/{number}"), until.is_set)
        for proof in proofs
        for number in range(clients)
    ]
    await asyncio.gather(*work)
    wrong: list[str] = []
    for proof in proofs:
        client = ProofClient(database, Random(seed), proof.problems)
        found = await proof.check(client)
        wrong += [f"{proof.name}: {problem}" for problem in (*proof.problems, *found)]
        await client.close()
    await connection.close()
    return wrong
