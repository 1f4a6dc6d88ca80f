"""Aggregates, window calls and subqueries: each becomes DuckDB text of its own and a slot in the expression around it.

Result types are PostgreSQL's: sum of int2/int4 is int8, of int8 and numeric numeric; avg of integers numeric (an exact division of sum by count,
udf.py), count int8, string_agg text ... Aggregates are refused where PostgreSQL refuses them (WHERE, ON, GROUP BY: 42803).
"""

from __future__ import annotations

import re
from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, GROUPING_ERROR, SYNTAX_ERROR, UNDEFINED_FUNCTION, UNDEFINED_OBJECT, DatabaseError
from actors.query_processor.column_executor.arrays import collected
from actors.query_processor.column_executor.comparing import equality_key, has_key, order_key
from actors.query_processor.column_executor.hypothetical import hypothetical, is_hypothetical
from actors.query_processor.column_executor.intervals import interval_udf
from actors.query_processor.column_executor.json_calls import ARRAYS, OBJECTS, aggregated, with_rows
from actors.query_processor.column_executor.names import Level
from actors.query_processor.column_executor.numerics import NUMERIC, aggregate_udf, fixed, is_free, public, scale_in
from actors.query_processor.column_executor.select import UNKNOWN, direction, sort_by, translate_query
from actors.query_processor.column_executor.sets import field_of, is_set, series, set_of, sets_not_allowed
from actors.query_processor.column_executor.statistics import PAIRS as PAIRED
from actors.query_processor.column_executor.statistics import pair_udf, single_udf
from actors.query_processor.column_executor.translator import BOOL, INT8, TEXT, Translator, common_type, string_fields, type_name
from actors.query_processor.column_executor.values import BIG_SUM_DIGITS
from actors.sql.binding.exists import without_values
from actors.sql.binding.function_kinds import AGGREGATES, SETS, WINDOW_FUNCTIONS
from actors.sql.binding.nodes import is_untyped
from actors.sql.binding.scope import located
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

FLOAT8 = ColumnType("float8")
INT4 = ColumnType("int4")
INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})
SAME_TYPE = {"min": "min", "max": "max", "any_value": "any_value", "mode": "mode"}
BOOLEAN = {"bool_and": "bool_and", "bool_or": "bool_or", "every": "bool_and"}
BITWISE = {"bit_and": "bit_and", "bit_or": "bit_or", "bit_xor": "bit_xor"}
STATISTICS = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}
PAIRS = frozenset({*PAIRED, "regr_count"})
NUMBERS_ONLY = frozenset({"sum", "avg", *STATISTICS})
RANKINGS = {"row_number": INT8, "rank": INT8, "dense_rank": INT8, "percent_rank": FLOAT8, "cume_dist": FLOAT8, "ntile": INT4}
OFFSETS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})

COLUMN = re.compile(r"\w+\.\w+")

FRAME_NONDEFAULT = 0x00001
FRAME_RANGE, FRAME_ROWS, FRAME_GROUPS = 0x00002, 0x00004, 0x00008
FRAME_START = {0x00020: "UNBOUNDED PRECEDING", 0x00080: "UNBOUNDED FOLLOWING", 0x00200: "CURRENT ROW"}
FRAME_END = {0x00040: "UNBOUNDED PRECEDING", 0x00100: "UNBOUNDED FOLLOWING", 0x00400: "CURRENT ROW"}
FRAME_START_PRECEDING, FRAME_END_PRECEDING = 0x00800, 0x01000
FRAME_START_FOLLOWING, FRAME_END_FOLLOWING = 0x02000, 0x04000
FRAME_EXCLUDE = {0x08000: " EXCLUDE CURRENT ROW", 0x10000: " EXCLUDE GROUP", 0x20000: " EXCLUDE TIES"}
"""FRAMEOPTION_* of PostgreSQL's parsenodes.h."""


