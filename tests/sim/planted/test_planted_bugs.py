"""The checkers are checked: each bug of bugs.py must be found within 200 seeds, and without a bug nothing is.

PROOFS=all python -m pytest tests/sim/planted       those, too, that take turns: each of the dear ones has one day of
four
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from datetime import date

import pytest

from cluster.simulation.hostile import Plan, trimmed
from cluster.simulation.run import run_seed
from tests.sim.planted.bugs import BUGS, DEAR_S, NOT_FOUND, SEEDS_MAX, TURNS, has_its_turn, hunt, kept_runs
from tests.sim.planted.plans import (
    busy,
    busy_pair,
    far_apart_and_struck,
    far_apart_with_wrong_clocks,
    resting,
    resting_with_wrong_clocks,
    short_leases,
    slow_disks,
    small_storage,
    two_nemeses,
    with_settings,
)
from workloads.proofs import PROOFS

ALL = os.environ.get("PROOFS") == "all"
CONTROL_S = 15.0
"""Of the runs without a bug: half of what a hunt has. Two hundred longer ones are the campaign."""
CONTROLS = range(2) if ALL else [date.today().toordinal() % 2]
"""Their seeds, which take turns, too."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [name for name in BUGS if name not in NOT_FOUND])
def test_a_planted_bug_is_found(name: str) -> None:
    if not ALL and not has_its_turn(name, date.today().toordinal()):
        pytest.skip("another day's turn; `make proofs` has all of them")
    logging.disable(logging.CRITICAL)
    as_drawn = BUGS[name].as_drawn
    try:
        # A bug that shows in rare schedules alone is not hunted anew here, which would take minutes.
        report = hunt(name, range(0) if as_drawn else range(SEEDS_MAX), processes=1)
    finally:
        logging.disable(logging.NOTSET)
    if report is None and as_drawn:
        pytest.skip(
            "traces have changed since its run was kept: `python -m tests.sim.planted.bugs --keep` hunts it anew"
        )
    assert report is not None, f"{name} was not found"
    kept = kept_runs().get(name)
    if kept is not None and report.seed != kept.seed:
        warnings.warn(f"{name}: seed {report.seed} shows it now, not {kept.seed}: `bugs --keep {name}`", stacklevel=1)


def test_each_bug_has_a_turn_and_the_cheap_ones_every_day() -> None:
    days = range(1000, 1000 + TURNS)
    for name in BUGS:
        turns = [day for day in days if has_its_turn(name, day)]
        kept = kept_runs().get(name)
        assert len(turns) == (1 if kept is not None and kept.cpu_s >= DEAR_S else TURNS), name


@pytest.mark.parametrize(
    "change",
    [
        *(busy, busy_pair, slow_disks, two_nemeses, short_leases, far_apart_and_struck, far_apart_with_wrong_clocks),
        *(resting, resting_with_wrong_clocks),
        *(with_settings(small_storage), with_settings(trimmed)),
    ],
)
def test_nothing_is_found_where_nothing_is_planted(change: Callable[[Plan], Plan]) -> None:
    for seed in CONTROLS:
        report = run_seed(seed, seconds=CONTROL_S, change=change)
        assert report.failure is None, report.details


@pytest.mark.parametrize("proof", PROOFS)
def test_a_proof_alone_finds_nothing_where_nothing_is_planted(proof: str) -> None:
    for seed in CONTROLS:
        report = run_seed(seed, seconds=CONTROL_S, proofs=(proof,), change=busy, proofs_alone=True)
        assert report.failure is None, report.details


def test_a_bug_that_must_be_found_as_drawn_has_the_run_that_found_it() -> None:
    kept = kept_runs()
    for name, bug in BUGS.items():
        assert not bug.as_drawn or (name in kept) != (name in NOT_FOUND), name
