"""For every kind of anomaly a small history that has it, and a twin, as near as may be, that has none."""

from __future__ import annotations

import re

import pytest

from workloads.histories import list_append
from workloads.histories.list_append import check
from workloads.histories.transactions import Append, Operation, Outcome, Read, Transaction

STEP = re.compile(r"a(\d+)\.(\d+)|r(\d+)(\[[\d ]*\]|\?)")
OUTCOMES: tuple[Outcome, ...] = ("committed", "aborted", "unknown")


def transactions(*lines: str) -> list[Transaction]:
    """`a3.8` appends 8 to key 3; `r3[7 8]` reads it, `r3?` without an answer.

    After a bar: the outcome (committed), `10-20` for its time (0-100), `p2` for its process (its own)."""
    history = []
    for index, line in enumerate(lines):
        steps, _, rest = line.partition("|")
        operations: list[Operation] = []
        for key, value, read_key, values in STEP.findall(steps):
            if key:
                operations.append(Append(int(key), int(value)))
            else:
                operations.append(Read(int(read_key), None if values == "?" else tuple(map(int, values[1:-1].split()))))
        words = rest.split()
        outcome = next((one for one in OUTCOMES if one in words), "committed")
        began, ended = next(
            ((int(word.split("-")[0]), int(word.split("-")[1])) for word in words if "-" in word), (0, 100)
        )
        process = next((int(word[1:]) for word in words if word[0] == "p"), index)
        history.append(Transaction(process, tuple(operations), began, ended, outcome, index))
    return history


def kinds(*lines: str, isolation: str = "snapshot", real_time: bool = True) -> set[str]:
    return {anomaly.kind for anomaly in check(transactions(*lines), isolation, real_time)}


PAIRS: dict[str, tuple[list[str], list[str]]] = {
    "duplicate-append": (["a1.1", "a1.1"], ["a1.1", "a2.1"]),
    "duplicate-append of one": (["a1.1 a1.1"], ["a1.1 a2.1"]),
    "duplicate-element": (["a1.1", "a1.2", "r1[1 2 1]"], ["a1.1", "a1.2", "r1[1 2]"]),
    "garbage-read": (["a1.1", "r1[1 9]"], ["a1.1", "r1[1]"]),
    "internal: a read after an append": (["r1[] a1.1 r1[]"], ["r1[] a1.1 r1[1]"]),
    "internal: two reads": (["a1.1", "r1[] r1[1]"], ["a1.1", "r1[] r1[]"]),
    "internal: own append at another place": (["a1.1", "a1.2 r1[2 1]"], ["a1.1", "a1.2 r1[1 2]"]),
    "internal: own append alone": (["a1.1 a1.2 r1[2]"], ["a1.1 a1.2 r1[1 2]"]),
    "future-read": (["r1[1] a1.1"], ["r1[] a1.1"]),
    "G1a": (["a1.1 | aborted", "r1[1]"], ["a1.1 | unknown", "r1[1]"]),
    "G1a below others": (["a1.1 | aborted", "a1.2", "r1[1 2]"], ["a1.1", "a1.2", "r1[1 2]"]),
    "G1b": (["a1.1 a1.2", "r1[1]"], ["a1.1 a1.2", "r1[1 2]"]),
    "G1b under the reader's own": (["a1.1 a1.2", "a1.3 r1[1 3]"], ["a1.1 a1.2", "a1.3 r1[1 2 3]"]),
    "dirty-update": (["a1.1 | aborted", "a1.2", "r1[1 2]"], ["a1.1 | aborted", "a1.2", "r1[2]"]),
    "incompatible-order": (["a1.1", "a1.2", "r1[1 2]", "r1[2 1]"], ["a1.1", "a1.2", "r1[1 2]", "r1[1]"]),
    "incompatible-order of equals": (["a1.1", "a1.2", "r1[1]", "r1[2]"], ["a1.1", "a1.2", "r1[1]", "r1[1 2]"]),
    "lost-update": (["r1[] a1.1", "r1[] a1.2"], ["r1[] a1.1", "r1[1] a1.2"]),
    "lost-update, its loser aborted": (["r1[] a1.1", "r1[] a1.2"], ["r1[] a1.1", "r1[] a1.2 | aborted"]),
    "G0": (["a1.1 a2.1", "a1.2 a2.2", "r1[1 2] r2[2 1]"], ["a1.1 a2.1", "a1.2 a2.2", "r1[1 2] r2[1 2]"]),
    "G1c": (["a1.1 r2[1]", "a2.1 r1[1]"], ["a1.1 r2[]", "a2.1 r1[1]"]),
    "G1c with ww": (["a1.1 a2.1", "a1.2 r2[1]", "r1[2 1]"], ["a1.1 a2.1", "a1.2 r2[1]", "r1[1 2]"]),
    "G-single: a fractured read": (["a1.1 a2.1", "r1[1] r2[]"], ["a1.1 a2.1", "r1[1] r2[1]"]),
    "G-single: an append unread": (["a1.1 a2.1", "r1[1] r2[2]", "a2.2"], ["a1.1 a2.1", "r1[1] r2[2 1]", "a2.2"]),
    "G-single: by three": (["a1.1", "r1[1] a2.1", "r2[1] r1[]"], ["a1.1", "r1[1] a2.1", "r2[1] r1[1]"]),
    "G-single: by ww and wr": (["a1.1 a2.1", "a1.2", "r1[1 2] r2[]"], ["a1.1 a2.1", "a1.2", "r1[1 2] r2[1]"]),
    "G-nonadjacent: a long fork": (
        ["a1.1", "a2.1", "r1[1] r2[]", "r1[] r2[1]"],
        ["a1.1", "a2.1", "r1[1] r2[]", "r1[1] r2[1]"],
    ),
    "G-nonadjacent: by ww and wr": (
        ["a1.1", "r1[1] r2[]", "a2.1 a3.1", "r1[] a3.2", "r3[1 2]"],
        ["a1.1", "r1[1] r2[]", "a2.1 a3.1", "r1[] a3.2", "r3[2 1]"],
    ),
    "G0-realtime": (["a1.1 | 0-10", "a1.2 | 20-30", "r1[2 1]"], ["a1.1 | 0-20", "a1.2 | 20-30", "r1[2 1]"]),
    "G1c-realtime": (["r1[1] | 0-10", "a1.1 | 20-30"], ["r1[1] | 0-20", "a1.1 | 20-30"]),
    "G-single-realtime: a stale read": (["a1.1 | 0-10", "r1[] | 20-30"], ["a1.1 | 0-20", "r1[] | 20-30"]),
    "G-single-realtime through another": (
        ["a1.1 | 0-10", "a2.1 | 20-30", "r1[] r2[1] | 0-40"],
        ["a1.1 | 0-20", "a2.1 | 20-30", "r1[] r2[1] | 0-40"],
    ),
    "G-nonadjacent-realtime": (
        ["r1[] | 0-50", "a1.1 | 0-10", "r2[] | 20-30", "a2.1 a3.1 | 0-50", "r3[1] r1[] | 0-50"],
        ["r1[] | 0-50", "a1.1 | 0-20", "r2[] | 20-30", "a2.1 a3.1 | 0-50", "r3[1] r1[] | 0-50"],
    ),
    "G-single-process": (["a1.1 | 0-10 p7", "r1[] | 20-30 p7"], ["a1.1 | 0-10 p7", "r1[1] | 20-30 p7"]),
}


