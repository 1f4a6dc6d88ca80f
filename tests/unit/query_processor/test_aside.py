"""Work beside the loop: what nobody waits for any more keeps nobody from being served."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from actors.query_processor.aside import PROMPT_MAX, THREADS_MAX, aside
from actors.runtime.fiber import Fiber, as_future

SOON_S = 20.0
"""A test that waits for longer has failed."""


class Cancelled(Exception):
    pass


class Held:
    """Functions that end when they are let go, as a parse does that cannot be interrupted."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun: list[int] = []

    def work(self, number: int) -> int:
        self.begun.append(number)
        assert self.go.wait(SOON_S)
        return number


def start(held: Held, number: int, ends: list[Any]) -> Fiber:
    async def work() -> int:
        return await aside(held.work, number)

    return Fiber(work(), lambda value, error: ends.append(error or value))


def test_cancelled_work_makes_room_and_is_told_at_once() -> None:
    async def scene() -> None:
        held, ends = Held(), list[Any]()
        try:
            for number in range(PROMPT_MAX + 1):
                start(held, number, ends).cancel(Cancelled())
            assert len(ends) == PROMPT_MAX + 1 and all(isinstance(end, Cancelled) for end in ends)
            assert await asyncio.wait_for(as_future(aside(str.upper, "x")), SOON_S) == "X"
            assert held.begun == list(range(PROMPT_MAX)), "what had not begun is begun for nobody"
        finally:
            held.go.set()

    asyncio.run(scene())


def test_no_more_threads_than_there_may_be() -> None:
    async def scene() -> None:
        held, ends = Held(), list[Any]()
        fibers = [start(held, number, ends) for number in range(THREADS_MAX + 3)]
        try:
            while len(held.begun) < THREADS_MAX:
                await asyncio.sleep(0.01)
            waiting = asyncio.ensure_future(as_future(aside(str.upper, "x")))
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(held.begun) == THREADS_MAX and not waiting.done()
            fibers[-1].cancel(Cancelled())
        finally:
            held.go.set()
        assert await asyncio.wait_for(waiting, SOON_S) == "X"
        while len(ends) < len(fibers):
            await asyncio.sleep(0.01)
        assert sorted(end for end in ends if not isinstance(end, Cancelled)) == list(range(THREADS_MAX + 2))

    asyncio.run(scene())


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    async def scene() -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            await as_future(aside(int, "x"))

    asyncio.run(scene())
