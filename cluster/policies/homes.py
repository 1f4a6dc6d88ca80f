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
    for own in processes:
        others = [process for process in processes if process is not own and _rank(process) < len(HOSTING)]
        others.sort(key=lambda process: (process.az == own.az, _rank(process)))
        for role in own.roles:
            if role.movable:
                best = [
                    process.name for process in others if process.az != own.az and _rank(process) == _rank(others[0])
                ]
                turn = len(found) % len(best) if best else 0
                rest = [process.name for process in others if process.name not in best]
                found[role.name] = [own.name, *best[turn:], *best[:turn], *rest]
    return found


def _rank(process: ProcessState) -> int:
    return min((HOSTING.index(role.kind) for role in process.roles if role.kind in HOSTING), default=len(HOSTING))
