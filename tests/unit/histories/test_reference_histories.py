"""Histories of real databases, and Elle's and elle-cli's published examples: the verdicts of the reference checker.

The order of time is beyond the reference verdicts. With it, PostgreSQL at REPEATABLE READ and at SERIALIZABLE stays
clean, as one server should: a commit is visible before it is acknowledged, so the isolation is strong, and what its
serializable mode aborts is the pivot of two adjacent rw edges whose far end committed first, whether the rest of the
cycle is data or time. READ COMMITTED and Citus, already wrong without it, also read stale; the paper's example reads
its own process's past.
"""

from __future__ import annotations

import pytest

from tests.published import published
from workloads.histories.edn import load
from workloads.histories.list_append import Isolation, check

CYCLES = {"G-single", "G-nonadjacent"}


@pytest.mark.parametrize(
    ("name", "isolation", "plain", "added_by_time"),
    [
        ("repeatable_read.edn.gz", "snapshot", set(), set()),
        ("repeatable_read.edn.gz", "serializable", {"G2-item"}, {"G2-item-realtime", "G2-item-process"}),
        ("serializable.edn.gz", "snapshot", set(), set()),
        ("serializable.edn.gz", "serializable", set(), set()),
        (
            "citus_rr.edn.gz",
            "snapshot",
            CYCLES,
            {"G-single-realtime", "G-single-process", "G-nonadjacent-realtime", "G-nonadjacent-process"},
        ),
        ("paper-example.edn", "snapshot", {"G-single"}, {"G-single-process"}),
        ("paper-example.edn", "serializable", {"G-single"}, {"G-single-process"}),
        ("list-append-gh-30.edn", "snapshot", set(), set()),
        ("list-append-gh-30.edn", "serializable", {"G2-item"}, set()),
    ],
)
def test_verdicts(name: str, isolation: Isolation, plain: set[str], added_by_time: set[str]) -> None:
    history = load(published(f"elle/{name}"))
    assert {anomaly.kind for anomaly in check(history, isolation, real_time=False)} == plain
    assert {anomaly.kind for anomaly in check(history, isolation)} == plain | added_by_time


@pytest.mark.parametrize("isolation", ["snapshot", "serializable"])
@pytest.mark.parametrize("real_time", [False, True])
def test_read_committed_loses_updates(isolation: Isolation, real_time: bool) -> None:
    kinds = {anomaly.kind for anomaly in check(load(published("elle/read_committed.edn.gz")), isolation, real_time)}
    assert {"lost-update", "internal", "G-single"} <= kinds
    assert ("G-single-realtime" in kinds) == real_time


def test_citus_at_serializable_has_write_skew_too() -> None:
    assert {
        anomaly.kind for anomaly in check(load(published("elle/citus_rr.edn.gz")), "serializable", real_time=False)
    } == CYCLES | {"G2-item"}


def test_the_papers_example_is_told_as_in_the_paper() -> None:
    (anomaly,) = check(load(published("elle/paper-example.edn")), real_time=False)
    assert anomaly.explanation == (
        "T7 read key 255 up to 5, without 8, which T3 appended; T3 appended 8 to key 255, which T5 read; "
        "T5 appended 4 to key 256 before T7 appended 3: so T7 comes before itself"
    )
