"""The checker against a store known to be right, the same store broken, and a search of all schedules of small
histories."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from simulated_store import Fault, history

from workloads.histories import cycles
from workloads.histories.list_append import check
from workloads.histories.transactions import Append, Transaction

FAULTS: list[Fault] = [
    "stale snapshot",
    "forget conflicts",
    "long fork",
    "torn commit",
    "drop append",
    "show aborted",
    "early visibility",
    "lose commit",
]
State = dict[int, tuple[int, ...]]


def broken(seed: int, fault: Fault) -> list[Transaction]:
    """Few conflicts and many reads, so that transactions commit and see much."""
    return history(Random(seed), fault, count=150, keys=6, operations_max=8)


@pytest.mark.parametrize("start", [0, 100])
def test_no_false_alarm_of_snapshot_isolation(start: int) -> None:
    for seed in range(start, start + 100):
        assert check(history(Random(seed), "none")) == [], seed


def test_no_false_alarm_of_older_snapshots_without_real_time() -> None:
    for seed in range(100):
        assert check(history(Random(seed), "stale snapshot"), real_time=False) == [], seed


def test_no_false_alarm_of_strict_serializability() -> None:
    for seed in range(100):
        assert check(history(Random(seed), "serial"), "serializable") == [], seed


def test_write_skew_is_found_only_if_serializability_is_asked_for() -> None:
    kinds = {
        anomaly.kind
        for seed in range(10)
        for anomaly in check(history(Random(seed), "none"), "serializable", real_time=False)
    }
    assert kinds == {"G2-item"}


@pytest.mark.parametrize(
    ("fault", "real_time", "expected"),
    [
        ("stale snapshot", True, {"G-single-realtime"}),
        ("forget conflicts", False, {"lost-update", "incompatible-order", "G-single"}),
        ("long fork", False, {"G-nonadjacent"}),
        ("torn commit", False, {"G-single"}),
        ("drop append", False, {"G-single"}),
        ("show aborted", False, {"G1a", "dirty-update"}),
        ("early visibility", False, {"G1a", "G1b", "incompatible-order"}),
        ("lose commit", True, {"G-single-realtime"}),
    ],
)
def test_broken_stores_are_found(fault: Fault, real_time: bool, expected: set[str]) -> None:
    found = [check(broken(seed, fault), real_time=real_time) for seed in range(6)]
    kinds = {anomaly.kind for anomalies in found for anomaly in anomalies}
    assert expected <= kinds, kinds
    assert sum(map(bool, found)) >= 3, "most of the histories show it"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bounded_search_is_less_readable_and_no_less_right(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    histories = [history(Random(seed), fault, count=30, unknown=0) for seed in range(20)]
    questions = [
        (one, isolation, time)
        for one in histories
        for isolation in ("snapshot", "serializable")
        for time in (False, True)
    ]
    whole = [bool(check(*question)) for question in questions]
    monkeypatch.setattr(cycles, "VISITS_MAX", 0)
    assert [bool(check(*question)) for question in questions] == whole
    assert len(set(whole)) == 2


def test_a_long_fork_of_causal_replicas_shows_no_plainer_anomaly() -> None:
    found = [anomaly for seed in range(10) for anomaly in check(broken(seed, "long fork"), real_time=False)]
    assert {anomaly.kind for anomaly in found} == {"G-nonadjacent"}
    assert any(anomaly.explanation.startswith("long fork: ") for anomaly in found)


def _explained(transaction: Transaction, snapshot: State) -> bool:
    state = dict(snapshot)
    for operation in transaction.operations:
        if isinstance(operation, Append):
            state[operation.key] = (*state.get(operation.key, ()), operation.value)
        elif operation.values != state.get(operation.key, ()):
            return False
    return True


def _after(transaction: Transaction, state: State) -> State:
    state = dict(state)
    for operation in transaction.operations:
        if isinstance(operation, Append):
            state[operation.key] = (*state.get(operation.key, ()), operation.value)
    return state


def _precedes(first: Transaction, second: Transaction) -> bool:
    return first.ended_us is not None and first.ended_us < second.began_us


def has_snapshot_schedule(
    waiting: list[Transaction], running: dict[int, State], everyone: list[Transaction], state: State, real_time: bool
) -> bool:
    """All orders of beginnings and commits, by the definition: reads are of the snapshot, the first committer wins."""
    if not waiting and not running:
        return True
    for transaction in waiting:
        others = [one for one in everyone if one in waiting or one.index in running]
        if real_time and any(_precedes(one, transaction) for one in others):
            continue
        if _explained(transaction, state):
            rest = [one for one in waiting if one is not transaction]
            if has_snapshot_schedule(rest, running | {transaction.index: state}, everyone, state, real_time):
                return True
    for transaction in everyone:
        snapshot = running.get(transaction.index)
        if snapshot is None:
            continue
        keys = {operation.key for operation in transaction.operations if isinstance(operation, Append)}
        if all(snapshot.get(key, ()) == state.get(key, ()) for key in keys):
            rest_running = {index: one for index, one in running.items() if index != transaction.index}
            if has_snapshot_schedule(waiting, rest_running, everyone, _after(transaction, state), real_time):
                return True
    return False


def has_serial_order(transactions: list[Transaction], real_time: bool) -> bool:
    for order in permutations(transactions):
        if real_time and any(_precedes(later, one) for place, one in enumerate(order) for later in order[place:]):
            continue
        state: State = {}
        for transaction in order:
            if not _explained(transaction, state):
                break
            state = _after(transaction, state)
        else:
            return True
    return False


def _orders_known(transactions: list[Transaction]) -> bool:
    """Whether reads tell the order of every key's versions: at most one append of a key is never read."""
    appended = {
        (one.key, one.value)
        for transaction in transactions
        for one in transaction.operations
        if isinstance(one, Append)
    }
    read = {
        (one.key, value)
        for transaction in transactions
        for one in transaction.operations
        if not isinstance(one, Append)
        for value in one.values or ()
    }
    unread = [key for key, _ in appended - read]
    return len(unread) == len(set(unread))


@pytest.mark.parametrize("fault", ["none", *FAULTS])
@pytest.mark.parametrize("real_time", [False, True])
def test_verdicts_are_those_of_a_search_of_all_schedules(fault: Fault, real_time: bool) -> None:
    """Of committed transactions, whatever the store did: no alarm if there is a schedule, and one if there is none."""
    verdicts: set[tuple[bool, bool]] = set()
    for seed in range(120):
        transactions = history(Random(seed), fault, count=6, processes=3, keys=2, unknown=0)
        transactions = [one for one in transactions if one.outcome == "committed"][:5]
        snapshot = has_snapshot_schedule(transactions, {}, transactions, {}, real_time)
        serial = has_serial_order(transactions, real_time)
        verdicts.add((snapshot, serial))
        complete = _orders_known(transactions)
        for isolation, explained in (("snapshot", snapshot), ("serializable", serial)):
            found = check(transactions, isolation, real_time)
            assert not (explained and found), (seed, isolation, found)
            assert explained or found or not complete, (seed, isolation, transactions)
    assert (True, True) in verdicts and len(verdicts) > 1
