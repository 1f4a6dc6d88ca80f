"""INSERTs of many rows, read without a parse of them all: `read_values(text)` gives the rows of VALUES as texts. values_plan.py inserts them.

    INSERT INTO t (a, b) VALUES ($1, 'x'), ($2, NULL), ($3, 1.5) RETURNING a

    shapes    INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a        for the first two rows: $2 of no type yet
              the same text                                           for the third: $2 numeric
    rows      (0, ("1", "x")), (0, ("2", None)), (1, ("3", "1.5"))

Applications write such statements with thousands of rows of very few shapes: the statement of one row is parsed and planned once for each shape, and kept in the
caches as any other.

This lexer knows literals, parameters, NULL, TRUE, FALSE, DEFAULT, names and calls without arguments (now()), all of them with casts behind. A statement with anything else in its
rows, a comment among them, or with parameters behind them is left to the parser; so is one that cannot be planned in this way, for PostgreSQL's own error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from actors.common.errors import statement_memory_exceeded
from actors.common.schema import ColumnType
from actors.query_processor.session.large_literals import unescaped
from actors.query_processor.session.literals import INT4, INT8, NUMERIC

CHARACTERS_MIN = 4096
"""Shorter texts are cached whole, or lifted (literals.py)."""
HEAD_CHARACTERS_MAX = 64 << 10
TAIL_CHARACTERS_MAX = 4096
SHAPES_MAX = 64
"""Of one statement: more of them are no rows of one kind."""
PATTERN_CELLS_MAX = 256
"""Wider rows are read a cell at a time: the pattern of a row takes Python a tenth of a millisecond a cell to make."""
ROW_BYTES, CELL_BYTES = 200, 120
"""What a row and a cell take in memory, beside a cell's characters: as texts, then as datums."""

_SPACE = r"[ \t\n\r\f\v]*+"
_NAME = r'(?:"(?:[^"]|"")++"|[a-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*+)'
_COLUMNS = rf"\({_SPACE}{_NAME}{_SPACE}(?:,{_SPACE}{_NAME}{_SPACE})*+\){_SPACE}"
_HEAD = re.compile(
    rf"{_SPACE}insert[ \t\n\r\f\v]++into[ \t\n\r\f\v]++{_NAME}{_SPACE}(?:\.{_SPACE}{_NAME}{_SPACE})?+(?:{_COLUMNS})?+values{_SPACE}(?=\()",
    re.IGNORECASE | re.ASCII,
)
_TYPE = rf"[a-z_][\w.]*+(?: [a-z]++)*+(?:\({_SPACE}\d++{_SPACE}(?:,{_SPACE}\d++{_SPACE})?+\))?+(?: [a-z]++)*+(?:\[\])*+"
_CASTS = rf"((?:{_SPACE}::{_SPACE}{_TYPE})*+)"
_STRING = r"'([^']*+(?:''[^']*+)*+)'"
_ESCAPED = r"e'((?:[^'\\]++|''|\\.)*+)'"
_DECIMAL = r"(-?(?:\d++\.?+\d*+|\.\d++)(?:e[+-]?\d++)?+)"
_INTEGERS = {"int4": r"(-?\d{1,9}+)", "int8": r"(-?\d{10,18}+)"}
_FLAGS = re.IGNORECASE | re.ASCII | re.DOTALL
_CELL = re.compile(
    rf"{_SPACE}(?:{_STRING}|\$(\d{{1,5}}+)|(-?\d++)(?![.e])|{_DECIMAL}|(null|true|false)(?![\w.$(])|{_ESCAPED}|([a-z_][\w.]*+(?:\(\))?+)){_CASTS}{_SPACE}([,)])",
    _FLAGS,
)
_TAIL = re.compile(rf"{_SPACE}(?:;{_SPACE})?+\Z|{_SPACE}(?:on[ \t\n\r\f\v]++conflict|returning)\b[^$;]*+(?:;{_SPACE})?+\Z", _FLAGS)
_NEXT_ROW = re.compile(rf"{_SPACE},{_SPACE}\(", re.ASCII)

BOOL = ColumnType("bool")
PARAMETER, STRING, _ESCAPES, _BOOLS, _VERBATIM = "parameter", "string", "escape", "bool", "verbatim"
TYPES: dict[str, ColumnType | None] = {"int4": INT4, "int8": INT8, "numeric": NUMERIC, _BOOLS: BOOL}
_PATTERNS = {
    PARAMETER: r"\$(\d{1,5}+)", STRING: rf"(?:{_STRING}|null(?![\w.$(]))", _ESCAPES: _ESCAPED, _BOOLS: r"(true|false)(?![\w.$(])",
    "numeric": _DECIMAL, **_INTEGERS,
}  # fmt: skip


class Cell(NamedTuple):
    """`kind`: a lexed type, or what else it is; NULL is a string. `text`: the casts behind it; of a verbatim one, all of it."""

    kind: str
    text: str