def replace_calls(translator: Translator, node: Any, level: Level, *, aggregates: bool, windows: dict[str, Any]) -> Any:
    """`node` with its aggregates, window calls and subqueries replaced by slots; untouched parts are shared."""
    if isinstance(node, tuple):
        items = tuple(replace_calls(translator, item, level, aggregates=aggregates, windows=windows) for item in node)
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    if not isinstance(node, ast.Node):
        return node
    if _is_row_comparison(node):
        return _row_comparison(translator, node, level, aggregates, windows)
    if isinstance(node, ast.ColumnRef) and (names := string_fields(node)) is not None and level.is_row(names):
        columns = level.star(names)
        return ast.RowExpr(args=tuple(translator.slot(column.sql, column.type) for column in columns))
    if isinstance(node, ast.SubLink):
        return _sublink(translator, node, level, aggregates, windows)
    if isinstance(node, ast.GroupingFunc):
        groups, translator.groups = translator.groups, {}
        listed = ", ".join(translator.key(*translator.expression(argument, level)) for argument in node.args)
        translator.groups = groups
        return translator.slot(f"CAST(GROUPING({listed}) AS INTEGER)", INT4)
    from actors.query_processor.column_executor.catalog_calls import replace_catalog_form

    if isinstance(node, ast.FuncCall):
        node = with_rows(translator, node, level)
    if isinstance(node, ast.FuncCall):
        name = node.funcname[-1].sval
        if node.over is not None:
            if not aggregates:
                raise DatabaseError("42P20", "window functions are not allowed here")
            return _window_call(translator, node, name, level, windows)
        if name in AGGREGATES:
            if not aggregates:
                raise DatabaseError(GROUPING_ERROR, "aggregate functions are not allowed here")
            level.aggregated = True
            return translator.slot(*aggregate(translator, node, name, level))
        if is_hypothetical(node):
            level.aggregated = True
            return translator.slot(*hypothetical(translator, node, level))
        if name in SETS:
            return _set(translator, node, name, level)
        if name in WINDOW_FUNCTIONS:
            raise DatabaseError("42809", f"window function {name} requires an OVER clause")
    if isinstance(node, ast.A_Indirection) and (field := field_of(translator, node, level)) is not None:
        if is_set(node.arg) and translator.sets is None:
            raise sets_not_allowed()
        return translator.slot(*field)
    replaced = replace_catalog_form(translator, node, level, aggregates)
    return replaced if replaced is not None else _rebuilt(translator, node, level, aggregates, windows)


def _set(translator: Translator, call: ast.FuncCall, name: str, level: Level) -> ast.ColumnRef:
    """A set-returning function in the select list."""
    items = translator.sets
    if items is None:
        raise sets_not_allowed()
    translator.set_calls += 1
    if name != "generate_series":
        sql, type_ = set_of(translator, call, level, aggregates=True)
        return translator.slot(f"unnest({sql})", type_)
    inner, type_ = series(translator, call, level)
    alias = translator.alias()
    items.append(f"LATERAL ({inner}) AS {alias}")
    return translator.slot(f"{alias}.c1", type_)


def _rebuilt(translator: Translator, node: ast.Node, level: Level, aggregates: bool, windows: dict[str, Any]) -> ast.Node:
    if isinstance(node, ast.CaseExpr | ast.CoalesceExpr) and translator.sets is not None:
        sets, translator.sets = translator.sets, None
        try:
            return _rebuilt(translator, node, level, aggregates, windows)
        finally:
            translator.sets = sets
    changed: dict[str, Any] = {}
    for name in node.__slots__:
        value = getattr(node, name)
        if isinstance(value, tuple | ast.Node):
            new = replace_calls(translator, value, level, aggregates=aggregates, windows=windows)
            if new is not value:
                changed[name] = new
    if not changed:
        return node
    return type(node)(**{name: changed.get(name, getattr(node, name)) for name in node.__slots__})


# -- aggregates ----------------------------------------------------------------------------------------------------------------


def aggregate(translator: Translator, call: ast.FuncCall, name: str, level: Level, over: str = "") -> tuple[str, ColumnType]:
    """(SQL, type) of an aggregate call; `over`: the OVER clause's text for a window aggregate."""
    groups = translator.groups
    if not over:
        translator.groups = {}
    try:
        return _aggregate(translator, call, name, level, over)
    finally:
        translator.groups = groups


