"""What `make bench` makes of its figures: ratios, and what it calls worse than before."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.table import Figure, worse

MACHINE = {"processor": "one", "processors": 2, "memory_gb": 8, "python": "3.11.7"}


def entry(ratio: float | None, commit: str = "now", **others: Any) -> dict[str, Any]:
    return {"commit": commit, "machine": MACHINE, "quick": False, "figures": {"sum": {"ratio": ratio}}} | others


def test_a_ratio_is_of_speeds() -> None:
    assert Figure("select 8", "/s", 10_000, 40_000).ratio == 0.25
    assert Figure("sum", "ms", 10.0, 40.0).ratio == 4.0
    assert Figure("memory", "MB", 900.0).ratio is None


@pytest.mark.parametrize(("ratio", "told"), [(0.84, []), (0.8, ["sum: 0.800 of PostgreSQL's speed, 1.000 at then"])])
def test_worse_by_more_than_a_sixth_is_told(ratio: float, told: list[str]) -> None:
    assert worse(entry(ratio), [entry(0.5, "long ago"), entry(1.0, "then")]) == told


def test_other_machines_and_sizes_tell_nothing() -> None:
    other = entry(1.0, machine=MACHINE | {"python": "3.13.1"})
    assert worse(entry(0.5), [other, entry(1.0, quick=True)]) == []
    assert worse(entry(0.5), [entry(1.0, "then"), other]) != []


def test_a_figure_that_was_not_taken_is_looked_for_further_back() -> None:
    lacking = entry(1.0) | {"figures": {}}
    assert worse(entry(0.5), [entry(1.0, "then"), lacking]) != []
    assert worse(entry(None), [entry(1.0, "then")]) == []
