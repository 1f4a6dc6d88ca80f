"""Requests from a clock that is ahead of all others: the request waits itself, so that nobody else has to wait for it.

    hold(at, then)    `at` is beyond the lease: `then` runs when this clock is near it, or 55000 (ClockAhead) at once

A commit or a promise at such a time would push every later commit of this adjudicator up to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from actors.adjudicator.lease import Lease
from actors.common.errors import OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.refusals import ClockAhead
from actors.common.timestamps import Clock, Timestamp

HELD_MAX = 1024
"""Requests held until the clock is near their time."""
HELD_S_MAX = 5.0
"""A query processor whose clock is further ahead (beyond the lease's length) is refused."""


class EarlyRequests:
    """`lease`: a time within its length from now is near enough."""

    def __init__(self, lease: Lease, clock: Clock) -> None:
        self._lease = lease
        self._clock = clock
        self._held = 0

    def hold(self, at: Timestamp, then: Callable[[], None]) -> bool:
        """Whether the request has to wait: `then` runs when it is time. Raises 55000 where that is too long."""
        ahead_us = at - self._clock.now().latest - self._lease.length_us
        if ahead_us <= 0:
            return False
        if ahead_us > HELD_S_MAX * 1e6 or self._held >= HELD_MAX:
            text = f"a clock is {ahead_us} microseconds ahead"
            raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, text, refusal=ClockAhead())
        self._held += 1

        def near() -> None:
            self._held -= 1
            then()

        asyncio.get_running_loop().call_later(ahead_us / 1e6, near)
        return True
