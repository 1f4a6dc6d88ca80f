"""`Workers`: threads for work that would hold the loop, shared so that long statements leave room for short ones.

A statement's work comes in steps: a parse (aside.py), or DuckDB's until there are some rows
(column_executor/stream.py). A statement holds no thread between its steps.

- At most `prompt_max` steps younger than `LONG_S` run at once: more would only take turns on the same processors.
- A step that takes longer is long from then on and makes room for the next one. The operating system shares the
  processors among all of them.
- `threads_max` bounds prompt and long steps together. What is beyond waits.

The bookkeeping is the event loop's; only the steps' functions run in threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import thread_time_ns
from typing import Any

from actors.query_processor import metering
from actors.runtime.fiber import Completion

LONG_S = 0.05
"""A step that has run for so long does not count as prompt any more: a hundred times what a small SELECT takes."""


class Step:
    """One function on its way through the threads. `done` completes with its result, or fails with its error; `on_end`
    is called before."""

    __slots__ = ("compute_ns", "done", "function", "on_end", "prompt", "started", "tally", "timer")

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.done: Completion[Any] = Completion()
        self.on_end: Callable[[], None] | None = None
        self.started = False
        self.prompt = False
        self.timer: asyncio.TimerHandle | None = None
        self.compute_ns = 0
        """Of the thread, once the function has ended."""
        self.tally = metering.current

    def run(self) -> Any:
        """In a thread."""
        begun = thread_time_ns()
        try:
            return self.function()
        finally:
            self.compute_ns = thread_time_ns() - begun


class Workers:
    """See the module."""

    def __init__(self, prompt_max: int, threads_max: int, name: str) -> None:
        self._prompt_max = prompt_max
        self._threads_max = threads_max
        self._prompt = self._running = 0
        self._waiting: deque[Step] = deque()
        self._threads = ThreadPoolExecutor(max_workers=threads_max, thread_name_prefix=name)

    def begin(self, function: Callable[[], Any]) -> Step:
        """Run `function` as soon as there is room for it."""
        step = Step(function)
        self._waiting.append(step)
        self._start_next()
        return step

    def abandon(self, step: Step) -> bool:
        """Take a step that has not started out of the queue. False: it runs, or has ended."""
        if step.started:
            return False
        self._waiting.remove(step)
        step.started = True
        return True

    def clean_up(self, function: Callable[[], None], then: Callable[[], None]) -> None:
        """Run a short function that waits for nothing, whatever else is under way; `then` in the loop."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, function)
        future.add_done_callback(lambda done: then())

    def _start(self, step: Step) -> None:
        loop = asyncio.get_running_loop()
        step.started = step.prompt = True
        self._prompt += 1
        self._running += 1
        step.timer = loop.call_later(LONG_S, self._grow_long, step)
        future = loop.run_in_executor(self._threads, step.run)
        future.add_done_callback(lambda done: self._end(step, done))

    def _grow_long(self, step: Step) -> None:
        step.prompt = False
        self._prompt -= 1
        self._start_next()

    def _end(self, step: Step, future: asyncio.Future[Any]) -> None:
        metering.process.ns += step.compute_ns
        if step.tally is not None:
            step.tally.ns += step.compute_ns
        if step.timer is not None:
            step.timer.cancel()
        self._running -= 1
        if step.prompt:
            step.prompt = False
            self._prompt -= 1
        self._start_next()
        if step.on_end is not None:
            step.on_end()
        if future.cancelled():
            step.done.fail(asyncio.CancelledError())
        elif (error := future.exception()) is not None:
            step.done.fail(error)
        else:
            step.done.succeed(future.result())

    def _start_next(self) -> None:
        while self._waiting and self._prompt < self._prompt_max and self._running < self._threads_max:
            self._start(self._waiting.popleft())

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
