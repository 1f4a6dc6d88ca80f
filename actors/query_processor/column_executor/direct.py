"""What DuckDB does as PostgreSQL does: such calls, casts and comparisons are written in DuckDB's own words.

- `direct_call`: operators and functions whose result is no numeric.
- `fixed_call`: arithmetic of numerics that DuckDB carries as DECIMAL (numerics.py).
- DIRECT_CASTS: (source, target) of casts; COMPARED_AS_POSTGRESQL: types whose values, or whose keys (comparing.py),
  DuckDB compares.

Every other call becomes one of our own implementation (emit.py, udf.py). So nothing stands here that DuckDB answers
differently for any value, except where the text that is written makes up for it: `%` by -1, the case of letters.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from actors.query_processor.column_executor.numerics import PRODUCT_SCALE_MAX, aligned, fixed, scale_in
from actors.query_processor.column_executor.values import TEXT_TYPES, duck_type
from actors.sql.expressions import tree
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.column_type import ColumnType

INTEGERS = frozenset({"int2", "int4", "int8"})
NUMBERS = INTEGERS | {"float4", "float8", "numeric"}
COMPARED_AS_POSTGRESQL = (
    NUMBERS
    | TEXT_TYPES
    | ORDERED_BYTES
    | BITS
    | {"bool", "bytea", "date", "time", "timestamp", "timestamptz", "interval", "oid", "jsonb"}
)
TEXT_DIRECT = {"length": "length", "char_length": "length", "reverse": "reverse"}
CASES = {"lower": (ascii_uppercase, ascii_lowercase), "upper": (ascii_lowercase, ascii_uppercase)}
"""DuckDB's own change the case of every letter that Unicode knows; collation C's only that of ASCII letters."""
LIKES = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "LIKE", "!~~*": "NOT LIKE"}
TRUNCATED_UNITS = frozenset({"second", "minute", "hour", "day", "week", "month", "quarter", "year"})
"""Of date_trunc; DuckDB begins decades and centuries in other years than PostgreSQL."""
DIRECT_CASTS = frozenset(
    {
        *((source, target) for source in INTEGERS for target in (*INTEGERS, "float4", "float8", "text")),
        *(("oid", target) for target in ("int8", "text")),
        ("float4", "float8"),
        ("numeric", "text"),
        ("bool", "int4"),
        ("bool", "text"),
        ("json", "text"),
        ("jsonb", "text"),
        ("jsonb", "json"),
        ("int4", "bool"),
        ("date", "timestamp"),
        ("timestamp", "date"),
        *((source, target) for source in ("text", "varchar", "name", "unknown") for target in ("text", "name")),
    }
)


def direct_call(call: tree.Call, texts: list[str], types: set[str]) -> str | None:
    """DuckDB SQL of a call that DuckDB computes as PostgreSQL does; None: a function of ours computes it. `texts`: its
    arguments' SQL; `types`: the names of their types."""
    name = call.name
    if len(texts) == 2:
        one, other = texts
        if name in ("+", "-", "*") and (types <= INTEGERS or types <= {"float8"}):
            return f"({one} {name} {other})"
        if name == "/" and types <= INTEGERS:
            return f"CAST(({one} // {other}) AS {duck_type(call.type)})"
        if name == "%" and types <= INTEGERS:
            # The least integer divided by -1 overflows in DuckDB; nothing is left of any, as by 1.
            return f"CAST(({one} % CASE {other} WHEN -1 THEN 1 ELSE {other} END) AS {duck_type(call.type)})"
        if name == "||" and types <= TEXT_TYPES - {"bpchar"}:
            return f"({one} || {other})"
        if name in LIKES and types <= TEXT_TYPES:
            if name.endswith("*"):
                one, other = _in_case("lower", one), _in_case("lower", other)
            return f"({one} {LIKES[name]} {other} ESCAPE '\\')"
    if len(texts) == 1:
        if name == "-" and types <= INTEGERS:
            return f"(- {texts[0]})"
        if name in TEXT_DIRECT and types <= {"text", "varchar"}:
            return _as(f"{TEXT_DIRECT[name]}({texts[0]})", call.type)
        if name in CASES and types <= {"text", "varchar"}:
            return _in_case(name, texts[0])
        if name == "abs" and types <= INTEGERS:
            return f"abs({texts[0]})"
    return None


def fixed_call(call: tree.Call, pairs: list[tuple[str, ColumnType]]) -> tuple[str, ColumnType] | None:
    """(SQL, type) of arithmetic of numerics with a fixed scale; None: a function of ours computes it. `pairs`: the
    arguments' SQL and the types that it carries."""
    scales = [scale_in(type_) for _, type_ in pairs]
    texts = [text for text, _ in pairs]
    if call.name in ("round", "trunc") and scales[0] is not None:
        return _rounded(call, texts)
    if None in scales:
        return None
    if len(pairs) == 1 and call.name in ("-", "+", "abs", "@"):
        sql = {"-": f"(- {texts[0]})", "+": texts[0]}.get(call.name, f"abs({texts[0]})")
        return sql, fixed(scales[0] or 0)
    if call.name in ("+", "-"):
        one, other, scale = aligned(*pairs[0], *pairs[1])
        return f"({one} {call.name} {other})", fixed(scale)
    scale = sum(scale or 0 for scale in scales)
    if call.name == "*" and scale <= PRODUCT_SCALE_MAX:
        return f"({texts[0]} * {texts[1]})", fixed(scale)
    return None


def truncated_unit(call: tree.Call) -> str | None:
    """The unit of a date_trunc of a column that DuckDB may compute."""
    if call.name != "date_trunc" or call.signature[1:] not in (("timestamp",), ("timestamptz",)):
        return None
    unit, moment = call.arguments
    known = isinstance(unit, tree.Constant) and unit.datum in TRUNCATED_UNITS
    return str(unit.datum) if known and isinstance(moment, tree.Column) else None  # type: ignore[union-attr]


def _rounded(call: tree.Call, texts: list[str]) -> tuple[str, ColumnType] | None:
    """round and trunc of exact numbers to a constant scale, whose result has that scale."""
    if len(texts) == 1:
        scale = 0
    elif (
        isinstance(call.arguments[1], tree.Constant)
        and isinstance(call.arguments[1].datum, int)
        and 0 <= call.arguments[1].datum <= 18
    ):
        scale = call.arguments[1].datum
    else:
        return None
    inner = f"trunc({texts[0]}, {scale})" if call.name == "trunc" else texts[0]
    return f"CAST({inner} AS DECIMAL(38, {scale}))", fixed(scale)


def _in_case(name: str, text: str) -> str:
    return f"translate({text}, '{CASES[name][0]}', '{CASES[name][1]}')"


def _as(sql: str, type_: ColumnType) -> str:
    return f"CAST({sql} AS {duck_type(type_)})" if type_.name in INTEGERS else sql
