"""A SQL function's body when the function is made: bound for its errors, and kept as text."""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.common.errors import DatabaseError
from actors.sql.binding.function_items import as_rows, declared_columns
from actors.sql.binding.parameters import Called, ParameterTypes
from actors.sql.binding.query import BoundQuery
from actors.sql.binding.query_analysis import TARGETS, QueryAnalysis
from actors.sql.binding.select import Binder
from actors.sql.binding.sql_functions import (
    BodyParameters,
    arguments_level,
    body_of,
    checked_statement,
    returned,
    wrong_return,
)
from actors.sql.binding.stored_names import kept
from actors.sql.binding.views import kept_query
from actors.sql.catalog.functions import VOID, Function
from actors.sql.catalog.schema import ViewSource
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.tree import Column


def validate(function: Function, catalog: Catalog) -> None:
    """Raises what a call would raise, 42P13 for another result than is declared."""
    if function.search_path is not None:
        catalog = catalog.on_path(function.search_path, catalog.role)
    try:
        _bind(function, body_of(function, catalog), catalog)
    except DatabaseError as error:
        error.position = 0  # of the body, not of the statement
        raise


def kept_body(function: Function, select: Any, catalog: Catalog) -> tuple[str, tuple[ViewSource, ...]]:
    """Of RETURN and BEGIN ATOMIC: the text, and the relations in it. Raises what binding it raises."""
    calls = _bind(function, checked_statement(select), catalog)
    return kept_query(kept(select, catalog, calls), catalog)


def _bind(function: Function, select: ast.SelectStmt, catalog: Catalog) -> list[Called]:
    """The calls that the body makes itself."""
    binder = Binder(catalog, ParameterTypes((), catalog))
    offset = binder.values.block(len(function.inputs))
    within = binder.within(BodyParameters(binder.parameters, catalog, function, offset))
    level = arguments_level(function, offset)
    query: BoundQuery = within.query(within.without_views(select), level)
    declared = declared_columns(function, catalog)
    if function.has_columns:
        as_rows(QueryAnalysis(within, level, TARGETS), function, query, declared, catalog)
    elif function.result.name != VOID:
        if len(query.columns) != 1:
            raise wrong_return(function, "Final statement must return exactly one column.")
        returned(Column(0, query.columns[0].type), function, catalog)
    return [call for call in binder.parameters.calls if call.depth == 1]
