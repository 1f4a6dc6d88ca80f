"""The real clock: the host's time of day with a configured error bound.

`error_us` is the greatest distance from true time that the operator vouches for: 0 on one host, where every process
reads the same clock, what the time daemon reports across hosts. A dishonest bound costs recency across hosts (invariant
I11), never safety. The time may step back when the host's clock is set; whoever assigns timestamps goes through a
hybrid clock.

    SystemClock(error_us=250).now()  -> Interval(earliest=t - 250, latest=t + 250)
"""

from __future__ import annotations

import time

from actors.common.timestamps import Interval

_nanoseconds = time.time_ns
_interval = tuple.__new__
"""Interval's own constructor costs twice as much."""


class SystemClock:
    """now() costs a quarter of a microsecond."""

    __slots__ = ("_error_us",)

    def __init__(self, error_us: int = 0) -> None:
        assert error_us >= 0
        self._error_us = error_us

    def now(self) -> Interval:
        now = _nanoseconds() // 1000
        return _interval(Interval, (now - self._error_us, now + self._error_us))
