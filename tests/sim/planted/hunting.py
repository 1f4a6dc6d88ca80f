"""Hunts the planted bugs (bugs.py), and keeps the runs that find them.

    python -m tests.sim.planted.hunting [name ...]              hunts and prints how many seeds each took
    python -m tests.sim.planted.hunting --as-drawn [name ...]   with the plans of `eagleray sim`, narrowed to nothing
    python -m tests.sim.planted.hunting --keep [name ...]       and writes the runs that found them, and what these
                                                                cost, to found.jsonl

`hunt` looks for a bug, seed after seed, in child processes: what is planted there is never changed back.
"""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from cluster.simulation.campaign import RUNS_MAX, Options, preload
from cluster.simulation.hostile import Plan
from cluster.simulation.run import SeedReport, run_seed
from cluster.simulation.saved_plan import as_json, plan_from
from tests.sim.planted.bugs import BUGS
from tests.sim.planted.planted import Planted
from tests.sim.seeds import HUNT_PAUSE

SEEDS_MAX = 200
SECONDS = 30.0
CAMPAIGN = Options(pause=HUNT_PAUSE)
"""What a bug that must be found as drawn is found by."""
DEAR_S = 1.0
"""CPU seconds of a kept run from which on `make test` leaves it to some days."""
TURNS = 4
"""Days after which each has had its turn."""
STALE = ("AttributeError", "ImportError", "NameError", "TypeError")
FOUND = Path(__file__).parent / "found.jsonl"
"""Of each bug: the run that found it, with the plan that its seed drew then, narrowed as it was. It is tried first, and
does not change with the draw. `seconds`: where fewer virtual seconds under faults than a hunt's find it, too. `cpu_s`:
what the run cost when that was last measured."""


KEPT_EVENTS_MAX = 150_000
"""After which `make test` gives up where the kept plan shows nothing any more."""
KEPT_SEEDS = 12
"""Tried with the kept plan where the seed that it was kept with shows nothing any more: a change of the code has
changed that one's trace, and the plan is one that brings the bug out, if not with every seed."""


@dataclass(frozen=True)
class Attempt:
    name: str
    seed: int
    as_drawn: bool
    plan: Plan | None = None
    seconds: float | None = None
    cpu_s: float = 0.0
    """What it cost once; no part of what the run is."""


def is_dear(name: str) -> bool:
    kept = kept_runs().get(name)
    return kept is not None and kept.cpu_s >= DEAR_S


def has_its_turn(name: str, day: int) -> bool:
    """Whether its kept run is cheap, or one of those of this day (an ordinal): the dear ones take turns."""
    return not is_dear(name) or crc32(name.encode()) % TURNS == day % TURNS


def others_of(kept: Attempt) -> list[int]:
    """The other seeds that its plan is tried with."""
    return [seed for seed in range(KEPT_SEEDS) if seed != kept.seed]


@cache
def kept_runs() -> dict[str, Attempt]:
    """As found.jsonl has them when somebody first asks; who changes the file clears the cache."""
    lines = [json.loads(line) for line in FOUND.read_text().splitlines()]
    return {
        (name := line["bug"]): Attempt(
            name,
            line["seed"],
            BUGS[name].as_drawn,
            plan_from(line["plan"]),
            line.get("seconds"),
            line.get("cpu_s", 0.0),
        )
        for line in lines
    }


@dataclass(frozen=True)
class Found:
    """A run that found a bug, and what it cost."""

    report: SeedReport
    cpu_s: float


def hunt(
    name: str,
    seeds: range = range(SEEDS_MAX),
    processes: int = 2,
    as_drawn: bool = False,
    events_max: int | None = None,
) -> Found | None:
    """The first run (about) in which the bug was found by what must find it (as drawn: by anything); None where none of
    them did. `as_drawn`: with the plans of `eagleray sim`, whatever the bug is narrowed to. `events_max`: no further
    run begins once those that found nothing had so many events."""
    bug = BUGS[name]
    attempts = [Attempt(name, seed, as_drawn or bug.as_drawn) for seed in seeds]
    kept = kept_runs().get(name)
    if kept is not None and not as_drawn:
        attempts[:0] = (kept, *(replace(kept, seed=seed) for seed in others_of(kept)))
    preload()
    with multiprocessing.get_context("fork").Pool(processes, _plant, (bug,), maxtasksperchild=RUNS_MAX) as pool:
        events = 0
        for found in pool.imap(_hunt_one, attempts):
            failure = found.report.failure
            if failure is not None and (as_drawn or failure.startswith(bug.found_by)):
                return found
            events += found.report.events
            if events_max is not None and events > events_max:
                break
    return None


_unplanted: list[Exception] = []
"""Of a child: why the bug could not be planted. A pool would make children for ever that end as they begin."""


def _plant(bug: Planted) -> None:
    gc.disable()  # a child leaves its garbage behind, as a campaign's do
    try:
        bug.plant()
    except Exception as error:
        _unplanted.append(error)


def _hunt_one(attempt: Attempt) -> Found:
    for error in _unplanted:
        raise error
    bug, seed = BUGS[attempt.name], attempt.seed
    begun_s = time.process_time()
    if attempt.as_drawn:
        options = CAMPAIGN if bug.as_drawn else Options()
        report = (replace(options, seconds=attempt.seconds) if attempt.seconds else options).run(
            seed, plan=attempt.plan
        )
    else:
        narrowed = bug.change if attempt.plan is None else None
        seconds = attempt.seconds or SECONDS
        report = run_seed(
            seed, seconds=seconds, proofs=bug.proofs, change=narrowed, proofs_alone=bug.proofs_alone, plan=attempt.plan
        )
    assert not _is_stale(report), f"the planted bug {attempt.name} does not fit the code any more:\n{report.details}"
    report.trace, report.details = [], ""
    return Found(report, time.process_time() - begun_s)


def _is_stale(report: SeedReport) -> bool:
    """Whether what failed uses something that has another name or form now: any seed would "find" it."""
    return (report.failure or "").startswith(STALE)


def keep(attempt: Attempt) -> None:
    """In place of the line that the bug had."""
    assert attempt.plan is not None
    others = [line for line in FOUND.read_text().splitlines() if json.loads(line)["bug"] != attempt.name]
    kept: dict[str, Any] = {"bug": attempt.name, "seed": attempt.seed, "plan": as_json(attempt.plan)}
    if attempt.seconds is not None:
        kept["seconds"] = attempt.seconds
    kept["cpu_s"] = round(attempt.cpu_s, 1)
    FOUND.write_text("".join(f"{line}\n" for line in (*others, json.dumps(kept))))
    kept_runs.cache_clear()


def main() -> None:
    logging.disable(logging.CRITICAL)
    as_drawn, keeps = "--as-drawn" in sys.argv, "--keep" in sys.argv
    for name in [name for name in sys.argv[1:] if name in BUGS] or BUGS:
        begun = time.perf_counter()
        found = hunt(name, processes=1 if keeps else 2, as_drawn=as_drawn)
        took = time.perf_counter() - begun
        if found is not None and keeps:
            report, kept = found.report, kept_runs().get(name)
            seconds = kept.seconds if kept is not None and kept.plan == report.plan else None
            keep(Attempt(name, report.seed, BUGS[name].as_drawn, report.plan, seconds, found.cpu_s))
        told = (
            "NOT FOUND" if found is None else f"{found.cpu_s:.1f} s, seed {found.report.seed}: {found.report.failure}"
        )
        print(f"{name:48} {told[:150]} ({took:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
