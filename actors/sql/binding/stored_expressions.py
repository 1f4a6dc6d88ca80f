"""Expressions over one row of a table that the catalog keeps as text: what a generated column is computed from, what a
partial index is about.

    bound = generation_of(table, column)                        converted to the column's type
    bound = predicate_of(table, index)                          a condition; None where there is none
    refuse_beyond_row(node, GENERATION)                         where one is defined: subqueries, aggregates ...

They depend on nothing but the row (`is_immutable`, which whoever defines one sees to): what has been written by one
stays true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglast.stream import RawStream

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    UNDEFINED_PARAMETER,
    WINDOWING_ERROR,
    DatabaseError,
)
from actors.sql.binding.arbiters import unqualified_text
from actors.sql.binding.coercion import coerce_assignment, coerce_boolean
from actors.sql.binding.function_kinds import AGGREGATES, SETS, WINDOW_FUNCTIONS
from actors.sql.binding.nodes import any_call
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.stored_names import kept, numbers_in
from actors.sql.binding.targets import bind_row_expression, parse_expression
from actors.sql.binding.trees import has_subquery, parameters_in
from actors.sql.catalog.schema import Column, Index, Table
from actors.sql.expressions.tree import BOOL, Expression

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

GENERATION, PREDICATE = "column generation expression", "index predicate"
"""What an expression is, as errors say it."""


def kept_text(node: Any, table: str, catalog: Catalog | None, what: str) -> str:
    """An expression over the row of a table of that name, as the catalog keeps it. Raises 0A000 for one that casts to a
    domain: what a domain demands may change, and what was stored by it would not."""
    if catalog is not None and numbers_in(RawStream()(kept(node, catalog))):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"domains are not supported in {what}s")
    return unqualified_text(node, table)


def refuse_beyond_row(node: Any, what: str) -> None:
    """Raises 0A000, 42803, 42P20, 42P02 for what has no value in one row."""
    for number in parameters_in(node):
        raise DatabaseError(UNDEFINED_PARAMETER, f"there is no parameter ${number}")
    if has_subquery(node):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"cannot use subquery in {what}")
    refused = (
        (WINDOWING_ERROR, "window", lambda call: call.over is not None or call.funcname[-1].sval in WINDOW_FUNCTIONS),
        (GROUPING_ERROR, "aggregate", lambda call: call.funcname[-1].sval in AGGREGATES),
        (FEATURE_NOT_SUPPORTED, "set-returning", lambda call: call.funcname[-1].sval in SETS),
    )
    for sqlstate, kind, is_one in refused:
        if any_call(node, is_one):
            raise DatabaseError(sqlstate, f"{kind} functions are not allowed in {what}s")


def generation_of(table: Table, column: Column) -> Expression:
    """Raises 42703, 42804 and the like."""
    assert column.default is not None, "a generated column has its expression"
    parameters = ParameterTypes()
    bound = bind_row_expression(parse_expression(column.default), table, table.name, parameters, column.type)
    return coerce_assignment(bound, column.type, column.name, parameters)


def predicate_of(table: Table, index: Index) -> Expression | None:
    """A partial index's condition over the table's row; None: it has an entry of every row. Raises 42804, 42703."""
    if not index.predicate:
        return None
    parameters = ParameterTypes()
    bound = bind_row_expression(parse_expression(index.predicate), table, table.name, parameters, BOOL)
    return coerce_boolean(bound, "WHERE", parameters)
