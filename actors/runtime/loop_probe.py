"""What holds a process's event loop, and for how long: a measuring instrument, off unless the environment names a
folder for it (`LOOP_PROBE`).

A thread asks the loop for a sign of life every `ASK_S`, and writes a line of JSON for each that is late (`Late`). What
was to blame shows in its numbers:

    loop_cpu_ms near wait_ms        one turn of the loop computed
    gc_ms near wait_ms              a garbage collection, on whichever thread
    asked_late_ms                   the asking thread itself did not run: another one held the interpreter, or the
                                    machine was busy

    probe = LoopProbe(path)         on the running loop, until the process ends
    read_late(path)                 -> [Late(...), ...]
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

VARIABLE = "EAGLERAY_LOOP_PROBE"
ASK_S = 0.002
LATE_S = 0.005
SAMPLE_S = 0.02
"""A loop that has not answered by then is asked where it is."""
STACK_MAX = 12
ANSWER_S_MAX = 60.0


class Late(msgspec.Struct, frozen=True):
    """`at`: when the loop answered, in seconds since 1970; the rest in milliseconds."""

    at: float
    wait_ms: float
    """From the question to the answer."""
    loop_cpu_ms: float
    """CPU time of the loop's thread since it answered last: no less than what the turn that held it took."""
    gc_ms: float
    """Of all garbage collections since."""
    asked_late_ms: float
    generation: int = -1
    """The oldest one that was collected since; -1: none."""
    stack: tuple[str, ...] = ()
    """Where the loop's thread was after `SAMPLE_S`, the innermost call first."""


class LoopProbe:
    """See the module. Raises OSError where `path` cannot be written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._loop = asyncio.get_running_loop()
        self._answered = threading.Event()
        self._answer = (0.0, time.thread_time())
        self._gc_began = self._gc_s = 0.0
        self._generation = -1
        self._thread = threading.get_ident()
        gc.callbacks.append(self._on_collection)
        threading.Thread(target=self._ask, name="loop-probe", daemon=True).start()

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._gc_began = time.perf_counter()
        else:
            self._gc_s += time.perf_counter() - self._gc_began
            self._generation = max(self._generation, info["generation"])

    def _stack(self) -> tuple[str, ...]:
        frame = sys._current_frames().get(self._thread)
        calls: list[str] = []
        while frame is not None and len(calls) < STACK_MAX:
            calls.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}")
            frame = frame.f_back
        return tuple(calls)

    def _reply(self) -> None:
        self._answer = (time.perf_counter(), time.thread_time())
        self._answered.set()

    def _ask(self) -> None:
        slept_from = time.perf_counter()
        while True:
            time.sleep(ASK_S)
            asked, (_, cpu_before), gc_before = time.perf_counter(), self._answer, self._gc_s
            asked_late = asked - slept_from - ASK_S
            self._answered.clear()
            self._generation = -1
            stack: tuple[str, ...] = ()
            try:
                self._loop.call_soon_threadsafe(self._reply)
            except RuntimeError:  # the loop is closed
                return
            if not self._answered.wait(SAMPLE_S):
                stack = self._stack()
                if not self._answered.wait(ANSWER_S_MAX):
                    continue
            slept_from = time.perf_counter()
            answered, cpu = self._answer
            if max(answered - asked, asked_late) > LATE_S:
                seconds = (answered - asked, cpu - cpu_before, self._gc_s - gc_before, asked_late)
                wait_ms, loop_cpu_ms, gc_ms, asked_late_ms = (1000 * each for each in seconds)
                late = Late(time.time(), wait_ms, loop_cpu_ms, gc_ms, asked_late_ms, self._generation, stack)
                self._file.write(msgspec.json.encode(late) + b"\n")


def read_late(path: Path) -> list[Late]:
    """What a probe has written so far."""
    return [msgspec.json.decode(line, type=Late) for line in path.read_bytes().splitlines()]
