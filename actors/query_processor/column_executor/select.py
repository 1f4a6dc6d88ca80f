"""SELECT, VALUES, set operations and WITH: one query level at a time.

`translate_query(translator, statement, parent)` gives the DuckDB text, whose columns are named c1, c2 ..., and the columns' PostgreSQL names and
types. The order of work within a level is PostgreSQL's order of name resolution: WITH, FROM, WHERE, target list, GROUP BY, HAVING, windows, DISTINCT, ORDER BY, LIMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.query_processor.column_executor.comparing import has_key, order_key
from actors.query_processor.column_executor.grouping import group_by
from actors.query_processor.column_executor.names import Level, Output, Query
from actors.query_processor.column_executor.numerics import NUMERIC
from actors.query_processor.column_executor.output_names import named, ordinal, same_tree
from actors.query_processor.column_executor.translator import INT8, TEXT, Translator, common_type, rename, string_fields
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.nodes import any_call, is_untyped
from actors.sql.binding.scope import located
from actors.sql.types.column_type import ColumnType

UNKNOWN = ColumnType("unknown")
SET_OPERATIONS = {
    enums.SetOperation.SETOP_UNION: "UNION",
    enums.SetOperation.SETOP_INTERSECT: "INTERSECT",
    enums.SetOperation.SETOP_EXCEPT: "EXCEPT",
}


def translate_query(translator: Translator, statement: Any, parent: Level | None = None) -> Query:
    """Raises DatabaseError with PostgreSQL's SQLSTATE for what is wrong or not supported."""
    if not isinstance(statement, ast.SelectStmt):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "data-modifying statements in WITH are not supported")
    if statement.lockingClause:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "a locking clause such as FOR UPDATE is not supported in a subquery here")
    level = Level(parent=parent)
    sets, translator.sets = translator.sets, None
    try:
        return _translated(translator, statement, level)
    finally:
        translator.sets = sets


def _translated(translator: Translator, statement: ast.SelectStmt, level: Level) -> Query:
    prefix = _with_clause(translator, statement.withClause, level) if statement.withClause else ""
    if statement.op != enums.SetOperation.SETOP_NONE:
        query = _set_operation(translator, statement, level)
    elif statement.valuesLists:
        query = _values(translator, statement, level)
    else:
        query = _simple(translator, statement, level)
    return replace_sql(query, prefix + query.sql)


def replace_sql(query: Query, sql: str) -> Query:
    return Query(sql, query.columns)


def _plain(columns: Sequence[Output]) -> tuple[Output, ...]:
    """The columns of a finished query: c1, c2 ..."""
    return tuple(replace(column, sql=f"c{number}", hidden=False) for number, column in enumerate(columns, 1))


# -- WITH ----------------------------------------------------------------------------------------------------------------------


def _with_clause(translator: Translator, clause: ast.WithClause, level: Level) -> str:
    parts: list[str] = []
    for cte in clause.ctes:
        duck = f"w{translator.alias()}"
        names = [name.sval for name in cte.aliascolnames or ()]
        if clause.recursive and _mentions(cte.ctequery, cte.ctename):
            query = _recursive(translator, cte, level, duck, names)
        else:
            query = translate_query(translator, cte.ctequery, level)
        columns = tuple(rename(query.columns, names, cte.ctename))
        level.ctes[cte.ctename] = (duck, columns)
        listed = ", ".join(f"c{number}" for number in range(1, len(columns) + 1))
        materialized = " AS MATERIALIZED" if cte.ctematerialized == enums.CTEMaterialize.CTEMaterializeAlways else " AS"
        parts.append(f"{duck}({listed}){materialized} ({query.sql})")
    return f"WITH {'RECURSIVE ' if clause.recursive else ''}{', '.join(parts)} "


def _recursive(translator: Translator, cte: ast.CommonTableExpr, level: Level, duck: str, names: list[str]) -> Query:
    """The first arm gives the column types; the second sees the CTE by name."""
    statement = cte.ctequery
    if not isinstance(statement, ast.SelectStmt) or statement.op != enums.SetOperation.SETOP_UNION:
        raise DatabaseError(
            "42P19", f'recursive query "{cte.ctename}" does not have the form non-recursive-term UNION [ALL] recursive-term'
        )
    head = translate_query(translator, statement.larg, level)
    first = Query(head.sql, tuple(map(_free, head.columns)))
    level.ctes[cte.ctename] = (duck, tuple(rename(first.columns, names, cte.ctename)))
    if _aggregates_over(statement.rarg, cte.ctename):
        raise DatabaseError("42P19", "aggregate functions are not allowed in a recursive query's recursive term")
    second = translate_query(translator, statement.rarg, level)
    if len(first.columns) != len(second.columns):
        raise DatabaseError(SYNTAX_ERROR, "each UNION query must have the same number of columns")
    types = [column.type for column in first.columns]
    word = "UNION ALL" if statement.all else "UNION"
    arms = [_cast_all(translator, arm, types) for arm in (head, second)]
    return Query(f"({arms[0]}) {word} ({arms[1]})", first.columns)


