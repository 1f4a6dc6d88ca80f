"""FROM: tables, subqueries, joins, functions and common table expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, DatabaseError
from actors.query_processor.column_executor.arrays import unnested
from actors.query_processor.column_executor.json_sets import EACH, ELEMENTS, RECORDS, pair_rows, record_rows
from actors.query_processor.column_executor.names import Level, Output, Relation
from actors.query_processor.column_executor.select import translate_query
from actors.query_processor.column_executor.sets import is_set, series, set_of
from actors.query_processor.column_executor.translator import BOOL, INT8, TEXT, Translator, rename, wrap
from actors.query_processor.column_executor.values import duck_type
from actors.sql.binding.scope import located
from actors.sql.types.column_type import ColumnType

JOINS = {
    enums.JoinType.JOIN_INNER: "INNER JOIN",
    enums.JoinType.JOIN_LEFT: "LEFT JOIN",
    enums.JoinType.JOIN_RIGHT: "RIGHT JOIN",
    enums.JoinType.JOIN_FULL: "FULL JOIN",
}

_NULLABLE = (
    {enums.JoinType.JOIN_RIGHT, enums.JoinType.JOIN_FULL},
    {enums.JoinType.JOIN_LEFT, enums.JoinType.JOIN_FULL},
)
"""The joins that may have no row of their left side, and of their right side."""


def from_clause(translator: Translator, items: Any, level: Level) -> str:
    """The FROM clause's SQL (without the word); its relations are added to `level`. Later items may be LATERAL over earlier ones."""
    return ", ".join(from_item(translator, item, level)[0] for item in items)


def from_item(translator: Translator, item: Any, level: Level) -> tuple[str, list[Relation], dict[str, Output]]:
    """(SQL, the relations it adds, its merged columns)."""
    if isinstance(item, ast.JoinExpr):
        return _join(translator, item, level)
    if isinstance(item, ast.RangeVar):
        sql, relation = _table(translator, item, level)
    elif isinstance(item, ast.RangeSubselect):
        sql, relation = _subselect(translator, item, level)
    elif isinstance(item, ast.RangeFunction):
        sql, relation = _function(translator, item, level)
    else:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{type(item).__name__} in FROM is not supported")
    level.add(relation)
    return sql, [relation], {}


def _alias_of(item: Any) -> tuple[str | None, list[str]]:
    if item.alias is None:
        return None, []
    return item.alias.aliasname, [name.sval for name in item.alias.colnames or ()]


def _table(translator: Translator, item: ast.RangeVar, level: Level) -> tuple[str, Relation]:
    name, renamed = _alias_of(item)
    alias = translator.alias()
    cte = level.find_cte(item.relname) if item.schemaname is None else None
    if cte is not None:
        duck, outputs = cte
        columns = [replace(column, sql=f"{alias}.{column.sql}") for column in outputs]
        columns = rename(columns, renamed, name or item.relname)
        return f"{duck} AS {alias}", Relation(name or item.relname, tuple(columns))
    with located(item):
        source = translator.sources.table(translator.catalog, item.schemaname, item.relname, alias)
    columns = rename(source.outputs(alias), renamed, name or item.relname)
    schema = "" if name is not None else source.schema
    return f"{source.view} AS {alias}", Relation(name or item.relname, tuple(columns), schema)


def _subselect(translator: Translator, item: ast.RangeSubselect, level: Level) -> tuple[str, Relation]:
    name, renamed = _alias_of(item)
    alias = translator.alias()
    parent = level if item.lateral else _without_siblings(level)
    sql, columns = wrap(translate_query(translator, item.subquery, parent), alias)
    columns = rename(columns, renamed, name or "")
    return ("LATERAL " if item.lateral else "") + sql, Relation(name or "", tuple(columns))


def _without_siblings(level: Level) -> Level:
    """What a FROM subquery that is not LATERAL may see: the CTEs of its level and everything outside."""
    return Level(parent=level.parent, ctes=level.ctes)


