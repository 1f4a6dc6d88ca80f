"""Long work beside what clients wait for: in slices of some milliseconds, with rests between them that follow the event
loop's lag.

    slice   rest          slice   rest                       the loop is idle: a rest is as long as the slice before it
    slice   rest .......................... slice            others wait for the loop: several times as long as it was
                                                             late

A message that commits or reads passes through the loops of several processes, one after the other, and each slice that
it meets holds it up: so what nobody waits for takes a small share of a loop that is busy.
"""

from __future__ import annotations

import asyncio

LAG_TIMES = 4.0
"""A busy loop's share that long work gets is about one in so many, and one more."""
REST_S_MIN = 0.001
"""Time passes in the simulator, too."""
REST_S_MAX = 0.1
"""However late the loop is, the work goes on."""


class Pace:
    """Of one piece of long work, from when it is made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()

    async def rest(self) -> None:
        """After each slice."""
        now_s = self._loop.time()
        await asyncio.sleep(0)
        lag_s = self._loop.time() - now_s
        await asyncio.sleep(min(max(now_s - self._began_s, LAG_TIMES * lag_s, REST_S_MIN), REST_S_MAX))
        self._began_s = self._loop.time()
