"""A client without a wire: it drives a Session as the wire layer does."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.settings import OPEN_LIMITS, Settings
from actors.query_processor.session import Session, SessionServices
from actors.runtime.fiber import as_future, turn
from actors.sql.expressions.environment import Environment
from actors.sql.results import Batch
from tests.unit.query_processor.support.cluster import FakeCluster, run
from tests.unit.query_processor.support.planner import TinyPlanner

OPEN = Settings(mode="open", limits=OPEN_LIMITS)


class Client:
    """`query` is a simple query, and the jobs that it has begun: the batches, or the error after `fail`. `execute` is
    Parse, Bind, Execute, Sync."""

    def __init__(self, cluster: FakeCluster, services: SessionServices, **arguments: Any) -> None:
        self.cluster = cluster
        self.notices: list[tuple[str, str, str]] = []
        self.told: list[tuple[str, str]] = []
        self.session = Session(
            services,
            on_notice=lambda *notice: self.notices.append(notice),
            on_parameter=lambda *pair: self.told.append(pair),
            **arguments,
        )

    def query(self, sql: str) -> list[Batch]:
        async def work() -> list[Batch]:
            batches = []
            for raw in self.session.split(sql):
                batches.append(await self.session.bind(await self.session.prepare(raw)).run())
            await self.session.sync()
            while self.session.services.jobs.is_working:
                await turn()
            return batches

        return self._guarded(work())  # type: ignore[no-any-return]

    def execute(self, sql: str, *datums: Any, oids: tuple[int, ...] = ()) -> Batch:
        async def work() -> Batch:
            batch = await self.session.bind(await self.session.prepare(sql, oids), list(datums)).run()
            await self.session.sync()
            return batch

        return self._guarded(work())  # type: ignore[no-any-return]

    def _guarded(self, coroutine: Any) -> Any:
        try:
            return run(coroutine)
        except DatabaseError:
            self.session.fail()
            raise

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.query(sql)[-1].rows

    def tag(self, sql: str) -> str:
        return self.query(sql)[-1].tag

    def code(self, sql: str) -> str:
        """The SQLSTATE that `sql` fails with."""
        return self.error(sql).sqlstate

    def error(self, sql: str) -> DatabaseError:
        try:
            self.query(sql)
        except DatabaseError as error:
            return error
        raise AssertionError(f"{sql} did not fail")


class LoopClient(Client):
    """With a loop of its own, in which threads (DuckDB's, those for long statements) may answer late; whoever makes the
    client closes it."""

    def __init__(self, cluster: FakeCluster, services: SessionServices, **arguments: Any) -> None:
        self.loop = asyncio.new_event_loop()
        super().__init__(cluster, services, **arguments)

    def _guarded(self, coroutine: Any) -> Any:
        async def work() -> Any:
            return await as_future(coroutine)

        try:
            return self.loop.run_until_complete(work())
        except DatabaseError:
            self.session.fail()
            raise


def make_services(cluster: FakeCluster, planner: Any = None) -> SessionServices:
    services = SessionServices(
        cluster.context, planner or TinyPlanner(), lambda session, start_ts: Environment(transaction_timestamp=start_ts)
    )
    cluster.catalogs, cluster.storage, cluster.services = services.catalogs, services.storage, services.transactions
    return services


def connect(settings: Settings | None = None, **arguments: Any) -> Client:
    """A client of a cluster of its own."""
    cluster = FakeCluster(settings)
    return Client(cluster, make_services(cluster), **arguments)
