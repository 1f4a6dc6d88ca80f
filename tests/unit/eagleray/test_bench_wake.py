"""`eagleray bench wake`: what it makes of the times of wakes."""

from __future__ import annotations

import json

from eagleray.bench_wake import STEPS, Report
from eagleray.workload.measure import quantile


def test_quantiles_are_times_that_were_measured() -> None:
    ms = [float(number) for number in range(1, 21)]
    assert [quantile(ms, share) for share in (0.5, 0.9, 0.99, 1.0)] == [10, 18, 20, 20]
    assert [quantile([7.0], share) for share in (0.5, 0.99, 1.0)] == [7, 7, 7]


def test_a_report_has_a_line_for_each_step_and_keeps_each_wake() -> None:
    report = Report(10, warm=True, parked=False)
    for wake in (1, 3, 2):
        report.add(
            {name: 10.0 * wake + number for number, (name, _) in enumerate(STEPS)}, {"storage": [1.0 * wake, 4.0]}
        )
    title, *lines = report.table().splitlines()
    assert title.split()[-5:] == ["90", "%", "99", "%", "max"]
    steps = [line.split()[-4:] for line in lines[: len(STEPS)]]
    assert steps == [[f"2{number}", *3 * [f"3{number}"]] for number in range(len(STEPS))]
    assert [line.split()[-4:] for line in lines[len(STEPS) + 2 :]] == [["3", "4", "4", "4"]]
    assert json.loads(report.as_json())["steps"]["first_row"] == [18.0, 38.0, 28.0]
