"""Regions that are far from each other, as the demo and the bench make and describe them: settings, keys, figures,
tallies, the picture."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from typing import Any
from uuid import UUID

import pytest

from actors.common.settings_file import read_document, settings_from
from actors.runtime.region_cuts import cut_off
from eagleray.bench_regions import Run
from eagleray.command.regions import described, region_lines
from eagleray.demo.far_clients import RegionalDay, Tally, wrong_tallies
from eagleray.demo.picture import svg
from eagleray.demo.regions_picture import panels
from eagleray.far_regions import FIVE, ONE, THREE, TWO, Shape, led


@pytest.mark.parametrize("shape", [ONE, TWO, THREE, FIVE])
@pytest.mark.parametrize("round_trip_ms", [2.0, 75.0, 300.0])
def test_the_settings_of_a_shape_can_be_started(shape: Shape, round_trip_ms: float, tmp_path: Any) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(shape.settings(round_trip_ms))
    text, document = read_document(path)
    settings = settings_from(document, text, str(path))
    assert settings.regions.zones == shape.zones and settings.regions.witnesses == shape.witnesses
    if shape.zones:
        assert set(settings.regions.delay_ms.values()) == {round_trip_ms / 2}
        assert settings.regions.lead_ms > round_trip_ms
        assert settings.layout.adjudicators == len(set(shape.zones.values())) - len(shape.witnesses)


STATUS: dict[str, Any] = {
    "regions": [
        {"region": "east", "zones": ["a"], "serves": True},
        {"region": "north", "zones": ["c"], "serves": False},
        {"region": "west", "zones": ["b"], "serves": True},
    ],
    "actors": [{"name": "adjudicator/1", "az": "a"}, {"name": "adjudicator/2", "az": "b"}],
    "ranges": [
        {"low": "", "high": "80", "adjudicator": 1},
        {"low": "80", "high": "c0", "adjudicator": 2},
        {"low": "c0", "high": "", "adjudicator": 2},
    ],
}


def test_a_status_tells_what_each_region_leads_and_whom_it_does_not_hear() -> None:
    rows = described(STATUS, {"east": "postgresql://e", "west": "postgresql://w"}, cut_off("east", ["east", "west"]))
    east, north, west = rows
    assert (east["leads"], east["ranges"], east["ranges_all"], east["url"]) == (
        ["adjudicator/1"],
        1,
        3,
        "postgresql://e",
    )
    assert (west["leads"], west["ranges"], west["cut_from"]) == (["adjudicator/2"], 2, ["east"])
    assert (north["leads"], north["ranges"], north["url"], north["cut_from"]) == ([], 0, "", [])
    assert region_lines(rows) == [
        "region east: leads 1 of 3 ranges, cut off from west   postgresql://e",
        "region north: a witness",
        "region west: leads 2 of 3 ranges, cut off from east   postgresql://w",
    ]
    assert led({**STATUS, "regions": rows}) == {"east": 0, "west": 0x80}
    moved = [{"name": name, "az": "b"} for name in ("adjudicator/1", "adjudicator/2")]
    assert described({**STATUS, "actors": moved}, {}, frozenset())[2]["ranges"] == 3


def test_figures_are_told_in_round_trips() -> None:
    run = Run("two", 75.0, {"commit": [75.0, 90.0, 150.0], "read": [1.0]})
    commit = run.figures()["commit"]
    assert (commit["p50_ms"], commit["p99_ms"], commit["p50_round_trips"], commit["p99_round_trips"]) == (
        90.0,
        150.0,
        1.2,
        2.0,
    )
    assert "1.20" in run.table()
    assert "p50_round_trips" not in Run("one", 0.0, {"read": [1.0]}).figures()["read"]


@pytest.mark.parametrize(("there", "is_wrong"), [(4, True), (5, False), (7, False), (8, True), (None, True)])
def test_a_tally_finds_what_is_lost_and_what_was_never_asked_for(there: int | None, is_wrong: bool) -> None:
    tally = Tally(UUID(int=1), "east", acknowledged=5, unknown=2)
    rows = {} if there is None else {tally.key: there}
    assert bool(wrong_tallies([tally], rows)) == is_wrong


def test_the_picture_has_the_floor_and_the_cut() -> None:
    day = RegionalDay(0.0)
    day.commits += [(second / 10, region, 82.0) for second in range(50) for region in ("east", "west")]
    day.reads += [(second / 10, "west", 0.7) for second in range(50)]
    day.cuts.append((2.0, 3.0, "east"))
    drawn = panels(day, 75.0)
    floor = next(series for series in drawn[0].series if "round trip" in series.label)
    assert {value for _, value in floor.points} == {75.0}
    assert drawn[0].series[0].label == "east cut off"
    assert drawn[2].series[1].points[1] == (0.5, 10.0)
    assert len(xml.fromstring(svg(drawn, day.second_drawn)).findall(".//{*}path")) >= 8
