"""SELECT, VALUES, set operations and WITH as DuckDB's SQL: one query level at a time, from the bound query. The columns
of the text are named c1, c2 ..."""

from __future__ import annotations

from collections.abc import Sequence

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.column_executor.comparing import has_key, order_key
from actors.query_processor.column_executor.from_clause import from_clause
from actors.query_processor.column_executor.grouping import group_by
from actors.query_processor.column_executor.numerics import NUMERIC
from actors.query_processor.column_executor.translator import INT8, TEXT, Query, Translator, Typed, carried
from actors.sql.binding.query import BoundQuery, Cte, Select, SetOperation, SortItem, ValuesRows
from actors.sql.expressions.tree import Constant, Expression
from actors.sql.types.column_type import ColumnType


def translate_query(translator: Translator, query: BoundQuery) -> Query:
    """Raises 0A000 for what DuckDB does not do as PostgreSQL does."""
    prefix = _with_clause(translator, query) if query.ctes else ""
    if isinstance(query.body, SetOperation):
        made = _set_operation(translator, query, query.body)
    elif isinstance(query.body, ValuesRows):
        made = _values(translator, query, query.body)
    else:
        made = _select(translator, query, query.body)
    return Query(prefix + made.sql, made.types)


def _names(types: Sequence[object]) -> str:
    return ", ".join(f"c{number}" for number in range(1, len(types) + 1))


# -- WITH --------------------------------------------------------------------------------------------------------------


def _with_clause(translator: Translator, query: BoundQuery) -> str:
    parts: list[str] = []
    for cte in query.ctes:
        duck = f"w{translator.alias()}"
        assert cte.query is not None
        made = _recursive(translator, cte, duck) if cte.recursive else translate_query(translator, cte.query)
        translator.ctes[id(cte)] = Query(duck, made.types)
        materialized = " AS MATERIALIZED" if cte.materialized else " AS"
        parts.append(f"{duck}({_names(made.types)}){materialized} ({made.sql})")
    return f"WITH {'RECURSIVE ' if query.recursive else ''}{', '.join(parts)} "


def _recursive(translator: Translator, cte: Cte, duck: str) -> Query:
    """The first arm gives the column types; the second sees the CTE by name."""
    assert cte.query is not None and isinstance(cte.query.body, SetOperation)
    body = cte.query.body
    head = translate_query(translator, body.left)
    types = tuple(map(_free, head.types))
    translator.ctes[id(cte)] = Query(duck, types)
    second = translate_query(translator, body.right)
    arms = [_cast_all(translator, arm, types) for arm in (head, second)]
    return Query(f"({arms[0]}) {'UNION ALL' if body.every else 'UNION'} ({arms[1]})", types)


def _free(type_: ColumnType) -> ColumnType:
    """A numeric's scale may be another in each round of a recursive query."""
    return NUMERIC if type_.name == "numeric" and type_.modifier < 0 else type_


# -- set operations and VALUES -----------------------------------------------------------------------------------------


def _cast_all(translator: Translator, query: Query, types: Sequence[ColumnType]) -> str:
    """The query with its columns cast to `types` where they differ."""
    if all(_same(given, type_) for given, type_ in zip(query.types, types, strict=True)):
        return query.sql
    alias = translator.alias()
    items = [
        f"{translator.cast(f'{alias}.c{number}', given, type_)} AS c{number}"
        for number, (given, type_) in enumerate(zip(query.types, types, strict=True), 1)
    ]
    return f"SELECT {', '.join(items)} FROM ({query.sql}) AS {alias}"


def _same(one: ColumnType, other: ColumnType) -> bool:
    return one == other if one.name == "numeric" else one.name == other.name and (one.name != "bpchar" or one == other)


