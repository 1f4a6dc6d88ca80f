"""Makes kept runs cheaper: of each, a plan and a time under faults that cost the least and still have the bug found by
what must find it.

    python -m tests.sim.planted.shrinking                       those that cost more than `--above` CPU seconds (2)
    python -m tests.sim.planted.shrinking --above 1 [name ...]  and replaces their lines in found.jsonl

A run is cut only so far that its plan shows the bug with another seed, too: what one trace alone shows is lost with the
next change of the code, which changes all traces.

A bug that its kept run does not show any more is hunted first. Run by hand, when tests have become slow: a run that
`hunting --keep` has added is as its seed drew it.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cluster.simulation.campaign import preload
from tests.sim.planted.bugs import BUGS
from tests.sim.planted.hunting import (
    CAMPAIGN,
    SECONDS,
    Attempt,
    _hunt_one,
    _plant,
    hunt,
    keep,
    kept_runs,
    others_of,
)

SEEDS_TRIED = 6
SECONDS_MIN = 2.0
DEAR_S = 60.0
WORTH = 0.9
"""A run takes another's place where it costs at most so much of it."""
SPENT_MAX_S = 25.0
"""CPU seconds of a bug's trials, each of which ends when it has cost more than it is worth."""


def cheaper(attempt: Attempt) -> Iterator[Attempt]:
    """Neighbours of `attempt`, the most promising first."""
    plan, seconds = attempt.plan, attempt.seconds or (CAMPAIGN.seconds if attempt.as_drawn else SECONDS)
    assert plan is not None
    for share in (0.1, 0.25, 0.5, 0.75):
        if seconds * share >= SECONDS_MIN:
            yield replace(attempt, seconds=round(seconds * share, 1))
    if len(plan.proofs) > 1 and not BUGS[attempt.name].proofs:
        for proof in plan.proofs:
            yield replace(attempt, plan=replace(plan, proofs=(proof,)))
    changes: list[dict[str, Any]] = [
        {"lull": False, "keen": False, "weather_s_max": 0.0, "dawdle_s": 0.0},
        {"lull": False, "keen": False},
        {"clients": max(2, plan.clients // 2)},
        {"nemeses": 1, "losses": ()},
        {"row_bytes": 0},
        {"bounds": ()},
        {"bounds": plan.bounds[::2]},
        {"bounds": plan.bounds[1::2]},
        {"strikes": plan.strikes[: len(plan.strikes) // 2]},
        {"strikes": plan.strikes[len(plan.strikes) // 2 :]},
        {"pause_s_max": min(plan.pause_s_max, 1.0), "strike_s_max": min(plan.strike_s_max, 1.0)},
        {"pace_s": plan.pace_s * 2},
        {"pace_s": plan.pace_s / 2},
    ]
    for change in changes:
        other = replace(plan, **change)
        if other != plan:
            yield replace(attempt, plan=other)
    for seed in range(SEEDS_TRIED):
        if seed != attempt.seed:
            yield replace(attempt, seed=seed)


class _TooDear(BaseException):
    """Passes through whatever catches a run's failures."""


def _give_up(number: int, frame: object) -> None:
    raise _TooDear


def _cost(attempt: Attempt, worth_s: float) -> tuple[float, str | None]:
    """CPU seconds, and what failed (None also where the run was given up)."""
    begun = time.process_time()
    signal.signal(signal.SIGPROF, _give_up)
    signal.setitimer(signal.ITIMER_PROF, worth_s)
    try:
        failure = _hunt_one(attempt).report.failure
    except _TooDear:
        failure = None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
    return time.process_time() - begun, failure


def shrink(attempt: Attempt, above: float) -> tuple[Attempt, float, float]:
    """The cheapest that was found, what it costs, and what `attempt` costs (infinite where it shows nothing)."""
    bug = BUGS[attempt.name]
    spent_s = 0.0

    def cost(candidate: Attempt, worth_s: float) -> float:
        nonlocal spent_s
        with multiprocessing.get_context("fork").Pool(
            1, _plant, (bug,)
        ) as pool:  # a fresh process each: what one has cached costs less
            costs, failure = pool.apply(_cost, (candidate, worth_s))
        spent_s += costs
        return costs if failure is not None and failure.startswith(bug.found_by) else float("inf")

    def lasts(candidate: Attempt, worth_s: float) -> bool:
        return any(cost(replace(candidate, seed=seed), worth_s) < float("inf") for seed in others_of(candidate))

    first = best = cost(attempt, DEAR_S)
    if first == float("inf"):
        return attempt, best, first
    tried = [attempt]
    while best > above / 4 and spent_s < first + SPENT_MAX_S:
        for candidate in cheaper(attempt):
            if candidate not in tried and spent_s < first + SPENT_MAX_S:
                tried.append(candidate)
                if (costs := cost(candidate, WORTH * best)) < WORTH * best and lasts(candidate, best):
                    attempt, best = candidate, costs
                    break
        else:
            break
    return attempt, best, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--above", type=float, default=2.0)
    parser.add_argument("names", nargs="*", metavar="name")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    preload()
    for name in given.names or list(BUGS):
        known = kept_runs().get(name)
        shrunk, best, first = shrink(known, given.above) if known is not None else (None, float("inf"), float("inf"))
        if first == float("inf"):
            found = hunt(name, processes=1)
            if found is None:
                print(f"{name:48} NOT FOUND", flush=True)
                continue
            shrunk, best, first = shrink(
                Attempt(name, found.report.seed, BUGS[name].as_drawn, found.report.plan), given.above
            )
        assert shrunk is not None
        if best < float("inf"):
            keep(replace(shrunk, cpu_s=best))
        print(f"{name:48} {first:.1f} s, now {best:.1f} s", flush=True)


if __name__ == "__main__":
    main()
