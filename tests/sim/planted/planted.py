"""What a planted bug is, and what must find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster.simulation.hostile import Plan


@dataclass(frozen=True)
class Planted:
    plant: Callable[[], None]
    found_by: tuple[str, ...]
    proofs: tuple[str, ...] = ()
    change: Callable[[Plan], Plan] | None = None
    proofs_alone: bool = False
    """No witness looks on, no verdict follows: the proof itself must see it, by SQL."""
    name: str = ""
    """`plant`'s, where it has none of its own."""
    as_drawn: bool = False
    """Nothing is narrowed: it must be found by a seed of `eagleray sim --pause 6`, as drawn."""


STUCK = ("AssertionError: no progress",)
ANY = ("AssertionError", "SimulationError")
"""Whatever a check finds counts. Other errors are those of a planted bug that does not fit the code any more."""
