"""Point reads that a replica of the reader's own process answers at once, without a message (Bus.answer_now).

    near.answer(key, Get(...))      the answer, where it is ready; else the client sends the message
    near.left_out                   so many of the next ones are not tried: some have been in vain
    near.reached(key)               up to which time that replica answers at once; 0 where it is in another process

Where others commit, a replica has hardly ever come to now before it is asked to: then one read of some is tried.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import DatabaseError
from actors.common.messages.reading import AskReached, Get, Got, Reached
from actors.runtime.interfaces import Context

KEYS_MAX = 64
"""So many keys are read within the reader's own turn of the loop."""
LEFT_OUT_MAX = 15
"""Twice as many, and one more, after each that was in vain, up to this."""


class Nearby:
    """`replica_of(key)`: the replica that reads of `key` go to. Raises 08006."""

    __slots__ = ("_bus", "_misses", "_name", "_reached", "_replica_of", "left_out")

    def __init__(self, context: Context, replica_of: Callable[[bytes], str]) -> None:
        self._bus = context.bus
        self._name = context.name
        self._replica_of = replica_of
        self._misses = self.left_out = self._reached = 0

    def reached(self, key: bytes) -> int:
        """What is asked for at that time is tried, whatever has been in vain."""
        try:
            replica = self._replica_of(key)
        except DatabaseError:
            return 0
        answer = self._bus.answer_now(self._name, replica, AskReached())
        self._reached = answer.watermark if isinstance(answer, Reached) else 0
        return self._reached

    def answer(self, key: bytes, message: Get) -> Got | None:
        """`key`: one of the message's."""
        is_told = message.at == self._reached
        if self.left_out and not is_told:
            self.left_out -= 1
            return None
        if len(message.keys) > KEYS_MAX:
            return None
        try:
            replica = self._replica_of(key)
        except DatabaseError:  # as the client will say
            return None
        got = self._bus.answer_now(self._name, replica, message)
        if not is_told:
            self._misses = self.left_out = 0 if got is not None else min(2 * self._misses + 1, LEFT_OUT_MAX)
        return got  # type: ignore[return-value]
