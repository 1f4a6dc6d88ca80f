"""The conflict window against a model that keeps everything, under schedules of its worst kind: outcomes come in any
order, at commit times of their coordinators' choosing,
beside bulk writes, claims of whole tables and dropped ranges, while the window forgets what is old or too much.

The model is a list of what was committed. It is asked what is true (I3), never what the window should have said: a
spurious conflict is allowed, a missed one is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adjudicator import claim as claims
from actors.adjudicator import window as windows
from actors.adjudicator.claim import Claim
from actors.adjudicator.window import BUCKETS, ConflictWindow
from actors.common.errors import DatabaseError
from actors.common.references import is_reference, reference_key
from tests.sim.planted import schedules

TABLES = (1, 2)
LENGTH_US = 40 * BUCKETS
LENGTHS_US = (LENGTH_US, BUCKETS, 8 * BUCKETS)
STEP_US = 10
WALKS, WALK_STEPS = 150, 80


def key(table: int, number: int) -> bytes:
    return table.to_bytes(4, "big") + b"\0\1" + number.to_bytes(4, "big")


def table_of(key: bytes) -> int:
    return int.from_bytes(key[:4], "big")


@dataclass
class Wish:
    """What a transaction wants, in the test's own terms."""

    start_ts: int
    catalog_ts: int
    written: set[bytes]
    checked: set[bytes]
    changes: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)
    """Tables that nobody may have written since its start: exclusive, or dropped."""
    dropped: set[int] = field(default_factory=set)
    offered: int = 0
    """Prepared: its commit time will be above."""