def _set_operation(translator: Translator, query: BoundQuery, body: SetOperation) -> Query:
    left, right = translate_query(translator, body.left), translate_query(translator, body.right)
    types = tuple(
        carried(column.type, pair) for column, *pair in zip(query.columns, left.types, right.types, strict=True)
    )
    arms = _cast_all(translator, left, types), _cast_all(translator, right, types)
    sql = f"({arms[0]}) {body.word}{' ALL' if body.every else ''} ({arms[1]})"
    if any(map(has_key, types)) and not (body.word == "UNION" and body.every):
        sql = _by_keys(translator, body.word, arms, types, body.every)
    if not query.order and query.limit is None and query.offset is None:
        return Query(sql, types)
    alias = translator.alias()
    listed = ", ".join(f"{alias}.c{number} AS c{number}" for number in range(1, len(types) + 1))
    return Query(
        f"SELECT {listed} FROM ({sql}) AS "
        f"{alias}{_order_of(translator, query, alias, types)}{_limits(translator, query)}",
        types,
    )


def _by_keys(translator: Translator, word: str, arms: tuple[str, str], types: Sequence[ColumnType], every: bool) -> str:
    """A set operation on rows of which some are equal and look different. ALL: of equal rows the first is compared with
    the first, the second with the second, and so on."""
    left, right = translator.alias(), translator.alias()

    def keys(alias: str) -> list[str]:
        return [translator.key(f"{alias}.c{number}", type_) for number, type_ in enumerate(types, 1)]

    if word == "UNION":
        return (
            f"SELECT DISTINCT ON ({', '.join(keys(left))}) {left}.* FROM (({arms[0]}) UNION ALL ({arms[1]})) AS {left}"
        )
    same = " AND ".join(
        f"{one} IS NOT DISTINCT FROM {other}" for one, other in zip(keys(left), keys(right), strict=True)
    )
    negated = "NOT " if word == "EXCEPT" else ""
    if every:
        one, other = (
            f"(SELECT *, row_number() OVER (PARTITION BY {', '.join(keys(alias))}) AS place FROM ({arm}) AS {alias})"
            for alias, arm in ((left, arms[0]), (right, arms[1]))
        )
        met = f"EXISTS (SELECT 1 FROM {other} AS {right} WHERE {same} AND {left}.place = {right}.place)"
        return f"SELECT {left}.* EXCLUDE (place) FROM {one} AS {left} WHERE {negated}{met}"
    found = f"{negated}EXISTS (SELECT 1 FROM ({arms[1]}) AS {right} WHERE {same})"
    return f"SELECT DISTINCT ON ({', '.join(keys(left))}) {left}.* FROM ({arms[0]}) AS {left} WHERE {found}"


def _order_of(translator: Translator, query: BoundQuery, alias: str, types: Sequence[ColumnType]) -> str:
    """ORDER BY of output columns."""
    parts = []
    for item in query.order:
        assert item.output is not None
        parts.append(direction(_sort_key(translator, f"{alias}.c{item.output + 1}", types[item.output]), item))
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _values(translator: Translator, query: BoundQuery, body: ValuesRows) -> Query:
    rows = [[translator.expression(value) for value in row] for row in body.rows]
    types = tuple(
        carried(
            column.type,
            [row[number][1] for row, given in zip(rows, body.rows, strict=True) if not _is_null(given[number])],
        )
        for number, column in enumerate(query.columns)
    )
    texts = [
        "("
        + ", ".join(
            sql if _same(given, type_) else _cell(translator, sql, given, type_, value)
            for (sql, given), type_, value in cells
        )
        + ")"
        for cells in (zip(row, types, given_row, strict=True) for row, given_row in zip(rows, body.rows, strict=True))
    ]
    alias = translator.alias()
    listed = _names(types)
    tail = f"{_order_of(translator, query, alias, types)}{_limits(translator, query)}"
    return Query(f"SELECT {listed} FROM (VALUES {', '.join(texts)}) AS {alias}({listed}){tail}", types)


def _cell(translator: Translator, sql: str, given: ColumnType, type_: ColumnType, value: Expression) -> str:
    return translator.text(Constant(None, type_)) if _is_null(value) else translator.cast(sql, given, type_)


# -- SELECT ------------------------------------------------------------------------------------------------------------


def _select(translator: Translator, query: BoundQuery, body: Select) -> Query:
    groups, lateral = translator.groups, translator.lateral
    translator.groups, translator.lateral = {}, []
    try:
        return _with_source(translator, query, body)
    finally:
        translator.groups, translator.lateral = groups, lateral


