"""The conflict window against a model that keeps everything, and its rules one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from actors.adjudicator import claim as claims
from actors.adjudicator import window as windows
from actors.adjudicator.claim import Claim, GatheredClaim
from actors.adjudicator.window import ConflictWindow
from actors.common.errors import DatabaseError
from actors.common.references import reference_key

LENGTH_US = 300_000_000


def key(number: int, table: int = 1) -> bytes:
    return table.to_bytes(4, "big") + b"\0\1" + number.to_bytes(4, "big")


def claim(
    name: str,
    start_ts: int,
    written: Sequence[int] = (),
    checked: Sequence[int] = (),
    catalog_ts: int = 10**9,
    **others: Any,
) -> Claim:
    return Claim(
        name.encode(),
        start_ts,
        catalog_ts,
        [key(number) for number in written],
        [key(number) for number in checked],
        **others,
    )


def outcome(window: ConflictWindow, one: Claim) -> str:
    verdict = window.judge(one)
    if isinstance(verdict, DatabaseError):
        return verdict.message[-6:-1]
    return verdict.decode() if verdict is not None else "free"


def test_first_committer_wins_for_written_and_checked_keys() -> None:
    window = ConflictWindow(LENGTH_US)
    window.commit(claim("a", 5, [1]), 10)
    assert outcome(window, claim("b", 9, [1, 2])) == "OC000"
    assert outcome(window, claim("b", 9, [2], [1])) == "OC000"
    assert outcome(window, claim("b", 10, [1])) == "free"
    assert outcome(window, claim("b", 9, [2])) == "free"


def test_writers_that_began_later_wait_for_a_mark_and_earlier_ones_conflict() -> None:
    window = ConflictWindow(LENGTH_US)
    window.mark(claim("p", 10, [1], [2]))
    assert outcome(window, claim("b", 11, [1])) == "p"
    assert outcome(window, claim("b", 11, [3], [1])) == "p"
    assert outcome(window, claim("b", 10, [1])) == "OC000"
    assert outcome(window, claim("b", 9, [2])) == "p", "p only checks key 2: its commit leaves the writer free"
    assert outcome(window, claim("b", 9, [3], [2])) == "free", "read marks are shared"
    released = window.release(b"p")
    assert released is not None and window.pending == 0 and window.release(b"p") is None
    assert outcome(window, claim("b", 9, [1, 2])) == "free"
    window.commit(released, 20)
    assert outcome(window, claim("b", 19, [1])) == "OC000" and outcome(window, claim("b", 19, [2])) == "free"


def referring(name: str, start_ts: int, taken: Sequence[int] = (), referred: Sequence[int] = ()) -> Claim:
    """A claim of reference keys: rows that it takes away, rows that it refers to."""
    return Claim(
        name.encode(),
        start_ts,
        10**9,
        [reference_key(key(one)) for one in taken],
        [reference_key(key(one)) for one in referred],
    )


def test_a_row_and_what_it_refers_to_meet_in_either_order() -> None:
    window = ConflictWindow(LENGTH_US)
    window.commit(referring("child", 5, referred=[1]), 10)
    assert outcome(window, referring("parent", 9, taken=[1])) == "OC000", (
        "it did not see who refers to the row that it takes away"
    )
    assert outcome(window, referring("parent", 10, taken=[1])) == "free"
    assert outcome(window, referring("other child", 5, referred=[1])) == "free", (
        "those who refer to one row do not meet"
    )
    assert outcome(window, claim("update", 5, [1])) == "free", "the row's other columns are nobody's business"
    window.commit(referring("parent", 10, taken=[1]), 20)
    assert outcome(window, referring("child", 19, referred=[1])) == "OC000"
    assert outcome(window, referring("child", 20, referred=[1])) == "free"


def test_who_refers_is_forgotten_with_its_time() -> None:
    window = ConflictWindow(LENGTH_US)
    window.commit(referring("child", 5, referred=[1]), 10)
    window.commit(claim("later", 10, [2]), 10 + LENGTH_US)
    window.commit(claim("later still", 10, [3]), 20 + 2 * LENGTH_US)
    assert window.horizon >= 10 and window.keys <= 2 and not window._referred


def test_bulk_claims_of_references_meet_by_table_and_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BULK_KEYS", 2)
    window = ConflictWindow(LENGTH_US)
    loading = GatheredClaim(b"load", 5, 10**9)
    window.gather(loading, [key(number, 7) for number in range(3)], [reference_key(key(1))])
    window.leave(loading)
    assert loading.is_bulk
    window.commit(loading, 10)
    assert outcome(window, referring("parent", 9, taken=[2])) == "OC000", "of a bulk load the table alone is known"
    assert outcome(window, claim("update", 9, [1])) == "free"
    sweep = GatheredClaim(b"sweep", 10, 10**9)
    window.gather(sweep, [reference_key(key(number)) for number in range(3)], [])
    window.commit(referring("child", 10, referred=[2]), 20)
    assert outcome(window, sweep) == "OC000"
    late = GatheredClaim(b"late", 15, 10**9)
    window.gather(late, [reference_key(key(2))], [])
    assert outcome(window, late) == "OC000"


def test_transactions_that_hold_marks_elsewhere_never_wait_in_a_circle() -> None:
    window = ConflictWindow(LENGTH_US)
    window.mark(claim("p", 10, [1], [2]))
    assert outcome(window, claim("b", 9, [2], holds_elsewhere=True)) == "OC000"
    assert outcome(window, claim("b", 11, [2], holds_elsewhere=True)) == "p"
    assert outcome(window, claim("a", 10, [2], holds_elsewhere=True)) == "OC000", "equal starts: by name"
    assert outcome(window, claim("q", 10, [2], holds_elsewhere=True)) == "p"


def test_schema_changes_and_exclusive_tables() -> None:
    window = ConflictWindow(LENGTH_US)
    window.commit(claim("ddl", 5, [], schema_changes=[1]), 10)
    assert outcome(window, claim("b", 12, [1], catalog_ts=9)) == "OC001"
    assert outcome(window, claim("b", 12, [], [1], catalog_ts=9)) == "OC001"
    assert outcome(window, claim("b", 12, [1], catalog_ts=10)) == "free"
    window.commit(claim("w", 12, [1]), 20)
    assert outcome(window, claim("d", 19, [], exclusive=[1])) == "OC000"
    assert outcome(window, claim("d", 20, [], exclusive=[1])) == "free"
    window.mark(claim("p", 21, [7]))
    assert outcome(window, claim("d", 30, [], schema_changes=[1])) == "p"
    assert outcome(window, claim("d", 30, [], schema_changes=[2])) == "free"
    window.mark(claim("d", 30, [], schema_changes=[2]))
    assert outcome(window, Claim(b"e", 31, 10**9, [key(1, table=2)])) == "d", "a pending schema change holds its table"


def test_a_dropped_range_is_a_write_of_every_key_of_its_table() -> None:
    window = ConflictWindow(LENGTH_US)
    drop = claim("d", 20, [], dropped=[key(0)[:4]])
    window.commit(claim("w", 5, [1]), 21)
    assert outcome(window, drop) == "OC000"
    drop = claim("d", 21, [], dropped=[key(0)[:4]])
    assert outcome(window, drop) == "free"
    window.commit(drop, 30)
    assert outcome(window, claim("b", 29, [999])) == "OC000"
    assert outcome(window, claim("b", 29, [], [999])) == "OC000"
    assert outcome(window, claim("b", 30, [999])) == "free"
    assert outcome(window, Claim(b"b", 29, 10**9, [key(1, table=2)])) == "free"


def test_a_bulk_write_is_remembered_as_one_write_of_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BULK_KEYS", 10)
    window = ConflictWindow(LENGTH_US)
    window.commit(claim("a", 5, [3]), 10)
    assert outcome(window, claim("bulk", 9, list(range(11)))) == "OC000"
    assert outcome(window, claim("bulk", 9, list(range(20, 31)))) == "free", (
        "the table was written, none of these keys was"
    )
    bulk = claim("bulk", 10, list(range(11)))
    window.mark(bulk)
    assert outcome(window, claim("b", 11, [77])) == "bulk"
    window.release(b"bulk")
    window.commit(bulk, 20)
    assert window.keys == 1
    assert outcome(window, claim("b", 19, [77])) == "OC000" and outcome(window, claim("b", 20, [77])) == "free"


def test_the_window_forgets_by_time_and_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    window = ConflictWindow(6400)
    for moment in range(0, 20_000, 10):
        window.commit(claim("a", moment, [moment]), moment + 1)
        assert moment < 6400 or moment - 6700 <= window.horizon <= moment - 6400 + 1
        assert window.keys <= 680
    monkeypatch.setattr(windows, "WINDOW_KEYS_MAX", 100)
    for moment in range(20_000, 22_000, 10):
        window.commit(claim("a", moment, [moment]), moment + 1)
    assert window.keys <= 210 and window.horizon > 19_000
