"""`eagleray bench wake`: how long a client waits for its first row from a cluster that is at zero, and where that time goes.

A cluster of this machine's own, in a temporary folder, is filled with rows; then, again and again, it is left until it is at zero, and a client
connects (or one whose session is parked goes on) and reads a row by its key.

    from the first byte to the first row = the controller's steps (cluster/wakes.py) + what the session itself takes

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

ZERO_S_MAX = 120.0
ZERO_AFTER_S = 2.0
BATCH_ROWS = 100_000
STEPS = (
    ("state_read", "the controller reads the cluster's state"),
    ("roles_run", "roles start where it says"),
    ("adjudicators_lead", "every adjudicator leads"),
    ("first_row", "the session's first row"),
)
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
    """Milliseconds since the client's first byte. `steps`: by name, one for each wake."""

    rows: int
    warm: bool
    parked: bool
    steps: dict[str, list[float]] = field(default_factory=dict)

    def add(self, steps: dict[str, float]) -> None:
        for name, ms in steps.items():
            self.steps.setdefault(name, []).append(ms)

    def as_json(self) -> str:
        return json.dumps(self.__dict__)

    def table(self) -> str:
        lines = [f"{'ms since the first byte':44}{'median':>9}{'90 %':>9}{'99 %':>9}{'max':>9}"]
        for name, title in STEPS:
            ms = sorted(self.steps[name])
            lines.append(f"{title:44}" + "".join(f"{quantile(ms, share):9.0f}" for share in (0.5, 0.9, 0.99, 1.0)))
        return "\n".join(lines)


def measure(wakes: int, rows: int, *, warm: bool, parked: bool, on_wake: Callable[[int, float], None]) -> Report:
    report = Report(rows, warm, parked)
    settings = SETTINGS.format(zero_after_s=ZERO_AFTER_S, warm=str(warm).lower(), park_after_s=0.5 if parked else 0)
    with own_cluster("wake", settings, quiet=True) as data:
        url = str(_status(data)["url"])
        _fill(data, url, rows)
        draw = random.Random(1)
        kept = psycopg.connect(url, autocommit=True, prepare_threshold=0) if parked else None
        before = int(_status(data)["activity"]["wakes"])
        for number in range(wakes):
            _await_zero(data)
            row = draw.randrange(rows)
            begun_s = time.perf_counter()
            _read(kept, url, row)
            first_row_ms = (time.perf_counter() - begun_s) * 1000
            report.add({**_steps(data, before + number + 1), "first_row": first_row_ms})
            on_wake(number + 1, first_row_ms)
        if kept is not None:
            kept.close()
    return report


def _read(kept: psycopg.Connection | None, url: str, row: int) -> None:
    try:
        client = kept or psycopg.connect(url, autocommit=True)
        found = client.execute("SELECT v FROM wake WHERE k = %s", (row,)).fetchall()
        if kept is None:
            client.close()
    except psycopg.Error as error:
        raise WakeFailed(f"a wake gave an error: {error}") from None
    if found != [(f"row {row}",)]:
        raise WakeFailed(f"row {row} was read as {found}")


def _status(data: Path) -> dict[str, Any]:
    from eagleray.command.show import status_of

    return status_of(data)


def _fill(data: Path, url: str, rows: int) -> None:
    """... and wait for the checkpoints (storing.checkpoint_idle_s), as a cluster does that is idle for longer than that before it goes to zero."""
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("CREATE TABLE wake (k bigint PRIMARY KEY, v text)")
        for first in range(0, rows, BATCH_ROWS):
            with client.cursor().copy("COPY wake FROM STDIN") as copy:
                copy.write("".join(f"{row}\trow {row}\n" for row in range(first, min(first + BATCH_ROWS, rows))))
        filled_us = time.time() * 1e6
        end = time.monotonic() + ZERO_S_MAX
        while any(actor["layer"] == "storage" and actor["checkpoint"] < filled_us for actor in _status(data)["actors"]):
            if time.monotonic() > end:
                raise WakeFailed(f"no checkpoint in {ZERO_S_MAX:.0f} s")
            client.execute("SELECT 1")
            threading.Event().wait(0.5)


def _await_zero(data: Path) -> None:
    end = time.monotonic() + ZERO_S_MAX
    while (status := _status(data))["state"] != "asleep":
        if time.monotonic() > end:
            raise WakeFailed(f"the cluster is not at zero after {ZERO_S_MAX:.0f} s: {status['activity']['awake_because']}")
        threading.Event().wait(0.2)


def _steps(data: Path, wakes: int) -> dict[str, float]:
    """Of the last wake, which is number `wakes`."""
    activity = _status(data)["activity"]
    if activity["wakes"] != wakes:
        raise WakeFailed(f"the cluster woke {activity['wakes']} times; {wakes} were asked for")
    return dict(activity["last_wake"]["steps_ms"])


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
        f"\n{wakes} wakes, {rows} rows, {'warm' if warm else 'cold'} processes, {os.cpu_count()} processors, {'a parked session' if parked else 'a new connection'}"
    )
    print(report.table())
    if out is not None:
        out.write_text(report.as_json() + "\n")
