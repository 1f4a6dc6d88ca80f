"""A cluster's processes as the operating system lists them (Linux: /proc), so that "nothing runs" does not rest on the
cluster's own word."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from cluster import leftovers

ROLE_PROCESS = b"ray::RoleProcess"
"""How Ray titles the process of an actor of that class."""
IDLE = b"ray::IDLE"
"""... and that of a worker without one."""


def role_processes(root: Path, raylets: Collection[int] = ()) -> set[int]:
    """Pids of the processes that hold roles (gateways' among them), of the cluster on the data folder `root`
    (absolute); where it has joined a Ray, of all that these raylets have started."""
    return _titled(ROLE_PROCESS, {*leftovers.find(root), *(child for raylet in raylets for child in _children(raylet))})


def spare_workers(root: Path) -> set[int]:
    """Pids of the workers that are ready for processes of the cluster on the data folder `root` (absolute), and hold
    nothing (cluster/spares.py)."""
    return _titled(IDLE, leftovers.find(root))


def _titled(title: bytes, pids: Collection[int]) -> set[int]:
    found = set()
    for pid in pids:
        with suppress(OSError):  # it has just ended
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title):
                found.add(pid)
    return found


def _children(pid: int) -> list[int]:
    """Of all of a process's threads; none where it has ended."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, thread.read_text().split())
    return found
