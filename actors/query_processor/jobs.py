"""Jobs: CREATE INDEX ASYNC and ALTER TABLE ASYNC ... VALIDATE CONSTRAINT, run beside the sessions by one query
processor at a time.

A job is a row of the catalog (sql/catalog/schema.py's Job), made by its statement's transaction. Each query processor
has a JobRunner. It works while a catalog that its process has read has a job that has not ended; so a cluster without
jobs pays nothing.

    submitted --claim--> processing --last batch--> completed
                             |  ^                     failed: a duplicate, a violation, or what was to be built is gone
                             +--+ each batch, and each claim by another runner once the lease is over

Who runs a job. A claim writes the job's row with the runner's name, a new epoch and a lease. Every batch reads that
row, gives up unless the epoch is its own, and writes it again with progress and a longer lease. So of two runners that
both believe in their claim one loses at the commit, by the ordinary conflict check: nothing is built twice, and clocks
decide only how soon another runner takes over, never what is right. Runners that do not have a job sleep until its
lease is over.

Why a built index is right, beside writers. Let c be the commit that made the index, BUILDING. It is a change of the
table's schema, so no transaction that began before c commits a write of the table after c, and each one that begins
after c keeps the index's entries (row_executor/stored_table.py). A batch reads rows at a snapshot above c and writes
their entries. Suppose that the entry E of a row r is wrong or missing after the last batch. Either r was written after
the batch's snapshot: if that changed the entry, its writer wrote E too, and one of both commits failed. Or it was not:
then the batch wrote E of r. Readers begin to use the index with the commit that makes it valid, which is a schema
change again. A writer may get 40001 for a batch's sake; a batch that does is tried again with half the rows.

Of a unique index a batch reads its entries first: one that is there of another row is a duplicate, whoever wrote it.
The index is INVALID then until it is dropped; its entries go at once. Writers meet a 23505 of an index that is being
built, as in PostgreSQL. While it is built two rows may have one value, one of them without an entry yet: so a writer
that takes a row's value away removes the entry only if it is that row's (Transaction.delete_own).

VALIDATE CONSTRAINT reads the table at one snapshot: what was written since the constraint was added has been checked.
It lasts no longer than a transaction may.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from actors.common.errors import (
    SERIALIZATION_FAILURE,
    UNDEFINED_OBJECT,
    UNIQUE_VIOLATION,
    DatabaseError,
    schema_changed,
)
from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.transaction import CatalogStale, Transaction
from actors.reading.pause import pause
from actors.runtime.fiber import as_future, turn
from actors.sql.catalog.encoding import encode, job_key
from actors.sql.catalog.schema import (
    BUILDING,
    CATALOG_TABLE,
    COMPLETED,
    FAILED,
    INVALID,
    PROCESSING,
    Check,
    ForeignKey,
    Index,
    Job,
    Table,
    decode_job,
    is_any_open,
)
from actors.sql.catalog.snapshot import Catalog
from actors.sql.encoding.rows import RowCodec

if TYPE_CHECKING:
    from actors.query_processor.session.services import SessionServices
    from actors.query_processor.session.session import Session
    from actors.query_processor.transaction import TransactionServices

logger = logging.getLogger(__name__)
LEASE_US = 5_000_000
"""For so long a runner that was heard of may be at work: many batches' time, and soon enough for those who wait."""
BATCH_ROWS = 1024
"""Of one transaction: some ten milliseconds, in which a writer of one of the rows may conflict with it."""
TURN_ROWS = 128
"""Rows between two turns of the loop."""
RETRY_S = 0.5
"""After an error that is not the job's: a role that is away."""
CONFLICT_S = 0.005
CATALOG_RELOADS_MAX = 3
WAIT_S_MAX = 0.5
"""Between two looks at a job that somebody waits for."""
GONE = "what the job was about has been dropped"
replace = msgspec.structs.replace