def _aggregate(translator: Translator, call: ast.FuncCall, name: str, level: Level, over: str) -> tuple[str, ColumnType]:
    call = with_rows(translator, call, level)
    arguments = [translator.expression(argument, level, aggregates=bool(over)) for argument in call.args or ()]
    suffix = over
    if call.agg_filter is not None:
        condition = translator.condition(call.agg_filter, level, "FILTER")
        suffix = f" FILTER (WHERE {condition})" + over
        # DuckDB evaluates the arguments of all rows first, and may fail for one that is filtered out.
        arguments = [(sql if COLUMN.fullmatch(sql) else f"CASE WHEN {condition} THEN {sql} END", type_) for sql, type_ in arguments]
    if call.agg_within_group:
        return _ordered_set(translator, call, name, arguments, level, suffix)
    order = f" ORDER BY {sort_by(translator, call.agg_order, level)}" if call.agg_order else ""

    if call.agg_distinct and name in ("array_agg", "string_agg") and not order and not has_key(arguments[0][1]):
        # PostgreSQL sorts the values to find the distinct ones.
        order = f" ORDER BY {arguments[0][0]} ASC NULLS LAST"

    def made(function: str, *texts: str) -> str:
        return f"{function}({'DISTINCT ' if call.agg_distinct else ''}{', '.join(texts)}{order}){suffix}"

    if (name in ARRAYS and len(arguments) == 1) or (name in OBJECTS and len(arguments) == 2):
        return aggregated(translator, call, arguments, made, suffix)
    if name == "count":
        if not call.agg_star and len(arguments) != 1:
            raise _undefined(name, arguments)
        return (
            f"count(*){suffix}" if call.agg_star else made("count", translator.key(*arguments[0]) if call.agg_distinct else arguments[0][0])
        ), INT8
    if not arguments:
        raise _undefined(name, arguments)
    if len(arguments) == 1 and name in NUMBERS_ONLY and is_untyped(call.args[0]):
        hint = "Could not choose a best candidate function. You might need to add explicit type casts."
        raise DatabaseError("42725", f"function {name}(unknown) is not unique", hint=hint)
    sql, type_ = arguments[0]
    if name in ("sum", "avg") and len(arguments) == 1:
        return _sum_or_avg(translator, name, sql, type_, made, arguments, call.agg_distinct)
    if name in SAME_TYPE and len(arguments) == 1:
        if name in ("min", "max"):
            if type_.name in ("bool", "uuid", "json", "jsonb"):
                raise _undefined(name, arguments)
            if is_free(type_):
                return _of_numerics(translator, name, sql, made, False), NUMERIC
            if is_array(type_.name) or has_key(type_):
                return f"arg_{name}({sql}, {order_key(translator.emitter, sql, type_)}){suffix}", type_
        elif has_key(type_) and name == "mode":
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"mode of {type_name(type_)} is not supported")
        return made(SAME_TYPE[name], sql), type_
    if name in BOOLEAN and len(arguments) == 1:
        return made(BOOLEAN[name], translator.cast(sql, type_, BOOL)), BOOL
    if name in BITWISE and len(arguments) == 1 and type_.name in INTEGERS:
        return made(BITWISE[name], sql), type_
    if name == "string_agg" and len(arguments) == 2:
        separator = f"coalesce({translator.cast(*arguments[1], TEXT)}, '')"
        return made("string_agg", translator.cast(sql, type_, TEXT), separator), TEXT
    if name == "array_agg" and len(arguments) == 1:
        if call.agg_distinct and has_key(type_):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"DISTINCT values of {type_name(type_)} are not collected")
        return collected(translator, made("list", sql), type_)
    if name in STATISTICS and len(arguments) == 1 and type_.name in INTEGERS | {"numeric"}:
        return _of_numerics(translator, STATISTICS[name], sql, made, call.agg_distinct), NUMERIC
    if name in STATISTICS and len(arguments) == 1 and type_.name in FLOATS:
        listed = f"list(CAST({sql} AS DOUBLE)){suffix}"
        return translator.emitter.use(single_udf(STATISTICS[name], bool(call.agg_distinct)), [listed]), FLOAT8
    if name in PAIRS and len(arguments) == 2:
        return _of_pairs(translator, name, [f"CAST({text} AS DOUBLE)" for text, _ in arguments], made, suffix)
    raise _undefined(name, arguments)


def _of_pairs(translator: Translator, name: str, texts: list[str], made: Any, suffix: str) -> tuple[str, ColumnType]:
    """corr, covar_*, regr_*."""
    if name == "regr_count":
        return f"CAST({made(name, *texts)} AS BIGINT)", INT8
    return translator.emitter.use(pair_udf(name), [f"list({text}){suffix}" for text in texts]), FLOAT8


def _of_numerics(translator: Translator, name: str, sql: str, made: Any, distinct: bool) -> str:
    """An aggregate of our own over all values, as a free numeric."""
    return translator.emitter.use(aggregate_udf(name, distinct), [made("list", f"CAST({sql} AS VARCHAR)")])


