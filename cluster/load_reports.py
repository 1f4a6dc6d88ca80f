"""What roles tell of their load, and a look at it once a second while there is anything to decide about. Nothing is
polled: roles that have no load say nothing, and then nobody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from typing import Generic, TypeVar

LOOK_S = 1.0
STALE_S = 3.0
"""What was told so long ago is not so any more: a role without load says nothing."""

Load = TypeVar("Load")


class LoadReports(Generic[Load]):
    """`look(now_s)`: decides, by the loop's clock. `is_open()`: whether there is anything to decide about without load,
    too. No look before `start`, nor after `stop`."""

    def __init__(self, look: Callable[[float], None], is_open: Callable[[], bool]) -> None:
        self._look = look
        self._is_open = is_open
        self._told: dict[str, tuple[float, Load]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._started = False

    def start(self) -> None:
        self._started = True
        self.look_later()

    def stop(self) -> None:
        self._started = False
        self._told.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take(self, role: str, load: Load) -> None:
        self._told[role] = (asyncio.get_running_loop().time(), load)
        self.look_later()

    def keep(self, roles: Container[str]) -> None:
        """Forget what others have told."""
        self._told = {role: told for role, told in self._told.items() if role in roles}

    def told(self, now_s: float) -> dict[str, tuple[bool, Load]]:
        """By role: whether it is so still, and what."""
        return {role: (at_s > now_s - STALE_S, load) for role, (at_s, load) in sorted(self._told.items())}

    def look_later(self) -> None:
        """If there is anything to decide about."""
        if self._started and self._timer is None:
            loop = asyncio.get_running_loop()
            if self._is_open() or any(is_fresh for is_fresh, _ in self.told(loop.time()).values()):
                self._timer = loop.call_later(LOOK_S, self._due)

    def _due(self) -> None:
        self._timer = None
        self._look(asyncio.get_running_loop().time())
        self.look_later()
