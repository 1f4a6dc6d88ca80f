"""A cluster's processes as the operating system lists them (Linux: /proc), so that "nothing runs" does not rest on the
cluster's own word."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from cluster import leftovers

ROLE_PROCESS = b"ray::RoleProcess"
"""How Ray titles the process of an actor of that class."""


def role_processes(root: Path, raylets: Collection[int] = ()) -> set[int]:
    """Pids of the processes that hold roles (gateways' among them), of the cluster on the data folder `root`
    (absolute); where it has joined a Ray, of all that these raylets have started."""
    found = set()
    for pid in {*leftovers.find(root), *(child for raylet in raylets for child in _children(raylet))}:
        with suppress(OSError):  # it has just ended
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(ROLE_PROCESS):
                found.add(pid)
    return found


def _children(pid: int) -> list[int]:
    """Of all of a process's threads; none where it has ended."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, thread.read_text().split())
    return found
