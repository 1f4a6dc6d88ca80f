"""Steering: which plan a campaign runs next. Half of the runs are drawn blind, the others vary the plan of a run that
met what few others did (coverage.py).

    steering = Steering(options.plan)
    plan = steering.plan(seed)         drawn by the seed, or bred from earlier runs' plans
    steering.learn(report)

A bred plan is an earlier run's, with some parts drawn anew, and a seed of its own: the same kinds of faults, another
schedule. What the next plan is depends on the reports that were learnt, in their order, and on the seed alone; so a
campaign that learns in order draws the same again. A run is its seed and its plan, whoever chose it.

This is coverage-guided fuzzing (AFL), with features of a protocol for edges of code and plans of swarm testing for
inputs; a plan's chance is what its run met, each feature weighing the less the more runs have met it (as in entropic
schedules: Boehme et al., FSE 2020).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from random import Random
from typing import TYPE_CHECKING, Any

from cluster.simulation.hostile import Plan

if TYPE_CHECKING:
    from cluster.simulation.run import SeedReport

BLIND_SHARE = 0.5
PARENTS_MAX = 100
"""Plans that are kept: those whose runs met the rarest."""
RARE_RUNS_MAX = 5
"""A feature that more runs have met weighs nothing."""
TOGETHER = (
    ("strikes", "losses", "nemeses"),
    ("crowded", "clients", "pace_s"),
    ("pause_s_max", "strike_s_max"),
    ("settings", "cuts"),
)
"""Fields that are drawn together: one alone would make no sense, or hide the other."""
FRESH_SHARE = 0.25
"""Of a bred plan's parts that are drawn anew."""


class Steering:
    """`draw`: a seed's own plan."""

    def __init__(self, draw: Callable[[int], Plan]) -> None:
        self._draw = draw
        self._parents: list[tuple[Plan, frozenset[str]]] = []
        self.met: Counter[str] = Counter()
        """Feature -> runs that met it."""
        self.bred = 0

    def plan(self, seed: int) -> Plan:
        drawn = self._draw(seed)
        random = Random(f"{seed}/steering")
        if not self._parents or random.random() < BLIND_SHARE:
            return drawn
        weights = [self._weight(features) for _, features in self._parents]
        if not any(weights):
            return drawn
        self.bred += 1
        [(parent, _)] = random.choices(self._parents, weights)
        return bred(parent, drawn, random)

    def learn(self, report: SeedReport) -> None:
        """In an order that does not depend on which run ended first."""
        self.met.update(report.features)
        if report.failure is not None:
            return  # it met its end early, and is to be replayed, not varied
        self._parents.append((report.plan, report.features))
        if len(self._parents) > 2 * PARENTS_MAX:
            ranked = sorted(self._parents, key=lambda parent: self._weight(parent[1]), reverse=True)
            self._parents = ranked[:PARENTS_MAX]

    def _weight(self, features: frozenset[str]) -> int:
        """In 60ths, so that the order of a set makes no difference."""
        met = self.met
        return sum(60 // met[feature] for feature in features if met[feature] <= RARE_RUNS_MAX)


def bred(parent: Plan, drawn: Plan, random: Random) -> Plan:
    """The parent's plan with some parts, one at least, of the drawn one."""
    grouped = {name for group in TOGETHER for name in group}
    parts = [*TOGETHER, *((field.name,) for field in fields(Plan) if field.name not in grouped)]
    chosen = [part for part in parts if random.random() < FRESH_SHARE] or [random.choice(parts)]
    fresh: dict[str, Any] = {name: getattr(drawn, name) for part in chosen for name in part}
    return replace(parent, **fresh)
