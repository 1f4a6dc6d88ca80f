"""The watch over event loops: a process whose loop has not turned for `stall_s` is ended, so that Ray starts it anew.

A loop that is held (a computation without end in C, a deadlock) cannot tell of it, and a thread beside it cannot either
where the interpreter is held too. So the supervisor, or on the nodes of a Ray that was joined a process of its own
(node_watch.py), looks from outside at the beats of each process (runtime/heartbeat.py), in a thread of its own:

    beats go on            nothing is wrong
    none, and it computes  the CPU time that it got since counts as stalled
    none, and it sleeps    the time counts as stalled
    none, and it is stopped (SIGSTOP, a debugger), waits for a disk, or gets no CPU      no time counts: it is not to
                                                                                         blame
    the watch did not run itself (a suspended laptop, a starved machine)                 no more than one look's time
                                                                                         counts

It is then asked for its last words (runtime/last_words.py: a query processor tells its sessions, 57P01), told to dump
the stacks of its threads into its log and to end (SIGABRT, faulthandler), and killed where it does not. Its sockets
close with it, its sessions begin anew at other query processors, its movable roles move: what a dead process means is
known everywhere, while a frozen one would stay. Where all roles of an AZ share a process, they are replaced together.
`eagleray status` shows when and why (`Replacements`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from actors.runtime.heartbeat import Beat, process_start, read_beat
from actors.runtime.last_words import ask_for_last_words, last_words_path
from actors.runtime.process_stat import threads_of

LOOK_S = 1.0
"""Twice the time between two beats."""
LAST_WORDS_S = 3.0
"""For clients to be told, and for the stacks to be written, before a stronger signal."""

logger = logging.getLogger(__name__)


class Activity(NamedTuple):
    """What the kernel tells of a process: the loop thread's state (a letter of /proc/PID/stat) and CPU seconds, whether
    any thread is runnable, all threads' CPU seconds."""

    state: str
    thread_cpu_s: float
    runnable: bool
    cpu_s: float


class Stall:
    """For how long one process's loop has been held. Pure: told what was seen, and when."""

    def __init__(self) -> None:
        self.stalled_s = 0.0
        self._beat: Beat | None = None
        self._seen: tuple[float, Activity] | None = None

    def look(self, now_s: float, beat: Beat, activity: Callable[[], Activity | None]) -> float:
        """`activity` is asked only where no beat came. The seconds that count."""
        if beat != self._beat:
            self._beat, self._seen, self.stalled_s = beat, None, 0.0
            return 0.0
        current = activity()
        if current is None:
            self._seen = None
            return self.stalled_s
        if self._seen is not None:
            since_s, before = self._seen
            self.stalled_s += _counted(min(now_s - since_s, 2 * LOOK_S), before, current)
        self._seen = (now_s, current)
        return self.stalled_s


def _counted(elapsed_s: float, before: Activity, now: Activity) -> float:
    if now.state in "TtDXZ" or before.state in "TtD":
        return 0.0
    if now.state == "R":
        return min(elapsed_s, now.thread_cpu_s - before.thread_cpu_s)
    if now.runnable:  # another thread has the interpreter, perhaps without a processor
        return min(elapsed_s, now.cpu_s - before.cpu_s)
    return elapsed_s


def activity_of(beat: Beat) -> Activity | None:
    """None where the process is gone, or its number is another's by now."""
    if process_start(beat.pid) != beat.started:
        return None
    threads = threads_of(beat.pid)
    loop = threads.get(beat.thread)
    if loop is None:
        return None
    runnable = any(thread.state == "R" for thread in threads.values())
    return Activity(loop.state, loop.cpu_s, runnable, sum(thread.cpu_s for thread in threads.values()))


@dataclass
class Replacement:
    """Of one process: when last, why, how often since the cluster was started."""

    at: str
    why: str
    times: int = 1


class Replacements:
    """A file that `eagleray status` reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Replacement] = {}

    def note(self, process: str, why: str) -> None:
        times = self._known[process].times + 1 if process in self._known else 1
        self._known[process] = Replacement(datetime.now(UTC).isoformat(timespec="seconds"), why, times)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({name: vars(replacement) for name, replacement in self._known.items()}))
        fresh.replace(self._path)


def read_replacements(path: Path) -> dict[str, dict[str, Any]]:
    """Process -> the fields of its Replacement."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


class LoopWatch:
    """`folder`: where each process has its heartbeat's file, <process>.beat; processes come and go. `stall_s` 0: nobody
    is watched."""

    def __init__(self, folder: Path, stall_s: float, replacements: Replacements) -> None:
        self._folder = folder
        self._stall_s = stall_s
        self._replacements = replacements
        self._stalls: dict[str, Stall] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)

    def start(self) -> None:
        if self._stall_s:
            self._thread.start()

    def stop(self) -> None:
        """Nobody is ended after this."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_S):
            for path in sorted(self._folder.glob("*.beat")):
                beat = read_beat(path)
                if beat is not None:
                    self._look(path, beat)

    def _look(self, path: Path, beat: Beat) -> None:
        process = path.stem
        stalled_s = self._stalls.setdefault(process, Stall()).look(time.monotonic(), beat, lambda: activity_of(beat))
        if stalled_s >= self._stall_s:
            why = f"its event loop did not turn for {stalled_s:.0f} s"
            logger.error("%s (pid %d) is replaced: %s", process, beat.pid, why)
            self._stalls[process] = Stall()
            self._replacements.note(process, why)
            self._end(path, beat)

    @staticmethod
    def _end(path: Path, beat: Beat) -> None:
        if ask_for_last_words(last_words_path(path)):
            _await_end(beat)
        for number in (signal.SIGABRT, signal.SIGKILL):
            if process_start(beat.pid) != beat.started:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(beat.pid, number)
            _await_end(beat)


def _await_end(beat: Beat) -> None:
    """For `LAST_WORDS_S` at most."""
    end_s = time.monotonic() + LAST_WORDS_S
    while process_start(beat.pid) == beat.started and time.monotonic() < end_s:
        time.sleep(0.05)
