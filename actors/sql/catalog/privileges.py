"""Privileges: access control lists as PostgreSQL has them, and the one check that every statement goes through.

    allows(catalog, role, table, SELECT)                    -> bool
    require(catalog, role, table, SELECT)                   42501 "permission denied for table t"
    require_owner(catalog, role, table)                     42501 "must be owner of table t"

An object with privileges (`Owned`) is a descriptor with `id`, `name`, `owner` (a role's oid) and `acl`: None until
someone grants or revokes (then the kind's default counts: all to the owner, and what PUBLIC has by default), else its
items. A kind is told by the descriptor's class (`KINDS`): another kind of object is one entry there.

An item is what one grantor gave one grantee: bits of privileges, and which of them with grant option. The owner's
grants are the owner's whoever made them as a member; so the items are a graph from the owner, in which CASCADE cuts
what hangs on a grant option that is taken away.

    {admin=arwdDxt/admin,app=r*w/admin,=r/app}              as relacl shows them: (grantee oid, grantor oid, bits, bits
                                                            with grant option)

`admin` passes every check.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from actors.common.errors import INSUFFICIENT_PRIVILEGE, DatabaseError
from actors.sql.catalog.roles import ADMIN_OID, PUBLIC_ROLE_OID, Roles

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

INSERT, SELECT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, EXECUTE, USAGE, CREATE, TEMPORARY, CONNECT = (
    1 << place for place in range(12)
)
MAINTAIN = 1 << 14
LETTERS = {
    INSERT: "a", SELECT: "r", UPDATE: "w", DELETE: "d", TRUNCATE: "D", REFERENCES: "x", TRIGGER: "t", EXECUTE: "X",
    USAGE: "U", CREATE: "C",
    TEMPORARY: "T", CONNECT: "c", MAINTAIN: "m",
}  # fmt: skip
"""In the order in which an item shows them."""
NAMES = {
    "insert": INSERT, "select": SELECT, "update": UPDATE, "delete": DELETE, "truncate": TRUNCATE,
    "references": REFERENCES, "trigger": TRIGGER,
    "execute": EXECUTE, "usage": USAGE, "create": CREATE, "temporary": TEMPORARY, "temp": TEMPORARY, "connect": CONNECT,
    "maintain": MAINTAIN,
}  # fmt: skip
COLUMN_PRIVILEGES = INSERT | SELECT | UPDATE | REFERENCES


class AclItem(msgspec.Struct, frozen=True, array_like=True):
    """`grantable` is a part of `privileges`."""

    grantee: int
    grantor: int
    privileges: int
    grantable: int = 0


Acl = tuple[AclItem, ...]


class DefaultAcl(msgspec.Struct, frozen=True):
    """ALTER DEFAULT PRIVILEGES: of the objects of kind `letter` that `role` makes in `schema`, which joins what there
    is without; of 0, all schemas, the list that counts instead of the kind's default."""

    role: int
    schema: int
    letter: str
    acl: Acl


class Owned(Protocol):
    """An object that somebody owns and others may be given privileges on."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def owner(self) -> int: ...
    @property
    def acl(self) -> Acl | None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`noun`: as errors name it; `all_privileges`: what ALL means; `public`: what PUBLIC has by default."""

    noun: str
    all_privileges: int
    public: int = 0
    letter: str = ""
    """As pg_default_acl.defaclobjtype has it; "" for one without default privileges."""


_OF_TABLES = INSERT | SELECT | UPDATE | DELETE | TRUNCATE | REFERENCES | TRIGGER | MAINTAIN
TABLE = Kind("table", _OF_TABLES, letter="r")
VIEW = Kind("view", _OF_TABLES, letter="r")
SEQUENCE = Kind("sequence", USAGE | SELECT | UPDATE, letter="S")
SCHEMA = Kind("schema", USAGE | CREATE, letter="n")
TYPE = Kind("type", USAGE, USAGE, "T")
DATABASE = Kind("database", CREATE | TEMPORARY | CONNECT, TEMPORARY | CONNECT)
FUNCTION = Kind("function", EXECUTE, EXECUTE, "f")
KINDS: dict[str, Kind] = {
    "Table": TABLE,
    "View": VIEW,
    "Sequence": SEQUENCE,
    "Schema": SCHEMA,
    "Database": DATABASE,
    "Domain": TYPE,
    "Function": FUNCTION,
}
"""By the name of the descriptor's class."""


