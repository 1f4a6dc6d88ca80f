"""Short cycles in a graph of transactions, and what each of them is called.

An edge says that its source comes before its target, and why (Adya's names):

    ww  the target wrote a later version of a key than the source        wr  the target read what the source wrote
    rw  the source read a version older than one the target wrote        rt  the source was acknowledged before the
                                                                             target began

Under snapshot isolation ww, wr and rt order the source's commit before the target's snapshot, while rw only orders the
source's snapshot before the target's commit. So a cycle is possible only where two rw edges are adjacent: between them
lies a transaction that took its snapshot before the one commit and committed after the other's snapshot (Cerone and
Gotsman: the relation (ww | wr | rt) ; rw? has no cycle). To find the forbidden ones, every transaction is doubled by
how it was reached:

    (T, 0) reached by ww, wr, rt    leaves by any edge            ww, wr, rt edges lead to (.., 0)
    (T, 1) reached by rw            leaves by ww, wr, rt          rw edges lead to (.., 1)

A walk in this graph of states never takes two rw edges in a row, so a history is right if the graph has no strongly
connected component of two states: one pass, linear. Only within components are cycles looked for: first with few kinds
of edges, which gives the plainer names (G0: ww only; G1c: ww and wr; G-single: one rw), and without rt before with it.

The order of time is not n^2 edges but a chain of instants, one a completion: a transaction leads to the instant of its
end, instants lead to later ones, and each leads to the transactions that begun after it and before the next. An rt edge
of a cycle is a walk along the chain; steps along it cost nothing, so the shortest cycle is shortest in transactions.

Every component with a cycle yields at least one; which ones, beyond that, is bounded by `VISITS_MAX` and
`CYCLES_EACH_MAX`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

VISITS_MAX = 1_000_000
"""Edges looked at for readable cycles in one component: about a second. One search is always finished."""
CYCLES_EACH_MAX = 4
"""Cycles reported of one component in one pass; a broken store breaks the same way many times."""


class Edge(NamedTuple):
    kind: str
    key: int = 0
    seen: int | None = None
    """ww: what the source appended; rw: the last value the source read, None if the list was empty."""
    value: int = 0
    """What the target appended (ww, rw) or read (wr)."""


class Step(NamedTuple):
    source: int
    edge: Edge
    target: int


TIME = Edge("rt")
Cycle = list[Step]
Arrows = dict[int, list[int]]


class Graph:
    """Transactions as numbers from 0; the order of versions and, if it is to count, that of time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.direct: list[dict[int, Edge]] = [{} for _ in range(size)]
        self.anti: list[dict[int, Edge]] = [{} for _ in range(size)]
        self.instant_of: list[int | None] = [None] * size
        self.began_after: list[list[int]] = []

    def add(self, source: int, target: int, edge: Edge) -> None:
        """Of several edges between two transactions ww says more than wr; rw is kept beside them."""
        if source == target:
            return
        edges = self.anti[source] if edge.kind == "rw" else self.direct[source]
        if target not in edges or (edge.kind == "ww" and edges[target].kind == "wr"):
            edges[target] = edge

    def add_time(self, began: dict[int, int], ended: dict[int, int]) -> None:
        """An end at the very time of a beginning says nothing of their order."""
        order = sorted(ended, key=lambda node: (ended[node], node))
        ends = [ended[node] for node in order]
        self.began_after = [[] for _ in order]
        for instant, node in enumerate(order):
            self.instant_of[node] = instant
        for node, moment in began.items():
            before = bisect_left(ends, moment)
            if before:
                self.began_after[before - 1].append(node)


def kind_of(cycle: Cycle) -> str:
    kinds = [step.edge.kind for step in cycle]
    anti = kinds.count("rw")
    if anti == 0:
        name = "G1c" if "wr" in kinds else "G0"
    elif anti == 1:
        name = "G-single"
    else:
        name = "G2-item" if _has_adjacent(kinds) else "G-nonadjacent"
    return f"{name}-realtime" if "rt" in kinds else name


