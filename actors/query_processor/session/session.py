"""`Session`: one client's conversation, without its socket. Statements in, rows out, transactions in between.

    statements = session.split("UPDATE t SET n = 1 WHERE id = 7")           simple query
    for raw in statements:
        portal = session.bind(await session.prepare(raw, ()), [])
        batch = await portal.run()
    await session.sync()                                                    commits what is not in a block; only then is
                                                                            it safe to tell the client of success

    prepared = await session.prepare("SELECT ... $1", [23])                 extended query: Parse
    portal = session.bind(prepared, [7])                                    Bind
    batch = await portal.run(rows_max)                                      Execute
    await session.sync()                                                    Sync

After an error is reported the wire layer calls `fail()`: an implicit transaction is rolled back, a block becomes failed
("E") and refuses everything but its end with 25P02.

States:  "I" idle --BEGIN--> "T" block --error--> "E" failed --COMMIT/ROLLBACK--> "I". An implicit transaction keeps
"I".

The statements of one simple query, and those of the extended protocol between two Syncs, are one implicit transaction:
all of them commit, or none. BEGIN makes a block of it, with what ran before; COMMIT and ROLLBACK end it, with a
warning, and what follows is another one. A lone schema change commits at once instead, since it may have to be tried
again (ddl/).

A transaction's start_ts is taken when its first statement runs, not at BEGIN. Where its catalog turns out to be stale
(CatalogStale), or a name is not found in a catalog that is not known to be current, the catalog of start_ts is loaded
and the statement planned again; the client notices nothing, unless a table that the transaction has written already has
changed (OC001).

`prepared_statements` and `portals` are the named ones, shared by SQL (PREPARE, DECLARE) and protocol (Parse, Bind).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from actors.common.errors import (
    ADMIN_SHUTDOWN,
    IN_FAILED_SQL_TRANSACTION,
    PROTOCOL_VIOLATION,
    READ_ONLY_SQL_TRANSACTION,
    SUCCESSFUL_COMPLETION,
    UNDEFINED_PARAMETER,
    DatabaseError,
    schema_changed,
)
from actors.common.parked_session import ParkedStatement
from actors.common.settings import ADMIN
from actors.query_processor import ddl
from actors.query_processor.aside import LARGE_CHARACTERS, aside
from actors.query_processor.row_executor.parts import WRITING_SELECT
from actors.query_processor.sequences.calls import SequenceCalls, SessionSequences
from actors.query_processor.session import foreign_keys, identity, savepoints, utility
from actors.query_processor.session.parameter_types import type_of_oid
from actors.query_processor.session.parameters import IDENTITY, RunTimeParameters
from actors.query_processor.session.portals import Portal
from actors.query_processor.session.savepoints import Savepoint
from actors.query_processor.session.services import SessionServices
from actors.query_processor.session.sight import past_time, present_catalog, with_catalog
from actors.query_processor.session.statements import PLANNED_KINDS, Planned, PreparedStatement, RawStatement
from actors.query_processor.session.temporary import TemporaryTables
from actors.query_processor.session.views import session_rows
from actors.query_processor.transaction import CatalogStale, Transaction
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import is_any_open
from actors.sql.catalog.snapshot import Catalog
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.results import Batch, RowStream

CATALOG_RELOADS_MAX = 3
"""Of one statement: one is enough unless storage replicas disagree."""
Notice = Callable[[str, str, str], None]


class Session:
    """See the module. `on_parameter(name, value)`: ParameterStatus; `on_notice(severity, sqlstate, message)`:
    NoticeResponse."""

    def __init__(
        self,
        services: SessionServices,
        user: str = "admin",
        database: str = "postgres",
        *,
        options: Mapping[str, str] | None = None,
        on_parameter: Callable[[str, str], None] = lambda name, value: None,
        on_notice: Notice = lambda severity, sqlstate, message: None,
        process: int = 0,
    ) -> None:
        """`options`: run-time parameters of the start-up message. Raises 42704, 22023 for bad ones."""
        self.services = services
        self.settings = services.settings
        self.user = user
        self.session_user = self.current_user = user
        self.role_oids: dict[str, int] = {identity.LOGIN: ADMIN_OID} if user == ADMIN else {}
        self.role = self.session_role = self.role_oids.get(identity.LOGIN, identity.NOBODY_OID)
        """Oids (identity.py)."""
        self.named_in: Catalog | None = None
        """The catalog that has given its roles' names."""
        self.database = database
        self.process = process
        self.on_notice = on_notice
        self.run_time = RunTimeParameters(
            user,
            on_parameter,
            dsql=self.settings.mode == "dsql",
            on_notice=lambda message: self.notice("NOTICE", SUCCESSFUL_COMPLETION, message),
        )
        given = dict(options or {})
        self._identity = {name: given.pop(name) for name in list(given) if name.lower() in IDENTITY}
        """Of the client's options, those that the catalog decides."""
        self.run_time.start({"TimeZone": self.settings.querying.time_zone, **given})
        self._options = frozenset(map(str.lower, given))
        """What the client has named itself."""
        self.run_time.check_identity = partial(identity.checked, self)
        self.run_time.on_identity = partial(identity.changed, self)
        self.prepared_statements: dict[str, PreparedStatement | ParkedStatement] = {}
        """A session that was resumed holds those that it has not used since as they were parked (parking.py)."""
        self.portals: dict[str, Portal] = {}
        self.held: dict[str, Portal] = {}
        """Those of `portals` whose transaction has committed (WITH HOLD)."""
        self.streams: dict[RowStream, None] = {}
        """Results of this transaction whose rows are not all taken."""
        self.transaction: Transaction | None = None
        self.sequences = SessionSequences()
        self.sequence_calls = SequenceCalls(self)
        self.temporary: TemporaryTables | None = None
        """Once it has made one."""
        self.savepoints: list[Savepoint] = []
        """Of this block, the newest last."""
        self.in_block = False
        self.implicit_block = False
        """Other statements belong to this one's implicit transaction, or may yet: those of its simple query, those
        before the next Sync."""
        self.failed = False
        self.committing = False
        """A commit is under way: whoever interrupts it leaves its outcome unknown."""
        self.commit_untold = False
        """A commit has succeeded since the client was last told anything. Whoever tells the client resets it."""
        self.statement = ""
        """The text of the newest statement that ran."""
        self.block_read_only: bool | None = None
        """READ ONLY / READ WRITE of this block; None: the session's default."""

    async def begin(self) -> None:
        """Become the user's role, and take over what ALTER ROLE and ALTER DATABASE have set. Called once, before the
        first statement. Raises 28000."""
        catalog = await present_catalog(self.services)
        identity.log_in(self, catalog)
        self.run_time.start(self._identity)
        for name, value in catalog.session_settings(self.user, self.database).items():
            if name not in self._options:
                try:
                    self.run_time.start({name: value})
                except DatabaseError as error:
                    self.notice("WARNING", error.sqlstate, error.message)

    @property
    def status(self) -> str:
        """As ReadyForQuery shows it: "I", "T" or "E"."""
        return ("E" if self.failed else "T") if self.in_block else "I"

    @property
    def parameters(self) -> dict[str, str]:
        """The run-time parameters that clients are told of, name -> value."""
        return self.run_time.reported()

    # -- statements ----------------------------------------------------------------------------------------------------

    def split(self, sql: str) -> list[RawStatement]:
        """The statements of a simple query; several are one implicit transaction. Raises 42601, and 0A000 where DSQL
        would not mix them, before any of them runs."""
        return self._joined(self.services.statements.split(sql))

    async def split_large(self, sql: str) -> list[RawStatement]:
        """As `split`, beside the loop."""
        return self._joined(await aside(self.services.statements.split, sql))

    def _joined(self, statements: list[RawStatement]) -> list[RawStatement]:
        if len(statements) > 1:
            if not self.settings.limits.mixed_ddl:
                ddl.check_mixture(statements, self.transaction)
            self.implicit_block = True
        return statements

    @property
    def is_idle(self) -> bool:
        """Nothing has been begun that a statement would be part of, or see."""
        return (
            self.transaction is None
            and not (self.in_block or self.implicit_block or self.failed or self.portals)
            and self.temporary is None
        )

    @property
    def in_transaction(self) -> bool:
        """What runs now is undone if a later statement fails: in a block, explicit or implicit."""
        return self.in_block or self.implicit_block or self.transaction is not None

    async def prepare(
        self, sql: str | RawStatement, parameter_oids: Sequence[int] = (), lasts: bool = True
    ) -> PreparedStatement:
        """Parse (unless done) and plan. `lasts`: False for a statement that is known to run once. Raises 42601, 42xxx,
        25P02."""
        statements = self.services.statements
        if isinstance(sql, RawStatement):
            raw = sql
        elif len(sql) > LARGE_CHARACTERS:
            raw = await aside(statements.parse_one, sql)
        else:
            raw = statements.parse_one(sql)
        if self.failed and not utility.mends_block(raw):
            raise aborted()
        if raw.kind in PLANNED_KINDS:
            types = tuple(literal.type for literal in raw.literals) or tuple(map(type_of_oid, parameter_oids))
            large = len(raw.original) > LARGE_CHARACTERS
            return await with_catalog(self, lambda catalog: statements.prepare(raw, types, catalog, lasts), large)
        if raw.prepared is not None:
            return raw.prepared
        return await utility.prepare(self, raw, parameter_oids)

    def bind(self, prepared: PreparedStatement, datums: Sequence[Any] = ()) -> Portal:
        """`datums`: the parameters' values, of `prepared.parameter_types`. Raises 08P01 on a wrong number, 22P02 for a
        lifted literal."""
        expected = len(prepared.parameter_types)
        if len(datums) != expected and not prepared.literals:
            if not datums:
                raise DatabaseError(UNDEFINED_PARAMETER, "there is no parameter $1")
            raise DatabaseError(
                PROTOCOL_VIOLATION, f"bind supplies {len(datums)} parameters, but the statement requires {expected}"
            )
        if prepared.planned is not None:
            return Portal(self, prepared, datums)
        return utility.portal(self, prepared, datums)

    async def execute(
        self,
        prepared: PreparedStatement,
        parameters: Sequence[Any],
        rows: list[tuple[Any, ...]] | ColumnBatch | None = None,
    ) -> Batch:
        """Run a planned statement in the current transaction (an implicit one where there is none); `rows`: a COPY's,
        for its INSERT."""
        if self.failed:
            raise aborted()
        transaction = self.transaction
        if transaction is None:
            transaction = await self.begin_transaction()
        else:
            transaction.check_age()
        planned = prepared.planned
        assert planned is not None
        self.statement = prepared.raw.original
        large = len(prepared.raw.original) > LARGE_CHARACTERS
        if planned.catalog.sight is not transaction.catalog.sight:
            planned = await with_catalog(self, partial(self.services.statements.replan, prepared), large)
        if self.role not in planned.allowed:
            planned = await self._authorize(transaction, prepared, planned)
        if prepared.literals:
            zone, now = self.run_time.zone, transaction.environment.transaction_timestamp
            if large:
                read = planned.read
                parameters = await aside(lambda literals: read(literals, zone, now), prepared.literals)
            else:
                parameters = planned.read(prepared.literals, zone, now)
        if planned.plan.kind != "SELECT":
            self._may_write(transaction, planned.plan.kind)
        buffer = transaction.buffer
        mark = (len(buffer.values), buffer.bytes)
        try:
            if rows is not None:
                return await planned.copied(transaction, rows)
            batch = await planned.plan.run(transaction, parameters)
            if transaction.noted_references is not None:
                await foreign_keys.after_statement(self, transaction)
            return batch
        except CatalogStale as stale:
            failure = stale
        for _ in range(CATALOG_RELOADS_MAX):
            if mark == (0, 0):
                transaction.rollback()
            elif mark != (len(buffer.values), buffer.bytes):
                raise schema_changed()
            await transaction.reload_catalog(failure.catalog_ts)
            planned = await aside(partial(self.services.statements.replan, prepared), transaction.catalog, large)
            planned.authorize(transaction.catalog, self.role)
            try:
                if rows is not None:
                    return await planned.copied(transaction, rows)
                batch = await planned.plan.run(transaction, parameters)
                if transaction.noted_references is not None:
                    await foreign_keys.after_statement(self, transaction)
                return batch
            except CatalogStale as stale:
                failure = stale
        raise schema_changed()

    async def _authorize(self, transaction: Transaction, prepared: PreparedStatement, planned: Planned) -> Planned:
        """Of a plan that this role has not run: under the catalog of start_ts where it lacks a privilege by the pinned
        one. Raises 42501."""
        try:
            planned.authorize(transaction.catalog, self.role)
            return planned
        except DatabaseError:
            try:
                await transaction.verify_catalog()
            except CatalogStale as stale:
                await transaction.reload_catalog(stale.catalog_ts)
            else:
                raise
        planned = self.services.statements.replan(prepared, transaction.catalog)
        planned.authorize(transaction.catalog, self.role)
        return planned

    async def authorize(self, prepared: PreparedStatement) -> None:
        """Of a statement that is planned and shown, not run (EXPLAIN). Raises 42501."""
        planned = prepared.planned
        if planned is not None and self.role not in planned.allowed:
            transaction = self.transaction or await self.begin_transaction()
            await self._authorize(transaction, prepared, planned)

    def _may_write(self, transaction: Transaction, kind: str) -> None:
        """`kind`: as in "cannot execute SELECT FOR UPDATE in a read-only transaction"; any but a mere SELECT."""
        if transaction.read_only:
            shown = "SELECT" if kind == WRITING_SELECT else kind
            raise DatabaseError(READ_ONLY_SQL_TRANSACTION, f"cannot execute {shown} in a read-only transaction")
        if kind.startswith("SELECT"):
            return
        if transaction.has_ddl and not self.settings.limits.mixed_ddl:
            raise ddl.mixed_ddl()
        transaction.has_dml = True

    async def execute_utility(self, prepared: PreparedStatement, parameters: Sequence[Any]) -> Batch:
        """`parameters`: of the query within an EXPLAIN or a DECLARE."""
        raw = prepared.raw
        if self.failed and not utility.mends_block(raw):
            raise aborted()
        self.statement = raw.original
        return await utility.run(self, prepared, parameters)

    # -- what its environment asks -------------------------------------------------------------------------------------

    def view_rows(self, view: str) -> Iterable[dict[str, Any]]:
        """Of a system view of the session itself."""
        return session_rows(self, view)

    def current_schema(self) -> str | None:
        """The first schema of the search path that there is."""
        transaction = self.transaction
        return transaction.catalog.first_schema() if transaction is not None else None

    def set_setting(self, name: str, value: str | None, local: bool) -> None:
        """set_config(): SET, or SET LOCAL, within a statement. Raises 42704, 22023."""
        self.run_time.set(name, value, local=local, in_block=True)

    # -- transactions --------------------------------------------------------------------------------------------------

    async def begin_transaction(self) -> Transaction:
        """Take start_ts: the first statement of a block or of an implicit transaction runs."""
        services = self.services
        at = services.transactions.now()
        read_only = self.block_read_only
        if read_only is None:
            read_only = self.run_time.values["default_transaction_read_only"] == "on"
        if read_only:
            at = await past_time(self, at)
        catalog = services.catalogs.pin(at) or await services.catalogs.pinned(at)
        role = self.role
        if role != ADMIN_OID and catalog is not self.named_in:
            identity.renamed(self, catalog)
        transaction = Transaction(services.transactions, catalog.on_path(self.run_time.search_path, role), at)
        transaction.environment = services.make_environment(self, at)
        transaction.read_only = read_only
        if self.temporary is not None:
            await self.temporary.join(transaction)
            transaction.see_temporary()
        self.transaction = transaction
        if self.savepoints:
            savepoints.transaction_begins(self)
        return transaction

    async def commit(self) -> None:
        """Commit the current transaction, block or not. Whatever happens, the session is idle afterwards."""
        if self.portals:
            await self._hold_cursors()
        if self.transaction is not None and self.transaction.noted_references is not None:
            await foreign_keys.before_commit(self, self.transaction)
        transaction = self._leave()
        committed = False
        self.committing = True
        try:
            if self.services.silenced:  # looked at after `committing` was set, since who silences does the reverse
                raise session_ended()
            if transaction is not None and await transaction.commit() is not None:
                self.commit_untold = True
                if transaction.has_ddl and is_any_open(transaction.catalog.jobs()):
                    self.services.jobs.look()
            committed = True
        finally:
            self.committing = False
            if transaction is not None:
                self.services.meter.settle(transaction, committed)
                if self.temporary is not None:
                    self.temporary.end(transaction.catalog if committed else None)
            self.run_time.end_block(committed)

    async def _hold_cursors(self) -> None:
        """Those WITH HOLD of this transaction stay, with all of their rows."""
        try:
            for name, portal in self.portals.items():
                if portal.holds and name not in self.held:
                    await portal.hold()
        except BaseException:
            self.rollback()
            raise
        self.held.update((name, portal) for name, portal in self.portals.items() if portal.holds)

    def rollback(self) -> None:
        """Forget the current transaction, block or not."""
        transaction = self._leave()
        if transaction is not None:
            transaction.rollback()
            self.services.meter.settle(transaction, False)
            if self.temporary is not None:
                self.temporary.end(None)
        self.run_time.end_block(False)

    def _leave(self) -> Transaction | None:
        transaction = self.transaction
        self.transaction = None
        self.in_block = self.failed = False
        if self.block_read_only is not None:
            self.block_read_only = None
            self.run_time.transaction_reads_only(None)
        if self.portals:
            self.end_portals()
        if self.streams:
            self.close_streams()
        if self.savepoints:
            self.savepoints.clear()
        return transaction

    def end_portals(self) -> None:
        """No transaction is open any more: only cursors that are held stay."""
        self.held = {name: portal for name, portal in self.held.items() if self.portals.get(name) is portal}
        self.portals.clear()
        self.portals.update(self.held)

    def forget_stream(self, stream: RowStream) -> None:
        """Its rows are all taken, or nobody will take them."""
        self.streams.pop(stream, None)

    def close_streams(self, keep: Mapping[RowStream, None] = MappingProxyType({})) -> None:
        """All but those of `keep`."""
        streams = [stream for stream in self.streams if stream not in keep]
        for stream in streams:
            del self.streams[stream]
            stream.close()

    async def sync(self) -> None:
        """The end of a simple query, or Sync: an implicit transaction commits. Raises the commit's error; the session
        is idle then."""
        implicit, self.implicit_block = self.implicit_block, False
        if not self.in_block and (implicit or self.transaction is not None):
            await self.commit()

    def fail(self) -> None:
        """An error was reported to the client."""
        self.implicit_block = False
        if self.in_block:
            self.failed = True
            self.close_streams(self.savepoints[-1].streams if self.savepoints else {})
        else:
            self.rollback()

    async def close(self) -> None:
        """The client left: nothing of an open transaction remains."""
        self.rollback()
        self.prepared_statements.clear()

    def notice(self, severity: str, sqlstate: str, message: str) -> None:
        if self.run_time.shows(severity):
            self.on_notice(severity, sqlstate, message)


def session_ended() -> DatabaseError:
    return DatabaseError(ADMIN_SHUTDOWN, "terminating connection due to administrator command")


def aborted() -> DatabaseError:
    return DatabaseError(
        IN_FAILED_SQL_TRANSACTION, "current transaction is aborted, commands ignored until end of transaction block"
    )