@pytest.mark.parametrize("name", PAIRS)
def test_found_and_not_in_its_twin(name: str) -> None:
    wrong, right = PAIRS[name]
    assert re.split("[: ,]", name)[0] in kinds(*wrong)
    assert kinds(*right) == set()


@pytest.mark.parametrize("name", [name for name in PAIRS if "realtime" in name or "process" in name])
def test_the_order_of_time_counts_only_if_asked_for(name: str) -> None:
    assert kinds(*PAIRS[name][0], real_time=False) == set()


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [
        ("G2-item", ["r1[] a2.1", "r2[] a1.1"], ["r1[] a2.1", "r2[1] a1.1"]),
        ("G2-item", ["r1[] a2.1", "r2[] a3.1", "r3[] a1.1"], ["r1[] a2.1", "r2[] a3.1", "r3[1] a1.1"]),
        (
            # serializable in one order only, and the last of it was acknowledged before the first began
            "G2-item-realtime",
            ["r1[] a2.1 | 0-50", "a1.1 | 10-20", "r2[] | 30-40"],
            ["r1[] a2.1 | 0-50", "a1.1 | 10-30", "r2[] | 30-40"],
        ),
    ],
)
def test_write_skew_is_forbidden_by_serializability_alone(kind: str, wrong: list[str], right: list[str]) -> None:
    assert kind in kinds(*wrong, isolation="serializable")
    assert kinds(*wrong) == set()
    assert kinds(*right, isolation="serializable") == set()


@pytest.mark.parametrize(
    ("append", "read", "unknown_counts"),
    [
        ("a1.1 a2.1 | unknown", "r1[1] r2[]", True),
        ("a1.1 a2.1 | unknown", "r1[] r2[]", False),
        ("a1.1 a2.1 | aborted", "r1[] r2[]", False),
    ],
)
def test_an_unknown_transaction_counts_if_it_was_read(append: str, read: str, unknown_counts: bool) -> None:
    assert (kinds(append, read) == {"G-single"}) == unknown_counts


def test_an_unknown_transaction_counts_if_one_that_was_read_has_read_it() -> None:
    assert kinds("a1.1 a3.1 | unknown", "r1[1] a2.1 | unknown", "r2[1] r3[]") == {"G-single"}
    assert kinds("a1.1 a3.1 | unknown", "r1[1] a2.1 | unknown", "r2[] r3[]") == set()


