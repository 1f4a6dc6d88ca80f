"""GRANT and REVOKE of privileges on tables, their columns, schemas, domains, functions and the
database.

    GRANT SELECT, UPDATE (a) ON t, u TO app WITH GRANT OPTION

Each object's list changes by itself (sql/catalog/privileges.py). The grantor is the object's owner where the
statement's role has the owner's privileges, else the role through which it has most of the grant options asked for;
what it may not grant is left out, with a warning, as in PostgreSQL.

Refused in dsql mode, with Aurora DSQL's texts: privileges on the database, and on the schemas that the system made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pglast.enums import GrantTargetType, ObjectType, RoleSpecType

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_CATALOG_NAME,
    INVALID_GRANT_OPERATION,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
    DatabaseError,
)
from actors.query_processor.ddl import domains, functions
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.roles import role_of
from actors.sql.catalog.privileges import (
    COLUMN_PRIVILEGES,
    NAMES,
    Acl,
    Kind,
    Owned,
    acl_of,
    denied,
    grantable,
    granted,
    held,
    kind_of,
    revoked,
)
from actors.sql.catalog.roles import PUBLIC_ROLE_OID
from actors.sql.catalog.schema import IMPLIED_SCHEMAS, SYSTEM_SCHEMAS, Table, View
from actors.sql.catalog.system_tables import find_system_table

NOT_GRANTED, NOT_REVOKED = "01007", "01006"
_IMPLIED = frozenset(schema.name for schema in IMPLIED_SCHEMAS)


async def grant(change: SchemaChange, node: Any) -> str:
    """Raises 42704, 42P01, 3F000, 42703, 42501, 0LP01, 2BP01, 0A000."""
    _check_grantor(change, node)
    grantees = [_grantee(change, spec) for spec in node.grantees]
    if node.is_grant and node.grant_option and PUBLIC_ROLE_OID in grantees:
        raise DatabaseError(INVALID_GRANT_OPERATION, "grant options can only be granted to roles")
    for thing in _objects(change, node):
        after = _Grant(change, node, grantees).applied(thing)
        if after is not thing:
            change.put_owned(thing, after)
    for role in grantees:
        change.depend_on_role(role)
    return "GRANT" if node.is_grant else "REVOKE"


def _check_grantor(change: SchemaChange, node: Any) -> None:
    if node.grantor is not None and role_of(change, node.grantor).id != change.role:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "grantor must be current user")


def _grantee(change: SchemaChange, spec: Any) -> int:
    return PUBLIC_ROLE_OID if spec.roletype == RoleSpecType.ROLESPEC_PUBLIC else role_of(change, spec).id


# -- objects -----------------------------------------------------------------------------------------------------------


def _objects(change: SchemaChange, node: Any) -> Iterator[Owned]:
    strict = change.session.settings.mode == "dsql"
    if node.targtype == GrantTargetType.ACL_TARGET_ALL_IN_SCHEMA:
        for name in node.objects:
            schema = change.catalog.schema(name.sval)
            if node.objtype == ObjectType.OBJECT_TABLE:
                relations: list[Table | View] = [*change.catalog.tables(), *change.catalog.views()]
                yield from (relation for relation in relations if relation.schema == schema.name)
            elif node.objtype == ObjectType.OBJECT_SEQUENCE:
                sequences = list(change.catalog.sequences())
                yield from (sequence for sequence in sequences if sequence.schema == schema.name)
            elif node.objtype in (ObjectType.OBJECT_FUNCTION, ObjectType.OBJECT_ROUTINE):
                yield from [function for function in change.catalog.functions() if function.schema == schema.name]
        return
    match node.objtype:
        case ObjectType.OBJECT_TABLE | ObjectType.OBJECT_SEQUENCE:
            for relation in node.objects:
                yield _relation(change, relation, node.objtype)
        case ObjectType.OBJECT_SCHEMA:
            for name in node.objects:
                schema = change.catalog.schema(name.sval)
                if schema.name in SYSTEM_SCHEMAS or (strict and schema.name in _IMPLIED):
                    raise _of_the_system()
                yield schema
        case ObjectType.OBJECT_DATABASE:
            if strict:
                raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported object type in GRANT")
            for name in node.objects:
                if name.sval != change.catalog.database.name:
                    raise DatabaseError(INVALID_CATALOG_NAME, f'database "{name.sval}" does not exist')
                yield change.catalog.database
        case ObjectType.OBJECT_DOMAIN | ObjectType.OBJECT_TYPE:
            for names in node.objects:
                domain = domains.named(change, names)
                assert domain is not None, "it is there, or an error is raised"
                yield domain
        case ObjectType.OBJECT_FUNCTION | ObjectType.OBJECT_PROCEDURE | ObjectType.OBJECT_ROUTINE:
            for item in node.objects:
                function = functions.named(change, item)
                assert function is not None, "it is there, or an error is raised"
                yield function
        case _:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported object type in GRANT")


def _relation(change: SchemaChange, relation: Any, kind: ObjectType) -> Owned:
    """GRANT ... ON TABLE names a sequence, too."""
    other = change.catalog.find_other(relation.schemaname, relation.relname)
    found = change.catalog.find(relation.schemaname, relation.relname)
    if kind == ObjectType.OBJECT_SEQUENCE and (found is not None or isinstance(other, View)):
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{relation.relname}" is not a sequence')
    if other is not None:
        return other
    if found is None:
        if find_system_table(relation.schemaname, relation.relname) is not None:
            raise _of_the_system()
        shown = f"{relation.schemaname}.{relation.relname}" if relation.schemaname else relation.relname
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
    if found[1] is not None:
        raise DatabaseError(WRONG_OBJECT_TYPE, f'"{relation.relname}" is an index')
    return found[0]


def _of_the_system() -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, "feature not supported on system entity")


def privilege_bits(name: str | None, allowed: int, noun: str) -> int:
    """Of a privilege's name; None is ALL. Raises 42601, 0LP01."""
    if name is None:
        return allowed
    bit = NAMES.get(name)
    if bit is None:
        raise DatabaseError(SYNTAX_ERROR, f'unrecognized privilege type "{name}"')
    if not bit & allowed:
        raise DatabaseError(INVALID_GRANT_OPERATION, f"invalid privilege type {name.upper()} for {noun}")
    return bit


