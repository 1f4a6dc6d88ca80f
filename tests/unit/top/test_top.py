"""What `eagleray top` makes of a cluster's status: rates and quantiles of what is new, counts, and a picture that fits
every terminal."""

from __future__ import annotations

from typing import Any

import pytest

from actors.common.latency import Latencies
from eagleray.demo.day import Day, Sample, cost
from eagleray.demo.day_picture import panels
from eagleray.demo.observer import changes
from eagleray.demo.picture import svg
from eagleray.top.history import History
from eagleray.top.view import picture, sparkline


def actor(layer: str, name: str, az: str = "a", pid: int = 1, **told: Any) -> dict[str, Any]:
    return {
        "layer": layer,
        "name": name,
        "az": az,
        "node": f"node-{az}",
        "pid": pid,
        "state": "running",
        "load": {},
        **told,
    }


def status(
    *actors: dict[str, Any], state: str = "running", dpu: float = 1.0, owners: tuple[int, ...] = (1, 2), **activity: Any
) -> dict[str, Any]:
    bounds = ["", *(f"{number:02x}" for number in range(1, len(owners))), ""]
    ranges = [
        {"low": low, "high": high, "adjudicator": owner, "shard": 1}
        for low, high, owner in zip(bounds, bounds[1:], owners, strict=False)
    ]
    units = {"compute": dpu, "read": 0.0, "write": 0.0, "total": dpu}
    return {
        "url": "postgresql://admin@localhost:5433/postgres",
        "state": state,
        "activity": {"awake_because": "sessions: 3", "wakes": 0, "last_wake": None, **activity},
        "metering": {"since": "2026-11-29T12:00:00+00:00", "transactions": 5, "dpu": units},
        "ranges": ranges,
        "actors": list(actors),
    }


def query_processor(
    transactions: int, answers: list[int] | None = None, name: str = "query_processor/1", sessions: int = 3
) -> dict[str, Any]:
    latencies = Latencies()
    for ms in answers or []:
        latencies.add(ms * 1_000_000)
    return actor(
        "query_processor",
        name,
        sessions=sessions,
        transactions=transactions,
        statements=2 * transactions,
        latency_us=latencies.account(),
    )


def test_rates_and_quantiles_are_of_what_is_new() -> None:
    history = History()
    history.add(10.0, status(query_processor(1000, [5000] * 100)))
    assert history.rate("query_processor", "transactions") == 0.0 and history.latency_ms(0.5) is None
    history.add(12.0, status(query_processor(1300, [5000] * 100 + [10] * 99 + [100])))
    assert history.rate("query_processor", "transactions") == 150.0
    median, worst = history.latency_ms(0.5), history.latency_ms(0.995)
    assert median is not None and 10 <= median < 12 and worst is not None and 100 <= worst < 115


def test_a_role_that_began_anew_counts_from_nothing_and_a_new_one_from_its_next_poll() -> None:
    history = History()
    history.add(0.0, status(query_processor(1000, [5] * 50)))
    history.add(1.0, status(query_processor(40, [7] * 10), query_processor(900, name="query_processor/2")))
    assert history.rate("query_processor", "transactions") == 40.0
    median = history.latency_ms(0.5)
    assert median is not None and 7 <= median < 8


def test_what_runs_is_counted() -> None:
    storage = [
        actor("storage", f"storage/{shard}/{az}", az, load={"rows": rows}, shard=shard)
        for shard, az, rows in ((1, "a", 7), (1, "b", 9), (2, "a", 4))
    ]
    dead = {**actor("adjudicator", "adjudicator/2", pid=9), "state": "unreachable"}
    history = History()
    history.add(0.0, status(*storage, actor("adjudicator", "adjudicator/1", pid=2), dead, owners=(1, 1, 2, 1)))
    counts = history.counts()
    assert (counts["storage"], counts["shard"], counts["adjudicator"], counts["range"], counts["process"]) == (
        3,
        2,
        1,
        3,
        2,
    )
    assert history.stored("rows") == 13


def shown(history: History, width: int = 100, height: int = 40, story: tuple[str, ...] = ()) -> str:
    return picture(history, width, height, story).plain


def test_the_picture_tells_it() -> None:
    history = History()
    parked = actor("gateway", "gateway/1", load={"parked": 50})
    history.add(0.0, status(parked, query_processor(0), dpu=1.0))
    history.add(
        1.0,
        status(
            parked,
            query_processor(250, [3] * 10),
            dpu=3.5,
            last_wake={"at": "2026-11-29T13:49:35.123+00:00", "by": "gateway/1"},
        ),
    )
    text = shown(history, story=("first", "second"))
    assert "key ranges  2" in text and "adjudicator/2, shard 1" in text
    for expected in (
        "running",
        "250 transactions/s",
        "p99 3.",
        "sessions 3 running, 50 parked",
        "500 statements/s",
        "now 2.500/s",
        "woken at 13:49:35",
    ):
        assert expected in text, text
    assert text.index("first") < text.index("second") and "adjudicator/2" in text and "node-a" in text