def test_an_unknown_transaction_has_no_end() -> None:
    assert kinds("a1.1 | 0-10 unknown", "r1[] | 20-30", "r1[1] | 20-30") == set()
    assert "G-single-realtime" in kinds("a1.1 | 0-10", "r1[] | 20-30", "r1[1] | 20-30")


def test_what_aborted_transactions_read_says_nothing() -> None:
    assert kinds("a1.1", "r1[9] r1[] | aborted", "r1[1]") == set()


def test_appends_never_read_have_no_order_among_themselves() -> None:
    assert kinds("a1.1 a2.1", "a1.2 a2.2", "a1.3", isolation="serializable") == set()


def test_a_key_appended_twice_gives_no_other_alarm() -> None:
    assert kinds("a1.1 | aborted", "a1.1", "r1[1]", "r1[1 1]") == {"duplicate-append"}


def test_a_write_over_a_write_counts_more_than_a_read_of_it() -> None:
    assert kinds("a1.1 a2.1 a3.1", "r1[1] a2.2 a3.2", "r2[1 2] r3[2 1]", real_time=False) == {"G0"}


def test_of_a_key_without_an_order_only_what_was_read_counts() -> None:
    assert kinds("a1.1", "a1.2", "r1[1 2]", "r1[2]") == {"incompatible-order"}
    assert kinds("a1.1 a2.1", "a1.2", "r1[1 2]", "r1[2 1] r2[]") == {"incompatible-order", "G-single"}


def test_aborted_transactions_are_in_no_cycle() -> None:
    assert kinds("a1.1 a2.2 | aborted", "a1.2 a2.1", "r1[1 2] r2[1 2]") == {"G1a", "dirty-update"}
    assert "G0" in kinds("a1.1 a2.2", "a1.2 a2.1", "r1[1 2] r2[1 2]")


def test_the_next_version_is_the_next_that_was_committed() -> None:
    assert kinds("a1.1 | aborted", "a1.2 a2.1", "r1[1 2]", "r1[] r2[1]") == {"G1a", "dirty-update", "G-single"}
    assert kinds("a1.1 | aborted", "a1.2 a2.1", "r1[1 2]", "r1[] r2[]") == {"G1a", "dirty-update"}


def test_a_read_of_ones_own_future_is_not_of_anothers_middle() -> None:
    assert kinds("r1[1] a1.1 a1.2") == {"future-read"}


def test_readers_of_a_last_version_miss_the_first_acknowledged_if_pairs_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = ["a1.9 | 0-90", "a1.8 | 0-10", "a1.7 | 0-80", *["r1[] | 20-30"] * 5]
    whole = check(transactions(*lines))
    monkeypatch.setattr(list_append, "UNREAD_PAIRS_MAX", 1)
    assert [one.explanation for one in check(transactions(*lines))] == [one.explanation for one in whole]
    assert {one.kind for one in whole} == {"G-single-realtime"}


def test_a_cycle_is_told_step_by_step() -> None:
    (anomaly,) = check(transactions("a1.1 a2.5", "a2.4", "r1[1] r2[4]"))
    assert anomaly.explanation == (
        "fractured read: T2 read key 2 up to 4, without 5, which T0 appended; "
        "T0 appended 1 to key 1, which T2 read: so T2 comes before itself"
    )
    assert [one.index for one in anomaly.transactions] == [2, 0]
    (fork,) = check(transactions("a1.1", "a2.1", "r1[1] r2[]", "r1[] r2[1]"))
    assert fork.explanation.startswith(
        "long fork: T2 read key 2 as empty, without 1, which T1 appended; T1 appended 1 to key 2, which T3 read; "
    )
    stale = check(transactions("a1.1 | 0-10", "r1[] | 20-30"))
    assert "T0 was acknowledged before T1 began" in stale[0].explanation


def test_a_walk_through_a_transaction_twice_is_told_as_the_round_that_is_forbidden() -> None:
    """T0 reads what T1 wrote and the other way round; T0, T2, T3 alone are a write skew, but T3 also lies on a longer
    forbidden walk."""
    lines = ("a1.1 r2[1] r3[] a5.1", "a2.1 r1[1]", "a3.1 a4.1", "r4[1] r5[]")
    assert [(one.kind, len(one.transactions)) for one in check(transactions(*lines))] == [("G1c", 2)]


def test_an_aborted_append_is_reported_once() -> None:
    found = check(transactions("a1.1 | aborted", "a1.2", "a1.3", "r1[1 2]", "r1[1 3]"))
    assert [one.kind for one in found].count("G1a") == 1


def test_only_so_many_of_a_kind_are_reported() -> None:
    lines = [line for key in range(50) for line in (f"r{key}[] a{key}.1", f"r{key}[] a{key}.2")]
    found = check(transactions(*lines))
    assert 0 < len([one for one in found if one.kind == "lost-update"]) <= 10
