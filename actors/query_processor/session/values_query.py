"""INSERTs of a query over VALUES, as SQLAlchemy writes them to have its rows back in order, made plain ones
(value_lists.py).

    INSERT INTO t (a, b) SELECT p0::INTEGER, p1::VARCHAR FROM (VALUES ($1, $2, 0), ($3, $4, 1)) AS v(p0, p1, n)
        ORDER BY n RETURNING a
    INSERT INTO t (a, b) VALUES ($1::INTEGER, $2::VARCHAR), ($3::INTEGER, $4::VARCHAR) RETURNING a

They are the same where every value is cast, so that its type in the VALUES does not matter, and the rows are in the
order that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from actors.query_processor.session.value_cells import (
    CASTS,
    COLUMNS,
    ESCAPE,
    FLAGS,
    INTO,
    NAME,
    PARAMETER,
    SPACE,
    STRING,
    TEXT_PARAMETER,
    VERBATIM,
    Cell,
    Shape,
    Texts,
)

_HEAD = (
    rf"({INTO}{COLUMNS})select[ "
    rf"\t\n\r\f\v]++((?>(?:(?!from\b){NAME}{CASTS}{SPACE},?+{SPACE})+))from{SPACE}\({SPACE}values{SPACE}(?=\()"
)
_SELECTED = rf"{SPACE}({NAME}){CASTS}{SPACE}(,|\Z)"
_ALIAS = (
    rf"{SPACE}\){SPACE}as[ \t\n\r\f\v]++{NAME}{SPACE}\(([^()]*+)\){SPACE}(?>(?:order[ \t\n\r\f\v]++by[ "
    rf"\t\n\r\f\v]++({NAME})(?>(?:[ \t\n\r\f\v]++asc)?){SPACE})?)"
)
_LISTED = rf"{SPACE}({NAME}){SPACE}(,|\Z)"

TYPE_WORDS = frozenset({"precision", "varying", "with", "without", "time", "zone"})
"""Of types' names of several words."""
ALIKE = (
    frozenset({PARAMETER, STRING, ESCAPE}),
    frozenset({PARAMETER, "int4", "int8", "numeric"}),
    frozenset({PARAMETER, "bool"}),
    frozenset({VERBATIM}),
)
"""Kinds that a column of VALUES may mix without having another type for it."""


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """When it is first used (value_lists.prepare)."""
    return re.compile(pattern, FLAGS)


def head() -> re.Pattern[str]:
    return compiled(_HEAD)


def prepare() -> None:
    for pattern in (_HEAD, _SELECTED, _ALIAS, _LISTED):
        compiled(pattern)


def plain(
    selected: str, text: str, place: int, shapes: Sequence[Shape], rows: list[tuple[int, Texts]]
) -> tuple[list[Shape], list[tuple[int, Texts]], int] | None:
    """The shapes and rows of the plain INSERT, and where in `text` its tail begins; None where it is another statement.

    `selected`: the SELECT's list; `place`: behind the last row.
    """
    alias = compiled(_ALIAS).match(text, place)
    targets = _listed(compiled(_SELECTED), selected)
    names = _listed(compiled(_LISTED), alias[1]) if alias is not None else None
    if alias is None or not targets or not names:
        return None
    order = alias[2]
    places = [names.index(target) if names.count(target) == 1 else -1 for target in targets]
    if -1 in places or any(len(shape) != len(names) for shape in shapes):
        return None
    casts = [match[2] for match in compiled(_SELECTED).finditer(selected)]
    dropped = set(range(len(names))) - set(places)
    if (
        not all(casts)
        or len(set(places)) != len(places)
        or dropped != ({names.index(order)} if order in names else set())
    ):
        return None
    if not all(any({shape[place].kind for shape in shapes} <= kinds for kinds in ALIKE) for place in places):
        return None
    columns = [_texts_of(shape) for shape in shapes]
    if any(shape[place].kind != "int4" for shape in shapes for place in dropped) or any(
        _is_default(cell) or not _may_be_cast(cell) for shape in shapes for cell in shape
    ):
        return None
    for counter in dropped:
        counts = [int(texts[columns[number][counter]] or 0) for number, texts in rows]
        if any(later <= sooner for sooner, later in pairwise(counts)):
            return None
    changed = [tuple(_cast(shape[place], cast) for place, cast in zip(places, casts, strict=True)) for shape in shapes]
    kept = [[columns[number][place] for place in places if place in columns[number]] for number in range(len(shapes))]
    return changed, [(number, tuple([texts[place] for place in kept[number]])) for number, texts in rows], alias.end()


def _listed(pattern: re.Pattern[str], text: str) -> list[str]:
    """The names of a list; [] where it is none."""
    names, place = [], 0
    while (found := pattern.match(text, place)) is not None:
        names.append(found[1])
        place = found.end()
        if found[found.re.groups] == "":
            return names if place == len(text) else []
    return []


def _texts_of(shape: Shape) -> dict[int, int]:
    """A cell's place -> that of its text in a row."""
    lifted = [place for place, cell in enumerate(shape) if cell.kind != VERBATIM]
    return {place: number for number, place in enumerate(lifted)}


def _is_default(cell: Cell) -> bool:
    return cell.kind == VERBATIM and cell.text.lower() == "default"


def _may_be_cast(cell: Cell) -> bool:
    """Whether what is written behind it is no more than casts: a cast of `$1::text IS NULL` would be one of NULL."""
    return TYPE_WORDS.issuperset(re.findall(r" ([a-z]+)", cell.text.lower()))


def _cast(cell: Cell, cast: str) -> Cell:
    kind = TEXT_PARAMETER if cell.kind == PARAMETER and not cell.text else cell.kind
    return Cell(kind, cell.text + cast)
