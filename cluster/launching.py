"""What the controller asks of whatever creates and ends processes: Ray (ray_launcher.py), or the simulator."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from cluster.state import ProcessState


class Launcher(Protocol):
    """All calls but `make_room` and `replace_lost` return at once, and are done in their order; a process that has
    started registers with the controller by itself."""

    async def make_room(self) -> None:
        """See to it that there are nodes for the processes, which may take minutes. Nothing is done where there are.
        Raises 57P03, and says why."""

    async def replace_lost(self, processes: Collection[ProcessState]) -> Collection[str]:
        """Zones whose node is lost go on on another: those of the `processes` that were there are created anew. The
        zones. Raises 57P03 where there is no other node, and says why."""

    def release_room(self, ended: Collection[ProcessState]) -> None:
        """No process needs the nodes. These have been ended, and are to be there soon when they are launched again."""

    def launch(self, process: ProcessState) -> None:
        """See to it that this process exists. One that does already registers again."""

    def end(self, process: str) -> None:
        """End the process for good. Its roles have been stopped."""

    def end_others(self, processes: Collection[str]) -> None:
        """End every process of the cluster but these: what a former controller did not live to end."""
