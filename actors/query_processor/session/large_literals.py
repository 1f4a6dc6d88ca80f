"""Large string literals, cut out of a statement before it is parsed: `cut(text)` gives the short text and what was cut.

    SELECT length('<50 MB>')    ->    SELECT length('\\x02 0\\x02'), ["<50 MB>"]

The parser copies a literal half a dozen times, and takes long over each character that is not ASCII; a short text can
also be lifted (literals.py) and found in the cache of plans. This is PostgreSQL's lexer (scan.l) as far as it must know
where strings begin and end: '...' with '' for a quote, E'...' with backslashes, $tag$...$tag$, "names", both kinds of
comments. What it does not cut: strings with another prefix, E'' with escapes by number, and strings that go on in
another line's string. No single step of it holds Python's lock for more than some milliseconds, however long the text
is.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pglast import ast

MARK = "\x02"
"""Begins and ends a placeholder's number. A text that has one is left alone."""
LITERAL_CHARACTERS_MIN = 1024
BULK_CHARACTERS = 256 << 10
"""From a text of so many characters on, literals of BULK_LITERAL_CHARACTERS_MIN are cut: bulk inserts are made of
them."""
BULK_LITERAL_CHARACTERS_MIN = 32
WINDOW_CHARACTERS = 256 << 10
"""Searched at one time."""

_SPECIAL = re.compile(r"['\"$]|--|/\*")
_HIGH = "\x80-\U0010ffff"
_TAG = re.compile(rf"\$(?:[A-Za-z_{_HIGH}][A-Za-z0-9_{_HIGH}]*)?\$")
_COMMENT_LINE = re.compile(r"[^\n\r]*[\n\r]?")
_CONTINUED = re.compile(r"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:\s|--[^\n\r]*[\n\r])*'")
_BY_NUMBER = re.compile(r"\\[0-7xuU]")
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Cut(NamedTuple):
    """`literals[n]` stands where `text` has the placeholder of n; `places[n]`: (where that is, how many characters less
    it has)."""

    text: str
    literals: list[str]
    places: list[tuple[int, int]]

    def original_place(self, place: int) -> int:
        """Of a character of the short text, in the whole one."""
        return place + sum(shorter for start, shorter in self.places if start < place)


