"""Claims that are gathered piece by piece judge as claims that come whole do, whenever others commit meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.adjudicator import claim as claims
from actors.adjudicator.claim import Claim, GatheredClaim
from actors.adjudicator.window import ConflictWindow
from actors.common.errors import DatabaseError


def key(table: int, number: int) -> bytes:
    return table.to_bytes(4, "big") + b"\0\1" + bytes([number])


KEYS = st.builds(key, st.integers(1, 2), st.integers(0, 12))
PIECES = st.lists(st.tuples(st.lists(KEYS, max_size=3, unique=True), st.booleans()), max_size=5)
OTHERS = st.lists(st.tuples(st.integers(0, 5), st.lists(KEYS, min_size=1, max_size=2, unique=True)), max_size=5)


def gathered(
    window: ConflictWindow, pieces: list[tuple[list[bytes], bool]], others: list[tuple[int, list[bytes]]]
) -> GatheredClaim:
    """A claim that began at 100; `others`: (before which piece, what is committed), at 101, 102 ..."""
    claim = GatheredClaim(b"large", 100, 100)
    for place in range(len(pieces) + 1):
        for number, (_, written) in enumerate(other for other in others if min(other[0], len(pieces)) == place):
            window.commit(Claim(b"other%d" % number, 100, 100, written), 101 + place * 10 + number)
        if place < len(pieces):
            keys, checks = pieces[place]
            window.gather(claim, [] if checks else keys, keys if checks else [])
    return claim


def in_order(pieces: list[tuple[list[bytes], bool]]) -> list[tuple[list[bytes], bool]]:
    """Each key once, pieces ascending: as a query processor sends them."""
    keys = sorted({(key, checks) for keys, checks in pieces for key in keys})
    seen: dict[bytes, bool] = {}
    for name, checks in keys:
        seen.setdefault(name, checks)
    return [([name], checks) for name, checks in sorted(seen.items())]


@pytest.mark.parametrize("bulk_keys", [0, 3, 1000])
@given(PIECES, OTHERS)
def test_a_conflict_is_never_missed(
    bulk_keys: int, pieces: list[tuple[list[bytes], bool]], others: list[tuple[int, list[bytes]]]
) -> None:
    ordered = in_order(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "BULK_KEYS", bulk_keys)
        window = ConflictWindow(1 << 40)
        claim = gathered(window, ordered, others)
        verdict = window.judge(claim)
    mine = {name for keys, _ in ordered for name in keys}
    met = any(mine.intersection(written) for _, written in others)
    if met:
        assert isinstance(verdict, DatabaseError) and verdict.sqlstate == "40001"
    elif bulk_keys == 1000 or all(len(written) <= bulk_keys for _, written in others):
        assert verdict is None


def test_a_commit_of_its_tables_or_before_its_start() -> None:
    window = ConflictWindow(1 << 40)
    claim = gathered(window, [([key(1, 5)], False)], [])
    window.commit(Claim(b"early", 90, 90, [key(1, 5)]), 99)
    assert window.judge(claim) is None, "its snapshot has that"
    window.commit(Claim(b"other", 100, 100, [], dropped=[b"\0\0\0\2"]), 150)
    assert window.judge(claim) is None, "another table"
    window.commit(Claim(b"drop", 100, 100, [], dropped=[b"\0\0\0\1"]), 160)
    assert isinstance(window.judge(claim), DatabaseError)


def test_it_is_let_go_of() -> None:
    window = ConflictWindow(1 << 40)
    claim = gathered(window, [([key(1, 5)], False)], [])
    window.leave(claim)
    window.commit(claim, 120)
    window.commit(Claim(b"other", 130, 130, [key(1, 5)]), 140)
    assert not claim.overwritten


def test_a_bulk_claim_holds_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BULK_KEYS", 1)
    window = ConflictWindow(1 << 40)
    claim = gathered(window, [([key(1, 1)], False), ([key(2, 2)], True)], [])
    assert claim.is_bulk and claim.held_tables == [b"\0\0\0\1", b"\0\0\0\2"]
    window.leave(claim)
    window.mark(claim)
    assert window.judge(Claim(b"other", 200, 200, [key(1, 9)])) == b"large"
    assert window.judge(Claim(b"reader", 200, 200, [], [key(2, 9)])) == b"large"


@pytest.mark.parametrize("second", [[key(1, 4)], [key(1, 5)], [key(1, 6), key(1, 5)]])
def test_pieces_that_interleave_are_refused(second: list[bytes]) -> None:
    claim = GatheredClaim(b"large", 100, 100)
    claim.add([key(1, 3), key(1, 5)], [])
    with pytest.raises(DatabaseError) as refusal:
        claim.add(second, [])
    assert refusal.value.sqlstate == "08P01"
