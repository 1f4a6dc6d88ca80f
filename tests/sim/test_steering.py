"""Steering: what runs met is told, plans that met the rare are varied, and the same campaign draws the same plans
again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from random import Random

from click.testing import CliRunner

from cluster.simulation import campaign
from cluster.simulation import steering as steering_module
from cluster.simulation.campaign import Options
from cluster.simulation.hostile import Plan
from cluster.simulation.run import SeedReport, drawn_plan
from cluster.simulation.saved_plan import as_json, plan_from
from cluster.simulation.steering import TOGETHER, Steering, bred

SHORT = Options(5.0, ("bank",), pause=6.0, steered=True)


def met(seed: int, *features: str) -> SeedReport:
    return SeedReport(seed, drawn_plan(seed), features=frozenset(features))


def test_a_bred_plan_takes_parts_of_both() -> None:
    parent, drawn = drawn_plan(1), drawn_plan(2)
    for number in range(100):
        plan = bred(parent, drawn, Random(number))
        for field in fields(Plan):
            assert getattr(plan, field.name) in (getattr(parent, field.name), getattr(drawn, field.name))
        for group in TOGETHER:
            told = [tuple(getattr(one, name) for name in group) for one in (plan, parent, drawn)]
            assert told[0] in told[1:]
    assert any(bred(parent, drawn, Random(number)) not in (parent, drawn) for number in range(10))


def test_who_met_the_rare_is_varied() -> None:
    steering = Steering(drawn_plan)
    for seed in range(20):
        steering.learn(met(seed, "usual", *(["rare"] if seed == 7 else [])))
    rare = drawn_plan(7)
    plans = [(steering.plan(seed), drawn_plan(seed)) for seed in range(100, 200)]
    varied = [plan for plan, drawn in plans if plan != drawn]
    assert len(varied) == steering.bred and 25 < len(varied) < 75
    parts = [sum(getattr(plan, field.name) == getattr(rare, field.name) for field in fields(Plan)) for plan in varied]
    assert min(parts) >= 3 and sum(parts) > 0.6 * len(parts) * len(fields(Plan))


def test_a_steered_campaign_is_the_same_however_many_run_at_a_time(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(campaign, "RUNNING_MAX", 2)
    monkeypatch.setattr(steering_module, "BLIND_SHARE", 0.0)
    seeds, options = range(6), replace(SHORT, seconds=2.0, pause=20.0)
    one, other = (
        [(r.seed, r.digest, as_json(r.plan)) for r in campaign.run_campaign(seeds, options, processes)]
        for processes in (1, 2)
    )
    assert one == other and [seed for seed, _, _ in one] == list(seeds)
    assert sum(plan != as_json(options.plan(seed)) for seed, _, plan in one) >= 3


def test_to_be_watched_changes_nothing_and_one_run_meets_one_set() -> None:
    watched, again, blind = SHORT.run(3), SHORT.run(3), Options(5.0, ("bank",), pause=6.0).run(3)
    assert watched.digest == blind.digest and not blind.features
    assert watched.features == again.features and len(watched.features) > 50
    assert any(" during " in feature for feature in watched.features) and any(
        "->" in feature for feature in watched.features
    )


def test_a_steered_run_that_failed_is_replayed_with_its_plan(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from eagleray.command import simulate
    from eagleray.command.main import cli

    monkeypatch.chdir(tmp_path)
    plan = SHORT.plan(4)
    failed = SeedReport(3, plan, failure="AssertionError: planted")
    monkeypatch.setattr(simulate, "run_campaign", lambda seeds, options, processes: iter([failed]))
    told = CliRunner().invoke(
        cli, ["sim", "--steer", "--seeds", "1", "--seconds", "5", "--proof", "bank", "--pause", "6"]
    )
    assert told.exit_code == 1 and "--plan seed-3.json" in told.output
    assert plan_from(json.loads((tmp_path / "seed-3.json").read_text())["plan"]) == plan
    monkeypatch.undo()
    replayed = CliRunner().invoke(
        cli, ["sim", "--seed", "3", "--seconds", "5", "--plan", str(tmp_path / "seed-3.json")]
    )
    assert replayed.exit_code == 0 and SHORT.run(3, plan=plan).digest[:16] in replayed.output
