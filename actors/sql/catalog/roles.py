"""Roles: who may log in, who is a member of whom, which IAM identities stand for a role. Immutable descriptors, stored
as rows of the catalog (encoding.py).

    roles = Roles([Role(16390, "app", login=True, memberships=(Membership(16391, ADMIN_OID),))])
    roles.named("app").id == 16390
    roles.inherited(16390)                      -> frozenset({16390, 16391}): those whose privileges "app" has without
                                                SET ROLE
    roles.may_log_in("arn:aws:iam::1:role/x", "app")

Objects name their owner and grantees by oid, so a role is renamed without touching them. What a role is a member of is
kept with the member, so that two transactions that change one role's memberships conflict, and a role that is dropped
takes its memberships along.

`admin` (oid 10) is always there, is kept nowhere, and can't be changed. As in Aurora DSQL it is no superuser by name
(rolsuper is false), but owns what the system made and passes every check of privileges.

PUBLIC is oid 0: every role, no role's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from actors.common.errors import UNDEFINED_OBJECT, DatabaseError

ADMIN_OID = 10
PUBLIC_ROLE_OID = 0
RESERVED_NAMES = frozenset({"public", "none"})


class Membership(msgspec.Struct, frozen=True, array_like=True):
    """Of a role in `role`, as GRANT role TO member gave it; `grantor` is another role's oid."""

    role: int
    grantor: int
    admin: bool = False
    inherit: bool = True
    set_: bool = True
    """SET ROLE to it is allowed."""


class IamMapping(msgspec.Struct, frozen=True, array_like=True):
    """AWS IAM GRANT: the identity of `arn` may log in as the role. `oid` is sys.iam_pg_role_mappings' iam_oid."""

    oid: int
    arn: str
    grantor: int


class Role(msgspec.Struct, frozen=True):
    """`valid_until`: a timestamptz datum, until which the password counts; `verifier`: a SCRAM-SHA-256 verifier as
    pg_authid.rolpassword has it, "" for none; `connections_max` -1: no limit of its own."""

    id: int
    name: str
    login: bool = False
    inherit: bool = True
    create_role: bool = False
    create_db: bool = False
    connections_max: int = -1
    valid_until: int | None = None
    verifier: str = ""
    memberships: tuple[Membership, ...] = ()
    identities: tuple[IamMapping, ...] = ()
    comment: str | None = None


ADMIN_ROLE = Role(ADMIN_OID, "admin", login=True, create_role=True, create_db=True)


class Roles:
    """All roles of one catalog. Closures are computed once each and kept."""

    __slots__ = ("_by_id", "_by_name", "_inherited", "_settable")

    def __init__(self, roles: Iterable[Role] = ()) -> None:
        self._by_id = {role.id: role for role in (ADMIN_ROLE, *roles)}
        self._by_name = {role.name: role for role in self._by_id.values()}
        self._inherited: dict[int, frozenset[int]] = {}
        self._settable: dict[int, frozenset[int]] = {}

    def __iter__(self) -> Iterator[Role]:
        """By oid."""
        return iter(sorted(self._by_id.values(), key=lambda role: role.id))

    def find(self, name: str) -> Role | None:
        return self._by_name.get(name)

    def named(self, name: str) -> Role:
        """Raises 42704."""
        found = self._by_name.get(name)
        if found is None:
            raise DatabaseError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
        return found

    def with_id(self, role: int) -> Role | None:
        return self._by_id.get(role)

    def name_of(self, role: int) -> str:
        """As pg_get_userbyid shows it."""
        found = self._by_id.get(role)
        return found.name if found is not None else f"unknown (OID={role})"

    def inherited(self, role: int) -> frozenset[int]:
        """The roles whose privileges `role` has: itself, and what it is a member of with INHERIT, at any distance."""
        return self._closure(role, self._inherited, lambda one: one.inherit)

    def settable(self, role: int) -> frozenset[int]:
        """The roles that `role` may SET ROLE to: itself, and what it is a member of with SET, at any distance."""
        return self._closure(role, self._settable, lambda one: one.set_)

    def is_member(self, member: int, role: int) -> bool:
        """At any distance, whatever the options. A role is a member of itself; admin of none that it was not
        granted."""
        return role in self._closure(member, {}, lambda one: True)

    def has_privileges_of(self, role: int, other: int) -> bool:
        return role == ADMIN_OID or other in self.inherited(role)

    def may_set(self, role: int, other: int) -> bool:
        return role == ADMIN_OID or other in self.settable(role)

    def administers(self, role: int, other: int) -> bool:
        """Whether `role` may grant membership in `other`: it, or a role whose privileges it has, holds ADMIN OPTION on
        it."""
        if role == ADMIN_OID:
            return True
        holders = (self._by_id.get(holder) for holder in self.inherited(role))
        return any(
            one.role == other and one.admin for holder in holders if holder is not None for one in holder.memberships
        )

    def may_log_in(self, arn: str, name: str) -> bool:
        """Whether the IAM identity `arn` may log in as the role `name`. Never true of admin, who needs no mapping."""
        role = self._by_name.get(name)
        return role is not None and role.login and any(one.arn == arn for one in role.identities)

    def members(self, role: int) -> list[tuple[Role, Membership]]:
        """Those who are members of `role` themselves, by oid."""
        return [(member, one) for member in self for one in member.memberships if one.role == role]

    def _closure(
        self, role: int, kept: dict[int, frozenset[int]], follows: Callable[[Membership], bool]
    ) -> frozenset[int]:
        known = kept.get(role)
        if known is not None:
            return known
        found = {role}
        waiting = [role]
        while waiting:
            member = self._by_id.get(waiting.pop())
            for one in member.memberships if member is not None else ():
                if one.role not in found and follows(one):
                    found.add(one.role)
                    waiting.append(one.role)
        closure = kept[role] = frozenset(found)
        return closure
