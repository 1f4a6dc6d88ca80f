"""Whether the deterministic automaton of an expression stays small on every text: it is built here, as far as a
small one goes.

Each character of the expression is a position (Glushkov's construction); sets of positions are integers, a bit
each. A search for the leftmost match remembers which positions stem from an earlier start, so a state is a list of
sets, as in RE2. RE2 also runs the expression backwards from the end of a match, so that automaton is built as well.
Anchors are taken as if they held: that adds states at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.sql.patterns.character_sets import Ranges
from actors.sql.patterns.syntax import Alternatives, Anchor, Characters, Group, Item, Repeat

STATES_BYTES_MAX = 1 << 20
"""What the states may take by RE2's layout, with the intermediate ones of UTF-8: a quarter of what it is given."""
STEPS_MAX = 60_000
"""Positions followed while building: 20 to 30 ms, once for an expression."""
UTF8_FACTOR = 3


class _TooLarge(Exception):
    pass


@dataclass(slots=True)
class _Fragment:
    first: int = 0
    last: int = 0
    empty: bool = True


@dataclass(slots=True)
class _Positions:
    """`follow[p]`: the positions that may come after p; `sets[p]`: its characters."""

    backwards: bool
    sets: list[Ranges] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)
    steps: int = 0

    def alternatives(self, node: Alternatives) -> _Fragment:
        result = _Fragment(empty=False)
        for branch in node.branches:
            one = _Fragment()
            for item in reversed(branch.items) if self.backwards else branch.items:
                one = self._then(one, self._item(item))
            result = _Fragment(result.first | one.first, result.last | one.last, result.empty or one.empty)
        return result

    def _item(self, item: Item) -> _Fragment:
        if isinstance(item, Characters):
            bit = 1 << len(self.sets)
            self.sets.append(item.ranges)
            self.follow.append(0)
            return _Fragment(bit, bit, False)
        if isinstance(item, Anchor):
            return _Fragment()
        if isinstance(item, Group):
            return self.alternatives(item.body)
        return self._repeat(item)

    def _repeat(self, item: Repeat) -> _Fragment:
        result = _Fragment()
        for _ in range(item.least if item.most is None else item.most):
            one = self._item(item.operand)
            count = _ + 1
            if count > item.least:
                one.empty = True
            result = self._then(result, one)
        if item.most is None:
            one = self._item(item.operand)
            self._link(one.last, one.first)
            one.empty = True
            result = self._then(result, one)
        return result

    def _then(self, one: _Fragment, other: _Fragment) -> _Fragment:
        self._link(one.last, other.first)
        first = one.first | (other.first if one.empty else 0)
        last = other.last | (one.last if other.empty else 0)
        return _Fragment(first, last, one.empty and other.empty)

    def _link(self, last: int, first: int) -> None:
        for place in self.bits(last):
            self.follow[place] |= first

    def bits(self, mask: int) -> list[int]:
        places: list[int] = []
        while mask:
            low = mask & -mask
            places.append(low.bit_length() - 1)
            mask ^= low
        self.steps += len(places)
        if self.steps > STEPS_MAX:
            raise _TooLarge
        return places


def is_small(tree: Alternatives) -> bool:
    """Whether both automata stay within STATES_BYTES_MAX (False also where finding that out takes too long)."""
    try:
        return all(_build(tree, backwards) for backwards in (False, True))
    except _TooLarge:
        return False


def _build(tree: Alternatives, backwards: bool) -> bool:
    positions = _Positions(backwards)
    start = positions.alternatives(tree).first
    masks = _letters(positions)
    first: tuple[int, ...] = (start,)
    known = {first}
    waiting = [first]
    size = 0
    while waiting:
        state = waiting.pop()
        for mask in masks:
            seen, following = 0, []
            for part in state:
                reached = 0
                for place in positions.bits(part & mask):
                    reached |= positions.follow[place]
                reached &= ~seen
                seen |= reached
                if reached:
                    following.append(reached)
            if not backwards and start & ~seen:
                following.append(start & ~seen)
            new = tuple(following)
            if new not in known:
                known.add(new)
                waiting.append(new)
                size += UTF8_FACTOR * (8 * len(masks) + 8 * sum(part.bit_count() for part in new) + 64)
                if size > STATES_BYTES_MAX:
                    return False
    return True


def _letters(positions: _Positions) -> list[int]:
    """For each class of characters that the expression tells apart, the positions that take it."""
    edges = sorted({edge for ranges in positions.sets for low, high in ranges for edge in (low, high + 1)} | {0})
    index = {edge: place for place, edge in enumerate(edges)}
    masks = [0] * len(edges)
    for place, ranges in enumerate(positions.sets):
        for low, high in ranges:
            end = index[high + 1]
            positions.steps += end - index[low]
            if positions.steps > STEPS_MAX:
                raise _TooLarge
            for letter in range(index[low], end):
                masks[letter] |= 1 << place
    return list(dict.fromkeys(masks))
