"""`eagleray demo scale-to-zero`: a cluster's day, from nothing to nothing, in one terminal.

    night      nothing runs but two gateways and the controller
    morning    a first connection wakes the cluster
    the day    the article's shop along a day's curve (an open loop); query processors and key ranges follow the load; `SLEEPERS` sessions with prepared
               statements of their own stay open all day and say nothing
    evening    nothing runs again, counted from the operating system's process list, while the sleepers' sessions are parked
    next day   each of them goes on where it was; the rows and the shop's checks are read again

Every figure is measured in this run. Exit status 0 only if nothing was lost, no session broke and it really was at zero. DEMO_DAY_SECONDS: the day's length.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from eagleray.demo.processes import role_processes
from eagleray.own_cluster import NotStarted, own_cluster

SECONDS = float(os.environ.get("DEMO_DAY_SECONDS", "60"))
SLEEPERS = 50
NIGHT_RATE, DAY_RATE = 2, 120
"""Orders a second: what two cores do beside the clients, the cluster's start and this program."""
CLIENTS = 24
ZERO_S_MAX = 90.0
SAMPLE_S = 0.5
SETTINGS = """
[layout]
query_processors = 1
[scaling]
query_processors_max = 3
sessions_each = 10
adjudicator_busy_share = 0.15
up_delay_s = 1.0
down_delay_s = 4.0
zero_after_s = 2.0
[sessions]
park_after_s = 2.0
"""


class Failed(Exception):
    """The demo's promise is broken, in one line."""


@dataclass(frozen=True)
class Sample:
    """The cluster at `second` of the demo. `processes`: those that hold roles, by the operating system. `boundaries`: between
    adjudicators' key ranges."""

    second: float
    processes: int
    query_processors: int
    boundaries: int
    parked: int
    awake: bool


@dataclass
class Day:
    """What was seen. `rates`: (second of the demo, orders a second meant, done, p99 in milliseconds)."""

    begun_s: float
    samples: list[Sample] = field(default_factory=list)
    rates: list[tuple[float, float, float, float | None]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)

    @property
    def second(self) -> float:
        return time.monotonic() - self.begun_s

    def mark(self, text: str) -> None:
        self.marks.append((self.second, text))
        print(f"{self.second:6.1f} s  {text}", flush=True)

    @property
    def process_seconds(self) -> float:
        """The area below the number of processes."""
        return sum((later.second - one.second) * one.processes for one, later in pairwise(self.samples))

    @property
    def peak(self) -> int:
        return max(sample.processes for sample in self.samples)


class Observer:
    """Samples the cluster in a thread of its own until it is closed."""

    def __init__(self, data: Path, day: Day) -> None:
        self._data = data
        self._day = day
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._told: tuple[int, int] | None = None

    def __enter__(self) -> Observer:
        self.sample()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self.sample()

    def sample(self) -> Sample:
        from eagleray.command.show import status_of

        status = status_of(self._data)
        actors: list[dict[str, Any]] = status["actors"]
        owners = [piece["adjudicator"] for piece in status["ranges"]]
        sample = Sample(
            second=self._day.second,
            processes=len(role_processes(self._data.absolute())),
            query_processors=sum(actor["layer"] == "query_processor" and actor["state"] == "running" for actor in actors),
            boundaries=sum(one != other for one, other in pairwise(owners)),
            parked=sum(int((actor["load"] or {}).get("parked", 0)) for actor in actors if actor["layer"] == "gateway"),
            awake=status["state"] != "asleep",
        )
        self._day.samples.append(sample)
        seen = sample.query_processors, sample.boundaries
        if self._told is not None and seen != self._told and sample.awake:
            self._day.mark(f"query processors: {seen[0]}, boundaries between key ranges: {seen[1]}, processes: {sample.processes}")
        self._told = seen
        return sample

    def until(self, condition: Callable[[Sample], bool], what: str) -> Sample:
        end_s = time.monotonic() + ZERO_S_MAX
        while not condition(sample := self._day.samples[-1]):
            if time.monotonic() > end_s:
                raise Failed(f"{what} was not seen in {ZERO_S_MAX:.0f} s: {sample}")
            threading.Event().wait(SAMPLE_S)
        return sample


