"""Expressions over one row of a table that the catalog keeps as text: what a generated column is computed from, what a
partial index is about, what index keys are made of, what a CHECK demands. A DEFAULT has not even the row.

    bound = generation_of(table, column)                        converted to the column's type
    bound = predicate_of(table, index)                          a condition; None where there is none
    part = key_part(table, index.columns[0])                    a Column, or what is computed in its place
    refuse_beyond_row(node, GENERATION)                         where one is defined: subqueries, aggregates ...

They depend on nothing but the row (`is_immutable`, which whoever defines one sees to): what has been written by one
stays true.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pglast import ast
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
from actors.sql.binding.sql_functions import candidates
from actors.sql.binding.stored_names import kept, numbers_in
from actors.sql.binding.targets import bind_row_expression
from actors.sql.binding.trees import has_node, has_subquery, parameters_in
from actors.sql.catalog.schema import Column, Index, IndexColumn, Table
from actors.sql.expressions.registry import find
from actors.sql.expressions.tree import BOOL, Expression, columns_of
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.parser import parse_expression

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

GENERATION, INDEX, PREDICATE = "column generation expression", "index expression", "index predicate"
CHECK, DEFAULT = "check constraint", "DEFAULT expression"
"""What an expression is, as errors say it."""


def kept_text(node: Any, table: str, catalog: Catalog | None, what: str) -> str:
    """An expression over the row of a table of that name, as the catalog keeps it. Raises 0A000 for one that casts to a
    domain or calls a SQL function: these may change, and what was stored by them would not."""
    if catalog is not None and numbers_in(RawStream()(kept(node, catalog))):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"domains are not supported in {what}s")
    if catalog is not None and catalog.has_functions and any_call(node, partial(_is_own, catalog)):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"SQL functions are not supported in {what}s")
    return unqualified_text(node, table)


def _is_own(catalog: Catalog, call: Any) -> bool:
    """Whether it is a SQL function's, and no function of the system has the name."""
    return bool(candidates(catalog, call.funcname)) and not find(call.funcname[-1].sval)


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


def refuse_beyond_values(node: Any) -> None:
    """Raises the same, and 0A000 for columns, of what a DEFAULT is."""
    if has_node(ast.ColumnRef, node):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"cannot use column reference in {DEFAULT}")
    refuse_beyond_row(node, DEFAULT)


def generation_of(table: Table, column: Column) -> Expression:
    """Raises 42703, 42804 and the like."""
    assert column.default is not None, "a generated column has its expression"
    parameters = ParameterTypes()
    bound = bind_row_expression(parse_expression(column.default), table, table.name, parameters, column.type)
    return coerce_assignment(bound, column.type, column.name, parameters)


def key_part(table: Table, part: IndexColumn) -> Expression:
    """What an index's key is made of at one place, over the table's row. Raises 42703, 42883 and the like."""
    if not part.expression:
        return ColumnNode(part.position, table.columns[part.position].type)
    return bind_row_expression(parse_expression(part.expression), table, table.name, ParameterTypes())


def read_by_key(table: Table, index: Index) -> set[int]:
    """Positions of the columns that its key is made of."""
    return {position for part in index.columns for position in columns_of(key_part(table, part))}


def predicate_of(table: Table, index: Index) -> Expression | None:
    """A partial index's condition over the table's row; None: it has an entry of every row. Raises 42804, 42703."""
    if not index.predicate:
        return None
    parameters = ParameterTypes()
    bound = bind_row_expression(parse_expression(index.predicate), table, table.name, parameters, BOOL)
    return coerce_boolean(bound, "WHERE", parameters)
