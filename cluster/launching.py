"""What the controller asks of whatever creates and ends processes: Ray in production (ray_launcher.py), nobody in the simulator."""

from __future__ import annotations

from typing import Protocol

from cluster.state import ProcessState


class Launcher(Protocol):
    """Both calls return at once; a process that has started registers with the controller by itself."""

    def launch(self, process: ProcessState) -> None:
        """See to it that this process exists. One that does already registers again."""

    def end(self, process: str) -> None:
        """End the process for good. Its roles have been stopped."""
