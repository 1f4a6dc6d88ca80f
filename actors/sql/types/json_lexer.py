"""What is wrong with a JSON text, in PostgreSQL's words (common/jsonapi.c): run where the quick parser (json_values.py)
has refused it.

    fault('{"a": }', 'json', False)    -> 22P02 invalid input syntax for type json
                                          DETAIL:  Expected JSON value, but found "}".
                                          CONTEXT:  JSON data, line 1: {"a": }

No recursion: what is open is a list. `unescaped` says whether strings are made into text, as for jsonb: \\u0000 and
lone surrogates are errors then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.common.errors import INVALID_TEXT_REPRESENTATION, DatabaseError

UNTRANSLATABLE_CHARACTER = "22P05"
CONTEXT_BYTES = 50
"""Of the line, before the fault."""

_BLANKS = re.compile(r"[ \t\n\r]*")
_WORD = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_\x80-\U0010ffff])")
_PARTIAL_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEXADECIMAL = "0123456789abcdefABCDEF"
END = ""


class _Fault(Exception):
    """`detail`, the place where the context ends, and whether the text ended there."""

    def __init__(
        self, detail: str, end: int, at_end: bool = False, sqlstate: str = INVALID_TEXT_REPRESENTATION
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.end = end
        self.at_end = at_end
        self.sqlstate = sqlstate


def fault(text: str, unescaped: bool) -> DatabaseError | None:
    """The error, None where the text is JSON."""
    try:
        _parse(text, unescaped)
    except _Fault as found:
        message = "invalid input syntax for type json"
        if found.sqlstate == UNTRANSLATABLE_CHARACTER:
            message = "unsupported Unicode escape sequence"
        return DatabaseError(found.sqlstate, message, detail=found.detail, context=_context(text, found))
    return None


def _context(text: str, found: _Fault) -> str:
    start = text.rfind("\n", 0, found.end) + 1
    line = text.count("\n", 0, found.end) + 1
    shown, size = start, len(text[start : found.end].encode(errors="surrogatepass"))
    while size >= CONTEXT_BYTES:
        size -= len(text[shown].encode(errors="surrogatepass"))
        shown += 1
    if len(text[start:shown].encode(errors="surrogatepass")) <= 3:
        shown = start
    following = text[found.end : found.end + 1]
    after = "..." if not found.at_end and following and following not in "\n\r" else ""
    return f"JSON data, line {line}: {'...' if shown > start else ''}{text[shown : found.end]}{after}"


def _tokens(text: str, unescaped: bool) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end): kind is the character, `"`, or `value`; the last is END."""
    place = 0
    while True:
        place = _BLANKS.match(text, place).end()  # type: ignore[union-attr]
        if place == len(text):
            yield END, place, place
            return
        start, character = place, text[place]
        if character in "{}[],:":
            place += 1
            yield character, start, place
        elif character == '"':
            place = _string(text, start, unescaped)
            yield '"', start, place
        elif character == "-" or "0" <= character <= "9":
            place = _number(text, start)
            yield "value", start, place
        else:
            place = max(_WORD.match(text, start).end(), start + 1)  # type: ignore[union-attr]
            if text[start:place] not in ("true", "false", "null"):
                raise _Fault(f'Token "{text[start:place]}" is invalid.', place)
            yield "value", start, place


def _number(text: str, start: int) -> int:
    found = _NUMBER.match(text, start)
    point = found is not None and text.startswith(".", found.end()) and not set(".eE") & set(found.group())
    if found is not None and not point:
        return found.end()
    end = _WORD.match(text, _PARTIAL_NUMBER.match(text, start).end()).end()  # type: ignore[union-attr]
    raise _Fault(f'Token "{text[start:end]}" is invalid.', end)


