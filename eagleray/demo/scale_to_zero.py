"""`eagleray demo scale-to-zero`: a cluster's day, from nothing to nothing, in one terminal.

    night      nothing runs but two gateways and the controller, on the head of a Ray cluster of its own; there is no
               other node
    morning    a first connection wakes the cluster: Ray's autoscaler adds a node for each zone
    the day    the article's shop along a day's curve (an open loop), and a rush for tickets at noon, all of one range
               of keys; query processors, adjudicators, key ranges and shards follow the load; `SLEEPERS` sessions with
               prepared statements of their own stay open all day and say nothing
    evening    the nodes have gone and nothing runs again, counted from the operating system's process list, while the
               sleepers' sessions are parked
    next day   each of them goes on where it was; the rows and the shop's checks are read again

A terminal shows the cluster meanwhile as `eagleray top` does, with the story below; elsewhere the story comes as lines.
Every figure is measured in this run. Exit status 0 only if nothing was lost, no session broke and it really was at
zero. DEMO_DAY_SECONDS: the day's length. DEMO_NODES=stay: on a Ray that is brought along, whose nodes stay.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg

from cluster.autoscaled_ray import raylets as raylets_of
from eagleray.demo.day import Day, Sample, cost
from eagleray.demo.nodes import NoRay, own_ray
from eagleray.demo.observer import NotSeen, Observer
from eagleray.demo.rush import Rush
from eagleray.demo.stage import Stage
from eagleray.own_cluster import NotStarted, end_in_order, own_cluster

SECONDS = float(os.environ.get("DEMO_DAY_SECONDS", "45"))
SLEEPERS = 50
NIGHT_RATE, DAY_RATE = 2, 60
"""Orders a second: what two cores do beside the clients, the cluster's start and this program."""
CLIENTS = 24
RUSH_FROM, RUSH_TO = 0.3, 0.7
"""Of the day: when tickets are sold beside."""
REPORT_S = 1.0
"""Query processors tell once in so long what was used."""
SETTINGS = """
[layout]
query_processors = 1
[scaling]
query_processors_max = 3
sessions_each = 10
adjudicators_max = 4
adjudicator_busy_share = 0.2
shard_bytes = 1_500_000
up_delay_s = 1.0
down_delay_s = 1.5
zero_after_s = 8.0
[sessions]
park_after_s = 2.0
"""


class Failed(Exception):
    """The demo's promise is broken, in one line."""


def run(data: Path, day: Day, stage: Stage, raylets: Callable[[], list[int]]) -> None:
    from eagleray.command.show import status_of

    url = str(status_of(data)["url"])

    def is_zero(sample: Sample) -> bool:
        return not sample.awake and sample.counts.get("node", 1) == 1

    with Observer(data, day, stage, raylets) as observer, ExitStack() as open_ones:
        night = observer.until(is_zero, "a cluster at zero")
        head = ", on Ray's head: there is no other node" if raylets() else ""
        stage.mark(f"night: nothing runs but {night.processes} gateways and the controller{head}")
        _first_connection(url, stage)
        if raylets():
            stage.mark(
                f"Ray's autoscaler has added {len(raylets()) - 1} nodes, one for each zone, because actors "
                f"asked for them"
            )
        sleepers = [
            open_ones.enter_context(psycopg.connect(url, autocommit=True, prepare_threshold=0)) for _ in range(SLEEPERS)
        ]
        for number, sleeper in enumerate(sleepers):
            sleeper.execute("INSERT INTO sleepers VALUES (%s, %s)", (number, f"sleeper {number}"))
            _wakes_as_itself(sleeper, number)
        stage.mark(f"{SLEEPERS} sessions have prepared a statement, and will say nothing until tomorrow")
        with Rush(url, RUSH_FROM * SECONDS, RUSH_TO * SECONDS) as rush:
            problems = _shop(url, day, stage)
        if problems:
            raise Failed("; ".join(problems))
        stage.mark(
            f"evening: the last customer has left; {len(rush.sold):,} tickets were sold at noon, all from "
            f"one range of numbers"
        )
        zero = observer.until(
            lambda sample: is_zero(sample) and sample.processes == night.processes, "a cluster at zero"
        )
        if zero.parked != SLEEPERS:
            raise Failed(f"{zero.parked} sessions are parked, of {SLEEPERS}")
        stage.mark(
            f"zero: {zero.processes} gateways and the controller are all that runs; {zero.parked} sessions are parked"
        )
        begun_s = time.monotonic()
        _wakes_as_itself(sleepers[0], 0)
        stage.mark(
            f"the next day: a session that slept has its first row after {time.monotonic() - begun_s:.2f} s, "
            f"as if nothing had been"
        )
        for number, sleeper in enumerate(sleepers):
            _wakes_as_itself(sleeper, number)
        count = sleepers[0].execute("SELECT count(*) FROM sleepers").fetchone()
        if count != (SLEEPERS,):
            raise Failed(f"{count} rows are left of {SLEEPERS}")
        if wrong := rush.check(sleepers[0]):
            raise Failed(wrong)
        _check_shop(url, stage)
        observer.wait(2 * REPORT_S)


