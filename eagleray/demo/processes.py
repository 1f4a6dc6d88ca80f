"""A cluster's processes as the operating system lists them (Linux: /proc), so that "nothing runs" does not rest on the cluster's own word."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cluster import leftovers

ROLE_PROCESS = b"ray::RoleProcess"
"""How Ray titles the process of an actor of that class."""


def role_processes(root: Path) -> set[int]:
    """Pids of the processes that hold roles (gateways' among them), of the cluster on the data folder `root` (absolute)."""
    found = set()
    for pid in leftovers.find(root):
        with suppress(OSError):  # it has just ended
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(ROLE_PROCESS):
                found.add(pid)
    return found
