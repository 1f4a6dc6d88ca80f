"""`eagleray bench wake`: how long a client waits for its first row from a cluster that is at zero, and where that time
goes.

A cluster of this machine's own, in a temporary folder, is filled with rows; then, again and again, it is left until it
is at zero and, unless it is to be cold, Ray has spare workers for its processes (a second later at most; a client that
comes sooner waits for them). A client connects, or one whose session is parked goes on, and reads a row by its key.

    from the first byte to the first row = the controller's steps (cluster/wakes.py) + what the session itself takes

The roles' own starts, as their processes have measured them, overlap with each other.

Linux; the client is psycopg, in this process. Raises WakeFailed where a wake gives an error or a wrong row.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from eagleray.own_cluster import NotStarted, own_cluster
from eagleray.workload.measure import quantile

STATE_S_MAX = 120.0
ZERO_AFTER_S = 2.0
BATCH_ROWS = 100_000
STEPS = (
    ("state_read", "the controller reads the cluster's state"),
    ("journal", "the journals are open"),
    ("storage", "storage is open"),
    ("crossbar", "the crossbar runs"),
    ("query_processor", "every query processor runs"),
    ("roles_run", "every role runs"),
    ("adjudicators_lead", "every adjudicator leads"),
    ("session", "the session begins"),
    ("first_row", "the session's first row"),
)
LAYERS = ("journal", "storage", "crossbar", "query_processor")
SETTINGS = """
mode = "open"
[scaling]
zero_after_s = {zero_after_s}
warm = {warm}
[sessions]
park_after_s = {park_after_s}
"""


class WakeFailed(Exception):
    """In one line."""


@dataclass
class Report:
    """Milliseconds since the client's first byte. `steps`: by name, one for each wake. `starts`: by layer, how long
    each of its roles took to start."""

    rows: int
    warm: bool
    parked: bool
    steps: dict[str, list[float]] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)

    def add(self, steps: dict[str, float], starts: dict[str, list[float]]) -> None:
        for name, ms in steps.items():
            self.steps.setdefault(name, []).append(ms)
        for layer, all_ms in starts.items():
            self.starts.setdefault(layer, []).extend(all_ms)

    def as_json(self) -> str:
        return json.dumps(self.__dict__)

    def table(self) -> str:
        steps = {title: self.steps[name] for name, title in STEPS if name in self.steps}
        starts = {f"a role of the layer {layer}": self.starts[layer] for layer in LAYERS if layer in self.starts}
        return "\n".join([*_lines("ms since the first byte", steps), "", *_lines("ms that a start takes", starts)])


def _lines(title: str, samples: dict[str, list[float]]) -> list[str]:
    lines = [f"{title:44}{'median':>9}{'90 %':>9}{'99 %':>9}{'max':>9}"]
    for name, all_ms in samples.items():
        ms = sorted(all_ms)
        lines.append(f"{name:44}" + "".join(f"{quantile(ms, share):9.0f}" for share in (0.5, 0.9, 0.99, 1.0)))
    return lines


def measure(wakes: int, rows: int, *, warm: bool, parked: bool, on_wake: Callable[[int, float], None]) -> Report:
    report = Report(rows, warm, parked)
    settings = SETTINGS.format(zero_after_s=ZERO_AFTER_S, warm=str(warm).lower(), park_after_s=0.5 if parked else 0)
    with own_cluster("wake", settings, quiet=True) as data:
        url = str(status_of(data)["url"])
        _fill(url, rows)
        draw = random.Random(1)
        kept = psycopg.connect(url, autocommit=True, prepare_threshold=0) if parked else None
        begun = _await(data, "running")
        before, spares = int(begun["activity"]["wakes"]), len(_processes(begun)) if warm else 0
        for number in range(wakes):
            await_zero(data, spares)
            session = _read(kept, url, draw.randrange(rows))
            status = _await(data, "running")  # a row may come before the last process is there
            report.add({**_steps(status, before + number + 1), **session}, _starts(status))
            on_wake(number + 1, session["first_row"])
        if kept is not None:
            kept.close()
    return report


def _read(kept: psycopg.Connection | None, url: str, row: int) -> dict[str, float]:
    """Milliseconds from now: until the session has begun, where it is a new one, and until its first row."""
    took: dict[str, float] = {}
    begun_s = time.perf_counter()
    try:
        client = kept or psycopg.connect(url, autocommit=True)
        if kept is None:
            took["session"] = (time.perf_counter() - begun_s) * 1000
        found = client.execute("SELECT v FROM wake WHERE k = %s", (row,)).fetchall()
        took["first_row"] = (time.perf_counter() - begun_s) * 1000
        if kept is None:
            client.close()
    except psycopg.Error as error:
        raise WakeFailed(f"a wake gave an error: {error}") from None
    if found != [(f"row {row}",)]:
        raise WakeFailed(f"row {row} was read as {found}")
    return took


def status_of(data: Path) -> dict[str, Any]:
    from eagleray.command.show import status_of

    return status_of(data)


def _fill(url: str, rows: int) -> None:
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("CREATE TABLE wake (k bigint PRIMARY KEY, v text)")
        for first in range(0, rows, BATCH_ROWS):
            with client.cursor().copy("COPY wake FROM STDIN") as copy:
                copy.write("".join(f"{row}\trow {row}\n" for row in range(first, min(first + BATCH_ROWS, rows))))


def _processes(status: dict[str, Any]) -> set[str]:
    """Those that a wake creates."""
    return {actor["actor"] for actor in status["actors"] if actor["layer"] not in ("gateway", "controller")}


def spares_of(data: Path) -> int:
    """How many spare workers there are to be at zero. The cluster is awake, or about to be."""
    return len(_processes(_await(data, "running")))


def await_zero(data: Path, spares: int = 0) -> dict[str, Any]:
    """The status at zero, once there are so many spare workers. Raises WakeFailed."""
    from eagleray.demo.processes import spare_workers

    status = _await(data, "asleep")
    end = time.monotonic() + STATE_S_MAX
    while len(spare_workers(data)) < spares:
        if time.monotonic() > end:
            raise WakeFailed(f"Ray has not made {spares} spare workers in {STATE_S_MAX:.0f} s")
        threading.Event().wait(0.1)
    return status


def _await(data: Path, state: str) -> dict[str, Any]:
    end = time.monotonic() + STATE_S_MAX
    while (status := status_of(data))["state"] != state:
        if time.monotonic() > end:
            raise WakeFailed(
                f"the cluster is not {state} after {STATE_S_MAX:.0f} s: {status['activity']['awake_because']}"
            )
        threading.Event().wait(0.1)
    return status


def _steps(status: dict[str, Any], wakes: int) -> dict[str, float]:
    """Of the last wake, which is number `wakes`."""
    activity = status["activity"]
    if activity["wakes"] != wakes:
        raise WakeFailed(f"the cluster woke {activity['wakes']} times; {wakes} were asked for")
    last = activity["last_wake"]
    runs: dict[str, float] = last["runs_ms"]
    layers = {layer: max(ms for role, ms in runs.items() if role.startswith(f"{layer}/")) for layer in LAYERS}
    return {**last["steps_ms"], **layers}


def _starts(status: dict[str, Any]) -> dict[str, list[float]]:
    return {layer: [actor["start_ms"] for actor in status["actors"] if actor["layer"] == layer] for layer in LAYERS}


def main(wakes: int, rows: int, warm: bool, parked: bool, out: Path | None) -> None:
    """Prints; writes JSON to `out`."""

    def show(number: int, ms: float) -> None:
        print(f"wake {number}: {ms:.0f} ms to the first row", flush=True)

    print("a cluster is started and filled", flush=True)
    try:
        report = measure(wakes, rows, warm=warm, parked=parked, on_wake=show)
    except NotStarted:
        raise WakeFailed("the cluster did not start") from None
    print(
        f"\n{wakes} wakes, {rows} rows, {'spare' if warm else 'no spare'} workers, {os.cpu_count()} processors, "
        f"{'a parked session' if parked else 'a new connection'}"
    )
    print(report.table())
    if out is not None:
        out.write_text(report.as_json() + "\n")
