"""`TransactionServices`: what the transactions of one query processor share.

- The start_ts that they begin at (`now`), and the newest commit_ts that one of them got: no transaction begins below
  that commit.
- The storage client and the catalog cache that they read through, and the column executor.
- Commits under way: the watchdog suspects an adjudicator that owes an answer; a topology that shows that an adjudicator
  has moved fails what was sent to its former process, and wakes the commits that wait for a newer shard map
  (committing.py).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from actors.common.answer_times import AnswerTimes
from actors.common.errors import unavailable
from actors.common.messages.control import Suspect, Topology
from actors.common.settings import Settings
from actors.query_processor.transaction.committing import CommitFlight
from actors.query_processor.transaction.losing import Losing
from actors.reading.pause import pause
from actors.reading.storage_client import StorageClient
from actors.reading.watchdog import Watchdog
from actors.runtime.fiber import Completion
from actors.runtime.interfaces import Context

if TYPE_CHECKING:
    from actors.query_processor.catalog.cache import CatalogCache
    from actors.query_processor.column_executor.engine import Engine

COMMIT_LATE_S = 0.3
"""A commit without an answer for so long makes its adjudicator suspect: some hundred times a commit's usual time."""
KEYSPACES_MAX = 4096
"""Whose rows are remembered."""


class RowCounts:
    """How many rows storage looked at when a transaction of this query processor last read all of a keyspace: whether a
    table is small, as far as that is known."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[bytes, int] = {}

    def note(self, space: bytes, rows: int) -> None:
        if len(self._rows) >= KEYSPACES_MAX and space not in self._rows:
            self._rows.clear()
        self._rows[space] = rows

    def are_at_most(self, space: bytes, rows_max: int) -> bool:
        """False where it is not known."""
        rows = self._rows.get(space)
        return rows is not None and rows <= rows_max


class TransactionServices:
    """See the module: one for each query processor."""

    __slots__ = (
        *(
            "answers",
            "bus",
            "catalogs",
            "clock",
            "engine",
            "losing",
            "name",
            "newest_commit_ts",
            "random",
            "row_counts",
            "settings",
            "storage",
            "watchdog",
        ),
        "_awaiting_map",
    )

    def __init__(self, context: Context, storage: StorageClient, catalogs: CatalogCache) -> None:
        self.bus = context.bus
        self.clock = context.clock
        self.random = context.random
        self.name = context.name
        self.settings: Settings = context.settings
        self.storage = storage
        self.catalogs = catalogs
        self.newest_commit_ts = 0
        self.row_counts = RowCounts()
        self.losing = Losing(context.bus, context.name, context.settings.mode == "open")
        self.engine: Engine | None = None
        """The column executor's, made by its first statement."""
        self.watchdog = Watchdog(COMMIT_LATE_S)
        self.answers = AnswerTimes() if context.settings.regions.zones else None
        """Adjudicators', where some are far away."""
        self._awaiting_map: list[Completion[None]] = []
        self.bus.on_topology(self._on_topology)

    def _on_topology(self, topology: Topology) -> None:
        """An adjudicator has moved: what its former process was asked gets no answer any more."""
        for flight in list(self.watchdog.flights):
            assert isinstance(flight, CommitFlight)
            if not flight.done and topology.routes.get(flight.destination) not in (None, flight.endpoint):
                flight.fail(unavailable(flight.destination, "it has moved"))
        waiting, self._awaiting_map = self._awaiting_map, []
        for completion in waiting:
            completion.succeed(None)

    def newer_map(self, version: int, seconds: float) -> Completion[None]:
        """Completes once a topology is there whose map is newer, as far as that can be told, or after `seconds`."""
        topology = self.bus.topology
        if topology is not None and topology.shard_map.version > version:
            return pause(0)
        completion = pause(seconds)
        self._awaiting_map = [*(other for other in self._awaiting_map if not other.done), completion]
        return completion

    def suspect(self, role: str) -> None:
        """Tell the controller that a role owes an answer."""
        self.bus.post(self.name, "controller", Suspect(role))

    def committed(self, commit_ts: int, written: Collection[bytes]) -> None:
        """A transaction has been, and has written these keys; none are told of a large one."""
        self.newest_commit_ts = max(self.newest_commit_ts, commit_ts)
        self.losing.note(written, commit_ts)

    def now(self) -> int:
        """A start_ts. Never below a commit that this query processor has acknowledged: a session sees what it wrote,
        even where clocks break their bounds."""
        return max(self.clock.now().latest, self.newest_commit_ts)
