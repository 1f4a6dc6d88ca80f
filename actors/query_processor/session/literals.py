"""Lifting literals out of a simple query, so that statements that differ only in them share one plan, and are parsed
once.

    UPDATE t SET n = n + -7 WHERE name = 'x'    ->    UPDATE t SET n = n + $1 WHERE name = $2,   (-7 int4, 'x' unknown)

A parse costs 60 microseconds, this a few. A literal becomes a parameter of the type that PostgreSQL gives the constant:
int4, int8 or numeric by its size, unknown for a string (its type is inferred from where it stands, as for the
constant).

Numbers in GROUP BY and ORDER BY stay: they are positions. What could mean something else as a parameter is left alone,
whole: statements other than SELECT, INSERT, UPDATE, DELETE; expressions with literals in GROUP BY and ORDER BY, and
DISTINCT ON (they are matched by equality); set operations; comments, prefixed strings, typed literals (`date '...'`),
type modifiers, own parameters, anything that this lexer does not know. And whoever plans a lifted statement falls back
to the original where that fails.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from actors.sql.types.column_type import ColumnType

TEXT_CHARACTERS_MAX = 8192
"""Longer statements (bulk inserts) hardly repeat: not worth a place in the cache."""
LITERALS_MAX = 256

INT4_MAX = 2**31 - 1
INT8_MAX = 2**63 - 1
_NEGATIVE_ALONE = frozenset({str(INT4_MAX + 1), str(INT8_MAX + 1)})
"""Numbers that are of a smaller type with a sign: the parser knows whether a `-` before one is its sign."""
INT4 = ColumnType("int4")
INT8 = ColumnType("int8")
NUMERIC = ColumnType("numeric")


class Literal(NamedTuple):
    """`type` None: unknown, a string."""

    text: str
    type: ColumnType | None


class Lifted(NamedTuple):
    text: str
    literals: tuple[Literal, ...]


_STARTS = ("select", "insert", "update", "delete")
_WORD = re.compile(r"[a-z_]+")
_REFUSED_WORDS = frozenset(
    {"with", "union", "intersect", "except", "over", "overlay", "position", "extract"}
    | {"interval", "date", "time", "timestamp", "timestamptz"}
    | {"varchar", "char", "character", "varying", "bpchar", "numeric", "decimal", "dec", "float", "bit"}
)
_LITERAL = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])""")
_PLACES = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\b(?:(?:group|order)\s+by|having|limit|offset|fetch|for|returning)\b"""
)
_DISTINCT_ON = re.compile(r"\bdistinct\s+on\b")
_AFTER_POSITION = re.compile(r"\s*(?:[,);]|\Z|[a-z])")
_LAST_WORD = re.compile(r"[a-z]+\Z")
_LITERAL_AFTER = frozenset("(,=<>+*/")
_LITERAL_AFTER_WORDS = frozenset(
    {
        "like",
        "ilike",
        "and",
        "or",
        "not",
        "between",
        "when",
        "then",
        "else",
        "select",
        "returning",
        "where",
        "values",
        "in",
        "escape",
        "to",
    }
    | {"set", "on", "limit", "offset", "distinct", "all", "having"}
)


def lift(text: str) -> Lifted | None:
    """The statement with its literals as $1, $2 ..., or None where it has none, or where lifting might change its
    meaning."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    lower = text.lower()
    if not lower.lstrip().startswith(_STARTS) or not _REFUSED_WORDS.isdisjoint(_WORD.findall(lower)):
        return None
    if (
        "--" in text
        or "/*" in text
        or "$" in text
        or "\\" in text
        or ";" in text.rstrip().removesuffix(";")
        or len(lower) != len(text)
    ):
        return None
    sorted_by = _sorted_by(lower) if "group" in lower or "order" in lower else []
    if "distinct" in lower and _DISTINCT_ON.search(lower) is not None:
        return None
    pieces: list[str] = []
    literals: list[Literal] = []
    end = 0
    for match in _LITERAL.finditer(text):
        token, start = match[0], match.start()
        if token[0] == '"':
            continue
        before = lower[end:start]
        around = next((low for low, high in sorted_by if low <= start < high), None)
        if around is not None:
            if not _is_position(lower, around, match):
                return None
            continue
        if token[0] == "'":
            if not _may_follow(before.rstrip()) or (before and (before[-1].isalnum() or before[-1] in "_&")):
                return None
            literals.append(Literal(token[1:-1].replace("''", "'"), None))
        else:
            # A sign belongs to the constant where no operand stands before it: `n = -5`, but not `n -5`.
            if before.endswith("-") and _may_follow(before[:-1].rstrip()):
                if text[match.end() :].lstrip().startswith("::"):  # -(1::type)
                    return None
                start -= 1
                token = "-" + token
            elif token in _NEGATIVE_ALONE and before.rstrip().endswith("-"):
                return None
            literals.append(_number(token))
        pieces.append(text[end:start])
        pieces.append(f"${len(literals)}")
        end = match.end()
    if not literals or len(literals) > LITERALS_MAX:
        return None
    pieces.append(text[end:])
    return Lifted("".join(pieces), tuple(literals))


def _sorted_by(lower: str) -> list[tuple[int, int]]:
    """Where GROUP BY and ORDER BY stand, to the end of their lists, with all that is within them."""
    found: list[tuple[int, int]] = []
    start = depth = around = -1
    for match in _PLACES.finditer(lower):
        token = match[0]
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        if start >= 0 and (depth < around or (depth == around and token[0] not in "()'\"")):
            found.append((start, match.start()))
            start = -1
        if start < 0 and token.startswith(("group", "order")):
            start, around = match.start(), depth
    return found if start < 0 else [*found, (start, len(lower))]


def _is_position(lower: str, low: int, number: re.Match[str]) -> bool:
    """Whether a literal in GROUP BY or ORDER BY, which begins at `low`, is a number that stands alone."""
    before = lower[low : number.start()].rstrip()
    return (
        number[0].isdigit()
        and before.endswith(("by", ","))
        and before.count("(") == before.count(")")
        and _AFTER_POSITION.match(lower, number.end()) is not None
    )


def _may_follow(before: str) -> bool:
    """Whether an operand begins after this text (lower case, no blanks at its end)."""
    if not before:
        return False
    if before[-1] in _LITERAL_AFTER:
        return True
    word = _LAST_WORD.search(before)
    return word is not None and word[0] in _LITERAL_AFTER_WORDS


def _number(text: str) -> Literal:
    if len(text) <= 20 and text.lstrip("-").isdigit():
        size = int(text)
        if -INT4_MAX <= size + 1 <= INT4_MAX + 1:
            return Literal(text, INT4)
        if -INT8_MAX <= size + 1 <= INT8_MAX + 1:
            return Literal(text, INT8)
    return Literal(text, NUMERIC)
