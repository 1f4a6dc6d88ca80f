"""Keys of rows of tables without a primary key: 16 bytes, time-ordered, so that rows lie about in the order of their
insertion.

    1 bit, set | 63 bits microseconds of the clock (before 2000: wrapped around)
        | 8 random bytes, counted up within a statement

The first bit puts them where the positive integers of the same database lie in a new cluster's shard map
(common/ranges.py), so that a transaction on integer-keyed tables and one without a key commits at one adjudicator.

Two rows get the same key only if two query processors draw the same 64 bits in the same microsecond.
"""

from __future__ import annotations

from actors.sql.expressions.environment import Environment

_RANDOM_BITS = 63
"""One bit short of the half, so that counting up never carries into the time."""
_TIME_MASK = (1 << 63) - 1
_FIRST_BIT = 1 << 127


class HiddenKeys:
    """The keys of one statement's rows: `next(space)` gives the next one behind its keyspace."""

    __slots__ = ("_number",)

    def __init__(self, environment: Environment) -> None:
        self._number = (
            _FIRST_BIT | (environment.clock() & _TIME_MASK) << 64 | environment.random.getrandbits(_RANDOM_BITS)
        )

    def next(self, space: bytes) -> bytes:
        self._number += 1
        return space + self._number.to_bytes(16, "big")