# -- one object --------------------------------------------------------------------------------------------------------


class _Grant:
    """The statement, for one object after the other."""

    def __init__(self, change: SchemaChange, node: Any, grantees: list[int]) -> None:
        self._change = change
        self._node = node
        self._grantees = grantees

    def applied(self, thing: Owned) -> Owned:
        kind = kind_of(thing)
        bits, columns = self._asked(kind, thing)
        if bits or self._node.privileges is None:
            thing = self._on_whole(thing, kind, bits)
        for position, asked in columns.items():
            assert isinstance(thing, Table | View)
            thing = self._on_column(thing, position, asked)
        return thing

    def _asked(self, kind: Kind, thing: Owned) -> tuple[int, dict[int, int]]:
        """(bits for the whole object, bits by column). No list is ALL."""
        if self._node.privileges is None:
            return kind.all_privileges, {}
        whole, columns = 0, dict[int, int]()
        for privilege in self._node.privileges:
            if privilege.cols:
                bits = privilege_bits(privilege.priv_name, COLUMN_PRIVILEGES, "column")
                for position in _positions(thing, privilege.cols):
                    columns[position] = columns.get(position, 0) | bits
            else:
                noun = "relation" if isinstance(thing, Table | View) else kind.noun
                whole |= privilege_bits(privilege.priv_name, kind.all_privileges, noun)
        return whole, columns

    def _on_whole(self, thing: Owned, kind: Kind, bits: int) -> Owned:
        acl = acl_of(thing)
        grantor, possible = self._grantor(acl, thing.owner, kind.all_privileges, bits)
        held_bits = held(acl, self._change.catalog.roles, self._change.role)
        bits = self._possible(bits, possible, held_bits, kind.noun, thing.name, self._node.privileges is None)
        if not bits:
            return thing
        after: Any = replace(thing, acl=self._changed(acl, thing.owner, grantor, bits))  # type: ignore[type-var]
        if (
            isinstance(after, Table | View) and not self._node.is_grant
        ):  # what is taken from the whole is taken from each column
            for position, column_acl in after.column_acls:
                less = self._changed(column_acl, thing.owner, grantor, bits & COLUMN_PRIVILEGES)
                after = _with_column_acl(after, position, less)
        return after  # type: ignore[no-any-return]

    def _on_column(self, table: Table | View, position: int, bits: int) -> Table | View:
        acl = table.column_acl(position)
        everything = (*acl_of(table), *acl)
        grantor, possible = self._grantor(everything, table.owner, COLUMN_PRIVILEGES, bits)
        name = next(name for name, place in table.column_places() if place == position)
        held_bits = held(everything, self._change.catalog.roles, self._change.role)
        shown = f'"{name}" of relation "{table.name}"'
        bits = self._possible(bits, possible, held_bits, "column", shown, False)
        return _with_column_acl(table, position, self._changed(acl, table.owner, grantor, bits)) if bits else table

    def _grantor(self, acl: Iterable[Any], owner: int, everything: int, wanted: int) -> tuple[int, int]:
        """(who is noted as the grantor, the bits that it may grant)."""
        roles, role = self._change.catalog.roles, self._change.role
        if roles.has_privileges_of(role, owner):
            return owner, everything
        acl = tuple(acl)
        best, best_bits = role, 0
        for candidate in sorted(roles.inherited(role), key=lambda one: (one != role, one)):
            bits = 0
            for item in acl:
                if item.grantee == candidate:
                    bits |= item.grantable
            if (bits & wanted).bit_count() > best_bits.bit_count():
                best, best_bits = candidate, bits & wanted
        return best, grantable(acl, roles, role, owner, everything) & best_bits

    def _possible(self, wanted: int, possible: int, held_bits: int, noun: str, name: str, is_all: bool) -> int:
        """The part of `wanted` that is granted or revoked, with PostgreSQL's warnings. Raises 42501 where the role has
        nothing at all on the object."""
        if not possible and not held_bits:
            raise denied(noun, name)
        bits = wanted & possible
        sqlstate = NOT_GRANTED if self._node.is_grant else NOT_REVOKED
        quoted = name if noun == "column" else f'"{name}"'
        shown = f"column {quoted}" if noun == "column" else quoted
        verb = "were granted" if self._node.is_grant else "could be revoked"
        if not bits:
            self._change.session.notice("WARNING", sqlstate, f"no privileges {verb} for {shown}")
        elif bits != wanted and not is_all:
            self._change.session.notice("WARNING", sqlstate, f"not all privileges {verb} for {shown}")
        return bits

    def _changed(self, acl: Acl, owner: int, grantor: int, bits: int) -> Acl:
        node = self._node
        cascade = node.behavior.name == "DROP_CASCADE"
        for grantee in self._grantees:
            if node.is_grant:
                acl = granted(acl, grantee, grantor, bits, bool(node.grant_option))
            else:
                only = bool(node.grant_option)
                acl = revoked(acl, owner, grantee, grantor, bits, only_option=only, cascade=cascade)
        return acl


def _positions(thing: Owned, names: Iterable[Any]) -> Iterator[int]:
    columns = dict(thing.column_places()) if isinstance(thing, Table | View) else {}
    for name in names:
        if name.sval not in columns:
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{name.sval}" of relation "{thing.name}" does not exist')
        yield columns[name.sval]


def _with_column_acl(table: Table | View, position: int, acl: Acl) -> Table | View:
    others = [(place, other) for place, other in table.column_acls if place != position]
    return replace(table, column_acls=tuple(sorted([*others, (position, acl)] if acl else others)))
