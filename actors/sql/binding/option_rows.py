"""pg_options_to_table(options) in FROM: a query over the options' texts, each `name=value`, as pg_dump asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pglast import ast

from actors.sql.parser import parse_sql

_QUERY = (
    "SELECT split_part(o, '=', 1) AS option_name, "
    "CASE WHEN strpos(o, '=') > 0 THEN substr(o, strpos(o, '=') + 1) END AS option_value "
    "FROM unnest(CAST(NULL AS text[])) AS o"
)


def query_of_options(item: ast.RangeFunction) -> Any:
    """The FROM item that the function stands for; None for any other function."""
    call: Any = item.functions[0][0]
    name = call.funcname[-1].sval if isinstance(call, ast.FuncCall) else ""
    if name != "pg_options_to_table" or len(item.functions) != 1 or len(call.args or ()) != 1:
        return None
    query: Any = parse_sql(_QUERY)[0].stmt
    query.fromClause[0].functions[0][0].args[0].arg = call.args[0]
    return SimpleNamespace(alias=item.alias or ast.Alias(aliasname=name), subquery=query, lateral=True)
