"""Decisions of scaling, on load curves: a rise, a spike, a fall, noise around a bound; and which roles share a
process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from msgspec.structs import replace

from actors.common.settings import Layout, Settings
from actors.common.settings_file import SettingsError, settings_from
from cluster.initial import arranged, initial_state, placed
from cluster.policies.placement import Placement, placement
from cluster.policies.query_processors import Bounds, Seen, Wish, decide, desired
from cluster.scaling import grown, without_query_processor

BOUNDS = Bounds(fixed=2, count_max=8, sessions_each=50, busy_share=0.6, up_delay_s=3.0, down_delay_s=10.0)


def follow(curve: Iterable[tuple[int, float]], count: int = 2, bounds: Bounds = BOUNDS) -> list[int]:
    """The number after each second of (sessions, seconds of computing a second, of all)."""
    wish, counts = Wish(), []
    for second, (sessions, computing) in enumerate(curve):
        count, wish = decide(Seen(float(second), count, sessions, min(computing / count, 1.0)), bounds, wish)
        counts.append(count)
    return counts


@pytest.mark.parametrize(
    ("sessions", "busy", "count", "wanted"),
    [
        (0, 0.0, 2, 2),
        (100, 0.0, 2, 2),
        (101, 0.0, 2, 3),
        (0, 0.6, 2, 2),
        (0, 0.61, 2, 3),
        (0, 1.0, 6, 8),
        (10_000, 0.0, 2, 8),
        (0, 0.0, 8, 2),
    ],
)
def test_what_is_seen_gives_a_number_within_the_bounds(sessions: int, busy: float, count: int, wanted: int) -> None:
    assert desired(Seen(0.0, count, sessions, busy), BOUNDS) == wanted


def test_fixed_ones_stay_where_the_most_is_less() -> None:
    assert desired(Seen(0.0, 3, 0, 1.0), Bounds(3, 1, 50, 0.6, 0, 0)) == 3


def test_a_rise_is_followed_after_the_delay_and_a_fall_slowly() -> None:
    counts = follow([(10, 0.1)] * 5 + [(10, 3.5)] * 20 + [(10, 0.1)] * 80)
    assert counts[7] == 2 and counts[8] == 4, "three seconds, then twice as many"
    assert max(counts) == 6 == counts[24], "3.5 s of computing at 0.6 each"
    assert counts[34] == 6 and counts[35] == 5 and counts[-1] == 2
    assert all(before - after <= 1 for before, after in pairwise(counts)), "one at a time"


def test_a_spike_and_noise_change_nothing() -> None:
    assert set(follow([(10, 0.1)] * 5 + [(10, 2.0)] * 3 + [(10, 0.1)] * 30)) == {2}
    assert set(follow([(10, 1.3 if second % 2 else 0.1) for second in range(60)])) == {2}


def test_a_steady_load_at_the_bound_does_not_swing() -> None:
    counts = follow([(10, 1.75)] * 200)
    assert counts[-1] == 3 and sum(before != after for before, after in pairwise(counts)) == 1


def test_query_processors_come_to_the_zones_with_the_fewest_and_the_first_never_go() -> None:
    state = initial_state(Settings(layout=Layout(query_processors=2)), Placement("role"))
    more = grown(state, 5)
    names = [role for role, one in more.roles.items() if one.kind == "query_processor"]
    assert names == [f"query_processor/{number}" for number in (1, 2, 3, 4, 5)]
    assert Counter(process.az for process in more.processes if process.name.startswith("query")) == {
        "a": 2,
        "b": 2,
        "c": 1,
    }
    assert grown(more, 2) == more
    assert "query_processor/4" not in without_query_processor(more, 2, "query_processor/4").roles
    assert without_query_processor(more, 2, "query_processor/2") == more
    assert without_query_processor(more, 2, "query_processor/9") == more


@pytest.mark.parametrize(
    ("cores", "azs", "kind"),
    [
        (0, 3, "az"),
        (0.5, 3, "az"),
        (2, 3, "az"),
        (8, 3, "az"),
        (9, 3, "role"),
        (96, 3, "role"),
        (2, 1, "az"),
        (3, 1, "role"),
    ],
)
def test_few_cores_are_shared_by_zones_and_many_by_roles(cores: float, azs: int, kind: str) -> None:
    chosen = placement("auto", cores, azs)
    assert chosen.kind == kind and f"{cores:g} core" in chosen.why and f"{azs} zone" in chosen.why


@pytest.mark.parametrize("cores", [2, 96])
def test_a_placement_that_is_named_stands(cores: int) -> None:
    assert [placement(asked, cores, 3).kind for asked in ("role", "az")] == ["role", "az"]
    assert placement("az", cores, 3).why == "the settings say so"


def test_the_state_holds_the_placement_and_the_settings_what_came_of_it() -> None:
    """Also after a start on a machine of more cores, where the keys stay where they lie."""
    settings = settings_from({}, "", "nothing")
    assert settings.layout.placement == "auto"
    few, many = (initial_state(settings, placement("auto", cores, 3)) for cores in (2, 96))
    assert [few.placement.kind, many.placement.kind] == ["az", "role"]
    assert (len(few.processes), len(many.processes)) == (5, 19)
    assert placed(settings, few.placement).layout.placement == "az"
    later = arranged(replace(few, version=7), many)
    assert (later.version, later.placement, later.processes, later.shard_map) == (
        8,
        many.placement,
        many.processes,
        few.shard_map,
    )
    assert arranged(later, many) is later
    with pytest.raises(AssertionError):
        initial_state(settings, Placement("auto"))
    with pytest.raises(SettingsError, match=r"layout\.placement: expected auto, role or az"):
        settings_from({"layout": {"placement": "spread"}}, "", "nothing")
