"""Lifting literals out of a simple query, so that statements that differ only in them share one plan, and are parsed once.

    UPDATE t SET n = n + -7 WHERE name = 'x'    ->    UPDATE t SET n = n + $1 WHERE name = $2,   (-7 int4, 'x' unknown)

A parse costs 60 microseconds, this a few. A literal becomes a parameter of the type that PostgreSQL gives the constant: int4, int8 or numeric by
its size, unknown for a string (its type is inferred from where it stands, as for the constant).

What could mean something else as a parameter is left alone, whole: statements other than SELECT, INSERT, UPDATE, DELETE; GROUP BY, ORDER BY
and DISTINCT (expressions are matched by equality, numbers are positions); comments, prefixed strings, typed literals (`date '...'`), type modifiers,
own parameters, anything that this lexer does not know. And whoever plans a lifted statement falls back to the original where that fails.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from actors.common.schema import ColumnType

TEXT_CHARACTERS_MAX = 8192
"""Longer statements (bulk inserts) hardly repeat: not worth a place in the cache."""
LITERALS_MAX = 256

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


_START = re.compile(r"\s*(?:select|insert|update|delete)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"--|/\*|\$|\\|;\s*\S"
    r"|\b(?:group|order|distinct|interval|date|time|timestamp|timestamptz|with|union|intersect|except|over|overlay|position|extract)\b"
    r"|\b(?:varchar|char|character|varying|bpchar|numeric|decimal|dec|float|bit)\s*\(",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""(?P<string>'(?:[^']|'')*')|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|"""
    r"""[A-Za-z_\u0080-\uffff][\w]*|"(?:[^"]|"")*"|\s+|."""
)
_STRING_AFTER = frozenset(
    [
        "(",
        ",",
        "=",
        "<",
        ">",
        "+",
        "-",
        "*",
        "/",
        "|",
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
        "similar",
        "to",
        "by",
        "set",
        "on",
    ]
)
_SIGN_AFTER = frozenset(
    [
        "(",
        ",",
        "=",
        "<",
        ">",
        "+",
        "*",
        "/",
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
        "limit",
        "offset",
    ]
)


def lift(text: str) -> Lifted | None:
    """The statement with its literals as $1, $2 ..., or None where it has none, or where lifting might change its meaning."""
    if len(text) > TEXT_CHARACTERS_MAX or _START.match(text) is None or _REFUSED.search(text) is not None:
        return None
    pieces: list[str] = []
    literals: list[Literal] = []
    before = ""
    sign = False
    joined = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        kind = match.lastgroup
        if kind is None:
            pieces.append(token)
            if not token.isspace():
                sign = token == "-" and before in _SIGN_AFTER
                before = token.lower()
            joined = token
            continue
        if kind == "number":
            if joined == "." or (joined and (joined[-1].isalnum() or joined[-1] in "_$")):
                return None
            if sign:
                while pieces.pop() != "-":
                    pass
            literals.append(_number(token, sign))
        else:
            if before not in _STRING_AFTER or (joined and (joined[-1].isalnum() or joined[-1] in "_&")):
                return None
            literals.append(Literal(token[1:-1].replace("''", "'"), None))
        pieces.append(f"${len(literals)}")
        before = joined = "literal"
        sign = False
    if not literals or len(literals) > LITERALS_MAX:
        return None
    return Lifted("".join(pieces), tuple(literals))


def _number(token: str, negative: bool) -> Literal:
    text = "-" + token if negative else token
    if token.isdigit():
        size = int(token)
        if size <= 2147483647:
            return Literal(text, INT4)
        if size <= 9223372036854775807:
            return Literal(text, INT8)
    return Literal(text, NUMERIC)