def _free(column: Output) -> Output:
    """A numeric's scale may be another in each round of a recursive query."""
    return replace(column, type=NUMERIC) if column.type.name == "numeric" and column.type.modifier < 0 else column


def _aggregates_over(statement: Any, name: str) -> bool:
    """Whether a query level over the recursive query's own rows has an aggregate: such a term may never end."""

    def is_aggregate(call: ast.FuncCall) -> bool:
        return call.over is None and call.funcname[-1].sval in AGGREGATES

    return (
        isinstance(statement, ast.SelectStmt)
        and _mentions(statement.fromClause, name)
        and any_call((statement.targetList, statement.havingClause), is_aggregate)
    )


def _mentions(node: Any, name: str) -> bool:
    """Whether a RangeVar of that name occurs anywhere below `node`."""
    if isinstance(node, ast.RangeVar):
        return bool(node.schemaname is None and node.relname == name)
    if isinstance(node, tuple | list):
        return any(_mentions(item, name) for item in node)
    if isinstance(node, ast.Node):
        return any(_mentions(getattr(node, slot), name) for slot in node.__slots__)
    return False


# -- set operations and VALUES -------------------------------------------------------------------------------------------------


def _cast_all(translator: Translator, query: Query, types: Sequence[ColumnType]) -> str:
    """The query with its columns cast to `types` where they differ."""
    if all(_same(column.type, type_) for column, type_ in zip(query.columns, types, strict=True)):
        return query.sql
    alias = translator.alias()
    items = [
        f"{translator.cast(f'{alias}.{column.sql}', column.type, type_)} AS c{number}"
        for number, (column, type_) in enumerate(zip(query.columns, types, strict=True), 1)
    ]
    return f"SELECT {', '.join(items)} FROM ({query.sql}) AS {alias}"


def _same(one: ColumnType, other: ColumnType) -> bool:
    return one == other if one.name == "numeric" else one.name == other.name and (one.name != "bpchar" or one == other)


def _set_operation(translator: Translator, statement: ast.SelectStmt, level: Level) -> Query:
    left = translate_query(translator, statement.larg, level)
    right = translate_query(translator, statement.rarg, level)
    word = SET_OPERATIONS[statement.op]
    if len(left.columns) != len(right.columns):
        raise DatabaseError(SYNTAX_ERROR, f"each {word} query must have the same number of columns")
    pairs = zip(left.columns, right.columns, _untyped(statement.larg, left), _untyped(statement.rarg, right), strict=True)
    types = [
        common_type([UNKNOWN if free else one.type, UNKNOWN if other_free else other.type], word) for one, other, free, other_free in pairs
    ]
    arms = _cast_all(translator, left, types), _cast_all(translator, right, types)
    body = f"({arms[0]}) {word}{' ALL' if statement.all else ''} ({arms[1]})"
    if any(map(has_key, types)) and not (word == "UNION" and statement.all):
        body = _by_keys(translator, word, arms, types, bool(statement.all))
    columns = _plain([Output(column.name, "", type_) for column, type_ in zip(left.columns, types, strict=True)])
    if not (statement.sortClause or statement.limitCount or statement.limitOffset):
        return Query(body, columns)
    alias = translator.alias()
    outputs = [replace(column, sql=f"{alias}.{column.sql}") for column in columns]
    order = _order_by_outputs(translator, statement.sortClause or (), outputs)
    listed = ", ".join(f"{alias}.{column.sql} AS {column.sql}" for column in columns)
    tail = _limits(translator, statement, level)
    return Query(f"SELECT {listed} FROM ({body}) AS {alias}{order}{tail}", columns)


