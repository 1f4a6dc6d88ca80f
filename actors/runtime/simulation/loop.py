"""A deterministic asyncio event loop with virtual time.

- `time()` starts at 0 (or where it is told to) and moves only when nothing is ready: then it jumps to the next timer.
  Nothing ever really sleeps, so an hour of cluster life takes as long as its work. Work itself takes no virtual time.
- Callbacks run in the order in which they were made; no selector, no threads, no signals: `run_in_executor` runs its
  function at once, in the loop, and completes in a later turn.
- Nothing ready and no timer left while something is awaited is a deadlock and raises. So does a storm, of callbacks
  that go round without time moving or of ever more messages: more than `CALLBACKS_A_SECOND_MAX` within a virtual
  second.

Every callback, timer and task step belongs to the process in whose context it was made (the context variable OWNER is
inherited by all that role code starts). A dead process's callbacks are dropped, a stalled one's are kept and run when
it goes on: that is how a crash stops code that sleeps, waits or computes anywhere, without its cooperation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from heapq import heapify, heappop, heappush
from typing import Any, Protocol

CALLBACKS_A_SECOND_MAX = 200_000
"""A busy simulated cluster runs some thousands in a virtual second, and some ten thousands where much is read again;
two roles that call each other, or a stream that begins anew with each message, go on for ever."""


class SimulationError(Exception):
    """The simulated system did what it must never do."""


class Deadlock(SimulationError):
    """Something is awaited and nothing will ever happen again."""


class Descriptors(Protocol):
    """What a loop wants of the kernel for its process."""

    def add_reader(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None: ...

    def remove_reader(self, descriptor: int) -> bool: ...

    async def serve(self, make: Callable[[], asyncio.Protocol], client: Any) -> tuple[asyncio.Transport, Any]: ...


class Owner:
    """One life of a simulated process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.context = Context()
        """In which the process's callbacks run: they, and all that they start, belong to it."""
        self.context.run(OWNER.set, self)
        self.runs = True
        """It is neither dead nor stalled."""
        self.alive = True
        self.deferred: list[_Handle | Timer] = []
        """Callbacks of a stalled process, kept until the process goes on."""
        self.when_dead: list[Callable[[], None]] = []
        """Called once, outside of the process."""
        self.descriptors: Descriptors | None = None
        """Those of the process, where it has a simulated kernel (sockets.py)."""

    @property
    def stalled(self) -> bool:
        return self.alive and not self.runs

    def die(self) -> None:
        self.alive = self.runs = False

    def stall(self) -> None:
        self.runs = False


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)


class _Handle:
    """What asyncio.Handle is, less what a loop without debugging has no use for; its owner is looked up in its context
    when it runs."""

    __slots__ = ("_args", "_callback", "_cancelled", "_context")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def __repr__(self) -> str:
        return f"<{self._callback!r} {self._args!r}>"


