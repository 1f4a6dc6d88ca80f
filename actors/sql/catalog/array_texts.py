"""Arrays as the system catalogs show them: as text, in PostgreSQL's form ({a,b})."""

from __future__ import annotations

from collections.abc import Iterable

from actors.sql.catalog.privileges import Acl, acl_texts
from actors.sql.catalog.roles import Roles
from actors.sql.types import by_name
from actors.sql.types.arrays import array_of_items


def acl_text(acl: Acl | None, roles: Roles) -> str | None:
    """An aclitem[]; None, as in PostgreSQL, where nothing was ever granted or revoked."""
    return None if acl is None else text_array(acl_texts(acl, roles))


def text_array(items: Iterable[str]) -> str:
    return by_name["_text"].format_text(array_of_items(items), -1)
