"""Whether a process that owes an answer is at work, as the kernel and its heartbeat tell: silence under load is not
death.

    the loop computes, or wants a processor and gets none,          at work: its answer comes when it gets there
    or another thread has the interpreter
    the loop has beaten, or computed, since the last look           at work, wherever it is at this moment
    asleep or waiting for a disk, and neither                       not at work
    stopped (SIGSTOP, a debugger), dead, a zombie,                  not at work, whatever it did before
    its number another's by now

Tells of processes on this host alone. A loop that computes without end is loop_watch.py's to end. Where /proc tells
nothing of the process nobody is at work: a silent process is given up as if there were no such rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from actors.runtime.heartbeat import Beat, read_beat
from cluster.loop_watch import Activity, activity_of


class Look(NamedTuple):
    """At one process."""

    beat: Beat
    activity: Activity


def is_at_work(before: Look | None, now: Look) -> bool:
    """`before`: the last look at what ran under this name; None: this is the first."""
    beat, activity = now
    if activity.state in "TtXZ":
        return False
    if before is not None and before.beat[:3] == beat[:3]:  # the same loop of the same process
        moved = beat.beats > before.beat.beats or activity.thread_cpu_s > before.activity.thread_cpu_s
    else:
        moved = False
    # While the loop waits for a disk, what the process's other threads do helps nobody.
    return moved or activity.state == "R" or (activity.runnable and activity.state != "D")


class Working:
    """`beat_path`: process -> its heartbeat's file. Called with a process's name: `is_at_work` since the last call for
    it. `is_visible`: one of a region that is cut off is on this host only for want of another one, and is not seen."""

    def __init__(self, beat_path: Callable[[str], Path], is_visible: Callable[[str], bool] = lambda _: True) -> None:
        self._beat_path = beat_path
        self._is_visible = is_visible
        self._seen: dict[str, Look] = {}

    def __call__(self, process: str) -> bool:
        before = self._seen.pop(process, None)
        beat = read_beat(self._beat_path(process)) if self._is_visible(process) else None
        activity = activity_of(beat) if beat is not None else None
        if beat is None or activity is None:
            return False
        now = self._seen[process] = Look(beat, activity)
        return is_at_work(before, now)
