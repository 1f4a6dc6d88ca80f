"""How long others take to answer: an answer is late beside what is usual for whoever owes it, which is far away perhaps
(docs/regions.md).

    times.timed("adjudicator/2", then)    a callback that notes how long the answer has taken from now on
    times.is_late("adjudicator/2", begun_s, least_s)     nothing has come from it for longer than it should take

The bound is that of TCP's retransmissions (RFC 6298): the smoothed time and four times its deviation. Whoever has
answered anything meanwhile is not late: it lives, and has work under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FIRST_S = 1.0
"""Before anything is known (RFC 6298, 2.1)."""
MARGIN_SHARE = 0.5
"""Of the smoothed time, at least: answers that have all taken as long say nothing of the next one."""
SMOOTHING, DEVIATION_SMOOTHING, DEVIATIONS = 1 / 8, 1 / 4, 4


class _Usual:
    __slots__ = ("deviation_s", "heard_s", "mean_s")

    def __init__(self, taken_s: float, heard_s: float) -> None:
        self.mean_s = taken_s
        self.deviation_s = taken_s / 2
        self.heard_s = heard_s
        """When it has answered last."""


class AnswerTimes:
    """By role."""

    def __init__(self) -> None:
        self._usual: dict[str, _Usual] = {}

    def timed(self, name: str, then: Callable[[T], None]) -> Callable[[T], None]:
        """`then`, of an answer to what is sent now."""
        now_s = asyncio.get_running_loop().time
        sent_s = now_s()

        def answered(answer: T) -> None:
            self.note(name, sent_s, now_s())
            then(answer)

        return answered

    def note(self, name: str, sent_s: float, now_s: float) -> None:
        taken_s = now_s - sent_s
        usual = self._usual.get(name)
        if usual is None:
            self._usual[name] = _Usual(taken_s, now_s)
            return
        usual.deviation_s += DEVIATION_SMOOTHING * (abs(taken_s - usual.mean_s) - usual.deviation_s)
        usual.mean_s += SMOOTHING * (taken_s - usual.mean_s)
        usual.heard_s = now_s

    def is_late(self, name: str, begun_s: float, least_s: float) -> bool:
        """Of what was asked at `begun_s`. `least_s`: nothing is late before that."""
        usual = self._usual.get(name)
        if usual is None:
            silent_s, bound_s = asyncio.get_running_loop().time() - begun_s, FIRST_S
        else:
            silent_s = asyncio.get_running_loop().time() - max(begun_s, usual.heard_s)
            bound_s = usual.mean_s + max(DEVIATIONS * usual.deviation_s, MARGIN_SHARE * usual.mean_s)
        return silent_s >= max(least_s, bound_s)
