"""The functions of regular expressions over text, as PostgreSQL's; positions are 1-based and count characters."""

from __future__ import annotations

import time
from asyncio import _get_running_loop
from collections.abc import Iterator
from itertools import islice

from actors.common.errors import INVALID_PARAMETER_VALUE, PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.sql.patterns.expression import Expression, Span, regular_expression
from actors.sql.patterns.similar import similar_to_escape
from actors.sql.patterns.syntax import parse_options
from actors.sql.types.arrays import Array, array_of_items

CPU_SECONDS_MAX = 10.0
"""Of all matches of one expression in one text. Each search is linear, but there may be as many as characters. A
thread's own time: a busy machine does not turn an answer into an error."""
LOOP_CPU_SECONDS_MAX = 0.03
"""The same on the thread of an event loop, whose other work waits meanwhile."""
MATCHES_PER_LOOK = 64
RESULT_BYTES_MAX = 64 << 20
"""What a replacement may put into a text."""
START_HINT = (
    "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly."
)


def _matches(expression: Expression, data: bytes, start: int) -> Iterator[Span]:
    began, seconds_max = time.thread_time(), CPU_SECONDS_MAX if _get_running_loop() is None else LOOP_CPU_SECONDS_MAX
    for count, match in enumerate(expression.search_all(data, start), 1):
        if count % MATCHES_PER_LOOK == 0 and time.thread_time() - began > seconds_max:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "regular expression has too many matches in this text")
        yield match


def _checked(name: str, value: int, least: int) -> int:
    if value < least:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'invalid value for parameter "{name}": {value}')
    return value


def _expression(function: str, pattern: str, flags: str, hint: str = "") -> Expression:
    if "g" in flags and parse_options(flags).every:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'{function}() does not support the "global" option', hint=hint)
    return regular_expression(pattern, flags)


def _offset(value: str, data: bytes, start: int) -> int:
    """The byte at which the character `start` (1-based) begins; len(data) + 1 behind the end."""
    place = start - 1
    if place > len(value):
        return len(data) + 1
    return place if len(value) == len(data) else len(value[:place].encode())


def regexp_like(value: str, pattern: str, flags: str = "") -> bool:
    return _expression("regexp_like", pattern, flags).matches(value)


def regexp_count(value: str, pattern: str, start: int = 1, flags: str = "") -> int:
    _checked("start", start, 1)
    expression, data = _expression("regexp_count", pattern, flags), value.encode()
    offset = _offset(value, data, start)
    return 0 if offset > len(data) else sum(1 for _ in _matches(expression, data, offset))


def _nth(value: str, expression: Expression, start: int, nth: int, group: int) -> tuple[bytes, Span | None]:
    """(the text's UTF-8, the span of the n-th match or of a group of it). An expression without groups has its
    match as group 1, as in PostgreSQL."""
    data = value.encode()
    offset = _offset(value, data, start)
    if offset > len(data) or group > max(expression.groups, 1):
        return data, None
    group = min(group, expression.groups)
    found = next(islice(_matches(expression, data, offset), nth - 1, None), None)
    if found is None or group == 0:
        return data, found
    return data, expression.captures(data, found)[group - 1]


def regexp_substr(
    value: str,
    pattern: str,
    start: int = 1,
    nth: int = 1,
    flags: str = "",
    group: int = 0,
) -> str | None:
    _checked("start", start, 1)
    _checked("n", nth, 1)
    _checked("subexpr", group, 0)
    data, span = _nth(value, _expression("regexp_substr", pattern, flags), start, nth, group)
    return None if span is None else data[span[0] : span[1]].decode()


def regexp_instr(
    value: str,
    pattern: str,
    start: int = 1,
    nth: int = 1,
    end_option: int = 0,
    flags: str = "",
    group: int = 0,
) -> int:
    _checked("start", start, 1)
    _checked("n", nth, 1)
    if end_option not in (0, 1):
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'invalid value for parameter "endoption": {end_option}')
    _checked("subexpr", group, 0)
    data, span = _nth(value, _expression("regexp_instr", pattern, flags), start, nth, group)
    return 0 if span is None else len(data[: span[end_option]].decode()) + 1


def regexp_substring(value: str, pattern: str) -> str | None:
    """substring(value FROM pattern): the first group where there is one, else the match."""
    expression = regular_expression(pattern)
    data, span = _nth(value, expression, 1, 1, min(expression.groups, 1))
    return None if span is None else data[span[0] : span[1]].decode()


def similar_substring(value: str, pattern: str, escape: str) -> str | None:
    """substring(value SIMILAR pattern ESCAPE escape)."""
    return regexp_substring(value, similar_to_escape(pattern, escape))


