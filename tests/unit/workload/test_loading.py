"""How rows are cut into batches that a server takes, against a connection that refuses what is too large."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from eagleray.workload import loading
from eagleray.workload.loading import BATCH_ROWS_MAX, Loader
from eagleray.workload.workload import WorkloadError


class Server:
    """Takes at most `rows_max` rows a COPY, and says 40001 to every `conflicts`th."""

    def __init__(self, rows_max: int, conflicts: int = 0) -> None:
        self.rows_max, self.conflicts = rows_max, conflicts
        self.rows: Counter[Any] = Counter()
        self.calls = 0
        self.largest = 0
        self.statements: list[str] = []
        self.job_succeeds = True

    async def connect(self, url: str) -> Server:
        return self

    async def execute(self, statement: str) -> None:
        self.statements.append(statement)
        if statement.startswith("CREATE INDEX") and "ASYNC" not in statement:
            raise asyncpg.FeatureNotSupportedError("unsupported mode. please use CREATE INDEX ASYNC.")
        if "nonsense" in statement:
            raise asyncpg.FeatureNotSupportedError("nonsense")

    async def fetchval(self, statement: str, *arguments: str) -> Any:
        self.statements.append(" ".join((statement, *arguments)))
        if statement.startswith("CREATE INDEX ASYNC"):
            return "job"
        return self.job_succeeds if "wait_for_job" in statement else "why not"

    def is_closed(self) -> bool:
        return True

    async def copy_records_to_table(self, table: str, columns: list[str] | None, records: list[Any]) -> None:
        self.calls += 1
        await asyncio.sleep(0)
        if len(records) > self.rows_max:
            raise asyncpg.ProgramLimitExceededError("transaction row limit exceeded")
        if self.conflicts and self.calls % self.conflicts == 0:
            raise asyncpg.SerializationError("conflict")
        self.largest = max(self.largest, len(records))
        self.rows.update(records)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(loading, "PAUSE_S_MAX", 0.0)

    def copy(server: Server, rows: int) -> tuple[int, Loader, list[int]]:
        monkeypatch.setattr(loading, "connect", server.connect)
        told: list[int] = []

        async def whole() -> tuple[int, Loader]:
            async with Loader("", lambda table, count: told.append(count)) as loader:
                return await loader.copy("t", ("n",), ((number,) for number in range(rows))), loader

        count, loader = asyncio.run(whole())
        return count, loader, told

    yield copy


@pytest.mark.parametrize(("rows_max", "batch"), [(10**9, BATCH_ROWS_MAX), (3_000, 3_000), (2_999, 1_500), (1, 1)])
@pytest.mark.parametrize("rows", [0, 1, 2, 700])
def test_batches_shrink_to_what_the_server_takes(load: Any, rows_max: int, batch: int, rows: int) -> None:
    rows = rows * 100 if rows_max > 1 else rows
    server = Server(rows_max)
    count, loader, told = load(server, rows)
    assert count == rows == len(server.rows) and set(server.rows.values()) <= {1}
    assert server.largest <= rows_max and (told[-1] if told else 0) == rows
    if rows > 3 * BATCH_ROWS_MAX:
        assert loader.batch_rows == batch


def test_a_conflict_loads_the_batch_again(load: Any) -> None:
    server = Server(3_000, conflicts=3)
    assert load(server, 50_000)[0] == 50_000 == len(server.rows)
    assert set(server.rows.values()) == {1}


def test_one_row_that_is_too_large_is_the_drivers_error(load: Any) -> None:
    with pytest.raises(asyncpg.ProgramLimitExceededError):
        load(Server(0), 10)


def test_indexes_are_made_as_jobs_where_the_server_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(1)
    monkeypatch.setattr(loading, "connect", server.connect)

    async def create(*schema: str) -> None:
        async with Loader("") as loader:
            await loader.create(("a", "b"), schema)

    asyncio.run(create("CREATE TABLE a", "CREATE INDEX i ON a (n)"))
    assert server.statements == [
        "DROP TABLE IF EXISTS b",
        "DROP TABLE IF EXISTS a",
        "CREATE TABLE a",
        "CREATE INDEX i ON a (n)",
        "CREATE INDEX ASYNC i ON a (n)",
        "SELECT sys.wait_for_job($1) job",
    ]
    server.job_succeeds = False
    with pytest.raises(WorkloadError, match=r"CREATE INDEX ASYNC j ON a \(n\): job job has failed: why not"):
        asyncio.run(create("CREATE INDEX ASYNC j ON a (n)"))
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="nonsense"):
        asyncio.run(create("nonsense"))
