"""Timers by name: at most one of each runs, and none once they are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timers:
    def __init__(self) -> None:
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopped = False

    def __contains__(self, name: str) -> bool:
        return name in self._timers

    def after(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        """In place of the timer of that name, if there is one."""

        def due() -> None:
            del self._timers[name]
            callback()

        former = self._timers.pop(name, None)
        if former is not None:
            former.cancel()
        if not self._stopped:
            self._timers[name] = asyncio.get_running_loop().call_later(seconds, due)

    def stop(self) -> None:
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
