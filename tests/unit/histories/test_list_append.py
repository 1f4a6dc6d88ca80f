"""The list-append checker: the reference checker's verdicts, every anomaly by hand with a near twin that has none, and stores broken on purpose."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from workloads.histories.edn import read_history
from workloads.histories.list_append import check
from workloads.histories.transactions import Append, Read, Transaction

DATA = Path(__file__).parent / "data"


def kinds(history: list[Transaction], isolation: str = "snapshot", real_time: bool = False) -> set[str]:
    return {anomaly.kind for anomaly in check(history, isolation, real_time)}


def vector(name: str) -> list[Transaction]:
    path = DATA / name
    return read_history(gzip.open(path, "rt").read() if name.endswith(".gz") else path.read_text())


@pytest.mark.parametrize("real_time", [False, True])
def test_the_reference_checkers_verdicts(real_time: bool) -> None:
    repeatable_read = vector("repeatable_read.edn.gz")
    assert kinds(repeatable_read, real_time=real_time) == set()
    assert "G2-item" in kinds(repeatable_read, "serializable", real_time)
    assert kinds(vector("serializable.edn.gz"), "serializable", real_time) == set()
    assert {"lost-update", "G-single"} <= kinds(vector("read_committed.edn.gz"), real_time=real_time)
    citus = kinds(vector("citus_rr.edn.gz"), real_time=real_time)
    assert "G-single" in citus and citus & {"G-nonadjacent", "long-fork"}
    assert kinds(vector("list-append-gh-30.edn"), real_time=real_time) == set()
    assert kinds(vector("list-append-gh-30.edn"), "serializable", real_time) == {"G2-item"}
    assert kinds(vector("paper-example.edn"), real_time=real_time) == {"G-single"}


# -- by hand ------------------------------------------------------------------------------------------------------------------------

Step = tuple[str, int, object]


def history(*transactions: tuple[str, list[Step]] | tuple[str, list[Step], int, int]) -> list[Transaction]:
    """("committed", [("a", key, value), ("r", key, [values])]) each, all at once unless (began, ended) follow."""
    made = []
    for index, (outcome, steps, *times) in enumerate(transactions):
        began, ended = times or (0, 1000)
        operations = tuple(
            Append(key, int(value)) if kind == "a" else Read(key, tuple(value) if value is not None else None)  # type: ignore[call-overload]
            for kind, key, value in steps
        )
        made.append(Transaction(index, operations, began, None if outcome == "unknown" else ended, outcome, index))
    return made


OK, NO, MAYBE = "committed", "aborted", "unknown"

PAIRS = {
    "G0": (
        history((OK, [("a", 1, 1), ("a", 2, 1)]), (OK, [("a", 1, 2), ("a", 2, 2)]), (OK, [("r", 1, [1, 2]), ("r", 2, [2, 1])])),
        history((OK, [("a", 1, 1), ("a", 2, 1)]), (OK, [("a", 1, 2), ("a", 2, 2)]), (OK, [("r", 1, [1, 2]), ("r", 2, [1, 2])])),
    ),
    "G1a": (
        history((NO, [("a", 1, 1)]), (OK, [("r", 1, [1])])),
        history((MAYBE, [("a", 1, 1)]), (OK, [("r", 1, [1])])),
    ),
    "G1b": (
        history((OK, [("a", 1, 1), ("a", 1, 2)]), (OK, [("r", 1, [1])])),
        history((OK, [("a", 1, 1), ("a", 1, 2)]), (OK, [("r", 1, [1, 2])])),
    ),
    "G1c": (
        history((OK, [("a", 1, 1), ("r", 2, [2])]), (OK, [("a", 2, 2), ("r", 1, [1])])),
        history((OK, [("a", 1, 1), ("r", 2, [2])]), (OK, [("a", 2, 2), ("r", 1, [])])),
    ),
    "lost-update": (
        history((OK, [("r", 1, []), ("a", 1, 1)]), (OK, [("r", 1, []), ("a", 1, 2)]), (OK, [("r", 1, [1, 2])])),
        history((OK, [("r", 1, []), ("a", 1, 1)]), (OK, [("r", 1, [1]), ("a", 1, 2)]), (OK, [("r", 1, [1, 2])])),
    ),
    "G-single": (
        history((OK, [("a", 1, 1), ("a", 2, 1)]), (OK, [("r", 1, [1]), ("r", 2, [])]), (OK, [("r", 2, [1])])),
        history((OK, [("a", 1, 1), ("a", 2, 1)]), (OK, [("r", 1, []), ("r", 2, [])]), (OK, [("r", 2, [1])])),
    ),
    "long-fork": (
        history(
            (OK, [("a", 1, 1)]), (OK, [("a", 2, 1)]), (OK, [("r", 1, [1]), ("r", 2, [])]), (OK, [("r", 1, []), ("r", 2, [1])])
        ),
        history(
            (OK, [("a", 1, 1)]), (OK, [("a", 2, 1)]), (OK, [("r", 1, [1]), ("r", 2, [])]), (OK, [("r", 1, [1]), ("r", 2, [1])])
        ),
    ),
    "G-nonadjacent": (
        history(
            (OK, [("a", 1, 1), ("a", 3, 1)]), (OK, [("r", 3, [1]), ("r", 2, [])]), (OK, [("a", 2, 1), ("a", 4, 1)]),
            (OK, [("r", 4, [1]), ("a", 5, 1)]), (OK, [("r", 5, [1]), ("r", 1, [])]), (OK, [("r", 1, [1]), ("r", 2, [1])]),
        ),
        history(
            (OK, [("a", 1, 1), ("a", 3, 1)]), (OK, [("r", 3, [1]), ("r", 2, [])]), (OK, [("a", 2, 1), ("a", 4, 1)]),
            (OK, [("r", 4, [1]), ("a", 5, 1)]), (OK, [("r", 5, [1]), ("r", 1, [1])]), (OK, [("r", 1, [1]), ("r", 2, [1])]),
        ),
    ),
    "incompatible-order": (
        history((OK, [("a", 1, 1)]), (OK, [("a", 1, 2)]), (OK, [("r", 1, [1, 2])]), (OK, [("r", 1, [2])])),
        history((OK, [("a", 1, 1)]), (OK, [("a", 1, 2)]), (OK, [("r", 1, [1, 2])]), (OK, [("r", 1, [1])])),
    ),
    "internal": (
        history((OK, [("a", 1, 1)]), (OK, [("r", 1, [1]), ("a", 1, 2), ("r", 1, [1])])),
        history((OK, [("a", 1, 1)]), (OK, [("r", 1, [1]), ("a", 1, 2), ("r", 1, [1, 2])])),
    ),
    "garbage-read": (history((OK, [("r", 1, [7])])), history((OK, [("a", 1, 7)]), (OK, [("r", 1, [7])]))),
    "duplicate-elements": (history((OK, [("a", 1, 7)]), (OK, [("r", 1, [7, 7])])), history((OK, [("a", 1, 7)]), (OK, [("r", 1, [7])]))),
    "duplicate-append": (history((OK, [("a", 1, 7)]), (OK, [("a", 1, 7)])), history((OK, [("a", 1, 7)]), (OK, [("a", 2, 7)]))),
}  # fmt: skip


@pytest.mark.parametrize("kind", PAIRS)
def test_each_anomaly_and_its_innocent_twin(kind: str) -> None:
    guilty, innocent = PAIRS[kind]
    assert kind in kinds(guilty), check(guilty, real_time=False)
    assert kinds(innocent) == set(), check(innocent, real_time=False)


def test_write_skew_is_allowed_to_snapshot_isolation_alone() -> None:
    skew = history((OK, [("r", 1, []), ("a", 2, 1)]), (OK, [("r", 2, []), ("a", 1, 1)]), (OK, [("r", 1, [1]), ("r", 2, [1])]))
    assert kinds(skew) == set()
    assert kinds(skew, "serializable") == {"G2-item"}


def test_a_stale_read_needs_real_time_to_be_one() -> None:
    stale = history((OK, [("a", 1, 1)], 0, 10), (OK, [("r", 1, [])], 20, 30), (OK, [("r", 1, [1])], 40, 50))
    assert kinds(stale) == set()
    assert kinds(stale, real_time=True) == {"G-single-realtime"}
    overlapping = history((OK, [("a", 1, 1)], 0, 25), (OK, [("r", 1, [])], 20, 30), (OK, [("r", 1, [1])], 40, 50))
    assert kinds(overlapping, real_time=True) == set()


def test_an_unknown_transaction_proves_nothing_until_it_is_seen_by_another() -> None:
    own = history((MAYBE, [("a", 1, 1), ("r", 1, [1])], 0, 0), (OK, [("a", 1, 2)], 20, 30), (OK, [("r", 1, [2])], 40, 50))
    assert kinds(own, real_time=True) == set()
    seen = history((MAYBE, [("r", 1, []), ("a", 2, 1)]), (OK, [("a", 1, 1), ("r", 2, [])]), (OK, [("r", 2, [1])]), (OK, [("r", 1, [1])]))
    assert kinds(seen) == set()


@pytest.mark.parametrize("text", ["{:type :ok :process 1 :value []}", "[", "}", '{:type :what :process 1 :value "x"}'])
def test_a_broken_file_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_history(text)


# -- stores -------------------------------------------------------------------------------------------------------------------------


class Store:
    """Snapshot isolation by the book, its transactions interleaved at random. `bug` breaks it in one way."""

    def __init__(self, random: Random, bug: str = "") -> None:
        self.random = random
        self.bug = bug
        self.now = 0
        self.versions: dict[int, list[tuple[int, tuple[int, ...]]]] = {key: [(0, ())] for key in range(4)}
        self.value = 0

    def read(self, key: int, at: int) -> tuple[int, ...]:
        if self.bug == "stale snapshot" and self.random.random() < 0.1:
            at -= 40
        if self.bug == "fractured" and self.random.random() < 0.1:
            at = self.now
        return next(values for since, values in reversed(self.versions[key]) if since <= max(at, 0))

    def transaction(self, process: int, index: int) -> Callable[[], Transaction | None]:
        """Each call does one step; the last one gives the transaction."""
        self.now += 1
        start = began = self.now
        if self.bug == "long fork" and self.random.random() < 0.3:
            start -= 30
        steps: list[Append | Read] = []
        writes: dict[int, tuple[int, ...]] = {}
        planned = [(self.random.randrange(4), self.random.random() < 0.5) for _ in range(self.random.randint(1, 4))]

        def step() -> Transaction | None:
            self.now += 1
            if planned:
                key, append = planned.pop()
                known = writes.get(key, self.read(key, start))
                if append:
                    self.value += 1
                    writes[key] = (*known, self.value)
                    steps.append(Append(key, self.value))
                else:
                    steps.append(Read(key, known))
                return None
            return Transaction(process, tuple(steps), began, self.now, self.commit(start, writes), index)

        return step

    def commit(self, start: int, writes: dict[int, tuple[int, ...]]) -> str:
        forgets = self.bug == "no conflicts"
        conflict = any(self.versions[key][-1][0] > start for key in writes) and not forgets
        if conflict and not (self.bug == "shows aborted" and self.random.random() < 0.3):
            return NO
        for key, values in writes.items():
            if self.bug == "loses an append" and self.random.random() < 0.1 and len(writes) > 1:
                continue
            self.versions[key].append((self.now, values))
        return NO if conflict else OK


def run(store: Store, count: int = 150) -> list[Transaction]:
    made: list[Transaction] = []
    running = [store.transaction(process, process) for process in range(5)]
    index = len(running)
    while len(made) < count:
        process = store.random.randrange(len(running))
        ended = running[process]()
        if ended is not None:
            made.append(ended)
            running[process] = store.transaction(process, index)
            index += 1
    store.now += 1
    made.append(Transaction(9, tuple(Read(key, store.versions[key][-1][1]) for key in range(4)), store.now, store.now + 1, OK, index))
    return made


@pytest.mark.parametrize("real_time", [False, True])
def test_a_correct_store_is_never_accused(real_time: bool) -> None:
    for seed in range(100):
        made = run(Store(Random(seed)))
        assert check(made, real_time=real_time) == [], seed


@pytest.mark.parametrize("bug", ["no conflicts", "stale snapshot", "fractured", "long fork", "shows aborted", "loses an append"])
def test_a_broken_store_is_found_out(bug: str) -> None:
    assert any(check(run(Store(Random(seed), bug))) for seed in range(5))
