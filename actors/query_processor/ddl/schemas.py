"""CREATE SCHEMA and DROP SCHEMA."""

from __future__ import annotations

from typing import Any

from pglast.enums import DropBehavior

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_SCHEMA_NAME,
    RESERVED_NAME,
    DatabaseError,
)
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.dependencies import clear, dependents_of_schema
from actors.query_processor.ddl.roles import require_settable, role_of
from actors.sql.catalog.privileges import CREATE, SCHEMA, require
from actors.sql.catalog.schema import IMPLIED_SCHEMAS, NAMES_TABLE, Schema

_IMPLIED = frozenset(schema.name for schema in IMPLIED_SCHEMAS)


async def create_schema(change: SchemaChange, node: Any) -> str:
    owner = change.role if node.authrole is None else role_of(change, node.authrole).id
    name = node.schemaname or change.catalog.roles.name_of(owner)
    require(change.catalog, change.role, change.catalog.database, CREATE)
    require_settable(change, owner)
    if node.schemaElts:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "CREATE SCHEMA with elements is not supported")
    if name.startswith("pg_"):
        raise DatabaseError(
            RESERVED_NAME,
            f'unacceptable schema name "{name}"',
            detail='The prefix "pg_" is reserved for system schemas.',
        )
    if change.catalog.has_schema(name):
        if node.if_not_exists:
            change.notice("42P06", f'schema "{name}" already exists, skipping')
            return "CREATE SCHEMA"
        raise DatabaseError("42P06", f'schema "{name}" already exists')
    [number] = await change.ids(1)
    change.create_schema(Schema(number, name, owner, acl=change.catalog.initial_acl(SCHEMA, owner)))
    return "CREATE SCHEMA"


def _empty(change: SchemaChange, name: str, behavior: DropBehavior) -> None:
    """Drop what is in the schema, and what depends on that. Raises 2BP01 where there is something and `behavior` is not
    CASCADE."""
    own = [
        ("constraint", one.oid, "")
        for table in change.catalog.tables()
        if table.schema == name
        for one in table.foreign_keys
    ]
    clear(change, [f"schema {name}"], dependents_of_schema(change.catalog, name), behavior, own)


async def drop_schema(change: SchemaChange, node: Any) -> str:
    for item in node.objects:
        name = item.sval
        if not change.catalog.has_schema(name):
            if not node.missing_ok:
                raise DatabaseError(INVALID_SCHEMA_NAME, f'schema "{name}" does not exist')
            change.notice("00000", f'schema "{name}" does not exist, skipping')
            continue
        if name in _IMPLIED:
            raise DatabaseError(
                INSUFFICIENT_PRIVILEGE, f"cannot drop schema {name} because it is required by the database system"
            )
        change.require_owner(change.catalog.schema(name))
        _empty(change, name, node.behavior)
        change.drop_schema(change.catalog.schema(name))
        change.transaction.exclusive.add(NAMES_TABLE)
    return "DROP SCHEMA"
