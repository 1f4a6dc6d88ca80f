"""Domains: named types that are another type with a default, NOT NULL and CHECKs of their own.

    CREATE DOMAIN email AS varchar(80) NOT NULL CHECK (VALUE LIKE '%@%')

A value of a domain is a value of the type below: columns, expressions and clients have that type, and what writes or
casts looks the domain up (binding/domains.py). A column keeps the domain's id, so a domain may be renamed and changed.

A domain may be over another one: its `type` is the type below all of them, and a value must be one of each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actors.sql.catalog.privileges import Acl
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import Check
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

VALUE = "value"
"""What a CHECK calls the value, as the parser gives the word VALUE."""


class Domain(msgspec.Struct, frozen=True):
    """`type`: without domains; `base`: the id of the domain that it is over, 0 for none. `default`: SQL text; a domain
    over another one has taken that one's where none was given. Of `checks` each `expression` mentions `value`."""

    id: int
    schema: str
    name: str
    type: ColumnType
    base: int = 0
    not_null: bool = False
    default: str | None = None
    checks: tuple[Check, ...] = ()
    owner_oid: int = ADMIN_OID
    comment: str | None = None
    check_comments: tuple[tuple[str, str], ...] = ()
    """(a CHECK's name, its comment)."""
    acl: Acl | None = None

    @property
    def owner(self) -> int:
        return self.owner_oid


def levels(domain: Domain, catalog: Catalog) -> list[Domain]:
    """The domain and those that it is over, the innermost first."""
    found = [domain]
    while (below := catalog.domain_by_id(found[-1].base)) is not None:
        found.append(below)
    return found[::-1]


def is_over(domain: Domain, number: int, catalog: Catalog) -> bool:
    """Whether the domain is the one with that id, or over it."""
    return any(level.id == number for level in levels(domain, catalog))
