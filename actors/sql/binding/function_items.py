"""SQL functions that are queries to their caller: in FROM a query among the others, in an expression a subquery of one
value (sql_functions.py has which function a call means)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.sql.binding.names import Level, Named, NamedColumns, Relation, renamed
from actors.sql.binding.query import INVOKER, BoundQuery, QueryItem, Select, TableItem
from actors.sql.binding.query_analysis import FROM_FUNCTION, QueryAnalysis
from actors.sql.binding.scope import position_of
from actors.sql.binding.sql_functions import (
    Entered,
    Found,
    candidates,
    entered,
    resolve,
    returned,
    returned_as,
    strict,
    twice,
    wrong_return,
)
from actors.sql.binding.substitution import Substitution, uses
from actors.sql.catalog.functions import Function
from actors.sql.expressions.tree import And, Column, Constant, Expression, NullTest, columns_of, is_volatile
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder
    from actors.sql.catalog.snapshot import Catalog

INT8 = ColumnType("int8")
Declared = tuple[str, ColumnType, int]
"""A column's name, its type, and the id of the domain that it is of."""


def declared_columns(function: Function, catalog: Catalog) -> list[Declared]:
    """What the function gives; of one value: a column of the function's name."""
    if function.columns:
        return [(one.name or f"column{place}", one.type, one.domain) for place, one in enumerate(function.columns, 1)]
    table = catalog.table_by_id(function.table)
    if table is not None:
        return [(column.name, column.type, column.domain) for column in table.live_columns()]
    return [(function.name, function.result, function.domain)]


def function_item(binder: Binder, item: ast.RangeFunction, level: Level) -> tuple[QueryItem, Relation] | None:
    """The item and its name; None where it is no SQL function of rows."""
    node: Any = item.functions[0][0]
    if len(item.functions) != 1 or not isinstance(node, ast.FuncCall):
        return None
    known = candidates(binder.parameters.catalog, node.funcname)
    if not any(function.has_columns for function in known):
        return None
    analysis = QueryAnalysis(binder, Level(parent=level, ctes=level.ctes), FROM_FUNCTION)
    found = resolve(analysis, node, known)
    if found is None or not found.function.has_columns:
        return None
    if item.ordinality or item.coldeflist:
        what = "WITH ORDINALITY" if item.ordinality else "a column definition list"
        message = f"{what} of a SQL function is not supported"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(node))
    query, arguments = _rows(analysis, node, found)
    alias = item.alias.aliasname if item.alias is not None else found.function.name
    names = [name.sval for name in item.alias.colnames or ()] if item.alias is not None else []
    is_scalar = not found.function.columns and not found.function.table
    columns = [Named(alias if is_scalar else each.name, place, each.type) for place, each in enumerate(query.columns)]
    offset = binder.values.block(len(columns))
    relation = Relation(alias, NamedColumns(renamed(columns, names, alias)), offset, is_scalar=is_scalar)
    return QueryItem(query, offset, any(map(columns_of, arguments))), relation


def _rows(analysis: QueryAnalysis, node: Any, found: Found) -> tuple[BoundQuery, list[Expression]]:
    function = found.function
    call = entered(analysis, node, found)
    query, arguments, catalog = _bound(call), list(call.arguments), call.catalog
    query = as_rows(analysis, function, query, declared_columns(function, catalog), catalog)
    if function.strict and arguments:
        tests = tuple(NullTest(argument, True) for argument in arguments)
        query = _over(analysis, query)
        assert isinstance(query.body, Select)
        query.body.where = And(tests) if len(tests) > 1 else tests[0]
    if not function.returns_set:
        query = first_row(analysis, query)
    return query, arguments


def _bound(call: Entered) -> BoundQuery:
    """The body with the arguments in the place of their columns. Raises 0A000."""
    within, count = call.within, len(call.arguments)
    binder, values = within.binder, within.binder.values
    first, start = len(binder.relations), values.size
    query: BoundQuery = binder.query(binder.without_views(call.select), within.level)
    for item in binder.relations[first:]:
        if isinstance(item, TableItem) and item.reader is None:
            item.reader = INVOKER if within.parameters.reader is None else within.parameters.reader
    own = [position for position in range(start, values.size) if position in values.calls]
    counts = uses([query, *(values.calls[position] for position in own)], call.offset, count)
    if any(many > 1 and is_volatile(one) for many, one in zip(counts, call.arguments, strict=True)):
        raise twice()
    substitution = Substitution(call.arguments, call.offset)
    substitution.part(query)
    for position in own:
        values.calls[position] = substitution.part(values.calls[position])
    return query


def query_value(analysis: QueryAnalysis, call: Entered) -> Expression:
    """The first row's value, NULL where there is no row. Raises 42P13."""
    query = _bound(call)
    if len(query.columns) != 1:
        raise wrong_return(call.function, "Final statement must return exactly one column.")
    value = returned(analysis.scalar(first_row(analysis, query)), call.function, call.catalog)
    return strict(value, call.arguments) if call.function.strict else value


def _over(analysis: QueryAnalysis, query: BoundQuery) -> BoundQuery:
    """SELECT * FROM (query)."""
    offset = analysis.binder.values.block(len(query.columns))
    targets: list[Expression] = [Column(offset + place, each.type) for place, each in enumerate(query.columns)]
    return BoundQuery(Select((QueryItem(query, offset),), None, targets), query.columns)


def as_rows(
    analysis: QueryAnalysis, function: Function, query: BoundQuery, declared: Sequence[Declared], catalog: Catalog
) -> BoundQuery:
    """With the declared names and types. Raises 42P13."""
    if len(query.columns) != len(declared):
        many = "many" if len(query.columns) > len(declared) else "few"
        raise wrong_return(function, f"Final statement returns too {many} columns.")
    fields = tuple(Field(name, type_) for name, type_, _ in declared)
    given = [each.type for each in query.columns]
    if any(one != type_ or domain for one, (_, type_, domain) in zip(given, declared, strict=True)):
        body = query.body
        if not isinstance(body, Select) or body.distinct or body.distinct_on or query.order:
            query = _over(analysis, query)
            body = query.body
        assert isinstance(body, Select)
        body.targets = [
            returned_as(function, target, type_, domain, catalog, place)
            for place, (target, (_, type_, domain)) in enumerate(zip(body.targets, declared, strict=True), 1)
        ]
    query.columns = fields
    return query


def first_row(analysis: QueryAnalysis, query: BoundQuery) -> BoundQuery:
    """The query with its first row alone."""
    body = query.body
    if isinstance(body, Select) and not body.sets and (not body.items or (body.aggregated and not body.group)):
        return query
    if query.limit is not None:
        query = _over(analysis, query)
    query.limit = Constant(1, INT8)
    return query
