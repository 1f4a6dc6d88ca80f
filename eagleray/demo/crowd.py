"""Threads that play a demo's clients while a `with` block runs.

class Rush(Crowd): ...      its clients wait by `self._over`, which is set when they are to leave
with Rush(...) as rush: ...
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self


class Crowd:
    """`clients`: a function for each thread. From entering to leaving, which waits for all of them."""

    def __init__(self, clients: Sequence[Callable[[], None]]) -> None:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=client, daemon=True) for client in clients]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