def _by_keys(translator: Translator, word: str, arms: tuple[str, str], types: Sequence[ColumnType], every: bool) -> str:
    """A set operation on rows of which some are equal and look different. Raises 0A000 for INTERSECT ALL and EXCEPT ALL."""
    if every:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{word} ALL of values of these types is not supported")
    left, right = translator.alias(), translator.alias()

    def keys(alias: str) -> list[str]:
        return [translator.key(f"{alias}.c{number}", type_) for number, type_ in enumerate(types, 1)]

    if word == "UNION":
        return f"SELECT DISTINCT ON ({', '.join(keys(left))}) {left}.* FROM (({arms[0]}) UNION ALL ({arms[1]})) AS {left}"
    same = " AND ".join(f"{one} IS NOT DISTINCT FROM {other}" for one, other in zip(keys(left), keys(right), strict=True))
    found = f"{'NOT ' if word == 'EXCEPT' else ''}EXISTS (SELECT 1 FROM ({arms[1]}) AS {right} WHERE {same})"
    return f"SELECT DISTINCT ON ({', '.join(keys(left))}) {left}.* FROM ({arms[0]}) AS {left} WHERE {found}"


def _untyped(statement: ast.SelectStmt, query: Query) -> list[bool]:
    """Whether each column of an arm is a literal without a type (a string or NULL): such a column takes the type of the other arm's."""
    targets = statement.targetList or ()
    if len(targets) != len(query.columns):
        return [False] * len(query.columns)
    return [is_untyped(target.val) for target in targets]


def _order_by_outputs(translator: Translator, clauses: Any, outputs: list[Output]) -> str:
    parts: list[str] = []
    for clause in clauses:
        found = ordinal(clause.node, outputs) or named(clause.node, outputs)
        if found is None:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
        parts.append(direction(_sort_key(translator, found.sql, found.type), clause))
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _values(translator: Translator, statement: ast.SelectStmt, level: Level) -> Query:
    rows = [[translator.typed(value, level) for value in row] for row in statement.valuesLists]
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise DatabaseError(SYNTAX_ERROR, "VALUES lists must all be the same length")
    types = [common_type([row[number][1] for row in rows], "VALUES") for number in range(width)]
    pairs = [[translator.expression(value, level, type_) for value, type_ in zip(row, types, strict=True)] for row in statement.valuesLists]
    for number, type_ in enumerate(types):
        if type_ == NUMERIC:
            known = [pair[number][1] for pair, row in zip(pairs, statement.valuesLists, strict=True) if not _is_null(row[number])]
            types[number] = common_type(known, "VALUES")
    texts = []
    for pair, row in zip(pairs, statement.valuesLists, strict=True):
        cells = [
            translator.cast(sql, UNKNOWN if _is_null(value) else found, type_) if not _same(found, type_) else sql
            for (sql, found), type_, value in zip(pair, types, row, strict=True)
        ]
        texts.append("(" + ", ".join(cells) + ")")
    alias = translator.alias()
    listed = ", ".join(f"c{number}" for number in range(1, width + 1))
    columns = _plain([Output(f"column{number}", "", type_) for number, type_ in enumerate(types, 1)])
    outputs = [replace(column, sql=f"{alias}.{column.sql}") for column in columns]
    order = _order_by_outputs(translator, statement.sortClause or (), outputs)
    tail = _limits(translator, statement, level)
    return Query(f"SELECT {listed} FROM (VALUES {', '.join(texts)}) AS {alias}({listed}){order}{tail}", columns)


# -- SELECT --------------------------------------------------------------------------------------------------------------------


def _simple(translator: Translator, statement: ast.SelectStmt, level: Level) -> Query:
    from actors.query_processor.column_executor.from_clause import from_clause

    source = f" FROM {from_clause(translator, statement.fromClause, level)}" if statement.fromClause else ""
    where = ""
    if statement.whereClause is not None:
        where = f" WHERE {translator.condition(statement.whereClause, level, 'WHERE')}"
        translator.sources.push_filters(translator, statement, level)
    windows = {window.name: window for window in statement.windowClause or ()}
    targets, series = _select_list(translator, statement, level, windows)
    if series:
        source = f"{source}, {series[0]}" if source else f" FROM {series[0]}"
    outer, translator.groups = translator.groups, {}
    try:
        group = group_by(translator, statement, level, targets)
        if translator.groups:
            targets, series = _select_list(translator, statement, level, windows)
        return _finished(translator, statement, level, targets, windows, f"{source}{where}{group}")
    finally:
        translator.groups = outer


