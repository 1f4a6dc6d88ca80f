"""RENAME of tables, views, columns, indexes and constraints, and SET SCHEMA."""

from __future__ import annotations

from typing import Any

from pglast.enums import ObjectType
from pglast.visitors import Visitor

from actors.common.errors import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import domains, functions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import sql_text
from actors.query_processor.ddl.roles import rename_role
from actors.query_processor.ddl.views import renamed_column
from actors.sql.catalog.schema import Column, Comment, Other, Table, View
from actors.sql.catalog.snapshot import MY_TEMPORARY
from actors.sql.parser import parse_expression

_KINDS = {
    ObjectType.OBJECT_TABLE: "TABLE",
    ObjectType.OBJECT_INDEX: "INDEX",
    ObjectType.OBJECT_VIEW: "VIEW",
    ObjectType.OBJECT_SEQUENCE: "SEQUENCE",
    ObjectType.OBJECT_COLUMN: "TABLE",
    ObjectType.OBJECT_TABCONSTRAINT: "TABLE",
}


async def rename(change: SchemaChange, node: Any) -> str:
    """Raises as PostgreSQL does; 0A000 for kinds of objects that there are none of."""
    kind = node.renameType
    relation = node.relation
    if kind == ObjectType.OBJECT_ROLE:
        return await rename_role(change, node.subname, node.newname)
    if kind in (ObjectType.OBJECT_DOMAIN, ObjectType.OBJECT_TYPE):
        return domains.rename_domain(change, node)
    if kind in (ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_ROUTINE):
        return functions.rename_function(change, node)
    if kind == ObjectType.OBJECT_DOMCONSTRAINT:
        return domains.rename_constraint(change, node)
    if kind not in _KINDS:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"unsupported statement: ALTER {kind.name.removeprefix('OBJECT_')} RENAME"
        )
    tag = f"ALTER {_KINDS[kind]}"
    found = change.catalog.find(relation.schemaname, relation.relname)
    other = change.catalog.find_other(relation.schemaname, relation.relname)
    if other is not None:
        change.require_owner(other)
        change.require_create(other.schema)
        return _rename_other(change, other, node)
    if found is None:
        return _missing(change, relation, node.missing_ok, tag)
    table, index = found
    _check_kind(relation.relname, kind, ObjectType.OBJECT_TABLE if index is None else ObjectType.OBJECT_INDEX)
    change.require_owner(table, *(() if index is None else ("index", index.name)))
    if kind == ObjectType.OBJECT_COLUMN:
        after = _renamed_column(table, node.subname, node.newname)
    elif kind == ObjectType.OBJECT_TABCONSTRAINT:
        after = _renamed_constraint(table, node.subname, node.newname)
    else:
        change.require_create(table.schema)
        change.require_free(table.schema, node.newname)
        after = replace(table, name=node.newname) if index is None else _renamed_index(table, index.oid, node.newname)
    change.replace_table(table, after)
    return tag


def _missing(change: SchemaChange, relation: Any, missing_ok: bool, tag: str) -> str:
    """Raises 42P01."""
    if not missing_ok:
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{relation.relname}" does not exist')
    change.notice("00000", f'relation "{relation.relname}" does not exist, skipping')
    return tag


def _check_kind(name: str, named: ObjectType, is_: ObjectType) -> None:
    """ALTER TABLE names relations of every kind, the others their own alone. Raises 42809."""
    if named in (ObjectType.OBJECT_VIEW, ObjectType.OBJECT_SEQUENCE) and named != is_:
        article = "a view" if named == ObjectType.OBJECT_VIEW else "a sequence"
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{name}" is not {article}')


def _rename_other(change: SchemaChange, other: Other, node: Any) -> str:
    kind = node.renameType
    is_ = ObjectType.OBJECT_VIEW if isinstance(other, View) else ObjectType.OBJECT_SEQUENCE
    _check_kind(other.name, node.relationType if kind == ObjectType.OBJECT_COLUMN else kind, is_)
    if kind == ObjectType.OBJECT_COLUMN:
        if not isinstance(other, View):
            raise DatabaseError(WRONG_OBJECT_TYPE, f'cannot rename columns of relation "{other.name}"')
        change.replace_other(other, renamed_column(other, node.subname, node.newname))
        return f"ALTER {_KINDS.get(node.relationType, 'TABLE')}"
    if kind in (ObjectType.OBJECT_TABCONSTRAINT, ObjectType.OBJECT_INDEX):
        raise DatabaseError(
            WRONG_OBJECT_TYPE, f'"{other.name}" is not {"an index" if kind == ObjectType.OBJECT_INDEX else "a table"}'
        )
    change.require_free(other.schema, node.newname)
    change.replace_other(other, replace(other, name=node.newname))
    return f"ALTER {_KINDS[kind]}"


