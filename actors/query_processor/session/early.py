"""Changes of one row by its primary key, each a transaction of its own, that begin at the time to which the row's
replica in this process has come, rather than now.

    UPDATE accounts SET balance = balance + $1 WHERE id = $2

A transaction begins at the clock's latest, so its first read waits until the replica has come that far: a demand to the
crossbar, a question to each adjudicator, a delivery. A transaction that begins at the replica's watermark waits for
nothing, and is as good a transaction as any, but for one thing: it might not see what others were told is committed. It
cannot miss anything where it reads nothing but the row that it writes: had somebody committed that row since, the
adjudicator would refuse it (first committer wins, I3), and the client has been told nothing yet. So

    batch = await change_early(session, portal, channel)      None: it takes the usual way; nothing has happened

runs the statement, commits, and gives up at 40001. Which statements are run like this:

- Those that end their transaction (no RETURNING, so nothing is told before the commit), compute the new row of the old
  one and parameters alone, and touch no index and no foreign key.
- Those that find their row and change it. That there is none, or that a condition or a CHECK does not hold, must be
  said of the row as it is now.
- admin's alone: what else a role may do might have changed since. Changes of the table itself are the adjudicator's to
  find (OC001), as ever; a view, a function or a cast to a domain might mean something else by now, so statements with
  these take the usual way. Nobody finds a table of the same name that another session has made, some milliseconds ago,
  in a schema that stands before its own on the search path: the statement is then as one that came before it.

Where early ones lose, or have no replica here, fewer and fewer are tried. They leave the watermark where it is; one
that is STALE_US old is asked for anew, and nobody waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.errors import SERIALIZATION_FAILURE, DatabaseError
from actors.query_processor.row_executor.modifying import UpdatePlan
from actors.query_processor.transaction import CatalogStale, Transaction
from actors.sql.catalog.roles import ADMIN_OID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.query_processor.channel import Channel
    from actors.query_processor.row_executor.access import PointAccess
    from actors.query_processor.session.portals import Portal
    from actors.query_processor.session.session import Session
    from actors.query_processor.session.statements import PreparedStatement
    from actors.sql.results import Batch

STALE_US = 5_000
"""An older watermark is asked for anew."""
LEFT_OUT_MAX = 63
"""Twice as many, and one more, after each that has lost, up to this."""


class EarlyChanges:
    """Whether they are tried, at one query processor. Not where regions lie apart: reads wait for nothing there
    (docs/regions.md)."""

    __slots__ = ("_is_on", "_left_out", "_losses")

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on
        self._losses = self._left_out = 0

    def are_tried(self) -> bool:
        """Asked once for each statement."""
        if self._left_out:
            self._left_out -= 1
            return False
        return self._is_on

    def note(self, lost: bool) -> None:
        """One has been committed; or refused, or there was no replica in this process."""
        self._losses = self._left_out = min(2 * self._losses + 1, LEFT_OUT_MAX) if lost else 0


def _sole_point(prepared: PreparedStatement) -> PointAccess | None:
    planned = prepared.planned
    return planned.plan.sole_point if planned is not None and isinstance(planned.plan, UpdatePlan) else None


def may_change_early(session: Session, prepared: PreparedStatement) -> bool:
    """Whether it is worth to ask."""
    if _sole_point(prepared) is None or session.role != ADMIN_OID or not session.is_idle:
        return False
    return session.run_time.values["default_transaction_read_only"] != "on" and session.services.early.are_tried()


async def change_early(session: Session, portal: Portal, channel: Channel) -> Batch | None:
    """The portal has run, and its change is committed. None: nothing has happened. Raises what a commit raises, but
    for 40001."""
    batch = await _changed(session, portal.prepared, portal.parameters) if portal.is_fresh else None
    if batch is None:
        return None
    channel.cancellable = False
    try:
        await session.commit()
    except DatabaseError as error:
        if error.sqlstate != SERIALIZATION_FAILURE:
            raise
        session.services.early.note(lost=True)
        channel.cancellable = True
        return None
    session.services.early.note(lost=False)
    portal.has_run()
    return batch


async def _changed(session: Session, prepared: PreparedStatement, parameters: Sequence[Any]) -> Batch | None:
    """The session's transaction has changed the row, and is to be committed. None: nothing has happened. Raises 22P02
    and the like for literals."""
    planned, services, point = prepared.planned, session.services, _sole_point(prepared)
    if planned is None or point is None:
        return None
    now = services.clock.now().latest
    environment = services.make_environment(session, now)
    if prepared.literals:
        parameters = planned.read(prepared.literals, session.run_time.zone, environment.transaction_timestamp)
    storage, transactions = services.storage, services.transactions
    key = point.key(parameters, environment)
    at = min(storage.near.reached(key), now) if key is not None else 0
    if not at:
        services.early.note(lost=True)
    catalog = services.catalogs.pin(at) if at else None
    if catalog is None or key is None or transactions.losing.is_overwritten(key, at):
        return None
    seen = catalog.on_path(session.run_time.search_path, session.role)
    if seen.sight is not planned.catalog.sight:
        return None
    transaction = Transaction(transactions, seen, at, environment)
    transaction.has_dml = True
    try:
        batch = await planned.plan.run(transaction, parameters)
    except (CatalogStale, DatabaseError):  # of a row that may have been another since: the usual way will tell
        return None
    if not transaction.wrote:
        return None
    session.statement = prepared.raw.original
    session.transaction = transaction
    if now - at > STALE_US:
        storage.hasten(key, now)
    return batch