def _first_connection(url: str, stage: Stage) -> None:
    begun_s = time.monotonic()
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("SELECT 1")
        stage.mark(
            f"morning: a first connection has its first row after {time.monotonic() - begun_s:.2f} s, from "
            f"cold processes"
        )
        client.execute("CREATE TABLE sleepers (k int PRIMARY KEY, v text)")


def _wakes_as_itself(sleeper: psycopg.Connection, number: int) -> None:
    try:
        row = sleeper.execute("SELECT v FROM sleepers WHERE k = %s", (number,)).fetchone()
    except psycopg.Error as error:
        raise Failed(f"session {number} broke: {error}") from None
    if row != (f"sleeper {number}",):
        raise Failed(f"session {number} read {row}")


def _shop(url: str, day: Day, stage: Stage) -> list[str]:
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
        late = "" if second.p99_ms is None else f", p99 {second.p99_ms:.0f} ms"
        stage.now(f"{second.rate:6.0f} of {second.meant or 0:.0f} orders/s{late}", aloud=int(second.second) % 5 == 0)

    stage.mark(f"the day begins: a shop's customers, {NIGHT_RATE} to {DAY_RATE} a second, in {SECONDS:.0f} s")
    report = in_loop(drive(orders, Plan(url, CLIENTS, SECONDS, curve=curve, on_second=seen)))
    stage.now("", aloud=False)
    stage.mark(
        f"{report.done:,} orders, retried {sum(report.retries.values()):,} (40001), other errors "
        f"{sum(report.errors.values())}"
    )
    return report.problems


def _check_shop(url: str, stage: Stage) -> None:
    from eagleray.workload.runner import check, in_loop
    from workloads import load

    checks = in_loop(check(load("orders", 1.0), url))
    if checks.wrong:
        raise Failed("; ".join(checks.wrong))
    stage.mark(f"every row is there: {len(checks.held)} checks of the shop held")


def main(html: Path | None = None, png: Path | None = None, nodes: str = "go") -> int:
    """`html`, `png`: where the day is drawn. `nodes`: "go", or "stay", where DEMO_NODES does not say which."""
    nodes_go = os.environ.get("DEMO_NODES", nodes) == "go"
    end_in_order()  # the cluster and its Ray
    try:
        print("\nA day from zero to zero: a cluster is made, and left alone ...", flush=True)
        with ExitStack() as stack:
            ray = stack.enter_context(own_ray()) if nodes_go else None
            data = stack.enter_context(own_cluster("day", SETTINGS, address=ray.address if ray is not None else ""))
            day = Day(time.monotonic())
            with Stage(day) as stage:
                run(data, day, stage, lambda: raylets_of(ray.folder) if ray is not None else [])
            print(cost(day), flush=True)
            _draw(day, html, png)
            print("\nThe demo held: it was at zero, no session broke, no row was lost.", flush=True)
        return 0
    except NotStarted:
        return 1
    except (Failed, NoRay, NotSeen) as error:
        print(f"\nThe demo FAILED: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _draw(day: Day, html: Path | None, png: Path | None) -> None:
    from eagleray.demo import day_picture

    if html is not None:
        day_picture.write_page(day, html)
    if png is not None:
        day_picture.write_png(day, png)
    if html or png:
        print("drawn: " + ", ".join(str(path) for path in (html, png) if path is not None), flush=True)


if __name__ == "__main__":
    sys.exit(main())