def kind_of(thing: Any) -> Kind:
    return KINDS[type(thing).__name__]


def default_acl(kind: Kind, owner: int) -> Acl:
    """What counts for an object without a list of its own."""
    public = (AclItem(PUBLIC_ROLE_OID, owner, kind.public),) if kind.public else ()
    return (*public, AclItem(owner, owner, kind.all_privileges))


def acl_of(thing: Owned) -> Acl:
    return thing.acl if thing.acl is not None else default_acl(kind_of(thing), thing.owner)


# -- checks ------------------------------------------------------------------------------------------------------------


def held(acl: Iterable[AclItem], roles: Roles, role: int) -> int:
    """The bits that `role` has by the items of `acl`: its own, those of roles whose privileges it has, PUBLIC's."""
    mine = roles.inherited(role)
    bits = 0
    for item in acl:
        if item.grantee == PUBLIC_ROLE_OID or item.grantee in mine:
            bits |= item.privileges
    return bits


def grantable(acl: Iterable[AclItem], roles: Roles, role: int, owner: int, everything: int) -> int:
    """The bits that `role` may grant: all of them as the owner, else those it has with grant option."""
    if roles.has_privileges_of(role, owner):
        return everything
    mine = roles.inherited(role)
    bits = 0
    for item in acl:
        if item.grantee in mine:
            bits |= item.grantable
    return bits


def owns(catalog: Catalog, role: int, thing: Owned) -> bool:
    return catalog.roles.has_privileges_of(role, thing.owner)


def allows(catalog: Catalog, role: int, thing: Owned, privileges: int) -> bool:
    """Whether `role` has all of `privileges` on the object itself (of a table: on all of its columns)."""
    if role == ADMIN_OID:
        return True
    return not privileges & ~held(acl_of(thing), catalog.roles, role)


def allows_column(catalog: Catalog, role: int, table: Any, position: int, privilege: int) -> bool:
    """Whether `role` has the privilege on the column at `position`, by the column's list alone."""
    return any(place == position and held(acl, catalog.roles, role) & privilege for place, acl in table.column_acls)


def concerns(catalog: Catalog, role: int, thing: Owned) -> bool:
    """Whether `role` owns the object, or has some privilege on it or a column of it."""
    if owns(catalog, role, thing):
        return True
    columns = (item for _, acl in getattr(thing, "column_acls", ()) for item in acl)
    return bool(held((*acl_of(thing), *columns), catalog.roles, role))


def require(catalog: Catalog, role: int, thing: Owned, privileges: int) -> None:
    """Raises 42501."""
    if not allows(catalog, role, thing, privileges):
        raise denied(kind_of(thing).noun, thing.name)


def require_owner(catalog: Catalog, role: int, thing: Owned, noun: str = "", name: str = "") -> None:
    """Raises 42501; `noun` and `name` where the error names a part of the object (an index)."""
    if not owns(catalog, role, thing):
        raise not_owner(noun or kind_of(thing).noun, name or thing.name)


def denied(noun: str, name: str) -> DatabaseError:
    return DatabaseError(INSUFFICIENT_PRIVILEGE, f"permission denied for {noun} {name}")


def not_owner(noun: str, name: str) -> DatabaseError:
    return DatabaseError(INSUFFICIENT_PRIVILEGE, f"must be owner of {noun} {name}")


# -- changes -----------------------------------------------------------------------------------------------------------


def granted(acl: Acl, grantee: int, grantor: int, privileges: int, with_option: bool) -> Acl:
    """With `privileges` added to what `grantor` gave `grantee`. An item of no one yet joins at the end."""
    option = privileges if with_option else 0
    for place, item in enumerate(acl):
        if (item.grantee, item.grantor) == (grantee, grantor):
            more = AclItem(grantee, grantor, item.privileges | privileges, item.grantable | option)
            return (*acl[:place], more, *acl[place + 1 :])
    return (*acl, AclItem(grantee, grantor, privileges, option))


