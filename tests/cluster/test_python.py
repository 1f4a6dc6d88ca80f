"""What `import eagleray` offers, on a cluster: transactions, and tables as data."""

from __future__ import annotations

import asyncio
import uuid

import psycopg
import pytest

import eagleray
from tests.conftest import LiveCluster


@pytest.fixture
def other(live_cluster: LiveCluster) -> psycopg.Connection:  # type: ignore[type-arg]
    """Another client, and a table of one counter."""
    with eagleray.connect(live_cluster.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS counted")
        connection.execute("CREATE TABLE counted (id int PRIMARY KEY, n int NOT NULL)")
        connection.execute("INSERT INTO counted VALUES (1, 0)")
        yield connection  # type: ignore[misc]


def total(connection: psycopg.Connection) -> int:  # type: ignore[type-arg]
    row = connection.execute("SELECT n FROM counted WHERE id = 1").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_conflict_runs_the_function_again(live_cluster: LiveCluster, other: psycopg.Connection, autocommit: bool) -> None:  # type: ignore[type-arg]
    retries: list[int] = []

    @eagleray.transaction(on_retry=lambda attempt, error: retries.append(attempt))
    def add(cursor: psycopg.Cursor, amount: int) -> str:  # type: ignore[type-arg]
        cursor.execute("SELECT n FROM counted WHERE id = 1")
        if not retries:
            other.execute("UPDATE counted SET n = n + 10 WHERE id = 1")
        cursor.execute("UPDATE counted SET n = n + %s WHERE id = 1", (amount,))
        return "added"

    with eagleray.connect(live_cluster.url, autocommit=autocommit) as one:
        assert add(one, 1) == "added"
        assert (retries, total(other)) == ([1], 11)
        with one.transaction(), one.cursor() as cursor:  # a part of another transaction, which the test commits
            add(cursor, 100)
            assert total(other) == 11
            with pytest.raises(psycopg.ProgrammingError, match="in a transaction already"):
                add(one, 1)
    assert total(other) == 111


def test_an_error_that_the_function_catches_commits_nothing(live_cluster: LiveCluster, other: psycopg.Connection) -> None:  # type: ignore[type-arg]
    def work(cursor: psycopg.Cursor) -> None:  # type: ignore[type-arg]
        cursor.execute("UPDATE counted SET n = 5 WHERE id = 1")
        with pytest.raises(psycopg.errors.DivisionByZero):
            cursor.execute("SELECT 1 / 0")

    with eagleray.connect(live_cluster.url) as one:
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            eagleray.transaction(one, work)
        assert total(other) == 0


def test_coroutines_run_in_transactions_too(live_cluster: LiveCluster, other: psycopg.Connection) -> None:  # type: ignore[type-arg]
    @eagleray.transaction
    async def add(cursor: psycopg.AsyncCursor) -> None:  # type: ignore[type-arg]
        await cursor.execute("SELECT n FROM counted WHERE id = 1")
        await asyncio.sleep(0)
        await cursor.execute("UPDATE counted SET n = n + 1 WHERE id = 1")

    async def one_client() -> None:
        async with eagleray.AsyncSession(live_cluster.url) as session:
            for _ in range(5):
                await add(session)

    async def clients() -> None:
        await asyncio.gather(*(one_client() for _ in range(4)))

    asyncio.run(clients())
    assert total(other) == 20


class LostAfterCommit(psycopg.Connection):  # type: ignore[type-arg]
    """The first COMMIT is made, and the connection lost before its answer: once for each test's `doubts`."""

    doubts: list[str] = []

    def commit(self) -> None:
        super().commit()
        if self.doubts:
            self.doubts.pop()
            self.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_commit_of_unknown_outcome(
    live_cluster: LiveCluster,
    other: psycopg.Connection,  # type: ignore[type-arg]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a token the caller is told; with one the call finds out that it has been committed."""
    monkeypatch.setattr("eagleray.client.connect", LostAfterCommit.connect)

    def add(cursor: psycopg.Cursor) -> uuid.UUID:  # type: ignore[type-arg]
        cursor.execute("UPDATE counted SET n = n + 1 WHERE id = 1")
        return uuid.uuid4()

    with eagleray.Session(live_cluster.url) as session:
        LostAfterCommit.doubts = ["one"]
        with pytest.raises(eagleray.UnknownOutcome):
            session.transaction(add)
        assert total(other) == 1
        other.execute("DROP TABLE IF EXISTS tokens")
        other.execute("CREATE TABLE tokens (token uuid PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())")
        LostAfterCommit.doubts = ["one"]
        assert isinstance(session.transaction(add, once="tokens"), uuid.UUID)
        assert total(other) == 2
        assert other.execute("SELECT count(*) FROM tokens").fetchone() == (1,)