class JobRunner:
    """See the module. One for each query processor; `look` whenever there may be work."""

    def __init__(self, services: SessionServices) -> None:
        self._services = services
        self._name = ""
        """Of this runner, unlike that of an earlier process of the same role."""
        self._working = False
        self._work_ends: asyncio.Future[None] | None = None
        self._again = False
        self._stopped = False

    @property
    def is_working(self) -> bool:
        return self._working

    def look(self) -> None:
        """A job may not have ended. Returns at once."""
        self._again = True
        if not self._working and not self._stopped:
            self._working = True  # before the work begins, since reading a catalog calls this
            self._work_ends = as_future(self._work())
            self._work_ends.add_done_callback(self._rest)

    def stop(self) -> None:
        """No further batch begins. Another runner goes on when the lease is over."""
        self._stopped = True

    async def settled(self) -> None:
        """Once this runner has nothing to do: for tests."""
        while self._working and self._work_ends is not None:
            await asyncio.wait([self._work_ends])
            await asyncio.sleep(0)

    def _rest(self, working: asyncio.Future[None]) -> None:
        self._working = False
        if not working.cancelled() and (error := working.exception()) is not None:
            logger.error("jobs: the runner failed", exc_info=error)
        elif self._again:
            self.look()

    async def _work(self) -> None:
        """Until no job is open."""
        while not self._stopped:
            self._again = False
            try:
                catalog = await self._newest_catalog()
                leases = [
                    lease for job in catalog.jobs() if job.is_open and (lease := await self._attempt(job)) is not None
                ]
            except DatabaseError as error:
                logger.info("jobs: tried again: %s", error.message)
                await pause(RETRY_S)
                continue
            if leases:
                now = self._services.clock.now().latest
                await pause(max(min(leases) - now, 0) / 1e6 + CONFLICT_S)
            elif not is_any_open(catalog.jobs()):
                return

    async def _newest_catalog(self) -> Catalog:
        services = self._services
        at = services.transactions.now()
        catalog = await services.catalogs.pinned(at)
        change = await services.storage.probe(at)
        return catalog if change <= catalog.version else await services.catalogs.load(at, change)

    async def _attempt(self, job: Job) -> int | None:
        """Claim and run it; or until when another runner has it. None: it has ended."""
        claimed = await self._claim(job.id)
        if isinstance(claimed, Job):
            await (_Validation if claimed.constraint else _IndexBuild)(self, claimed).run()
            return None
        return claimed

    async def _claim(self, name: str) -> Job | int | None:
        services = self._services
        if not self._name:
            self._name = f"{services.context.name}/{services.context.random.getrandbits(64):016x}"
        while True:
            session = self.session()
            transaction = await begin(session)
            job = await job_in(transaction, name)
            now = services.clock.now().latest
            if job is None or not job.is_open:
                session.rollback()
                return None
            if job.lease_until > now and job.owner != self._name:
                session.rollback()
                return job.lease_until
            claimed = replace(
                job,
                status=PROCESSING,
                owner=self._name,
                epoch=job.epoch + 1,
                lease_until=now + LEASE_US,
                update_time=now,
            )
            transaction.put(job_key(name), encode(claimed), counts=False)
            transaction.schema_changes.add(CATALOG_TABLE)  # no session's statement depends on that
            if await committed(session):
                return claimed

    def session(self) -> Session:
        from actors.query_processor.session.session import Session

        return Session(self._services)

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def now(self) -> int:
        return self._services.clock.now().latest


async def begin(session: Session) -> Transaction:
    """A transaction under the catalog of its start_ts, without a user's limits."""
    transaction = await session.begin_transaction()
    for _ in range(CATALOG_RELOADS_MAX):
        try:
            await transaction.verify_catalog()
            transaction.lift_size_limits()
            return transaction
        except CatalogStale as stale:
            await transaction.reload_catalog(stale.catalog_ts)
    raise schema_changed()


async def job_in(transaction: Transaction, name: str) -> Job | None:
    row = await transaction.get_one(job_key(name))
    return None if row is None else decode_job(row)


async def committed(session: Session) -> bool:
    """Whether the commit succeeded; False after a conflict."""
    try:
        await session.commit()
    except DatabaseError as error:
        if error.sqlstate != SERIALIZATION_FAILURE:
            raise
        await pause(CONFLICT_S)
        return False
    return True


