"""Whether a process that owes an answer is at work, as the kernel and its heartbeat tell: silence under load is not death.

    its loop turns, or computes, or wants a processor and gets none     at work: its answer comes when it gets there
    stopped, gone, waiting for a disk, asleep without a beat            not at work

Tells of processes on this host alone. A loop that computes without end is loop_watch.py's to end.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actors.runtime.heartbeat import Beat, read_beat
from cluster.loop_watch import Activity, activity_of


class Working:
    """`beat_path`: process -> its heartbeat's file. Called with a process's name: what has changed since the last call for it."""

    def __init__(self, beat_path: Callable[[str], Path]) -> None:
        self._beat_path = beat_path
        self._seen: dict[str, tuple[Beat, Activity]] = {}

    def __call__(self, process: str) -> bool:
        beat = read_beat(self._beat_path(process))
        activity = activity_of(beat) if beat is not None else None
        before = self._seen.pop(process, None)
        if beat is None or activity is None:
            return False
        self._seen[process] = (beat, activity)
        if activity.state in "TtDXZ":
            return False
        if activity.state == "R" or activity.runnable:
            return True
        return (
            before is not None
            and before[0].started == beat.started
            and (beat.beats > before[0].beats or activity.thread_cpu_s > before[1].thread_cpu_s)
        )