def _has_adjacent(kinds: list[str]) -> bool:
    return any(kinds[place - 1] == kinds[place] == "rw" for place in range(len(kinds)))


@dataclass
class Search:
    """One pass: the graph of states with some kinds of edges, among some transactions."""

    graph: Graph
    kinds: frozenset[str]
    doubled: bool
    """Whether two rw edges in a row are no way (snapshot isolation); if not, states and transactions are the same."""
    arrows: Arrows = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.instants_at = 2 * self.graph.size

    def components(self, among: Iterable[int]) -> list[list[int]]:
        """The components with a cycle, as states. Instants count as members only with time."""
        members = set(among)
        size, direct, anti = self.graph.size, self.graph.direct, self.graph.anti
        for node in members:
            plain = [other for other, edge in direct[node].items() if other in members and edge.kind in self.kinds]
            instant = self.graph.instant_of[node] if "rt" in self.kinds else None
            if instant is not None:
                plain.append(self.instants_at + instant)
            if "rw" in self.kinds:
                landing = size if self.doubled else 0
                self.arrows[node] = plain + [other + landing for other in anti[node] if other in members]
                if self.doubled:
                    self.arrows[node + size] = plain
            else:
                self.arrows[node] = plain
        if "rt" in self.kinds:
            last = len(self.graph.began_after) - 1
            for instant, begun in enumerate(self.graph.began_after):
                ways = [node for node in begun if node in members]
                self.arrows[self.instants_at + instant] = (
                    [*ways, self.instants_at + instant + 1] if instant < last else ways
                )
        return strongly_connected(self.arrows)

    def cycles(self, component: list[int]) -> list[Cycle]:
        """Short cycles of a component: with one rw edge if there are such, and the shortest through some of its
        states."""
        inside = set(component)
        states = sorted(state for state in component if state < self.instants_at)
        found: list[Cycle] = []
        for tasks, with_anti in (
            (self._single_anti(states, inside), False),
            (((state, state) for state in states), True),
        ):
            visits_left = VISITS_MAX
            for source, goal in tasks:
                path, visits = self._path(source, goal, inside, with_anti)
                visits_left -= visits
                if path:
                    found.append(self._simple(self._steps(path)))
                if visits_left < 0:
                    break
        return found

    def _single_anti(self, states: list[int], inside: set[int]) -> Iterator[tuple[int, int]]:
        """Every rw edge, backwards: a way from its target to its source without another rw makes a G-single."""
        if "rw" in self.kinds and self.doubled:
            for node in states:
                for landed in self.arrows[node] if node < self.graph.size else ():
                    if self.graph.size <= landed < self.instants_at and landed in inside:
                        yield landed, node

    def _path(self, source: int, goal: int, inside: set[int], with_anti: bool) -> tuple[list[int], int]:
        """The shortest way of at least one edge, without the goal if it is the source; and the edges looked at.

        Edges out of instants and between them cost nothing, so those states go to the front of the queue."""
        size, instants_at = self.graph.size, self.instants_at
        came_from: dict[int, int] = {}
        settled: set[int] = set()
        queue = deque([source])
        visited = 0
        while queue:
            state = queue.popleft()
            if state == goal and came_from.get(goal) is not None:
                break
            if state in settled:
                continue
            settled.add(state)
            for following in self.arrows[state]:
                visited += 1
                if following not in inside or (not with_anti and size <= following < instants_at):
                    continue
                if following in came_from and (state < instants_at or (following in settled and following != goal)):
                    continue
                came_from[following] = state
                if state >= instants_at:
                    queue.appendleft(following)
                else:
                    queue.append(following)
        if goal not in came_from:
            return [], visited
        path = [came_from[goal]] if goal == source else [goal]
        while path[-1] != source:
            path.append(came_from[path[-1]])
        return path[::-1], visited

    def _steps(self, path: list[int]) -> Cycle:
        """The closed walk as edges between transactions, runs of instants as one rt edge. A path begins with a
        transaction."""
        size = self.graph.size
        states = [state for state in path if state < self.instants_at]
        walked: Cycle = []
        places = [place for place, state in enumerate(path) if state < self.instants_at]
        for number, state in enumerate(states):
            following = states[(number + 1) % len(states)]
            source, target = state % size, following % size
            after = places[number] + 1
            if after < len(path) and path[after] >= self.instants_at:
                edge = TIME
            elif (
                following >= size
                or target not in self.graph.direct[source]
                or self.graph.direct[source][target].kind not in self.kinds
            ):
                edge = self.graph.anti[source][target]
            else:
                edge = self.graph.direct[source][target]
            walked.append(Step(source, edge, target))
        return walked

    def _simple(self, cycle: Cycle) -> Cycle:
        """The same without repeated transactions: of the two rounds such a walk consists of, one has no adjacent rw
        edges."""
        first_at: dict[int, int] = {}
        for place, step in enumerate(cycle):
            start = first_at.setdefault(step.source, place)
            if start != place:
                rounds = [cycle[start:place], cycle[place:] + cycle[:start]]
                legal = [
                    one for one in rounds if not (self.doubled and _has_adjacent([step.edge.kind for step in one]))
                ]
                return self._simple(min(legal, key=len))
        return cycle


