"""FROM as DuckDB's SQL: each item gets a name of its own there, and the statement's positions their texts."""

from __future__ import annotations

from collections.abc import Sequence

from actors.query_processor.column_executor.sets import list_of, series
from actors.query_processor.column_executor.translator import INT8, Translator
from actors.query_processor.column_executor.values import duck_type
from actors.sql.binding.query import CteItem, EmptyItem, FromItem, FunctionItem, JoinItem, QueryItem, SetCall
from actors.sql.types.column_type import ColumnType


def from_clause(translator: Translator, items: Sequence[FromItem]) -> str:
    """Without the word. Later items may be LATERAL over earlier ones."""
    return ", ".join(_item(translator, item) for item in items)


def _item(translator: Translator, item: FromItem) -> str:
    from actors.query_processor.column_executor.select import translate_query

    if isinstance(item, JoinItem):
        left, right = _item(translator, item.left), _item(translator, item.right)
        if item.condition is None and item.kind == "INNER":
            return f"({left} CROSS JOIN {right})"
        condition = "TRUE" if item.condition is None else translator.text(item.condition)
        return f"({left} {item.kind} JOIN {right} ON {condition})"
    alias = translator.alias()
    if isinstance(item, QueryItem):
        query = translate_query(translator, item.query)
        translator.place(item.offset, alias, query.types)
        return f"{'LATERAL ' if item.lateral else ''}({query.sql}) AS {alias}"
    if isinstance(item, CteItem) and item.cte.given is not None:
        source = translator.sources.add_given(item.cte, alias)
        translator.place(item.offset, alias, source.types())
        return f"{source.view} AS {alias}"
    if isinstance(item, CteItem):
        query = translator.cte(item.cte)
        translator.place(item.offset, alias, query.types)
        return f"{query.sql} AS {alias}"
    if isinstance(item, FunctionItem):
        sql, types = _function(translator, item)
        translator.place(item.offset, alias, types)
        return f"LATERAL ({sql}) AS {alias}"
    if isinstance(item, EmptyItem):
        translator.place(item.offset, alias, item.types)
        listed = ", ".join(
            f"CAST(NULL AS {duck_type(type_)}) AS c{number}" for number, type_ in enumerate(item.types, 1)
        )
        return f"(SELECT {listed} WHERE FALSE) AS {alias}"
    source = translator.sources.add(item, alias)
    translator.place(item.offset, alias, source.types())
    return f"{source.view} AS {alias}"


def _function(translator: Translator, item: FunctionItem) -> tuple[str, list[ColumnType]]:
    """(a query, its types). The shorter ones of several lists are filled with NULLs."""
    parts: list[str] = []
    types: list[ColumnType] = []
    whole = ""
    for number, call in enumerate(item.calls, 1):
        if isinstance(call, SetCall) and call.name == "generate_series":
            whole, type_ = series(translator, call)
        elif isinstance(call, SetCall):
            listed, type_ = list_of(translator, call)
            # DuckDB's unnest gives the items of lists side by side, too.
            parts.append(f"unnest({listed}) AS c{number}")
        else:
            text, type_ = translator.expression(call)
            parts.append(f"{text} AS c{number}")
        types.append(type_)
    inner = whole or f"SELECT {', '.join(parts)}"
    if not item.ordinality:
        return inner, types
    return f"SELECT *, row_number() OVER () AS c{len(types) + 1} FROM ({inner})", [*types, INT8]
