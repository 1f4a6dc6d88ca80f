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
        self._hashed = 0
        self._kept: deque[str] = deque(maxlen=None if keep_all else LINES_KEPT)
        self._unhashed: list[str] = []

    def add(self, event: str, details: str) -> None:
        self._unhashed.append(f"{round(self._time() * 1e6)} {event} {details}")
        if len(self._unhashed) == LINES_AT_ONCE:
            self._hash_lines()

    def _hash_lines(self) -> None:
        lines = self._unhashed
        self._hash.update("\n".join((*lines, "")).encode())
        self._hashed += len(lines)
        self._kept += lines
        lines.clear()

    @property
    def count(self) -> int:
        """Of all lines so far."""
        return self._hashed + len(self._unhashed)

    @property
    def lines(self) -> deque[str]:
        """Those that are kept, as they are now."""
        self._hash_lines()
        return self._kept

    @property
    def digest(self) -> str:
        """Hexadecimal, of all lines so far."""
        self._hash_lines()
        return self._hash.hexdigest()