def _finished(
    translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output], windows: dict[str, Any], middle: str
) -> Query:
    """The SELECT around its FROM, WHERE and GROUP BY."""
    having = ""
    if statement.havingClause is not None:
        having = f" HAVING {translator.condition(statement.havingClause, level, 'HAVING', aggregates=True)}"
    distinct = _distinct(translator, statement, level, targets)
    order = _order_by(translator, statement, level, [_sorted_set(output, number) for number, output in enumerate(targets, 1)], windows)
    listed = ", ".join(f"{output.sql} AS c{number}" for number, output in enumerate(targets, 1)) or "NULL AS c0"
    if statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES and not distinct:
        return _with_ties(translator, statement, level, targets, f"{middle}{having}", order, listed)
    tail = _limits(translator, statement, level)
    sql = f"SELECT {distinct}{listed}{middle}{having}{order}{tail}"
    return Query(sql, _plain(targets))


def _with_ties(
    translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output], middle: str, order: str, listed: str
) -> Query:
    """FETCH FIRST n ROWS WITH TIES: rows by their rank."""
    alias = translator.alias()
    ranks = f"rank() OVER ({order}) AS place, row_number() OVER ({order}) AS number"
    count, _, offset = _limits(translator, statement, level, ties=True).removeprefix(" LIMIT ").partition(" OFFSET ")
    names = ", ".join(f"{alias}.c{number}" for number in range(1, len(targets) + 1))
    kept = f"{alias}.place <= {count} + {offset or '0'} AND {alias}.number > {offset or '0'}"
    sql = f"SELECT {names} FROM (SELECT {listed}, {ranks}{middle}) AS {alias} WHERE {kept} ORDER BY {alias}.number"
    return Query(sql, _plain(targets))


def _select_list(
    translator: Translator, statement: ast.SelectStmt, level: Level, windows: dict[str, Any]
) -> tuple[list[Output], list[str]]:
    """(the output columns, the FROM items of generate_series among them)."""
    from actors.query_processor.column_executor.catalog_calls import shown_identifier

    outer = translator.sets, translator.set_calls
    series: list[str] = []
    translator.sets, translator.set_calls = series, 0
    try:
        shown = partial(shown_identifier, translator, level) if statement is translator.outermost else None
        targets = [item for target in statement.targetList or () for item in _target(translator, target, level, windows, shown)]
        if series and (
            translator.set_calls > 1 or level.aggregated or statement.groupClause or "OVER (" in "".join(t.sql for t in targets)
        ):
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED,
                "generate_series in a select list beside aggregates, windows or other sets is not supported; use it in FROM",
            )
        return targets, series
    finally:
        translator.sets, translator.set_calls = outer


def _sorted_set(output: Output, number: int) -> Output:
    """DuckDB sorts the rows of an unnested list by their column's name only."""
    return replace(output, sql=f"c{number}") if "unnest(" in output.sql else output


def _target(
    translator: Translator,
    target: ast.ResTarget,
    level: Level,
    windows: dict[str, Any],
    shown: Callable[[Any], tuple[str, ColumnType] | None] | None = None,
) -> list[Output]:
    """`shown`: how the statement's client sees an object identifier; None for any other expression."""
    value = target.val
    if shown is not None and isinstance(value, ast.TypeCast) and (found := shown(value)) is not None:
        return [Output(target.name or figure_name(value), *found)]
    if isinstance(value, ast.ColumnRef):
        names = string_fields(value)
        if names is None:
            with located(value):
                columns = level.star([field.sval for field in value.fields[:-1]])
            return [replace(column, sql=translator.groups.get(column.sql, column.sql)) for column in columns]
        with located(value):
            column = level.column(names)
        sql = translator.groups.get(column.sql, column.sql)
        return [replace(column, name=target.name or figure_name(value), sql=sql, hidden=False)]
    sql, type_ = translator.expression(value, level, aggregates=True, windows=windows)
    return [Output(target.name or figure_name(value), sql, type_)]


def _distinct(translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output]) -> str:
    clause = statement.distinctClause
    if not clause:
        return ""
    if clause[0] is None:
        if not any(has_key(target.type) for target in targets):
            return "DISTINCT "
        return f"DISTINCT ON ({', '.join(translator.key(target.sql, target.type) for target in targets)}) "
    parts = []
    for item in clause:
        output = ordinal(item, targets, "DISTINCT ON") or named(item, targets, "DISTINCT ON")
        sql, type_ = (output.sql, output.type) if output is not None else translator.expression(item, level)
        parts.append(translator.key(sql, type_))
    return f"DISTINCT ON ({', '.join(parts)}) "


