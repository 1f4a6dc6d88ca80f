"""format(), and functions that take values of any type as text."""

from __future__ import annotations

import re

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.expressions.registry import STABLE, register
from actors.sql.expressions.text_functions import _bounded, quote_ident, quote_literal

_SPECIFIER = re.compile(r"%(?:(?P<position>\d+)\$)?(?P<flag>-?)(?P<width>\d+|\*(?:\d+\$)?)?(?P<kind>.?)", re.DOTALL)


def format_text(pattern: str | None, *values: str | None) -> str | None:
    """Raises 22023 and 22004 as PostgreSQL does."""
    if pattern is None:
        return None
    following = 0
    parts: list[str] = []
    end = 0

    def value_at(position: int) -> str | None:
        if position < 1:
            raise DatabaseError(
                INVALID_PARAMETER_VALUE, "format specifies argument 0, but arguments are numbered from 1"
            )
        if position > len(values):
            raise DatabaseError(INVALID_PARAMETER_VALUE, "too few arguments for format()")
        return values[position - 1]

    for found in _SPECIFIER.finditer(pattern):
        parts.append(pattern[end : found.start()])
        end = found.end()
        if found.group() == "%%":
            parts.append("%")
            continue
        width, left = found["width"], found["flag"] == "-"
        size = 0
        if width is not None and width.startswith("*"):
            following = int(width[1:-1]) if len(width) > 1 else following + 1
            size = int(value_at(following) or 0)
            left, size = left or size < 0, abs(size)
        elif width is not None:
            size = int(width)
        if not found["kind"]:
            raise DatabaseError(
                INVALID_PARAMETER_VALUE, "unterminated format() type specifier", hint='For a single "%" use "%%".'
            )
        if found["kind"] not in "sIL":
            message = f'unrecognized format() type specifier "{found["kind"]}"'
            raise DatabaseError(INVALID_PARAMETER_VALUE, message, hint='For a single "%" use "%%".')
        following = int(found["position"]) if found["position"] else following + 1
        shown = _shown(value_at(following), found["kind"])
        _bounded(size)
        parts.append(shown.ljust(size) if left else shown.rjust(size))
    parts.append(pattern[end:])
    return "".join(parts)


def _shown(value: str | None, kind: str) -> str:
    if kind == "s":
        return value or ""
    if kind == "L":
        return "NULL" if value is None else quote_literal(value)
    if value is None:
        raise DatabaseError("22004", "null values cannot be formatted as an SQL identifier")
    return quote_ident(value)


_PLAIN_FIELD = re.compile(r'[^"\\\\(),\s]+')


def record_text(*values: str | None) -> str:
    """A row as record_out writes it: (1,"a b",)."""
    shown = ("" if value is None else value if _PLAIN_FIELD.fullmatch(value) else _quoted(value) for value in values)
    return f"({','.join(shown)})"


def _quoted(value: str) -> str:
    doubled = value.replace("\\", "\\\\").replace('"', '""')
    return f'"{doubled}"'


register("row", "any", "record", record_text, strict=False, volatility=STABLE, variadic=True)
register("format", "text", "text", format_text, strict=False)
register("format", "text any", "text", format_text, strict=False, volatility=STABLE, variadic=True)
register("quote_literal", "any", "text", quote_literal, volatility=STABLE)
register(
    "quote_nullable", "text", "text", lambda value: "NULL" if value is None else quote_literal(value), strict=False
)
register(
    "quote_nullable",
    "any",
    "text",
    lambda value: "NULL" if value is None else quote_literal(value),
    strict=False,
    volatility=STABLE,
)
register(
    "num_nulls", "any", "int4", lambda *values: sum(value is None for value in values), strict=False, variadic=True
)
register(
    "num_nonnulls",
    "any",
    "int4",
    lambda *values: sum(value is not None for value in values),
    strict=False,
    variadic=True,
)
