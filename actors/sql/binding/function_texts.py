"""The body of a function that was read when it was made, as text: RETURN expression, or BEGIN ATOMIC."""

from __future__ import annotations

from typing import Any

from pglast.stream import RawStream

from actors.sql.binding import stored_names
from actors.sql.binding.view_text import presented
from actors.sql.catalog.functions import Function
from actors.sql.catalog.snapshot import Catalog
from actors.sql.parser import parse_sql


def sql_body(function: Function, catalog: Catalog) -> str:
    statement: Any = stored_names.shown(parse_sql(function.query)[0].stmt, catalog)
    if function.is_return:
        return f"RETURN {RawStream()(statement.targetList[0].val)}"
    return f"BEGIN ATOMIC\n{presented(statement, function.sources, catalog)};\nEND"
