"""Checks histories of list appends for isolation, in the style of Elle (Kingsbury and Alvaro, VLDB 2020).

`check` returns what no store of the isolation asked for could have shown to its clients; an empty list means that the
history has an explanation as far as its reads tell. It never raises a false alarm; how much it can find depends on how
much was read.

    duplicate-append     a value appended twice: the fault of whoever made the history, and the key is left out
    duplicate-element    a read that shows a value twice                  garbage-read   a value that nobody appended
    internal             a read against the transaction's own reads and appends
    future-read          a read of what the transaction appends only later
    G1a                  a read of an aborted transaction's append
    G1b                  a read that ends between two appends of another transaction
    dirty-update         a committed append on top of an aborted one
    incompatible-order   two reads of a key, neither a prefix of the other
    lost-update          two committed transactions read the same version of a key and both appended to it
    G0, G1c, G-single, G-nonadjacent, G2-item
                         cycles of dependencies, see workloads/histories/cycles.py; G2-item (write skew) is forbidden
                         by serializability only. A long fork is a G-nonadjacent and a fractured read a G-single, and
                         their explanations say so.
    ...-realtime, ...-process
                         the same with the order of time: a transaction that begins after another was acknowledged
                         comes after it. With `real_time` these are looked for too, which makes the isolation asked
                         for strong (strict). A stale read is a G-single-realtime, or -process if only the order
                         within processes is needed.

Example: T3 appended 8 to key 255 and was acknowledged; then T7 reads key 255 up to 5. T7 -rw-> T3 -rt-> T7:
G-single-realtime.

Left out: predicates (phantoms), and orders of versions that would take a search (no read shows them). Of many like
anomalies only a few are reported (`EACH_MAX`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal

from workloads.histories.cycles import Cycle, Edge, Graph, Step, find_cycles, kind_of
from workloads.histories.observations import KeyObservations, Observations, Values
from workloads.histories.transactions import Transaction

Isolation = Literal["snapshot", "serializable"]

EACH_MAX = 10
"""Anomalies of one kind that are reported: enough to see a pattern, few enough to read."""
UNREAD_PAIRS_MAX = 10_000
"""rw edges from readers of a key's last version to appends never read, for one key; these alone could be quadratic."""
SHOWN_MAX = 12
"""Values of a list in an explanation; its end tells most."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    kind: str
    explanation: str
    transactions: tuple[Transaction, ...]


def check(
    transactions: Sequence[Transaction], isolation: Isolation = "snapshot", real_time: bool = True
) -> list[Anomaly]:
    checker = _Checker(Observations(transactions))
    finders = (
        checker.duplicate_appends,
        checker.duplicate_elements,
        checker.internal,
        checker.unwritten_and_aborted_reads,
        checker.intermediate_reads,
        checker.dirty_updates,
        checker.incompatible_orders,
        checker.lost_updates,
    )
    found = [anomaly for finder in finders for anomaly in finder()]
    for cycle in find_cycles(dependencies(checker.seen, real_time), real_time, isolation == "serializable"):
        found.append(checker.cycle(cycle))
    by_kind: dict[str, list[Anomaly]] = defaultdict(list)
    for anomaly in found:
        by_kind[anomaly.kind].append(anomaly)
    return [anomaly for alike in by_kind.values() for anomaly in alike[:EACH_MAX]]


def dependencies(seen: Observations, real_time: bool) -> Graph:
    graph = Graph(len(seen.transactions))
    for key in seen.keys.values():
        if key.ordered:
            _add_versions(graph, seen, key)
        elif not key.rewritten:
            for values, reader in key.snapshots:
                _add_writer(graph, seen, key, values, reader)
    if real_time:
        counted = list(seen.counted())
        ended = {
            node: seen.transactions[node].ended_us for node in counted if seen.transactions[node].outcome == "committed"
        }
        graph.add_time(
            {node: seen.transactions[node].began_us for node in counted},
            {node: end for node, end in ended.items() if end is not None},
        )
    return graph


def _add_writer(graph: Graph, seen: Observations, key: KeyObservations, values: Values, reader: int) -> None:
    """wr from the last writer that counts: elements of none or of an aborted one are anomalies, but not in this
    graph."""
    for value in reversed(values):
        writer = key.writers.get(value)
        if writer is not None and seen.counts[writer]:
            graph.add(writer, reader, Edge("wr", key.key, value=value))
            return


def _add_versions(graph: Graph, seen: Observations, key: KeyObservations) -> None:
    versions = [(value, key.writers.get(value)) for value in key.order]
    known = [
        (place, value, writer)
        for place, (value, writer) in enumerate(versions)
        if writer is not None and seen.counts[writer]
    ]
    for (_, earlier, source), (_, later, target) in pairwise(known):
        graph.add(source, target, Edge("ww", key.key, earlier, later))
    read = set(key.order)
    unread = [(value, writer) for value, writer in key.writers.items() if seen.counts[writer] and value not in read]
    # The earliest acknowledged are those a late reader must not have missed, should there be too many for all pairs.
    unread.sort(key=lambda one: (seen.transactions[one[1]].ended_us or seen.transactions[one[1]].began_us, one))
    if known:
        for value, target in unread:
            graph.add(known[-1][2], target, Edge("ww", key.key, known[-1][1], value))
    # From each length of a read, the next version by a transaction that counts.
    following: list[tuple[int, int] | None] = [None] * (len(versions) + 1)
    for place, value, writer in reversed(known):
        following[place] = (value, writer)
    for place in range(len(versions) - 1, -1, -1):
        following[place] = following[place] or following[place + 1]
    pairs_left = UNREAD_PAIRS_MAX
    for values, reader in key.snapshots:
        _add_writer(graph, seen, key, values, reader)
        last_read = values[-1] if values else None
        after = following[len(values)]
        if after is not None:
            graph.add(reader, after[1], Edge("rw", key.key, last_read, after[0]))
            continue
        for value, target in unread[: max(pairs_left, 1)]:
            graph.add(reader, target, Edge("rw", key.key, last_read, value))
        pairs_left -= len(unread)


class _Checker:
    def __init__(self, seen: Observations) -> None:
        self.seen = seen

    def _anomaly(self, kind: str, explanation: str, nodes: Iterable[int]) -> Anomaly:
        return Anomaly(kind, explanation, tuple(self.seen.transactions[node] for node in nodes))

    def name(self, node: int) -> str:
        return f"T{self.seen.transactions[node].index}"

    def _usable(self) -> Iterator[KeyObservations]:
        """Where a value was appended twice, nobody can tell whose append a read shows."""
        return (key for key in self.seen.keys.values() if not key.rewritten)

    def duplicate_appends(self) -> Iterator[Anomaly]:
        for key in self.seen.keys.values():
            for value, first, second in key.rewritten:
                who = (
                    f"{self.name(first)} and {self.name(second)} both"
                    if first != second
                    else f"{self.name(first)} twice"
                )
                text = f"{who} appended {value} to key {key.key}: a history must append a value to a key only once"
                yield self._anomaly("duplicate-append", text, dict.fromkeys((first, second)))

    def duplicate_elements(self) -> Iterator[Anomaly]:
        for key in self._usable():
            for values, reader in [(key.order, key.order_reader), *key.strays]:
                if len(set(values)) != len(values):
                    twice = sorted({value for value in values if values.count(value) > 1})
                    yield self._anomaly(
                        "duplicate-element",
                        f"{self.name(reader)} read {twice} more than once in key {key.key}",
                        [reader],
                    )
                    break

    def internal(self) -> Iterator[Anomaly]:
        for one in self.seen.internals:
            if one.kind == "future-read":
                text = f"{self.name(one.node)} read {one.expected[0]} in key {one.key} before it appended it"
            else:
                text = f"{self.name(one.node)} read key {one.key} as {shown(one.read)}, "
                text += f"though by its own operations it ends in {shown(one.expected)}"
            yield self._anomaly(one.kind, text, [one.node])

    def unwritten_and_aborted_reads(self) -> Iterator[Anomaly]:
        """Looks at the longest read of a key, of which most others are prefixes, and at the strays."""
        for key in self._usable():
            reported: set[int] = set()
            for values, reader in [(key.order, key.order_reader), *key.strays]:
                for place, value in enumerate(values):
                    writer = key.writers.get(value)
                    if value in reported or (
                        writer is not None and self.seen.transactions[writer].outcome != "aborted"
                    ):
                        continue
                    reported.add(value)
                    first = self._first_reader(key, place, value, reader)
                    if writer is None:
                        text = f"{self.name(first)} read {value} in key {key.key}, which nobody appended"
                        yield self._anomaly("garbage-read", text, [first])
                    else:
                        text = (
                            f"{self.name(first)} read {value} in key {key.key}, which {self.name(writer)} "
                            f"appended and aborted"
                        )
                        yield self._anomaly("G1a", text, [writer, first])

    @staticmethod
    def _first_reader(key: KeyObservations, place: int, value: int, otherwise: int) -> int:
        return next((node for values, node in key.reads if len(values) > place and values[place] == value), otherwise)

    def intermediate_reads(self) -> Iterator[Anomaly]:
        for key in self._usable():
            for values, reader in key.snapshots:
                writer = key.writers.get(values[-1]) if values else None
                if writer is not None and writer != reader and key.finals[writer] != values[-1]:
                    text = f"{self.name(reader)} read key {key.key} up to {values[-1]}, "
                    text += f"after which {self.name(writer)} itself appended {key.finals[writer]}"
                    yield self._anomaly("G1b", text, [writer, reader])

    def dirty_updates(self) -> Iterator[Anomaly]:
        for key in self._usable():
            aborted: tuple[int, int] | None = None
            for value in key.order:
                writer = key.writers.get(value)
                if writer is None:
                    continue
                if self.seen.transactions[writer].outcome == "aborted":
                    aborted = (value, writer)
                elif aborted is not None:
                    text = f"{self.name(writer)} appended {value} to key {key.key} after {aborted[0]}, "
                    text += f"which {self.name(aborted[1])} appended and aborted"
                    yield self._anomaly("dirty-update", text, [aborted[1], writer])
                    aborted = None

    def incompatible_orders(self) -> Iterator[Anomaly]:
        for key in self._usable():
            for values, reader in key.strays[:1]:
                place = next(
                    place for place, (one, other) in enumerate(zip(values, key.order, strict=False)) if one != other
                )
                text = (
                    f"key {key.key}: at place {place + 1} {self.name(reader)} read {values[place]} and "
                    f"{self.name(key.order_reader)} read "
                    f"{key.order[place]} ({shown(values)} and {shown(key.order)})"
                )
                yield self._anomaly("incompatible-order", text, dict.fromkeys((reader, key.order_reader)))

    def lost_updates(self) -> Iterator[Anomaly]:
        for key in self._usable():
            strays = {id(values) for values, _ in key.strays}
            updates: dict[int | Values, list[int]] = defaultdict(list)
            for values, reader in key.snapshots:
                if reader in key.finals:
                    # A prefix is known by its length: hashing every list read would cost more than the rest.
                    prefix = id(values) not in strays and values == key.order[: len(values)]
                    updates[len(values) if prefix else values].append(reader)
            for nodes in updates.values():
                if len(nodes) > 1:
                    whose = ", ".join(
                        f"{self.name(node)} (appended {key.finals[node]})" for node in islice(nodes, SHOWN_MAX)
                    )
                    text = f"all of these read the same version of key {key.key} and appended to it: {whose}"
                    yield self._anomaly("lost-update", text, nodes)

    def cycle(self, cycle: Cycle) -> Anomaly:
        kind = kind_of(cycle)
        processes = [
            (self.seen.transactions[step.source].process, self.seen.transactions[step.target].process) for step in cycle
        ]
        if all(
            source == target for step, (source, target) in zip(cycle, processes, strict=True) if step.edge.kind == "rt"
        ):
            kind = kind.replace("-realtime", "-process")
        steps = [step.edge.kind for step in cycle]
        first = next((place for place, step in enumerate(steps) if step == "rw"), 0)
        cycle = cycle[first:] + cycle[:first]
        steps = steps[first:] + steps[:first]
        shape = {("rw", "wr", "rw", "wr"): "long fork: ", ("rw", "wr"): "fractured read: "}.get(tuple(steps), "")
        told = "; ".join(self._told(step) for step in cycle)
        return self._anomaly(
            kind, f"{shape}{told}: so {self.name(cycle[0].source)} comes before itself", [step.source for step in cycle]
        )

    def _told(self, step: Step) -> str:
        source, target, edge = self.name(step.source), self.name(step.target), step.edge
        match edge.kind:
            case "ww":
                return f"{source} appended {edge.seen} to key {edge.key} before {target} appended {edge.value}"
            case "wr":
                return f"{source} appended {edge.value} to key {edge.key}, which {target} read"
            case "rw":
                state = "as empty" if edge.seen is None else f"up to {edge.seen}"
                return f"{source} read key {edge.key} {state}, without {edge.value}, which {target} appended"
            case _:
                return f"{source} was acknowledged before {target} began"


def shown(values: Values) -> str:
    return f"[{'... ' if len(values) > SHOWN_MAX else ''}{' '.join(map(str, values[-SHOWN_MAX:]))}]"
