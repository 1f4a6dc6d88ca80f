"""Errors of constraints, worded as PostgreSQL words them, with the same fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.common.errors import (
    CHECK_VIOLATION,
    FOREIGN_KEY_VIOLATION,
    NOT_NULL_VIOLATION,
    UNIQUE_VIOLATION,
    WITH_CHECK_OPTION_VIOLATION,
    DatabaseError,
)
from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.sql.catalog.schema import Check, Column, ForeignKey, Index, Table
from actors.sql.catalog.table_parts import part_text
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

SHOWN_CHARACTERS_MAX = 64
"""Of one value in `Failing row contains`, as in PostgreSQL."""


def _shown(type_: ColumnType, datum: Any) -> str:
    return "null" if datum is None else by_name[type_.name].format_text(datum, type_.modifier)


def _failing_row(table: Table, row: Sequence[Any]) -> str:
    texts = []
    for column in table.live_columns():
        text = _shown(column.type, row[column.position])
        texts.append(text[:SHOWN_CHARACTERS_MAX] + "..." if len(text) > SHOWN_CHARACTERS_MAX else text)
    return f"Failing row contains ({', '.join(texts)})."


def not_null(table: Table, column: Column, row: Sequence[Any]) -> DatabaseError:
    return DatabaseError(
        NOT_NULL_VIOLATION,
        f'null value in column "{column.name}" of relation "{table.name}" violates not-null constraint',
        detail=_failing_row(table, row),
        schema=table.schema,
        table=table.name,
        column=column.name,
    )


def check_failed(table: Table, check: Check, row: Sequence[Any]) -> DatabaseError:
    return DatabaseError(
        CHECK_VIOLATION,
        f'new row for relation "{table.name}" violates check constraint "{check.name}"',
        detail=_failing_row(table, row),
        schema=table.schema,
        table=table.name,
        constraint=check.name,
    )


def _key_text(table: Table, positions: Sequence[int], values: Sequence[Any]) -> str:
    columns = [table.columns[position] for position in positions]
    shown = ", ".join(_shown(column.type, value) for column, value in zip(columns, values, strict=True))
    return f"Key ({', '.join(column.name for column in columns)})=({shown})"


def not_present(child: Table, foreign_key: ForeignKey, parent: Table, values: Sequence[Any]) -> DatabaseError:
    """`values`: of the columns that refer."""
    detail = f'{_key_text(child, foreign_key.columns, values)} is not present in table "{parent.name}".'
    return _of_child(child, foreign_key, detail)


def mixed_nulls(child: Table, foreign_key: ForeignKey) -> DatabaseError:
    return _of_child(child, foreign_key, "MATCH FULL does not allow mixing of null and nonnull key values.")


def _of_child(child: Table, foreign_key: ForeignKey, detail: str) -> DatabaseError:
    message = f'insert or update on table "{child.name}" violates foreign key constraint "{foreign_key.name}"'
    return DatabaseError(
        FOREIGN_KEY_VIOLATION,
        message,
        detail=detail,
        schema=child.schema,
        table=child.name,
        constraint=foreign_key.name,
    )


def still_referenced(child: Table, foreign_key: ForeignKey, parent: Table, values: Sequence[Any]) -> DatabaseError:
    """`values`: of the columns referred to."""
    return DatabaseError(
        FOREIGN_KEY_VIOLATION,
        f'update or delete on table "{parent.name}" violates foreign key constraint "{foreign_key.name}" on '
        f'table "{child.name}"',
        detail=f'{_key_text(parent, foreign_key.referenced, values)} is still referenced from table "{child.name}".',
        schema=child.schema,
        table=child.name,
        constraint=foreign_key.name,
    )


def check_option_failed(table: Table, view: str, row: Sequence[Any]) -> DatabaseError:
    return DatabaseError(
        WITH_CHECK_OPTION_VIOLATION, f'new row violates check option for view "{view}"', detail=_failing_row(table, row)
    )


def duplicate(table: Table, index: Index, row: Sequence[Any]) -> DatabaseError:
    return DatabaseError(
        UNIQUE_VIOLATION,
        f'duplicate key value violates unique constraint "{index.name}"',
        detail=f"{index_key_text(table, index, row)} already exists.",
        schema=table.schema,
        table=table.name,
        constraint=index.name,
    )


def index_key_text(table: Table, index: Index, row: Sequence[Any]) -> str:
    """`Key (lower(email), n)=(x, 1)`, of a row in an index."""
    stored = StoredIndex(table, index)
    shown = ", ".join(map(_shown, stored.types, stored.key_datums(row)))
    return f"Key ({', '.join(part_text(table, part) for part in index.columns)})=({shown})"
