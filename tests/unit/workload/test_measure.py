"""Histograms, seconds and the report."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hdrh.histogram import HdrHistogram

from eagleray.workload.measure import Latencies, Measurements, Second, quantile_ms
from eagleray.workload.report import BARS, BARS_MAX, Generator, Report, bars


def test_percentiles_are_right_to_three_digits() -> None:
    chance, latencies = random.Random(1), Latencies()
    seconds = sorted(chance.lognormvariate(-5, 2) for _ in range(20_000))
    for value in seconds:
        latencies.record(value)
    for percentile in (50.0, 90.0, 99.0, 99.9):
        exact = quantile_ms(seconds, percentile / 100)
        assert exact is not None and latencies.ms(percentile) == pytest.approx(exact, rel=0.002, abs=0.001)
    summary = latencies.summary()
    assert summary["mean"] == pytest.approx(sum(seconds) / len(seconds) * 1000)
    assert summary["max"] == pytest.approx(seconds[-1] * 1000, rel=0.001)
    decoded = HdrHistogram.decode(latencies.encoded())
    assert decoded.get_total_count() == 20_000 and decoded.get_value_at_percentile(99) / 1000 == latencies.ms(99)


def test_extremes_are_kept() -> None:
    latencies = Latencies()
    assert latencies.summary() == {}
    for value in (0.0, -1e-6, 1e9):
        latencies.record(value)
    assert latencies.count == 3 and latencies.ms(100) == pytest.approx(3_600_000, rel=0.001)


def test_quantiles_of_few_values() -> None:
    assert quantile_ms([], 0.5) is None
    assert [quantile_ms([0.001, 0.002, 0.003, 0.004], share) for share in (0.0, 0.25, 0.5, 0.51, 0.99, 1.0)] == [
        1,
        1,
        2,
        3,
        4,
        4,
    ]


def made_report() -> Report:
    measurements = Measurements(["pay", "look"], open_loop=True)
    for _ in range(8):
        measurements.done("pay", 0.010, 0.002)
    measurements.done("look", 0.5, 0.5, rolled_back=True)
    measurements.failed("look", "XX000", "no\nidea")
    measurements.unknown("pay")
    second = measurements.turn(1.0, 1.0, 20.0, 3)
    assert (second.done, second.retries, second.errors, second.rate, second.p50_ms) == (9, 3, 1, 9.0, 10.0)
    later = measurements.turn(2.0, 1.0, 20.0, 4)
    assert (later.done, later.retries, later.errors, later.p99_ms) == (0, 1, 0, None)
    return Report(
        "shop", "postgresql://ann:secret@[::1]:5433/postgres?password=secret", 2.0, server="PostgreSQL 18.6",
        note="not audited", loop="open",
        clients=4, seconds=2.0, measurements=measurements, retries=Counter({"40001": 3}), unstarted=5,
        generator=Generator(0.95, {"p99": 4.0}),
        timeline=[second, later], checks=["it held"], problems=["it broke"],
    )  # fmt: skip


def test_a_report_for_programs() -> None:
    document = made_report().to_json()
    assert "secret" not in json.dumps(document)
    assert (
        document["transactions_per_second"] == 4.5 and document["retries"] == {"40001": 3} and document["unknown"] == 1
    )
    assert document["retried_share"] == 3 / 12 and document["errors"] == {"XX000": 1} and document["unstarted"] == 5
    assert document["kinds"]["pay"]["committed"] == 8 and document["kinds"]["look"]["rolled_back"] == 1
    assert document["service_ms"]["p50"] == pytest.approx(2.0, rel=0.001) and document["response_ms"][
        "max"
    ] == pytest.approx(500, rel=0.001)
    assert document["generator"] == {"cpu_share": 0.95, "late_ms": {"p99": 4.0}, "saturated": True}
    assert [second["meant"] for second in document["timeline"]] == [20.0, 20.0]


def test_a_report_for_people() -> None:
    text = "\n".join(made_report().lines())
    for word in (
        "shop: scale 2, 4 clients, open loop",
        "3 x 40001",
        "25.0% of attempts",
        "UNSTARTED   5 arrivals",
        "SATURATED",
        "not audited",
        "it held",
        "WRONG",
    ):
        assert word in text, word
    assert "SATURATED" not in "\n".join(
        Report("shop", "postgresql://localhost/x", 1.0, loop="closed", generator=Generator(0.5, {})).lines()
    )


def test_throughput_over_time_is_drawn_to_one_scale() -> None:
    assert bars([0, 1, 2, 3, 4, 5, 6, 7, 8], 8) == BARS
    assert bars([8, 0, 0.001, 100], 8) == "█ ▁█"
    long = bars(range(1_000), 999)
    assert len(long) == BARS_MAX and long[0] == "▁" and long[-1] == "█" and list(long) == sorted(long)
    seconds = [Second(float(end), 1.0, 8.0, done, 0, 0, 1.0, 1.0) for end, done in enumerate((2, 4, 8), 1)]
    ending = Second(3.2, 0.2, 8.0, 1, 0, 0, 1.0, 1.0)
    report = Report("shop", "", 1.0, loop="open", timeline=[*seconds, ending])
    assert "  meant       ███  8 to 8 a second" in report.lines()
    assert "  by second   ▂▄█  2 to 8 a second" in report.lines()
    assert "by second" not in "\n".join(Report("shop", "", 1.0, loop="open", timeline=seconds[:2]).lines())
