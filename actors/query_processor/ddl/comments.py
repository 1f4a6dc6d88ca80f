"""COMMENT ON tables, columns, indexes, constraints, schemas, domains and functions: kept with the object, and gone with
it."""

from __future__ import annotations

from typing import Any

from pglast.enums import ObjectType

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import domains, functions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.sql.catalog.schema import Comment, Index, Sequence, Table, View
from actors.sql.catalog.snapshot import Catalog


async def comment(change: SchemaChange, node: Any) -> str:
    """Raises 42P01, 42703, 42704, 42809 as PostgreSQL does, 0A000 for kinds of objects that there are none of."""
    text = node.comment or None
    if node.objtype == ObjectType.OBJECT_SCHEMA:
        schema = change.catalog.schema(node.object.sval)
        change.require_owner(schema)
        change.put_schema(replace(schema, comment=text))
        return "COMMENT"
    if node.objtype in (ObjectType.OBJECT_DOMAIN, ObjectType.OBJECT_TYPE, ObjectType.OBJECT_DOMCONSTRAINT):
        domains.comment(change, node)
        return "COMMENT"
    if node.objtype in (ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_ROUTINE):
        functions.comment(change, node)
        return "COMMENT"
    if _comment_on_other(change, node, text):
        return "COMMENT"
    place = _PLACES.get(node.objtype)
    if place is None:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"unsupported statement: COMMENT ON {node.objtype.name.removeprefix('OBJECT_')}"
        )
    table, kind, number, name = place(change.catalog, [part.sval for part in node.object])
    change.require_owner(table, *(("index", node.object[-1].sval) if kind == "index" else ()))
    others = tuple(other for other in table.comments if (other.kind, other.number, other.name) != (kind, number, name))
    added = () if text is None else (Comment(kind, number, name, text),)
    change.replace_table(table, replace(table, comments=(*others, *added)))
    return "COMMENT"


def _comment_on_other(change: SchemaChange, node: Any, text: str | None) -> bool:
    """A view's, one of its columns', or a sequence's; False where the object is another. Raises 42809, 42703."""
    kind = node.objtype
    if kind not in (ObjectType.OBJECT_VIEW, ObjectType.OBJECT_SEQUENCE, ObjectType.OBJECT_COLUMN):
        return False
    names = [part.sval for part in node.object]
    relation = names[:-1] if kind == ObjectType.OBJECT_COLUMN else names
    other = change.catalog.find_other(relation[-2] if len(relation) > 1 else None, relation[-1]) if relation else None
    wanted = Sequence if kind == ObjectType.OBJECT_SEQUENCE else View
    if not isinstance(other, wanted):
        if kind == ObjectType.OBJECT_COLUMN:
            return False
        found = (
            other is not None
            or change.catalog.find(relation[-2] if len(relation) > 1 else None, relation[-1]) is not None
        )
        if not found:
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{".".join(names)}" does not exist')
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{names[-1]}" is not a {"view" if wanted is View else "sequence"}')
    if isinstance(other, Sequence):
        change.replace_other(other, replace(other, comment=text))
        return True
    where, number = "table", 0
    if kind == ObjectType.OBJECT_COLUMN:
        place = next((place for place, column in enumerate(other.columns) if column.name == names[-1]), None)
        if place is None:
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[-1]}" of relation "{other.name}" does not exist')
        where, number = "column", place
    kept = tuple(one for one in other.comments if (one.kind, one.number) != (where, number))
    added = () if text is None else (Comment(where, number, "", text),)
    change.replace_other(other, replace(other, comments=(*kept, *added)))
    return True


_Place = tuple[Table, str, int, str]
"""The table that keeps the comment, and the comment's kind, number and name."""


def _relation(catalog: Catalog, names: list[str]) -> tuple[Table, Index | None]:
    """Raises 42P01."""
    found = catalog.find(names[-2] if len(names) > 1 else None, names[-1])
    if found is None:
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{".".join(names)}" does not exist')
    return found


def _owner(catalog: Catalog, names: list[str]) -> Table:
    """Raises 42P01, 42809."""
    table, index = _relation(catalog, names)
    if index is not None:
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{names[-1]}" is not a table')
    return table


def _table(catalog: Catalog, names: list[str]) -> _Place:
    return _owner(catalog, names), "table", 0, ""


def _column(catalog: Catalog, names: list[str]) -> _Place:
    table = _owner(catalog, names[:-1])
    for column in table.live_columns():
        if column.name == names[-1]:
            return table, "column", column.position, ""
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[-1]}" of relation "{table.name}" does not exist')


def _index(catalog: Catalog, names: list[str]) -> _Place:
    table, index = _relation(catalog, names)
    if index is None:
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{names[-1]}" is not an index')
    return table, "index", index.oid, ""


def _constraint(catalog: Catalog, names: list[str]) -> _Place:
    table = _owner(catalog, names[:-1])
    for index in Catalog.all_indexes(table):
        if index.name == names[-1] and (index.primary or index.constraint):
            return table, "constraint", index.oid, ""
    named = {check.name for check in table.checks} | {foreign_key.name for foreign_key in table.foreign_keys}
    if names[-1] not in named:
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{names[-1]}" for table "{table.name}" does not exist')
    return table, "constraint", 0, names[-1]


_PLACES = {
    ObjectType.OBJECT_TABLE: _table,
    ObjectType.OBJECT_COLUMN: _column,
    ObjectType.OBJECT_INDEX: _index,
    ObjectType.OBJECT_TABCONSTRAINT: _constraint,
}
