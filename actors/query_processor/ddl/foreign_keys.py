"""Foreign keys as they are defined, checked against the rows that are there, and dropped. What they do to statements is
session/foreign_keys.py's business.

Both tables' descriptors say that there is one: the table that refers has the foreign key, the other one is
`referenced_by` it. So a statement that was planned before is planned again, and a transaction that deletes what is
referred to by then is refused at COMMIT (OC001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_FOREIGN_KEY,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.referring import are_comparable
from actors.sql.catalog.privileges import REFERENCES, require
from actors.sql.catalog.schema import ForeignKey, Index, Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.ddl.change import SchemaChange


@dataclass
class ForeignClause:
    """A FOREIGN KEY or REFERENCES clause: the parser's node, and the columns that refer."""

    node: Any
    columns: list[str]
    deferrable: bool = False
    deferred: bool = False


def clause_of(node: Any, columns: list[str]) -> ForeignClause:
    return ForeignClause(node, columns, bool(node.deferrable), bool(node.initdeferred))


def make(change: SchemaChange, table: Table, clause: ForeignClause, oid: int) -> Table:
    """`table` with one more foreign key. Raises 42P01, 42809, 42703, 42704, 42830, 42804, 42710, 42601."""
    node = clause.node
    own = _positions(table, clause.columns)
    parent = _parent(change, table, node.pktable)
    if table.temporary:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "foreign keys of temporary tables are not supported")
    if parent.temporary:
        message = "constraints on permanent tables may reference only permanent tables"
        raise DatabaseError(INVALID_TABLE_DEFINITION, message)
    index = _index(parent, [name.sval for name in node.pk_attrs or ()])
    referenced = [name.sval for name in node.pk_attrs or ()] or [
        parent.columns[part.position].name for part in index.columns
    ]
    if len(referenced) != len(own):
        raise DatabaseError(
            INVALID_FOREIGN_KEY, "number of referencing and referenced columns for foreign key disagree"
        )
    places = _positions(parent, referenced)
    name = node.conname or change.free_name(
        table.schema, table.name, *clause.columns, suffix="fkey", taken=constraint_names(table)
    )
    if name in constraint_names(table):
        raise DatabaseError("42710", f'constraint "{name}" for relation "{table.name}" already exists')
    for child_place, parent_place in zip(own, places, strict=True):
        _check_types(table, parent, name, child_place, parent_place)
    foreign_key = ForeignKey(
        oid,
        name,
        own,
        parent.id,
        places,
        index.oid,
        node.fk_matchtype,
        node.fk_upd_action,
        node.fk_del_action,
        _delete_columns(table, own, node),
        clause.deferrable,
        clause.deferred,
        not node.skip_validation,
    )
    _refuse_actions(table, foreign_key)
    return replace(table, foreign_keys=(*table.foreign_keys, foreign_key))


def _refuse_actions(table: Table, foreign_key: ForeignKey) -> None:
    """Raises 42601 for a foreign key that would write a generated column."""
    if not any(table.columns[position].generated for position in foreign_key.columns):
        return
    for verb, action, refused in (("UPDATE", foreign_key.on_update, "cnd"), ("DELETE", foreign_key.on_delete, "nd")):
        if action in refused:
            raise DatabaseError(
                SYNTAX_ERROR, f"invalid ON {verb} action for foreign key constraint containing generated column"
            )


def constraint_names(table: Table) -> set[str]:
    indexes = {index.name for index in Catalog.all_indexes(table) if index.constraint}
    return indexes | {check.name for check in table.checks} | {foreign_key.name for foreign_key in table.foreign_keys}


def _positions(table: Table, names: Sequence[str]) -> tuple[int, ...]:
    by_name = {column.name: column.position for column in table.live_columns()}
    for name in names:
        if name not in by_name:
            raise DatabaseError(
                UNDEFINED_COLUMN, f'column "{name}" referenced in foreign key constraint does not exist'
            )
    return tuple(by_name[name] for name in names)


def _parent(change: SchemaChange, table: Table, relation: Any) -> Table:
    """Raises 42P01, 42809, 42501."""
    if relation.relname == table.name and relation.schemaname in (None, table.schema):
        found = change.catalog.find(relation.schemaname, relation.relname)
        if found is None or found[0].id == table.id:
            return table
    if change.catalog.find_other(relation.schemaname, relation.relname) is not None:
        raise DatabaseError(WRONG_OBJECT_TYPE, f'referenced relation "{relation.relname}" is not a table')
    parent = change.relation(relation)
    require(change.catalog, change.role, parent, REFERENCES)
    return parent