def find_cycles(graph: Graph, real_time: bool, serializable: bool) -> list[Cycle]:
    """Cycles that the isolation forbids, plain kinds first; none if and only if there are none."""
    kept: dict[tuple[str, frozenset[int]], Cycle] = {}
    for doubled in (True, False) if serializable else (True,):
        every = frozenset({"ww", "wr", "rw", "rt"} if real_time else {"ww", "wr", "rw"})
        search = Search(graph, every, doubled)
        suspects = {
            state % graph.size
            for one in search.components(range(graph.size))
            for state in one
            if state < search.instants_at
        }
        if not suspects:
            continue
        passes = [{"ww"}, {"ww", "wr"}, {"ww", "wr", "rw"}] if doubled else [{"ww", "wr", "rw"}]
        for time in [set(), {"rt"}] if real_time else [set[str]()]:
            for kinds in passes:
                search = Search(graph, frozenset(kinds | time), doubled)
                for component in search.components(suspects):
                    found = search.cycles(component)
                    # Cycles without rt were found without it; those without adjacent rw edges, with the states doubled.
                    found = [cycle for cycle in found if not time or any(step.edge is TIME for step in cycle)]
                    _keep(kept, [cycle for cycle in found if doubled or kind_of(cycle).startswith("G2-item")])
    return list(kept.values())


def _keep(kept: dict[tuple[str, frozenset[int]], Cycle], found: list[Cycle]) -> None:
    """The shortest few of every kind."""
    taken: dict[str, int] = {}
    for cycle in sorted(found, key=len):
        kind = kind_of(cycle)
        name = (kind, frozenset(step.source for step in cycle))
        if name not in kept and taken.get(kind, 0) < CYCLES_EACH_MAX:
            kept[name] = cycle
            taken[kind] = taken.get(kind, 0) + 1


def strongly_connected(arrows: Arrows) -> list[list[int]]:
    """Tarjan's components of two or more, without recursion. (No state has an arrow to itself.)"""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    done: set[int] = set()
    stack: list[int] = []
    components: list[list[int]] = []
    for root in arrows:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        stack.append(root)
        walk = [(root, iter(arrows[root]))]
        while walk:
            state, rest = walk[-1]
            for following in rest:
                if following not in number:
                    number[following] = lowest[following] = len(number)
                    stack.append(following)
                    walk.append((following, iter(arrows[following])))
                    break
                if following not in done and number[following] < lowest[state]:
                    lowest[state] = number[following]
            else:
                walk.pop()
                if walk and lowest[state] < lowest[walk[-1][0]]:
                    lowest[walk[-1][0]] = lowest[state]
                if lowest[state] == number[state]:
                    component = [stack.pop()]
                    while component[-1] != state:
                        component.append(stack.pop())
                    done.update(component)
                    if len(component) > 1:
                        components.append(component)
    return components
