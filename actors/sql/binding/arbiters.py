"""ON CONFLICT's arbiters: the unique indexes whose conflicts it is about."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pglast import ast
from pglast.stream import RawStream
from pglast.visitors import Visitor

from actors.common.errors import INVALID_COLUMN_REFERENCE, UNDEFINED_COLUMN, UNDEFINED_OBJECT, DatabaseError
from actors.sql.catalog.schema import Index, Table


def _unique_indexes(table: Table) -> list[Index]:
    """The hidden primary key of a table without one is none of them."""
    return [index for index in (table.primary, *table.indexes) if index.columns and (index.unique or index.primary)]


def find_arbiters(table: Table, infer: Any) -> tuple[Index, ...]:
    """The unique indexes whose conflicts the clause is about. Raises 42704, 42703, 42P10."""
    indexes = _unique_indexes(table)
    if infer is None:
        return tuple(indexes)
    if infer.conname:
        for index in indexes:
            if index.constraint and index.name == infer.conname and not index.state:
                return (index,)
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{infer.conname}" for table "{table.name}" does not exist')
    keys = {_key(table, element) for element in infer.indexElems}
    condition = None if infer.whereClause is None else unqualified_text(infer.whereClause)
    found = [
        index
        for index in indexes
        if {column.expression or column.position for column in index.columns} == keys
        and not index.state
        and index.predicate in ("", condition)
    ]
    if not found:
        raise _no_arbiter()
    return tuple(found)


def _key(table: Table, element: Any) -> int | str:
    """A column's position, or an expression as an index keeps it. Raises 42703."""
    name, node = element.name, element.expr
    if not name and isinstance(node, ast.ColumnRef):
        name = node.fields[-1].sval
    if not name:
        return unqualified_text(node)
    column = next((column for column in table.live_columns() if column.name == name), None)
    if column is None:
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" does not exist')
    return column.position


class _Unqualified(Visitor):
    def __init__(self, table: str | None) -> None:
        super().__init__()
        self._table = table

    def visit_ColumnRef(self, ancestors: Any, node: Any) -> None:
        if self._table is None or (len(node.fields) > 1 and node.fields[-2].sval == self._table):
            node.fields = node.fields[-1:]


def unqualified_text(expression: Any, table: str | None = None) -> str:
    """An expression over one table's columns, each without its table (None: whatever that is called): as the catalog
    keeps it, since the table may get another name."""
    tree = deepcopy(expression)
    _Unqualified(table)(tree)
    return str(RawStream()(tree))


def _no_arbiter() -> DatabaseError:
    return DatabaseError(
        INVALID_COLUMN_REFERENCE, "there is no unique or exclusion constraint matching the ON CONFLICT specification"
    )