def _sum_or_avg(
    translator: Translator, name: str, sql: str, type_: ColumnType, made: Any, arguments: Any, distinct: bool
) -> tuple[str, ColumnType]:
    if type_.name in FLOATS:
        if name == "avg":
            return made("avg", f"CAST({sql} AS DOUBLE)"), FLOAT8
        total = made("sum", f"CAST({sql} AS DOUBLE)")
        return (total, FLOAT8) if type_ == FLOAT8 else (f"CAST({total} AS FLOAT)", type_)
    if type_.name == "interval":
        return translator.emitter.use(interval_udf(name), [made("list", sql)]), type_
    if type_.name not in INTEGERS and type_.name != "numeric":
        raise _undefined(name, arguments)
    if is_free(type_):
        return _of_numerics(translator, name, sql, made, distinct), NUMERIC
    if name == "avg":
        return translator.emitter.divide(made("sum", sql), made("count", sql)), NUMERIC
    if type_.name in ("int2", "int4"):
        return f"CAST({made('sum', sql)} AS BIGINT)", INT8
    if type_.name == "int8":
        return f"CAST({made('sum', sql)} AS DECIMAL({BIG_SUM_DIGITS}, 0))", fixed(0)
    return made("sum", sql), fixed(scale_in(type_) or 0)


def _ordered_set(
    translator: Translator, call: ast.FuncCall, name: str, arguments: list[tuple[str, ColumnType]], level: Level, suffix: str
) -> tuple[str, ColumnType]:
    if name not in ("mode", "percentile_cont", "percentile_disc") or len(call.agg_order) != 1 or len(arguments) != (name != "mode"):
        raise _undefined(name, arguments)
    if arguments and is_array(arguments[0][1].name):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} of an array of fractions is not supported")
    sql, type_ = translator.expression(call.agg_order[0].node, level)
    listed = sort_by(translator, call.agg_order, level)
    if name == "mode":
        if has_key(type_):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"mode of {type_name(type_)} is not supported")
        return f"mode({sql} ORDER BY {listed}){suffix}", type_
    if name == "percentile_cont" and type_.name != "interval":
        if type_.name not in INTEGERS | FLOATS | {"numeric"}:
            raise _undefined(name, [*arguments, (sql, type_)])
        listed, type_ = direction(f"CAST({sql} AS DOUBLE)", call.agg_order[0]), FLOAT8
    if has_key(type_):
        ordered = f"list({sql} ORDER BY {listed}) FILTER (WHERE {sql} IS NOT NULL)"
        if suffix:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} of {type_name(type_)} with FILTER or OVER is not supported")
        return f"list_extract({ordered}, CAST(greatest(1, ceil(CAST({arguments[0][0]} AS DOUBLE) * count({sql}))) AS BIGINT))", type_
    text = f"{name}(CAST({arguments[0][0]} AS DOUBLE)) WITHIN GROUP (ORDER BY {listed}){suffix}"
    return (f"CAST({text} AS DOUBLE)" if type_ == FLOAT8 else text), type_


def _undefined(name: str, arguments: Any) -> DatabaseError:
    listed = ", ".join(type_name(type_) for _, type_ in arguments)
    return DatabaseError(
        UNDEFINED_FUNCTION,
        f"function {name}({listed}) does not exist",
        hint="No function matches the given name and argument types. You might need to add explicit type casts.",
    )


# -- window calls --------------------------------------------------------------------------------------------------------------


def _window_call(translator: Translator, call: ast.FuncCall, name: str, level: Level, windows: dict[str, Any]) -> ast.ColumnRef:
    over = f" OVER ({_window(translator, call.over, level, windows)})"
    if name in AGGREGATES:
        if call.agg_distinct:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "DISTINCT is not implemented for window functions")
        return translator.slot(*aggregate(translator, call, name, level, over))
    arguments = [translator.expression(argument, level, aggregates=True) for argument in call.args or ()]
    texts = [sql for sql, _ in arguments]
    if name in RANKINGS:
        type_ = RANKINGS[name]
        sql = f"{name}({', '.join(texts)}){over}"
        return translator.slot(f"CAST({sql} AS INTEGER)" if type_ == INT4 else sql, type_)
    if name in ("lag", "lead", "nth_value") and len(texts) > 1:
        offset, offset_type = translator.expression(call.args[1], level, INT4, aggregates=True)
        texts[1] = translator.cast(offset, offset_type, INT8)
    if name == "nth_value" and len(texts) == 2:
        texts[1] = translator.emitter.least(texts[1], 1, "argument of nth_value must be greater than zero", "22016")
    if name in OFFSETS and arguments:
        type_ = arguments[0][1]
        if name in ("lag", "lead") and len(arguments) == 3:
            given = UNKNOWN if is_untyped(call.args[2]) else arguments[2][1]
            type_ = common_type([type_, given], name.upper())
            value, default = (translator.cast(*arguments[place], type_) for place in (0, 2))
            # DuckDB would give the default the type of the value, whose scale may be less.
            absent = f"{name}(1, {texts[1]}){over} IS NULL"
            return translator.slot(f"CASE WHEN {absent} THEN {default} ELSE {name}({value}, {texts[1]}){over} END", type_)
        return translator.slot(f"{name}({', '.join(texts)}){over}", type_)
    with located(call):
        raise _undefined(name, arguments)


