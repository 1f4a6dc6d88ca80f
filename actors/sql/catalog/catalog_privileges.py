"""has_table_privilege and its like: what a role may do with an object.

    has_table_privilege([user,] table, privilege)         a name (42P01 where there is none) or an oid (NULL where there is none)

There is one role, admin, which owns everything; PUBLIC's rights are not told apart from it. So the answer for an object that is there is true, and what these functions check
is that role, object and privilege are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.common.errors import (
    INVALID_CATALOG_NAME,
    INVALID_PARAMETER_VALUE,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.sql.catalog.snapshot import SYSTEM_SCHEMAS

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

Found = Callable[["Catalog", Any, str], bool | None]
"""Whether an object that a text names, or gives the oid of, is there; None for an oid of none. Raises what PostgreSQL does for a name."""
_GRANTABLE = " WITH GRANT OPTION"


def _privileges(*names: str) -> frozenset[str]:
    return frozenset((*names, *(name + _GRANTABLE for name in names)))


_COLUMN = _privileges("SELECT", "INSERT", "UPDATE", "REFERENCES")
_TABLE = _COLUMN | _privileges("DELETE", "TRUNCATE", "TRIGGER", "MAINTAIN")
_SEQUENCE = _privileges("USAGE", "SELECT", "UPDATE")
_SCHEMA = _privileges("CREATE", "USAGE")
_DATABASE = _privileges("CREATE", "CONNECT", "TEMPORARY", "TEMP")
_EXECUTE = _privileges("EXECUTE")
_USAGE = _privileges("USAGE")
_ROLE = frozenset({"MEMBER", "USAGE", "SET"}) | frozenset(
    f"{name} WITH {option} OPTION" for name in ("MEMBER", "USAGE", "SET") for option in ("GRANT", "ADMIN")
)


def _check(privilege: str, known: frozenset[str]) -> None:
    for part in privilege.split(","):
        if part.strip().upper() not in known:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f'unrecognized privilege type: "{part.strip()}"')


def _check_role(environment: Any, user: str) -> None:
    from actors.sql.catalog.catalog_functions import OWNER_OID

    if user not in (environment.user, str(OWNER_OID), "public"):
        raise DatabaseError(UNDEFINED_OBJECT, f'role "{user}" does not exist')


def _table(catalog: Catalog, environment: Any, text: str) -> bool | None:
    from actors.sql.catalog.catalog_functions import find_relation, regclass_in

    oid = regclass_in(catalog, environment, text)
    assert oid is not None
    return True if oid < FIRST_USER_OID or find_relation(catalog, oid) is not None else None


FIRST_USER_OID = 16384


def _schema(catalog: Catalog, _: Any, text: str) -> bool | None:
    if text.isdigit():
        return True if any(schema.id == int(text) for schema in catalog.schemas()) else None
    return catalog.schema(text) is not None


def _database(_: Catalog, environment: Any, text: str) -> bool | None:
    from actors.sql.catalog.system_tables import DATABASE_OID

    if text.isdigit():
        return True if int(text) == DATABASE_OID else None
    if text != environment.database:
        raise DatabaseError(INVALID_CATALOG_NAME, f'database "{text}" does not exist')
    return True


def _anything(_: Catalog, __: Any, text: str) -> bool | None:
    return True


def _may_create(catalog: Catalog, environment: Any, text: str, privilege: str) -> bool:
    """Nobody creates in the system's schemas."""
    name = next((schema.name for schema in catalog.schemas() if text in (schema.name, str(schema.id))), text)
    return not (name in SYSTEM_SCHEMAS and "CREATE" in privilege.upper())


def _of(find: Found, known: frozenset[str], allowed: Callable[..., bool] | None = None) -> Callable[..., bool | None]:
    """([user,] object, privilege)."""

    def call(catalog: Catalog, environment: Any, *given: str | None) -> bool | None:
        if any(one is None for one in given):
            return None
        *user, what, privilege = given
        assert what is not None and privilege is not None
        for name in user:
            _check_role(environment, str(name))
        _check(privilege, known)
        found = find(catalog, environment, what)
        return found if not found or allowed is None else allowed(catalog, environment, what, privilege)

    return call


def _of_column(catalog: Catalog, environment: Any, *given: str | None) -> bool | None:
    """([user,] table, column, privilege): a column by name or number."""
    from actors.sql.catalog.catalog_functions import find_relation, regclass_in

    if any(one is None for one in given):
        return None
    *user, table, column, privilege = (str(one) for one in given)
    for name in user:
        _check_role(environment, name)
    _check(privilege, _COLUMN)
    oid = regclass_in(catalog, environment, table)
    found = find_relation(catalog, oid)
    if found is None:
        return True if oid is not None and oid < FIRST_USER_OID else None
    columns = found[0].live_columns()
    if column.lstrip("-").isdigit():
        return True if any(one.position + 1 == int(column) for one in columns) else None
    if all(one.name != column for one in columns):
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{column}" of relation "{table}" does not exist')
    return True


def _of_role(_: Catalog, environment: Any, *given: str | None) -> bool | None:
    """pg_has_role([user,] role, privilege)."""
    if any(one is None for one in given):
        return None
    *roles, privilege = (str(one) for one in given)
    for role in roles:
        _check_role(environment, role)
    _check(privilege, _ROLE)
    return True


def privilege_functions() -> Iterator[tuple[str, int, Callable[..., bool | None]]]:
    """(name, arguments, call): all arguments are texts."""
    kinds: dict[str, tuple[Found, frozenset[str]]] = {
        "table": (_table, _TABLE),
        "any_column": (_table, _COLUMN),
        "sequence": (_table, _SEQUENCE),
        "schema": (_schema, _SCHEMA),
        "database": (_database, _DATABASE),
        "function": (_anything, _EXECUTE),
        "type": (_anything, _USAGE),
        "language": (_anything, _USAGE),
        "tablespace": (_anything, _privileges("CREATE")),
    }
    for kind, (find, known) in kinds.items():
        call = _of(find, known, _may_create if kind == "schema" else None)
        for arguments in (2, 3):
            yield f"has_{kind}_privilege", arguments, call
    for arguments in (3, 4):
        yield "has_column_privilege", arguments, _of_column
    for arguments in (2, 3):
        yield "pg_has_role", arguments, _of_role
