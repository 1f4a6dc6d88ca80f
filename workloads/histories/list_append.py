"""The list-append checker, in the manner of Elle (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020).

    anomalies = check(history)                       snapshot isolation, in real time (what Eagleray promises)
    anomalies = check(history, isolation="serializable", real_time=False)

A list tells its own past: its longest read is the order of all versions of that key. From it follow, between committed transactions,

    ww   T appended the value before the one that U appended          wr   U read a list that ends with T's value
    rw   T read a list, U appended the value that comes next          rt   T was acknowledged before U began (where `real_time`)

A cycle of these tells what is broken: ww alone G0; with wr G1c; one rw G-single (lost-update where both appended to the key they read); several rw, no two of them adjacent,
G-nonadjacent (a long fork is one); two adjacent rw G2-item, write skew, which snapshot isolation allows (Cerone and Gotsman, "Analysing
Snapshot Isolation", PODC 2016: a cycle is allowed exactly where two anti-dependencies are adjacent). A cycle that needs rt is called so: G-single-realtime is a stale read.

Seen without a cycle: aborted reads (G1a), intermediate reads (G1b), values out of nowhere, doubled values, lists that do not agree, a transaction that does not see its own appends.

Sound: every anomaly is one. A transaction of unknown outcome counts as committed once another one's read shows a value of it; nothing follows from reads of aborted ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workloads.histories.cycles import components, shortest_cycle
from workloads.histories.transactions import Append, Read, Transaction

CYCLES_MAX = 10
"""Reported of one kind; one is enough to know."""

Edges = dict[tuple[int, int], tuple[str, str]]
"""(from, to) -> kind, in words."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    kind: str
    explanation: str
    transactions: tuple[int, ...]


def check(transactions: Sequence[Transaction], isolation: str = "snapshot", real_time: bool = True) -> list[Anomaly]:
    """What contradicts `isolation` ("snapshot" or "serializable"). Empty: nothing was found."""
    history = _History(transactions)
    anomalies = [*history.anomalies]
    anomalies += _Cycles(history, isolation, real_time).find()
    return anomalies


class _History:
    """The committed transactions, who wrote what, the order of versions; and what is wrong without any cycle."""

    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self.anomalies: list[Anomaly] = []
        self.writer: dict[tuple[int, int], Transaction] = {}
        for transaction in transactions:
            for operation in transaction.operations:
                if isinstance(operation, Append):
                    other = self.writer.setdefault((operation.key, operation.value), transaction)
                    if other is not transaction:
                        self._note("duplicate-append", f"{operation.value} is appended to key {operation.key} twice", (other, transaction))
        shown = {
            id(writer)
            for transaction in transactions
            if transaction.outcome != "aborted"
            for read in _reads(transaction)
            for value in read.values or ()
            if (writer := self.writer.get((read.key, value))) is not None and writer is not transaction
        }
        self.committed = [t for t in transactions if t.outcome == "committed" or (t.outcome == "unknown" and id(t) in shown)]
        self.order: dict[int, tuple[int, ...]] = {}
        for transaction in self.committed:
            self._check_own(transaction)
            for read in _reads(transaction):
                self._check_read(transaction, read)
        self._check_orders()

    def _note(self, kind: str, explanation: str, transactions: Iterable[Transaction]) -> None:
        self.anomalies.append(Anomaly(kind, explanation, tuple(transaction.index for transaction in transactions)))

    def _check_own(self, transaction: Transaction) -> None:
        """A transaction sees one snapshot and its own appends."""
        known: dict[int, tuple[int, ...]] = {}
        appended: dict[int, list[int]] = defaultdict(list)
        for operation in transaction.operations:
            key = operation.key
            if isinstance(operation, Append):
                appended[key].append(operation.value)
                if key in known:
                    known[key] = (*known[key], operation.value)
            elif operation.values is not None:
                values = operation.values
                own = tuple(appended[key])
                if key in known and values != known[key]:
                    self._note(
                        "internal",
                        f"T{transaction.index} read {_show(values)} at key {key} and expected {_show(known[key])}",
                        [transaction],
                    )
                elif own and values[-len(own) :] != own:
                    self._note(
                        "internal", f"T{transaction.index} read {_show(values)} at key {key} without its own {_show(own)}", [transaction]
                    )
                known[key] = values

    def _check_read(self, transaction: Transaction, read: Read) -> None:
        values = read.values
        assert values is not None
        key = read.key
        if len(set(values)) < len(values):
            self._note("duplicate-elements", f"T{transaction.index} read {_show(values)} at key {key}", [transaction])
        for value in values:
            writer = self.writer.get((key, value))
            if writer is None:
                self._note("garbage-read", f"T{transaction.index} read {value} at key {key}, which nobody appended", [transaction])
            elif writer.outcome == "aborted":
                self._note(
                    "G1a",
                    f"T{transaction.index} read {value} at key {key}, which T{writer.index} appended and which was aborted",
                    [writer, transaction],
                )
        if values:
            writer = self.writer.get((key, values[-1]))
            if writer is not None and writer is not transaction:
                last = [op.value for op in writer.operations if isinstance(op, Append) and op.key == key][-1]
                if last != values[-1]:
                    text = f"T{transaction.index} read key {key} up to {values[-1]}, in the middle of T{writer.index}, which went on to append {last}"
                    self._note("G1b", text, [writer, transaction])
        if len(values) > len(self.order.get(key, ())):
            self.order[key] = values

    def _check_orders(self) -> None:
        for transaction in self.committed:
            for read in _reads(transaction):
                values = read.values or ()
                if values != self.order.get(read.key, ())[: len(values)]:
                    text = f"T{transaction.index} read {_show(values)} at key {read.key}, others read {_show(self.order[read.key])}"
                    self._note("incompatible-order", text, [transaction])


