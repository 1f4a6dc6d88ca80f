"""CREATE, ALTER and DROP ROLE (USER, GROUP), GRANT and REVOKE of membership, AWS IAM GRANT and REVOKE.

Roles are rows of the catalog (sql/catalog/roles.py); `admin` is there without one and cannot be changed. Who may do
what is PostgreSQL 16's: CREATEROLE creates, and gives the creator ADMIN OPTION on what it has created, by which alone
it may change it.

Refused in dsql mode: passwords (a role is connected to by a token, whose identity AWS IAM GRANT has named), and what
only a superuser may give.
"""

from __future__ import annotations

import re
from typing import Any

from pglast.enums import RoleSpecType, RoleStmtType

from actors.common.errors import (
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_GRANT_OPERATION,
    INVALID_PARAMETER_VALUE,
    OBJECT_IN_USE,
    RESERVED_NAME,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.postgres.scram import SALT_BYTES, Verifier
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.dependents import dependents_of
from actors.sql.catalog.roles import ADMIN_OID, RESERVED_NAMES, IamMapping, Membership, Role
from actors.sql.types import by_name

ARN = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d{12}:(?:role|user|assumed-role)/[\w+=,.@/-]+")
_ATTRIBUTES = {"canlogin": "login", "inherit": "inherit", "createrole": "create_role", "createdb": "create_db"}
_SUPERUSERS = {"superuser": "SUPERUSER", "isreplication": "REPLICATION", "bypassrls": "BYPASSRLS"}


# -- names -------------------------------------------------------------------------------------------------------------


def role_of(change: SchemaChange, spec: Any) -> Role:
    """The role that a RoleSpec names. Raises 42704."""
    roles = change.catalog.roles
    if spec.roletype == RoleSpecType.ROLESPEC_CSTRING:
        return roles.named(spec.rolename)
    if spec.roletype == RoleSpecType.ROLESPEC_PUBLIC:
        raise DatabaseError(UNDEFINED_OBJECT, 'role "public" does not exist')
    number = change.session.session_role if spec.roletype == RoleSpecType.ROLESPEC_SESSION_USER else change.role
    found = roles.with_id(number)
    if found is None:
        raise DatabaseError(UNDEFINED_OBJECT, f'role "{change.session.current_user}" does not exist')
    return found


def require_settable(change: SchemaChange, role: int) -> None:
    """Raises 42501 unless the statement's role may SET ROLE to `role`, as who gives objects away must."""
    if not change.catalog.roles.may_set(change.role, role):
        name = change.catalog.roles.name_of(role)
        raise DatabaseError(INSUFFICIENT_PRIVILEGE, f'must be able to SET ROLE "{name}"')


def _check_name(name: str) -> None:
    if name.startswith("pg_"):
        detail = 'Role names starting with "pg_" are reserved.'
        raise DatabaseError(RESERVED_NAME, f'role name "{name}" is reserved', detail=detail)
    if name in RESERVED_NAMES:
        raise DatabaseError(RESERVED_NAME, f'role name "{name}" is reserved')


def _denied(what: str, detail: str) -> DatabaseError:
    return DatabaseError(INSUFFICIENT_PRIVILEGE, f"permission denied to {what}", detail=detail)


def _require_changeable(change: SchemaChange, role: Role, verb: str) -> None:
    """Raises 42501 where the statement's role may not alter, rename or drop `role`."""
    roles = change.catalog.roles
    if role.id == ADMIN_OID:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "feature not supported on system entity")
    me = roles.with_id(change.role)
    if not (me is not None and me.create_role and roles.administers(me.id, role.id)):
        detail = (
            f'Only roles with the CREATEROLE attribute and the ADMIN option on role "{role.name}" may {verb} this role.'
        )
        raise _denied(f"{verb} role", detail)


# -- CREATE, ALTER, DROP -----------------------------------------------------------------------------------------------


