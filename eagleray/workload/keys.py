"""Which keys clients touch: Zipf's law, scrambled over the keys, the latest first, and TPC-C's non-uniform numbers.
Pure.

Sources: Gray, Sundaresan, Englert, Baclawski, Weinberger: Quickly Generating Billion-Record Synthetic Databases,
SIGMOD 1994 (Zipfian); Cooper, Silberstein, Tam, Ramakrishnan, Sears: Benchmarking Cloud Serving Systems with YCSB,
SoCC 2010 (scrambled, latest); TPC-C revision 5.11, 2.1.6 (NURand), 4.3.2.3 (last names).
"""

from __future__ import annotations

import random

THETA = 0.99
"""YCSB's skew."""
FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
MASK_64 = 0xFFFF_FFFF_FFFF_FFFF
SYLLABLES = ("BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING")


class Zipfian:
    """Ranks 0 to `items` - 1; rank r comes with a frequency in proportion to 1 / (r + 1) ** theta. `items` may grow
    (never shrink)."""

    def __init__(self, items: int, theta: float = THETA) -> None:
        self.items = 0
        self._theta = theta
        self._alpha = 1.0 / (1.0 - theta)
        self._zeta = 0.0
        self._zeta_of_two = 1.0 + 0.5**theta
        self._eta = 0.0
        self.grow(items)

    def grow(self, items: int) -> None:
        """Costs time in proportion to what is new."""
        if items < max(1, self.items):
            raise ValueError(f"{items} items after {self.items}")
        self._zeta += sum(1.0 / number**self._theta for number in range(self.items + 1, items + 1))
        self.items = items
        if items > 2:
            self._eta = (1.0 - (2.0 / items) ** (1.0 - self._theta)) / (1.0 - self._zeta_of_two / self._zeta)

    def probability(self, rank: int) -> float:
        """What Zipf's law says of a rank."""
        return float(1.0 / (rank + 1) ** self._theta / self._zeta)

    def draw(self, chance: random.Random) -> int:
        """The two first ranks come exactly as often as they should, the others nearly so (Gray et al.)."""
        uniform = chance.random()
        scaled = uniform * self._zeta
        if scaled < 1.0 or self.items == 1:
            return 0
        if scaled < self._zeta_of_two or self.items == 2:
            return 1
        return min(self.items - 1, int(self.items * (self._eta * uniform - self._eta + 1.0) ** self._alpha))


def fnv_hash(number: int) -> int:
    """FNV-1a of the eight bytes of `number`, least first, 64 bits: YCSB's scrambling."""
    result = FNV_OFFSET
    for _ in range(8):
        result = ((result ^ (number & 0xFF)) * FNV_PRIME) & MASK_64
        number >>= 8
    return result


def scrambled(ranks: Zipfian, chance: random.Random) -> int:
    """A number in 0 to items - 1: popular ones lie anywhere, not side by side. Two ranks may meet in one."""
    return fnv_hash(ranks.draw(chance)) % ranks.items


def latest(ranks: Zipfian, chance: random.Random) -> int:
    """A number in 0 to items - 1: the highest is the most popular."""
    return ranks.items - 1 - ranks.draw(chance)


def non_uniform(chance: random.Random, spread: int, low: int, high: int, constant: int) -> int:
    """TPC-C's NURand(A, x, y): `spread` is A (255, 1023 or 8191), `constant` C, drawn once a run in 0 to A. In `low`
    to `high`."""
    return ((chance.randint(0, spread) | chance.randint(low, high)) + constant) % (high - low + 1) + low


def last_name(number: int) -> str:
    """TPC-C's last name of a number in 0 to 999: a syllable a digit."""
    return SYLLABLES[number // 100] + SYLLABLES[number // 10 % 10] + SYLLABLES[number % 10]