@pytest.mark.parametrize("state", ["running", "asleep", "degraded", "starting"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (4, 2), (20, 5), (60, 16), (80, 24), (300, 100)])
def test_it_fits_every_terminal_in_every_state(state: str, width: int, height: int) -> None:
    history = History()
    for second in range(5):
        history.add(
            float(second),
            status(
                query_processor(10 * second),
                actor("controller", "controller", node=None, pid=None),
                state=state,
                awake_because="",
            ),
        )
    lines = shown(history, width, height, tuple(f"line {number}" for number in range(30))).split("\n")
    assert len(lines) <= max(height, 1) and all(len(line) <= max(width, 4) for line in lines)
    assert not lines[0].startswith(" ")


def test_regions_are_told_of_where_there_are_several() -> None:
    history = History()
    east = {
        "region": "east",
        "serves": True,
        "ranges": 1,
        "ranges_all": 2,
        "cut_from": ["west"],
        "url": "postgresql://e",
    }
    history.add(0.0, {**status(query_processor(0)), "regions": [east]})
    assert "region east: leads 1 of 2 ranges, cut off from west   postgresql://e" in shown(history)
    one = History()
    one.add(0.0, {**status(query_processor(0)), "regions": []})
    assert "region" not in shown(one)


def test_a_cluster_of_which_nothing_is_known_yet() -> None:
    history = History()
    history.add(0.0, {**status(state="starting"), "ranges": []})
    assert "starting" in shown(history)


def test_sparklines() -> None:
    assert (
        sparkline([0, 1, 4, 8], 10) == "▁▁▄█"
        and sparkline([5, 0, 8], 2) == "▁█"
        and sparkline([0, 0], 5) == "▁▁"
        and sparkline([], 5) == ""
    )


# -- the demo's day ----------------------------------------------------------------------------------------------------


def sample(second: float, processes: int, whole: bool = True, **counts: int) -> Sample:
    return Sample(second, processes, counts, 0, whole, whole, {"compute": 1.0, "read": 2.0, "write": 3.0, "total": 6.0})


def test_the_cost_is_the_area_against_the_peak() -> None:
    day = Day(0.0, samples=[sample(0, 2), sample(10, 6), sample(20, 2), sample(40, 2)])
    assert day.process_seconds == 120 and day.peak == 6
    assert cost(day).startswith(
        "cost: 120 process-seconds and 6.00 DPU (compute 1.00, read 2.00, write 3.00)"
    ) and "240 process-seconds, 2.0 times" in cost(day)


def test_nodes_that_come_and_go_cost_by_the_second() -> None:
    day = Day(
        0.0,
        samples=[
            sample(0, 2, whole=False, node=1),
            sample(10, 5, node=4),
            sample(20, 2, whole=False, node=1),
            sample(30, 2),
        ],
    )
    assert cost(day).endswith("and 60 node-seconds of 120") and day.changing() == ["query_processor", "node"]
    assert "node-seconds" not in cost(Day(0.0, samples=[sample(0, 2), sample(10, 6)]))


def test_what_changes_is_drawn_and_told_by_itself() -> None:
    before, after = (
        sample(1, 5, query_processor=1, adjudicator=2, journal=9, process=5),
        sample(2, 6, query_processor=1, adjudicator=3, journal=9, process=6),
    )
    waking = sample(0, 4, whole=False, query_processor=1, adjudicator=1, journal=3, process=4)
    day = Day(0.0, samples=[waking, before, after], rates=[(1.0, 2.0, 2.0, None), (2.0, 3.0, 2.5, 12.0)])
    assert day.changing() == ["query_processor", "adjudicator"]
    assert changes(before, after) == "adjudicators: 2 -> 3" and changes(after, after) == ""
    drawn = svg(panels(day), 2.0)
    assert drawn.startswith("<svg") and "adjudicators" in drawn and "journal" not in drawn and "12 </" not in drawn


def test_a_day_in_which_nothing_happened_can_be_drawn() -> None:
    day = Day(0.0, samples=[sample(0, 0, whole=False)])
    assert svg(panels(day), 0.0).endswith("</svg>") and "0 process-seconds" in cost(day)