def _string(text: str, start: int, unescaped: bool) -> int:
    """The place behind the string that begins at `start`."""
    place = start + 1
    high = False
    """A high surrogate waits for its low one."""
    while True:
        plain = _PLAIN.match(text, place).end()  # type: ignore[union-attr]
        if high and (plain > place or text[place : place + 2] != "\\u"):
            end = place + (2 if text.startswith("\\", place) else 1)
            raise _Fault("Unicode low surrogate must follow a high surrogate.", min(end, len(text)))
        place = plain
        character = text[place : place + 1]
        if character == '"':
            return place + 1
        if not character:
            raise _Fault(f'Token "{text[start:]}" is invalid.', place)
        if character != "\\":
            raise _Fault(f"Character with value 0x{ord(character):02x} must be escaped.", place)
        escape = text[place + 1 : place + 2]
        if not escape:
            raise _Fault(f'Token "{text[start:]}" is invalid.', place + 1)
        if escape == "u":
            place, high = _unicode(text, start, place + 2, high, unescaped)
        elif escape in '"\\/bfnrt':
            place += 2
        else:
            raise _Fault(f'Escape sequence "\\{escape}" is invalid.', place + 2)


def _unicode(text: str, start: int, place: int, high: bool, unescaped: bool) -> tuple[int, bool]:
    """Four hexadecimal digits at `place`: (the place behind them, whether they are a high surrogate)."""
    for here in range(place, place + 4):
        if here >= len(text):
            raise _Fault(f'Token "{text[start:]}" is invalid.', here)
        if text[here] not in _HEXADECIMAL:
            raise _Fault('"\\u" must be followed by four hexadecimal digits.', here + 1)
    code, end = int(text[place : place + 4], 16), place + 4
    if not unescaped:
        return end, False
    if 0xD800 <= code < 0xDC00:
        if high:
            raise _Fault("Unicode high surrogate must not follow a high surrogate.", end)
        return end, True
    if high != (0xDC00 <= code < 0xE000):
        raise _Fault("Unicode low surrogate must follow a high surrogate.", end)
    if code == 0:
        raise _Fault("\\u0000 cannot be converted to text.", end, sqlstate=UNTRANSLATABLE_CHARACTER)
    return end, False


_EXPECTED = {
    "value": "JSON value",
    "first item": "JSON value",
    "next item": '"," or "]"',
    "first key": 'string or "}"',
    "key": "string",
    "colon": '":"',
    "next key": '"," or "}"',
    "end": "end of input",
}
"""What may follow, by the state of `_parse`."""


def _parse(text: str, unescaped: bool) -> None:
    """Raises _Fault at the first token that does not fit."""
    state = "value"
    open_: list[str] = []
    for kind, start, end in _tokens(text, unescaped):
        if kind == END:
            if state == "end":
                return
            raise _Fault("The input string ended unexpectedly.", end, True)
        following = _after(state, kind, open_)
        if not following:
            raise _Fault(f'Expected {_EXPECTED[state]}, but found "{text[start:end]}".', end)
        state = following


def _after(state: str, kind: str, open_: list[str]) -> str:
    """The next state; "" where the token does not fit."""
    if state in ("value", "first item"):
        if kind == "]" and state == "first item":
            return _closed(open_)
        if kind in "{[":
            open_.append(kind)
            return "first key" if kind == "{" else "first item"
        return _beyond(open_) if kind in ("value", '"') else ""
    if state in ("first key", "key"):
        if kind == '"':
            return "colon"
        return _closed(open_) if kind == "}" and state == "first key" else ""
    if state == "colon":
        return "value" if kind == ":" else ""
    if state == "next item":
        return _closed(open_) if kind == "]" else "value" if kind == "," else ""
    if state == "next key":
        return _closed(open_) if kind == "}" else "key" if kind == "," else ""
    return ""


def _closed(open_: list[str]) -> str:
    open_.pop()
    return _beyond(open_)


def _beyond(open_: list[str]) -> str:
    """The state behind a value."""
    return "end" if not open_ else "next key" if open_[-1] == "{" else "next item"
