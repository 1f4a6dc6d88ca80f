"""What the kernel tells of a process or of one of its threads: /proc/PID/stat and /proc/PID/task/TID/stat
(proc_pid_stat(5)).

A process may write anything into its own name, which stands in the middle of the line, between parentheses: the fields
after it are counted from its last parenthesis, and the line is bytes. Whatever cannot be read, or has another form, is
as if there were no such process.
"""

from __future__ import annotations

import os
from typing import NamedTuple

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_STATE, _USER, _SYSTEM, _STARTED = 0, 11, 12, 19
"""Places after the name."""


class Stat(NamedTuple):
    """`state`: R running or runnable, S asleep, D asleep without being interruptible (mostly a disk), T and t stopped,
    Z and X dead. `cpu_s`: seconds of processor, user and system. `started`: ticks since the machine's start; with the
    number it names a process for ever."""

    state: str
    cpu_s: float
    started: int


def parse_stat(line: bytes) -> Stat | None:
    fields = line.rpartition(b")")[2].split()
    try:
        cpu_s = (int(fields[_USER]) + int(fields[_SYSTEM])) / TICKS_A_SECOND
        return Stat(fields[_STATE].decode("ascii"), cpu_s, int(fields[_STARTED]))
    except (IndexError, ValueError):
        return None


def stat_of(pid: int, thread: int | None = None) -> Stat | None:
    """Of a process, or of one of its threads. None where there is none."""
    return _read(f"/proc/{pid}/stat" if thread is None else f"/proc/{pid}/task/{thread}/stat")


def threads_of(pid: int) -> dict[int, Stat]:
    """A living process's threads; {} where there is none. One that ends meanwhile may be missing."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return {}
    stats = {int(thread): stat_of(pid, int(thread)) for thread in threads}
    return {thread: stat for thread, stat in stats.items() if stat is not None}


def _read(path: str) -> Stat | None:
    try:
        with open(path, "rb") as file:
            return parse_stat(file.read())
    except OSError:
        return None
