"""What the reads of a history say of each key: the order of its versions, who wrote and who read them.

A list that is only appended to shows its whole past, so the longest read of a key is the order of its versions, and
every other read must be a prefix of it: its length says which version it saw. Of a transaction's reads of one key the
first counts for others, less the transaction's own appends at its end; what follows is for itself alone to contradict
("internal").

    order     1   2   3                 T5 read [1 2]: T5 saw version 2, and version 3 came after its snapshot
    unread                4 | 5         appends of committed transactions that the longest read has not: later than 3,
                                        in an unknown order

A key whose reads are no prefixes of each other, or that shows an element twice, has no order to infer from (`ordered`
is False); it is an anomaly by itself. Transactions of unknown outcome count if what they appended was read by one that
counts; of the others, and of what aborted transactions read, nothing is inferred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workloads.histories.transactions import Append, Transaction

Values = tuple[int, ...]


@dataclass(slots=True)
class KeyObservations:
    key: int
    writers: dict[int, int] = field(default_factory=dict)
    """Value -> the transaction that appended it, whatever its outcome."""
    finals: dict[int, int] = field(default_factory=dict)
    """Transaction -> its last append to the key."""
    rewritten: list[tuple[int, int, int]] = field(default_factory=list)
    """(value, transaction, transaction): appended twice, against the rules of a history."""
    reads: list[tuple[Values, int]] = field(default_factory=list)
    """Everything read by transactions that count."""
    snapshots: list[tuple[Values, int]] = field(default_factory=list)
    """What each of them saw of others: at most one a transaction."""
    order: Values = ()
    order_reader: int = -1
    strays: list[tuple[Values, int]] = field(default_factory=list)
    """Reads that are no prefix of the order."""
    ordered: bool = True

    def settle(self) -> None:
        for values, node in self.reads:
            if len(values) > len(self.order):
                self.order, self.order_reader = values, node
        order = self.order
        self.strays = [(values, node) for values, node in self.reads if values != order[: len(values)]]
        self.ordered = not self.strays and not self.rewritten and len(set(order)) == len(order)


@dataclass(slots=True)
class Internal:
    """A read that contradicts the reading transaction itself."""

    kind: str
    node: int
    key: int
    read: Values
    expected: Values


class Observations:
    """Everything below is by a transaction's place in the history."""

    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self.transactions = transactions
        self.keys: dict[int, KeyObservations] = {}
        self.internals: list[Internal] = []
        for node, transaction in enumerate(transactions):
            for operation in transaction.operations:
                if isinstance(operation, Append):
                    self._appended(node, operation)
        self.counts = [transaction.outcome == "committed" for transaction in transactions]
        self._count_unknown()
        for node, transaction in enumerate(transactions):
            if self.counts[node]:
                self._observe(node, transaction)
        for key in self.keys.values():
            key.settle()

    def of(self, key: int) -> KeyObservations:
        if key not in self.keys:
            self.keys[key] = KeyObservations(key)
        return self.keys[key]

    def counted(self) -> Iterator[int]:
        return (node for node, counts in enumerate(self.counts) if counts)

    def _appended(self, node: int, operation: Append) -> None:
        observations = self.of(operation.key)
        if operation.value in observations.writers:
            observations.rewritten.append((operation.value, observations.writers[operation.value], node))
        observations.writers[operation.value] = node
        observations.finals[node] = operation.value

    def _count_unknown(self) -> None:
        """Unknown transactions that were read count, and so do those that these have read."""
        open_values: dict[int, dict[int, int]] = defaultdict(dict)
        for key, observations in self.keys.items():
            for value, node in observations.writers.items():
                if self.transactions[node].outcome == "unknown":
                    open_values[key][value] = node
        waiting = list(self.counted()) if open_values else []
        while waiting:
            for operation in self.transactions[waiting.pop()].operations:
                if isinstance(operation, Append) or not operation.values or not open_values.get(operation.key):
                    continue
                candidates = open_values[operation.key]
                for value in [value for value in operation.values if value in candidates]:
                    node = candidates.pop(value, -1)  # -1: a list that shows the value twice
                    if node >= 0 and not self.counts[node]:
                        self.counts[node] = True
                        waiting.append(node)

    def _observe(self, node: int, transaction: Transaction) -> None:
        whole: dict[int, Values] = {}
        own: dict[int, Values] = {}
        for operation in transaction.operations:
            key = operation.key
            if isinstance(operation, Append):
                if operation.value in whole.get(key, ()):
                    self.internals.append(Internal("future-read", node, key, whole[key], (operation.value,)))
                if key in whole:
                    whole[key] += (operation.value,)
                else:
                    own[key] = (*own.get(key, ()), operation.value)
                continue
            values = operation.values
            if values is None:
                continue
            observations = self.of(key)
            observations.reads.append((values, node))
            if key in whole:
                if values != whole[key]:
                    self.internals.append(Internal("internal", node, key, values, whole[key]))
            else:
                suffix = own.get(key, ())
                kept = len(values) - len(suffix)
                if kept < 0 or values[kept:] != suffix:
                    self.internals.append(Internal("internal", node, key, values, suffix))
                else:
                    observations.snapshots.append((values[:kept], node))
            whole[key] = values
