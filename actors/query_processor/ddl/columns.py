"""ALTER TABLE's commands about columns that take them away, and about what they are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pglast.enums import DropBehavior

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, DatabaseError
from actors.query_processor.ddl import foreign_keys, sequences
from actors.query_processor.ddl.change import SchemaChange, quoted, replace
from actors.query_processor.ddl.constraints import mentioned_columns, parsed_check
from actors.query_processor.ddl.dependencies import Dependent, clear, dependents_of_table, described
from actors.query_processor.ddl.generation import computed_from, with_expression, without_expression
from actors.query_processor.ddl.indexes import remove_index
from actors.query_processor.ddl.tables import validate_expressions
from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.sql.binding.stored_expressions import GENERATION, kept_text
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.text_functions import quote_ident


def column_named(table: Table, name: str) -> Column:
    """Raises 42703."""
    for column in table.live_columns():
        if column.name == name:
            return column
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" of relation "{table.name}" does not exist')


def with_column(table: Table, column: Column) -> Table:
    columns = list(table.columns)
    columns[column.position] = column
    return replace(table, columns=tuple(columns))


# -- DROP COLUMN -------------------------------------------------------------------------------------------------------


async def drop_named_column(change: SchemaChange, table: Table, command: Any) -> Table:
    """DROP COLUMN. Raises 42703, 0A000, 2BP01."""
    if command.missing_ok and all(column.name != command.name for column in table.live_columns()):
        change.notice("00000", f'column "{command.name}" of relation "{table.name}" does not exist, skipping')
        return table
    return drop_column(change, table, column_named(table, command.name), command.behavior)


def drop_column(change: SchemaChange, table: Table, column: Column, behavior: DropBehavior) -> Table:
    """Raises 0A000, 2BP01."""
    clear(change, [_described(change, table, column)], _dependents(change, table, column), behavior)
    present = change.catalog.table_by_id(table.id)
    return _without_column(change, table if present is None else present, column)


def _described(change: SchemaChange, table: Table, column: Column) -> str:
    return f"column {quote_ident(column.name)} of {described(change.catalog, table)}"


def _dependents(change: SchemaChange, table: Table, column: Column) -> Iterator[Dependent]:
    """Columns that are computed from it, each with what depends on that, and what is not the table's own."""
    for one in computed_from(table, column):
        what = _described(change, table, one)
        gone = partial(_drop_computed, table=table.id, position=one.position)
        yield Dependent(("column", table.id, one.name), what, _described(change, table, column), gone)
    for one in (column, *computed_from(table, column)):
        yield from dependents_of_table(change.catalog, table, one.position)


def _drop_computed(change: SchemaChange, table: int, position: int) -> None:
    present = change.catalog.table_by_id(table)
    if present is not None and not present.columns[position].dropped:
        _without_column(change, present, present.columns[position])


def _without_column(change: SchemaChange, table: Table, column: Column) -> Table:
    """The table without it, and without what of the table is about it. Raises 0A000."""
    if any(part.position == column.position for part in table.primary.columns):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "columns of the primary key cannot be dropped")
    for foreign_key in table.foreign_keys:
        if column.position in (
            *foreign_key.columns,
            *(foreign_key.referenced if foreign_key.table == table.id else ()),
        ):
            table = foreign_keys.without(change, table, foreign_key)
    for index in table.indexes:
        if column.position in index.included or column.position in StoredIndex(table, index).watched:
            table = remove_index(change, table, index)
    name = f"........pg.dropped.{column.position + 1}........"
    gone = replace(column, name=name, not_null=False, default=None, dropped=True, domain=0, generated="")
    checks = tuple(check for check in table.checks if column.name not in mentioned_columns(parsed_check(check)))
    acls = tuple((place, acl) for place, acl in table.column_acls if place != column.position)
    after = replace(with_column(table, gone), column_acls=acls, checks=checks)
    change.replace_table(table, after)
    for sequence in sequences.owned(change, table, column.position):
        change.drop_other(sequence)
    return after


# -- DROP EXPRESSION, SET EXPRESSION -----------------------------------------------------------------------------------


async def drop_expression(change: SchemaChange, table: Table, command: Any) -> Table:
    """Raises 42703, 55000."""
    column = column_named(table, command.name)
    after = with_column(table, without_expression(change, table, column, bool(command.missing_ok)))
    change.replace_table(table, after)
    return after


async def set_expression(change: SchemaChange, table: Table, command: Any) -> Table:
    """Every row is computed anew. Raises 42703, 55000, 42P17, 23502, 23514, 23505, and what the expression raises."""
    column = column_named(table, command.name)
    after = with_column(
        table, with_expression(change, table, column, kept_text(command.def_, table.name, change.catalog, GENERATION))
    )
    change.replace_table(table, after)
    await validate_expressions(change, after, table)
    await compute(change, after, column)
    return after


async def compute(change: SchemaChange, table: Table, column: Column) -> None:
    """A column's default, or what it is computed from, for the rows that are there."""
    change.alone_with(table)
    await change.query(f"UPDATE {quoted(table.schema, table.name)} SET {quoted(column.name)} = DEFAULT")
