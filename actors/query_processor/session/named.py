"""Named things made by SQL: PREPARE, EXECUTE, DEALLOCATE; DECLARE, FETCH, MOVE, CLOSE.

A cursor goes forward only. Its statement begins at DECLARE, and goes on as rows are fetched; what is left of a cursor
WITH HOLD when its transaction commits is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast
from pglast.enums import FetchDirection

from actors.common.errors import (
    DUPLICATE_CURSOR,
    DUPLICATE_PREPARED_STATEMENT,
    FEATURE_NOT_SUPPORTED,
    INVALID_CURSOR_NAME,
    INVALID_SQL_STATEMENT_NAME,
    NO_ACTIVE_SQL_TRANSACTION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.common.parked_session import ParkedStatement
from actors.query_processor.row_executor.parts import WRITING_SELECT
from actors.query_processor.session.parameter_types import prepared_oids
from actors.query_processor.session.parking import revived
from actors.query_processor.session.portals import Portal
from actors.query_processor.session.statements import PreparedStatement, RawStatement
from actors.sql.parser import parse_sql
from actors.sql.results import Batch, Field, passed_over
from actors.sql.types import by_name, format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

FETCH_ALL = 2**63 - 1
CURSOR_OPTION_SCROLL = 0x02
CURSOR_OPTION_HOLD = 0x20


# -- PREPARE, EXECUTE, DEALLOCATE --------------------------------------------------------------------------------------


async def prepare(session: Session, raw: RawStatement) -> Batch:
    node = raw.node
    if node.name in session.prepared_statements:
        raise DatabaseError(DUPLICATE_PREPARED_STATEMENT, f'prepared statement "{node.name}" already exists')
    inner = RawStatement(raw.text, node.query)
    oids = await prepared_oids(session, node)
    session.prepared_statements[node.name] = await session.prepare(inner, oids)
    return Batch([], True, "PREPARE")


def _known(session: Session, name: str) -> PreparedStatement | ParkedStatement:
    prepared = session.prepared_statements.get(name)
    if prepared is None:
        raise DatabaseError(INVALID_SQL_STATEMENT_NAME, f'prepared statement "{name}" does not exist')
    return prepared


async def _prepared(session: Session, name: str) -> PreparedStatement:
    prepared = _known(session, name)
    if isinstance(prepared, ParkedStatement):
        prepared = session.prepared_statements[name] = await revived(session, prepared)
    return prepared


async def describe_execute(session: Session, raw: RawStatement) -> list[Field] | None:
    return (await _prepared(session, raw.node.name)).fields


async def execute(session: Session, raw: RawStatement) -> Batch:
    prepared, datums = await _called(session, raw.node)
    return await session.bind(prepared, datums).start()


async def source(session: Session, node: Any) -> tuple[Any, Sequence[ColumnType], Sequence[Any]]:
    """The query of CREATE TABLE ... AS EXECUTE: its tree, and its parameters' types and values. Raises 42809."""
    prepared, datums = await _called(session, node)
    if prepared.raw.kind != "SelectStmt":
        raise DatabaseError(WRONG_OBJECT_TYPE, "prepared statement is not a SELECT")
    return prepared.raw.node, prepared.parameter_types, datums


async def _called(session: Session, node: Any) -> tuple[PreparedStatement, Sequence[Any]]:
    """What an ExecuteStmt names, and its parameters' values. Raises 26000, 42601."""
    prepared = await _prepared(session, node.name)
    arguments = node.params or ()
    if len(arguments) != len(prepared.parameter_types):
        raise DatabaseError(
            SYNTAX_ERROR,
            f'wrong number of parameters for prepared statement "{node.name}"',
            detail=f"Expected {len(prepared.parameter_types)} parameters but got {len(arguments)}.",
        )
    datums = await _evaluate(session, arguments, prepared.parameter_types) if arguments else []
    return prepared, datums