async def create_role(change: SchemaChange, node: Any) -> str:
    """Raises 42501, 42710, 42939, 42704."""
    me = change.catalog.roles.with_id(change.role)
    if me is None or not me.create_role:
        raise _denied("create role", "Only roles with the CREATEROLE attribute may create roles.")
    options = _options(node.options)
    _check_name(node.role)
    if change.catalog.roles.find(node.role) is not None:
        raise DatabaseError(DUPLICATE_OBJECT, f'role "{node.role}" already exists')
    [number] = await change.ids(1)
    role = Role(number, node.role, login=node.stmt_type == RoleStmtType.ROLESTMT_USER)
    change.put_roles(_with_attributes(change, role, options, "create role"))
    if change.role != ADMIN_OID:  # who creates it may grant it, and no more than that
        owner = change.catalog.roles.with_id(change.role)
        assert owner is not None
        made = Membership(number, ADMIN_OID, admin=True, inherit=False, set_=False)
        change.put_roles(replace(owner, memberships=(*owner.memberships, made)))
    for group in options.get("addroleto", ()):
        _require_admin(change, role_of(change, group), "grant")
        _add_member(change, role_of(change, group), number, admin=None, inherit=None, set_=None)
    for option, admin in (("rolemembers", None), ("adminmembers", True)):
        for member in options.get(option, ()):
            role = change.catalog.roles.named(node.role)
            _add_member(change, role, role_of(change, member).id, admin=admin, inherit=None, set_=None)
    return "CREATE ROLE"


async def alter_role(change: SchemaChange, node: Any) -> str:
    """ALTER ROLE name WITH ..., and ALTER GROUP name ADD | DROP USER. Raises 42501, 42704."""
    role = role_of(change, node.role)
    options = _options(node.options)
    members = options.pop("rolemembers", None)
    if options or members is None:
        own_password = set(options) == {"password"} and role.id == change.role
        if not own_password or role.id == ADMIN_OID:
            _require_changeable(change, role, "alter")
        change.put_roles(_with_attributes(change, role, options, "alter role"))
    for member in members or ():
        _require_admin(change, role, "grant" if node.action > 0 else "revoke")
        number = role_of(change, member).id
        if node.action > 0:
            _add_member(change, role, number, admin=None, inherit=None, set_=None)
        else:
            _remove_member(change, role, number, _grantor(change, role), "", cascade=False)
    return "ALTER ROLE"


async def drop_roles(change: SchemaChange, node: Any) -> str:
    """Raises 42501, 42704, 55006, 2BP01."""
    me = change.catalog.roles.with_id(change.role)
    if me is None or not me.create_role:
        detail = "Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles."
        raise _denied("drop role", detail)
    dropped: list[Role] = []
    for spec in node.roles:
        if spec.roletype != RoleSpecType.ROLESPEC_CSTRING:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "cannot use special role specifier in DROP ROLE")
        role = change.catalog.roles.find(spec.rolename)
        if role is None:
            if not node.missing_ok:
                raise DatabaseError(UNDEFINED_OBJECT, f'role "{spec.rolename}" does not exist')
            change.notice("00000", f'role "{spec.rolename}" does not exist, skipping')
            continue
        for number, whose in ((change.role, "current"), (change.session.session_role, "session")):
            if role.id == number:
                raise DatabaseError(OBJECT_IN_USE, f"{whose} user cannot be dropped")
        _require_changeable(change, role, "drop")
        dropped.append(role)
    gone = {role.id for role in dropped}
    for role in dropped:
        lines = dependents_of(change.catalog, role.id, gone)
        if lines:
            message = f'role "{role.name}" cannot be dropped because some objects depend on it'
            raise DatabaseError("2BP01", message, detail="\n".join(lines))
    for role in dropped:
        for member, _ in change.catalog.roles.members(role.id):
            kept = tuple(one for one in member.memberships if one.role != role.id)
            change.put_roles(replace(member, memberships=kept))
        for settings in change.catalog.all_role_settings():
            if settings.role == role.name:
                change.set_settings(replace(settings, values=()))
        change.drop_role(role)
    return "DROP ROLE"


async def rename_role(change: SchemaChange, old: str, new: str) -> str:
    """Raises 42704, 42501, 42710, 42939, 0A000."""
    role = change.catalog.roles.named(old)
    for number, whose in ((change.session.session_role, "session"), (change.role, "current")):
        if role.id == number:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{whose} user cannot be renamed")
    _check_name(new)
    if change.catalog.roles.find(new) is not None:
        raise DatabaseError(DUPLICATE_OBJECT, f'role "{new}" already exists')
    _require_changeable(change, role, "rename")
    change.put_roles(replace(role, name=new))
    for settings in change.catalog.all_role_settings():
        if settings.role == old:
            change.set_settings(replace(settings, role=new))
            change.set_settings(replace(settings, values=()))
    return "ALTER ROLE"


def _options(nodes: Any) -> dict[str, Any]:
    """By name. Raises 42601 for one that is given twice."""
    options: dict[str, Any] = {}
    for option in nodes or ():
        if option.defname in options:
            raise DatabaseError(SYNTAX_ERROR, "conflicting or redundant options")
        options[option.defname] = option.arg
    return options


