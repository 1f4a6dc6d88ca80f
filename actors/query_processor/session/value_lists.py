"""INSERTs of many rows, read without a parse of them all: `read_values(text)` gives the rows of VALUES as texts.
values_plan.py inserts them.

    INSERT INTO t (a, b) VALUES ($1, 'x'), ($2, NULL), ($3, 1.5) RETURNING a

    shapes    INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a        for the first two rows: $2 of no type yet
              the same text                                           for the third: $2 numeric
    rows      (0, ("1", "x")), (0, ("2", None)), (1, ("3", "1.5"))

Applications write such statements with thousands of rows of very few shapes: the statement of one row is parsed and
planned once for each shape, and kept in the caches as any other.

This lexer knows literals, parameters, NULL, TRUE, FALSE, DEFAULT, names and calls without arguments (now()), all of
them with casts behind. A statement with anything else in its rows, a comment among them, or with parameters behind them
is left to the parser; so is one that cannot be planned in this way, for PostgreSQL's own error.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from actors.common.errors import statement_memory_exceeded
from actors.query_processor.session import values_query
from actors.query_processor.session.value_cells import (
    COLUMNS,
    FLAGS,
    INTO,
    SPACE,
    VERBATIM,
    Shape,
    Texts,
    read_row,
    row_pattern,
    with_escapes,
)
from actors.query_processor.session.values_query import compiled

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

_HEAD = rf"{INTO}(?>(?:{COLUMNS})?)values{SPACE}(?=\()"
_TAIL = re.compile(
    rf"{SPACE}(?>(?:;{SPACE})?)\Z|{SPACE}(?:on[ \t\n\r\f\v]++conflict|returning)\b[^$;]*+(?>(?:;{SPACE})?)\Z", FLAGS
)
_NEXT_ROW = re.compile(rf"{SPACE},{SPACE}\(", re.ASCII)


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
            if kind != VERBATIM:
                number += 1
                text = f"${number}{text}"
            cells.append(text)
        return f"{self.head}({', '.join(cells)}) {self.tail}"


def prepare() -> None:
    """Compile what takes Python a tenth of a second, in a thread, once nobody waits for the process any more."""
    compiled(_HEAD)
    values_query.prepare()


def read_values(text: str, memory_bytes_max: int = 0) -> ValueList | None:
    """None for any text but an INSERT of two rows and more that this lexer knows. Raises 54000 for one whose rows would
    take more than a statement's memory (0: no limit).

    No step of it holds Python's lock for longer than one row takes.
    """
    head = compiled(_HEAD).match(text, 0, HEAD_CHARACTERS_MAX) or values_query.head().match(
        text, 0, HEAD_CHARACTERS_MAX
    )
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
            read = read_row(text, place)
            if read is None:
                return None
            shape, texts, place = read
            last = shapes.setdefault(shape, len(shapes))
            if last == len(patterns):
                if last == SHAPES_MAX or len(shape) != len(next(iter(shapes))):
                    return None  # rows of several lengths are an error, which the planner tells
                patterns.append(row_pattern(shape) if len(shape) <= PATTERN_CELLS_MAX else None)
        rows.append((last, texts))
        size += ROW_BYTES + CELL_BYTES * len(texts)
        if memory_bytes_max and size > memory_bytes_max:
            raise statement_memory_exceeded(memory_bytes_max)
        following = _NEXT_ROW.match(text, place)
        if following is None:
            break
        place = following.end()
    unescaped_rows = with_escapes(list(shapes), rows)
    if len(rows) < 2 or len(text) - place > TAIL_CHARACTERS_MAX or unescaped_rows is None:
        return None
    start, distinct = head[0], list(shapes)
    if head.re is values_query.head():
        made = values_query.plain(head[2], text, place, distinct, unescaped_rows)
        if made is None:
            return None
        start, (distinct, unescaped_rows, place) = f"{head[1]}VALUES ", made
    if _TAIL.match(text, place) is None:
        return None
    return ValueList(start, text[place:].strip().removesuffix(";"), tuple(distinct), unescaped_rows)