def _window(translator: Translator, window: ast.WindowDef, level: Level, windows: dict[str, Any]) -> str:
    """The inside of OVER (...): a named window's parts are written out."""
    base = window.refname or (window.name if not (window.partitionClause or window.orderClause) else None)
    inherited = None
    if base is not None:
        if base not in windows:
            raise DatabaseError(UNDEFINED_OBJECT, f'window "{base}" does not exist')
        inherited = windows[base]
    partition = window.partitionClause or (inherited.partitionClause if inherited is not None else None)
    order = window.orderClause or (inherited.orderClause if inherited is not None else None)
    framed = inherited if inherited is not None and not window.frameOptions & FRAME_NONDEFAULT else window
    parts: list[str] = []
    if partition:
        keys = [translator.expression(item, level, aggregates=True) for item in partition]
        parts.append(f"PARTITION BY {', '.join(translator.key(sql, type_) for sql, type_ in keys)}")
    if order:
        parts.append(f"ORDER BY {sort_by(translator, order, level, aggregates=True)}")
    if framed.frameOptions & FRAME_NONDEFAULT:
        parts.append(_frame(translator, framed, level, order))
    return " ".join(parts)


def _frame(translator: Translator, window: ast.WindowDef, level: Level, order: Any) -> str:
    options = window.frameOptions
    distance: ColumnType | None = None if options & (FRAME_ROWS | FRAME_GROUPS) else INT8
    if distance is not None and order:
        distance = translator.expression(order[0].node, level, aggregates=True)[1]
        distance = ColumnType("interval") if distance.name in ("date", "time", "timestamp", "timestamptz") else public(distance)
    unit = "ROWS" if options & FRAME_ROWS else "GROUPS" if options & FRAME_GROUPS else "RANGE"

    def bound(fixed: dict[int, str], preceding: int, following: int, offset: Any) -> str:
        for flag, text in fixed.items():
            if options & flag:
                return text
        direction = "PRECEDING" if options & preceding else "FOLLOWING"
        assert options & (preceding | following)
        return f"{translator.expression(offset, level, distance)[0]} {direction}"

    start = bound(FRAME_START, FRAME_START_PRECEDING, FRAME_START_FOLLOWING, window.startOffset)
    end = bound(FRAME_END, FRAME_END_PRECEDING, FRAME_END_FOLLOWING, window.endOffset)
    exclude = next((text for flag, text in FRAME_EXCLUDE.items() if options & flag), "")
    return f"{unit} BETWEEN {start} AND {end}{exclude}"


# -- subqueries ----------------------------------------------------------------------------------------------------------------


def _sublink(translator: Translator, link: ast.SubLink, level: Level, aggregates: bool, windows: dict[str, Any]) -> ast.Node:
    kind = link.subLinkType
    query = translate_query(translator, link.subselect, level)
    if kind == enums.SubLinkType.EXISTS_SUBLINK:
        short = without_values(link.subselect)
        query = translate_query(translator, short, level) if short is not None else query
        return translator.slot(f"EXISTS ({query.sql})", BOOL)
    if kind == enums.SubLinkType.EXPR_SUBLINK:
        if len(query.columns) != 1:
            raise DatabaseError(SYNTAX_ERROR, "subquery must return only one column")
        return translator.slot(f"({query.sql})", query.columns[0].type)
    if kind == enums.SubLinkType.ARRAY_SUBLINK:
        return translator.slot(*collected(translator, f"coalesce(ARRAY({query.sql}), [])", query.columns[0].type))
    if kind in (enums.SubLinkType.ANY_SUBLINK, enums.SubLinkType.ALL_SUBLINK):
        return _quantified(translator, link, level, aggregates, windows, query)
    raise DatabaseError(FEATURE_NOT_SUPPORTED, "this kind of subquery is not supported")


