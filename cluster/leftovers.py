"""Processes of a cluster that outlived it, found by the mark in their environment and ended by id.

Ray's agents do not always notice that their raylet was killed. Every process of a cluster inherits EAGLERAY_DATA=<data folder> from its
supervisor, so `up` and `down` can find what belongs to this data folder, and nothing else, after a `kill -9`.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from actors.runtime.process_stat import stat_of

MARK = "EAGLERAY_DATA"
END_TIMEOUT_S = 5.0


def mark(root: Path) -> None:
    """Mark this process and its future children as belonging to the cluster at `root`."""
    os.environ[MARK] = str(root)


def find(root: Path) -> list[int]:
    """Process ids (not this one's) that bear the mark of `root`, ascending."""
    needle = f"{MARK}={root}".encode()
    found: list[int] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = Path("/proc", entry, "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if needle in environment and (stat := stat_of(int(entry))) is not None and stat.state != "Z":
            found.append(int(entry))
    return sorted(found)


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
