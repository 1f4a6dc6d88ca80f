"""The checkers are checked: each bug of bugs.py must be found within 200 seeds, and without a bug nothing is.

PROOFS=all python -m pytest tests/sim/planted       those, too, that take turns: each of the dear ones has one day of
four
"""

from __future__ import annotations

import ast
import inspect
import logging
import os
import re
import warnings
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from cluster.simulation.hostile import Plan, trimmed
from cluster.simulation.run import run_seed
from tests.sim.planted.bugs import BUGS, NOT_FOUND
from tests.sim.planted.hunting import KEPT_EVENTS_MAX, SEEDS_MAX, TURNS, has_its_turn, hunt, is_dear, kept_runs
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
    """By its kept run or, where a change of the code has changed that one's trace, by another seed with its plan. To
    hunt a dear one anew, or one that shows in rare schedules alone, takes minutes: `make proofs` hunts the former, and
    fails where nothing is found."""
    if not ALL and not has_its_turn(name, date.today().toordinal()):
        pytest.skip("another day's turn; `make proofs` has all of them")
    logging.disable(logging.CRITICAL)
    as_drawn = BUGS[name].as_drawn
    anew = ALL and not as_drawn
    try:
        found = hunt(name, range(SEEDS_MAX if anew else 0), processes=1, events_max=None if ALL else KEPT_EVENTS_MAX)
    finally:
        logging.disable(logging.NOTSET)
    if found is None and not anew and (as_drawn or is_dear(name)):
        pytest.skip("traces have changed since its run was kept: `python -m tests.sim.planted.hunting --keep` hunts it")
    assert found is not None, f"{name} was not found"
    if (seed := found.report.seed) != kept_runs()[name].seed:
        warnings.warn(f"{name}: seed {seed} shows it now: `hunting --keep {name}`", stacklevel=1)


@pytest.mark.parametrize("module", sorted({bug.plant.__module__ for bug in BUGS.values()}))
def test_what_is_planted_takes_the_place_of_something(module: str) -> None:
    """A method that nobody calls any more would change nothing."""
    known = vars(import_module(module))
    for node in ast.walk(ast.parse(Path(known["__file__"]).read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            assert (
                owner is None
                or hasattr(owner, node.attr)
                or re.search(rf"\bself\.{node.attr}\b.* = ", inspect.getsource(owner))
            ), f"line {node.lineno}: {ast.unparse(node)}"


def test_each_bug_has_a_turn_and_the_cheap_ones_every_day() -> None:
    days = range(1000, 1000 + TURNS)
    for name in BUGS:
        turns = [day for day in days if has_its_turn(name, day)]
        assert len(turns) == (1 if is_dear(name) else TURNS), name


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


def test_a_bug_has_the_run_that_found_it() -> None:
    kept = kept_runs()
    for name in BUGS:
        assert (name in kept) != (name in NOT_FOUND), name