def run(data: Path, day: Day) -> None:
    from eagleray.command.show import status_of

    url = str(status_of(data)["url"])
    with Observer(data, day) as observer, ExitStack() as open_ones:
        night = observer.until(lambda sample: not sample.awake, "a cluster at zero")
        day.mark(f"night: nothing runs but {night.processes} gateways and the controller")
        _first_connection(url, day)
        sleepers = [open_ones.enter_context(psycopg.connect(url, autocommit=True, prepare_threshold=0)) for _ in range(SLEEPERS)]
        for number, sleeper in enumerate(sleepers):
            sleeper.execute("INSERT INTO sleepers VALUES (%s, %s)", (number, f"sleeper {number}"))
            _wakes_as_itself(sleeper, number)
        day.mark(f"{SLEEPERS} sessions have prepared a statement, and will say nothing until tomorrow")
        problems = _shop(url, day)
        if problems:
            raise Failed("; ".join(problems))
        day.mark("evening: the last customer has left")
        zero = observer.until(lambda sample: not sample.awake and sample.processes == night.processes, "a cluster at zero")
        if zero.parked != SLEEPERS:
            raise Failed(f"{zero.parked} sessions are parked, of {SLEEPERS}")
        day.mark(f"zero: {zero.processes} gateways and the controller are all that runs; {zero.parked} sessions are parked")
        begun_s = time.monotonic()
        _wakes_as_itself(sleepers[0], 0)
        day.mark(f"the next day: a session that slept has its first row after {time.monotonic() - begun_s:.2f} s, as if nothing had been")
        for number, sleeper in enumerate(sleepers):
            _wakes_as_itself(sleeper, number)
        count = sleepers[0].execute("SELECT count(*) FROM sleepers").fetchone()
        if count != (SLEEPERS,):
            raise Failed(f"{count} rows are left of {SLEEPERS}")
        _check_shop(url, day)


def _first_connection(url: str, day: Day) -> None:
    begun_s = time.monotonic()
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("SELECT 1")
        day.mark(f"morning: a first connection has its first row after {time.monotonic() - begun_s:.2f} s, from cold processes")
        client.execute("CREATE TABLE sleepers (k int PRIMARY KEY, v text)")


def _wakes_as_itself(sleeper: psycopg.Connection, number: int) -> None:
    try:
        row = sleeper.execute("SELECT v FROM sleepers WHERE k = %s", (number,)).fetchone()
    except psycopg.Error as error:
        raise Failed(f"session {number} broke: {error}") from None
    if row != (f"sleeper {number}",):
        raise Failed(f"session {number} read {row}")


def _shop(url: str, day: Day) -> list[str]:
    """The day itself. What was wrong."""
    from eagleray.workload.measure import Measurements, Second
    from eagleray.workload.runner import Plan, in_loop, init
    from eagleray.workload.runner import run as drive
    from eagleray.workload.schedule import parse
    from workloads import load

    orders = load("orders", 1.0)
    in_loop(init(orders, url))
    curve = parse(f"day:{NIGHT_RATE}..{DAY_RATE}").over(SECONDS)
    begun = day.second

    def seen(second: Second, _: Measurements) -> None:
        day.rates.append((begun + second.second, second.meant or 0.0, second.rate, second.p99_ms))
        if int(second.second) % 5 == 0:
            sample = day.samples[-1]
            late = "" if second.p99_ms is None else f", p99 {second.p99_ms:.0f} ms"
            print(
                f"{day.second:6.1f} s    {second.rate:6.0f} of {second.meant or 0:.0f} orders/s{late}; query processors {sample.query_processors}, "
                f"processes {sample.processes}",
                flush=True,
            )

    day.mark(f"the day begins: a shop's customers, {NIGHT_RATE} to {DAY_RATE} a second, in {SECONDS:.0f} s")
    report = in_loop(drive(orders, Plan(url, CLIENTS, SECONDS, curve=curve, on_second=seen)))
    day.mark(f"{report.done:,} orders, retried {sum(report.retries.values()):,} (40001), other errors {sum(report.errors.values())}")
    return report.problems


def _check_shop(url: str, day: Day) -> None:
    from eagleray.workload.runner import check, in_loop
    from workloads import load

    checks = in_loop(check(load("orders", 1.0), url))
    if checks.wrong:
        raise Failed("; ".join(checks.wrong))
    day.mark(f"every row is there: {len(checks.held)} checks of the shop held")


def cost(day: Day) -> str:
    fixed = day.peak * (day.samples[-1].second - day.samples[0].second)
    return (
        f"cost: {day.process_seconds:,.0f} process-seconds; a fixed cluster of the peak's size ({day.peak} processes) "
        f"would have taken {fixed:,.0f}, {fixed / max(day.process_seconds, 1e-9):.1f} times as many"
    )


def main(picture: Path | None = None) -> int:
    """`picture`: where the day is drawn, as PNG and, beside it, as HTML."""
    try:
        print("\nA day from zero to zero: a cluster is made, and left alone ...", flush=True)
        with own_cluster("day", SETTINGS) as data:
            day = Day(time.monotonic())
            run(data, day)
            print(cost(day), flush=True)
            if picture is not None:
                from eagleray.demo.day_picture import draw

                draw(day, picture, cost(day))
                print(f"drawn: {picture} and {picture.with_suffix('.html')}", flush=True)
            print("\nThe demo held: it was at zero, no session broke, no row was lost.", flush=True)
        return 0
    except NotStarted:
        return 1
    except Failed as error:
        print(f"\nThe demo FAILED: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
