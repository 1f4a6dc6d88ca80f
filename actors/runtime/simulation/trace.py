"""What happened in a simulation: one line an event, hashed as it comes, so that two runs can be compared without keeping either.

A line is `<virtual time in microseconds> <event> <details>`. Nothing in it may depend on memory addresses, hash seeds or real time: then one
seed gives one hash, in any Python process. The last `LINES_KEPT` lines are kept to be read after a failure (all of them where `keep_all`).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable

LINES_KEPT = 2000


class Trace:
    def __init__(self, time: Callable[[], float], keep_all: bool = False) -> None:
        self._time = time
        self._hash = hashlib.sha256()
        self.count = 0
        self.lines: deque[str] = deque(maxlen=None if keep_all else LINES_KEPT)

    def add(self, event: str, details: str) -> None:
        line = f"{round(self._time() * 1e6)} {event} {details}"
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        self.count += 1
        self.lines.append(line)

    @property
    def digest(self) -> str:
        """Hexadecimal, of all lines so far."""
        return self._hash.hexdigest()
