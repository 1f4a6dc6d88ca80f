"""Many seeds, spread over the processors, and what they came to.

    totals = Totals()
    for report in run_campaign(range(1000), Options(seconds=120), processes=2):
        totals.add(report)

Reports come as runs end, in no order of their own; each depends on its seed alone. (A steered campaign's come in order,
and depend on those before.) Worker processes are forked from one that has imported everything, run a few seeds each,
and end.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from random import Random
from typing import Any, Protocol

from actors.query_processor.session import value_lists
from cluster.simulation.emphases import dense
from cluster.simulation.hostile import Plan
from cluster.simulation.regions import far
from cluster.simulation.run import SECONDS, SeedReport, drawn_plan, proof_names, run_seed
from cluster.simulation.steering import Steering

RUNS_MAX = 10
"""Of one worker process. It leaves their garbage (some 30 MB each) uncollected, which would take a tenth of the
time."""
RUNNING_MAX = 16
"""Runs of a steered campaign that have begun and have not been learnt from."""
PRELOADED = (
    "actors.adjudicator.adjudicator",
    "actors.crossbar.crossbar",
    "actors.query_processor.column_executor.catalog_calls",
    "actors.query_processor.column_executor.plan",
    "actors.query_processor.ddl.alter",
    "actors.query_processor.ddl.schemas",
    "actors.query_processor.planner",
    "actors.query_processor.session",
    "actors.postgres.columns",
    "duckdb",
)
"""What roles import when they are first made or used, and with it all the rest."""


def preload() -> None:
    """Before worker processes are forked: what the first one imported or compiled, each of them would."""
    for name in PRELOADED:
        import_module(name)
    value_lists.prepare()


@dataclass(frozen=True)
class Options:
    """Of every run of a campaign: virtual seconds under faults, the proofs to choose from (none named: all), and a
    factor on clients' pauses (fewer transactions a seed, more seeds a minute)."""

    seconds: float = SECONDS
    proofs: tuple[str, ...] = ()
    pause: float = 1.0
    steered: bool = False
    """Half of the plans are bred from those of runs that met what few others did (steering.py)."""
    dense: bool = False
    """The cluster's shape changes all the time (emphases.py)."""
    regions: bool = False
    """Every cluster's zones are regions, far from each other (regions.py)."""

    def plan(self, seed: int) -> Plan:
        plan = drawn_plan(seed, self.proofs, self.seconds)
        plan = replace(plan, pace_s=plan.pace_s * self.pause)
        names = proof_names(self.proofs)
        plan = far(plan, Random(f"{seed}/regions"), names) if self.regions else plan
        return dense(plan, Random(f"{seed}/dense"), names) if self.dense else plan

    def run(self, seed: int, keep_trace: bool = False, plan: Plan | None = None) -> SeedReport:
        """`plan`: in place of the one that the seed draws."""
        plan = plan or self.plan(seed)
        return run_seed(seed, seconds=self.seconds, keep_trace=keep_trace, plan=plan, covered=self.steered)


def run_campaign(seeds: Iterable[int], options: Options, processes: int = 0) -> Iterator[SeedReport]:
    """`processes` 0: one a processor."""
    processes = processes or os.cpu_count() or 1
    preload()
    with multiprocessing.get_context("fork").Pool(processes, _quieten, maxtasksperchild=RUNS_MAX) as pool:
        if options.steered:
            yield from _steered(seeds, options, lambda seed, plan: pool.apply_async(_run, (seed, options, plan)))
        else:
            yield from pool.imap_unordered(_run_drawn, ((seed, options) for seed in seeds))


class _Running(Protocol):
    def get(self) -> SeedReport: ...


def _steered(seeds: Iterable[int], options: Options, begin: Callable[[int, Plan], _Running]) -> Iterator[SeedReport]:
    """In the order of the seeds. A run's plan depends on all runs but the last `RUNNING_MAX` before it, however many go
    on at a time and whichever ends first."""
    steering = Steering(options.plan)
    running: deque[_Running] = deque()
    for seed in seeds:
        if len(running) == RUNNING_MAX:
            report = running.popleft().get()
            steering.learn(report)
            yield report
        running.append(begin(seed, steering.plan(seed)))
    while running:
        yield running.popleft().get()


def _quieten() -> None:
    """What roles log in a simulation is in its trace, or is not of interest. A worker's garbage goes with it."""
    logging.disable(logging.CRITICAL)
    gc.disable()


def _run_drawn(work: tuple[int, Options]) -> SeedReport:
    seed, options = work
    return _run(seed, options, options.plan(seed))


def _run(seed: int, options: Options, plan: Plan) -> SeedReport:
    report = options.run(seed, plan=plan)
    report.trace = report.trace if report.failure else []
    return report


@dataclass
class Totals:
    """Sums over the reports of a campaign."""

    seeds: int = 0
    failing: list[SeedReport] = field(default_factory=list)
    virtual_s: float = 0.0
    attempts: int = 0
    commits: int = 0
    reads: int = 0
    rows: int = 0
    events: int = 0
    strikes: Counter[str] = field(default_factory=Counter)
    proofs: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    """Of a steered campaign: feature -> runs that met it."""
    begun: float = field(default_factory=time.perf_counter)

    def add(self, report: SeedReport) -> None:
        self.seeds += 1
        if report.failure is not None:
            self.failing.append(report)
        self.virtual_s += report.virtual_s
        self.attempts += report.attempts
        self.commits += report.commits
        self.reads += report.reads
        self.rows += report.rows
        self.events += report.events
        self.strikes.update(report.strikes)
        self.proofs.update(report.plan.proofs)
        self.met.update(report.features)

    @property
    def seeds_a_minute(self) -> float:
        return self.seeds * 60 / max(time.perf_counter() - self.begun, 1e-9)

    def as_json(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "failing_seeds": sorted(report.seed for report in self.failing),
            "seeds_a_minute": round(self.seeds_a_minute, 1),
            "virtual_hours": round(self.virtual_s / 3600, 2),
            "transactions": {"attempted": self.attempts, "committed": self.commits},
            "checked": {"reads": self.reads, "rows_of_replicas": self.rows},
            "events": self.events,
            "faults": dict(self.strikes.most_common()),
            "proofs": dict(sorted(self.proofs.items())),
            **(
                {"features": {"met": len(self.met), "by_one_run": sum(runs == 1 for runs in self.met.values())}}
                if self.met
                else {}
            ),
        }
