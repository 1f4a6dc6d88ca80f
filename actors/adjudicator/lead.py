"""How far ahead commits are dated where `regions.lead_ms` is "auto": a little more than a majority of the journal's
replicas takes to have a record (docs/regions.md). Plain and synchronous.

    decide(lead_us, taken_us, now_s, wish, most_us)  ->  (the lead from now on, what to hand to the next call)

A shorter lead has readers wait for records under way, a longer one has every writer wait. Only what lasts becomes a
change: a slow disk's second raises nothing, and quick ones lower nothing for a while. A lead touches recency and waits
alone: commits lie above every promise whatever it is (lease.py), so it may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SAMPLE_MIN = 8
"""Commits in one look: fewer say nothing."""
QUANTILE = 0.9
"""Of the times that they took. Those that took longer have a reader wait, perhaps."""
MARGIN_SHARE, MARGIN_US = 0.03, 2000
RAISE_SHARE, RAISE_S = 0.04, 1.0
LOWER_SHARE, LOWER_S = 0.15, 10.0
"""So much more, or less, must be wanted for so long."""


class Wish(NamedTuple):
    """For another lead: 1 a longer one, -1 a shorter one, since when, and the least change that was wanted since."""

    direction: int = 0
    since_s: float = 0.0
    wanted_us: int = 0


def wanted(taken_us: Sequence[int], most_us: int) -> int:
    """The lead for quorums that take so long; `most_us` at most."""
    usual = sorted(taken_us)[int(QUANTILE * (len(taken_us) - 1))]
    return min(most_us, int(usual * (1 + MARGIN_SHARE)) + MARGIN_US)


def decide(lead_us: int, taken_us: Sequence[int], now_s: float, wish: Wish, most_us: int) -> tuple[int, Wish]:
    if len(taken_us) < SAMPLE_MIN:
        return lead_us, wish
    want_us = wanted(taken_us, most_us)
    direction = (want_us > lead_us * (1 + RAISE_SHARE)) - (want_us < lead_us * (1 - LOWER_SHARE))
    if direction != wish.direction:
        return lead_us, Wish(direction, now_s, want_us)
    if not direction:
        return lead_us, Wish()
    nearest = min if direction > 0 else max
    wish = wish._replace(wanted_us=nearest(wish.wanted_us, want_us))
    if now_s - wish.since_s < (RAISE_S if direction > 0 else LOWER_S):
        return lead_us, wish
    return wish.wanted_us, Wish()
