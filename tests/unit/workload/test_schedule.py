"""Rate curves, and the arrivals that are drawn from them."""

from __future__ import annotations

import random
from itertools import islice, pairwise
from pathlib import Path

import pytest

from eagleray.workload.schedule import Curve, CurveError, arrivals, constant, parse, read


def test_arrivals_have_the_curves_rate_everywhere() -> None:
    """A Poisson process: in each part as many as the area, give or take five of its standard deviations; ascending;
    within the curve."""
    curve = Curve(((0, 0), (100, 100), (200, 100), (200, 20), (300, 20), (300, 0), (350, 0), (400, 40)))
    times = list(arrivals(curve, random.Random(7)))
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= 400
    for start, end, area in (
        (0, 50, 1250),
        (50, 100, 3750),
        (100, 200, 10_000),
        (200, 300, 2_000),
        (300, 350, 0),
        (350, 400, 1000),
    ):
        count = sum(start <= time < end for time in times)
        assert abs(count - area) <= 5 * area**0.5, (start, end, count, area)
    assert curve.total == pytest.approx(18_000)


def test_gaps_of_a_constant_rate_are_exponential() -> None:
    times = list(islice(arrivals(constant(50).over(10_000), random.Random(1)), 20_000))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 50, rel=0.03)
    assert (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5 == pytest.approx(mean, rel=0.05)


def test_the_same_seed_draws_the_same_arrivals() -> None:
    curve = parse("ramp:0..50").over(20)
    assert list(arrivals(curve, random.Random("3"))) == list(arrivals(curve, random.Random("3")))
    assert list(arrivals(curve, random.Random("3"))) != list(arrivals(curve, random.Random("4")))


def test_expressions() -> None:
    assert parse("constant:200").over(10).rate_at(5) == 200
    ramp = parse("ramp:0..500").over(10)
    assert [ramp.rate_at(second) for second in (0, 5, 10, 11, -1)] == [0, 250, 500, 0, 0]
    steps = parse("steps:100,200,400").over(30)
    assert [steps.rate_at(second) for second in (0, 9.9, 10, 19.9, 20, 30)] == [100, 100, 200, 200, 400, 400]
    day = parse("day:20..400").over(120)
    assert (day.peak, day.rate_at(20)) == (400, 20)
    assert parse("day:20..400").peaking_at(80).peak == 80


def test_a_file_of_a_day(tmp_path: Path) -> None:
    file = tmp_path / "day"
    file.write_text("# a shop\n00:00 10\n 6h, 10\n\n720m 100   # noon\n86400 10\n")
    curve = parse(str(file))
    assert curve.fixed and curve.points == ((0, 10), (21600, 10), (43200, 100), (86400, 10))
    assert curve.over(120).rate_at(60) == 100


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["0 1", "x"], "line 2: 'x' is not TIME RATE"),
        (["0 1", "5"], "line 2"),
        (["0 1 2"], "line 1"),
        (["0 1", "10 1", "5 1"], "times go forward"),
        (["0 1", "10 -1"], "at least 0"),
        (["0 1", "10 nan"], "at least 0"),
        (["0 1", "10 inf"], "at least 0"),
        (["5 1", "10 1"], "begins at time 0"),
        (["0 1"], "begins at time 0"),
        ([], "begins at time 0"),
        (["0 0", "10 0"], "every rate is 0"),
        (["0:0:0 1"], "line 1"),
    ],
)
def test_bad_files_are_one_line(lines: list[str], said: str) -> None:
    with pytest.raises(CurveError, match=said) as caught:
        read(lines, "curve.txt")
    assert "curve.txt" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["ramp:5", "ramp:a..b", "steps:", "constant:-1", "constant:0", "day:1..2..3", "no/such/file", "wave:1"]
)
def test_bad_expressions_are_one_line(text: str) -> None:
    with pytest.raises(CurveError) as caught:
        parse(text)
    assert text in str(caught.value)
