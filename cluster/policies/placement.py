"""Which of a cluster's roles share a process: all of an availability zone's ("az"), or none ("role").

On few cores a message that wakes a sleeping process costs more than the work that it asks for: with an actor a role a
transaction took twice the CPU on two cores. All roles of a zone in one process share one event loop, and so compute on
one core at most. So an actor a role does as much from two cores a zone on, and more beyond; the third core is for
clients and DuckDB's threads.

    placement("auto", cores=2, azs=3)       az, "2 cores are few for 3 zones: an actor a role needs 9"
    placement("role", cores=2, azs=3)       role, "the settings say so"
"""

from __future__ import annotations

import msgspec

AUTO = "auto"
CORES_A_ZONE = 3
"""From so many on, each role has an actor of its own."""


class Placement(msgspec.Struct, frozen=True):
    """`kind`: role or az. `why`: in words for a person."""

    kind: str = "role"
    why: str = "the settings say so"


def placement(asked: str, cores: float, azs: int) -> Placement:
    """`asked`: the setting layout.placement. `cores`: of all nodes that Ray has."""
    if asked != AUTO:
        return Placement(asked)
    needed = CORES_A_ZONE * azs
    have = f"{cores:g} {'core' if cores == 1 else 'cores'}"
    zones = f"{azs} {'zone' if azs == 1 else 'zones'}"
    if cores < needed:
        return Placement("az", f"{have} for {zones}; an actor a role from {needed} cores on")
    return Placement("role", f"{have} for {zones}; all of a zone in one actor below {needed} cores")
