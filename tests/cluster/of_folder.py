"""Processes of a Ray that has its files in a folder of the test's: Ray's workers and agents end some time after their
raylet."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

OWN_END_S = 10.0
"""So long they may take; then they are killed."""


def await_ended(folder: Path) -> None:
    """Returns once no process is left."""
    kill_at = time.monotonic() + OWN_END_S
    while left := of_folder(folder):
        if time.monotonic() > kill_at:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        threading.Event().wait(0.05)


def of_folder(folder: Path) -> list[int]:
    """Ids of the processes that name the folder in their arguments, or have a file below it open (those of Ray write
    their titles over the former)."""
    mark = f"{folder}/"
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _names(entry, mark)]


def _names(process: Path, mark: str) -> bool:
    if process.name == str(os.getpid()):
        return False
    try:
        if mark.encode() in (process / "cmdline").read_bytes():
            return True
        return any(_opens(link, mark) for link in (process / "fd").iterdir())
    except OSError:  # it has ended
        return False


def _opens(link: Path, mark: str) -> bool:
    try:
        return os.readlink(link).startswith(mark)
    except OSError:  # closed meanwhile
        return False