class Timer(_Handle):
    """What asyncio.TimerHandle is."""

    __slots__ = ("_loop", "_scheduled", "_when")

    def __init__(
        self, loop: SimulatedLoop, when: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False
        self._loop = loop
        self._when = when
        self._scheduled = True
        """Whether the loop's heap holds the timer."""

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            if self._scheduled:
                self._loop.cancelled_timers += 1

    def when(self) -> float:
        return self._when

    def __repr__(self) -> str:
        return f"<{self._callback!r} {self._args!r} at {self._when}>"


_TIMERS_MIN = 100
_CANCELLED_SHARE_MAX = 0.5
"""Where more of at least so many timers are cancelled, the heap is made anew without them (as asyncio does)."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module. Of asyncio's loop the turn and the scheduling are its own: a simulated cluster spends its time on
    nothing else as often."""

    def __init__(self, begin_s: float = 0.0) -> None:
        super().__init__()
        self._now = begin_s
        self._callbacks = 0
        self._counted_until = begin_s + 1.0
        """What `_callbacks` counts began a virtual second before."""
        self._clock_resolution = 1e-9
        self._timers: list[tuple[float, int, Timer]] = []
        """A heap. Timers of the same time are in the order in which they were made, whatever else the heap holds or
        held."""
        self._timers_made = 0
        self.cancelled_timers = 0
        """Of those in the heap."""
        self._turns: deque[_Handle | Timer] = deque()

    def _check_closed(self) -> None:
        """What dead code's `finally` blocks want of a loop that has ended is of no account."""

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        """Turns until the loop is stopped. One runs what was ready at its begin; time moves where nothing is. All of a
        simulation's callbacks pass here: it calls no more Python than it has to."""
        turns = self._turns
        while True:
            timers = self._timers
            if len(timers) > _TIMERS_MIN and self.cancelled_timers > len(timers) * _CANCELLED_SHARE_MAX:
                timers = self._drop_cancelled()
            while timers and timers[0][2]._cancelled:
                self.cancelled_timers -= 1
                heappop(timers)[2]._scheduled = False
            if not turns and not self._stopping:  # type: ignore[attr-defined]
                if not timers:
                    raise Deadlock("nothing is ready, nothing is scheduled, and the run has not ended")
                if timers[0][0] > self._now:
                    self._now = timers[0][0]
                    if self._now >= self._counted_until:
                        self._callbacks = 0
                        self._counted_until = self._now + 1.0
            end = self._now + self._clock_resolution
            while timers and timers[0][0] < end:
                timer = heappop(timers)[2]
                timer._scheduled = False
                turns.append(timer)
            ready = len(turns)
            self._callbacks += ready
            if self._callbacks > CALLBACKS_A_SECOND_MAX:
                going_round = f"one of the callbacks that go round: {turns[-1]!r:.300}"
                raise SimulationError(f"time (almost) stands still at {self._now} s; {going_round}")
            for _ in range(ready):
                handle = turns.popleft()
                if handle._cancelled:
                    continue
                context = handle._context
                owner = context.get(OWNER)
                if owner is not None and not owner.runs:
                    if owner.alive:
                        owner.deferred.append(handle)
                    continue
                try:
                    context.run(handle._callback, *handle._args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    message = f"Exception in callback {handle!r}"
                    self.call_exception_handler({"message": message, "exception": error, "handle": handle})
            if self._stopping:  # type: ignore[attr-defined]
                return

    def _drop_cancelled(self) -> list[tuple[float, int, Timer]]:
        """The heap made anew, without cancelled timers."""
        kept = []
        for entry in self._timers:
            if entry[2]._cancelled:
                entry[2]._scheduled = False
            else:
                kept.append(entry)
        heapify(kept)
        self._timers = kept
        self.cancelled_timers = 0
        return kept

    def resume(self, owner: Owner) -> None:
        """What a stalled process has missed runs now, in order."""
        owner.runs = owner.alive
        self._turns.extend(owner.deferred)
        owner.deferred = []

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Timer:
        timer = Timer(self, when, callback, args, copy_context() if context is None else context)
        self._timers_made += 1
        heappush(self._timers, (when, self._timers_made, timer))
        return timer

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Timer:
        when = self._now + delay
        timer = Timer(self, when, callback, args, copy_context() if context is None else context)
        self._timers_made += 1
        heappush(self._timers, (when, self._timers_made, timer))
        return timer

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> _Handle:
        handle = _Handle(callback, args, copy_context() if context is None else context)
        self._turns.append(handle)
        return handle

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> _Handle:
        return self.call_soon(callback, *args, context=context)

    def close(self) -> None:
        super().close()
        self._turns.clear()
        self._timers.clear()

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    # sockets, in a simulated kernel

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        _descriptors().add_reader(fd, callback, *args)

    def remove_reader(self, fd: Any) -> bool:
        return _descriptors().remove_reader(fd)

    async def connect_accepted_socket(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], sock: Any
    ) -> tuple[asyncio.Transport, Any]:
        return await _descriptors().serve(protocol_factory, sock)

    async def sock_recv(self, sock: Any, nbytes: int) -> bytes:
        while True:
            try:
                return bytes(sock.recv(nbytes))
            except BlockingIOError:
                readable: asyncio.Future[None] = self.create_future()
                self.add_reader(sock.fileno(), _completed, readable)
                try:
                    await readable
                finally:
                    self.remove_reader(sock.fileno())

    async def sock_sendall(self, sock: Any, data: Any) -> None:
        sock.send(bytes(data))

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There is no thread to wake."""


def _descriptors() -> Descriptors:
    """Of the process whose code runs."""
    owner = OWNER.get()
    assert owner is not None and owner.descriptors is not None, "no process with descriptors runs"
    return owner.descriptors


def _completed(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
