"""The cells of VALUES as text: what a value may look like, and a row of them (value_lists.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from actors.query_processor.session.large_literals import unescaped
from actors.query_processor.session.literals import INT4, INT8, NUMERIC
from actors.sql.types.column_type import ColumnType

# Repeated groups are atomic, (?>(?:...)*), and not possessive: behind those Python's re goes on at a wrong place before
# 3.11.5, as Debian 12 has it (https://github.com/python/cpython/issues/106052).
SPACE = r"[ \t\n\r\f\v]*+"
NAME = r'(?:"(?>(?:[^"]|"")+)"|[a-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*+)'
COLUMNS = rf"\({SPACE}{NAME}{SPACE}(?>(?:,{SPACE}{NAME}{SPACE})*)\){SPACE}"
INTO = rf"{SPACE}insert[ \t\n\r\f\v]++into[ \t\n\r\f\v]++{NAME}{SPACE}(?>(?:\.{SPACE}{NAME}{SPACE})?)"
_WORDS = r"(?>(?: (?!from\b)[a-z]++)*)"
_TYPE = rf"[a-z_][\w.]*+{_WORDS}(?>(?:\({SPACE}\d++{SPACE}(?>(?:,{SPACE}\d++{SPACE})?)\))?){_WORDS}(?>(?:\[\])*)"
CASTS = rf"((?>(?:{SPACE}::{SPACE}{_TYPE})*))"
_STRING = r"'([^']*+(?>(?:''[^']*+)*))'"
_ESCAPED = r"e'((?>(?:[^'\\]++|''|\\.)*))'"
_DECIMAL = r"(-?(?:\d++\.?+\d*+|\.\d++)(?>(?:e[+-]?\d++)?))"
_INTEGERS = {"int4": r"(-?\d{1,9}+)", "int8": r"(-?\d{10,18}+)"}
FLAGS = re.IGNORECASE | re.ASCII | re.DOTALL
_CELL = re.compile(
    rf"{SPACE}(?:{_STRING}|\$(\d{{1,5}}+)|(-?\d++)(?![.e])|{_DECIMAL}|(null|true|false)(?![\w.$(])|{_ESCAPED}"
    rf"|([a-z_][\w.]*+(?>(?:\(\))?))){CASTS}{SPACE}([,)])",
    FLAGS,
)
BOOL = ColumnType("bool")
PARAMETER, STRING, ESCAPE, _BOOL, VERBATIM = "parameter", "string", "escape", "bool", "verbatim"
TEXT_PARAMETER = "text parameter"
"""A parameter that is text unless its type is given, then cast (values_query.py)."""
TYPES: dict[str, ColumnType | None] = {"int4": INT4, "int8": INT8, "numeric": NUMERIC, _BOOL: BOOL}
_PATTERNS = {
    PARAMETER: r"\$(\d{1,5}+)", STRING: rf"(?:{_STRING}|null(?![\w.$(]))", ESCAPE: _ESCAPED,
    _BOOL: r"(true|false)(?![\w.$(])",
    "numeric": _DECIMAL, **_INTEGERS,
}  # fmt: skip


class Cell(NamedTuple):
    """`kind`: a lexed type, or what else it is; NULL is a string. `text`: the casts behind it; of a verbatim one, all
    of it."""

    kind: str
    text: str


Shape = tuple[Cell, ...]
Texts = tuple[str | None, ...]
"""Of a row's cells, without those that are verbatim: None is NULL."""


def lifted(shape: Shape) -> list[Cell]:
    """The cells that are parameters of the statement of one row."""
    return [cell for cell in shape if cell.kind != VERBATIM]


def literal_types(shape: Shape) -> tuple[ColumnType | None, ...]:
    """Of the statement's parameters; None: to be inferred."""
    return tuple(TYPES.get(cell.kind) for cell in lifted(shape))


def read_row(text: str, place: int) -> tuple[Shape, Texts, int] | None:
    """A row, behind its opening parenthesis: a cell at a time."""
    cells: list[Cell] = []
    texts: list[str | None] = []
    while True:
        found = _CELL.match(text, place)
        if found is None:
            return None
        place = found.end()
        string, parameter, integer, decimal, word, escaped, verbatim, casts, end = found.groups()
        if verbatim is not None:
            cells.append(Cell(VERBATIM, verbatim + casts))
        elif string is not None or (word is not None and word.lower() == "null"):
            cells.append(Cell(STRING, casts))
            texts.append(string)
        else:
            kind, value = _kind(parameter, integer, decimal, word, escaped)
            cells.append(Cell(kind, casts))
            texts.append(value)
        if end == ")":
            return tuple(cells), tuple(texts), place


def _kind(
    parameter: str | None, integer: str | None, decimal: str | None, word: str | None, escaped: str | None
) -> tuple[str, str]:
    if parameter is not None:
        return PARAMETER, parameter
    if integer is not None:
        digits = len(integer) - (integer[0] == "-")
        return ("int4" if digits < 10 else "int8" if digits < 19 else "numeric"), integer
    if decimal is not None:
        return "numeric", decimal
    if word is not None:
        return _BOOL, word
    assert escaped is not None
    return ESCAPE, escaped


@lru_cache(maxsize=256)
def row_pattern(shape: Shape) -> re.Pattern[str]:
    """A row of this shape, behind its opening parenthesis: a group for each cell that is not verbatim."""
    cells = []
    for kind, text in shape:
        written = re.escape(text) if kind == VERBATIM else _PATTERNS[kind] + re.escape(text)
        cells.append(f"{SPACE}{written}{SPACE}")
    return re.compile(",".join(cells) + r"\)", FLAGS)


def with_escapes(shapes: Sequence[Shape], rows: list[tuple[int, Texts]]) -> list[tuple[int, Texts]] | None:
    """The rows with E'' strings as the strings that they are. None where one is left to the parser."""
    places = [[place for place, cell in enumerate(lifted(shape)) if cell.kind == ESCAPE] for shape in shapes]
    if not any(places):
        return rows
    changed: list[tuple[int, Texts]] = []
    for number, texts in rows:
        if places[number]:
            values = list(texts)
            for place in places[number]:
                values[place] = value = unescaped(values[place] or "")
                if value is None:
                    return None
            texts = tuple(values)
        changed.append((number, texts))
    return changed
