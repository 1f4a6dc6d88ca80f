"""`SessionServices`: what the sessions of one query processor share: storage client, catalog cache, statement cache,
ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.query_processor.catalog.allocation import IdAllocator
from actors.query_processor.catalog.cache import CatalogCache
from actors.query_processor.jobs import JobRunner
from actors.query_processor.metering import Meter
from actors.query_processor.sequences.allocation import SequenceAllocator
from actors.query_processor.session.early import EarlyChanges
from actors.query_processor.session.statements import Planner, StatementCache
from actors.query_processor.transaction import StorageClient, TransactionServices
from actors.runtime.interfaces import Context

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session

EnvironmentMaker = Callable[["Session", int], Any]


class SessionServices:
    """One for each query processor. `make_environment(session, start_ts)`: the expressions' Environment of a
    transaction."""

    __slots__ = (
        "catalogs",
        "clock",
        "context",
        "early",
        "ids",
        "jobs",
        "make_environment",
        "meter",
        "sequences",
        "settings",
        "silenced",
        "statements",
        "storage",
        "transactions",
    )

    def __init__(self, context: Context, planner: Planner, make_environment: EnvironmentMaker) -> None:
        self.context = context
        self.settings = context.settings
        self.silenced = False
        """Clients are being told that their sessions have ended: nothing is committed for them any more."""
        self.clock = context.clock
        self.early = EarlyChanges(not context.settings.regions.zones)
        self.meter = Meter(context.settings.metering)
        self.storage = StorageClient(context)
        self.catalogs = CatalogCache(self.storage)
        self.transactions = TransactionServices(context, self.storage, self.catalogs)
        self.statements = StatementCache(planner, context.settings)
        self.ids = IdAllocator(self.transactions)
        self.jobs = JobRunner(self)
        self.catalogs.on_open_jobs = self.jobs.look
        self.sequences = SequenceAllocator(self.transactions)
        self.make_environment = make_environment
