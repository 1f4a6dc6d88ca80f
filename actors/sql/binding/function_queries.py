"""Functions in FROM that are queries here: pg_options_to_table(options), each option `name=value`, as pg_dump asks, and
pg_get_keywords(), as pgjdbc does."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from pglast import ast, keywords

from actors.sql.parser import parse_sql

_OPTIONS = (
    "SELECT split_part(o, '=', 1) AS option_name, "
    "CASE WHEN strpos(o, '=') > 0 THEN substr(o, strpos(o, '=') + 1) END AS option_value "
    "FROM unnest(CAST(NULL AS text[])) AS o"
)
_KINDS = (
    (keywords.UNRESERVED_KEYWORDS, "U", "unreserved"),
    (keywords.COL_NAME_KEYWORDS, "C", "unreserved (cannot be function or type name)"),
    (keywords.TYPE_FUNC_NAME_KEYWORDS, "T", "reserved (can be function or type name)"),
    (keywords.RESERVED_KEYWORDS, "R", "reserved"),
)
_NO_LABELS = frozenset(
    [
        "array",
        "as",
        "char",
        "character",
        "create",
        "day",
        "except",
        "fetch",
        "filter",
        "for",
        "from",
        "grant",
        "group",
        "having",
        "hour",
        "intersect",
        "into",
        "isnull",
        "limit",
        "minute",
        "month",
        "notnull",
        "offset",
        "on",
        "order",
        "over",
        "overlaps",
        "precision",
        "returning",
        "second",
        "to",
        "union",
        "varying",
        "where",
        "window",
        "with",
        "within",
        "without",
        "year",
    ]
)
"""Words that a column is named by after AS only (kwlist.h's AS_LABEL)."""


@lru_cache(maxsize=1)
def _keywords() -> str:
    rows = [
        f"('{word}', '{code}'::\"char\", {word not in _NO_LABELS}, '{shown}', "
        f"'{'requires AS' if word in _NO_LABELS else 'can be bare label'}')"
        for words, code, shown in _KINDS
        for word in words
    ]
    columns = "word, catcode, barelabel, catdesc, baredesc"
    return f"SELECT {columns} FROM (VALUES {', '.join(sorted(rows))}) AS k ({columns})"


def query_of_function(item: ast.RangeFunction) -> Any:
    """The FROM item that the function stands for; None for any other function."""
    call: Any = item.functions[0][0]
    name = call.funcname[-1].sval if isinstance(call, ast.FuncCall) else ""
    if len(item.functions) != 1:
        return None
    if name == "pg_options_to_table" and len(call.args or ()) == 1:
        query: Any = parse_sql(_OPTIONS)[0].stmt
        query.fromClause[0].functions[0][0].args[0].arg = call.args[0]
    elif name == "pg_get_keywords" and not call.args:
        query = parse_sql(_keywords())[0].stmt
    else:
        return None
    return SimpleNamespace(alias=item.alias or ast.Alias(aliasname=name), subquery=query, lateral=True)
