"""has_table_privilege and its like: what a role may do with an object, by the same lists that statements are held to
(privileges.py).

    has_table_privilege([user,] table, privilege)         a name (42P01 where there is none) or an oid (NULL where there
                                                          is none)

A role is a name, an oid, or `public`. Of several privileges with commas between them one suffices. What the system made
(functions, types, its relations) is everybody's to use and read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.common.errors import (
    INVALID_CATALOG_NAME,
    INVALID_PARAMETER_VALUE,
    UNDEFINED_COLUMN,
    DatabaseError,
)
from actors.sql.catalog.privileges import (
    CREATE,
    DATABASE,
    EXECUTE,
    FUNCTION,
    NAMES,
    SCHEMA,
    SELECT,
    SEQUENCE,
    TABLE,
    TYPE,
    UPDATE,
    USAGE,
    Acl,
    AclItem,
    acl_of,
    acl_texts,
    default_acl,
    grantable,
    held,
    kind_of,
)
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID
from actors.sql.catalog.schema import DATABASE_OID, SYSTEM_SCHEMAS
from actors.sql.types.arrays import Array, array_of_items

if TYPE_CHECKING:
    from actors.sql.catalog.schema import Table, View
    from actors.sql.catalog.snapshot import Catalog

Lists = tuple[Acl, int, int]
"""Of one object: its items, its owner, and every privilege that there is on it."""
Found = Callable[["Catalog", Any, str], "Lists | None"]
"""The object that a text names, or gives the oid of; None for an oid of none. Raises what PostgreSQL does for a
name."""
_GRANTABLE = " WITH GRANT OPTION"
FIRST_USER_OID = 16384


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


def _asked(privilege: str, known: frozenset[str]) -> list[str]:
    """The privileges of a text, in upper case. Raises 22023."""
    names = [part.strip() for part in privilege.split(",")]
    for name in names:
        if name.upper() not in known:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f'unrecognized privilege type: "{name}"')
    return [name.upper() for name in names]


def _role(catalog: Catalog, environment: Any, given: list[str]) -> int:
    """The role that is asked about: the one that is named, or the current user. Raises 42704."""
    roles = catalog.roles
    if not given:
        found = roles.find(environment.user)
        return found.id if found is not None else PUBLIC_ROLE_OID
    [name] = given
    if name == "public":
        return PUBLIC_ROLE_OID
    if name.isdigit():
        return int(name)
    return roles.named(name).id


def _has(catalog: Catalog, role: int, lists: Lists, names: list[str]) -> bool:
    """One of `names`."""
    if role == ADMIN_OID:
        return True
    acl, owner, everything = lists
    for name in names:
        bit = NAMES[name.removesuffix(_GRANTABLE).lower()]
        if name.endswith(_GRANTABLE):
            bits = grantable(acl, catalog.roles, role, owner, everything)
        else:
            bits = held(acl, catalog.roles, role)
        if bits & bit:
            return True
    return False


def _everybodys(bits: int) -> Lists:
    return (AclItem(PUBLIC_ROLE_OID, ADMIN_OID, bits),), ADMIN_OID, bits


def _lists(thing: Any) -> Lists:
    return acl_of(thing), thing.owner, kind_of(thing).all_privileges


def _table(catalog: Catalog, environment: Any, text: str) -> Lists | None:
    from actors.sql.binding.permissions import RESTRICTED
    from actors.sql.catalog.catalog_functions import find_relation, regclass_in
    from actors.sql.catalog.system_tables import system_table_with

    oid = regclass_in(catalog, environment, text)
    assert oid is not None
    found = find_relation(catalog, oid)
    if found is not None:
        return _lists(found[0])
    other = catalog.view_by_id(oid) or catalog.sequence_by_id(oid)
    if other is not None:
        return _lists(other)
    if oid >= FIRST_USER_OID:
        return None
    system = system_table_with(oid)
    return _everybodys(0 if system is not None and system.name in RESTRICTED else SELECT)


def _any_column(catalog: Catalog, environment: Any, text: str) -> Lists | None:
    from actors.sql.catalog.catalog_functions import regclass_in

    lists = _table(catalog, environment, text)
    relation = _with_columns(catalog, regclass_in(catalog, environment, text))
    if lists is None or relation is None:
        return lists
    acl, owner, everything = lists
    return (*acl, *(item for _, items in relation.column_acls for item in items)), owner, everything


def _with_columns(catalog: Catalog, oid: int | None) -> Table | View | None:
    from actors.sql.catalog.catalog_functions import find_relation

    found = find_relation(catalog, oid)
    return found[0] if found is not None else catalog.view_by_id(oid or 0)


def _schema(catalog: Catalog, _: Any, text: str) -> Lists | None:
    if text.isdigit():
        found = next((schema for schema in catalog.schemas() if schema.id == int(text)), None)
    else:
        found = catalog.schema(text)
    return _lists(found) if found is not None else None


def _database(catalog: Catalog, environment: Any, text: str) -> Lists | None:
    if text.isdigit():
        return _lists(catalog.database) if int(text) == DATABASE_OID else None
    if text != environment.database:
        raise DatabaseError(INVALID_CATALOG_NAME, f'database "{text}" does not exist')
    return _lists(catalog.database)


def _type(catalog: Catalog, environment: Any, text: str) -> Lists | None:
    from actors.sql.catalog.type_functions import regtype_in

    domain = catalog.domain_by_id(regtype_in(catalog, environment, text) or 0)
    return _lists(domain) if domain is not None else _everybodys(USAGE)


def _function(catalog: Catalog, environment: Any, text: str) -> Lists | None:
    from actors.sql.catalog.function_functions import regprocedure_in

    function = catalog.function_by_id(regprocedure_in(catalog, environment, text) or 0)
    return _lists(function) if function is not None else _everybodys(EXECUTE)


def _everything(bits: int) -> Found:
    return lambda catalog, environment, text: _everybodys(bits)


def _may_create(catalog: Catalog, text: str, names: list[str]) -> bool:
    """Nobody creates in the system's schemas."""
    name = next((schema.name for schema in catalog.schemas() if text in (schema.name, str(schema.id))), text)
    return not (name in SYSTEM_SCHEMAS and all(one.startswith("CREATE") for one in names))