def _with_source(translator: Translator, query: BoundQuery, body: Select) -> Query:
    source = from_clause(translator, body.items) if body.items else ""
    where = ""
    if body.where is not None:
        where = f" WHERE {translator.text(body.where)}"
    translator.sources.push_filters(body)
    group = group_by(translator, body)
    targets = [translator.expression(target) for target in body.targets]
    source = ", ".join([part for part in (source, *translator.lateral) if part])
    having = f" HAVING {translator.text(body.having)}" if body.having is not None else ""
    middle = f"{f' FROM {source}' if source else ''}{where}{group}{having}"
    distinct = _distinct(translator, body, targets)
    order = _order_by(translator, query, targets)
    types = tuple(type_ for _, type_ in targets)
    listed = ", ".join(f"{sql} AS c{number}" for number, (sql, _) in enumerate(targets, 1)) or "NULL AS c0"
    if query.ties and not distinct:
        return _with_ties(translator, query, types, middle, order, listed)
    if query.ties:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "FETCH FIRST ... WITH TIES is not supported")
    return Query(f"SELECT {distinct}{listed}{middle}{order}{_limits(translator, query)}", types)


def _with_ties(
    translator: Translator, query: BoundQuery, types: tuple[ColumnType, ...], middle: str, order: str, listed: str
) -> Query:
    """FETCH FIRST n ROWS WITH TIES: rows by their rank."""
    alias = translator.alias()
    ranks = f"rank() OVER ({order}) AS place, row_number() OVER ({order}) AS number"
    count, _, offset = _limits(translator, query).removeprefix(" LIMIT ").partition(" OFFSET ")
    names = ", ".join(f"{alias}.c{number}" for number in range(1, len(types) + 1))
    kept = f"{alias}.place <= {count} + {offset or '0'} AND {alias}.number > {offset or '0'}"
    return Query(
        f"SELECT {names} FROM (SELECT {listed}, {ranks}{middle}) AS {alias} WHERE {kept} ORDER BY {alias}.number", types
    )


def _distinct(translator: Translator, body: Select, targets: Sequence[Typed]) -> str:
    if body.distinct:
        if not any(has_key(type_) for _, type_ in targets):
            return "DISTINCT "
        return f"DISTINCT ON ({', '.join(translator.key(*target) for target in targets)}) "
    if body.distinct_on:
        return f"DISTINCT ON ({', '.join(translator.key(*translator.expression(item)) for item in body.distinct_on)}) "
    return ""


def _order_by(translator: Translator, query: BoundQuery, targets: Sequence[Typed]) -> str:
    parts = []
    for item in query.order:
        sql, type_ = targets[item.output] if item.output is not None else translator.expression(item.expression)
        if item.output is not None and "unnest(" in sql:
            # DuckDB sorts the rows of an unnested list by their column's name only.
            sql = f"c{item.output + 1}"
        parts.append(direction(_sort_key(translator, sql, type_), item))
    return f" ORDER BY {', '.join(parts)}" if parts else ""


def _sort_key(translator: Translator, sql: str, type_: ColumnType) -> str:
    """A constant would be taken for a position by DuckDB."""
    sql = order_key(translator.emitter, sql, type_)
    return (
        f"({sql})"
        if not sql[:1].isdigit()
        else f"CAST({sql} AS {'BIGINT' if type_ == INT8 else 'VARCHAR' if type_ == TEXT else 'DOUBLE'})"
    )


def direction(sql: str, item: SortItem) -> str:
    return f"{sql} {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if item.nulls_first else 'LAST'}"


def sort_by(translator: Translator, items: Sequence[SortItem]) -> str:
    """ORDER BY of a window or an aggregate."""
    return ", ".join(
        [direction(_sort_key(translator, *translator.expression(item.expression)), item) for item in items]
    )


def _limits(translator: Translator, query: BoundQuery) -> str:
    text = ""
    if query.limit is not None:
        text += f" LIMIT {translator.emitter.limit(translator.text(query.limit), 'LIMIT', '2201W')}"
    if query.offset is not None:
        text += f" OFFSET {translator.emitter.limit(translator.text(query.offset), 'OFFSET', '2201X')}"
    return text


def _is_null(expression: Expression) -> bool:
    return isinstance(expression, Constant) and expression.value is None
