"""What happened in a simulation: one line an event, hashed as it comes, so that two runs can be compared without
keeping either.

A line is `<virtual time in microseconds> <event> <details>`. Nothing in it may depend on memory addresses, hash seeds
or real time: then one seed gives one hash, in any Python process. The last `LINES_KEPT` lines are kept to be read after
a failure (all of them where `keep_all`).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

LINES_KEPT = 2000


LINES_AT_ONCE = 256
"""Hashed together."""


class Trace:
    def __init__(self, time: Callable[[], float], keep_all: bool = False) -> None:
        self._time = time
        self._hash = hashlib.sha256()
        self._unhashed: list[str] = []
        self.count = 0
        self.lines: deque[str] = deque(maxlen=None if keep_all else LINES_KEPT)

    def add(self, event: str, details: str) -> None:
        line = f"{round(self._time() * 1e6)} {event} {details}"
        self.count += 1
        self.lines.append(line)
        self._unhashed.append(line)
        if len(self._unhashed) == LINES_AT_ONCE:
            self._hash_lines()

    def _hash_lines(self) -> None:
        self._hash.update("\n".join((*self._unhashed, "")).encode())
        self._unhashed.clear()

    @property
    def digest(self) -> str:
        """Hexadecimal, of all lines so far."""
        self._hash_lines()
        return self._hash.hexdigest()
