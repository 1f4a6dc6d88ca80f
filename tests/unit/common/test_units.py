"""Units follow the formulas, and the examples, of Aurora DSQL's user guide; a histogram's quantiles are right to an
eighth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common.latency import BUCKETS, Latencies, merged, quantile, upper_us
from actors.common.metering import Usage, statement_estimate, units_of
from actors.common.settings import Metering

RATES = Metering()


def test_the_user_guides_examples() -> None:
    """A point look-up, a scan of 100 rows of 100 bytes, one insert, a hundred."""
    for compute_ms, read, written, total in (
        (3, 2048, 0, 0.00675),
        (8, 10_000, 0, 0.02631),
        (8, 2048, 1024, 0.06175),
        (80, 2048, 12_800, 0.70875),
    ):
        units = units_of(Usage(compute_ms * 1_000_000, 0, 0, read, written), RATES)
        assert round(units.total, 5) == pytest.approx(total, abs=1e-5)


def test_a_statements_estimate_names_the_minimum_that_would_count() -> None:
    assert statement_estimate(15_500_000, 1677, 384, RATES) == [
        "Statement DPU Estimate:",
        "  Compute: 0.01550 DPU",
        "  Read: 0.00307 DPU (Transaction minimum: 0.00375)",
        "  Write: 0.01875 DPU (Transaction minimum: 0.05000)",
        "  Total: 0.03732 DPU",
    ]
    assert statement_estimate(0, 23_550, 0, RATES)[2:4] == ["  Read: 0.04312 DPU", "  Write: 0.00000 DPU"]


def test_rates_are_settings() -> None:
    rates = replace(RATES, dpu_per_compute_s=2.0, dpu_per_byte_read=1.0, dpu_per_byte_written=10.0)
    assert units_of(Usage(500_000_000, 9, 9, 3, 4), rates) == (1.0, 3.0, 40.0)


def test_usage_adds_up() -> None:
    one, two = Usage(1, 2, 3, 4, 5, 6, 7, 8), Usage(8, 7, 6, 5, 4, 3, 2, 1)
    assert one.plus(two) == Usage(9, 9, 9, 9, 9, 9, 9, 9) and one.plus(two).minus(two) == one


@given(st.integers(0, 10**13))
def test_a_latency_is_told_to_an_eighth(ns: int) -> None:
    latencies = Latencies()
    latencies.add(ns)
    told = quantile(latencies.account(), 0.5)
    assert told is not None and ns / 1000 <= told <= ns / 1000 * 1.125 + 2.1


def test_buckets_ascend_and_the_last_takes_what_is_longer() -> None:
    bounds = [upper_us(bucket) for bucket in range(BUCKETS)]
    assert bounds == sorted(set(bounds)) and bounds[-1] > 3600 * 1_000_000
    latencies = Latencies()
    latencies.add(10**18)
    assert latencies.account() == {str(bounds[-1]): 1}


def test_quantiles_of_several_histograms() -> None:
    fast, slow = Latencies(), Latencies()
    for _ in range(98):
        fast.add(100_000)
    for _ in range(2):
        slow.add(50_000_000)
    both = merged([fast.account(), slow.account()])
    median, worst = quantile(both, 0.5), quantile(both, 0.99)
    assert median is not None and 100 <= median <= 115 and worst is not None and 50_000 <= worst <= 56_250
    assert quantile({}, 0.5) is None
