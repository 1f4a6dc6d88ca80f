"""Which processes may run a movable role, the best first.

Its own; then those of other AZs (an AZ that fails takes its own with it), by layer. Each role begins at another of
these, so that the roles of one AZ do not all go to one process.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster.state import ProcessState

HOSTING = ("adjudicator", "crossbar", "journal", "storage")
"""Processes of these layers take in a movable role, the first ones first."""


def homes(processes: Sequence[ProcessState]) -> dict[str, list[str]]:
    """Movable role -> names of processes."""
    found: dict[str, list[str]] = {}
    ranked = [(process, _rank(process)) for process in processes]
    hosting = [(process, rank) for process, rank in ranked if rank < len(HOSTING)]
    for own in processes:
        movable = [role for role in own.roles if role.movable]
        if not movable:
            continue
        others = [(process, rank) for process, rank in hosting if process is not own]
        others.sort(key=lambda other: (other[0].az == own.az, other[1]))
        best = [process.name for process, rank in others if process.az != own.az and rank == others[0][1]]
        rest = [process.name for process, _ in others if process.name not in best]
        for role in movable:
            turn = len(found) % len(best) if best else 0
            found[role.name] = [own.name, *best[turn:], *best[:turn], *rest]
    return found


def _rank(process: ProcessState) -> int:
    return min((HOSTING.index(role.kind) for role in process.roles if role.kind in HOSTING), default=len(HOSTING))