def _order_by(translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output], windows: dict[str, Any]) -> str:
    parts: list[str] = []
    if statement.distinctClause and statement.distinctClause[0] is not None:
        _check_leading(statement, level, targets)
    for clause in statement.sortClause or ():
        output = ordinal(clause.node, targets) or named(clause.node, targets)
        if output is None and statement.distinctClause and len(statement.targetList or ()) == len(targets):
            alike = (number for number, target in enumerate(statement.targetList) if same_tree(target.val, clause.node))
            output = next((targets[number] for number in alike), None)
        if output is not None:
            sql, type_ = output.sql, output.type
        else:
            sql, type_ = translator.expression(clause.node, level, aggregates=True, windows=windows)
            if statement.distinctClause and statement.distinctClause[0] is None and sql not in {target.sql for target in targets}:
                raise DatabaseError(INVALID_COLUMN_REFERENCE, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
        parts.append(direction(_sort_key(translator, sql, type_), clause))
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _check_leading(statement: ast.SelectStmt, level: Level, targets: list[Output]) -> None:
    """The first expressions of ORDER BY are those of DISTINCT ON, in any order. Raises 42P10."""

    def meant(node: Any) -> Any:
        """A column as its SQL, anything else as it is parsed."""
        output = ordinal(node, targets) or named(node, targets)
        if output is not None:
            values = [target.val for target in statement.targetList or ()]
            value = values[targets.index(output)] if len(values) == len(targets) else None
            return value if value is not None and not isinstance(value, ast.ColumnRef) else output.sql
        names = string_fields(node) if isinstance(node, ast.ColumnRef) else None
        return level.column(names).sql if names is not None else node

    wanted = [meant(node) for node in statement.distinctClause]
    for clause in (statement.sortClause or ())[: len(wanted)]:
        if not any(same_tree(meant(clause.node), node) for node in wanted):
            raise DatabaseError(INVALID_COLUMN_REFERENCE, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")


def _sort_key(translator: Translator, sql: str, type_: ColumnType) -> str:
    """A constant would be taken for a position by DuckDB."""
    sql = order_key(translator.emitter, sql, type_)
    return (
        f"({sql})" if not sql[:1].isdigit() else f"CAST({sql} AS {'BIGINT' if type_ == INT8 else 'VARCHAR' if type_ == TEXT else 'DOUBLE'})"
    )


def direction(sql: str, clause: ast.SortBy) -> str:
    descending = clause.sortby_dir == enums.SortByDir.SORTBY_DESC
    if clause.useOp:
        descending = clause.useOp[-1].sval == ">"
    first = descending
    if clause.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_FIRST:
        first = True
    elif clause.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_LAST:
        first = False
    return f"{sql} {'DESC' if descending else 'ASC'} NULLS {'FIRST' if first else 'LAST'}"


def sort_by(translator: Translator, clauses: Any, level: Level, *, aggregates: bool = False) -> str:
    """ORDER BY of a window or an aggregate: expressions only."""
    parts = []
    for clause in clauses:
        sql, type_ = translator.expression(clause.node, level, aggregates=aggregates)
        parts.append(direction(_sort_key(translator, sql, type_), clause))
    return ", ".join(parts)


def _limits(translator: Translator, statement: ast.SelectStmt, level: Level, ties: bool = False) -> str:
    text = ""
    for node, what in ((statement.limitCount, "LIMIT"), (statement.limitOffset, "OFFSET")):
        if isinstance(node, ast.ColumnRef) and (names := string_fields(node)) is not None and level.column(names):
            raise DatabaseError(INVALID_COLUMN_REFERENCE, f"argument of {what} must not contain variables")
    outside = Level(parent=level.parent, ctes=level.ctes)
    if statement.limitCount is not None and not _is_null(statement.limitCount):
        sql, type_ = translator.expression(statement.limitCount, outside, INT8)
        if statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES and not ties:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "FETCH FIRST ... WITH TIES is not supported")
        text += f" LIMIT {translator.emitter.limit(translator.cast(sql, type_, INT8), 'LIMIT', '2201W')}"
    if statement.limitOffset is not None and not _is_null(statement.limitOffset):
        sql, type_ = translator.expression(statement.limitOffset, outside, INT8)
        text += f" OFFSET {translator.emitter.limit(translator.cast(sql, type_, INT8), 'OFFSET', '2201X')}"
    return text


def _is_null(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and bool(node.isnull)
