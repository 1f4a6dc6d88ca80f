"""Statements that are not planned: which of them there are, what they answer, who runs them.

`run` looks a statement's kind up in `_HANDLERS`; DDL goes to ddl/, COPY to copying.py, cursors and SQL-level prepared
statements to named.py, EXPLAIN to explain.py. What is in no table is refused with 0A000.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from pglast.enums import DiscardMode, VariableSetKind

from actors.common.errors import (
    ACTIVE_SQL_TRANSACTION,
    FEATURE_NOT_SUPPORTED,
    NO_ACTIVE_SQL_TRANSACTION,
    UNDEFINED_FUNCTION,
    UNDEFINED_TABLE,
    DatabaseError,
)
from actors.query_processor import ddl
from actors.query_processor.session import copying, explain, foreign_keys, identity, named, transaction_control
from actors.query_processor.session.parameters import IDENTITY, STYLES
from actors.query_processor.session.portals import Portal, UtilityPortal
from actors.query_processor.session.setting import values_text
from actors.query_processor.session.sight import newest_catalog, seen
from actors.query_processor.session.statements import PLANNED_KINDS, PreparedStatement, RawStatement
from actors.sql.parser import parse_sql
from actors.sql.results import Batch, Field
from actors.sql.settings.parameter_table import DEFINITIONS, UNLISTED
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

TEXT = ColumnType("text")
ACCESS_SHARE = 1
"""PostgreSQL's number of the weakest lock."""
mends_block = transaction_control.mends_block


async def prepare(session: Session, raw: RawStatement, parameter_oids: Sequence[int]) -> PreparedStatement:
    """What Describe shows of a statement that is not planned. Of those of `_QUERYING`, the parameters are the
    query's."""
    if raw.kind == "CopyStmt":
        return await copying.prepare(session, raw)
    if raw.kind in _QUERYING:
        fields = [Field("QUERY PLAN", TEXT)] if raw.kind == "ExplainStmt" else None
        if raw.kind == "CreateTableAsStmt":
            ddl.refuse_table_as(session, raw.node)
        if type(raw.node.query).__name__ not in PLANNED_KINDS:
            return PreparedStatement(raw, fields=fields)
        inner = await session.prepare(RawStatement(raw.text, raw.node.query), parameter_oids)
        return PreparedStatement(raw, fields=fields, parameter_types=inner.parameter_types)
    describe = _DESCRIBERS.get(raw.kind)
    if describe is None:
        prepared = raw.prepared = PreparedStatement(raw)
        return prepared
    return PreparedStatement(raw, fields=await describe(session, raw))


def portal(session: Session, prepared: PreparedStatement, parameters: Sequence[Any]) -> Portal:
    if prepared.raw.kind == "CopyStmt":
        return copying.portal(session, prepared)
    return UtilityPortal(session, prepared, parameters)


async def run(session: Session, prepared: PreparedStatement, parameters: Sequence[Any]) -> Batch:
    raw = prepared.raw
    if not raw.kind:
        return Batch([], True, "")
    querying = _QUERYING.get(raw.kind)
    if querying is not None:
        return await querying(session, raw, prepared.parameter_types, parameters)
    handler = _HANDLERS.get(raw.kind)
    if handler is not None:
        return await handler(session, raw)
    if raw.kind in ddl.KINDS:
        return await ddl.run(session, raw)
    raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: {raw.kind.removesuffix('Stmt')}")


# -- SET, SHOW, RESET, DISCARD -----------------------------------------------------------------------------------------


async def _set(session: Session, raw: RawStatement) -> Batch:
    node = raw.node
    kind, name, local = node.kind, node.name or "", bool(node.is_local)
    in_block = session.in_transaction
    if local and not in_block:
        session.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks")
    if kind == VariableSetKind.VAR_RESET_ALL:
        session.run_time.reset_all(in_block)
        return Batch([], True, "RESET")
    if kind == VariableSetKind.VAR_SET_MULTI:
        if name == "TRANSACTION" and session.settings.mode == "dsql":
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: SET TRANSACTION")
        if name == "TRANSACTION":
            if in_block:
                transaction_control.set_modes(session, node.args)
            else:
                session.notice("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks")
        elif name == "SESSION CHARACTERISTICS":
            transaction_control.set_session_modes(session, node.args)
        else:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: SET {name}")
        return Batch([], True, "SET")
    value = values_text(name, node.args) if kind == VariableSetKind.VAR_SET_VALUE else None
    if name.lower() in IDENTITY and session.transaction is None:
        await newest_catalog(session)
    _set_one(session, name, value, local)
    return Batch([], True, "RESET" if kind == VariableSetKind.VAR_RESET else "SET")


def _set_one(session: Session, name: str, value: str | None, local: bool) -> None:
    lower = name.lower()
    if lower == "transaction_read_only" and session.in_transaction:
        wanted = (
            session.run_time.values["default_transaction_read_only"]
            if value is None
            else session.run_time.checked(name, value)
        )
        transaction_control.set_read_only(session, wanted == "on")
        return
    session.run_time.set(name, value, local=local, in_block=session.in_transaction)
    if lower == identity.AUTHORIZATION:
        session.run_time.set(identity.ROLE, identity.NO_ROLE, local=local, in_block=session.in_transaction)
    if lower in STYLES and session.transaction is not None:
        session.transaction.environment = session.services.make_environment(session, session.transaction.start_ts)
    if lower == "search_path" and session.transaction is not None:
        session.transaction.catalog = seen(session, session.transaction.catalog)


async def _describe_show(session: Session, raw: RawStatement) -> list[Field]:
    name = raw.node.name
    if name.lower() == "all":
        return [Field("name", TEXT), Field("setting", TEXT), Field("description", TEXT)]
    return [Field(session.run_time.show(name)[0], TEXT)]


