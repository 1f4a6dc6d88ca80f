"""Generated columns: GENERATED ALWAYS AS (expression) STORED where it is defined, changed and given up.

The descriptor keeps the expression as SQL text in the place of a default (`Column.generated`), and whoever writes a row
computes it (row_executor/generated.py). It reads the row alone, and no other generated column, so a value that has been
stored is right until the row is written again.

Left out (0A000): VIRTUAL ones, which are computed when they are read. In dsql mode they come with CREATE TABLE alone:
ADD COLUMN takes no constraints there, and SET EXPRESSION would write every row anew.
"""

from __future__ import annotations

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import mentioned_columns
from actors.sql.binding.stored_expressions import GENERATION, generation_of, refuse_beyond_row
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.tree import is_immutable
from actors.sql.parser import parse_expression


def check_generation(table: Table, column: Column) -> None:
    """Raises as PostgreSQL does for what a generated column cannot be computed from: 42P17, 0A000, 42803, 42P20, 42703,
    42804."""
    assert column.default is not None, "a generated column has its expression"
    node = parse_expression(column.default)
    refuse_beyond_row(node, GENERATION)
    names = mentioned_columns(node)
    by_name = {one.name: one for one in table.live_columns()}
    for name in names:
        if name in by_name and by_name[name].generated:
            raise DatabaseError(
                INVALID_OBJECT_DEFINITION,
                f'cannot use generated column "{name}" in column generation expression',
                detail="A generated column cannot reference another generated column.",
            )
        if name == table.name and name not in by_name:
            raise DatabaseError(
                INVALID_OBJECT_DEFINITION,
                "cannot use whole-row variable in column generation expression",
                detail="This would cause the generated column to depend on its own value.",
            )
    try:
        bound = generation_of(table, column)
    except DatabaseError as error:
        if error.sqlstate == DATATYPE_MISMATCH:
            error.message = error.message.replace(" but expression is ", " but default expression is ")
        raise
    if not is_immutable(bound):
        raise DatabaseError(INVALID_OBJECT_DEFINITION, "generation expression is not immutable")


def computed_from(table: Table, column: Column) -> list[Column]:
    """The generated columns whose expressions read a column."""
    return [
        one
        for one in table.live_columns()
        if one.generated and one.default is not None and column.name in mentioned_columns(parse_expression(one.default))
    ]


def refuse_default(table: Table, column: Column, is_given: bool) -> None:
    """SET DEFAULT, DROP DEFAULT. Raises 42601."""
    if column.generated:
        raise DatabaseError(
            SYNTAX_ERROR,
            f'column "{column.name}" of relation "{table.name}" is a generated column',
            hint=f"Use ALTER TABLE ... ALTER COLUMN ... {'SET' if is_given else 'DROP'} EXPRESSION instead.",
        )


def _not_generated(table: Table, column: Column) -> str:
    return f'column "{column.name}" of relation "{table.name}" is not a generated column'


def without_expression(change: SchemaChange, table: Table, column: Column, missing_ok: bool) -> Column:
    """DROP EXPRESSION: its values stay. Raises 55000."""
    if column.generated:
        return replace(column, generated="", default=None)
    if not missing_ok:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, _not_generated(table, column))
    change.notice("00000", f"{_not_generated(table, column)}, skipping")
    return column


def with_expression(change: SchemaChange, table: Table, column: Column, text: str) -> Column:
    """SET EXPRESSION. Raises 55000, and 0A000 in dsql mode."""
    if not change.limits.mixed_ddl:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported ALTER TABLE SET EXPRESSION statement")
    if not column.generated:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, _not_generated(table, column))
    return replace(column, default=text)