def _with_attributes(change: SchemaChange, role: Role, options: dict[str, Any], what: str) -> Role:
    """`role` with what `options` say of it. Raises 22007, 42501 for an attribute that the statement's role may not
    give, 0A000 for passwords in dsql mode."""
    me = change.catalog.roles.with_id(change.role)
    verb = what.split()[0]
    for name, shown in _SUPERUSERS.items():
        if name in options and (options[name].boolval or verb == "alter"):
            verbed = (
                f"may create roles with the {shown} attribute"
                if verb == "create"
                else f"may change the {shown} attribute"
            )
            raise _denied(what, f"Only roles with the {shown} attribute {verbed}.")
    if (
        "createdb" in options
        and (options["createdb"].boolval or verb == "alter")
        and not (me is not None and me.create_db)
    ):
        verbed = (
            "may create roles with the CREATEDB attribute" if verb == "create" else "may change the CREATEDB attribute"
        )
        raise _denied(what, f"Only roles with the CREATEDB attribute {verbed}.")
    changes: dict[str, Any] = {
        _ATTRIBUTES[name]: bool(arg.boolval) for name, arg in options.items() if name in _ATTRIBUTES
    }
    if "connectionlimit" in options:
        changes["connections_max"] = options["connectionlimit"].ival or 0
        if changes["connections_max"] < -1:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"invalid connection limit: {changes['connections_max']}")
    if "validUntil" in options:
        now, zone = change.transaction.environment.transaction_timestamp, change.session.run_time.zone
        changes["valid_until"] = by_name["timestamptz"].parse_text(options["validUntil"].sval, -1, zone, now)
    if "password" in options:
        changes["verifier"] = _verifier(change, options["password"])
    if "sysid" in options:
        change.notice("00000", "SYSID can no longer be specified")
    return replace(role, **changes)


def _verifier(change: SchemaChange, password: Any) -> str:
    """As pg_authid keeps it: a SCRAM-SHA-256 verifier, given or made. "" for PASSWORD NULL."""
    if change.session.settings.mode == "dsql":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "passwords are not supported", hint="Use AWS IAM GRANT.")
    if password is None:
        return ""
    text = str(password.sval)
    if text.startswith("SCRAM-SHA-256$"):
        try:
            Verifier.parse(text)
        except ValueError:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "invalid SCRAM-SHA-256 verifier") from None
        return text
    salt = change.session.services.context.random.randbytes(SALT_BYTES)
    return Verifier.from_password(text, salt).format()


# -- membership --------------------------------------------------------------------------------------------------------


async def grant_roles(change: SchemaChange, node: Any) -> str:
    """GRANT role TO member, REVOKE role FROM member. Raises 42704, 42501, 0LP01, 2BP01."""
    options = {option.defname: None if option.arg is None else bool(option.arg.boolval) for option in node.opt or ()}
    cascade = node.behavior.name == "DROP_CASCADE"
    for granted in node.granted_roles:
        if granted.cols:
            raise DatabaseError(INVALID_GRANT_OPERATION, "column names cannot be included in GRANT/REVOKE ROLE")
        role = change.catalog.roles.named(granted.priv_name)
        _require_admin(change, role, "grant" if node.is_grant else "revoke")
        grantor = _grantor(change, role, node.grantor)
        for spec in node.grantee_roles:
            member = role_of(change, spec).id
            if node.is_grant:
                _add_member(
                    change, role, member, options.get("admin"), options.get("inherit"), options.get("set"), grantor
                )
            else:
                _remove_member(change, role, member, grantor, next(iter(options), ""), cascade)
    return "GRANT ROLE" if node.is_grant else "REVOKE ROLE"


def _require_admin(change: SchemaChange, role: Role, verb: str) -> None:
    if not change.catalog.roles.administers(change.role, role.id):
        detail = f'Only roles with the ADMIN option on role "{role.name}" may {verb} this role.'
        raise _denied(f'{verb} role "{role.name}"', detail)


def _grantor(change: SchemaChange, role: Role, spec: Any = None) -> int:
    """Who is noted as having granted: who holds the ADMIN option; of admin's grants, admin."""
    roles = change.catalog.roles
    if spec is not None:
        named = role_of(change, spec)
        if not roles.has_privileges_of(change.role, named.id):
            detail = f'Only roles with privileges of role "{named.name}" may grant privileges as this role.'
            raise _denied(f'grant privileges as role "{named.name}"', detail)
        if not _holds_admin(named, role):
            detail = f'The grantor must have the ADMIN option on role "{role.name}".'
            raise _denied(f'grant privileges as role "{named.name}"', detail)
        return named.id
    if change.role == ADMIN_OID:
        return ADMIN_OID
    mine = (one for one in roles if one.id in roles.inherited(change.role) and _holds_admin(one, role))
    return min(mine, key=lambda one: (one.id != change.role, one.id)).id


