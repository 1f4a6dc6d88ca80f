"""FROM: tables, subqueries, joins, functions and common table expressions. Each item gets its positions, and each name
its relation at the level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, UNDEFINED_TABLE, DatabaseError
from actors.sql.binding.coercion import coerce_to_common
from actors.sql.binding.function_items import function_item
from actors.sql.binding.function_queries import query_of_function
from actors.sql.binding.json_rows import EACH, ELEMENTS, pair_field, query_of_records
from actors.sql.binding.names import Found, Level, Named, NamedColumns, Relation, renamed
from actors.sql.binding.query import (
    CteItem,
    EmptyItem,
    FromItem,
    FunctionItem,
    JoinItem,
    Merged,
    QueryItem,
    SetCall,
    SystemItem,
    TableItem,
)
from actors.sql.binding.query_analysis import FROM_FUNCTION, ON, QueryAnalysis
from actors.sql.binding.scope import located, position_of
from actors.sql.binding.set_calls import is_set, set_call, unnested
from actors.sql.catalog.system_tables import find_system_table
from actors.sql.expressions.tree import And, Coalesce, Column, Expression
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder

TEXT, INT8, OID = ColumnType("text"), ColumnType("int8"), ColumnType("oid")
JOINS = {
    enums.JoinType.JOIN_INNER: "INNER",
    enums.JoinType.JOIN_LEFT: "LEFT",
    enums.JoinType.JOIN_RIGHT: "RIGHT",
    enums.JoinType.JOIN_FULL: "FULL",
}
NO_ROWS = {
    "pg_available_extensions": (("name", ColumnType("name")), ("default_version", TEXT), ("comment", TEXT)),
}
"""Functions about what there is none of here; psql asks them."""


class Part(NamedTuple):
    """An item, the relations that it adds, and its merged columns."""

    item: FromItem
    relations: list[Relation]
    merged: dict[str, Named]


def from_clause(binder: Binder, items: Any, level: Level) -> tuple[FromItem, ...]:
    """Later items may be LATERAL over earlier ones."""
    return tuple(_part(binder, item, level).item for item in items or ())


def _part(binder: Binder, item: Any, level: Level) -> Part:
    if isinstance(item, ast.JoinExpr):
        return _join(binder, item, level)
    made: FromItem
    if isinstance(item, ast.RangeVar):
        made, relation = _table(binder, item, level)
    elif isinstance(item, ast.RangeSubselect):
        made, relation = _subselect(binder, item, level)
    elif (
        isinstance(item, ast.RangeFunction) and (query := query_of_records(item) or query_of_function(item)) is not None
    ):
        made, relation = _subselect(binder, query, level)
    elif isinstance(item, ast.RangeFunction):
        made, relation = function_item(binder, item, level) or _function(binder, item, level)
    else:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{type(item).__name__} in FROM is not supported")
    level.add(relation)
    return Part(made, [relation], {})


def _query_of(item: ast.RangeFunction) -> Any:
    """The FROM item that a function stands for which is a query over its argument; None for any other."""
    return query_of_records(item) or query_of_function(item)


def _alias_of(item: Any) -> tuple[str | None, list[str]]:
    if item.alias is None:
        return None, []
    return item.alias.aliasname, [name.sval for name in item.alias.colnames or ()]


def _of_fields(fields: Sequence[Field]) -> list[Named]:
    return [Named(each.name, number, each.type, each.table_oid, each.attribute) for number, each in enumerate(fields)]


def _table(binder: Binder, item: ast.RangeVar, level: Level) -> tuple[FromItem, Relation]:
    alias, names = _alias_of(item)
    shown = alias or item.relname
    cte = level.find_cte(item.relname) if item.schemaname is None else None
    if cte is not None:
        if cte.columns is None:
            message = f'WITH query "{cte.name}" does not have a RETURNING clause'
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(item))
        offset = binder.values.block(len(cte.columns))
        columns = NamedColumns(renamed(_of_fields(cte.columns), names, shown))
        return CteItem(binder.mention(cte), offset), Relation(shown, columns, offset, table_name=item.relname)
    found = binder.find(item)
    if found is not None:
        table, named = found
        if names:
            named = NamedColumns(renamed(named.listed, names, shown))
        stored = TableItem(table, shown, binder.values.block(len(table.columns)), alias is not None)
        binder.relations.append(stored)
        schema = table.schema if alias is None else ""
        return stored, Relation(shown, named, stored.offset, schema, table.name, (stored,))
    system = find_system_table(item.schemaname, item.relname)
    if system is None:
        missing = item.relname if item.schemaname is None else f"{item.schemaname}.{item.relname}"
        with located(item):
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{missing}" does not exist')
    listed = [Named(name, number, type_, 0, number + 1) for number, (name, type_) in enumerate(system.columns)]
    listed.append(Named("tableoid", len(listed), OID, hidden=True))
    offset = binder.values.block(len(listed))
    columns = NamedColumns(renamed(listed, names, shown))
    schema = system.schema if alias is None else ""
    mentioned = SystemItem(system, item.relname, offset)
    binder.relations.append(mentioned)
    return mentioned, Relation(shown, columns, offset, schema, item.relname)


def _subselect(binder: Binder, item: ast.RangeSubselect, level: Level) -> tuple[FromItem, Relation]:
    alias, names = _alias_of(item)
    query = binder.query(item.subquery, level if item.lateral else level.without_siblings())
    offset = binder.values.block(len(query.columns))
    columns = NamedColumns(renamed(_of_fields(query.columns), names, alias or ""))
    return QueryItem(query, offset, bool(item.lateral)), Relation(alias or "", columns, offset)


def _function(binder: Binder, item: ast.RangeFunction, level: Level) -> tuple[FromItem, Relation]:
    """generate_series and unnest-like functions; other functions give one row."""
    node = item.functions[0][0]
    if len(item.functions) != 1 or item.coldeflist:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "ROWS FROM with several functions is not supported")
    alias, names = _alias_of(item)
    function = node.funcname[-1].sval if isinstance(node, ast.FuncCall) else "expression"
    if function in NO_ROWS:
        fields = [Field(name, type_) for name, type_ in NO_ROWS[function]]
        offset = binder.values.block(len(fields))
        columns = NamedColumns(renamed(_of_fields(fields), names, alias or function))
        return EmptyItem(tuple(each.type for each in fields), offset), Relation(alias or function, columns, offset)
    analysis = QueryAnalysis(binder, Level(parent=level, ctes=level.ctes), FROM_FUNCTION)
    calls: tuple[SetCall | Expression, ...]
    if function == "unnest" and node.args:
        calls = tuple(unnested(analysis, analysis.expression(argument), node) for argument in node.args)
    elif function in EACH:
        calls = tuple(set_call(analysis, pair_field(node, field)) for field in ("key", "value"))
    elif is_set(node):
        calls = (set_call(analysis, node),)
    else:
        calls = (analysis.typed(node),)
    first = alias if alias and len(calls) == 1 else function
    first = "value" if function in ELEMENTS else first
    fields = [Field(first, call.type) for call in calls]
    if function in EACH:
        fields = [Field(name, call.type) for name, call in zip(("key", "value"), calls, strict=True)]
    if item.ordinality:
        fields.append(Field("ordinality", INT8))
    made = FunctionItem(calls, binder.values.block(len(fields)), bool(item.ordinality))
    columns = NamedColumns(renamed(_of_fields(fields), names, alias or function))
    return made, Relation(
        alias or function, columns, made.offset, is_scalar=function in ELEMENTS and not item.ordinality
    )


# -- joins -------------------------------------------------------------------------------------------------------------


def _join(binder: Binder, item: ast.JoinExpr, level: Level) -> Part:
    before = len(level.relations)
    outer_merged, level.merged = level.merged, {}
    left = _part(binder, item.larg, level)
    right = _part(binder, item.rarg, level)
    kind = JOINS[item.jointype]
    merged = {**left.merged, **right.merged}
    names = _joined_names(item, left, right)
    condition = None
    if names is not None:
        condition, using = _using(binder, names, kind, level, left, right)
        merged = {**using, **{name: column for name, column in merged.items() if name not in using}}
    level.merged = {**outer_merged, **merged}
    for part, kinds in ((left, ("RIGHT", "FULL")), (right, ("LEFT", "FULL"))):
        for each in part.relations:
            each.nullable = each.nullable or kind in kinds
    if item.quals is not None:
        condition = binder.condition(item.quals, level, ON)
    relations = level.relations[before:]
    joined = JoinItem(kind, left.item, right.item, condition)
    if item.alias is not None:
        relation = _aliased(item, relations, merged)
        level.relations[before:] = [relation]
        level.merged = outer_merged
        return Part(joined, [relation], {})
    return Part(joined, relations, merged)


def _absolute(found: Found, name: str | None = None) -> Named:
    """A column by its position in the statement."""
    column = found.column
    return Named(name or column.name, found.position, column.type, column.table_oid, column.attribute)


def _aliased(item: ast.JoinExpr, relations: list[Relation], merged: dict[str, Named]) -> Relation:
    columns = [
        *merged.values(),
        *(_absolute(Found(column, relation)) for relation in relations for column in relation.visible()),
    ]
    alias, names = _alias_of(item)
    items = tuple(each for relation in relations for each in relation.items)
    return Relation(alias or "", NamedColumns(renamed(columns, names, alias or "")), 0, items=items)


def _visible_names(part: Part) -> list[str]:
    return [*part.merged, *(column.name for relation in part.relations for column in relation.visible())]


def _joined_names(item: ast.JoinExpr, left: Part, right: Part) -> list[str] | None:
    if item.usingClause:
        return [name.sval for name in item.usingClause]
    if not item.isNatural:
        return None
    there = set(_visible_names(right))
    return [name for name in dict.fromkeys(_visible_names(left)) if name in there]


def _using(
    binder: Binder, names: list[str], kind: str, level: Level, left: Part, right: Part
) -> tuple[Expression | None, dict[str, Named]]:
    """The join condition of USING (names), and the merged columns; the copies are hidden from `*` and from unqualified
    names."""
    analysis = QueryAnalysis(binder, level, ON)
    equalities: list[Expression] = []
    result: dict[str, Named] = {}
    for name in names:
        sides = [_side(part, name) for part in (left, right)]
        if None in sides:
            side = "left" if sides[0] is None else "right"
            raise DatabaseError(
                UNDEFINED_COLUMN, f'column "{name}" specified in USING clause does not exist in {side} table'
            )
        one, other = (found for found in sides if found is not None)
        pair = [Column(found.position, found.column.type) for found in (one, other)]
        for found in (one, other):
            if found.relation is not None:
                found.relation.mark(found.position)
        equalities.append(analysis.operator("=", pair))
        if kind == "FULL":
            type_, both = coerce_to_common(pair, "JOIN/USING", binder.parameters)
            merged = analysis.value(Merged(Coalesce(tuple(both), type_), type_))
            result[name] = Named(name, merged.position, type_)
        else:
            result[name] = _absolute(other if kind == "RIGHT" else one, name)
    for part in (left, right):
        for relation in part.relations:
            relation.merged = relation.merged | result.keys()
    condition = None if not equalities else equalities[0] if len(equalities) == 1 else And(tuple(equalities))
    return condition, result


def _side(part: Part, name: str) -> Found | None:
    """The column of that name on one side of a join. Raises 42702."""
    if name in part.merged:
        return Found(part.merged[name])
    return Level(relations=part.relations).own_column([name])
