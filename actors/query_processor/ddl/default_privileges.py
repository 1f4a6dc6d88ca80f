"""ALTER DEFAULT PRIVILEGES: what others may do with the objects that a role makes from now on. In open mode; Aurora
DSQL has no such statement.

What is kept is a list for a role, a schema (or all) and a kind of object (privileges.DefaultAcl); `Catalog.initial_acl`
makes a new object's list from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pglast.enums import ObjectType, RoleSpecType

from actors.common.errors import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE, INVALID_GRANT_OPERATION, DatabaseError
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.grants import privilege_bits
from actors.query_processor.ddl.roles import role_of
from actors.sql.catalog.privileges import (
    FUNCTION,
    SCHEMA,
    SEQUENCE,
    TABLE,
    TYPE,
    Acl,
    DefaultAcl,
    Kind,
    default_acl,
    granted,
    in_order,
    is_same,
    revoked,
)
from actors.sql.catalog.roles import PUBLIC_ROLE_OID

_KINDS = {
    ObjectType.OBJECT_TABLE: (TABLE, "relation"),
    ObjectType.OBJECT_SEQUENCE: (SEQUENCE, "sequence"),
    ObjectType.OBJECT_FUNCTION: (FUNCTION, "function"),
    ObjectType.OBJECT_TYPE: (TYPE, "type"),
    ObjectType.OBJECT_SCHEMA: (SCHEMA, "schema"),
}


async def alter_default_privileges(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 3F000, 42501, 0LP01, 2BP01, 0A000."""
    if change.session.settings.mode == "dsql":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: AlterDefaultPrivileges")
    action = node.action
    kind, noun = _KINDS[action.objtype]
    options = {option.defname: option.arg for option in node.options or ()}
    schemas = [change.catalog.schema(name.sval).id for name in options.get("schemas") or ()]
    if schemas and kind is SCHEMA:
        raise DatabaseError(INVALID_GRANT_OPERATION, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS")
    roles = [role_of(change, spec).id for spec in options.get("roles") or ()] or [change.role]
    for role in roles:
        if not change.catalog.roles.has_privileges_of(change.role, role):
            raise DatabaseError(INSUFFICIENT_PRIVILEGE, "permission denied to change default privileges")
    bits = 0
    for privilege in action.privileges or ():
        bits |= privilege_bits(privilege.priv_name, kind.all_privileges, noun)
    grantees = list(_grantees(change, action))
    for role in roles:
        for schema in schemas or [0]:
            _alter(change, action, kind, role, schema, bits or kind.all_privileges, grantees)
        change.depend_on_role(role)
    for grantee in grantees:
        change.depend_on_role(grantee)
    return "ALTER DEFAULT PRIVILEGES"


def _grantees(change: SchemaChange, action: Any) -> Iterator[int]:
    for spec in action.grantees:
        is_public = spec.roletype == RoleSpecType.ROLESPEC_PUBLIC
        if is_public and action.is_grant and action.grant_option:
            raise DatabaseError(INVALID_GRANT_OPERATION, "grant options can only be granted to roles")
        yield PUBLIC_ROLE_OID if is_public else role_of(change, spec).id


def _alter(
    change: SchemaChange, action: Any, kind: Kind, role: int, schema: int, bits: int, grantees: list[int]
) -> None:
    base: Acl = () if schema else default_acl(kind, role)
    before = change.catalog.default_acl(role, schema, kind)
    acl = base if before is None else before
    for grantee in grantees:
        if action.is_grant:
            acl = granted(acl, grantee, role, bits, bool(action.grant_option))
        else:
            cascade = action.behavior.name == "DROP_CASCADE"
            acl = revoked(acl, role, grantee, role, bits, only_option=bool(action.grant_option), cascade=cascade)
    change.put_default_acl(DefaultAcl(role, schema, kind.letter, in_order(acl)), gone=is_same(acl, base))
