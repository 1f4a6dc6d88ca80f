"""LIKE: `like_matcher(pattern)(text)`. The escape character is the backslash (`like_escape` makes it so).

    a_c%de%f      first segment "a_c" at the start, then "de" at the first place after it, last segment "f" at the end

The leftmost place of each middle segment leaves the most text for those after it, so no choice is ever undone. A
segment without underscores is looked for by str.find. One with underscores is compared at every place while that is
cheap, and on larger texts by bit masks of 64 places a machine word.

As in PostgreSQL, a pattern that ends in its escape character is an error (22025) only where the comparison gets as
far as that character.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from actors.common.errors import INVALID_ESCAPE_SEQUENCE, PROGRAM_LIMIT_EXCEEDED, DatabaseError

PATTERNS_MAX = 256
"""Compiled LIKE patterns that a process keeps."""
PATTERN_CHARACTERS_KEPT_MAX = 4096
"""A longer pattern is compiled anew for each use: the cache holds at most a few megabytes."""
COMPARED_PLACES_MAX = 50_000
"""Up to so many comparisons a segment with underscores is tried place by place."""
MASKED_WORK_MAX = 1 << 32
"""Characters of the text times characters of the segment: 2**32 bits of masks are half a second of work, and
nobody's honest pattern."""
ESCAPE_HINT = "Escape string must be empty or one character."

Matcher = Callable[[str], bool]


def lower_ascii(value: str) -> str:
    """As lower() in collation C: ASCII letters only."""
    return value.lower() if value.isascii() else value.encode().lower().decode()


def upper_ascii(value: str) -> str:
    """As upper() in collation C: ASCII letters only."""
    return value.upper() if value.isascii() else value.encode().upper().decode()


class Segment:
    """What stands between two percent signs: `pieces` of literal text at their offsets, underscores elsewhere;
    `length` in characters."""

    __slots__ = ("length", "pieces")

    def __init__(self, characters: list[str | None]) -> None:
        self.length = len(characters)
        self.pieces: list[tuple[int, str]] = []
        at = 0
        while at < self.length:
            end = at
            while end < self.length and characters[end] is not None:
                end += 1
            if end > at:
                self.pieces.append((at, "".join(character or "" for character in characters[at:end])))
            at = end + 1

    def at(self, text: str, place: int) -> bool:
        """Whether it stands there; the text is long enough."""
        return all(text.startswith(piece, place + offset) for offset, piece in self.pieces)

    def find(self, text: str, start: int, end: int) -> int:
        """The first place from `start` on at which it stands and ends by `end`; -1: none."""
        last = end - self.length
        if last < start:
            return -1
        if not self.pieces:
            return start
        offset, first = self.pieces[0]
        if len(self.pieces) == 1:
            found = text.find(first, start + offset, last + offset + len(first))
            return found - offset if found >= 0 else -1
        if (last - start + 1) * len(self.pieces) > COMPARED_PLACES_MAX:
            return self._find_by_masks(text, start, last)
        place = start
        while True:
            place = text.find(first, place + offset, last + offset + len(first)) - offset
            if place < start:
                return -1
            if self.at(text, place):
                return place
            place += 1

    def _find_by_masks(self, text: str, start: int, last: int) -> int:
        """Bit i of `places`: it may stand at start + i. One shift and one AND for each character of the segment."""
        import numpy as np

        places = last - start + 1
        if (places + self.length) * self.length > MASKED_WORK_MAX:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "LIKE pattern is too complex for a text of this size")
        points = np.frombuffer(text[start : last + self.length].encode("utf-32-le"), np.uint32)
        masks: dict[str, int] = {}
        candidates = (1 << places) - 1
        for offset, piece in self.pieces:
            for distance, character in enumerate(piece, offset):
                mask = masks.get(character)
                if mask is None:
                    bits = np.packbits(points == ord(character), bitorder="little").tobytes()
                    mask = masks[character] = int.from_bytes(bits, "little")
                candidates &= mask >> distance
                if not candidates:
                    return -1
        return start + (candidates & -candidates).bit_length() - 1


def _segments(pattern: str) -> tuple[list[Segment], bool]:
    """(the segments between percent signs, whether the pattern ends in its escape character)."""
    segments: list[Segment] = []
    current: list[str | None] = []
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            if current or not segments:
                segments.append(Segment(current))
                current = []
        elif character == "_":
            current.append(None)
        elif character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                segments.append(Segment(current))
                return segments, True
            current.append(escaped)
        else:
            current.append(character)
    segments.append(Segment(current))
    return segments, False


def like_matcher(pattern: str, ignore_case: bool = False) -> Matcher:
    """`matcher(text)`: whether `text LIKE pattern` (ILIKE with `ignore_case`)."""
    make = _kept_matcher if len(pattern) <= PATTERN_CHARACTERS_KEPT_MAX else _make_matcher
    return make(pattern, ignore_case)


def _make_matcher(pattern: str, ignore_case: bool) -> Matcher:
    if ignore_case:
        matches = _make_matcher(lower_ascii(pattern), False)
        return lambda text: matches(lower_ascii(text))
    segments, ends_in_escape = _segments(pattern)
    if ends_in_escape:
        return lambda text: _match_unfinished(segments, text)
    first = segments[0]
    if len(segments) == 1:
        return lambda text: len(text) == first.length and first.at(text, 0)
    last, middle = segments[-1], segments[1:-1]
    least = first.length + last.length

    def matches_segments(text: str) -> bool:
        end = len(text) - last.length
        if len(text) < least or not first.at(text, 0) or not last.at(text, end):
            return False
        place = first.length
        for segment in middle:
            place = segment.find(text, place, end)
            if place < 0:
                return False
            place += segment.length
        return True

    return matches_segments


_kept_matcher = lru_cache(maxsize=PATTERNS_MAX)(_make_matcher)


def _match_unfinished(segments: list[Segment], text: str) -> bool:
    """A pattern that ends in its escape character never matches; it is an error once all before that character
    stands in front of more text."""
    first, place = segments[0], segments[0].length
    if len(text) < place or not first.at(text, 0):
        return False
    # PostgreSQL looks at what follows a percent sign and underscores before it looks at the text.
    behind_percent = False
    for segment in segments[1:]:
        behind_percent = (behind_percent or place < len(text)) and not segment.pieces
        found = segment.find(text, place, len(text))
        if found < 0:
            return False
        place = found + segment.length
    if place < len(text) or behind_percent:
        raise DatabaseError(INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character")
    return False


def like_escape(pattern: str, escape: str) -> str:
    """`pattern` with the escape character made the backslash. Raises 22025 for an escape of more than one
    character, and for one at the end."""
    if len(escape) > 1:
        raise DatabaseError(INVALID_ESCAPE_SEQUENCE, "invalid escape string", hint=ESCAPE_HINT)
    if escape == "\\":
        return pattern
    if not escape:
        return pattern.replace("\\", "\\\\")
    result: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            result.append("\\" + next(characters, ""))
        else:
            result.append("\\\\" if character == "\\" else character)
    return "".join(result)
