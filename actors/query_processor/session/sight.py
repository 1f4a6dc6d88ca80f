"""The catalog that a session's statements run under, as its role sees it, on its search path.

    plan = await with_catalog(session, lambda catalog: ...)     what needs a catalog before its statement runs
    transaction.catalog = seen(session, transaction.catalog)    SET search_path, SET ROLE within a transaction

Within a transaction that is the transaction's catalog, outside of one the newest that this process has heard of.
Storage is asked for a newer one only where a name is missing: a statement whose names are all found sends no message
for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from actors.common.errors import SYNTAX_ERROR, DatabaseError
from actors.query_processor.aside import aside
from actors.query_processor.transaction import CatalogStale
from actors.sql.catalog.snapshot import Catalog

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

T = TypeVar("T")


async def with_catalog(session: Session, function: Callable[[Catalog], T], large: bool = False) -> T:
    """`function` of the catalog that the next statement runs under; of a newer one where it fails for want of a name
    that the first might only be too old to know. `large`: it takes long, so it runs beside the loop."""
    transaction = session.transaction
    catalog = transaction.catalog if transaction is not None else await _latest_catalog(session)
    try:
        return await aside(function, catalog, large)
    except DatabaseError as error:
        if error.sqlstate[:2] not in ("42", "3F") or error.sqlstate == SYNTAX_ERROR:
            raise
        if transaction is None:
            fresh = await _newer_catalog(session, catalog)
            if fresh is None:
                raise
            return await aside(function, fresh, large)
        try:
            await transaction.verify_catalog()
        except CatalogStale as stale:
            change = stale.catalog_ts
        else:
            raise
    await transaction.reload_catalog(change)
    return await aside(function, transaction.catalog, large)


async def newest_catalog(session: Session) -> Catalog:
    """That of now, also where this process has not heard of its newest change."""
    known = await _latest_catalog(session)
    return await _newer_catalog(session, known) or known


async def _newer_catalog(session: Session, known: Catalog) -> Catalog | None:
    at = session.services.transactions.now()
    change = await session.services.storage.probe(at)
    if change <= known.version:
        return None
    return seen(session, await session.services.catalogs.load(at, change))


def seen(session: Session, catalog: Catalog) -> Catalog:
    """As the session's role sees it, on its search path."""
    view = catalog.on_path(session.run_time.search_path, session.role)
    return view if session.temporary is None else session.temporary.over(view)


async def _latest_catalog(session: Session) -> Catalog:
    catalogs = session.services.catalogs
    at = session.services.transactions.now()
    catalog = catalogs.pin(at) or await catalogs.pinned(at)
    return seen(session, catalog)
