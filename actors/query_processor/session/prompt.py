"""Point reads that are answered where they stand: a SELECT of one row by its primary key that is a transaction of its
own, and whose replica is in this process and has come to now.

    may_read_promptly(session, prepared)                     whether it is worth to ask
    rows = read_promptly(session, prepared, parameters)      None: it takes the usual way

What it leaves out is what such a statement has no use for: a Transaction with its buffer, the expressions' Environment,
the fiber's waits. What it keeps is what a transaction of one read promises: start_ts is the clock's latest, and past
for everybody (I11); the catalog is the one of start_ts, as the answer shows; the role may run the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.messages.reading import Get
from actors.query_processor.row_executor.prompt import NOWHERE
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.types.calendar import UNIX_EPOCH_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.query_processor.session.session import Session
    from actors.query_processor.session.statements import PreparedStatement


def may_read_promptly(session: Session, prepared: PreparedStatement) -> bool:
    """Whether it is worth to ask."""
    planned = prepared.planned
    return planned is not None and planned.prompt is not None and not session.services.storage.near.left_out


def read_promptly(
    session: Session, prepared: PreparedStatement, parameters: Sequence[Any]
) -> list[tuple[Any, ...]] | None:
    """The statement's rows. Nothing has happened where there are none of them (None). Raises 22P02 and the like for
    literals."""
    planned = prepared.planned
    if planned is None or (prompt := planned.prompt) is None or not session.is_idle:
        return None
    services = session.services
    now = services.clock.now()
    at = now.latest
    if now.earliest < at or services.transactions.newest_commit_ts > at or services.silenced:
        return None
    catalogs, role, run_time = services.catalogs, session.role, session.run_time
    catalog = catalogs.pin(at)
    if (
        catalog is None
        or role not in planned.allowed
        or (role != ADMIN_OID and catalog is not session.named_in)
        or catalog.on_path(run_time.search_path, role).sight is not planned.catalog.sight
    ):
        return None
    if prepared.literals:
        parameters = planned.read(prepared.literals, run_time.zone, at + UNIX_EPOCH_US)
    key = prompt.key(parameters, NOWHERE)
    if key is None:
        return None
    got = services.storage.near.answer(key, Get([key], at))
    if got is None or got.catalog_ts > catalog.version:
        return None
    catalogs.note_current(catalog.version, at)
    value = got.values[0]
    services.meter.read_one(0 if value is None else len(key) + len(value))
    session.statement = prepared.raw.original
    return [] if value is None else [prompt.columns(value)]
