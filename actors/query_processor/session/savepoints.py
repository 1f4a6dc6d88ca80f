"""SAVEPOINT, ROLLBACK TO and RELEASE, in open mode: DSQL has none.

    BEGIN;                                  savepoints: -
    SAVEPOINT a; INSERT ...; SAVEPOINT b;   a b
    SELECT 1/0;                             a b, and the block has failed
    ROLLBACK TO a;                          a, and the block goes on as it was at `SAVEPOINT a`
    RELEASE a;                              -, and what was done since stays

A savepoint is a mark: where the transaction's buffer, its checked keys and its catalog were (transaction.py), the
run-time parameters' values, and which cursors there were. Cursors of before the savepoint keep their places, as in
PostgreSQL; those of after it are closed. Several savepoints may have one name: the newest is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.common.errors import INVALID_SAVEPOINT, NO_ACTIVE_SQL_TRANSACTION, DatabaseError
from actors.query_processor.session.parameters import STYLES, ParameterMark
from actors.query_processor.session.sight import seen
from actors.query_processor.transaction.marks import TransactionMark

if TYPE_CHECKING:
    from actors.query_processor.session.portals import Portal
    from actors.query_processor.session.session import Session
    from actors.sql.results import RowStream


@dataclass(slots=True)
class Savepoint:
    name: str
    transaction: TransactionMark | None
    """None until the block has run its first statement."""
    parameters: ParameterMark
    portals: dict[str, Portal]
    streams: dict[RowStream, None]
    read_only: bool | None


def define(session: Session, name: str) -> None:
    """Raises 25P01 outside of a block."""
    _require_block(session, "SAVEPOINT")
    transaction = session.transaction
    if transaction is not None:
        transaction.record(True)
    session.savepoints.append(
        Savepoint(
            name,
            transaction.mark() if transaction is not None else None,
            session.run_time.mark(),
            dict(session.portals),
            dict(session.streams),
            session.block_read_only,
        )
    )


def transaction_begins(session: Session) -> None:
    """The block's first statement runs: savepoints of before it mark its beginning."""
    transaction = session.transaction
    assert transaction is not None
    transaction.record(True)
    for savepoint in session.savepoints:
        savepoint.transaction = transaction.mark()


def release(session: Session, name: str) -> None:
    """Raises 25P01, 3B001."""
    _require_block(session, "RELEASE SAVEPOINT")
    del session.savepoints[_place(session, name) :]
    if not session.savepoints and session.transaction is not None:
        session.transaction.record(False)


async def rollback_to(session: Session, name: str) -> None:
    """Raises 25P01, 3B001; a failed block stays failed then."""
    _require_block(session, "ROLLBACK TO SAVEPOINT")
    place = _place(session, name)
    savepoint = session.savepoints[place]
    del session.savepoints[place + 1 :]
    for portal_name in [name for name, portal in session.portals.items() if savepoint.portals.get(name) is not portal]:
        session.portals.pop(portal_name).close()
    session.close_streams(keep=savepoint.streams)
    changed = session.run_time.return_to(savepoint.parameters)
    session.block_read_only = savepoint.read_only
    session.run_time.transaction_reads_only(savepoint.read_only)
    transaction = session.transaction
    if transaction is not None:
        assert savepoint.transaction is not None
        await transaction.undo_to(savepoint.transaction)
        transaction.catalog = seen(session, transaction.catalog)
        if changed & STYLES:
            transaction.environment = session.services.make_environment(session, transaction.start_ts)
    session.failed = False


def _require_block(session: Session, what: str) -> None:
    if not session.in_block:
        raise DatabaseError(NO_ACTIVE_SQL_TRANSACTION, f"{what} can only be used in transaction blocks")


def _place(session: Session, name: str) -> int:
    for place in reversed(range(len(session.savepoints))):
        if session.savepoints[place].name == name:
            return place
    raise DatabaseError(INVALID_SAVEPOINT, f'savepoint "{name}" does not exist')
