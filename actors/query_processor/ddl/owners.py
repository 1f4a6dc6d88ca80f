"""ALTER ... OWNER TO: an object's owner, and with it what the old one had and had granted, becomes another role."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pglast.enums import ObjectType

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.roles import require_settable, role_of
from actors.sql.catalog.privileges import CREATE, Owned, reowned, require
from actors.sql.catalog.roles import ADMIN_OID, Role
from actors.sql.catalog.schema import IMPLIED_SCHEMAS, Schema, Table, View

T = TypeVar("T", bound=Owned)
_IMPLIED = frozenset(schema.name for schema in IMPLIED_SCHEMAS)


def reowned_by(change: SchemaChange, thing: T, role: Role) -> T:
    """The object as `role` owns it. Raises 42501 unless the statement's role owns the object and may give it away, and
    `role` may have it there."""
    change.require_owner(thing)
    if thing.owner == role.id:
        return thing
    if change.role != ADMIN_OID:
        _require_place(change, thing, role)
    change.depend_on_role(role.id)
    return given_to(thing, role.id)


def given_to(thing: T, role: int) -> T:
    changes: dict[str, Any] = {"owner_oid": role, "acl": reowned(thing.acl, thing.owner, role)}
    if isinstance(thing, Table | View):
        changes["column_acls"] = tuple((place, reowned(acl, thing.owner, role)) for place, acl in thing.column_acls)
    return cast(T, replace(cast(Any, thing), **changes))


def _require_place(change: SchemaChange, thing: Owned, role: Role) -> None:
    require_settable(change, role.id)
    if isinstance(thing, Schema):
        require(change.catalog, change.role, change.catalog.database, CREATE)
    else:
        require(change.catalog, role.id, change.catalog.schema(cast(Any, thing).schema), CREATE)


async def alter_owner(change: SchemaChange, node: Any) -> str:
    """ALTER SCHEMA, ALTER DOMAIN ... OWNER TO; of a table it is an ALTER TABLE. Raises 3F000, 42704, 42501, 0A000."""
    if node.objectType in (ObjectType.OBJECT_DOMAIN, ObjectType.OBJECT_TYPE):
        from actors.query_processor.ddl import domains

        domain = domains.own(change, node.object)
        change.put_owned(domain, reowned_by(change, domain, role_of(change, node.newowner)))
        return "ALTER DOMAIN" if node.objectType == ObjectType.OBJECT_DOMAIN else "ALTER TYPE"
    if node.objectType in (ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_ROUTINE):
        from actors.query_processor.ddl import functions

        return functions.change_owner(change, node)
    if node.objectType != ObjectType.OBJECT_SCHEMA:
        kind = node.objectType.name.removeprefix("OBJECT_")
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: ALTER {kind} OWNER TO")
    schema = change.catalog.schema(node.object.sval)
    if schema.name in _IMPLIED:
        if change.limits.mixed_ddl and role_of(change, node.newowner).id == schema.owner:
            return "ALTER SCHEMA"  # as pg_dump says of public whose it is
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "feature not supported on system entity")
    change.put_owned(schema, reowned_by(change, schema, role_of(change, node.newowner)))
    return "ALTER SCHEMA"
