"""What a seed drew can be kept: as JSON, and back."""

from __future__ import annotations

import json

import pytest

from cluster.simulation.campaign import Options
from cluster.simulation.run import drawn_plan
from cluster.simulation.saved_plan import CALM, as_json, plan_from


def test_every_drawn_plan_comes_back_as_it_was() -> None:
    for seed in range(300):
        plan = drawn_plan(seed)
        assert plan_from(json.loads(json.dumps(as_json(plan)))) == plan
    assert as_json(CALM) == {} and plan_from({}) == CALM


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"nemesis": 1}, "no plan has nemesis"),
        ({"settings": {"layout": {"shard": 2}}}, "no plan has settings.layout.shard"),
        ({"clients": "many"}, "no plan: .*clients"),
    ],
)
def test_what_is_no_plan_is_refused(found: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        plan_from(found)


def test_a_kept_plan_gives_the_run_that_it_gave() -> None:
    options = Options(5.0, ("bank",))
    drawn = options.run(3)
    kept = Options(5.0).run(3, plan=plan_from(as_json(drawn.plan)))
    assert kept.digest == drawn.digest and kept.failure is None and kept.plan == drawn.plan
