"""The functions behind operators, by their own names: int4pl(1, 2) is 1 + 2, texteq(a, b) is a = b.

Which function an operator has, PostgreSQL's catalog says (types/system_rows.py).
"""

from __future__ import annotations

from actors.sql.expressions.registry import find, register, register_as
from actors.sql.types import by_oid
from actors.sql.types.system_rows import system_rows

NAME_SIZE = 64
"""Characters of a name, for its subscripts."""
_PATTERNS = {"~<~": "<", "~<=~": "<=", "~>~": ">", "~>=~": ">="}
"""Comparisons by bytes, which are those of the C collation."""


def _alias(name: str, source: str, signature: tuple[str, ...]) -> None:
    known = next((function for function in find(source) if function.arguments == signature), None)
    if known is not None and not known.variadic and all(other.arguments != signature for other in find(name)):
        register_as(name, known)


def _register() -> None:
    for pattern, plain in _PATTERNS.items():
        for type_ in ("text", "bpchar"):
            _alias(pattern, plain, (type_, type_))
    columns, lines = system_rows()["pg_operator"]
    place = {column: number for number, column in enumerate(columns)}
    for line in lines:
        oids = (int(line[place["oprleft"]]), int(line[place["oprright"]]))
        if all(oid in by_oid for oid in oids if oid):
            _alias(line[place["oprcode"]], line[place["oprname"]], tuple(by_oid[oid].name for oid in oids if oid))
    for name, source, arguments in (
        ("textlen", "length", "text"), ("like", "~~", "name text"), ("notlike", "!~~", "name text"),
        ("dround", "round", "float8"), ("dtrunc", "trunc", "float8"), ("dexp", "exp", "float8"),
        ("dlog1", "ln", "float8"), ("dlog10", "log", "float8"), ("dsqrt", "sqrt", "float8"),
        ("numeric_ln", "ln", "numeric"), ("numeric_exp", "exp", "numeric"), ("numeric_sqrt", "sqrt", "numeric"),
        ("numeric_log", "log", "numeric numeric"), ("numeric_div_trunc", "div", "numeric numeric"),
    ):  # fmt: skip
        _alias(name, source, tuple(arguments.split()))


def _character(name: str, place: int) -> str | None:
    return name[place : place + 1] if 0 <= place < NAME_SIZE else None


register("name_subscript", "name int4", "char", _character)
_register()
