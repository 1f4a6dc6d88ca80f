"""Processes of a cluster that outlived it, found by the mark in their environment and ended by id.

Ray's agents do not always notice that their raylet was killed. Every process of a cluster inherits
EAGLERAY_DATA=<data folder> from its supervisor, so `up` and `down` can find what belongs to this data folder, and
nothing else, after a `kill -9`.

A process of Ray that gives itself a title ("ray::RuntimeEnvAgent") writes over the start of its environment, as the
kernel shows it, and so over the mark where the mark stands there. Such a process is known by its title and by the logs
that it holds open in this cluster's Ray folder.
"""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

from actors.runtime.process_stat import stat_of
from cluster.data_folder import DataFolder

MARK = "EAGLERAY_DATA"
TITLE = b"ray::"
"""What the titles begin with that processes of Ray give themselves."""
END_TIMEOUT_S = 5.0


def mark(root: Path) -> None:
    """Mark this process and its future children as belonging to the cluster at `root`."""
    os.environ[MARK] = str(root)


def find(root: Path) -> list[int]:
    """Process ids (not this one's) that bear the mark of `root`, ascending."""
    needle = f"{MARK}={root}".encode()
    logs = f"{DataFolder(root).ray}/"
    found: list[int] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = Path("/proc", entry, "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        belongs = needle in environment or _is_of_ray(int(entry), logs)
        if belongs and (state := stat_of(int(entry))) is not None and state.state != "Z":
            found.append(int(entry))
    return sorted(found)


def _is_of_ray(process: int, logs: str) -> bool:
    """The process has a title of Ray's, and writes to a file whose path begins with `logs`."""
    proc = Path("/proc", str(process))
    try:
        titled = (proc / "cmdline").read_bytes().startswith(TITLE)
        return titled and any(_writes(link, logs) for link in (proc / "fd").iterdir())
    except OSError:  # the process has ended, or it is another user's
        return False


def _writes(link: Path, logs: str) -> bool:
    """The kernel's link for an open file has the mode that the file was opened with."""
    try:
        return bool(link.lstat().st_mode & stat.S_IWUSR) and os.readlink(link).startswith(logs)
    except FileNotFoundError:  # closed meanwhile
        return False


def end(root: Path, spare: frozenset[int] = frozenset()) -> list[int]:
    """Kill what `find` finds, except `spare`; returns the ids. Waits until they are gone, END_TIMEOUT_S at most."""
    deadline = time.monotonic() + END_TIMEOUT_S
    ended: list[int] = []
    while remaining := [process for process in find(root) if process not in spare]:
        for process in remaining:
            if process not in ended:
                ended.append(process)
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return ended
