"""ALTER ROLE ... SET and RESET, ALTER DATABASE ... SET and RESET: what a session that begins later starts with.

They are kept in the catalog, for a role, a database, or both. A start-up option of the client goes before them;
sessions that run already keep what they have.
"""

from __future__ import annotations

from typing import Any

from pglast.enums import VariableSetKind

from actors.common.errors import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE, INVALID_CATALOG_NAME, DatabaseError
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.ddl.roles import role_of
from actors.query_processor.session.setting import values_text
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import RoleSettings
from actors.sql.settings.parameter_table import DEFINITIONS


async def alter_role(change: SchemaChange, node: Any) -> str:
    """ALTER ROLE { name | ALL } [IN DATABASE name] { SET | RESET } ... Raises 42704, 3D000, and what SET raises."""
    _set(change, _role(change, node.role), _database(change, node.database), node.setstmt)
    return "ALTER ROLE"


async def alter_database(change: SchemaChange, node: Any) -> str:
    database = _database(change, node.dbname)
    change.require_owner(change.catalog.database)
    _set(change, "", database, node.setstmt)
    return "ALTER DATABASE"


def _role(change: SchemaChange, spec: Any) -> str:
    if spec is None:
        if change.role != ADMIN_OID:
            detail = "Only roles with the SUPERUSER attribute may alter settings globally."
            raise DatabaseError(INSUFFICIENT_PRIVILEGE, "permission denied to alter setting", detail=detail)
        return ""
    role = role_of(change, spec)
    roles, me = change.catalog.roles, change.catalog.roles.with_id(change.role)
    if role.id != change.role and not (me is not None and me.create_role and roles.administers(me.id, role.id)):
        detail = (
            f'Only roles with the CREATEROLE attribute and the ADMIN option on role "{role.name}" may alter this role.'
        )
        raise DatabaseError(INSUFFICIENT_PRIVILEGE, "permission denied to alter role", detail=detail)
    return role.name


def _database(change: SchemaChange, name: str | None) -> str:
    if name is not None and name != change.session.database:
        raise DatabaseError(INVALID_CATALOG_NAME, f'database "{name}" does not exist')
    return name or ""


def _set(change: SchemaChange, role: str, database: str, node: Any) -> None:
    before = change.catalog.role_settings(role, database)
    values = dict(before.values)
    if node.kind == VariableSetKind.VAR_RESET_ALL:
        values.clear()
    elif node.kind == VariableSetKind.VAR_SET_MULTI:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"unsupported statement: SET {node.name}")
    else:
        name, run_time = node.name.lower(), change.session.run_time
        if name in ("role", "session_authorization"):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f'setting configuration parameter "{node.name}" not supported')
        if node.kind == VariableSetKind.VAR_SET_VALUE:
            values[name] = run_time.checked(node.name, values_text(name, node.args))
        elif node.kind == VariableSetKind.VAR_SET_CURRENT:
            values[name] = run_time.show(node.name)[1]
        else:
            if name not in DEFINITIONS and "." not in name:
                run_time.show(node.name)
            values.pop(name, None)
    change.set_settings(RoleSettings(role, database, tuple(sorted(values.items()))))
