"""Fibers: coroutines that a session's statements run in, without asyncio tasks on the hot path.

A statement awaits `Completion`s (a storage answer, a commit). Whoever completes one resumes the coroutine at once, in
the same call stack (the bus's receive loop), so a storage read costs no future, no task step and no extra turn of the
event loop.

    fiber = Fiber(coroutine, on_end)      runs up to the first pending Completion
    completion.succeed(value)             goes on from there, synchronously

A fiber's coroutine may await only Completions (and coroutines that do). `from_future` turns an asyncio future (a
thread's result) into one; `as_future` runs a coroutine of this kind under asyncio (tests, background work).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Completion(Generic[T]):
    """A value that will be there once. Awaited by at most one coroutine."""

    __slots__ = ("_done", "_error", "_value", "_waiter")

    def __init__(self) -> None:
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiter: Callable[[Completion[T]], None] | None = None

    @property
    def done(self) -> bool:
        return self._done

    def succeed(self, value: T) -> None:
        """The first of `succeed` and `fail` counts; later ones are ignored."""
        if not self._done:
            self._done = True
            self._value = value
            if self._waiter is not None:
                self._waiter(self)

    def fail(self, error: BaseException) -> None:
        if not self._done:
            self._done = True
            self._error = error
            if self._waiter is not None:
                self._waiter(self)

    def when_done(self, callback: Callable[[Completion[T]], None]) -> None:
        if self._done:
            callback(self)
        else:
            assert self._waiter is None, "a Completion has one waiter"
            self._waiter = callback

    def result(self) -> T:
        assert self._done
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[no-any-return]

    def __await__(self) -> Generator[Completion[T], None, T]:
        if not self._done:
            yield self
            assert self._done
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[no-any-return]


class Fiber:
    """Drives one coroutine. `on_end(value, error)` runs once, when it returns or raises."""

    __slots__ = ("_coroutine", "_ended", "_on_end", "_running", "_waiting")

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], on_end: Callable[[Any, BaseException | None], None]
    ) -> None:
        self._coroutine = coroutine
        self._on_end = on_end
        self._waiting: Completion[Any] | None = None
        self._running = False
        self._ended = False
        self._step(None)

    @property
    def ended(self) -> bool:
        return self._ended

    def cancel(self, error: BaseException) -> None:
        """Throw `error` into the coroutine where it waits. No effect once it has ended; must not be called from inside
        it."""
        if not self._ended and not self._running:
            self._waiting = None
            self._step(error)

    def _resume(self, completion: Completion[Any]) -> None:
        if self._waiting is completion:
            self._waiting = None
            self._step(None)

    def _step(self, error: BaseException | None) -> None:
        self._running = True
        try:
            while True:
                waiting = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
                error = None
                assert isinstance(waiting, Completion), f"a fiber awaits Completions only, not {waiting!r}"
                if not waiting._done:
                    self._waiting = waiting
                    waiting.when_done(self._resume)
                    self._running = False
                    return
        except StopIteration as stop:
            self._running = False
            self._ended = True
            self._on_end(stop.value, None)
        except BaseException as failure:
            self._running = False
            self._ended = True
            self._on_end(None, failure)


def turn() -> Completion[None]:
    """Completes in the loop's next turn: what has waited there meanwhile runs first. Long work awaits it between its
    pieces."""
    completion: Completion[None] = Completion()
    asyncio.get_running_loop().call_soon(completion.succeed, None)
    return completion


def from_future(future: asyncio.Future[T]) -> Completion[T]:
    """The result of an asyncio future (of the running loop) as a Completion."""
    completion: Completion[T] = Completion()

    def transfer(done: asyncio.Future[T]) -> None:
        if done.cancelled():
            completion.fail(asyncio.CancelledError())
        elif (error := done.exception()) is not None:
            completion.fail(error)
        else:
            completion.succeed(done.result())

    future.add_done_callback(transfer)
    return completion


def as_future(awaitable: Awaitable[T]) -> asyncio.Future[T]:
    """Run a fiber's coroutine (or a Completion) to its end under asyncio."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def end(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    async def run() -> T:
        return await awaitable

    Fiber(run(), end)
    return future
