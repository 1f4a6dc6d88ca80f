"""The catalog that a session's statements run under, as its role sees it, on its search path.

    plan = await with_catalog(session, lambda catalog: ...)     what needs a catalog before its statement runs
    transaction.catalog = seen(session, transaction.catalog)    SET search_path, SET ROLE within a transaction
    catalog = await present_catalog(services)                   whoever logs in
    at = await past_time(session, now)                          start_ts of a READ ONLY transaction

Within a transaction that is the transaction's catalog, outside of one the newest that this process has heard of.
Storage is asked for a newer one only where a name is missing: a statement whose names are all found sends no message
for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from actors.common.errors import CONNECTION_FAILURE, SYNTAX_ERROR, DatabaseError
from actors.query_processor.aside import aside
from actors.query_processor.transaction import CatalogStale
from actors.sql.catalog.snapshot import Catalog

if TYPE_CHECKING:
    from actors.query_processor.session.services import SessionServices
    from actors.query_processor.session.session import Session

T = TypeVar("T")

PRESENT_S = 2.0
"""For the present to be read, between regions: whoever comes to a region that is cut off is let in after that."""


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


async def present_catalog(services: SessionServices) -> Catalog:
    """The catalog of now. In a region that is cut off (docs/regions.md) that of the time which its storage has reached:
    nobody there can know of a later one. Raises 08006."""
    at = services.transactions.now()
    is_far = bool(services.settings.regions.zones)
    try:
        return await _catalog_at(services, at, PRESENT_S if is_far else 0.0)
    except DatabaseError as error:
        if not is_far or error.sqlstate != CONNECTION_FAILURE:
            raise
    return await _catalog_at(services, await services.storage.reached())


async def _catalog_at(services: SessionServices, at: int, within_s: float = 0.0) -> Catalog:
    catalogs = services.catalogs
    if within_s:
        await services.storage.probe(at, within_s)
    catalog = catalogs.pin(at) or await catalogs.pinned(at)
    change = await services.storage.probe(at)
    return await catalogs.load(at, change) if change > catalog.version else catalog


async def past_time(session: Session, now: int) -> int:
    """start_ts of a READ ONLY transaction that may be as old as the session's eagleray.max_staleness: no older than
    what this region's storage answers at once. Raises 08006 where there is no storage."""
    staleness_us = session.run_time.staleness_ms * 1000
    if not staleness_us:
        return now
    return min(now, max(now - staleness_us, await session.services.storage.reached()))