class _Run:
    """One claimed job."""

    def __init__(self, runner: JobRunner, job: Job) -> None:
        self._runner = runner
        self._job = job

    async def _own(self, transaction: Transaction) -> Job | None:
        """The job's row, if this run still owns it: else another runner has claimed it, or it was ended."""
        job = await job_in(transaction, self._job.id)
        return job if job is not None and job.is_open and job.epoch == self._job.epoch else None

    async def _begin(self) -> tuple[Session, Transaction, Job] | None:
        """A transaction, and the job as it stands there; None where this run does not own the job any more."""
        session = self._runner.session()
        transaction = await begin(session)
        job = await self._own(transaction)
        if job is None:
            session.rollback()
            return None
        return session, transaction, job

    def _end(self, transaction: Transaction, job: Job, details: str = "") -> None:
        ended = replace(
            job, status=FAILED if details else COMPLETED, details=details, update_time=self._runner.now, lease_until=0
        )
        transaction.put(job_key(job.id), encode(ended), counts=False)
        transaction.schema_changes.add(CATALOG_TABLE)

    async def _end_alone(self, details: str) -> None:
        """In a transaction of its own."""
        while not self._runner.stopped:
            begun = await self._begin()
            if begun is None:
                return
            session, transaction, job = begun
            self._end(transaction, job, details)
            if await committed(session):
                return

    def _replace(self, session: Session, table: Table, after: Table) -> None:
        from actors.query_processor.ddl.change import SchemaChange

        assert session.transaction is not None
        SchemaChange(session, session.transaction).replace_table(table, after)


