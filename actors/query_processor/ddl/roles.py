"""ALTER ROLE ... SET and RESET, ALTER DATABASE ... SET and RESET: what a session that begins later starts with.

They are kept in the catalog, for a role, a database, or both. A start-up option of the client goes before them; sessions that run already keep what they have.
"""

from __future__ import annotations

from typing import Any

from pglast.enums import RoleSpecType, VariableSetKind

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_CATALOG_NAME, UNDEFINED_OBJECT, DatabaseError
from actors.common.settings import ADMIN
from actors.query_processor.ddl.change import SchemaChange
from actors.query_processor.session.setting import values_text
from actors.sql.catalog.snapshot import RoleSettings
from actors.sql.settings.parameter_table import DEFINITIONS


async def alter_role(change: SchemaChange, node: Any) -> str:
    """ALTER ROLE { name | ALL } [IN DATABASE name] { SET | RESET } ... Raises 42704, 3D000, and what SET raises."""
    _set(change, _role(change, node.role), _database(change, node.database), node.setstmt)
    return "ALTER ROLE"


async def alter_database(change: SchemaChange, node: Any) -> str:
    _set(change, "", _database(change, node.dbname), node.setstmt)
    return "ALTER DATABASE"


def _role(change: SchemaChange, spec: Any) -> str:
    if spec is None:
        return ""
    session = change.session
    if spec.roletype != RoleSpecType.ROLESPEC_CSTRING:
        return session.user
    name = str(spec.rolename)
    if name not in (ADMIN, session.user, *session.settings.authentication.users):
        raise DatabaseError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
    return name


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
    change.set_role(RoleSettings(role, database, tuple(sorted(values.items()))))
