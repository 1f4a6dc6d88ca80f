"""When transactions are meant to start: rates that follow a curve, and arrival times drawn from them in advance.
Pure: no clock, no I/O.

A curve is a line through points (second, transactions a second). Arrivals are a Poisson process of that rate:
exponential gaps of a process of rate 1, carried over by the inverse of the curve's area, which for straight pieces is
exact. The server's answers do not move them: latency counted from such a time has no coordinated omission.

    constant:200      ramp:0..500      steps:100,200,400      day:20..400
    a file of lines "TIME RATE", TIME as 90, 90s, 5m, 6h or 06:00

Two points at one time are a step. An expression's curve has no length of its own: it is stretched over the run's.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

FORMS = "constant:RATE, ramp:FROM..TO, steps:RATE,RATE,..., day:LOW..HIGH"
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
DAY_SHARES = (18, 12, 8, 6, 5, 8, 18, 38, 62, 80, 90, 95, 92, 94, 96, 95, 90, 86, 88, 100, 96, 76, 50, 30, 18)
"""A day of a shop, hour by hour from midnight to midnight: per cent of its peak, quiet at four, a plateau over the
day, the peak in the evening. Made up."""


class CurveError(ValueError):
    """A curve that cannot be followed, in one line."""


@dataclass(frozen=True)
class Curve:
    """points: (second, rate) in the order of time, the first at second 0. `fixed` is False where the seconds are only
    proportions."""

    points: tuple[tuple[float, float], ...]
    fixed: bool = True

    def __post_init__(self) -> None:
        if any(not math.isfinite(number) or number < 0 for point in self.points for number in point):
            raise CurveError("times and rates are numbers of at least 0")
        if any(later[0] < earlier[0] for earlier, later in pairwise(self.points)):
            raise CurveError("times go forward")
        if len(self.points) < 2 or self.points[0][0] != 0 or self.seconds == 0:
            raise CurveError("a curve begins at time 0 and has a length")
        if self.total == 0:
            raise CurveError("nothing arrives: every rate is 0")

    @property
    def seconds(self) -> float:
        return self.points[-1][0]

    @property
    def peak(self) -> float:
        return max(rate for _, rate in self.points)

    @property
    def total(self) -> float:
        """How many arrivals are expected: the area below the curve."""
        return sum((end - start) * (first + last) / 2 for (start, first), (end, last) in pairwise(self.points))

    def rate_at(self, second: float) -> float:
        """Transactions a second; of a step, the rate after it; 0 outside."""
        if not 0 <= second <= self.seconds:
            return 0.0
        for (start, first), (end, last) in pairwise(self.points):
            if second < end:
                return first + (last - first) * (second - start) / (end - start)
        return self.points[-1][1]

    def over(self, seconds: float) -> Curve:
        """The same rates, squeezed or stretched to last `seconds`."""
        return Curve(tuple((time * seconds / self.seconds, rate) for time, rate in self.points))

    def peaking_at(self, rate: float) -> Curve:
        """The same shape, its highest rate `rate`."""
        return Curve(tuple((time, old * rate / self.peak) for time, old in self.points), self.fixed)


def arrivals(curve: Curve, chance: random.Random) -> Iterator[float]:
    """Seconds from the start, ascending: one Poisson process of the curve's rate."""
    due = chance.expovariate(1.0)
    before = 0.0
    for (start, first), (end, last) in pairwise(curve.points):
        length = end - start
        area = length * (first + last) / 2
        slope = (last - first) / length if length else 0.0
        while due < before + area:
            part = due - before
            # The root of slope/2 x^2 + first x = part, in the form that stays exact where the slope is small.
            root = math.sqrt(max(0.0, first * first + 2 * slope * part))
            yield start + min(length, 2 * part / (first + root))
            due += chance.expovariate(1.0)
        before += area


def constant(rate: float) -> Curve:
    return Curve(((0.0, rate), (1.0, rate)), fixed=False)


def parse(text: str) -> Curve:
    """An expression, or the name of a file. Raises CurveError."""
    kind, colon, rest = text.partition(":")
    if colon and kind in ("constant", "ramp", "steps", "day"):
        return _expression(kind, rest, text)
    try:
        lines = Path(text).read_text().splitlines()
    except (OSError, ValueError) as error:
        raise CurveError(f"{text}: neither a file ({error}) nor {FORMS}") from None
    return read(lines, text)


def _expression(kind: str, rest: str, text: str) -> Curve:
    try:
        if kind == "steps":
            rates = [float(part) for part in rest.split(",")]
            ends = ((float(index + late), rate) for index, rate in enumerate(rates) for late in (0, 1))
            return Curve(tuple(ends), fixed=False)
        if kind == "constant":
            return constant(float(rest))
        low, high = (float(part) for part in rest.split(".."))
        if kind == "ramp":
            return Curve(((0.0, low), (1.0, high)), fixed=False)
        return Curve(_day(low, high), fixed=False)
    except CurveError as error:
        raise CurveError(f"{text}: {error}") from None
    except ValueError:
        raise CurveError(f"{text}: its rates cannot be read; {FORMS}") from None


def _day(low: float, high: float) -> tuple[tuple[float, float], ...]:
    least, most = min(DAY_SHARES), max(DAY_SHARES)
    rates = (low + (high - low) * (share - least) / (most - least) for share in DAY_SHARES)
    return tuple((float(hour), rate) for hour, rate in enumerate(rates))


def read(lines: Sequence[str], name: str) -> Curve:
    """A curve's file: "TIME RATE" a line, # begins a comment. Raises CurveError that names the line."""
    points = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            time, rate = words
            points.append((_seconds(time), float(rate)))
        except ValueError:
            raise CurveError(f"{name}, line {number}: {line.strip()!r} is not TIME RATE") from None
    try:
        return Curve(tuple(points))
    except CurveError as error:
        raise CurveError(f"{name}: {error}") from None


def _seconds(text: str) -> float:
    if ":" in text:
        hours, minutes = text.split(":")
        return int(hours) * 3600.0 + int(minutes) * 60.0
    unit = UNITS_S.get(text[-1])
    return float(text[:-1]) * unit if unit else float(text)