def revoked(
    acl: Acl, owner: int, grantee: int, grantor: int, privileges: int, *, only_option: bool, cascade: bool
) -> Acl:
    """Without `privileges`, or only their grant options, that `grantor` gave `grantee`. What others were given by an
    option that is gone falls with `cascade`; without it: 2BP01."""
    remaining: list[AclItem] = []
    for item in acl:
        if (item.grantee, item.grantor) == (grantee, grantor):
            kept = item.privileges if only_option else item.privileges & ~privileges
            less = AclItem(grantee, grantor, kept, item.grantable & ~privileges)
            if kept:
                remaining.append(less)
        else:
            remaining.append(item)
    result = tuple(remaining)
    if grantee == owner:  # whose grant options nobody can take away
        return result
    lost = _options(acl, grantee) & ~_options(result, grantee)
    dependent = [
        (item, item.privileges & lost) for item in result if item.grantor == grantee and item.privileges & lost
    ]
    if dependent and not cascade:
        raise DatabaseError("2BP01", "dependent privileges exist", hint="Use CASCADE to revoke them too.")
    for item, bits in dependent:
        result = revoked(result, owner, item.grantee, grantee, bits, only_option=False, cascade=True)
    return result


def _options(acl: Acl, grantee: int) -> int:
    bits = 0
    for item in acl:
        if item.grantee == grantee:
            bits |= item.grantable
    return bits


def reowned(acl: Acl | None, before: int, after: int) -> Acl | None:
    """What the old owner had and gave is the new owner's."""
    if acl is None:
        return None
    result: Acl = ()
    for item in acl:
        grantee, grantor = (after if role == before else role for role in (item.grantee, item.grantor))
        result = granted(result, grantee, grantor, item.privileges, False)
        if item.grantable:
            result = granted(result, grantee, grantor, item.grantable, True)
    return result


def is_same(one: Acl, other: Acl) -> bool:
    """The same items, in any order."""
    return set(one) == set(other)


def in_order(acl: Acl) -> Acl:
    """By grantee and grantor, as PostgreSQL keeps default privileges."""
    return tuple(sorted(acl, key=lambda item: (item.grantee, item.grantor)))


def initial_acl(kind: Kind, owner: int, everywhere: Acl | None, here: Acl | None) -> Acl | None:
    """A new object's list, of the owner's default privileges; None where it is the kind's default."""
    if everywhere is None and here is None:
        return None
    base = default_acl(kind, owner)
    acl = base if everywhere is None else everywhere
    if not acl and not here:  # as in PostgreSQL, where no list at all is the kind's default
        return None
    for item in here or ():
        acl = granted(acl, item.grantee, item.grantor, item.privileges, False)
        acl = granted(acl, item.grantee, item.grantor, item.grantable, True) if item.grantable else acl
    return None if is_same(acl, base) else in_order(acl)


def mentions(acl: Acl | None, role: int) -> bool:
    return acl is not None and any(role in (item.grantee, item.grantor) for item in acl)


# -- texts -------------------------------------------------------------------------------------------------------------


def acl_texts(acl: Acl, roles: Roles) -> list[str]:
    """As aclitem's output: `app=r*w/admin`."""
    return [f"{_name(item.grantee, roles)}={_letters(item)}/{_name(item.grantor, roles)}" for item in acl]


def _letters(item: AclItem) -> str:
    return "".join(
        letter + ("*" if item.grantable & bit else "") for bit, letter in LETTERS.items() if item.privileges & bit
    )


def _name(role: int, roles: Roles) -> str:
    if role == PUBLIC_ROLE_OID:
        return ""
    found = roles.with_id(role)
    name = found.name if found is not None else str(role)
    return name if all(letter.isalnum() or letter == "_" for letter in name) else '"' + name.replace('"', '""') + '"'
