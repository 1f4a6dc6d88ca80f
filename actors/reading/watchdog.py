"""Requests whose answers are late: reads are sent to a second replica, commits make their adjudicator suspect.

A stalled process or a cut link breaks no connection, and its requests would wait for their timeout. One timer looks at
all flights of a query processor, every `CHECK_S` while there are any; a flight costs it an append to a list.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

CHECK_S = 0.1


class Watched(Protocol):
    """A request under way. `sent_s`: when, on the loop's clock."""

    sent_s: float

    @property
    def done(self) -> bool: ...

    def late(self) -> None:
        """It has taken longer than it should. Called once."""


class Watchdog:
    """`late_s`: what an answer may take."""

    def __init__(self, late_s: float) -> None:
        self.late_s = late_s
        self._flights: list[Watched] = []
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, flight: Watched) -> None:
        """Sent just now. One that is done by now is let go."""
        if flight.done:
            return
        loop = asyncio.get_running_loop()
        flight.sent_s = loop.time()
        self._flights.append(flight)
        if self._timer is None:
            self._timer = loop.call_later(CHECK_S, self._check)

    @property
    def flights(self) -> list[Watched]:
        """Those that are not late, and late ones that are watched again; some are done."""
        return self._flights

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() - self.late_s
        flights = self._flights = [flight for flight in self._flights if not flight.done]
        place = 0
        while place < len(flights) and flights[place].sent_s <= due:
            place += 1
        late, self._flights = flights[:place], flights[place:]
        self._timer = loop.call_later(CHECK_S, self._check) if self._flights else None
        for flight in late:
            if not flight.done:
                flight.late()
