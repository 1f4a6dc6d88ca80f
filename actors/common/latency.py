"""A histogram of latencies: counts in buckets whose bounds grow by an eighth, so that a quantile is right to an eighth
of itself.

    counts = Latencies(); counts.add(ns); ...; counts.account() -> {"1536": 7, ...}       upper bound in microseconds ->
                                                                                          how many
    quantile(merged([account, ...]), 0.99) -> microseconds

Adding costs a fraction of a microsecond. Two accounts of one histogram, subtracted, are what came between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from time import perf_counter_ns

SUB_BITS = 3
"""Buckets a power of two: 2**SUB_BITS."""
BUCKETS = 32 << SUB_BITS
"""Up to 2**34 units: five hours."""
UNIT_NS = 1024
"""About a microsecond."""

UNTIMED = 0x300
"""Where the clock has none of these bits something is timed: one time in four, by chance."""

Account = Mapping[str, int]


def arrival_ns() -> int:
    """The clock at the beginning of what may be timed; 0: this time it is not."""
    now_ns = perf_counter_ns()
    return 0 if now_ns & UNTIMED else now_ns


class Latencies:
    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS

    def add(self, ns: int) -> None:
        units = ns >> 10
        shift = units.bit_length() - SUB_BITS - 1
        if shift > 0:
            units = (shift << SUB_BITS) + (units >> shift)
        self._counts[units if units < BUCKETS else BUCKETS - 1] += 1

    def account(self) -> dict[str, int]:
        """Upper bound of each bucket that is not empty, in microseconds -> how many; ascending. Keys are text, as in
        JSON."""
        return {str(upper_us(bucket)): count for bucket, count in enumerate(self._counts) if count}


def upper_us(bucket: int) -> int:
    """The first microsecond (rounded up) that is no more in the bucket."""
    shift = max((bucket >> SUB_BITS) - 1, 0)
    units = (bucket - (shift << SUB_BITS) + 1) << shift
    return -(-units * UNIT_NS // 1000)


def merged(accounts: Iterable[Account]) -> Counter[str]:
    total: Counter[str] = Counter()
    for account in accounts:
        total.update(account)
    return total


def quantile(account: Account, share: float) -> int | None:
    """In microseconds: the upper bound of the bucket in which it lies. None where there is nothing."""
    left = share * sum(account.values())
    for bound, count in sorted(((int(bound), count) for bound, count in account.items())):
        left -= count
        if count and left <= 0:
            return bound
    return None
