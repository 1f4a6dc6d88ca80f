"""What a workload is: the base class that a person subclasses, and what its check writes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eagleray.workload.client import Connection
    from eagleray.workload.loading import Loader


class WorkloadError(Exception):
    """A workload that cannot be run as it stands, in one line."""


class Checks:
    """What a check found: sentences that held, and sentences that did not."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.wrong: list[str] = []

    def that(self, good: bool, sentence: str, found: str = "") -> None:
        """`found`: what was there instead, said only where `sentence` does not hold."""
        if good:
            self.held.append(sentence)
        else:
            self.wrong.append(f"not so: {sentence}" + (f" ({found})" if found else ""))


class Workload:
    """Subclass this. Each name in `mix` is that of a method `async def name(self, client: Client) -> None`: one
    transaction, drawn with its weight.

    scale: how much data, in the workload's own unit; float above 0.
    """

    name = ""
    description = ""
    note = ""
    """A sentence that every report of this workload must carry."""
    tables: Sequence[str] = ()
    schema: Sequence[str] = ()
    """Statements, each run by itself: DSQL takes one DDL statement a transaction."""
    mix: Mapping[str, float] = {}
    clients_default = 8
    seconds_default = 10.0

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    async def load(self, loader: Loader) -> None:
        """Fill the tables, which exist and are empty."""

    async def attach(self, sql: Connection) -> None:
        """Learn from the tables what an earlier `init` has put there. Called before the clients start, also after
        `load`."""

    async def check(self, sql: Connection, checks: Checks) -> None:
        """Tell `checks` what holds and what does not. No client runs meanwhile."""

    def validate(self) -> None:
        """Raise WorkloadError where name, mix or scale cannot be run."""
        if not self.name:
            raise WorkloadError(f"{type(self).__name__} has no name")
        if not 0 < self.scale < float("inf"):
            raise WorkloadError(f"{self.name}: the scale must be above 0, not {self.scale:g}")
        if not self.mix or not sum(self.mix.values()) > 0 or min(self.mix.values()) < 0:
            raise WorkloadError(f"{self.name}: the mix needs weights, none below 0, one above")
        missing = [name for name in self.mix if not callable(getattr(self, name, None))]
        if missing:
            raise WorkloadError(f"{self.name}: the mix names {', '.join(missing)}, and there is no such method")
