"""Large string literals, cut out of a statement before it is parsed: `cut(text)` gives the short text and what was cut.

    SELECT length('<50 MB>')    ->    SELECT length('\\x02 0\\x02'), ["<50 MB>"]

The parser copies a literal half a dozen times; a short text can also be lifted (literals.py) and found in the cache of plans. This is PostgreSQL's lexer
as far as it must know where strings begin and end: '...' with '' for a quote, E'...' with backslashes, $tag$...$tag$, "names", both kinds of comments.
What it does not cut: strings with a prefix, and literals that go on in another line's literal.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pglast import ast

MARK = "\x02"
"""Begins and ends a placeholder's number. A text that has one is left alone."""
LITERAL_CHARACTERS_MIN = 1024

_SPECIAL = re.compile(r"['\"$]|--|/\*")
_STRING = re.compile(r"[^']*(?:''[^']*)*'")
_ESCAPED = re.compile(r"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_NAME = re.compile(r'[^"]*(?:""[^"]*)*"')
_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_CONTINUED = re.compile(r"\s*\n\s*(?:'|--|/\*)")


class Cut(NamedTuple):
    """`literals[n]` stands where `text` has the placeholder of n; `places[n]`: (where that is, how many characters less it has)."""

    text: str
    literals: list[str]
    places: list[tuple[int, int]]

    def original_place(self, place: int) -> int:
        """Of a character of the short text, in the whole one."""
        return place + sum(shorter for start, shorter in self.places if start < place)


def cut(text: str) -> Cut | None:
    """None where there is nothing to cut, or where this lexer does not know the text."""
    if MARK in text:
        return None
    pieces: list[str] = []
    literals: list[str] = []
    places: list[tuple[int, int]] = []
    done = place = length = 0
    while (special := _SPECIAL.search(text, place)) is not None:
        start, sign = special.start(), special[0]
        literal = None
        if sign == "'":
            prefixed = _has_prefix(text, start)
            end = _end(_ESCAPED if prefixed and text[start - 1] in "eE" else _STRING, text, start + 1)
            if not prefixed and end - start > LITERAL_CHARACTERS_MIN:
                literal = text[start + 1 : end - 1].replace("''", "'")
        elif sign == '"':
            end = _end(_NAME, text, start + 1)
        elif sign == "$":
            tag = None if start and (text[start - 1].isalnum() or text[start - 1] in "_$") else _TAG.match(text, start)
            closing = -1 if tag is None else text.find(tag[0], tag.end())
            end = start + 1 if tag is None else closing + len(tag[0]) if closing >= 0 else -1
            if tag is not None and closing - tag.end() > LITERAL_CHARACTERS_MIN:
                literal = text[tag.end() : closing]
        elif sign == "--":
            end = text.find("\n", start) + 1 or len(text)
        else:
            end = _comment_end(text, start)
        if end < 0 or (literal is not None and _CONTINUED.match(text, end)):
            return None
        if literal is not None:
            short = f"'{MARK}{len(literals)}{MARK}'"
            pieces += (text[done:start], short)
            length += start - done
            places.append((length, end - start - len(short)))
            length += len(short)
            literals.append(literal)
            done = end
        place = end
    return Cut("".join([*pieces, text[done:]]), literals, places) if literals else None


def _has_prefix(text: str, start: int) -> bool:
    """Whether a letter, or U&, stands right before the quote: E'', B'', X'', N'', U&''."""
    return start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_&'")


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return -1 if found is None else found.end()


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1


def restored(value: str, literals: list[str]) -> str:
    """A placeholder's literal; any other string as it is."""
    if not value.startswith(MARK):
        return value
    return literals[int(value[1:-1])]


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