class Truth:
    """Everything that was committed."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, Wish]] = []

    def holds(self, wish: Wish, commit_ts: int) -> None:
        for other_ts, other in self.commits:
            if not wish.start_ts < other_ts < commit_ts:
                continue
            touched = wish.written | wish.checked
            assert not other.written & touched, "a written or checked key was written meanwhile"
            assert not set(filter(is_reference, other.checked)) & wish.written, "somebody refers to what it takes away"
            assert not {table_of(one) for one in touched} & other.dropped, (
                "a written or checked key was dropped meanwhile"
            )
            writes = {table_of(one) for one in other.written} | other.dropped
            assert not wish.alone & writes, "a table that it had to itself was written meanwhile"
        for other_ts, other in self.commits:
            if wish.catalog_ts < other_ts < commit_ts:
                used = {table_of(one) for one in wish.written | wish.checked} | wish.changes | wish.alone
                assert not used & other.changes, "it went by an older schema of a table"

    def commit(self, wish: Wish, commit_ts: int) -> None:
        self.holds(wish, commit_ts)
        for later_ts, later in self.commits:  # its outcome came late: they were decided before, at higher times
            if later_ts > commit_ts:
                Truth.pair(wish, commit_ts, later, later_ts)
        self.commits.append((commit_ts, wish))

    @staticmethod
    def pair(one: Wish, one_ts: int, later: Wish, later_ts: int) -> None:
        truth = Truth()
        truth.commits.append((one_ts, one))
        truth.holds(later, later_ts)


plain_keys = st.builds(key, st.sampled_from(TABLES), st.integers(0, 4))
keys = st.one_of(plain_keys, st.builds(reference_key, plain_keys))
subsets = st.sets(st.sampled_from(TABLES), max_size=2)
step = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["commit", "commit", "prepare", "prepare", "resolve", "resolve", "abort"]),
        "written": st.sets(keys, max_size=4),
        "checked": st.sets(keys, max_size=2),
        "tables": st.one_of(
            st.just("none"), st.just("none"), st.sampled_from(["exclusive", "dropped", "changed", "swept"])
        ),
        "which": subsets,
        "age": st.integers(0, 60),
        "pick": st.integers(0, 7),
        "ahead": st.integers(0, 30),
    }
)


def make(number: int, wanted: dict[str, Any], now: int) -> tuple[Claim, Wish]:
    tables: set[int] = wanted["which"] if wanted["tables"] != "none" else set()
    changes = tables if wanted["tables"] in ("changed", "swept") else set()
    dropped = tables if wanted["tables"] in ("dropped", "swept") else set()
    exclusive = tables if wanted["tables"] == "exclusive" else set()
    start_ts = now - wanted["age"]
    written, checked = sorted(wanted["written"]), sorted(wanted["checked"] - wanted["written"])
    claim = Claim(
        f"{number:04}".encode(),
        start_ts,
        start_ts,
        written,
        checked,
        sorted(changes),
        sorted(exclusive),
        [table.to_bytes(4, "big") for table in sorted(dropped)],
        holds_elsewhere=wanted["action"] == "prepare",
    )
    return claim, Wish(start_ts, start_ts, set(written), set(checked), changes, exclusive | dropped, dropped)


@pytest.fixture(params=[(20_000, 1_000_000), (1, 1_000_000), (2, 6)], ids=["usual", "all bulk", "few keys"])
def _bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    bulk, most = request.param
    monkeypatch.setattr(claims, "BULK_KEYS", bulk)
    monkeypatch.setattr(windows, "WINDOW_KEYS_MAX", most)
    yield


@pytest.mark.usefixtures("_bounds")
@settings(max_examples=200, deadline=None)
@given(st.lists(step, max_size=60))
def test_whatever_is_let_through_is_true(steps: Sequence[dict[str, Any]]) -> None:
    walk(steps, LENGTH_US)


@pytest.mark.usefixtures("_bounds")
@pytest.mark.parametrize("length_us", LENGTHS_US)
def test_whatever_is_let_through_in_many_walks_is_true(length_us: int) -> None:
    for number in range(WALKS):
        walk(drawn_steps(Random(number)), length_us)


def drawn_steps(random: Random) -> Sequence[dict[str, Any]]:
    """Each walk has a taste of its own (swarm testing): what needs five things of one kind in a row comes up."""
    actions = random.choice((("commit",), ("commit", "prepare"), ("commit", "commit", "prepare"), ("prepare",)))
    ends = random.choice((("resolve",), ("resolve", "abort")))
    kinds = random.choice(
        (("none",), ("none", "none", "exclusive"), ("none", "exclusive", "dropped", "changed", "swept"))
    )
    some = [key(table, number) for table in TABLES for number in range(random.choice((1, 4, 30)))]
    if random.random() < 0.5:
        some += [reference_key(one) for one in some]
    most, age, ahead = random.randint(1, 3), random.choice((10, 30, 60)), random.choice((0, 5, 30))
    steps = []
    for _ in range(WALK_STEPS):
        table_kind = random.choice(kinds)
        touches = table_kind == "none" or random.random() < 0.2
        steps.append(
            {
                "action": random.choice((*actions, random.choice(ends))),
                "written": set(random.sample(some, random.randint(0, min(most, len(some))))) if touches else set(),
                "checked": set(random.sample(some, random.randint(0, 1))) if touches else set(),
                "tables": table_kind,
                "which": set(random.sample(TABLES, random.randint(1, 2))),
                "age": random.randint(0, age),
                "pick": random.randint(0, 7),
                "ahead": random.randint(0, ahead),
            }
        )
    return steps


def walk(steps: Sequence[dict[str, Any]], length_us: int) -> None:
    window, truth = ConflictWindow(length_us), Truth()
    now, last = 1000, 1000
    prepared: dict[bytes, tuple[Claim, Wish]] = {}
    for number, wanted in enumerate(steps):
        now += STEP_US
        if wanted["action"] in ("commit", "prepare"):
            claim, wish = make(number, wanted, now)
            if claim.start_ts < window.horizon or window.judge(claim) is not None:
                continue
            if wanted["action"] == "prepare":
                window.mark(claim)
                wish.offered = max(last, claim.start_ts)
                prepared[claim.transaction] = claim, wish
            else:
                last = max(last, now, claim.start_ts) + 1
                truth.commit(wish, last)
                window.commit(claim, last)
        elif prepared:
            claim, wish = prepared.pop(sorted(prepared)[wanted["pick"] % len(prepared)])
            assert window.release(claim.transaction) is claim
            if wanted["action"] == "resolve":
                # The coordinator has chosen any time above what was offered: outcomes come in no order of their times.
                commit_ts = wish.offered + 1 + wanted["ahead"]
                while any(commit_ts == other_ts for other_ts, _ in truth.commits):
                    commit_ts += 1
                truth.commit(wish, commit_ts)
                window.commit(claim, commit_ts)
                last = max(last, commit_ts)
        assert window.marked(b"nobody") is None and window.pending == len(prepared)
    for name in sorted(prepared):
        window.release(name)
    assert not window._write_marks and not window._read_marks and not window._table_pending and not window._table_holds
    alone = Claim(b"last", last + 1, last + 1, [], [], TABLES, TABLES)
    assert window.judge(alone) is None, "nothing is left that could hold a table"


@pytest.mark.parametrize(
    "plant",
    [
        schedules.a_tables_last_write_goes_back,
        schedules.a_bulk_claim_stays_pending,
        schedules.forgets_a_key_that_was_written_again,
        schedules.a_claim_forgets_one_of_two_tables,
        schedules.forgets_who_refers,
    ],
)
def test_walks_find_what_is_planted(plant: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BULK_KEYS", 2)
    for method in ("commit", "release", "_forget"):  # put back afterwards, whatever `plant` does
        monkeypatch.setattr(ConflictWindow, method, getattr(ConflictWindow, method))
    monkeypatch.setattr(Claim, "__init__", Claim.__init__)
    plant()
    with pytest.raises(AssertionError):
        for number in range(WALKS):
            for length_us in LENGTHS_US:
                walk(drawn_steps(Random(number)), length_us)


def test_a_missed_conflict_is_seen() -> None:
    truth = Truth()
    truth.commit(Wish(5, 5, {key(1, 1)}, set()), 20)
    with pytest.raises(AssertionError, match="written meanwhile"):
        truth.commit(Wish(10, 10, {key(1, 1)}, set()), 30)
    with pytest.raises(AssertionError, match="to itself"):
        truth.commit(Wish(10, 10, set(), set(), alone={1}), 30)
    with pytest.raises(AssertionError, match="to itself"):
        Truth.pair(Wish(1, 1, {key(1, 2)}, set()), 15, Wish(10, 10, set(), set(), alone={1}), 30)
    assert isinstance(DatabaseError("40001", ""), Exception)
