"""How many query processors there should be: as many as the sessions need, and the time of their event loops.

The shape is that of Ray Serve's autoscaling policies: what is seen gives a desired number; only a wish that lasts
becomes a decision (`up_delay_s`, `down_delay_s`); up by as many as are missing but at most doubling, down one at a
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple


@dataclass(frozen=True)
class Bounds:
    """`busy_share`: of its time, what a query processor's event loop should compute at most. `fixed` are never taken
    away."""

    fixed: int
    count_max: int
    sessions_each: int
    busy_share: float
    up_delay_s: float
    down_delay_s: float


class Seen(NamedTuple):
    """At `now_s`: `number` query processors with `sessions` in all; `busy` is the mean share of time in which their
    loops computed."""

    now_s: float
    number: int
    sessions: int
    busy: float


class Wish(NamedTuple):
    """What has been wanted since when, without interruption: more (1), fewer (-1) or neither (0)."""

    direction: int = 0
    since_s: float = 0.0


def desired(seen: Seen, bounds: Bounds) -> int:
    by_sessions = ceil(seen.sessions / bounds.sessions_each)
    by_time = ceil(seen.number * seen.busy / bounds.busy_share)
    return max(bounds.fixed, min(max(by_sessions, by_time), max(bounds.count_max, bounds.fixed)))


def decide(seen: Seen, bounds: Bounds, wish: Wish) -> tuple[int, Wish]:
    """How many there should be from now on, and what to hand to the next call."""
    wanted = desired(seen, bounds)
    direction = (wanted > seen.number) - (wanted < seen.number)
    if direction != wish.direction:
        wish = Wish(direction, seen.now_s)
    delay_s = {1: bounds.up_delay_s, -1: bounds.down_delay_s, 0: 0.0}[direction]
    if direction == 0 or seen.now_s - wish.since_s < delay_s:
        return seen.number, wish
    return (min(wanted, 2 * seen.number) if direction > 0 else seen.number - 1), Wish()
