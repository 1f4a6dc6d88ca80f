"""What stands where in a cluster of several regions, and what a settings file may say of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import AUTO, Layout, Regions, Settings
from actors.common.settings_file import SettingsError, settings_from
from cluster.initial import initial_state
from cluster.membership import with_adjudicator
from cluster.pins import Pin
from cluster.policies.homes import homes
from cluster.policies.placement import Placement
from cluster.regions import ports_of
from cluster.remembered import resolve
from cluster.scaling import grown
from cluster.state import ClusterState, decode_state, encode_state, with_pin

WITNESSED = Regions({"a": "east", "b": "west", "c": "north"}, ("north",))
TWO_ZONES = Regions({"a": "east", "b": "east", "c": "west", "d": "west", "e": "north"}, ("north",))


def state_of(regions: Regions, azs: tuple[str, ...] = ("a", "b", "c"), placement: str = "role") -> ClusterState:
    return initial_state(replace(Settings(), layout=Layout(azs=azs), regions=regions), Placement(placement))


def zones_of(state: ClusterState, kind: str) -> dict[str, str]:
    return {role.name: process.az for process in state.processes for role in process.roles if role.kind == kind}


@pytest.mark.parametrize("placement", ["role", "az"])
def test_a_witness_holds_journals_and_nothing_else(placement: str) -> None:
    state = state_of(WITNESSED, placement=placement)
    there = {role.kind for process in state.processes if process.az == "c" for role in process.roles}
    assert there == {"journal"}
    assert zones_of(state, "adjudicator") == {"adjudicator/1": "a", "adjudicator/2": "b"}
    assert zones_of(state, "crossbar") == {"crossbar/1": "a", "crossbar/2": "b"}
    assert set(zones_of(state, "gateway").values()) == {"a", "b"}
    assert decode_state(encode_state(state)) == state


def test_a_journal_has_one_replica_in_each_region() -> None:
    state = state_of(TWO_ZONES, ("a", "b", "c", "d", "e"))
    assert state.roles["adjudicator/1"].arguments["replicas"] == ["journal/1/a", "journal/1/c", "journal/1/e"]
    assert zones_of(state, "crossbar") == {"crossbar/1": "a", "crossbar/2": "c"}
    assert set(zones_of(state, "storage").values()) == {"a", "b", "c", "d"}


def test_storage_follows_its_own_region_s_crossbar() -> None:
    state = state_of(TWO_ZONES, ("a", "b", "c", "d", "e"))
    for name, zone in zones_of(state, "storage").items():
        assert state.roles[name].arguments["crossbars"] == ["crossbar/1" if zone in "ab" else "crossbar/2"]


def test_a_movable_role_stays_in_its_region_while_it_can_and_never_goes_to_a_witness() -> None:
    state = state_of(TWO_ZONES, ("a", "b", "c", "d", "e"))
    for role, places in homes(state.processes, state.regions).items():
        regions = [state.regions.of(state.process(place).az) for place in places]
        assert "north" not in regions
        assert regions == sorted(regions, key=lambda region: region != regions[0]), role


@pytest.mark.parametrize("placement", ["role", "az"])
def test_what_comes_later_is_no_witness_s(placement: str) -> None:
    state = grown(state_of(WITNESSED, placement=placement), 9)
    state = with_adjudicator(state, 3)
    assert "c" not in zones_of(state, "query_processor").values()
    assert "c" not in zones_of(state, "adjudicator").values()
    assert zones_of(state, "journal")["journal/3/c"] == "c"


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ({"zones": {"a": "east", "b": "west"}}, "must say of each zone"),
        ({"zones": {"a": "east", "b": "west", "c": "west"}}, "odd number of regions"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "witnesses": ["south"]}, "no zone lies in 'south'"),
        ({"zones": {"a": "e", "b": "e", "c": "e"}, "witnesses": ["e"]}, "must leave a region that has storage"),
        ({"witnesses": ["north"]}, "needs regions.zones"),
        ({"delay_ms": {"e w": 1}}, "needs regions.zones"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}}, "must be at least 3: each region that serves"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "lead_ms": 200}, "4 times as long"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "lead_ms": 80, "push_ms": 0}, "must be at least 1"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "lead_ms": "80"}, "expected a whole number, or auto, got '80'"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "lead_ms": -1}, "must not be negative"),
        ({"zones": {"a": "e w", "b": "w", "c": "n"}}, "no region's name"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "delay_ms": {"e w": 1, "e n": 1}}, "each pair of regions once"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "delay_ms": {"e w": 1, "w e": 1, "e n": 1}}, "each pair"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "delay_ms": {"e w": "1", "w n": 1, "e n": 1}}, "expected a number"),
        ({"zones": {"a": "e", "b": "w", "c": "n"}, "delay_ms": ["e w"]}, "expected a table of numbers"),
    ],
)
def test_a_settings_file_that_cannot_be_so_is_refused(regions: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        settings_from({"regions": regions}, "", "test")


@pytest.mark.parametrize("name", ["two-regions", "three-regions"])
def test_the_settings_files_that_come_along_start_again(name: str) -> None:
    config = Path(__file__).resolve().parents[3] / "configs" / f"{name}.toml"
    first = resolve(None, config, None, None)
    again = resolve(first.cluster, config, None, None)
    assert again.settings == first.settings and len(first.settings.regions.delay_ms) == 3
    assert not [note for note in again.notes if note.startswith("changed")]


def test_a_settings_file_s_zones_and_distances_are_one_value_each(tmp_path: Path) -> None:
    zones = 'witnesses = ["north"]\nzones = {a = "east", b = "west", c = "north"}'
    config = tmp_path / "settings.toml"
    config.write_text(f'[regions]\n{zones}\ndelay_ms = {{"east west" = 1, "east north" = 2, "west north" = 3}}\n')
    first = resolve(None, config, None, None)
    config.write_text(f'[regions]\n{zones}\ndelay_ms = {{"west east" = 9, "east north" = 2, "west north" = 3}}\n')
    again = resolve(first.cluster, config, None, None)
    assert again.settings.regions.delay_ms == {"west east": 9.0, "east north": 2.0, "west north": 3.0}
    assert any(note.startswith("changed: regions.delay_ms") for note in again.notes)


def test_each_region_that_serves_has_gateways_at_a_port_of_its_own() -> None:
    settings = replace(Settings(), layout=Layout(azs=("a", "b", "c", "d", "e"), port=6000), regions=TWO_ZONES)
    state = initial_state(settings, Placement("az"))
    ports = {
        process.az: role.arguments["port"]
        for process in state.processes
        for role in process.roles
        if role.kind == "gateway"
    }
    assert ports == {"a": 6000, "b": 6000, "c": 6001, "d": 6001}
    assert ports_of(settings) == {"east": 6000, "west": 6001} and ports_of(Settings()) == {"": 5433}


def test_each_region_that_serves_has_a_query_processor() -> None:
    assert set(zones_of(state_of(TWO_ZONES, ("a", "b", "c", "d", "e")), "query_processor").values()) == {"a", "c"}
    assert set(zones_of(state_of(Regions(), ("a", "b", "c")), "query_processor").values()) == {"a", "b"}


def test_a_settings_file_may_name_regions() -> None:
    zones = {"a": "east", "b": "west", "c": "north"}
    settings = settings_from({"regions": {"zones": zones, "witnesses": ["north"]}}, "", "test")
    assert settings.regions == WITNESSED
    measured = settings_from(
        {"regions": {"zones": zones, "witnesses": ["north"], "lead_ms": "auto"}}, "", "test"
    ).regions
    assert measured.lead_ms == AUTO and measured.is_ahead


def test_a_pin_is_part_of_the_state_and_names_a_region_that_leads() -> None:
    state = with_pin(state_of(WITNESSED), b"\x10", None, "west")
    assert decode_state(encode_state(state)) == state and state.pins == (Pin(b"\x10", None, "west"),)
    for pinned, region in ((state, "north"), (state, "south"), (state_of(Regions()), "west")):
        with pytest.raises(DatabaseError) as refused:
            with_pin(pinned, b"", None, region)
        assert refused.value.sqlstate == "22023"
