"""Cycles in directed graphs of small integers: Tarjan's strongly connected components without recursion, and a shortest cycle by breadth-first search."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

Graph = Sequence[Sequence[int]]
"""graph[node]: where its edges lead."""


def components(graph: Graph) -> list[list[int]]:
    """The strongly connected components that hold a cycle of two nodes or more."""
    number = [0] * len(graph)
    low = [0] * len(graph)
    on_stack = [False] * len(graph)
    stack: list[int] = []
    found: list[list[int]] = []
    count = 0
    for root in range(len(graph)):
        if number[root]:
            continue
        count += 1
        number[root] = low[root] = count
        stack.append(root)
        on_stack[root] = True
        work = [(root, iter(graph[root]))]
        while work:
            node, edges = work[-1]
            for other in edges:
                if not number[other]:
                    count += 1
                    number[other] = low[other] = count
                    stack.append(other)
                    on_stack[other] = True
                    work.append((other, iter(graph[other])))
                    break
                if on_stack[other]:
                    low[node] = min(low[node], number[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack[member] = False
                        component.append(member)
                        if member == node:
                            break
                    if len(component) > 1:
                        found.append(component)
    return found


def shortest_cycle(graph: Graph, component: Sequence[int], tries: int = 50) -> list[int]:
    """A short cycle within a strongly connected component: the shortest through any of its first `tries` nodes. The nodes in order, each once."""
    inside = set(component)
    best: list[int] = []
    for start in sorted(component)[:tries]:
        cycle = _cycle_through(graph, inside, start, len(best) - 1 if best else len(component))
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
    return best


def _cycle_through(graph: Graph, inside: set[int], start: int, length_max: int) -> list[int]:
    before: dict[int, int] = {}
    queue = deque([(start, 0)])
    while queue:
        node, depth = queue.popleft()
        if depth >= length_max:
            return []
        for other in graph[node]:
            if other == start:
                cycle = [node]
                while cycle[-1] != start:
                    cycle.append(before[cycle[-1]])
                return cycle[::-1]
            if other in inside and other not in before:
                before[other] = node
                queue.append((other, depth + 1))
    return []
