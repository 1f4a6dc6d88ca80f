"""CREATE INDEX ASYNC beside writers, in whole simulated clusters: when the job has ended, the index has the entries of
the rows, no more and no fewer, whoever was killed while it was built. Each way of building it wrong that is planted
here is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, cast

import pytest

from actors.common.errors import SERIALIZATION_FAILURE
from actors.query_processor import jobs
from actors.query_processor.ddl.change import keyspace_range
from actors.query_processor.role import QueryProcessor
from actors.query_processor.row_executor import stored_table
from actors.query_processor.row_executor.stored_table import StoredTable
from actors.query_processor.session.services import SessionServices
from actors.query_processor.transaction import Transaction
from actors.runtime.fiber import as_future
from actors.runtime.simulation.loop import SimulationError
from actors.sql.catalog.schema import BUILDING, Job
from tests.sim.seeds import seeds
from tests.sim.test_zero import Run
from workloads.proofs.connection import SqlError

ROWS = 240
WRITERS = 4
LOST = ("08006", "08001", "08007", "57P01", "08003")
"""SQLSTATEs of a client whose query processor is gone."""


class Builds:
    """One index, built while WRITERS write. `unique`: of values that are unique; `kill`: the query processor that
    builds it is killed once."""

    def __init__(self, run: Run, seed: int, unique: bool, kill: bool) -> None:
        self._run = run
        self._random = Random(f"jobs/{seed}")
        self._unique = unique
        self._kill = kill
        self._written = 0
        self._over = False

    async def scenario(self) -> None:
        await self._run.cluster.start()
        await self._once("CREATE TABLE t (id int PRIMARY KEY, a int, b text)")
        await self._once(
            f"INSERT INTO t SELECT i, {'i' if self._unique else 'i % 11'}, 'x' FROM generate_series(1, {ROWS}) i"
        )
        writers = [asyncio.ensure_future(self._write(number)) for number in range(WRITERS)]
        await asyncio.sleep(0.05)
        rows = await self._once(f"CREATE {'UNIQUE ' if self._unique else ''}INDEX ASYNC i ON t (a)")
        job = rows[0][0]
        if self._kill:
            await self._kill_builder(job)
        assert await self._once(f"SELECT sys.wait_for_job('{job}')") == [("t",)]
        await asyncio.sleep(0.05)
        self._over = True
        await asyncio.gather(*writers)
        assert self._written > 50
        await self._compare()
        if self._kill:
            assert self._claimed(job).epoch > 1, "the builder had ended before it was killed"

    async def _once(self, sql: str) -> Any:
        """The rows, from some query processor."""
        while True:
            with suppress(SqlError):
                connection = await self._run.cluster.database(f"client {self._random.random()}").connect()
                try:
                    rows, _ = await connection.execute(sql)
                    await connection.close()
                    return list(rows)
                except SqlError as error:
                    if error.sqlstate not in (*LOST, SERIALIZATION_FAILURE):
                        raise AssertionError(f"{sql}: {error.sqlstate} {error}") from None
            await asyncio.sleep(0.1)

    async def _write(self, number: int) -> None:
        """Rows of its own and rows of others; conflicts are tried again with something else."""
        random = Random(f"{self._random.random()}/{number}")
        connection = None
        fresh = 1000 * (number + 1)
        while not self._over:
            await asyncio.sleep(random.uniform(0, 0.05 if self._kill else 0.01))  # until a job is taken over: seconds
            try:
                connection = connection or await self._run.cluster.database(f"writer {number}").connect()
                fresh += 1
                value = fresh if self._unique else random.randrange(11)
                await connection.execute(
                    random.choice(
                        [
                            f"UPDATE t SET a = {value} WHERE id = {random.randint(1, ROWS)}",
                            f"UPDATE t SET b = 'y' WHERE id = {random.randint(1, ROWS)}",
                            f"DELETE FROM t WHERE id = {random.randint(1, ROWS)}",
                            f"INSERT INTO t VALUES ({random.randint(1, 2 * ROWS)}, {value}, 'z') ON CONFLICT "
                            f"(id) DO NOTHING",
                        ]
                    )
                )
                self._written += 1
            except SqlError as error:
                if error.sqlstate in LOST:
                    connection = None
                elif error.sqlstate != SERIALIZATION_FAILURE:
                    raise

    async def _kill_builder(self, job: str) -> None:
        await self._run.world.until(lambda: bool(self._claimed(job).owner), 0.001, 10.0)
        await asyncio.sleep(self._random.uniform(0.0, 0.03))
        process = self._run.world.process_of(self._claimed(job).owner.rpartition("/")[0])
        assert process is not None
        self._run.world.crash(process.name)

    def _claimed(self, name: str) -> Job:
        """The job as the newest catalog that any query processor has read knows it."""
        roles = [
            role
            for name in self._run.cluster.roles("query_processor/")
            if (role := self._run.cluster.running(name)) is not None
        ]
        catalogs = [catalog for role in roles if (catalog := _services(role).catalogs.current) is not None]
        nobody = Job(name, "", "", "", 0, 0, "", 0, 0)
        return max(
            (job for catalog in catalogs if (job := catalog.job(name)) is not None),
            key=lambda job: job.epoch,
            default=nobody,
        )

    async def _compare(self) -> None:
        """The stored entries beside those that the rows ought to have."""
        role = next(
            role
            for name in self._run.cluster.roles("query_processor/")
            if (role := self._run.cluster.running(name)) is not None
        )
        services = _services(role)

        async def read() -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
            at = services.transactions.now()
            catalog = await services.catalogs.load(at)
            transaction = Transaction(services.transactions, catalog, at)
            found = catalog.find_table(None, "t")
            assert found is not None
            stored = StoredTable(found)
            [index] = stored.readable
            rows = await _rows(transaction, *keyspace_range(found.id, found.primary.id))
            entries = await _rows(transaction, *keyspace_range(found.id, index.index.id))
            return dict(index.entry(stored.decode(value), key) for key, value in rows.items()), entries

        expected, entries = await as_future(read())
        assert len(expected) > ROWS // 2
        assert entries == expected

    async def doubled(self) -> None:
        """The last row has the first one's value, and gives it up once the first one's entry is there: the entry
        stays."""
        await self._run.cluster.start()
        await self._once("CREATE TABLE t (id int PRIMARY KEY, a int, b text)")
        await self._once(f"INSERT INTO t SELECT i, i % {ROWS - 1}, 'x' FROM generate_series(1, {ROWS}) i")
        rows = await self._once("CREATE UNIQUE INDEX ASYNC i ON t (a)")
        await asyncio.sleep(self._random.uniform(0.05, 0.15))
        await self._once(f"UPDATE t SET a = 100000 WHERE id = {ROWS}")
        assert await self._once(f"SELECT sys.wait_for_job('{rows[0][0]}')") == [("t",)]
        await self._compare()


def _services(role: Any) -> SessionServices:
    services = cast(QueryProcessor, role)._session_services
    assert services is not None
    return services


async def _rows(transaction: Transaction, start: bytes, end: bytes) -> dict[bytes, bytes]:
    scanner = transaction.scan(start, end)
    found: dict[bytes, bytes] = {}
    while (rows := await scanner.next_rows()) is not None:
        found.update(rows)
    return found


def build(seed: int, unique: bool = False, kill: bool = False) -> None:
    run = Run(seed)
    builds = Builds(run, seed, unique, kill)
    run(lambda _: builds.scenario())


def double(seed: int) -> None:
    run = Run(seed)
    builds = Builds(run, seed, True, False)
    run(lambda _: builds.doubled())


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many of them, with writers in between."""
    monkeypatch.setattr(jobs, "BATCH_ROWS", 4)


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("seed", seeds(1))
def test_an_index_has_the_entries_of_the_rows(seed: int, unique: bool, kill: bool) -> None:
    build(seed, unique, kill)


@pytest.mark.parametrize("seed", range(2))
def test_a_value_that_two_rows_have_for_a_while(seed: int) -> None:
    double(seed)


def writers_leave_an_index_alone_that_is_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(StoredTable):
        def __init__(self, table: Any) -> None:
            super().__init__(table)
            self.secondary = tuple(index for index in self.secondary if index.index.state != BUILDING)

    stored_table.stored_table.cache_clear()
    monkeypatch.setattr(stored_table, "StoredTable", Careless)


def writers_remove_whatever_entry_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Transaction, "delete_own", lambda transaction, key, value: transaction.delete(key, counts=False)
    )


PLANTED = {writers_leave_an_index_alone_that_is_being_built: build, writers_remove_whatever_entry_is_there: double}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_bug_is_found(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)

    def shows(seed: int) -> bool:
        try:
            PLANTED[plant](seed)
        except SimulationError as error:
            return isinstance(error.__cause__, AssertionError)
        except AssertionError:
            return True
        return False

    assert any(map(shows, range(6)))
    stored_table.stored_table.cache_clear()