def _of(find: Found, known: frozenset[str], is_schema: bool = False) -> Callable[..., bool | None]:
    """([user,] object, privilege)."""

    def call(catalog: Catalog, environment: Any, *given: str | None) -> bool | None:
        if any(one is None for one in given):
            return None
        *user, what, privilege = (str(one) for one in given)
        role = _role(catalog, environment, user)
        names = _asked(privilege, known)
        lists = find(catalog, environment, what)
        if lists is None:
            return None
        return _has(catalog, role, lists, names) and (not is_schema or _may_create(catalog, what, names))

    return call


def _of_column(catalog: Catalog, environment: Any, *given: str | None) -> bool | None:
    """([user,] table, column, privilege): a column by name or number."""
    from actors.sql.catalog.catalog_functions import regclass_in

    if any(one is None for one in given):
        return None
    *user, table, column, privilege = (str(one) for one in given)
    role = _role(catalog, environment, user)
    names = _asked(privilege, _COLUMN)
    lists = _table(catalog, environment, table)
    relation = _with_columns(catalog, regclass_in(catalog, environment, table))
    if lists is None or relation is None:
        return None if lists is None else _has(catalog, role, lists, names)
    places = dict(relation.column_places())
    if column.lstrip("-").isdigit():
        if int(column) - 1 not in places.values():
            return None
        position = int(column) - 1
    elif column in places:
        position = places[column]
    else:
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{column}" of relation "{table}" does not exist')
    acl, owner, everything = lists
    return _has(catalog, role, ((*acl, *relation.column_acl(position)), owner, everything), names)


def _of_role(catalog: Catalog, environment: Any, *given: str | None) -> bool | None:
    """pg_has_role([user,] role, privilege)."""
    if any(one is None for one in given):
        return None
    *user, other, privilege = (str(one) for one in given)
    role, names, roles = _role(catalog, environment, user), _asked(privilege, _ROLE), catalog.roles
    number = int(other) if other.isdigit() else roles.named(other).id
    for name in names:
        if name.endswith("OPTION"):
            has = roles.administers(role, number)
        elif name == "MEMBER":
            has = role == ADMIN_OID or roles.is_member(role, number)
        else:
            has = roles.has_privileges_of(role, number) if name == "USAGE" else roles.may_set(role, number)
        if has:
            return True
    return False


def privilege_functions() -> Iterator[tuple[str, int, Callable[..., bool | None]]]:
    """(name, arguments, call): all arguments are texts."""
    kinds: dict[str, tuple[Found, frozenset[str]]] = {
        "table": (_table, _TABLE),
        "any_column": (_any_column, _COLUMN),
        "sequence": (_table, _SEQUENCE),
        "schema": (_schema, _SCHEMA),
        "database": (_database, _DATABASE),
        "function": (_function, _EXECUTE),
        "type": (_type, _USAGE),
        "language": (_everything(USAGE), _USAGE),
        "tablespace": (_everything(0), _privileges("CREATE")),
    }
    for kind, (find, known) in kinds.items():
        call = _of(find, known, kind == "schema")
        for arguments in (2, 3):
            yield f"has_{kind}_privilege", arguments, call
    for arguments in (3, 4):
        yield "has_column_privilege", arguments, _of_column
    for arguments in (2, 3):
        yield "pg_has_role", arguments, _of_role


def default_privileges(catalog: Catalog, _: Any, kind: str | None, owner: int | None) -> Array | None:
    """acldefault: the items that count for an object without a list of its own; `kind` is PostgreSQL's letter."""
    if kind is None or owner is None:
        return None
    if kind not in _DEFAULTS:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"unrecognized object type abbreviation: {kind}")
    return array_of_items(acl_texts(_DEFAULTS[kind](owner), catalog.roles))


_DEFAULTS: dict[str, Callable[[int], Acl]] = {
    "c": lambda owner: (),
    "p": lambda owner: (),
    "L": lambda owner: (AclItem(owner, owner, SELECT | UPDATE),),
    "t": lambda owner: (AclItem(owner, owner, CREATE),),
    "F": lambda owner: (AclItem(owner, owner, USAGE),),
    "S": lambda owner: (AclItem(owner, owner, USAGE),),
    **{
        letter: partial(default_acl, kind)
        for letter, kind in (
            *(("r", TABLE), ("s", SEQUENCE), ("d", DATABASE), ("n", SCHEMA)),
            *(("f", FUNCTION), ("l", TYPE), ("T", TYPE)),
        )
    },
}
"""By the letters of PostgreSQL's acldefault."""
