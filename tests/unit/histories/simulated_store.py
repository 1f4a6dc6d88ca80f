"""A store of lists with snapshot isolation, clients that use it, all in one thread; and ways to break it.

A commit is a set of appends with a place in the order of commits; a snapshot is the set of commits a transaction sees.
Every step of every client (begin, snapshot, each operation, commit, acknowledgement) is one tick, and chance decides
whose is next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

from workloads.histories.transactions import Append, Operation, Outcome, Read, Transaction

Fault = Literal[
    "none",
    "serial",
    "stale snapshot",
    "forget conflicts",
    "long fork",
    "torn commit",
    "drop append",
    "show aborted",
    "early visibility",
    "lose commit",
]
REPLICAS = 2
DELAY_TICKS_MAX = 100


@dataclass(eq=False)
class Commit:
    appends: dict[int, list[int]]
    visible_from: list[int]
    """Tick, for each replica."""


class Store:
    def __init__(self, random: Random, fault: Fault) -> None:
        self.random, self.fault = random, fault
        self.commits: list[Commit] = []
        self.tick = 0

    def snapshot(self, replica: int) -> list[Commit]:
        moment = self.tick - (self.random.randint(0, DELAY_TICKS_MAX) if self.fault == "stale snapshot" else 0)
        return [commit for commit in self.commits if commit.visible_from[replica] <= moment]

    def publish(self, appends: dict[int, list[int]], seen: list[Commit]) -> None:
        visible = [self.tick] * REPLICAS
        if self.fault == "long fork":
            # Never before what the transaction itself saw: each replica alone shows a consistent past.
            visible = [
                max(
                    [
                        self.tick + self.random.randint(0, DELAY_TICKS_MAX),
                        *(commit.visible_from[replica] for commit in seen),
                    ]
                )
                for replica in range(REPLICAS)
            ]
        if self.fault == "torn commit":
            for key, values in appends.items():
                self.commits.append(
                    Commit({key: values}, [self.tick + self.random.randint(0, DELAY_TICKS_MAX)] * REPLICAS)
                )
            return
        self.commits.append(Commit(appends, visible))

    def commit(self, appends: dict[int, list[int]], seen: list[Commit], early: list[Commit]) -> bool:
        if self.fault != "forget conflicts":
            unseen = [commit for commit in self.commits if commit not in seen and commit not in early]
            if any(key in commit.appends for commit in unseen for key in appends):
                return False
        if self.fault == "lose commit" and self.random.random() < 0.2:
            return True
        if self.fault == "drop append" and self.random.random() < 0.2:
            appends = {key: values for key, values in appends.items() if key != min(appends)}
        if appends and not early:
            self.publish(appends, seen)
        return True


def history(
    random: Random,
    fault: Fault,
    count: int = 60,
    processes: int = 5,
    keys: int = 3,
    operations_max: int = 4,
    unknown: float = 0.05,
) -> list[Transaction]:
    store = Store(random, fault)
    done: list[Transaction] = []
    values = iter(range(1, 1_000_000))
    clients = {
        process: _client(process, store, values, done, keys, operations_max, unknown) for process in range(processes)
    }
    # Whoever has begun also ends: a transaction missing from the history would make what others read of it garbage.
    while clients:
        process = random.choice(sorted(clients))
        if next(clients[process]) == "between" and len(done) >= count:
            del clients[process]
        store.tick += 1
    return done


def _client(
    process: int,
    store: Store,
    values: Iterator[int],
    done: list[Transaction],
    keys: int,
    operations_max: int,
    unknown: float,
) -> Iterator[str]:
    random = store.random
    while True:
        began = store.tick
        yield "within"
        seen = store.snapshot(random.randrange(REPLICAS))
        own: dict[int, list[int]] = {}
        early: list[Commit] = []
        operations: list[Operation] = []
        for _ in range(random.randint(1, operations_max)):
            if store.fault != "serial":
                yield "within"
            key = random.randrange(keys)
            if random.random() < 0.7:
                base = [value for commit in seen for value in commit.appends.get(key, ())]
                operations.append(Read(key, tuple(base + own.get(key, []))))
                continue
            operations.append(Append(key, next(values)))
            own.setdefault(key, []).append(operations[-1].value)
            if store.fault == "early visibility":
                early.append(Commit({key: [operations[-1].value]}, [store.tick] * REPLICAS))
                store.commits.append(early[-1])
        if store.fault != "serial":
            yield "within"
        committed = random.random() < 0.9 and store.commit(own, seen, early)
        if not committed:
            store.commits = [commit for commit in store.commits if commit not in early]
            if store.fault == "show aborted" and own and random.random() < 0.3:
                store.publish(own, seen)
        yield "within"
        outcome: Outcome = "committed" if committed else "aborted"
        if random.random() < unknown:
            outcome = "unknown"
            if random.random() < 0.5:
                operations = [Read(one.key, None) if isinstance(one, Read) else one for one in operations]
        done.append(Transaction(process, tuple(operations), began, store.tick, outcome, len(done)))
        yield "between"
