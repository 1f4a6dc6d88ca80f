"""`CatalogCache`: the process's snapshots of the catalog; one is current, and it is known until when.

    pin(at)          the current snapshot, if no newer change at or below `at` is known of: the hot path, no message
    pinned(at)       the same; where it has to be read, all who ask meanwhile wait for one reading: a thousand sessions
                     may wake a cluster at once
    load(at)         read at `at` from storage, keep it if it is newer

What is known of change: a storage answer's catalog_ts (`note_change`, `note_current`) and the commits of this process's
own DDL. A snapshot that is stale without this process knowing is found out by the transaction's first read, or by the
adjudicators at commit (`note_refused`): whoever only writes would else be refused again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.reading.storage_client import StorageClient
from actors.runtime.fiber import Completion, as_future
from actors.sql.catalog.encoding import CATALOG_KEYSPACE
from actors.sql.catalog.schema import is_any_open
from actors.sql.catalog.snapshot import Catalog


def _nobody() -> None:
    pass


CATALOG_END = CATALOG_KEYSPACE[:5] + b"\x01"


class CatalogCache:
    def __init__(self, storage: StorageClient) -> None:
        self._storage = storage
        self._current: Catalog | None = None
        self._current_until = 0
        self._newest_change = 0
        self._refused = -1
        """start_ts of the latest transaction that was refused for its snapshot: one that is not known to have been
        current after it counts no more."""
        self.on_open_jobs: Callable[[], None] = _nobody
        """A snapshot was read in which a job has not ended."""
        self._awaiting: list[Completion[None]] | None = None
        """Those who wait for a reading, while there is one under way."""

    @property
    def current(self) -> Catalog | None:
        """The newest snapshot loaded so far, stale or not."""
        return self._current

    def pin(self, at: int) -> Catalog | None:
        """The snapshot for a transaction that starts at `at`; None where it has to be loaded."""
        current = self._current
        if (
            current is None
            or current.version > at
            or current.version < self._newest_change <= at
            or self._current_until <= self._refused
        ):
            return None
        return current

    async def pinned(self, at: int) -> Catalog:
        """The snapshot for a transaction that starts at `at`. Raises what reading raises."""
        catalog = self.pin(at)
        if catalog is not None:
            return catalog
        if self._awaiting is None:
            self._awaiting = []
            reading = as_future(self.load(at))  # goes on when the client of this session leaves: others wait, too
            reading.add_done_callback(self._tell)
        waiting: Completion[None] = Completion()
        self._awaiting.append(waiting)
        await waiting
        return self.pin(at) or await self.load(at)

    def _tell(self, reading: asyncio.Future[Catalog]) -> None:
        awaiting, self._awaiting = self._awaiting or [], None
        error = reading.exception()
        for waiting in awaiting:
            if error is None:
                waiting.succeed(None)
            else:
                waiting.fail(error)

    async def load(self, at: int, change: int = 0) -> Catalog:
        """The catalog at `at`, read from storage. `change`: the time of a catalog change at or below `at` that is known
        of already."""
        scan = self._storage.scan(CATALOG_KEYSPACE, CATALOG_END, at)
        rows: list[tuple[bytes, bytes]] = []
        while (batch := await scan.next()) is not None:
            rows.extend(zip(*batch.key_values(), strict=True))
        # All changes up to `at` were read, also those that this replica had no word of.
        version = max(scan.catalog_ts, change, self._newest_change if self._newest_change <= at else 0)
        self.note_change(version)
        current = self._current
        if current is not None and current.version == version:
            self.note_current(version, at)
            return current
        catalog = Catalog.from_rows(version, rows, current)
        if current is None or version > current.version:
            self._current = catalog
            self._current_until = at
            if is_any_open(catalog.jobs()):
                self.on_open_jobs()
        return catalog

    def note_change(self, catalog_ts: int) -> None:
        """The catalog changed at `catalog_ts`."""
        if catalog_ts > self._newest_change:
            self._newest_change = catalog_ts

    def note_refused(self, at: int) -> None:
        """The adjudicators know of a change that the snapshot of a transaction that began at `at` lacks."""
        self._refused = max(self._refused, at)

    def note_current(self, version: int, at: int) -> None:
        """The snapshot of `version` was still the newest at `at`."""
        if at > self._current_until and self._current is not None and self._current.version == version:
            self._current_until = at

    def current_until(self, catalog: Catalog) -> int:
        """A time at which `catalog` is known to have been current."""
        if self._current is not None and catalog.version == self._current.version:
            return self._current_until
        return max(catalog.version, 0)
