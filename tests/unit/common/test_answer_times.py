"""Who is late, beside what is usual for him."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from actors.common.answer_times import FIRST_S, AnswerTimes
from actors.runtime.simulation.loop import SimulatedLoop

LEAST_S = 0.3


def run(scenario: Coroutine[Any, Any, None]) -> None:
    loop = SimulatedLoop()
    try:
        loop.run_until_complete(scenario)
    finally:
        loop.close()


async def answered(times: AnswerTimes, after_s: float) -> None:
    taken: list[str] = []
    then = times.timed("far", taken.append)
    await asyncio.sleep(after_s)
    then("answer")
    assert taken == ["answer"]


async def is_late(times: AnswerTimes, after_s: float) -> bool:
    begun_s = asyncio.get_running_loop().time()
    await asyncio.sleep(after_s)
    return times.is_late("far", begun_s, LEAST_S)


def test_of_whom_nothing_is_known_the_first_second_is_none() -> None:
    async def scenario() -> None:
        assert not await is_late(AnswerTimes(), FIRST_S - 0.1)
        assert await is_late(AnswerTimes(), FIRST_S + 0.1)

    run(scenario())


def test_who_is_far_away_is_late_later_and_who_is_near_not_before_the_least() -> None:
    async def scenario() -> None:
        for usual_s, in_time_s, late_s in ((0.5, 0.6, 1.2), (0.005, 0.25, 0.35)):
            times = AnswerTimes()
            for _ in range(20):
                await answered(times, usual_s)
            assert not await is_late(times, in_time_s)
            assert await is_late(times, late_s)

    run(scenario())


def test_whose_answers_vary_has_room_for_it() -> None:
    async def scenario() -> None:
        times = AnswerTimes()
        for number in range(20):
            await answered(times, 0.2 if number % 2 else 0.6)
        assert not await is_late(times, 0.9)

    run(scenario())


def test_who_has_answered_anything_meanwhile_is_not_late() -> None:
    async def scenario() -> None:
        times = AnswerTimes()
        begun_s = asyncio.get_running_loop().time()
        for _ in range(10):
            await answered(times, 0.2)
        assert not times.is_late("far", begun_s, LEAST_S)
        await asyncio.sleep(1.0)
        assert times.is_late("far", begun_s, LEAST_S)

    run(scenario())
