"""A deterministic asyncio event loop with virtual time.

- `time()` starts at 0 and moves only when nothing is ready: then it jumps to the next timer. Nothing ever really sleeps, so an hour of
  cluster life takes as long as its work. Work itself takes no virtual time.
- Callbacks run in the order in which they were made; no selector, no threads, no signals: `run_in_executor` runs its function at once,
  in the loop, and completes in a later turn.
- Nothing ready and no timer left while something is awaited is a deadlock and raises. So does a turn that never ends: more than
  `CALLBACKS_AT_ONE_TIME_MAX` callbacks without time moving.

Every callback, timer and task step belongs to the process in whose context it was made (the context variable OWNER is inherited by all that role code
starts). A dead process's callbacks are dropped, a stalled one's are kept and run when it goes on: that is how a crash stops code that
sleeps, waits or computes anywhere, without its cooperation.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import heapq
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

CALLBACKS_AT_ONE_TIME_MAX = 200_000
"""A busy simulated cluster runs some hundreds of callbacks between two times; a loop of two roles that call each other runs for ever."""


class SimulationError(Exception):
    """The simulated system did what it must never do."""


class Deadlock(SimulationError):
    """Something is awaited and nothing will ever happen again."""


class Owner:
    """One life of a simulated process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stalled = False
        self.deferred: list[asyncio.Handle] = []
        self.when_dead: list[Callable[[], None]] = []
        """Called once, outside of the process."""

    def admits(self, handle: asyncio.Handle) -> bool:
        """Whether a callback of this process may run now; a stalled process keeps it for later."""
        if self.alive and self.stalled:
            self.deferred.append(handle)
            return False
        return self.alive


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)


class _Handle(asyncio.events.Handle):
    __slots__ = ()

    def _run(self) -> None:
        owner = self._context.get(OWNER)  # type: ignore[attr-defined]
        if owner is None or owner.admits(self):
            super()._run()


class _TimerHandle(asyncio.events.TimerHandle):
    __slots__ = ()

    def _run(self) -> None:
        owner = self._context.get(OWNER)  # type: ignore[attr-defined]
        if owner is None or owner.admits(self):
            super()._run()


class _Selector:
    """Where a real loop waits for sockets, this one moves time on."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.advance(timeout)
        return []

    def close(self) -> None:
        """Nothing is held."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module. `call_owned` schedules on behalf of a process."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._callbacks_at_this_time = 0
        self._clock_resolution = 1e-9
        self._selector = _Selector(self)

    def _check_closed(self) -> None:
        """What dead code's `finally` blocks want of a loop that has ended is of no account."""

    def time(self) -> float:
        return self._now

    def advance(self, timeout: float | None) -> None:
        """The end of a turn. `timeout` None: nothing is ready and nothing is scheduled."""
        if timeout is None:
            raise Deadlock("nothing is ready, nothing is scheduled, and the run has not ended")
        if timeout > 0:
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
            self._callbacks_at_this_time = 0
        else:
            self._callbacks_at_this_time += len(self._ready)  # type: ignore[attr-defined]
            if self._callbacks_at_this_time > CALLBACKS_AT_ONE_TIME_MAX:
                last = self._ready[-1]  # type: ignore[attr-defined]
                raise SimulationError(f"time stands still at {self._now} s; one of the callbacks that go round: {last!r}")

    def resume(self, owner: Owner) -> None:
        """What a stalled process has missed runs now, in order."""
        owner.stalled = False
        self._ready.extend(owner.deferred)  # type: ignore[attr-defined]
        owner.deferred = []

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self._check_closed()
        timer = _TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def _call_soon(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None) -> asyncio.Handle:
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There is no thread to wake."""
