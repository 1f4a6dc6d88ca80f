"""What becomes of the cluster's state where adjudicators are born and retired."""

from __future__ import annotations

import pytest

from actors.common.errors import DatabaseError
from actors.common.settings import Layout, Settings
from cluster.adjudicators import _forgotten, _storage_replicas
from cluster.initial import arranged, initial_state, with_keepers
from cluster.membership import (
    changing,
    journals_of,
    with_adjudicator,
    with_beginning,
    with_end,
    with_farewell,
    without_adjudicator,
)
from cluster.policies.placement import Placement
from cluster.state import ClusterState, decode_state, encode_state, with_transfer

PLACES = ("role", "az")


def first(kind: str, adjudicators: int = 2) -> ClusterState:
    return with_keepers(
        initial_state(Settings(layout=Layout(placement=kind, adjudicators=adjudicators)), Placement(kind))
    )


def born(state: ClusterState, number: int = 3) -> ClusterState:
    return with_beginning(with_adjudicator(state, number), number, 1000)


def retired(state: ClusterState, number: int) -> ClusterState:
    return without_adjudicator(with_end(with_farewell(state, number), number, 2000), number)


@pytest.mark.parametrize("kind", PLACES)
def test_a_birth_adds_four_roles_and_tells_the_next_crossbar(kind: str) -> None:
    before = first(kind)
    state = with_adjudicator(before, 3)
    assert set(state.roles) - set(before.roles) == {"journal/3/a", "journal/3/b", "journal/3/c", "adjudicator/3"}
    assert len(state.processes) - len(before.processes) == (4 if kind == "role" else 0)
    assert all(
        process.az == role.name[-1]
        for process in state.processes
        for role in process.roles
        if role.name.startswith("journal/3")
    )
    crossbar = next(role for role in state.roles.values() if role.kind == "crossbar")
    assert [number for number, _, _ in crossbar.arguments["journals"]] == [1, 2, 3]
    assert decode_state(encode_state(state)) == state


def test_ranges_go_to_no_adjudicator_that_does_not_count_or_leaves() -> None:
    state = with_adjudicator(first("role"), 3)
    for one in (state, with_farewell(with_beginning(state, 3, 1000), 3)):
        with pytest.raises(DatabaseError, match="there is no adjudicator/3"):
            with_transfer(one, b"\xc0", None, 3)
    assert with_transfer(with_beginning(state, 3, 1000), b"\xc0", None, 3).transfer is not None


@pytest.mark.parametrize("kind", PLACES)
def test_a_number_is_given_once(kind: str) -> None:
    state = retired(born(first(kind)), 3)
    assert set(state.roles) == set(first(kind).roles) and [process.name for process in state.processes] == [
        process.name for process in first(kind).processes
    ]
    assert (journals_of(state).last_number, journals_of(state).gone_ts) == (3, 2000)
    with pytest.raises(DatabaseError, match="the next adjudicator is adjudicator/4"):
        with_adjudicator(state, 3)
    assert "adjudicator/4" in with_adjudicator(state, 4).roles


def test_one_at_a_time_and_never_the_last() -> None:
    state = with_adjudicator(first("role"), 3)
    assert with_adjudicator(state, 3) == state, "asked again"
    for change in (lambda: with_adjudicator(state, 4), lambda: with_farewell(state, 1)):
        with pytest.raises(DatabaseError, match="adjudicator/3 is on its way in"):
            change()
    with pytest.raises(DatabaseError, match="there is no adjudicator/9"):
        with_farewell(first("role"), 9)
    alone = retired(first("role"), 1)
    assert [term.number for term in journals_of(alone).terms] == [2] and changing(journals_of(alone)) is None
    with pytest.raises(DatabaseError, match="adjudicator/2 is the last one"):
        with_farewell(alone, 2)


def test_the_process_of_the_clusters_own_journal_stays() -> None:
    state = retired(first("role"), 1)
    assert [role.name for role in state.process("journal-1-a").roles] == ["journal/0/a"]
    assert "adjudicator-1" not in [process.name for process in state.processes]


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("now", PLACES)
def test_a_cluster_that_was_down_starts_with_the_adjudicators_that_it_had(kind: str, now: str) -> None:
    state = arranged(retired(born(first(kind)), 2), first(now))
    assert sorted(role.name for role in state.roles.values() if role.kind == "adjudicator") == [
        "adjudicator/1",
        "adjudicator/3",
    ]
    assert {role.name for role in state.roles.values() if role.kind == "journal"} == {
        f"journal/{number}/{az}" for number in (0, 1, 3) for az in "abc"
    }
    crossbar = next(role for role in state.roles.values() if role.kind == "crossbar")
    assert [number for number, _, _ in crossbar.arguments["journals"]] == [1, 3]
    assert arranged(state, first(now)).processes == state.processes


def test_a_journal_stays_while_storage_replicas_have_begun_that_nobody_has_asked() -> None:
    """A replica that began with what a peer had before the peer had all of the journal still needs it (I12)."""
    ended = with_end(with_farewell(born(first("role")), 3), 3, 2000)
    asked = _storage_replicas(ended)
    assert "journal/3/a" not in _forgotten(ended, 3, asked).roles
    with pytest.raises(DatabaseError, match="storage replicas have begun since all had journal 3"):
        _forgotten(ended, 3, asked - {"storage/1/a"})
