"""Which processes may run a movable role, the best first.

Its own; then those of its region, before those of others; of other AZs (an AZ that fails takes its own with it) before
its own AZ's; by layer. Each role begins at another of these, so that the roles of one AZ do not all go to one process.
A witness takes none in.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.regions import Regions
from cluster.state import ProcessState

ONE_REGION = Regions()

HOSTING = ("adjudicator", "crossbar", "journal", "storage")
"""Processes of these layers take in a movable role, the first ones first."""


def homes(processes: Sequence[ProcessState], regions: Regions = ONE_REGION) -> dict[str, list[str]]:
    """Movable role -> names of processes."""
    found: dict[str, list[str]] = {}
    ranked = [(process, _rank(process)) for process in processes if regions.serves(process.az)]
    hosting = [(process, rank) for process, rank in ranked if rank < len(HOSTING)]
    for own in processes:
        movable = [role for role in own.roles if role.movable]
        if not movable:
            continue

        def distance(other: tuple[ProcessState, int], own: ProcessState = own) -> tuple[bool, bool, int]:
            process, rank = other
            return regions.of(process.az) != regions.of(own.az), process.az == own.az, rank

        others = sorted((other for other in hosting if other[0] is not own), key=distance)
        best = [process.name for process, rank in others if distance((process, rank)) == distance(others[0])]
        if others and others[0][0].az == own.az and not regions:
            best = []
        rest = [process.name for process, _ in others if process.name not in best]
        for role in movable:
            turn = len(found) % len(best) if best else 0
            found[role.name] = [own.name, *best[turn:], *best[:turn], *rest]
    return found


def _rank(process: ProcessState) -> int:
    return min((HOSTING.index(role.kind) for role in process.roles if role.kind in HOSTING), default=len(HOSTING))