def _function(translator: Translator, item: ast.RangeFunction, level: Level) -> tuple[str, Relation]:
    """generate_series and unnest-like functions; other functions give one row."""
    call = item.functions[0][0]
    if isinstance(call, ast.FuncCall) and call.funcname[-1].sval in RECORDS and len(item.functions) == 1:
        return record_rows(translator, item, call, Level(parent=level, ctes=level.ctes))
    if len(item.functions) != 1 or item.coldeflist:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "ROWS FROM with several functions is not supported")
    name, renamed = _alias_of(item)
    alias = translator.alias()
    function = call.funcname[-1].sval if isinstance(call, ast.FuncCall) else "expression"
    parent = Level(parent=level, ctes=level.ctes)
    if function == "generate_series" and isinstance(call, ast.FuncCall):
        inner, type_ = series(translator, call, parent)
    elif function == "unnest" and isinstance(call, ast.FuncCall) and call.args:
        return _unnest(translator, item, call.args, parent)
    elif function in NO_ROWS:
        return _no_rows(item, NO_ROWS[function], alias, function)
    elif function in EACH:
        return pair_rows(translator, item, call, parent)
    elif is_set(call):
        items, type_ = set_of(translator, call, parent)
        inner = f"SELECT unnest({items}) AS c1"
    else:
        text, type_ = translator.expression(call, parent)
        inner = f"SELECT {text} AS c1"
    column = "value" if function in ELEMENTS else name or function
    columns = [Output(column, f"{alias}.c1", type_)]
    if item.ordinality:
        inner = f"SELECT c1, row_number() OVER () AS c2 FROM ({inner})"
        columns.append(Output("ordinality", f"{alias}.c2", INT8))
    columns = rename(columns, renamed, name or function)
    is_scalar = function in ELEMENTS and not item.ordinality
    return f"LATERAL ({inner}) AS {alias}", Relation(name or function, tuple(columns), is_scalar=is_scalar)


NO_ROWS = {
    "pg_available_extensions": (("name", ColumnType("name")), ("default_version", TEXT), ("comment", TEXT)),
}
"""Functions about what there is none of here; psql asks them."""


def _no_rows(item: ast.RangeFunction, columns: Sequence[tuple[str, ColumnType]], alias: str, function: str) -> tuple[str, Relation]:
    name, renamed = _alias_of(item)
    outputs = [Output(column, f"{alias}.c{number}", type_) for number, (column, type_) in enumerate(columns, 1)]
    listed = ", ".join(f"CAST(NULL AS {duck_type(type_)}) AS c{number}" for number, (_, type_) in enumerate(columns, 1))
    return f"(SELECT {listed} WHERE FALSE) AS {alias}", Relation(name or function, tuple(rename(outputs, renamed, name or function)))


def _unnest(translator: Translator, item: ast.RangeFunction, arguments: Any, level: Level) -> tuple[str, Relation]:
    """One column for each array; the shorter ones are filled with NULLs."""
    name, renamed = _alias_of(item)
    alias = translator.alias()
    lists = [unnested(translator, *translator.expression(argument, level)) for argument in arguments]
    # DuckDB's unnest gives the items of lists side by side, too.
    inner = f"SELECT {', '.join(f'unnest({sql}) AS c{number}' for number, (sql, _) in enumerate(lists, 1))}"
    first = name if name and len(lists) == 1 else "unnest"
    columns = [Output(first, f"{alias}.c{number}", type_) for number, (_, type_) in enumerate(lists, 1)]
    if item.ordinality:
        inner = f"SELECT *, row_number() OVER () AS c{len(lists) + 1} FROM ({inner})"
        columns.append(Output("ordinality", f"{alias}.c{len(lists) + 1}", INT8))
    return f"LATERAL ({inner}) AS {alias}", Relation(name or "unnest", tuple(rename(columns, renamed, name or "unnest")))


