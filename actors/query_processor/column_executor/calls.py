"""Values that are not of one row as DuckDB's SQL: aggregates (aggregates.py), window calls, subqueries, functions that
return rows (sets.py), and calls that ask the catalog."""

from __future__ import annotations

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.column_executor.aggregates import aggregate
from actors.query_processor.column_executor.arrays import collected
from actors.query_processor.column_executor.catalog_calls import catalog_call
from actors.query_processor.column_executor.select import sort_by, translate_query
from actors.query_processor.column_executor.sets import list_of, series
from actors.query_processor.column_executor.translator import BOOL, INT4, Translator, Typed, carried
from actors.sql.binding.query import (
    AggregateCall,
    CatalogCall,
    FieldOf,
    Frame,
    GroupingCall,
    Merged,
    SetCall,
    Subquery,
    Value,
    WindowCall,
)
from actors.sql.expressions.tree import Expression


def call_text(translator: Translator, call: Value) -> Typed:
    if isinstance(call, AggregateCall):
        return aggregate(translator, call)
    if isinstance(call, WindowCall):
        return _window_call(translator, call)
    if isinstance(call, Subquery):
        return _subquery(translator, call)
    if isinstance(call, SetCall):
        return _set(translator, call)
    if isinstance(call, FieldOf):
        return f"struct_extract({translator.text(call.argument)}, '{call.name}')", call.type
    if isinstance(call, GroupingCall):
        groups, translator.groups = translator.groups, {}
        listed = ", ".join([translator.key(*translator.expression(argument)) for argument in call.arguments])
        translator.groups = groups
        return f"CAST(GROUPING({listed}) AS INTEGER)", INT4
    if isinstance(call, CatalogCall):
        return catalog_call(translator, call)
    assert isinstance(call, Merged)
    return translator.expression(call.expression)


def _set(translator: Translator, call: SetCall) -> Typed:
    """In a select list."""
    if call.name != "generate_series":
        items, type_ = list_of(translator, call)
        return f"unnest({items})", type_
    inner, type_ = series(translator, call)
    alias = translator.alias()
    translator.lateral.append(f"LATERAL ({inner}) AS {alias}")
    return f"{alias}.c1", type_


# -- window calls ------------------------------------------------------------------------------------------------------


def _window_call(translator: Translator, call: WindowCall) -> Typed:
    over = f" OVER ({_window(translator, call)})"
    if call.aggregate is not None:
        return aggregate(translator, call.aggregate, over)
    arguments = [translator.expression(argument) for argument in call.arguments]
    texts = [sql for sql, _ in arguments]
    name = call.name
    if name == "nth_value" and len(texts) == 2:
        texts[1] = translator.emitter.least(texts[1], 1, "argument of nth_value must be greater than zero", "22016")
    if name in ("lag", "lead") and len(arguments) == 3:
        type_ = carried(call.type, [arguments[0][1], arguments[2][1]])
        value, default = (translator.cast(*arguments[place], type_) for place in (0, 2))
        # DuckDB would give the default the type of the value, whose scale may be less.
        absent = f"{name}(1, {texts[1]}){over} IS NULL"
        return f"CASE WHEN {absent} THEN {default} ELSE {name}({value}, {texts[1]}){over} END", type_
    sql = f"{name}({', '.join(texts)}){over}"
    if name == "ntile":
        return f"CAST({sql} AS INTEGER)", INT4
    return sql, arguments[0][1] if name in ("lag", "lead", "first_value", "last_value", "nth_value") else call.type


def _window(translator: Translator, call: WindowCall) -> str:
    """The inside of OVER (...)."""
    parts: list[str] = []
    if call.partition:
        keys = [translator.key(*translator.expression(item)) for item in call.partition]
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if call.order:
        parts.append(f"ORDER BY {sort_by(translator, call.order)}")
    if call.frame is not None:
        parts.append(_frame(translator, call.frame))
    return " ".join(parts)


def _frame(translator: Translator, frame: Frame) -> str:
    def bound(text: str, offset: Expression | None) -> str:
        return text if offset is None else f"{translator.text(offset)} {text}"

    exclude = f" {frame.exclude}" if frame.exclude else ""
    return (
        f"{frame.unit} BETWEEN {bound(frame.start, frame.start_offset)} AND "
        f"{bound(frame.end, frame.end_offset)}{exclude}"
    )


# -- subqueries --------------------------------------------------------------------------------------------------------


def _subquery(translator: Translator, call: Subquery) -> Typed:
    query = translate_query(translator, call.query)
    if call.kind == "EXISTS":
        return f"EXISTS ({query.sql})", BOOL
    if call.kind == "SCALAR":
        return f"({query.sql})", query.types[0]
    if call.kind == "ARRAY":
        return collected(translator, f"coalesce(ARRAY({query.sql}), [])", query.types[0])
    alias = translator.alias()
    translator.place(call.offset, alias, query.types)
    source = f"({query.sql}) AS {alias}"
    if call.kind == "ROW":
        joined = (" AND " if call.operator == "=" else " OR ").join(
            [translator.text(each) for each in call.comparisons]
        )
        return f"(SELECT {joined} FROM {source})", BOOL
    return _quantified(translator, call, source), BOOL


def _quantified(translator: Translator, call: Subquery, source: str) -> str:
    """x IN (SELECT ...), x = ANY (...), x <> ALL (...)"""
    every = call.kind == "ALL"
    sides = [translator.emitter.sides(comparison, translator) for comparison in call.comparisons]
    known = [side for side in sides if side is not None]
    if len(known) == 1 == len(sides) and call.operator in ("=", "<>", "<", "<=", ">", ">="):
        [(left, right)] = known
        body = f"SELECT {right} FROM {source}"
        if call.operator == "=" and not every:
            return f"({left} IN ({body}))"
        if call.operator == "<>" and every:
            return f"({left} NOT IN ({body}))"
        return f"({left} {call.operator} {'ALL' if every else 'ANY'} ({body}))"
    if len(sides) > 1 and (call.operator, every) not in (("=", False), ("<>", True)):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"operator {call.operator} with a subquery of rows is not supported")
    # By the comparison itself: DuckDB's rows are equal where both have a NULL, PostgreSQL's are neither equal nor
    # unequal.
    joined = (" AND " if call.operator == "=" else " OR ").join(
        [translator.text(comparison) for comparison in call.comparisons]
    )
    decisive, otherwise = ("FALSE", "TRUE") if every else ("TRUE", "FALSE")
    found = f"EXISTS (SELECT 1 FROM {source} WHERE {f'NOT ({joined})' if every else joined})"
    unknown = f"EXISTS (SELECT 1 FROM {source} WHERE ({joined}) IS NULL)"
    return f"(CASE WHEN {found} THEN {decisive} WHEN {unknown} THEN NULL ELSE {otherwise} END)"
