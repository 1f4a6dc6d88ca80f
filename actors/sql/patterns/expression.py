"""A compiled regular expression: `regular_expression(pattern, flags)`, with searches that answer as PostgreSQL's do.

A search asks one automaton for the leftmost match; where the expression as a whole prefers short matches, its end
is then moved back. Groups are found by dissecting the match along the parts of `structure.py`, with an automaton a
part, as PostgreSQL does (regexec.c): what stands first has its way first, as far as the rest can still match. So
greedy and reluctant parts may be mixed, and no part's choice is tried twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.sql.patterns.automaton import Automaton
from actors.sql.patterns.parser import parse
from actors.sql.patterns.structure import CHOICE, ITERATION, LEAF, SEQUENCE, Part, build
from actors.sql.patterns.syntax import parse_options
from actors.sql.patterns.words import resolve_words

EXPRESSIONS_MAX = 64
"""Compiled expressions that a process keeps; with automaton.MEMORY_BYTES_MAX this bounds their memory."""
QUESTIONS_MAX = 20_000
"""Of one match's dissection to its automata: 40 ms for short ones. What needs more is refused (54000)."""

Span = tuple[int, int]
"""Offsets into the UTF-8 of the text."""


class Expression:
    """`groups`: how many it captures."""

    __slots__ = ("_automata", "_shorter", "_tree", "groups")

    def __init__(self, pattern: str, flags: str) -> None:
        parsed = parse(pattern, parse_options(flags))
        tree = resolve_words(parsed.tree)
        self.groups = parsed.groups
        self._tree = build(tree)
        self._shorter = self._tree.shorter
        self._automata: dict[int, Automaton] = {id(self._tree): Automaton(tree)}

    def matches(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        return self._automata[id(self._tree)].search(text.encode()) is not None

    def search(self, data: bytes, start: int = 0) -> Span | None:
        """The first match that begins at or behind `start`."""
        automaton = self._automata[id(self._tree)]
        found = automaton.search(data, start)
        if found is None or not self._shorter:
            return found
        end = automaton.shortest(data, found[0], found[0], found[1])
        assert end is not None, "a match that is gone once its end may move"
        return found[0], end

    def search_all(self, data: bytes, start: int = 0) -> Iterator[Span]:
        """Match after match; one that is empty is followed by a search one character further on."""
        while (found := self.search(data, start)) is not None:
            yield found
            start = found[1] if found[1] > found[0] else next_character(data, found[1])
            if start > len(data):
                return

    def captures(self, data: bytes, match: Span) -> list[Span | None]:
        """The spans of the groups of a match, None for those that took no part in it."""
        return _Dissection(self, data).captures(self._tree, match)

    def automaton(self, part: Part) -> Automaton:
        """Made when a match is first dissected there."""
        found = self._automata.get(id(part))
        if found is None:
            found = self._automata[id(part)] = Automaton(part.tree)
        return found


@lru_cache(maxsize=EXPRESSIONS_MAX)
def regular_expression(pattern: str, flags: str = "") -> Expression:
    """Raises 2201B for a pattern that is not valid, 22023 for such flags, 0A000 for what is not supported."""
    return Expression(pattern, flags)


def next_character(data: bytes, place: int) -> int:
    """The offset behind the character at `place`."""
    place += 1
    while place < len(data) and data[place] & 0xC0 == 0x80:
        place += 1
    return place


def previous_character(data: bytes, place: int) -> int:
    """The offset of the character before `place`."""
    place -= 1
    while data[place] & 0xC0 == 0x80:
        place -= 1
    return place


class _Dissection:
    """Of one match: which span each part takes."""

    def __init__(self, expression: Expression, data: bytes) -> None:
        self._expression = expression
        self._data = data
        self._questions = 0
        self._spans: list[Span | None] = [None] * expression.groups

    def captures(self, part: Part, match: Span) -> list[Span | None]:
        self._dissect(part, *match)
        return self._spans

    def _longest(self, part: Part, start: int, end: int) -> int | None:
        self._count()
        return self._expression.automaton(part).longest(self._data, start, end)

    def _shortest(self, part: Part, start: int, least: int, end: int) -> int | None:
        self._count()
        return self._expression.automaton(part).shortest(self._data, start, least, end)

    def _count(self) -> None:
        self._questions += 1
        if self._questions > QUESTIONS_MAX:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "regular expression is too complex for a match of this size")

    def _dissect(self, part: Part, start: int, end: int) -> None:
        """`part` matches exactly [start, end); the groups in it are given their spans."""
        if part.group:
            self._spans[part.group - 1] = (start, end)
        if part.kind == SEQUENCE:
            self._sequence(part, start, end)
        elif part.kind == CHOICE:
            chosen = next(child for child in part.children if self._longest(child, start, end) == end)
            self._dissect(chosen, start, end)
        elif part.kind == ITERATION:
            self._iteration(part, start, end)
        elif part.kind != LEAF:
            self._dissect(part.children[0], start, end)

    def _sequence(self, part: Part, start: int, end: int) -> None:
        left, right = part.children
        middle = self._shortest(left, start, start, end) if left.shorter else self._longest(left, start, end)
        while True:
            assert middle is not None, "a match that is none of its parts"
            if self._longest(right, middle, end) == end:
                break
            if left.shorter:
                middle = self._shortest(left, start, next_character(self._data, middle), end)
            else:
                middle = self._longest(left, start, previous_character(self._data, middle))
        self._dissect(left, start, middle)
        self._dissect(right, middle, end)

    def _iteration(self, part: Part, start: int, end: int) -> None:
        """x*: repetitions that are not empty, the first ones have their way first; the groups are those of the last
        one. An empty match is one repetition where x prefers long matches and may be empty, else none."""
        child, most = part.children[0], part.most
        if start == end:
            if not child.shorter and self._longest(child, start, start) is not None:
                self._dissect(child, start, start)
            return
        ends = [start]
        limits = [start if child.shorter else end]
        dead: set[tuple[int, int]] = set()
        while ends[-1] != end:
            place, limit = ends[-1], limits[-1]
            depth = 0 if most is None else len(ends)
            found: int | None = None
            if (most is None or len(ends) <= most) and (place, depth) not in dead:
                if child.shorter:
                    found = self._shortest(child, place, max(limit, next_character(self._data, place)), end)
                elif limit > place:
                    found = self._longest(child, place, limit)
            if found is not None and found > place:
                # Where this repetition's next try begins, should what follows it fail.
                step = next_character if child.shorter else previous_character
                limits[-1] = step(self._data, found)
                if child.shorter and found == end:
                    limits[-1] = end + 1
                ends.append(found)
                limits.append(found if child.shorter else end)
                continue
            dead.add((place, depth))
            ends.pop()
            limits.pop()
            assert ends, "a match that is none of its repetitions"
        self._dissect(child, ends[-2], end)