def _captured(expression: Expression, data: bytes, match: Span) -> list[str | None]:
    """The groups of a match, or it alone where the expression has none."""
    spans = expression.captures(data, match) if expression.groups else [match]
    return [None if span is None else data[span[0] : span[1]].decode() for span in spans]


def regexp_match(value: str, pattern: str, flags: str = "") -> Array | None:
    """The groups of the first match."""
    expression = _expression("regexp_match", pattern, flags, hint="Use the regexp_matches function instead.")
    data = value.encode()
    found = expression.search(data)
    return None if found is None else array_of_items(_captured(expression, data, found))


def regexp_matches(value: str, pattern: str, flags: str = "") -> list[Array]:
    """The groups of the first match, or with the flag "g" of every one."""
    expression, data = regular_expression(pattern, flags), value.encode()
    matches = _matches(expression, data, 0)
    return [
        array_of_items(_captured(expression, data, match))
        for match in islice(matches, None if parse_options(flags).every else 1)
    ]


def _pieces(function: str, value: str, pattern: str, flags: str) -> list[str]:
    """What stands between the matches. Empty matches count but at the text's end, and behind another match."""
    expression, data = _expression(function, pattern, flags), value.encode()
    pieces: list[str] = []
    start = last_end = 0
    for begins, ends in _matches(expression, data, 0):
        if begins < len(data) and ends > last_end:
            pieces.append(data[start:begins].decode())
            start = ends
        last_end = ends
    return [*pieces, data[start:].decode()]


def regexp_split_to_array(value: str, pattern: str, flags: str = "") -> Array:
    return array_of_items(_pieces("regexp_split_to_array", value, pattern, flags))


def regexp_split_to_table(value: str, pattern: str, flags: str = "") -> list[str]:
    return _pieces("regexp_split_to_table", value, pattern, flags)


def regexp_replace_flags(value: str, pattern: str, replacement: str, flags: str = "") -> str:
    if flags[:1].isascii() and flags[:1].isdigit():
        raise DatabaseError(
            INVALID_PARAMETER_VALUE,
            f'invalid regular expression option: "{flags[0]}"',
            hint=START_HINT,
        )
    return _replaced(value, pattern, replacement, 1, 0 if parse_options(flags).every else 1, flags)


def regexp_replace_from(
    value: str,
    pattern: str,
    replacement: str,
    start: int,
    nth: int | None = None,
    flags: str = "",
) -> str:
    """The n-th match from `start` on; all of them for n = 0, or without n and with the flag "g"."""
    _checked("start", start, 1)
    if nth is None:
        nth = 0 if parse_options(flags).every else 1
    return _replaced(value, pattern, replacement, start, _checked("n", nth, 0), flags)


def _replaced(value: str, pattern: str, replacement: str, start: int, nth: int, flags: str) -> str:
    expression, data = regular_expression(pattern, flags), value.encode()
    offset = _offset(value, data, start)
    if offset > len(data):
        return value
    parts = _replacement_parts(replacement)
    literal = sum(len(part) for part in parts if isinstance(part, bytes))
    grouped = any(isinstance(part, int) and part > 0 for part in parts)
    pieces: list[bytes] = []
    done = added = 0
    for match in islice(_matches(expression, data, offset), max(nth - 1, 0), nth or None):
        pieces.append(data[done : match[0]])
        groups = expression.captures(data, match) if grouped else []
        for part in parts:
            if isinstance(part, bytes):
                pieces.append(part)
                continue
            span = match if part == 0 else groups[part - 1] if part <= len(groups) else None
            if span is not None:
                pieces.append(data[span[0] : span[1]])
                added += span[1] - span[0]
        done = match[1]
        added += literal
        if added > RESULT_BYTES_MAX:
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "requested length too large")
    pieces.append(data[done:])
    return b"".join(pieces).decode()


def _replacement_parts(replacement: str) -> list[bytes | int]:
    """Literal UTF-8 and numbers of groups (0: the match): \\1 to \\9, \\&; \\\\ is a backslash, any other backslash
    stays."""
    parts: list[bytes | int] = []
    literal: list[str] = []
    place = 0
    while (found := replacement.find("\\", place)) >= 0:
        literal.append(replacement[place:found])
        after = replacement[found + 1 : found + 2]
        place = found + 2
        if after == "&" or (after and after in "123456789"):
            parts += ["".join(literal).encode(), 0 if after == "&" else int(after)]
            literal = []
        elif after == "\\":
            literal.append("\\")
        else:
            literal.append("\\")
            place = found + 1
    literal.append(replacement[place:])
    parts.append("".join(literal).encode())
    return parts
