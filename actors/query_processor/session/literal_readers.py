"""Readers of lifted literals: `reader(text, zone, now)` gives the datum; `zone` and `now` (a timestamptz datum) are the
session's, for dates and times. Raises 22P02 and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from actors.sql.expressions.casts import ZONED_ARRAYS
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

Reader = Callable[[str, tzinfo, int], Any]
_TIME_CATEGORIES = ("D", "T")
"""PostgreSQL's type categories of dates and times, and of intervals."""


def reader_of_literal(lexed: ColumnType | None, wanted: ColumnType) -> Reader:
    """Of a literal whose text the lexer has shown to be of its type; None: a string, read as the type that is
    wanted."""
    if lexed is None:
        return _reader(wanted)
    if lexed.name in ("int4", "int8"):
        return lambda text, zone, now: int(text)
    return _reader(lexed)


def _reader(type_: ColumnType) -> Reader:
    """Of a string, read as the type that was inferred for it."""
    if type_.name == "text":
        return lambda text, zone, now: text
    known, modifier = by_name[type_.name], type_.modifier
    parse_text = known.parse_text
    if known.category in _TIME_CATEGORIES or known.name in ZONED_ARRAYS:
        return lambda text, zone, now: parse_text(text, modifier, zone, now)
    return lambda text, zone, now: parse_text(text, modifier)
