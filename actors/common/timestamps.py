"""Timestamps: signed 64-bit microseconds since the Unix epoch, and where they come from.

`Timestamp` is a plain int (a NewType would cost nothing at run time but the hot path reads better without casts). A
commit time is assigned by a `HybridClock`: the physical time, or the last one given plus one, so that it strictly
increases.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

Timestamp = int
"""Microseconds since 1970-01-01T00:00:00Z."""
Epoch = int
"""The number of one adjudicator's reign over its journal; greater is later."""
Lsn = int
"""A record's place in one journal: 1, 2, 3 ... without gaps; 0 is before the first."""

TIMESTAMP_MIN: Timestamp = 0
TIMESTAMP_MAX: Timestamp = 2**63 - 1


class Interval(NamedTuple):
    """The true time lies between the two, both in microseconds, if the clock's error bound is honest."""

    earliest: Timestamp
    latest: Timestamp


class Clock(Protocol):
    """Physical time with its error bound. Safety never depends on the bound; recency across hosts does."""

    def now(self) -> Interval: ...
