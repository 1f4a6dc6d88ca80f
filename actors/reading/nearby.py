"""Point reads that a replica of the reader's own process answers at once, without a message (Bus.answer_now).

near.answer(key, Get(...))      the answer, where it is ready; else the client sends the message
near.get(key, at)               the same of one key, for statements that are nothing but this read ...
near.is_likely()                ... and are worth it only where it succeeds: after some that were in vain some are
                                left out, until any read has found its answer ready
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import DatabaseError
from actors.common.messages.reading import Get, Got
from actors.runtime.interfaces import Context

KEYS_MAX = 64
"""So many keys are read within the reader's own turn of the loop."""
LEFT_OUT_MAX = 31
"""Reads that are left out, at most, before one is tried again."""


class Nearby:
    """`replica_of(key)`: the replica that reads of `key` go to. Raises 08006."""

    __slots__ = ("_bus", "_left_out", "_misses", "_name", "_replica_of")

    def __init__(self, context: Context, replica_of: Callable[[bytes], str]) -> None:
        self._bus = context.bus
        self._name = context.name
        self._replica_of = replica_of
        self._misses = self._left_out = 0

    def answer(self, key: bytes, message: Get) -> Got | None:
        """`key`: one of the message's."""
        if len(message.keys) > KEYS_MAX:
            return None
        try:
            replica = self._replica_of(key)
        except DatabaseError:  # as the client will say
            return None
        got = self._bus.answer_now(self._name, replica, message)
        if got is not None:
            self._misses = self._left_out = 0
        return got  # type: ignore[return-value]

    def get(self, key: bytes, at: int) -> Got | None:
        got = self.answer(key, Get([key], at))
        if got is None:
            self._misses = self._left_out = min(2 * self._misses + 1, LEFT_OUT_MAX)
        return got

    def is_likely(self) -> bool:
        """Once for each read that may be left out."""
        if self._left_out:
            self._left_out -= 1
            return False
        return True
