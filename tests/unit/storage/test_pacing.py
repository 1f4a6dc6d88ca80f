"""How long unhurried work rests: after its own slices, and after others' turns."""

from __future__ import annotations

import asyncio

import pytest

from actors.storage import pacing
from actors.storage.pacing import LAG_TIMES, REST_S_MAX, REST_S_MIN, Pace


class Clock:
    """A loop's, which others hold for `others_s` in each turn."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.others_s = 0.0
        self.rests: list[float] = []

    def time(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.rests.append(seconds)
        self.now_s += seconds + self.others_s


@pytest.mark.parametrize(
    ("slice_s", "others_s", "rest_s"),
    [
        (0.0, 0.0, REST_S_MIN),
        (0.004, 0.0, 0.004),
        (0.004, 0.01, LAG_TIMES * 0.01),
        (0.5, 0.0, REST_S_MAX),
        (0.004, 0.5, REST_S_MAX),
    ],
)
def test_a_rest_is_as_long_as_the_slice_and_longer_where_the_loop_is_late(
    slice_s: float, others_s: float, rest_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()

    async def run() -> None:
        pace = Pace()
        pace._loop = clock  # type: ignore[assignment]
        pace._began_s = clock.time()
        monkeypatch.setattr(pacing.asyncio, "sleep", clock.sleep)
        for _ in range(3):
            clock.now_s += slice_s
            clock.others_s = others_s
            await pace.rest()
            clock.others_s = 0.0
        monkeypatch.undo()

    asyncio.run(run())
    assert clock.rests == pytest.approx([rest_s] * 3)
