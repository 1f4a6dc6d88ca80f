"""A zone whose node is gone for good goes on on another node, while the cluster is awake.

    healing.notice()        a process gives no sign of life: every HEAL_S from now on, until all are there again, Ray is asked for a node

Ray itself starts a process again where its node comes back at its address. Where another node has come in its place (its label is the zone's, its address is new), only this cluster knows that
the zone may begin anew there: where the others, a majority, have the data (policies/zones.py). It is filled from them, as at `up` and at a wake.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from actors.common.errors import DatabaseError
from actors.runtime.interfaces import Context
from cluster.launching import Launcher
from cluster.state import ProcessState

HEAL_S = 10.0
"""Ray takes some seconds to start a process again on a node that lives, and as many to give a node up."""

logger = logging.getLogger(__name__)


class Healing:
    """`lost()`: the processes that should be there and are not; none while the controller does not decide. `launcher` None: nobody can be asked."""

    def __init__(self, context: Context, launcher: Launcher | None, lost: Callable[[], Sequence[ProcessState]]) -> None:
        self._context = context
        self._launcher = launcher
        self._lost = lost
        self._runs = False

    def notice(self) -> None:
        if self._launcher is not None and not self._runs:
            self._runs = True
            self._context.spawn(self._heal(self._launcher))

    async def _heal(self, launcher: Launcher) -> None:
        before: Sequence[ProcessState] = ()
        try:
            while True:
                await asyncio.sleep(HEAL_S)
                lost = self._lost()
                if not lost:
                    return
                if long_lost := [process for process in lost if process in before]:
                    await self._mend(launcher, long_lost)
                before = lost
        finally:
            self._runs = False

    @staticmethod
    async def _mend(launcher: Launcher, lost: Sequence[ProcessState]) -> None:
        try:
            await launcher.mend(lost)
        except DatabaseError as error:
            logger.warning("%s cannot go on on another node: %s", ", ".join(process.name for process in lost), error.message)
