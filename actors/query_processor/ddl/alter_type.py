"""ALTER TABLE ... ALTER COLUMN ... TYPE t [USING expression], in open mode: every row is written anew.

    ALTER TABLE t ALTER COLUMN n TYPE text USING 'no. ' || n
    the rows of the primary index, in turns, with the column's new value, to an index with a new id; the secondary
    indexes are filled from these; the old indexes go

The column keeps its place, its default, and its constraints, which the new values have to pass. A string's limit that
grows, or goes, changes the descriptor alone.

Left out (0A000): columns of foreign keys, identity columns, and those that views read (as in PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.common.errors import (
    CHECK_VIOLATION,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    DatabaseError,
)
from actors.query_processor.ddl import backfill
from actors.query_processor.ddl.change import SchemaChange, quoted, replace
from actors.query_processor.ddl.columns import column_named
from actors.query_processor.ddl.constraints import mentioned_columns, parsed_check, refuse_unkeyed
from actors.query_processor.ddl.generation import computed_from
from actors.query_processor.ddl.indexes import check_computed
from actors.query_processor.ddl.tables import validate_expressions, with_fresh_keyspaces
from actors.sql.binding.coercion import coerce, coerce_assignment
from actors.sql.binding.domains import declared_type, in_domain
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.stored_expressions import key_part
from actors.sql.binding.targets import bind_row_expression
from actors.sql.binding.trees import has_subquery
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.privileges import USAGE, require
from actors.sql.catalog.schema import BUILDING, Column, Table
from actors.sql.expressions.casts import ASSIGNMENT
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.expressions.tree import Expression, calls_sequences
from actors.sql.parser import parse_expression
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

_STRINGS = frozenset({"text", "varchar"})


async def alter_type(change: SchemaChange, table: Table, command: Any) -> Table:
    """Raises 42804, 42703, 23502, 23505, 23514, 0A000, and what the conversion of a value raises."""
    if not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported ALTER TABLE AlterColumnType statement")
    column = column_named(table, command.name)
    definition = command.def_
    wanted, domain = declared_type(definition.typeName, change.catalog)
    if domain is not None:
        require(change.catalog, change.role, domain, USAGE)
        change.depend_on([domain.id])
    _refuse(change, table, column, definition.raw_default is not None)
    if any(column.position in {part.position for part in index.columns} for index in (table.primary, *table.indexes)):
        refuse_unkeyed([wanted])
    columns = list(table.columns)
    columns[column.position] = replace(column, type=wanted, domain=domain.id if domain is not None else 0)
    after = replace(table, columns=tuple(columns))
    for part in (part for index in after.indexes for part in index.columns if part.expression):
        check_computed(key_part(after, part))
    is_plain = definition.raw_default is None and domain is None and not column.generated
    if is_plain and _only_grows(column.type, wanted):
        change.replace_table(table, after)
        return after
    convert = _converter(change, table, column, wanted, definition.raw_default, domain)
    after = with_fresh_keyspaces(after)
    change.replace_table(table, after)
    await _check_default(change, after, after.columns[column.position])
    await backfill.convert_rows(change, table, after, column.position, convert)
    for check in after.checks:
        if column.name in mentioned_columns(parsed_check(check)):
            offended = f"SELECT 1 FROM {quoted(after.schema, after.name)} WHERE NOT ({check.expression}) LIMIT 1"
            if await change.query(offended):
                message = f'check constraint "{check.name}" of relation "{table.name}" is violated by some row'
                raise DatabaseError(CHECK_VIOLATION, message)
    return after


def _refuse(change: SchemaChange, table: Table, column: Column, has_using: bool) -> None:
    """Raises 0A000, 55000, 42611."""
    if column.generated and has_using:
        raise DatabaseError(
            INVALID_COLUMN_DEFINITION,
            "cannot specify USING when altering type of generated column",
            detail=f'Column "{column.name}" is a generated column.',
        )
    for one in computed_from(table, column):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "cannot alter type of a column used by a generated column",
            detail=f'Column "{column.name}" is used by generated column "{one.name}".',
        )
    if column.identity:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "identity columns cannot change their type")
    for view in change.catalog.views():
        if any(source.id == table.id and column.position in source.used for source in view.sources):
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a view or rule",
                detail=f'rule _RETURN on view {quote_ident(view.name)} depends on column "{column.name}"',
            )
    children = [change.catalog.table_by_id(number) for number in table.referenced_by]
    referenced = [one for child in children if child is not None for one in child.foreign_keys if one.table == table.id]
    if any(column.position in one.columns for one in table.foreign_keys) or any(
        column.position in one.referenced for one in referenced
    ):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "columns of foreign keys cannot change their type")
    if any(index.state == BUILDING for index in table.indexes):
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'an index of relation "{table.name}" is being built')


def _only_grows(before: ColumnType, after: ColumnType) -> bool:
    """Every value is the same in the other type."""
    if before.name == after.name and after.modifier == -1 and before.name in ("numeric", "varchar"):
        return True
    return {before.name, after.name} <= _STRINGS and (
        after.modifier == -1 or (before.modifier != -1 and after.modifier >= before.modifier)
    )


def _converter(
    change: SchemaChange, table: Table, column: Column, wanted: ColumnType, using: Any, domain: Domain | None
) -> Callable[[list[Any]], Any]:
    """A row -> the column's new value. Raises 42804 where the types do not convert, 0A000 for nextval and its kin."""
    parameters = ParameterTypes((), change.catalog)
    shown = format_type(wanted)
    value: Expression = ColumnNode(column.position, column.type)
    if using is not None:
        if has_subquery(using):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "cannot use subquery in transform expression")
        value = bind_row_expression(using, table, table.name, parameters, wanted)
    elif column.generated and column.default is not None:
        value = bind_row_expression(parse_expression(column.default), table, table.name, parameters, wanted)
    if coerce(value, wanted, parameters, ASSIGNMENT) is None:
        message = f'column "{column.name}" cannot be cast automatically to type {shown}'
        hint = f'You might need to specify "USING {quote_ident(column.name)}::{shown}".'
        if using is not None:
            message = f'result of USING clause for column "{column.name}" cannot be cast automatically to type {shown}'
            hint = "You might need to add an explicit cast."
        elif column.generated:
            hint = ""
        raise DatabaseError(DATATYPE_MISMATCH, message, hint=hint)
    value = coerce_assignment(value, wanted, column.name, parameters)
    value = value if domain is None else in_domain(value, domain, change.catalog)
    if calls_sequences(value):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "nextval() and its like are not supported in USING")
    compiled, environment = compile_expression(value), change.transaction.environment
    return lambda row: compiled(row, (), environment)


async def _check_default(change: SchemaChange, table: Table, column: Column) -> None:
    """Raises 42804 where the default is of no type that the column's new one takes."""
    if column.default is None or column.generated:
        return
    try:
        await validate_expressions(change, replace(table, columns=(column,), checks=()))
    except DatabaseError as error:
        if error.sqlstate != DATATYPE_MISMATCH:
            raise
        message = f'default for column "{column.name}" cannot be cast automatically to type {format_type(column.type)}'
        raise DatabaseError(DATATYPE_MISMATCH, message) from None