def _index(parent: Table, names: Sequence[str]) -> Index:
    """The unique index of exactly the columns named, the primary key's where none are. Raises 42704, 42830."""
    if not names:
        if not parent.primary.columns:
            raise DatabaseError(UNDEFINED_OBJECT, f'there is no primary key for referenced table "{parent.name}"')
        return parent.primary
    places = set(_positions(parent, names))
    for index in Catalog.all_indexes(parent):
        if (
            index.unique
            and not index.state
            and not index.predicate
            and len(index.columns) == len(names)
            and {column.position for column in index.columns} == places
        ):
            return index
    raise DatabaseError(
        INVALID_FOREIGN_KEY, f'there is no unique constraint matching given keys for referenced table "{parent.name}"'
    )


def _check_types(table: Table, parent: Table, name: str, own: int, referenced: int) -> None:
    one, other = table.columns[own], parent.columns[referenced]
    if are_comparable(one.type.name, other.type.name):
        return
    shown = " and ".join(format_type(ColumnType(column.type.name)) for column in (one, other))
    raise DatabaseError(
        DATATYPE_MISMATCH,
        f'foreign key constraint "{name}" cannot be implemented',
        detail=f'Key columns "{one.name}" of the referencing table and "{other.name}" of the referenced table are '
        f"of incompatible types: {shown}.",
    )


def _delete_columns(table: Table, own: tuple[int, ...], node: Any) -> tuple[int, ...]:
    """ON DELETE SET NULL (columns). Raises 42703, 42P10."""
    named = _positions(table, [name.sval for name in node.fk_del_set_cols or ()])
    for position in named:
        if position not in own:
            name = table.columns[position].name
            raise DatabaseError(
                "42P10", f'column "{name}" referenced in ON DELETE SET action must be part of foreign key'
            )
    return named


def settle(change: SchemaChange, before: Table | None, after: Table) -> Table:
    """Tell the tables that `after` refers to, and those that it refers to no more. `after` as it is then: it may refer
    to itself."""
    ids = {foreign_key.table for foreign_key in after.foreign_keys}
    former = {foreign_key.table for foreign_key in before.foreign_keys} if before is not None else set()
    for number in sorted((ids ^ former) - {after.id}):
        parent = change.catalog.table_by_id(number)
        if parent is not None:
            others = [one for one in parent.referenced_by if one != after.id]
            change.replace_table(
                parent, replace(parent, referenced_by=tuple(sorted([*others, *([after.id] if number in ids else [])])))
            )
    change.depend_on(ids)
    others = [one for one in after.referenced_by if one != after.id]
    return replace(after, referenced_by=tuple(sorted([*others, *([after.id] if after.id in ids else [])])))


def without(change: SchemaChange, table: Table, gone: ForeignKey) -> Table:
    """The table without one of its foreign keys."""
    after = replace(table, foreign_keys=tuple(one for one in table.foreign_keys if one.oid != gone.oid))
    after = settle(change, table, after)
    change.replace_table(table, after)
    return after


async def violation(change: SchemaChange, table: Table, foreign_key: ForeignKey) -> DatabaseError | None:
    """23503 where a row refers to none. Nobody else may write either table until the commit."""
    parent = change.catalog.table_by_id(foreign_key.table)
    assert parent is not None, "a table that is referred to cannot be dropped alone"
    change.alone_with(table)
    change.alone_with(parent)
    own = [f"c.{quote_ident(table.columns[position].name)}" for position in foreign_key.columns]
    theirs = [f"p.{quote_ident(parent.columns[position].name)}" for position in foreign_key.referenced]
    place = f"{quote_ident(table.schema)}.{quote_ident(table.name)}"
    if foreign_key.match == "f" and len(own) > 1:
        some, every = " OR ".join(f"{one} IS NULL" for one in own), " AND ".join(f"{one} IS NULL" for one in own)
        if await change.query(f"SELECT 1 FROM {place} c WHERE ({some}) AND NOT ({every}) LIMIT 1"):
            return violations.mixed_nulls(table, foreign_key)
    equal = " AND ".join(f"{one} = {other}" for one, other in zip(own, theirs, strict=True))
    known = " AND ".join(f"{one} IS NOT NULL" for one in own)
    there = f"{quote_ident(parent.schema)}.{quote_ident(parent.name)}"
    rows = await change.query(
        f"SELECT {', '.join(own)} FROM {place} c WHERE {known} AND NOT EXISTS (SELECT 1 FROM {there} p WHERE "
        f"{equal}) LIMIT 1"
    )
    return violations.not_present(table, foreign_key, parent, rows[0]) if rows else None