def _is_row_comparison(node: Any) -> bool:
    """(a, b) = (SELECT c, d)"""
    return (
        isinstance(node, ast.A_Expr)
        and isinstance(node.lexpr, ast.RowExpr)
        and isinstance(node.rexpr, ast.SubLink)
        and node.rexpr.subLinkType == enums.SubLinkType.EXPR_SUBLINK
    )


def _row_comparison(translator: Translator, node: ast.A_Expr, level: Level, aggregates: bool, windows: dict[str, Any]) -> ast.ColumnRef:
    operator = node.name[-1].sval
    if operator not in ("=", "<>"):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"operator {operator} of a row and a subquery is not supported")
    query = translate_query(translator, node.rexpr.subselect, level)
    tests = list(node.lexpr.args)
    if len(tests) != len(query.columns):
        many = "many" if len(query.columns) > len(tests) else "few"
        raise DatabaseError(SYNTAX_ERROR, f"subquery has too {many} columns")
    alias = translator.alias()
    pairs = []
    for test, column in zip(tests, query.columns, strict=True):
        slot = translator.slot(f"{alias}.{column.sql}", column.type)
        equal = ast.A_Expr(kind=enums.A_Expr_Kind.AEXPR_OP, name=node.name, lexpr=test, rexpr=slot)
        pairs.append(translator.expression(equal, level, BOOL, aggregates=aggregates, windows=windows)[0])
    joined = (" AND " if operator == "=" else " OR ").join(pairs)
    return translator.slot(f"(SELECT {joined} FROM ({query.sql}) AS {alias})", BOOL)


def _row_in(left: list[str], right: list[str], source: str, negated: bool) -> str:
    """(a, b) IN (SELECT ...), or NOT IN. DuckDB's rows are equal where both have a NULL, PostgreSQL's are neither equal nor unequal."""
    known = " AND ".join(f"{text} IS NOT NULL" for text in (*left, *right))
    equal = " AND ".join(f"({one} = {other})" for one, other in zip(left, right, strict=True))
    found = f"EXISTS (SELECT 1 FROM {source} WHERE {equal})"
    unknown = f"EXISTS (SELECT 1 FROM {source} WHERE NOT ({known}) AND ({equal}) IS NULL)"
    yes, no = ("FALSE", "TRUE") if negated else ("TRUE", "FALSE")
    return f"(CASE WHEN {found} THEN {yes} WHEN {unknown} THEN NULL ELSE {no} END)"


def _quantified(translator: Translator, link: ast.SubLink, level: Level, aggregates: bool, windows: dict[str, Any], query: Any) -> ast.Node:
    """x IN (SELECT ...), x = ANY (...), x <> ALL (...): both sides get the type that the comparison would give them."""
    operator = link.operName[-1].sval if link.operName else "="
    every = link.subLinkType == enums.SubLinkType.ALL_SUBLINK
    tests = list(link.testexpr.args) if isinstance(link.testexpr, ast.RowExpr) else [link.testexpr]
    if len(tests) != len(query.columns):
        many = "many" if len(query.columns) > len(tests) else "few"
        raise DatabaseError(SYNTAX_ERROR, f"subquery has too {many} columns")
    alias = translator.alias()
    left: list[str] = []
    right: list[str] = []
    for test, column in zip(tests, query.columns, strict=True):
        one, one_type = translator.expression(test, level, column.type, aggregates=aggregates, windows=windows)
        common = one_type if one_type == column.type else common_type([one_type, column.type], operator)
        key = equality_key if operator in ("=", "<>") else order_key
        left.append(key(translator.emitter, translator.cast(one, one_type, common), common))
        right.append(key(translator.emitter, translator.cast(f"{alias}.{column.sql}", column.type, common), common))
    if len(left) > 1 and (operator, every) in (("=", False), ("<>", True)):
        return translator.slot(_row_in(left, right, f"({query.sql}) AS {alias}", every), BOOL)
    row = f"({', '.join(left)})" if len(left) > 1 else left[0]
    items = f"({', '.join(right)})" if len(right) > 1 else right[0]
    body = f"SELECT {items} FROM ({query.sql}) AS {alias}"
    if operator == "=" and not every:
        return translator.slot(f"({row} IN ({body}))", BOOL)
    if operator == "<>" and every:
        return translator.slot(f"({row} NOT IN ({body}))", BOOL)
    if len(left) > 1 or operator not in ("=", "<>", "<", "<=", ">", ">="):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"operator {operator} with a subquery of rows is not supported")
    return translator.slot(f"({row} {operator} {'ALL' if every else 'ANY'} ({body}))", BOOL)
