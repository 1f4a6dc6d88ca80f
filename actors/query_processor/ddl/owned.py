"""REASSIGN OWNED BY and DROP OWNED BY: what a role has, given away or dropped, so that the role can go. In open mode;
Aurora DSQL has no such statements."""

from __future__ import annotations

from typing import Any

from actors.common.errors import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    DatabaseError,
)
from actors.query_processor.ddl import definitions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.definition_dependents import dependents_of_domain, dependents_of_function
from actors.query_processor.ddl.dependencies import (
    Dependent,
    clear,
    dependents_of_schema,
    dependents_of_table,
    dependents_of_view,
    described,
    drop_relation,
)
from actors.query_processor.ddl.dependents import owned_objects
from actors.query_processor.ddl.owners import given_to
from actors.query_processor.ddl.roles import role_of
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.functions import Function
from actors.sql.catalog.privileges import Acl, Owned, is_same, revoked
from actors.sql.catalog.roles import ADMIN_OID, Role
from actors.sql.catalog.schema import NAMES_TABLE, Schema, Sequence, Table, View


async def reassign_owned(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42501, 2BP01, 0A000."""
    _refuse(change, "ReassignOwned")
    roles, after = [role_of(change, spec) for spec in node.roles], role_of(change, node.newrole)
    for role in (*roles, after):
        if not change.catalog.roles.has_privileges_of(change.role, role.id):
            way = "to it" if role is after else "owned by it"
            raise _denied(
                "reassign objects", f'Only roles with privileges of role "{role.name}" may reassign objects {way}.'
            )
    for role in roles:
        _require_not_the_systems(role, "reassign ownership of")
        for thing in list(owned_objects(change.catalog)):
            if thing.owner == role.id:
                change.put_owned(thing, given_to(thing, after.id))
    change.depend_on_role(after.id)
    return "REASSIGN OWNED"


async def drop_owned(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42501, 2BP01, 0A000."""
    _refuse(change, "DropOwned")
    roles = [role_of(change, spec) for spec in node.roles]
    for role in roles:
        if not change.catalog.roles.has_privileges_of(change.role, role.id):
            raise _denied(
                "drop objects", f'Only roles with privileges of role "{role.name}" may drop objects owned by it.'
            )
        _require_not_the_systems(role, "drop")
    numbers = {role.id for role in roles}
    _drop(change, [thing for thing in owned_objects(change.catalog) if thing.owner in numbers], node.behavior)
    for role in roles:
        for thing in list(owned_objects(change.catalog)):
            after = _without(thing, role.id)
            if after is not thing:
                change.put_owned(thing, after)
        for default in change.catalog.default_acls():
            acl = _less(default.acl, default.role, role.id)
            if default.role == role.id or not is_same(acl, default.acl):
                change.put_default_acl(replace(default, acl=acl), gone=default.role == role.id or not acl)
    return "DROP OWNED"


def _refuse(change: SchemaChange, kind: str) -> None:
    if change.session.settings.mode == "dsql":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: {kind}")


def _denied(what: str, detail: str) -> DatabaseError:
    return DatabaseError(INSUFFICIENT_PRIVILEGE, f"permission denied to {what}", detail=detail)


def _require_not_the_systems(role: Role, verb: str) -> None:
    if role.id == ADMIN_OID:
        message = f"cannot {verb} objects owned by role {role.name} because they are required by the database system"
        raise DatabaseError(DEPENDENT_OBJECTS_STILL_EXIST, message)


def _drop(change: SchemaChange, things: list[Owned], behavior: Any) -> None:
    catalog = change.catalog
    dependents: list[Dependent] = []
    own: list[tuple[str, int, str]] = []
    for thing in things:
        match thing:
            case Table():
                dependents += dependents_of_table(catalog, thing)
                own += [("table", thing.id, ""), *(("constraint", one.oid, "") for one in thing.foreign_keys)]
            case View():
                dependents += dependents_of_view(catalog, thing)
                own.append(("view", thing.id, ""))
            case Domain():
                dependents += dependents_of_domain(catalog, thing)
                own.append(("domain", thing.id, ""))
            case Function():
                dependents += dependents_of_function(catalog, thing)
                own.append(("function", thing.id, ""))
            case Schema():
                dependents += dependents_of_schema(catalog, thing.name)
    whats = [f"schema {one.name}" if isinstance(one, Schema) else described(catalog, one) for one in things]
    clear(change, whats, dependents, behavior, own)
    for thing in things:
        if isinstance(thing, Table | View | Sequence):
            drop_relation(change, thing)
        elif isinstance(thing, Domain | Function):
            definitions.drop(change, thing)
        elif isinstance(thing, Schema):
            change.drop_schema(thing)
            change.transaction.exclusive.add(NAMES_TABLE)


def _less(acl: Acl, owner: int, role: int) -> Acl:
    """Without what `role` was granted, and what hangs on that."""
    for item in acl:
        if item.grantee == role and role != owner:
            acl = revoked(acl, owner, role, item.grantor, item.privileges, only_option=False, cascade=True)
    return acl


def _without(thing: Any, role: int) -> Any:
    if thing.acl is not None:
        acl = _less(thing.acl, thing.owner, role)
        thing = thing if acl == thing.acl else replace(thing, acl=acl)
    if isinstance(thing, Table | View) and thing.column_acls:
        kept = tuple((place, less) for place, acl in thing.column_acls if (less := _less(acl, thing.owner, role)))
        thing = thing if kept == thing.column_acls else replace(thing, column_acls=kept)
    return thing