class _Cutter:
    """Copies a text without what is cut."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: list[str] = []
        self._done = self._length = 0
        self.literals: list[str] = []
        self.places: list[tuple[int, int]] = []

    def replace(self, start: int, end: int, by: str) -> None:
        self._pieces += (self._text[self._done : start], by)
        self._length += start - self._done
        self.places.append((self._length, end - start - len(by)))
        self._length += len(by)
        self._done = end

    def cut(self, start: int, end: int, literal: str) -> None:
        self.replace(start, end, f"'{MARK}{len(self.literals)}{MARK}'")
        self.literals.append(literal)

    def result(self) -> Cut | None:
        if not self.places:
            return None
        return Cut("".join([*self._pieces, self._text[self._done :]]), self.literals, self.places)


def cut(text: str) -> Cut | None:
    """None where there is nothing to cut, or where this lexer does not know the text."""
    if MARK in text:
        return None
    cutter, place = _Cutter(text), 0
    least = LITERAL_CHARACTERS_MIN if len(text) < BULK_CHARACTERS else BULK_LITERAL_CHARACTERS_MIN
    ascii_only = text.isascii()
    while (special := _next_special(text, place)) is not None:
        start, sign = special.start(), special[0]
        first, literal, inner, escaped = start, None, "", False
        if sign == "'":
            prefixed, escaped = _prefix(text, start)
            end = _end_of_escaped(text, start + 1) if escaped else _end_of_quoted(text, start + 1, "'")
            if end > 0 and (escaped or not prefixed):
                first, inner = start - escaped, text[start + 1 : end - 1]
        elif sign == '"':
            end = _end_of_quoted(text, start + 1, '"')
        elif sign == "$":
            end, inner = _end_of_dollars(text, start)
        else:
            end = _COMMENT_LINE.match(text, start).end() if sign == "--" else _end_of_comment(text, start)  # type: ignore[union-attr]
            if not ascii_only and end > 0 and not text[start:end].isascii():
                cutter.replace(start, end, "\n" if sign == "--" else " ")
        if end < 0 or (sign in "'$" and _CONTINUED.match(text, end)):
            return None
        if len(inner) > least or not (ascii_only or inner.isascii()):
            literal = inner if sign == "$" else unescaped(inner) if escaped else inner.replace("''", "'")
        if literal is not None:
            cutter.cut(first, end, literal)
        place = end
    return cutter.result()


def _next_special(text: str, place: int) -> re.Match[str] | None:
    while place < len(text):
        found = _SPECIAL.search(text, place, place + WINDOW_CHARACTERS)
        if found is not None:
            return found
        place += WINDOW_CHARACTERS - 1  # a sign of two characters may begin with the window's last one
    return None


def _in_name(character: str) -> bool:
    """Whether an identifier may go on with it."""
    return not character.isascii() or character.isalnum() or character in "_$"


def _prefix(text: str, start: int) -> tuple[bool, bool]:
    """(whether a name, or U&, stands right before the quote: E'', B'', X'', N'', U&''; whether it is E)."""
    if start == 0 or not (_in_name(text[start - 1]) or text[start - 1] == "&"):
        return False, False
    return True, text[start - 1] in "eE" and (start == 1 or not _in_name(text[start - 2]))


def _end_of_quoted(text: str, place: int, quote: str) -> int:
    """Behind the closing quote; a doubled one is a character. -1: there is none."""
    while (end := text.find(quote, place)) >= 0:
        if not text.startswith(quote, end + 1):
            return end + 1
        place = end + 2
    return -1


def _end_of_escaped(text: str, place: int) -> int:
    end = text.find("'", place)
    while end >= 0:
        backslash = text.find("\\", place, end)
        if backslash < 0 and not text.startswith("'", end + 1):
            return end + 1
        place = backslash + 2 if backslash >= 0 else end + 2
        if place > end:
            end = text.find("'", place)
    return -1


def _end_of_dollars(text: str, start: int) -> tuple[int, str]:
    """(behind $tag$...$tag$, what is in it); (behind the sign, "") where it begins no string."""
    tag = None if start and _in_name(text[start - 1]) else _TAG.match(text, start)
    if tag is None:
        return start + 1, ""
    closing = text.find(tag[0], tag.end())
    return (closing + len(tag[0]), text[tag.end() : closing]) if closing >= 0 else (-1, "")


def _end_of_comment(text: str, start: int) -> int:
    depth, place = 1, start + 2
    end = text.find("*/", place)
    while end >= 0:
        inner = text.find("/*", place, end)
        if inner >= 0:
            depth, place = depth + 1, inner + 2
        else:
            depth, place = depth - 1, end + 2
            if depth == 0:
                return place
        if place > end:
            end = text.find("*/", place)
    return -1


def unescaped(text: str) -> str | None:
    """What is between E' and '. None where an escape names a character by its number, which the parser is left to
    judge."""
    if _BY_NUMBER.search(text):
        return None
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]) if found[1] else "'", text)


def restored(value: str, literals: list[str]) -> str:
    """A placeholder's literal; any other string as it is."""
    if not value.startswith(MARK):
        return value
    return literals[int(value[1:-1])]


_PLACEHOLDER = re.compile(f"'{MARK}(\\d+){MARK}'")


def whole(text: str, literals: list[str]) -> str:
    """A part of a cut text with its literals: an equal text only for equal statements."""
    return _PLACEHOLDER.sub(lambda found: "'" + literals[int(found[1])].replace("'", "''") + "'", text)


def restore(node: Any, literals: list[str]) -> None:
    """Put the literals back into a parsed tree, in place."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple | list):
            waiting.extend(item for item in node if isinstance(item, ast.Node | tuple | list))
            continue
        for name in node.__slots__:
            value = getattr(node, name)
            if isinstance(value, str):
                if value.startswith(MARK):
                    setattr(node, name, restored(value, literals))
            elif isinstance(value, ast.Node | tuple | list):
                waiting.append(value)
