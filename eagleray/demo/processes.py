"""A cluster's processes as the operating system lists them (Linux: /proc), so that "nothing runs" does not rest on the cluster's own word."""

from __future__ import annotations

from pathlib import Path

ROLE_PROCESS = "ray::RoleProcess"
"""How Ray titles the process of an actor of that class."""


def role_processes(ancestor: int) -> set[int]:
    """Pids of the processes that hold roles (gateways' among them), of the cluster whose supervisor's pid is `ancestor`."""
    parents: dict[int, int] = {}
    titled: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
            title = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        parents[int(entry.name)] = int(parent)
        if title.startswith(ROLE_PROCESS) and state != "Z":
            titled.add(int(entry.name))
    return {pid for pid in titled if _descends(pid, ancestor, parents)}


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = parents.get(pid, 0)
    return False
