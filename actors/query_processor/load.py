"""How busy a query processor is, told to the controller, which decides how many there are (cluster/scaling.py).

At once when the first client comes, so that the cluster does not go to zero below one that is still authenticated; once
a second while there are any, once more when the last has gone, and nothing after that: an idle cluster is silent. What
the sessions have used (metering.py) is told with it, and when the role stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.common.messages import Load
from actors.common.metering import Usage
from actors.runtime.interfaces import Context

REPORT_S = 1.0
LIFE_BITS = 48


class LoadReports:
    """`sessions`: how many there are; `computed_s`: for how long the event loop's thread has computed since it began;
    `usage`: of the role since its start."""

    def __init__(
        self, context: Context, sessions: Callable[[], int], computed_s: Callable[[], float], usage: Callable[[], Usage]
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._computed_s = computed_s
        self._usage = usage
        self._life = context.random.getrandbits(LIFE_BITS)
        self._timer: asyncio.TimerHandle | None = None
        self._last = (0.0, 0.0)

    def session_came(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._last = (loop.time(), self._computed_s())
            self._timer = loop.call_later(REPORT_S, self._report)
            self._tell(self._sessions(), 0.0)

    def stop(self) -> None:
        """The last word: sessions that are here now end, or have been parked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._tell(0, 0.0)

    def _tell(self, sessions: int, busy: float) -> None:
        self._context.bus.post(self._context.name, "controller", Load(sessions, busy, self._usage(), self._life))

    def _report(self) -> None:
        loop = asyncio.get_running_loop()
        (then_s, before_s), now = self._last, (loop.time(), self._computed_s())
        self._last = now
        elapsed_s = now[0] - then_s
        busy = min(max((now[1] - before_s) / elapsed_s, 0.0), 1.0) if elapsed_s > 0 else 0.0
        sessions = self._sessions()
        self._tell(sessions, busy)
        self._timer = loop.call_later(REPORT_S, self._report) if sessions else None