def _holds_admin(holder: Role, role: Role) -> bool:
    return holder.id == ADMIN_OID or any(one.role == role.id and one.admin for one in holder.memberships)


def _add_member(
    change: SchemaChange,
    role: Role,
    number: int,
    admin: bool | None,
    inherit: bool | None,
    set_: bool | None,
    grantor: int | None = None,
) -> None:
    """The role with the oid `number` becomes a member of `role`; None: what it has, or the default. Raises 0LP01 for a
    cycle."""
    roles = change.catalog.roles
    member = roles.with_id(number)
    assert member is not None
    if member.id == ADMIN_OID:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "feature not supported on system entity")
    if roles.is_member(role.id, member.id):
        raise DatabaseError(INVALID_GRANT_OPERATION, f'role "{role.name}" is a member of role "{member.name}"')
    grantor = _grantor(change, role) if grantor is None else grantor
    before = next((one for one in member.memberships if (one.role, one.grantor) == (role.id, grantor)), None)
    base = before or Membership(role.id, grantor, inherit=member.inherit)
    given = {
        name: value for name, value in (("admin", admin), ("inherit", inherit), ("set_", set_)) if value is not None
    }
    after = replace(base, **given)
    if before == after:
        name = roles.name_of(grantor)
        message = f'role "{member.name}" has already been granted membership in role "{role.name}" by role "{name}"'
        change.notice("42710", message)
        return
    others = tuple(one for one in member.memberships if one is not before)
    change.put_roles(replace(member, memberships=(*others, after)))
    change.depend_on_role(role.id)
    change.depend_on_role(grantor)


def _remove_member(change: SchemaChange, role: Role, number: int, grantor: int, option: str, cascade: bool) -> None:
    """The membership that `grantor` granted goes, or one `option` of it. What the member has granted by its ADMIN
    OPTION falls with it. Raises 2BP01."""
    roles = change.catalog.roles
    member = roles.with_id(number)
    assert member is not None
    before = next((one for one in member.memberships if (one.role, one.grantor) == (role.id, grantor)), None)
    if before is None:
        name = roles.name_of(grantor)
        message = f'role "{member.name}" has not been granted membership in role "{role.name}" by role "{name}"'
        change.session.notice("WARNING", "01000", message)
        return
    others = tuple(one for one in member.memberships if one is not before)
    keeps_admin = any(one.role == role.id and one.admin for one in others)
    if before.admin and option in ("", "admin") and not keeps_admin:
        dependent = [other for other, one in roles.members(role.id) if one.grantor == member.id]
        if dependent and not cascade:
            raise DatabaseError("2BP01", "dependent privileges exist", hint="Use CASCADE to revoke them too.")
        for other in dependent:
            _remove_member(change, role, other.id, member.id, "", cascade)
    field = {"admin": "admin", "inherit": "inherit", "set": "set_"}.get(option)
    left = (replace(before, **{field: False}),) if field is not None else ()
    change.put_roles(replace(member, memberships=(*others, *left)))


# -- IAM identities ----------------------------------------------------------------------------------------------------


async def map_identity(change: SchemaChange, node: Any) -> str:
    """AWS IAM GRANT role TO 'arn', AWS IAM REVOKE role FROM 'arn'. Raises 42704, 42501, 22023, 42710."""
    role = change.catalog.roles.named(node.role)
    if role.id == ADMIN_OID:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "feature not supported on system entity")
    _require_admin(change, role, "grant" if node.is_grant else "revoke")
    if ARN.fullmatch(node.arn) is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'invalid ARN: "{node.arn}"')
    others = tuple(one for one in role.identities if one.arn != node.arn)
    known = len(others) < len(role.identities)
    if not node.is_grant:
        if not known:
            raise DatabaseError(UNDEFINED_OBJECT, f'role "{role.name}" is not granted to "{node.arn}"')
        change.put_roles(replace(role, identities=others))
        return "AWS IAM REVOKE"
    if known:
        raise DatabaseError(DUPLICATE_OBJECT, f'role "{role.name}" is granted to "{node.arn}" already')
    [number] = await change.ids(1)
    change.put_roles(replace(role, identities=(*others, IamMapping(number, node.arn, change.role))))
    return "AWS IAM GRANT"