async def _show(session: Session, raw: RawStatement) -> Batch:
    name = raw.node.name.lower()
    if name == "all":
        rows: list[tuple[object, ...]] = [
            (
                DEFINITIONS[key].name if key in DEFINITIONS else key,
                value,
                DEFINITIONS[key].description if key in DEFINITIONS else "",
            )
            for key, value in sorted(session.run_time.values.items())
            if key not in UNLISTED
        ]
        return Batch(rows, True, "SHOW")
    return Batch([(session.run_time.show(name)[1],)], True, "SHOW")


async def _discard(session: Session, raw: RawStatement) -> Batch:
    if raw.node.target == DiscardMode.DISCARD_ALL:
        if session.in_transaction:
            raise DatabaseError(ACTIVE_SQL_TRANSACTION, "DISCARD ALL cannot run inside a transaction block")
        for portal in session.portals.values():
            portal.close()
        session.portals.clear()
        session.held.clear()
        _forget_sequences(session)
        session.prepared_statements.clear()
        session.temporary = None
        session.run_time.reset_all(False)
        for name in IDENTITY:
            session.run_time.set(name, None)
        return Batch([], True, "DISCARD ALL")
    if raw.node.target == DiscardMode.DISCARD_SEQUENCES:
        _forget_sequences(session)
    if raw.node.target == DiscardMode.DISCARD_TEMP and session.temporary is not None:
        if session.in_transaction:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "DISCARD TEMP within a transaction is not supported")
        session.temporary = None
    names = {
        DiscardMode.DISCARD_PLANS: "PLANS",
        DiscardMode.DISCARD_SEQUENCES: "SEQUENCES",
        DiscardMode.DISCARD_TEMP: "TEMP",
    }
    return Batch([], True, f"DISCARD {names[raw.node.target]}")


def _forget_sequences(session: Session) -> None:
    """What currval and lastval answer. The values that are held are the query processor's."""
    session.sequences.values.clear()
    session.sequences.last = 0


async def _describe_ddl(session: Session, raw: RawStatement) -> list[Field] | None:
    return [Field("job_id", TEXT)] if raw.is_async else None


async def _describe_call(session: Session, raw: RawStatement) -> list[Field] | None:
    return [Field("wait_for_job", ColumnType("bool"))]


async def _call(session: Session, raw: RawStatement) -> Batch:
    """CALL sys.wait_for_job('id'): there are no other procedures. Raises 42883."""
    call = raw.node.funccall
    names = [part.sval for part in call.funcname]
    if names != ["sys", "wait_for_job"] or len(call.args or ()) != 1:
        raise DatabaseError(UNDEFINED_FUNCTION, f"procedure {'.'.join(names)} does not exist")
    statement: Any = parse_sql("SELECT 1")[0].stmt
    statement.targetList[0].val = call
    prepared = await session.prepare(RawStatement(f"SELECT of {raw.text}", statement), ())
    batch = await session.bind(prepared, []).run()
    return Batch(batch.rows, True, "CALL")


async def _unlisten(session: Session, raw: RawStatement) -> Batch:
    """Pools send it when they take a connection back. Nothing listens: LISTEN is refused."""
    return Batch([], True, "UNLISTEN")


async def _lock(session: Session, raw: RawStatement) -> Batch:
    """LOCK TABLE ... IN ACCESS SHARE MODE, as pg_dump sends it: a snapshot keeps what that lock keeps. The modes that
    hold other writers up are refused. Raises 25P01 outside of a block, 42P01."""
    if session.settings.mode == "dsql":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: Lock")
    if raw.node.mode != ACCESS_SHARE:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "only ACCESS SHARE locks are supported",
            hint="Transactions that write the same rows conflict at COMMIT (40001); SELECT ... FOR UPDATE adds rows.",
        )
    if not session.in_transaction:
        raise DatabaseError(NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks")
    catalog = (session.transaction or await session.begin_transaction()).catalog
    for relation in raw.node.relations:
        named = (relation.schemaname, relation.relname)
        if catalog.find_readable(*named) is None and catalog.find_other(*named) is None:
            name = ".".join(filter(None, named))
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{name}" does not exist')
    return Batch([], True, "LOCK TABLE")


_HANDLERS: dict[str, Callable[[Session, RawStatement], Awaitable[Batch]]] = {
    "TransactionStmt": transaction_control.run,
    "VariableSetStmt": _set,
    "VariableShowStmt": _show,
    "DiscardStmt": _discard,
    "PrepareStmt": named.prepare,
    "ExecuteStmt": named.execute,
    "DeallocateStmt": named.deallocate,
    "FetchStmt": named.fetch,
    "ClosePortalStmt": named.close,
    "UnlistenStmt": _unlisten,
    "CallStmt": _call,
    "LockStmt": _lock,
    "ConstraintsSetStmt": foreign_keys.set_constraints,
}
_QUERYING: dict[str, Callable[[Session, RawStatement, Sequence[ColumnType], Sequence[Any]], Awaitable[Batch]]] = {
    "DeclareCursorStmt": named.declare,
    "ExplainStmt": explain.explain,
    "CreateTableAsStmt": ddl.run,
}
"""Statements about a query, which may have parameters."""
_DESCRIBERS: dict[str, Callable[[Session, RawStatement], Awaitable[list[Field] | None]]] = {
    "VariableShowStmt": _describe_show,
    "ExecuteStmt": named.describe_execute,
    "FetchStmt": named.describe_fetch,
    "CallStmt": _describe_call,
    "IndexStmt": _describe_ddl,
    "AlterTableStmt": _describe_ddl,
}
