"""A zone whose node is lost goes on on another node, by itself (zone_rooms.py; only a Ray that was joined has other
nodes).

    lost = LostZones(context, launcher, lambda: state.processes, lambda: failover.missing)
    lost.look_later()         a process has been given up, or this controller has just begun

Ray starts a zone's processes again where their data is; a node that reboots, or whose raylet is started anew, needs
nobody. When a process has been missing for `supervision.lost_node_s`, the launcher is asked, and again every `AGAIN_S`
while one is: it looks whether Ray still has the zone's room, and where that is gone with its node, makes room on
another one that may hold the zone, and creates the zone's processes there. They begin with an empty disk: storage's
shards are filled from their peers, or from the object store, and journal replicas are learners of a new seat, so that
the old node does no harm whenever it comes back (actors/journal/seats.py). Nothing is asked while nobody is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from actors.common.errors import DatabaseError
from actors.runtime.interfaces import Context
from cluster.launching import Launcher
from cluster.state import ProcessState

AGAIN_S = 10.0

logger = logging.getLogger(__name__)


class LostZones:
    """`launcher` None: nothing is replaced. `processes`: of the cluster's state, none while this controller does not
    decide. `missing`: those that are not there."""

    def __init__(
        self,
        context: Context,
        launcher: Launcher | None,
        processes: Callable[[], Collection[ProcessState]],
        missing: Callable[[], Collection[str]],
    ) -> None:
        self._context = context
        self._launcher = launcher
        self._processes = processes
        self._missing = missing
        self._wait_s = context.settings.supervision.lost_node_s
        self._since: dict[str, float] = {}
        """Process -> when it was first seen to be missing."""
        self._looking = False
        self._asked = False
        """The launcher has not been told yet that all is well."""
        self._why = ""

    def look_later(self) -> None:
        if self._launcher is not None and self._wait_s and not self._looking:
            self._looking = True
            self._note()
            self._later(self._wait_s)

    def _note(self) -> None:
        now, missing = asyncio.get_running_loop().time(), set(self._missing())
        self._since = {process: self._since.get(process, now) for process in sorted(missing)}

    def _later(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._note()
        processes = self._processes()
        now = asyncio.get_running_loop().time()
        if processes and (self._asked or any(now - since >= self._wait_s for since in self._since.values())):
            self._context.spawn(self._replace(processes))
        else:
            self._go_on()

    def _go_on(self) -> None:
        """While somebody is missing."""
        if self._processes() and (self._since or self._asked):
            self._later(min(AGAIN_S, self._wait_s))
        else:
            self._looking = False

    async def _replace(self, processes: Collection[ProcessState]) -> None:
        assert self._launcher is not None
        self._asked = bool(self._since)
        try:
            zones = await self._launcher.replace_lost(processes)
        except DatabaseError as error:
            if error.message != self._why:
                logger.warning("a zone whose processes are missing stays where it was: %s", error.message)
            self._why = error.message
        else:
            self._why = ""
            if zones:
                logger.warning("zone %s goes on on another node", ", ".join(zones))
        self._go_on()
