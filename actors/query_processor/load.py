"""How busy a query processor is, told to the controller, which decides how many there are (cluster/scaling.py).

At once when the first client comes, so that the cluster does not go to zero below one that is still authenticated; once a second while there are any, once more when
the last has gone, and nothing after that: an idle cluster is silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.common.messages import Load
from actors.runtime.interfaces import Context

REPORT_S = 1.0


class LoadReports:
    """`sessions`: how many there are; `computed_s`: for how long the event loop's thread has computed since it began."""

    def __init__(self, context: Context, sessions: Callable[[], int], computed_s: Callable[[], float]) -> None:
        self._context = context
        self._sessions = sessions
        self._computed_s = computed_s
        self._timer: asyncio.TimerHandle | None = None
        self._last = (0.0, 0.0)

    def session_came(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._last = (loop.time(), self._computed_s())
            self._timer = loop.call_later(REPORT_S, self._report)
            self._context.bus.post(self._context.name, "controller", Load(self._sessions(), 0.0))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report(self) -> None:
        loop = asyncio.get_running_loop()
        (then_s, before_s), now = self._last, (loop.time(), self._computed_s())
        self._last = now
        elapsed_s = now[0] - then_s
        busy = min(max((now[1] - before_s) / elapsed_s, 0.0), 1.0) if elapsed_s > 0 else 0.0
        sessions = self._sessions()
        self._context.bus.post(self._context.name, "controller", Load(sessions, busy))
        self._timer = loop.call_later(REPORT_S, self._report) if sessions else None
