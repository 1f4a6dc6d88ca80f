"""Keys of rows of tables without a primary key: 16 bytes, time-ordered, so that rows lie about in the order of their insertion.

    8 bytes microseconds of the clock | 8 random bytes, counted up within a statement

Two rows get the same key only if two query processors draw the same 64 bits in the same microsecond.
"""

from __future__ import annotations

from actors.common.expressions.environment import Environment

_RANDOM_BITS = 63
"""One bit short of the half, so that counting up never carries into the time."""


class HiddenKeys:
    """The keys of one statement's rows: `next(space)` gives the next one behind its keyspace."""

    __slots__ = ("_number",)

    def __init__(self, environment: Environment) -> None:
        self._number = environment.clock() << 64 | environment.random.getrandbits(_RANDOM_BITS)

    def next(self, space: bytes) -> bytes:
        self._number += 1
        return space + self._number.to_bytes(16, "big")
