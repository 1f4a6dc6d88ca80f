"""Before a cluster wakes from zero there must be nodes for its processes: Ray's autoscaler may take minutes to add
them.

While they are awaited the cluster counts as asleep. Where none come its clients are told 57P03 by their gateways, and
nothing is asked for any more until `PAUSE_S` have passed and a client waits again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from actors.common.errors import DatabaseError
from actors.runtime.interfaces import Context
from cluster.launching import Launcher
from cluster.state import ProcessState

PAUSE_S = 5.0

logger = logging.getLogger(__name__)


class Room:
    """`launcher` None: nothing is needed."""

    def __init__(self, context: Context, launcher: Launcher | None) -> None:
        self._context = context
        self._launcher = launcher
        self._busy = False
        self._not_before_s = 0.0
        self.why = ""
        """For people: what is awaited, or why it is not there."""

    @property
    def may_be_asked(self) -> bool:
        return not self._busy and asyncio.get_running_loop().time() >= self._not_before_s

    def make(self, made: Callable[[], None]) -> None:
        """`made()` once there is room; never, where there is none."""
        self._busy, self.why = True, "it waits for nodes"
        self._context.spawn(self._make(made))

    async def _make(self, made: Callable[[], None]) -> None:
        try:
            if self._launcher is not None:
                await self._launcher.make_room()
        except DatabaseError as error:
            self._not_before_s = asyncio.get_running_loop().time() + PAUSE_S
            self.why = f"it cannot be woken: {error.message}"
            logger.warning("the cluster cannot be woken: %s", error.message)
        else:
            self.why = ""
            made()
        finally:
            self._busy = False

    def release(self, ended: Collection[ProcessState]) -> None:
        """The cluster is at zero; a wake will create these processes again."""
        if self._launcher is not None:
            self._launcher.release_room(ended)