Shape = tuple[Cell, ...]
Texts = tuple[str | None, ...]
"""Of a row's cells, without those that are verbatim: None is NULL."""


class ValueList(NamedTuple):
    """An INSERT of many rows: (which shape, its texts) for each row."""

    head: str
    tail: str
    shapes: tuple[Shape, ...]
    rows: list[tuple[int, Texts]]

    def statement(self, shape: Shape) -> str:
        """The INSERT of one row of this shape."""
        cells, number = [], 0
        for kind, text in shape:
            if kind != _VERBATIM:
                number += 1
                text = f"${number}{text}"
            cells.append(text)
        return f"{self.head}({', '.join(cells)}) {self.tail}"


def lifted(shape: Shape) -> list[Cell]:
    """The cells that are parameters of the statement of one row."""
    return [cell for cell in shape if cell.kind != _VERBATIM]


def literal_types(shape: Shape) -> tuple[ColumnType | None, ...]:
    """Of the statement's parameters; None: to be inferred."""
    return tuple(TYPES.get(cell.kind) for cell in lifted(shape))


# -- reading ---------------------------------------------------------------------------------------------------------------------------


def read_values(text: str, memory_bytes_max: int = 0) -> ValueList | None:
    """None for any text but an INSERT of two rows and more that this lexer knows. Raises 54000 for one whose rows would take more than a statement's memory (0: no limit).

    No step of it holds Python's lock for longer than one row takes.
    """
    head = _HEAD.match(text, 0, HEAD_CHARACTERS_MAX)
    if head is None:
        return None
    shapes: dict[Shape, int] = {}
    patterns: list[re.Pattern[str] | None] = []
    rows: list[tuple[int, Texts]] = []
    place, last, size = head.end() + 1, -1, len(text)
    while True:
        pattern = patterns[last] if last >= 0 else None
        found = pattern.match(text, place) if pattern is not None else None
        if found is not None:
            texts: Texts = found.groups()
            place = found.end()
        else:
            read = _read_row(text, place)
            if read is None:
                return None
            shape, texts, place = read
            last = shapes.setdefault(shape, len(shapes))
            if last == len(patterns):
                if last == SHAPES_MAX:
                    return None
                patterns.append(_row_pattern(shape) if len(shape) <= PATTERN_CELLS_MAX else None)
        rows.append((last, texts))
        size += ROW_BYTES + CELL_BYTES * len(texts)
        if memory_bytes_max and size > memory_bytes_max:
            raise statement_memory_exceeded(memory_bytes_max)
        following = _NEXT_ROW.match(text, place)
        if following is None:
            break
        place = following.end()
    if len(rows) < 2 or len(text) - place > TAIL_CHARACTERS_MAX or _TAIL.match(text, place) is None:
        return None
    unescaped_rows = _with_escapes(list(shapes), rows)
    if unescaped_rows is None:
        return None
    return ValueList(head[0], text[place:].strip().removesuffix(";"), tuple(shapes), unescaped_rows)


def _read_row(text: str, place: int) -> tuple[Shape, Texts, int] | None:
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
            cells.append(Cell(_VERBATIM, verbatim + casts))
        elif string is not None or (word is not None and word.lower() == "null"):
            cells.append(Cell(STRING, casts))
            texts.append(string)
        else:
            kind, value = _kind(parameter, integer, decimal, word, escaped)
            cells.append(Cell(kind, casts))
            texts.append(value)
        if end == ")":
            return tuple(cells), tuple(texts), place


def _kind(parameter: str | None, integer: str | None, decimal: str | None, word: str | None, escaped: str | None) -> tuple[str, str]:
    if parameter is not None:
        return PARAMETER, parameter
    if integer is not None:
        digits = len(integer) - (integer[0] == "-")
        return ("int4" if digits < 10 else "int8" if digits < 19 else "numeric"), integer
    if decimal is not None:
        return "numeric", decimal
    if word is not None:
        return _BOOLS, word
    assert escaped is not None
    return _ESCAPES, escaped


@lru_cache(maxsize=256)
def _row_pattern(shape: Shape) -> re.Pattern[str]:
    """A row of this shape, behind its opening parenthesis: a group for each cell that is not verbatim."""
    cells = []
    for kind, text in shape:
        written = re.escape(text) if kind == _VERBATIM else _PATTERNS[kind] + re.escape(text)
        cells.append(f"{_SPACE}{written}{_SPACE}")
    return re.compile(",".join(cells) + r"\)", _FLAGS)


def _with_escapes(shapes: Sequence[Shape], rows: list[tuple[int, Texts]]) -> list[tuple[int, Texts]] | None:
    """The rows with E'' strings as the strings that they are. None where one is left to the parser."""
    places = [[place for place, cell in enumerate(lifted(shape)) if cell.kind == _ESCAPES] for shape in shapes]
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