class _Cycles:
    """The graph of dependencies. Nodes are committed transactions, and (where `real_time`) the moments at which some ended."""

    def __init__(self, history: _History, isolation: str, real_time: bool) -> None:
        assert isolation in ("snapshot", "serializable"), isolation
        self._history = history
        self._isolation = isolation
        self._real_time = real_time
        self._nodes = {id(transaction): place for place, transaction in enumerate(history.committed)}
        self._depends: Edges = {}
        """ww and wr."""
        self._anti: Edges = {}
        self._add_dependencies()
        self._time: list[tuple[int, int]] = []
        self._size = len(history.committed)

    def find(self) -> list[Anomaly]:
        found = self._search()
        if self._real_time:
            self._add_time()
            names = {frozenset(anomaly.transactions) for anomaly in found}
            found += [anomaly for anomaly in self._search() if frozenset(anomaly.transactions) not in names]
        return found

    # -- edges ----------------------------------------------------------------------------------------------------------------------

    def _add_dependencies(self) -> None:
        history, nodes = self._history, self._nodes
        writers: dict[int, list[tuple[int, int | None]]] = {}
        """Key -> (value, node of its writer) in the order of versions."""
        for key, order in history.order.items():
            writers[key] = [(value, self._node_of(key, value)) for value in order]
            for (value, one), (next_value, other) in zip(writers[key], writers[key][1:], strict=False):
                self._add(self._depends, one, other, "ww", f"appended {value} to key {key} before {{1}} appended {next_value}")
        unread: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for transaction in history.committed:
            for operation in transaction.operations:
                if isinstance(operation, Append) and operation.value not in history.order.get(operation.key, ()):
                    unread[operation.key].append((operation.value, nodes[id(transaction)]))
        for transaction in history.committed:
            reader = nodes[id(transaction)]
            appended: set[int] = set()
            for operation in transaction.operations:
                if isinstance(operation, Append):
                    appended.add(operation.key)
                elif operation.values is not None and operation.key not in appended:
                    self._add_read(reader, operation.key, operation.values, writers.get(operation.key, []), unread)
        for key, appends in unread.items():
            last = writers[key][-1] if writers.get(key) else None
            for value, node in appends:
                if last is not None:
                    self._add(self._depends, last[1], node, "ww", f"appended {last[0]} to key {key} before {{1}} appended {value}")

    def _add_read(
        self, reader: int, key: int, values: tuple[int, ...], order: list[tuple[int, int | None]], unread: dict[int, list[tuple[int, int]]]
    ) -> None:
        if values != tuple(value for value, _ in order[: len(values)]):
            return  # an anomaly of its own
        if values:
            self._add(self._depends, order[len(values) - 1][1], reader, "wr", f"appended {values[-1]} to key {key}, which {{1}} read")
        if len(values) < len(order):
            value, writer = order[len(values)]
            self._add(self._anti, reader, writer, "rw", f"read key {key} without {value}, which {{1}} appended")
        else:
            for value, writer in unread[key]:
                self._add(self._anti, reader, writer, "rw", f"read key {key} without {value}, which {{1}} appended")

    def _node_of(self, key: int, value: int) -> int | None:
        writer = self._history.writer.get((key, value))
        return self._nodes.get(id(writer)) if writer is not None else None

    def _add(self, edges: Edges, one: int | None, other: int | None, kind: str, words: str) -> None:
        if one is not None and other is not None and one != other:
            edges.setdefault((one, other), (kind, words))

    def _add_time(self) -> None:
        """A chain of moments, one an end: whoever ended leads to his moment, the last moment before a beginning leads to whoever begins."""
        committed = self._history.committed
        ends = sorted((t.ended_us, place) for place, t in enumerate(committed) if t.ended_us is not None)
        begins = sorted((t.began_us, place) for place, t in enumerate(committed))
        first = self._size
        moment = 0
        for number, (_, place) in enumerate(ends):
            self._time.append((place, first + number))
            if number:
                self._time.append((first + number - 1, first + number))
        for began_us, place in begins:
            while moment < len(ends) and (ends[moment][0] or 0) < began_us:
                moment += 1
            if moment:
                self._time.append((first + moment - 1, place))
        self._size += len(ends)

    # -- cycles ---------------------------------------------------------------------------------------------------------------------

    def _search(self) -> list[Anomaly]:
        """By what is in the graph, the worst first; a weaker kind is looked for only where no worse one was found."""
        writes = {edge: words for edge, words in self._depends.items() if words[0] == "ww"}
        for edges, anti in ((writes, {}), (self._depends, {}), (self._depends, self._anti)):
            found = self._cycles(edges, anti)
            if found:
                return found
        return self._cycles({**self._anti, **self._depends}, {}) if self._isolation == "serializable" else []

    def _cycles(self, edges: Edges, anti: Edges) -> list[Anomaly]:
        """Cycles in which no two of `anti` are adjacent: node n is n as it was reached by another edge, size + n by one of `anti`."""
        size = self._size
        graph: list[list[int]] = [[] for _ in range(2 * size if anti else size)]
        for one, other in (*edges, *self._time):
            graph[one].append(other)
            if anti:
                graph[size + one].append(other)
        for one, other in anti:
            graph[one].append(size + other)
        found = []
        for component in components(graph)[:CYCLES_MAX]:
            cycle = [node % size for node in shortest_cycle(graph, component)]
            found.append(self._describe(cycle, {**anti, **edges} if not anti else {**edges, **anti}, edges))
        return found

    def _describe(self, cycle: list[int], words: Edges, edges: Edges) -> Anomaly:
        committed = self._history.committed
        steps: list[tuple[int, str, str]] = []
        """(node, kind, words) of each edge between transactions; moments are left out."""
        members = [node for node in cycle if node < len(committed)]
        for place, node in enumerate(members):
            other = members[(place + 1) % len(members)]
            successor = cycle[(cycle.index(node) + 1) % len(cycle)]
            if successor >= len(committed) or (node, other) not in words:
                steps.append((node, "rt", "was acknowledged before {1} began"))
            else:
                kind, text = edges.get((node, other)) or words[(node, other)]
                steps.append((node, kind, text))
        kinds = [kind for _, kind, _ in steps]
        names = [f"T{committed[node].index}" for node, _, _ in steps]
        parts = [f"{names[i]} {text.replace('{1}', names[(i + 1) % len(names)])}" for i, (_, _, text) in enumerate(steps)]
        return Anomaly(self._kind(members, kinds), "; ".join(parts), tuple(committed[node].index for node in members))

    def _kind(self, members: list[int], kinds: list[str]) -> str:
        anti = kinds.count("rw")
        adjacent = any(kinds[i] == "rw" == kinds[i - 1] for i in range(len(kinds))) and len(kinds) > 1
        if anti == 0:
            kind = "G1c" if "wr" in kinds else "G0"
        elif anti == 1:
            kind = "lost-update" if len(members) == 2 and "ww" in kinds else "G-single"
        else:
            kind = "G2-item" if adjacent else "long-fork" if kinds.count("wr") == anti == 2 == len(kinds) // 2 else "G-nonadjacent"
        return f"{kind}-realtime" if "rt" in kinds else kind


def _reads(transaction: Transaction) -> list[Read]:
    return [operation for operation in transaction.operations if isinstance(operation, Read) and operation.values is not None]


def _show(values: Sequence[int]) -> str:
    return f"[{' '.join(map(str, values))}]"
