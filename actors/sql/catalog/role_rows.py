"""The rows of pg_roles, pg_authid, pg_user, pg_shadow, pg_group and pg_auth_members, of sys.iam_pg_role_mappings, and
of information_schema's views of roles and privileges.

As in PostgreSQL, information_schema shows what the current user has granted or was granted, through whatever role whose
privileges it has; admin sees all. Stars stand for passwords everywhere but in pg_authid and pg_shadow, which are
admin's alone (binding/permissions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.array_texts import acl_text
from actors.sql.catalog.privileges import COLUMN_PRIVILEGES, NAMES, AclItem, acl_of
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID, Role
from actors.sql.types.arrays import array_of_items

if TYPE_CHECKING:
    from actors.sql.catalog.schema import Table, View
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
HIDDEN = "********"
_SHOWN_NAMES = {bit: name.upper() for name, bit in NAMES.items() if name != "temp"}


def _role(role: Role) -> Row:
    flags: Row = dict.fromkeys(("rolsuper", "rolreplication", "rolbypassrls"), False)
    return {
        **flags,
        "oid": role.id,
        "rolname": role.name,
        "rolinherit": role.inherit,
        "rolcreaterole": role.create_role,
        "rolcreatedb": role.create_db,
        "rolcanlogin": role.login,
        "rolconnlimit": role.connections_max,
        "rolpassword": HIDDEN,
        "rolvaliduntil": role.valid_until,
    }


def _roles(transaction: CatalogReader) -> Iterator[Row]:
    return map(_role, transaction.catalog.roles)


def _authid(transaction: CatalogReader) -> Iterator[Row]:
    for role in transaction.catalog.roles:
        yield {**_role(role), "rolpassword": role.verifier or None}


def _users(transaction: CatalogReader) -> Iterator[Row]:
    for role in transaction.catalog.roles:
        if role.login:
            row: Row = {
                "usename": role.name,
                "usesysid": role.id,
                "usecreatedb": role.create_db,
                "valuntil": role.valid_until,
            }
            yield {**row, "usesuper": False, "userepl": False, "usebypassrls": False, "passwd": HIDDEN}


def _shadow(transaction: CatalogReader) -> Iterator[Row]:
    roles = transaction.catalog.roles
    for row in _users(transaction):
        yield {**row, "passwd": roles.named(row["usename"]).verifier or None}


def _groups(transaction: CatalogReader) -> Iterator[Row]:
    roles = transaction.catalog.roles
    for role in roles:
        if not role.login:
            members = array_of_items(member.id for member, _ in roles.members(role.id))
            yield {"groname": role.name, "grosysid": role.id, "grolist": members}


def _memberships(transaction: CatalogReader) -> Iterator[Row]:
    for member in transaction.catalog.roles:
        for place, one in enumerate(member.memberships):
            row: Row = {
                "oid": (member.id * 64 + place) % 2**31 + 2**31,
                "roleid": one.role,
                "member": member.id,
                "grantor": one.grantor,
            }
            yield {**row, "admin_option": one.admin, "inherit_option": one.inherit, "set_option": one.set_}


def _mappings(transaction: CatalogReader) -> Iterator[Row]:
    roles = transaction.catalog.roles
    for role in roles:
        for one in role.identities:
            row: Row = {"iam_oid": one.oid, "arn": one.arn, "pg_role_oid": role.id, "pg_role_name": role.name}
            yield {**row, "grantor_pg_role_oid": one.grantor, "grantor_pg_role_name": roles.name_of(one.grantor)}


def _default_acls(transaction: CatalogReader) -> Iterator[Row]:
    for place, one in enumerate(transaction.catalog.default_acls(), 1):
        row: Row = {
            "oid": 2**31 + place,
            "defaclrole": one.role,
            "defaclnamespace": one.schema,
            "defaclobjtype": one.letter,
        }
        yield {**row, "defaclacl": acl_text(one.acl, transaction.catalog.roles)}


# -- information_schema ------------------------------------------------------------------------------------------------


def _enabled(transaction: CatalogReader) -> frozenset[int]:
    """The roles whose privileges the current user has."""
    roles, me = transaction.catalog.roles, transaction.catalog.role
    return frozenset(role.id for role in roles) if me == ADMIN_OID else roles.inherited(me)


def _enabled_roles(transaction: CatalogReader) -> Iterator[Row]:
    for role in sorted(_enabled(transaction)):
        yield {"role_name": transaction.catalog.roles.name_of(role)}


def _applicable_roles(transaction: CatalogReader) -> Iterator[Row]:
    roles = transaction.catalog.roles
    mine = _enabled(transaction)
    for member in roles:
        for one in member.memberships:
            if member.id in mine:
                row: Row = {"grantee": member.name, "role_name": roles.name_of(one.role)}
                yield {**row, "is_grantable": "YES" if one.admin else "NO"}


def _granted(transaction: CatalogReader, acl: tuple[AclItem, ...], kinds: int, owner: int) -> Iterator[Row]:
    """One row for each privilege of `kinds` in `acl` that the current user has to do with."""
    roles, mine = transaction.catalog.roles, _enabled(transaction)
    for item in acl:
        if item.grantee != PUBLIC_ROLE_OID and not mine & {item.grantee, item.grantor}:
            continue
        grantee = "PUBLIC" if item.grantee == PUBLIC_ROLE_OID else roles.name_of(item.grantee)
        for bit, name in _SHOWN_NAMES.items():
            if item.privileges & kinds & bit:
                grantable = "YES" if item.grantable & bit or item.grantee == owner else "NO"
                yield {
                    "grantor": roles.name_of(item.grantor),
                    "grantee": grantee,
                    "privilege_type": name,
                    "is_grantable": grantable,
                }


def _relations(transaction: CatalogReader) -> Iterator[Table | View]:
    yield from transaction.catalog.tables()
    yield from transaction.catalog.views()


def _place(relation: Table | View) -> Row:
    return {"table_catalog": "postgres", "table_schema": relation.schema, "table_name": relation.name}


def _table_privileges(transaction: CatalogReader) -> Iterator[Row]:
    for relation in _relations(transaction):
        for row in _granted(transaction, acl_of(relation), ~0, relation.owner):
            yield {**_place(relation), **row, "with_hierarchy": "YES" if row["privilege_type"] == "SELECT" else "NO"}


def _column_privileges(transaction: CatalogReader) -> Iterator[Row]:
    for relation in _relations(transaction):
        for name, position in relation.column_places():
            acl = (*acl_of(relation), *relation.column_acl(position))
            for row in _granted(transaction, acl, COLUMN_PRIVILEGES, relation.owner):
                yield {**_place(relation), "column_name": name, **row}


ROLE_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "pg_roles": _roles,
    "pg_authid": _authid,
    "pg_user": _users,
    "pg_shadow": _shadow,
    "pg_group": _groups,
    "pg_auth_members": _memberships,
    "iam_pg_role_mappings": _mappings,
    "pg_default_acl": _default_acls,
    "enabled_roles": _enabled_roles,
    "applicable_roles": _applicable_roles,
    "table_privileges": _table_privileges,
    "role_table_grants": _table_privileges,
    "column_privileges": _column_privileges,
    "role_column_grants": _column_privileges,
}
