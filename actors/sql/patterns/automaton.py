"""RE2 behind one door: `Automaton(tree)` finds where a tree of `syntax.py` matches UTF-8, in time linear in the text.

RE2 is asked one question only, the leftmost-longest match without groups, which its deterministic automaton answers
at about a gigabyte a second. Where that automaton would grow without bound RE2 goes back to following all states at
once: still linear, but some twenty nanoseconds for each byte and instruction. So a search that could cost more than
WORK_MAX of those is let through only if the automaton is known to stay small (`automaton_size.py`), and is refused
(54000) otherwise: nothing may hold a process's loop for longer.

The binding's own Python layer costs four times what the search of a short text does, so its extension type is used
directly; the version is pinned.
"""

from __future__ import annotations

from typing import Any

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.sql.patterns.automaton_size import is_small
from actors.sql.patterns.character_sets import CODE_POINT_MAX
from actors.sql.patterns.syntax import (
    POSITIONS_MAX,
    TOO_COMPLEX,
    Alternatives,
    Anchor,
    Characters,
    Group,
    Item,
    Repeat,
    invalid,
)

MEMORY_BYTES_MAX = 4 << 20
"""Of one automaton: its program and the states that it remembers."""
INSTRUCTIONS_MAX = 4 * POSITIONS_MAX
WORK_MAX = 2_000_000
"""Bytes times instructions of a search whose automaton may be large: 40 ms at worst."""
BYTES_MAX = 32 << 20
"""A larger text is refused: 30 ms even for a small automaton."""
REPEATS_MAX = 1000
"""RE2 refuses bounds within bounds whose product is larger; they are written out instead."""

_ANCHORS = {
    "text_start": r"\A",
    "text_end": r"\z",
    "line_start": "(?m:^)",
    "line_end": "(?m:$)",
    "boundary": r"\b",
    "no_boundary": r"\B",
    "never": r"[^\x00-\x{10FFFF}]",
}

_re2: Any = None


def _engine() -> Any:
    """RE2, imported at the first regular expression."""
    global _re2
    if _re2 is None:
        import re2

        _re2 = re2
    return _re2


class Automaton:
    """Offsets are bytes. What lies around [start, end) is seen by anchors and boundaries."""

    __slots__ = ("_anchored", "_match", "_size", "_small", "_tree", "_unanchored")

    def __init__(self, tree: Alternatives) -> None:
        """Raises 2201B for a tree that is too large."""
        if positions(tree) > POSITIONS_MAX:
            raise invalid(TOO_COMPLEX)
        engine = _engine()
        options = engine.Options()
        options.longest_match = True
        options.never_capture = True
        options.log_errors = False
        options.max_mem = MEMORY_BYTES_MAX
        program = engine._re2.RE2(write(tree).encode(), options)
        if not program.ok() or program.ProgramSize() > INSTRUCTIONS_MAX:
            raise invalid(TOO_COMPLEX)
        self._tree = tree
        self._size = max(program.ProgramSize(), program.ReverseProgramSize())
        self._small: bool | None = None
        self._match = program.Match
        self._unanchored, self._anchored = engine._Anchor.UNANCHORED, engine._Anchor.ANCHOR_START

    def search(self, data: bytes, start: int = 0) -> tuple[int, int] | None:
        """The leftmost match from `start` on, as long as can be."""
        if (len(data) - start) * self._size > WORK_MAX:
            self._check(len(data) - start)
        while True:
            found: tuple[int, int] = self._match(self._unanchored, data, start, len(data))[0]
            if found[0] < 0:
                return None
            if found[0] == len(data) or data[found[0]] & 0xC0 != 0x80:
                return found
            start = found[0] + 1  # RE2 sees "no word boundary" between the bytes of a character, too

    def longest(self, data: bytes, start: int, end: int) -> int | None:
        """The end of the longest match that begins at `start` and ends by `end`."""
        if (end - start) * self._size > WORK_MAX:
            self._check(end - start)
        found: tuple[int, int] = self._match(self._anchored, data, start, end)[0]
        return found[1] if found[0] >= 0 else None

    def shortest(self, data: bytes, start: int, least: int, end: int) -> int | None:
        """The end, at or behind `least`, of the shortest such match: "there is one that ends within [least, x]"
        only ever becomes true as x grows."""
        low, step = least, 16
        while True:  # by growing steps, then by halves
            high = min(low + step, end)
            found = self.longest(data, start, high)
            if found is not None and found >= least:
                break
            if high == end:
                return None
            low, step = high + 1, step * 4
        while found > low:
            middle = (low + found) // 2 if found - low > 1 else low
            nearer = self.longest(data, start, middle)
            if nearer is not None and nearer >= least:
                found = nearer
            else:
                low = middle + 1
        return found

    def _check(self, size: int) -> None:
        if self._small is None:
            self._small = is_small(self._tree)
        if not self._small or size > BYTES_MAX:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"{TOO_COMPLEX} for a text of {size} bytes")


def positions(node: Alternatives | Item) -> int:
    """Characters of a tree with its bounds written out."""
    if isinstance(node, Alternatives):
        return sum(positions(item) for branch in node.branches for item in branch.items)
    if isinstance(node, Repeat):
        return positions(node.operand) * max(node.least, node.most or 0, 1)
    return positions(node.body) if isinstance(node, Group) else 1


def write(tree: Alternatives) -> str:
    """RE2's syntax. Every set of characters is written as code points, so that no option of RE2's has a say."""
    return "|".join("".join([_item(item, 1)[0] for item in branch.items]) for branch in tree.branches)


def _item(item: Item, repeats: int) -> tuple[str, int]:
    """(text, the largest product of bounds within it)."""
    if isinstance(item, Characters):
        return _characters(item), 1
    if isinstance(item, Anchor):
        return _ANCHORS[item.kind], 1
    if isinstance(item, Group):
        product = 1
        branches: list[str] = []
        for branch in item.body.branches:
            texts = [_item(inner, repeats) for inner in branch.items]
            branches.append("".join([text for text, _ in texts]))
            product = max([product, *(inner for _, inner in texts)])
        return f"(?:{'|'.join(branches)})", product
    return _repeated(item, repeats)


def _repeated(item: Repeat, repeats: int) -> tuple[str, int]:
    text, product = _item(item.operand, repeats)
    text = f"(?:{text})"
    bounds = max(item.least, item.most or 0)
    if (item.least, item.most) in ((0, None), (1, None), (0, 1)):
        return f"(?:{text}{ {(0, None): '*', (1, None): '+', (0, 1): '?'}[item.least, item.most] })", product
    if bounds * product <= REPEATS_MAX:
        most = "" if item.most is None else item.most
        return f"(?:{text}{{{item.least},{most}}})", bounds * product
    if item.most is None:
        return f"(?:{text * item.least}{text}*)", product
    optional = ""
    for _ in range(item.most - item.least):
        optional = f"(?:{text}{optional})?"
    return f"(?:{text * item.least}{optional})", product


def _characters(node: Characters) -> str:
    if not node.ranges:
        return _ANCHORS["never"]
    if len(node.ranges) == 1:
        low, high = node.ranges[0]
        if (low, high) == (0, CODE_POINT_MAX):
            return "(?s:.)"
        if low == high:
            return chr(low) if chr(low).isalnum() and low < 128 else f"\\x{{{low:X}}}"
    return "[" + "".join([f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in node.ranges]) + "]"