class _IndexBuild(_Run):
    async def run(self) -> None:
        rows = BATCH_ROWS
        while not self._runner.stopped:
            begun = await self._begin()
            if begun is None:
                return
            session, transaction, job = begun
            table = transaction.catalog.table_by_id(job.table)
            index = (
                next((one for one in table.indexes if one.oid == job.object_id and one.state == BUILDING), None)
                if table
                else None
            )
            if table is None or index is None:
                session.rollback()
                await self._end_alone(GONE)
                return
            try:
                following = await self._batch(transaction, table, index, job.progress, rows)
            except DatabaseError as error:
                session.rollback()
                if error.sqlstate != UNIQUE_VIOLATION:
                    raise
                await self._fail(f"{error.message}: {error.detail}")
                return
            if following is None:
                self._replace(session, table, _with_state(table, index, ""))
                self._end(transaction, job)
            else:
                now = self._runner.now
                ahead = replace(job, progress=following, lease_until=now + LEASE_US, update_time=now)
                transaction.put(job_key(job.id), encode(ahead), counts=False)
            if not await committed(session):
                rows = max(rows // 2, 1)
            elif following is None:
                return
            else:
                rows = min(rows * 2, BATCH_ROWS)

    async def _batch(
        self, transaction: Transaction, table: Table, index: Index, progress: bytes, count: int
    ) -> bytes | None:
        """Write the entries of the next rows; the key to go on from, None where that were the last. Raises 23505."""
        from actors.query_processor.ddl import backfill
        from actors.query_processor.ddl.change import keyspace_range

        start, end = keyspace_range(table.id, table.primary.id)
        place = progress if start <= progress < end else start  # the rows may have moved, under another primary key
        decode = RowCodec([column.type for column in table.columns]).decode
        make = backfill.entry_maker(table, index)
        scanner = transaction.scan(place, end, limit=count)
        seen, last = 0, b""
        while (rows := await scanner.next_rows()) is not None:
            made: list[tuple[bytes, bytes, Sequence[Any]]] = []
            for number, (key, value) in enumerate(rows, 1):
                if number % TURN_ROWS == 0:
                    await turn()
                row = decode(value)
                if (entry_of := make(row, key[KEYSPACE_BYTES:])) is not None:
                    made.append((*entry_of, row))
                last = key
            seen += len(rows)
            known: list[bytes | None] = [None] * len(made)
            if index.unique and made:
                known = await transaction.get([entry for entry, _, _ in made])
            for (entry, pointer, datums), other in zip(made, known, strict=True):
                if index.unique and (other or pointer) != pointer:
                    raise backfill.duplicate(table, index, datums)
                if index.unique and transaction.buffer.values.get(entry, pointer) != pointer:
                    raise backfill.duplicate(table, index, datums)
                if other is None:
                    transaction.put(entry, pointer, counts=False)
        return None if seen < count else last + b"\0"

    async def _fail(self, details: str) -> None:
        """The index stays, INVALID; its entries go."""
        from actors.query_processor.ddl.change import SchemaChange

        while not self._runner.stopped:
            begun = await self._begin()
            if begun is None:
                return
            session, transaction, job = begun
            table = transaction.catalog.table_by_id(self._job.table)
            for index in table.indexes if table is not None else ():
                if index.oid == job.object_id and table is not None:
                    self._replace(session, table, _with_state(table, index, INVALID))
                    SchemaChange(session, transaction).drop_keyspace(table, index)
            self._end(transaction, job, details)
            if await committed(session):
                return


def _with_state(table: Table, index: Index, state: str) -> Table:
    return replace(
        table, indexes=tuple(replace(one, state=state) if one.oid == index.oid else one for one in table.indexes)
    )


class _Validation(_Run):
    async def run(self) -> None:
        from actors.query_processor.ddl import alter
        from actors.query_processor.ddl.change import SchemaChange

        while not self._runner.stopped:
            await self._hold()
            begun = await self._begin()
            if begun is None:
                return
            session, transaction, job = begun
            table = transaction.catalog.table_by_id(job.table)
            constraint = _constraint(table, job.constraint)
            if table is None or constraint is None:
                session.rollback()
                await self._end_alone(GONE)
                return
            try:
                violation = (
                    None
                    if constraint.validated
                    else await alter.offended(SchemaChange(session, transaction), table, constraint)
                )
            finally:
                session.rollback()
            if violation is not None:
                await self._end_alone("\n".join(filter(None, (violation.message, violation.detail))))
                return
            if await self._mark(table.id, constraint):
                return

    async def _hold(self) -> None:
        """A lease for as long as a snapshot may be read."""
        session = self._runner.session()
        transaction = await begin(session)
        job = await self._own(transaction)
        age_us = session.settings.limits.transaction_age_s * 1_000_000
        if job is not None and age_us:
            transaction.put(job_key(job.id), encode(replace(job, lease_until=self._runner.now + age_us)), counts=False)
            await committed(session)
        else:
            session.rollback()

    async def _mark(self, number: int, constraint: Check | ForeignKey) -> bool:
        """The constraint holds; False where it is another one now, or a conflict came between."""
        from actors.query_processor.ddl import alter

        session = self._runner.session()
        transaction = await begin(session)
        job = await self._own(transaction)
        table = transaction.catalog.table_by_id(number)
        if job is None or table is None or _constraint(table, constraint.name) != constraint:
            session.rollback()
            return job is None
        if not constraint.validated:
            self._replace(session, table, alter.validated(table, constraint))
        self._end(transaction, job)
        return await committed(session)


def _constraint(table: Table | None, name: str) -> Check | ForeignKey | None:
    every: list[Check | ForeignKey] = [] if table is None else [*table.checks, *table.foreign_keys]
    return next((constraint for constraint in every if constraint.name == name), None)


async def wait_for_job(services: TransactionServices, name: str) -> bool:
    """Whether the job has succeeded, once it has ended. Raises 42704."""
    wait_s = 0.01
    while True:
        at = services.now()
        transaction = Transaction(services, await services.catalogs.pinned(at), at)
        try:
            await transaction.verify_catalog()
        except CatalogStale as stale:
            await transaction.reload_catalog(stale.catalog_ts)
        job = await job_in(transaction, name)
        if job is None:
            raise DatabaseError(UNDEFINED_OBJECT, f'job "{name}" does not exist')
        if not job.is_open:
            return job.status == COMPLETED
        await pause(wait_s)
        wait_s = min(wait_s * 2, WAIT_S_MAX)
