"""Lifting literals out of a simple query, so that statements that differ only in them share one plan, and are parsed
once.

    UPDATE t SET n = n + -7 WHERE name = 'x'    ->    UPDATE t SET n = n + $1 WHERE name = $2,   (-7 int4, 'x' unknown)

A parse costs 60 microseconds, this a few. A literal becomes a parameter of the type that PostgreSQL gives the constant:
int4, int8 or numeric by its size, unknown for a string (its type is inferred from where it stands, as for the
constant).

What could mean something else as a parameter is left alone, whole: statements other than SELECT, INSERT, UPDATE,
DELETE; GROUP BY, ORDER BY and DISTINCT (expressions are matched by equality, numbers are positions); comments, prefixed
strings, typed literals (`date '...'`), type modifiers, own parameters, anything that this lexer does not know. And
whoever plans a lifted statement falls back to the original where that fails.
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
    {"group", "order", "distinct", "with", "union", "intersect", "except", "over", "overlay", "position", "extract"}
    | {"interval", "date", "time", "timestamp", "timestamptz"}
    | {"varchar", "char", "character", "varying", "bpchar", "numeric", "decimal", "dec", "float", "bit"}
)
_LITERAL = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])""")
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
    | {"set", "on", "limit", "offset"}
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
    pieces: list[str] = []
    literals: list[Literal] = []
    end = 0
    for match in _LITERAL.finditer(text):
        token, start = match[0], match.start()
        if token[0] == '"':
            continue
        before = lower[end:start]
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
            literals.append(_number(token))
        pieces.append(text[end:start])
        pieces.append(f"${len(literals)}")
        end = match.end()
    if not literals or len(literals) > LITERALS_MAX:
        return None
    pieces.append(text[end:])
    return Lifted("".join(pieces), tuple(literals))


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
