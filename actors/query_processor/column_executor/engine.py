"""`Engine`: a query processor's use of DuckDB: how many statements are open at once, and the threads that they work in.

    slot = await engine.open()          a place among the open statements; waits for one
    engine.workers.begin(step)          a step of a statement (workers.py)
    engine.close_slot()                 the statement is over

A statement is open from its start to its last row, or until its portal is closed; it has an Instance of its own
(instance.py) and with it `memory_bytes`. So the column executor's memory is at most `statements_max` times that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from actors.common.errors import CONFIGURATION_LIMIT_EXCEEDED, DatabaseError
from actors.query_processor.workers import Workers
from actors.runtime.fiber import Completion

if TYPE_CHECKING:
    from actors.common.settings import Settings
    from actors.query_processor.transaction import Transaction

MEMORY_BYTES_DEFAULT = 1 << 30
"""Where no statement limit is set."""
SLOT_WAIT_S_MAX = 10.0
"""For other statements to end."""


class Engine:
    """See the module."""

    def __init__(self, settings: Settings) -> None:
        self.statements_max = settings.querying.column_statements_max
        self.memory_bytes = settings.limits.statement_memory_bytes_max or MEMORY_BYTES_DEFAULT
        self.workers = Workers(settings.querying.column_threads, self.statements_max, "columns")
        self._open = 0
        self._waiting: deque[Completion[None]] = deque()

    @property
    def open_statements(self) -> int:
        return self._open

    async def open(self) -> None:
        """Take a place among the open statements. Raises 53400 where none gets free in time."""
        if self._open < self.statements_max:
            self._open += 1
            return
        place: Completion[None] = Completion()
        self._waiting.append(place)
        timer = asyncio.get_running_loop().call_later(SLOT_WAIT_S_MAX, place.fail, self._too_many())
        try:
            await place
        except BaseException:
            self._waiting.remove(place)
            raise
        finally:
            timer.cancel()

    def close_slot(self) -> None:
        """Give the place to the next statement that waits."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done:
                place.succeed(None)
                return
        self._open -= 1

    def _too_many(self) -> DatabaseError:
        return DatabaseError(
            CONFIGURATION_LIMIT_EXCEEDED,
            "too many queries are open",
            detail=f"This query processor has {self.statements_max} queries with sorting, grouping, joins or "
            f"cursors under way.",
            hint="Close cursors and end transactions that are not needed any more.",
        )


def engine_of(transaction: Transaction) -> Engine:
    """The query processor's engine."""
    services = transaction.services
    if services.engine is None:
        services.engine = Engine(services.settings)
    return services.engine
