"""BEGIN, COMMIT, ROLLBACK, savepoints and SET TRANSACTION, with PostgreSQL's warnings and DSQL's one isolation
level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast.enums import TransactionStmtKind as Kind

from actors.common.errors import ACTIVE_SQL_TRANSACTION, FEATURE_NOT_SUPPORTED, NO_ACTIVE_SQL_TRANSACTION, DatabaseError
from actors.query_processor.session import savepoints
from actors.query_processor.session.statements import RawStatement
from actors.sql.results import Batch
from actors.sql.settings.parameter_values import unsupported_isolation

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

_BEGIN = int(Kind.TRANS_STMT_BEGIN)
_START = int(Kind.TRANS_STMT_START)
_COMMIT = int(Kind.TRANS_STMT_COMMIT)
_ROLLBACK = int(Kind.TRANS_STMT_ROLLBACK)
_SAVEPOINT = int(Kind.TRANS_STMT_SAVEPOINT)
_RELEASE = int(Kind.TRANS_STMT_RELEASE)
_ROLLBACK_TO = int(Kind.TRANS_STMT_ROLLBACK_TO)
_REFUSED = {
    _SAVEPOINT: "SAVEPOINT",
    _RELEASE: "RELEASE SAVEPOINT",
    _ROLLBACK_TO: "ROLLBACK TO SAVEPOINT",
    int(Kind.TRANS_STMT_PREPARE): "PREPARE TRANSACTION",
    int(Kind.TRANS_STMT_COMMIT_PREPARED): "COMMIT PREPARED",
    int(Kind.TRANS_STMT_ROLLBACK_PREPARED): "ROLLBACK PREPARED",
}
# Batches are handed out as constants: nobody changes a batch that is done.
_BEGUN = Batch([], True, "BEGIN")
_STARTED = Batch([], True, "START TRANSACTION")
_COMMITTED = Batch([], True, "COMMIT")
_ROLLED_BACK = Batch([], True, "ROLLBACK")
_SAVEPOINTS = {
    _SAVEPOINT: Batch([], True, "SAVEPOINT"),
    _RELEASE: Batch([], True, "RELEASE"),
    _ROLLBACK_TO: _ROLLED_BACK,
}


def mends_block(raw: RawStatement) -> bool:
    """COMMIT, ROLLBACK or ROLLBACK TO: what a failed block still accepts."""
    return raw.kind == "TransactionStmt" and int(raw.node.kind) in (_COMMIT, _ROLLBACK, _ROLLBACK_TO)


async def run(session: Session, raw: RawStatement) -> Batch:
    node = raw.node
    kind = int(node.kind)
    if kind in (_BEGIN, _START):
        if session.in_block:
            session.notice("WARNING", ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress")
        if node.options:
            set_modes(session, node.options)
        session.in_block = True
        return _BEGUN if kind == _BEGIN else _STARTED
    if kind == _COMMIT:
        return await _commit(session, bool(node.chain))
    if kind == _ROLLBACK:
        return _rollback(session, bool(node.chain))
    if kind in _SAVEPOINTS and session.settings.mode != "dsql":
        return await _savepoint(session, kind, node.savepoint_name)
    raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: {_REFUSED[kind]}")


async def _savepoint(session: Session, kind: int, name: str) -> Batch:
    if kind == _SAVEPOINT:
        savepoints.define(session, name)
    elif kind == _RELEASE:
        savepoints.release(session, name)
    else:
        await savepoints.rollback_to(session, name)
    return _SAVEPOINTS[kind]


async def _commit(session: Session, chain: bool) -> Batch:
    if not session.in_block:
        _not_in_block(session, "COMMIT", chain)
    if session.failed:
        _rollback(session, chain)
        return _ROLLED_BACK
    read_only = session.block_read_only
    await session.commit()
    if chain:
        session.in_block = True
        if read_only is not None:
            set_read_only(session, read_only)
    return _COMMITTED


def _rollback(session: Session, chain: bool) -> Batch:
    if not session.in_block:
        _not_in_block(session, "ROLLBACK", chain)
    read_only = session.block_read_only
    session.rollback()
    if chain:
        session.in_block = True
        if read_only is not None:
            set_read_only(session, read_only)
    return _ROLLED_BACK


def _not_in_block(session: Session, what: str, chain: bool) -> None:
    if chain:
        raise DatabaseError(NO_ACTIVE_SQL_TRANSACTION, f"{what} AND CHAIN can only be used in transaction blocks")
    session.notice("WARNING", NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress")


def set_modes(session: Session, options: Sequence[Any]) -> None:
    """BEGIN's and SET TRANSACTION's modes, for the block that is or begins. Raises 0A000 for another isolation level,
    25001."""
    for option in options:
        value = _constant(option)
        if option.defname == "transaction_isolation":
            if value != "repeatable read":
                raise unsupported_isolation(str(value))
        elif option.defname == "transaction_read_only":
            set_read_only(session, bool(value))
        elif option.defname == "transaction_deferrable":
            session.run_time.set("transaction_deferrable", "on" if value else "off", local=True, in_block=True)


def set_read_only(session: Session, read_only: bool) -> None:
    transaction = session.transaction
    if transaction is not None:
        if transaction.read_only and not read_only:
            raise DatabaseError(ACTIVE_SQL_TRANSACTION, "transaction read-write mode must be set before any query")
        transaction.read_only = read_only
    session.block_read_only = read_only
    session.run_time.transaction_reads_only(read_only)


def set_session_modes(session: Session, options: Sequence[Any]) -> None:
    """SET SESSION CHARACTERISTICS AS TRANSACTION."""
    for option in options:
        value = _constant(option)
        text = value if isinstance(value, str) else "on" if value else "off"
        session.run_time.set(f"default_{option.defname}", text, in_block=session.in_transaction)


def _constant(option: Any) -> Any:
    value = option.arg.val
    return value.sval if hasattr(value, "sval") else value.ival