async def _evaluate(session: Session, arguments: tuple[Any, ...], types: list[ColumnType]) -> list[Any]:
    """The arguments' values, converted to the parameters' types: a SELECT of them."""
    targets = tuple(
        ast.ResTarget(val=ast.TypeCast(arg=argument, typeName=_type_name(type_)))
        for argument, type_ in zip(arguments, types, strict=True)
    )
    template: Any = parse_sql("SELECT 1")[0].stmt
    template.targetList = targets
    plan = await session.prepare(RawStatement(repr(targets), template), ())
    return list((await session.bind(plan, []).run()).rows[0])


def _type_name(type_: ColumnType) -> Any:
    statement: Any = parse_sql(f"SELECT NULL::{format_type(type_)}")[0].stmt
    return statement.targetList[0].val.typeName


async def deallocate(session: Session, raw: RawStatement) -> Batch:
    if raw.node.isall or raw.node.name is None:
        session.prepared_statements.clear()
        return Batch([], True, "DEALLOCATE ALL")
    _known(session, raw.node.name)
    del session.prepared_statements[raw.node.name]
    return Batch([], True, "DEALLOCATE")


# -- cursors -----------------------------------------------------------------------------------------------------------


async def declare(session: Session, raw: RawStatement, types: Sequence[ColumnType], parameters: Sequence[Any]) -> Batch:
    """`parameters`: of the query, of `types`."""
    node = raw.node
    holds = bool(node.options & CURSOR_OPTION_HOLD)
    if not session.in_transaction and not holds:
        raise DatabaseError(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks")
    if node.options & CURSOR_OPTION_SCROLL:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "SCROLL cursors are not supported")
    if node.portalname in session.portals:
        raise DatabaseError(DUPLICATE_CURSOR, f'cursor "{node.portalname}" already exists')
    prepared = await session.prepare(RawStatement(raw.text, node.query), [by_name[type_.name].oid for type_ in types])
    if prepared.planned is not None and prepared.planned.plan.kind == WRITING_SELECT:
        message = "DECLARE CURSOR must not contain data-modifying statements in WITH"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, message)
    portal = session.bind(prepared, parameters)
    portal.holds, portal.statement = holds, raw.original
    await portal.open()
    session.portals[node.portalname] = portal
    return Batch([], True, "DECLARE CURSOR")


def _cursor(session: Session, name: str) -> Portal:
    portal = session.portals.get(name)
    if portal is None:
        raise DatabaseError(INVALID_CURSOR_NAME, f'cursor "{name}" does not exist')
    return portal


async def describe_fetch(session: Session, raw: RawStatement) -> list[Field] | None:
    return None if raw.node.ismove else _cursor(session, raw.node.portalname).fields


async def fetch(session: Session, raw: RawStatement) -> Batch:
    node = raw.node
    portal = _cursor(session, node.portalname)
    relative = node.direction == FetchDirection.FETCH_RELATIVE and node.howMany == 1
    if (node.direction != FetchDirection.FETCH_FORWARD and not relative) or node.howMany < 0:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cursor can only scan forward",
            hint="Declare it with SCROLL option to enable backward scan.",
        )
    if node.howMany == 0:
        return Batch([], True, "MOVE 0" if node.ismove else "FETCH 0")
    batch = await portal.start(0 if node.howMany == FETCH_ALL else node.howMany)
    if node.ismove:
        return Batch([], True, f"MOVE {len(batch.rows) + await passed_over(batch)}")
    return Batch(batch.rows, True, f"FETCH {len(batch.rows)}" if batch.stream is None else "FETCH", batch.stream)


async def close(session: Session, raw: RawStatement) -> Batch:
    if raw.node.portalname is None:
        for portal in session.portals.values():
            portal.close()
        session.portals.clear()
        session.held.clear()
        return Batch([], True, "CLOSE CURSOR ALL")
    _cursor(session, raw.node.portalname).close()
    del session.portals[raw.node.portalname]
    session.held.pop(raw.node.portalname, None)
    return Batch([], True, "CLOSE CURSOR")
