"""Histories that record.py took from PostgreSQL 18: what each isolation level promises and what its name does not.

A client reads a list and writes it back with its value appended. READ COMMITTED loses such updates, so lists differ in
their order too; REPEATABLE READ is snapshot isolation, and not serializable (G2-item is write skew); SERIALIZABLE is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.histories.edn import load
from workloads.histories.list_append import Isolation, check

RECORDED = Path(__file__).with_name("recorded")
SKEW = {"G2-item"}
LOST = {"incompatible-order", "internal", "lost-update"}


@pytest.mark.parametrize(
    ("level", "isolation", "plain", "added_by_time"),
    [
        ("read_committed", "snapshot", LOST, set()),
        ("read_committed", "serializable", LOST, set()),
        ("repeatable_read", "snapshot", set(), set()),
        ("repeatable_read", "serializable", SKEW, {"G2-item-realtime", "G2-item-process"}),
        ("serializable", "snapshot", set(), set()),
        ("serializable", "serializable", set(), set()),
    ],
)
def test_verdicts(level: str, isolation: Isolation, plain: set[str], added_by_time: set[str]) -> None:
    history = load(RECORDED / f"{level}.edn.gz")
    assert len(history) == 360
    assert {anomaly.kind for anomaly in check(history, isolation, real_time=False)} == plain
    assert {anomaly.kind for anomaly in check(history, isolation)} == plain | added_by_time
