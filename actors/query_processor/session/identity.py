"""Who a session is: who logged in, who it is taken for (SET SESSION AUTHORIZATION), who it acts as (SET ROLE).

    session.user            the name that logged in; never changes
    session.session_role    the oid of the session user: session_user, pg_has_role's default, who may SET ROLE
    session.role            the oid of the current user: current_user; whose privileges count

`role` and `session_authorization` are run-time parameters, so SET LOCAL, ROLLBACK, RESET, savepoints and parking do
with them what they do with any other; a parameter's value is a role's name, and `session.role_oids` has the oid of
every name that the session has been ("": of `user`). So a role that is renamed stays who it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.common.errors import (
    INSUFFICIENT_PRIVILEGE,
    INVALID_AUTHORIZATION_SPECIFICATION,
    INVALID_PARAMETER_VALUE,
    DatabaseError,
)
from actors.query_processor.session.sight import seen
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.settings.parameter_table import DEFINITIONS
from actors.sql.settings.parameter_values import not_supported

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.sql.catalog.snapshot import Catalog

ROLE = "role"
AUTHORIZATION = "session_authorization"
NO_ROLE = "none"
LOGIN = ""
"""In `session.role_oids`: the role that logged in."""
NOBODY_OID = 2**32 - 1
"""No role's: who it is has PUBLIC's privileges."""
ACCESS_DENIED = "unable to accept connection, access denied"
"""Aurora DSQL's, for whoever may not connect."""


def log_in(session: Session, catalog: Catalog) -> None:
    """The session begins as the role of its user. Raises 28000."""
    role = catalog.roles.find(session.user)
    if role is None or not role.login:
        why = f'role "{session.user}" ' + ("does not exist" if role is None else "is not permitted to log in")
        raise DatabaseError(
            INVALID_AUTHORIZATION_SPECIFICATION, ACCESS_DENIED if session.settings.mode == "dsql" else why
        )
    session.role_oids[LOGIN] = role.id
    changed(session)


def checked(session: Session, name: str, value: str) -> str:
    """`value` as SHOW answers it. Raises 22023 where there is no such role, 42501, 0A000."""
    lower = value.lower() if name == ROLE else value
    if lower == NO_ROLE and name == ROLE:
        return NO_ROLE
    if name == AUTHORIZATION and value == session.run_time.values[name]:
        return value
    if name == AUTHORIZATION and session.settings.mode == "dsql":
        raise not_supported(DEFINITIONS[AUTHORIZATION])
    transaction = session.transaction
    catalog = transaction.catalog if transaction is not None else session.services.catalogs.current
    assert catalog is not None, "a session has read the catalog when it began"
    role = catalog.roles.find(value)
    if role is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'role "{value}" does not exist')
    if name == ROLE and not catalog.roles.may_set(session.session_role, role.id):
        raise DatabaseError(INSUFFICIENT_PRIVILEGE, f'permission denied to set role "{value}"')
    if name == AUTHORIZATION and session.role_oids.get(LOGIN) not in (ADMIN_OID, role.id):
        raise DatabaseError(INSUFFICIENT_PRIVILEGE, f'permission denied to set session authorization "{value}"')
    session.role_oids[value] = role.id
    return value


def changed(session: Session) -> None:
    """The parameters have changed: so has who the session is, and what it sees of the catalog."""
    values = session.run_time.values
    session.session_user = values[AUTHORIZATION]
    oids = session.role_oids
    session.session_role = oids.get(LOGIN if session.session_user == session.user else session.session_user, NOBODY_OID)
    role = values[ROLE]
    session.current_user = session.session_user if role == NO_ROLE else role
    session.role = session.session_role if role == NO_ROLE else oids.get(role, NOBODY_OID)
    session.run_time.current_user = session.current_user
    transaction = session.transaction
    if transaction is not None:
        transaction.catalog = seen(session, transaction.catalog)
        environment = transaction.environment
        environment.user, environment.session_user = session.current_user, session.session_user


def renamed(session: Session, catalog: Catalog) -> None:
    """The session's names are those that its roles have now."""
    session.named_in = catalog
    roles = catalog.roles
    for attribute, role in (("session_user", session.session_role), ("current_user", session.role)):
        found = roles.with_id(role)
        if found is not None and found.name != getattr(session, attribute):
            setattr(session, attribute, found.name)