def _renamed_index(table: Table, oid: int, name: str) -> Table:
    if table.primary.oid == oid:
        return replace(table, primary=replace(table.primary, name=name))
    return replace(
        table, indexes=tuple(replace(index, name=name) if index.oid == oid else index for index in table.indexes)
    )


def _renamed_constraint(table: Table, old: str, new: str) -> Table:
    for index in (table.primary, *table.indexes):
        if index.name == old and index.constraint:
            return _renamed_index(table, index.oid, new)
    if any(foreign_key.name == old for foreign_key in table.foreign_keys):
        renamed = tuple(replace(one, name=new) if one.name == old else one for one in table.foreign_keys)
        return replace(table, foreign_keys=renamed, comments=_renamed_comments(table, old, new))
    if all(check.name != old for check in table.checks):
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{old}" for table "{table.name}" does not exist')
    checks = tuple(replace(check, name=new) if check.name == old else check for check in table.checks)
    return replace(table, checks=checks, comments=_renamed_comments(table, old, new))


def _renamed_comments(table: Table, old: str, new: str) -> tuple[Comment, ...]:
    return tuple(replace(comment, name=new) if comment.name == old else comment for comment in table.comments)


class _RenameColumn(Visitor):
    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self._old, self._new = old, new

    def visit_ColumnRef(self, ancestors: Any, node: Any) -> None:
        last = node.fields[-1]
        if getattr(last, "sval", None) == self._old:
            last.sval = self._new


def _with_new_name(expression: str, old: str, new: str) -> str:
    """SQL text over a table's row, one of whose columns has another name."""
    tree = parse_expression(expression)
    _RenameColumn(old, new)(tree)
    return sql_text(tree)


def _column(table: Table, name: str) -> Column:
    """Raises 42703."""
    for column in table.live_columns():
        if column.name == name:
            return column
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" does not exist')


def _renamed_column(table: Table, old: str, new: str) -> Table:
    column = _column(table, old)
    if any(other.name == new for other in table.live_columns()):
        raise DatabaseError(DUPLICATE_COLUMN, f'column "{new}" of relation "{table.name}" already exists')
    columns = [replace(other, name=new) if other == column else other for other in table.columns]
    columns = [
        replace(other, default=_with_new_name(other.default, old, new)) if other.generated and other.default else other
        for other in columns
    ]
    checks = []
    for check in table.checks:
        checks.append(replace(check, expression=_with_new_name(check.expression, old, new)))
    indexes = []
    for index in table.indexes:
        if index.predicate:
            index = replace(index, predicate=_with_new_name(index.predicate, old, new))
        parts = [
            replace(part, expression=_with_new_name(part.expression, old, new)) if part.expression else part
            for part in index.columns
        ]
        index = replace(index, columns=tuple(parts))
        indexes.append(index)
    return replace(table, columns=tuple(columns), checks=tuple(checks), indexes=tuple(indexes))


async def set_schema(change: SchemaChange, node: Any) -> str:
    """SET SCHEMA of a table, a view or a sequence."""
    kind = node.objectType
    if kind in (ObjectType.OBJECT_DOMAIN, ObjectType.OBJECT_TYPE):
        return domains.set_schema(change, node)
    if kind in (ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_ROUTINE):
        return functions.set_schema(change, node)
    if kind not in (ObjectType.OBJECT_TABLE, ObjectType.OBJECT_VIEW, ObjectType.OBJECT_SEQUENCE):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: SET SCHEMA")
    relation = node.relation
    tag = f"ALTER {_KINDS[kind]}"
    other = change.catalog.find_other(relation.schemaname, relation.relname)
    if other is not None:
        _check_kind(other.name, kind, ObjectType.OBJECT_VIEW if isinstance(other, View) else ObjectType.OBJECT_SEQUENCE)
        change.require_owner(other)
        schema = change.place(node.newschema)
        if schema != other.schema:
            change.replace_other(other, replace(other, schema=schema))
        return tag
    if change.catalog.find(relation.schemaname, relation.relname) is None:
        return _missing(change, relation, node.missing_ok, tag)
    _check_kind(relation.relname, kind, ObjectType.OBJECT_TABLE)
    table = change.table(relation)
    if table.temporary or node.newschema in (MY_TEMPORARY, change.catalog.temporary):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas")
    schema = change.place(node.newschema)
    if schema != table.schema:
        change.replace_table(table, replace(table, schema=schema))
    return tag
