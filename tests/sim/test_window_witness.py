"""What the windows' witness lets pass and what it does not: a window that lets through what it should not is told on at
once, one that is right never is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.adjudicator.claim import Claim, GatheredClaim, table_prefix
from actors.adjudicator.window import ConflictWindow
from actors.common.messages import Prepare
from actors.common.timestamps import Timestamp
from cluster.simulation.window_witness import WindowWitness
from tests.sim.telling_world import TellingWorld, Told

HEAP, PILE = 7, 8
KEY, OTHER = table_prefix(HEAP) + b"\0\1k", table_prefix(PILE) + b"\0\1k"
NAME = bytes(15)


@pytest.fixture
def witness() -> Iterator[WindowWitness]:
    world = TellingWorld(1)

    witness = WindowWitness(world)
    with witness.watching():
        yield witness


@pytest.fixture
def window(witness: WindowWitness) -> ConflictWindow:
    return ConflictWindow(1_000_000)


def claim(
    number: int, start_ts: Timestamp, *written: bytes, checked: tuple[bytes, ...] = (), alone: tuple[int, ...] = ()
) -> Claim:
    return Claim(NAME + bytes([number]), start_ts, start_ts, written, checked, exclusive=alone)


def test_what_is_right_is_let_through(window: ConflictWindow) -> None:
    window.commit(claim(1, 5, KEY), 10)
    assert window.judge(claim(2, 10, KEY)) is None
    assert window.judge(claim(3, 9, OTHER, alone=(PILE,))) is None
    held = claim(4, 11, KEY)
    window.mark(held)
    assert window.judge(claim(5, 12, checked=(OTHER,))) is None
    assert window.release(held.transaction) is held


def test_a_key_that_is_forgotten_too_early(window: ConflictWindow) -> None:
    window.commit(claim(1, 5, KEY), 10)
    del window._last[KEY]
    assert window.judge(claim(2, 10, KEY)) is None
    with pytest.raises(Told, match="key"):
        window.judge(claim(3, 9, checked=(KEY,)))


def test_an_older_outcome_that_comes_later(window: ConflictWindow) -> None:
    window.commit(claim(1, 5, KEY), 20)
    window.commit(claim(2, 5, KEY + b"l"), 10)
    window._table_last[table_prefix(HEAP)] = 10
    with pytest.raises(Told, match="table"):
        window.judge(claim(3, 15, alone=(HEAP,)))


def test_what_a_late_outcome_takes_back_is_seen_before_anybody_asks(
    window: ConflictWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.commit(claim(1, 5, KEY), 20)
    commit = ConflictWindow.commit

    def careless(window: ConflictWindow, claim: Claim, commit_ts: Timestamp) -> None:
        window._table_last.clear()
        commit(window, claim, commit_ts)

    monkeypatch.setattr(ConflictWindow, "commit", careless)
    with pytest.raises(Told, match="table 00000007 of 20 is forgotten"):
        window.commit(claim(2, 5, KEY + b"l"), 10)


def test_what_is_forgotten_must_be_old(window: ConflictWindow) -> None:
    window.commit(claim(1, 5, KEY), 10)
    window.commit(claim(2, 50_000, KEY), 60_000)
    window.trim(20_000)
    window.commit(claim(3, 50_000, OTHER), 70_000)
    del window._last[KEY]
    window.trim(30_000)
    window.commit(claim(4, 50_000, OTHER), 80_000)
    window.horizon += 1
    with pytest.raises(Told, match="key"):
        window.commit(claim(5, 80_000, OTHER), 90_000)


def test_a_claim_that_wants_less_than_it_was_asked_to(window: ConflictWindow, witness: WindowWitness) -> None:
    name = NAME + bytes([3, 0, 0, 0, 0])
    witness.delivered("adjudicator/1", "adjudicator/2", Prepare(name, 1, 1, 5, 5, [], [], [], [HEAP, PILE], [], 0))
    window.commit(claim(1, 5, OTHER), 10)
    with pytest.raises(Told, match="table"):
        window.judge(Claim(name, 5, 5, [], [], exclusive=[HEAP]))


def test_who_meets_an_undecided_transaction(window: ConflictWindow) -> None:
    window.mark(claim(1, 5, KEY))
    window._write_marks.clear()
    with pytest.raises(Told, match="undecided"):
        window.judge(claim(2, 6, KEY))


def test_what_is_held_beyond_the_outcome(window: ConflictWindow) -> None:
    held = claim(1, 5, KEY)
    window.mark(held)
    window._table_pending[table_prefix(PILE)] = {held.transaction: held}
    with pytest.raises(Told, match="still holds"):
        window.release(held.transaction)


def test_the_pieces_of_a_large_transaction_count(window: ConflictWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.adjudicator.claim.BULK_KEYS", 1)
    large = GatheredClaim(NAME + b"l", 5, 5)
    window.gather(large, [KEY, KEY + b"l"], [])
    monkeypatch.setattr(GatheredClaim, "meets", lambda claim, other: False)
    window.commit(claim(1, 5, KEY + b"l"), 10)
    window._table_last.clear()
    with pytest.raises(Told, match="key"):
        window.judge(large)


def test_windows_are_left_as_they_were() -> None:
    judge = ConflictWindow.judge
    with WindowWitness(TellingWorld(1)).watching():
        assert ConflictWindow.judge is not judge
    assert ConflictWindow.judge is judge