def _join(translator: Translator, item: ast.JoinExpr, level: Level) -> tuple[str, list[Relation], dict[str, Output]]:
    before = len(level.relations)
    outer_merged, level.merged = level.merged, {}
    left, left_relations, left_merged = from_item(translator, item.larg, level)
    right, right_relations, right_merged = from_item(translator, item.rarg, level)
    kind = item.jointype
    merged = {**left_merged, **right_merged}
    names = _joined_names(item, left_relations, right_relations, left_merged, right_merged)
    if names is not None:
        condition, using = _using(translator, names, kind, level, before, left_relations, right_relations, (left_merged, right_merged))
        merged = {**using, **{name: column for name, column in merged.items() if name not in using}}
        relations = level.relations[before:]
    else:
        relations = level.relations[before:]
        condition = None
    level.merged = {**outer_merged, **merged}
    if item.quals is not None:
        condition = translator.condition(item.quals, level, "JOIN/ON")
    if condition is None and names is None:
        sql = f"({left} CROSS JOIN {right})"
    else:
        sql = f"({left} {JOINS[kind]} {right} ON {condition or 'TRUE'})"
    middle = before + len(left_relations)
    for position in range(before, len(level.relations)):
        if kind in _NULLABLE[position >= middle]:
            level.relations[position] = replace(level.relations[position], nullable=True)
    relations = level.relations[before:]
    if item.alias is not None:
        relation = _aliased_join(item, relations, merged)
        level.relations[before:] = [relation]
        level.merged = outer_merged
        return sql, [relation], {}
    return sql, list(relations), merged


def _aliased_join(item: ast.JoinExpr, relations: list[Relation], merged: dict[str, Output]) -> Relation:
    columns = [*merged.values(), *(column for relation in relations for column in relation.columns if not column.hidden)]
    name, renamed = _alias_of(item)
    return Relation(name or "", tuple(rename(columns, renamed, name or "")))


def _joined_names(
    item: ast.JoinExpr, left: list[Relation], right: list[Relation], left_merged: dict[str, Output], right_merged: dict[str, Output]
) -> list[str] | None:
    if item.usingClause:
        return [name.sval for name in item.usingClause]
    if not item.isNatural:
        return None
    there = {column.name for relation in right for column in relation.columns if not column.hidden} | set(right_merged)
    names = [*left_merged, *(column.name for relation in left for column in relation.columns if not column.hidden)]
    return [name for name in dict.fromkeys(names) if name in there]


def _using(
    translator: Translator,
    names: list[str],
    kind: Any,
    level: Level,
    before: int,
    left: list[Relation],
    right: list[Relation],
    merged: tuple[dict[str, Output], dict[str, Output]],
) -> tuple[str, dict[str, Output]]:
    """The join condition of USING (names), and the merged columns; the copies are hidden from `*` and from unqualified names."""
    conditions: list[str] = []
    result: dict[str, Output] = {}
    for name in names:
        one = merged[0].get(name) or Level(relations=list(left)).column([name]) if _has(left, merged[0], name) else None
        other = merged[1].get(name) or Level(relations=list(right)).column([name]) if _has(right, merged[1], name) else None
        if one is None or other is None:
            side = "left" if one is None else "right"
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" specified in USING clause does not exist in {side} table')
        equal = ast.A_Expr(
            kind=enums.A_Expr_Kind.AEXPR_OP,
            name=(ast.String(sval="="),),
            lexpr=translator.slot(one.sql, one.type),
            rexpr=translator.slot(other.sql, other.type),
        )
        conditions.append(translator.expression(equal, level, BOOL)[0])
        if kind == enums.JoinType.JOIN_FULL:
            both = ast.CoalesceExpr(args=(translator.slot(one.sql, one.type), translator.slot(other.sql, other.type)))
            sql, type_ = translator.expression(both, level)
            result[name] = Output(name, sql, type_)
        else:
            kept = other if kind == enums.JoinType.JOIN_RIGHT else one
            result[name] = replace(kept, name=name, hidden=False)
    for position in range(before, len(level.relations)):
        relation = level.relations[position]
        hidden = tuple(replace(column, hidden=True) if column.name in result else column for column in relation.columns)
        level.relations[position] = replace(relation, columns=hidden)
    return " AND ".join(f"({condition})" for condition in conditions) or "TRUE", result


def _has(relations: list[Relation], merged: dict[str, Output], name: str) -> bool:
    return name in merged or any(column.name == name and not column.hidden for relation in relations for column in relation.columns)
