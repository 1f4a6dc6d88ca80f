"""A simulated clock: true (virtual) time plus an offset, a drift and jumps, with the bound that it claims.

An honest clock keeps within its bound whatever drift and jumps it is given; a dishonest one goes where they take it.
Each process has one, and it goes on while the process is down.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.timestamps import Interval

BIRTH_US = 1_767_225_600_000_000
"""Virtual time 0 is 2026-01-01T00:00:00Z."""


class SimulatedClock:
    def __init__(
        self,
        time: Callable[[], float],
        offset_us: int = 0,
        drift_ppm: float = 0.0,
        error_us: int = 0,
        honest: bool = True,
    ) -> None:
        self._time = time
        self.offset_us = offset_us
        self.drift_ppm = drift_ppm
        self.error_us = error_us
        self.honest = honest

    def now(self) -> Interval:
        elapsed_us = self._time() * 1e6
        wrong_us = self.offset_us + round(elapsed_us * self.drift_ppm * 1e-6)
        if self.honest:
            wrong_us = max(-self.error_us, min(self.error_us, wrong_us))
        local = BIRTH_US + round(elapsed_us) + wrong_us
        return Interval(local - self.error_us, local + self.error_us)

    def jump(self, by_us: int) -> None:
        """The clock is set, forwards or back."""
        self.offset_us += by_us

    def true_us(self) -> int:
        """What checkers go by; not for roles."""
        return BIRTH_US + round(self._time() * 1e6)
