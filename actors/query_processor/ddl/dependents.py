"""What of the catalog depends on a role: what it owns, and where its name stands in lists of privileges. DROP ROLE,
REASSIGN OWNED and DROP OWNED go by it.

Each kind of object with an owner is one line of `owned_objects`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from actors.sql.catalog.function_texts import identity
from actors.sql.catalog.functions import Function
from actors.sql.catalog.privileges import Owned, kind_of, mentions
from actors.sql.catalog.schema import PUBLIC_OID, Table, View
from actors.sql.catalog.snapshot import Catalog

_NEW = {"r": "relations", "S": "sequences", "f": "functions", "T": "types", "n": "schemas"}


def owned_objects(catalog: Catalog) -> Iterator[Owned]:
    """Everything that has an owner and privileges, in the order of PostgreSQL's reports: relations, types,
    functions, schemas, the database."""
    yield from catalog.tables()
    yield from catalog.others()
    yield from catalog.domains()
    yield from catalog.functions()
    yield from catalog.schemas()
    yield catalog.database


def described(catalog: Catalog, thing: Owned) -> str:
    """As a report of dependencies names it: `table s.t`, qualified where the schema is not public."""
    if isinstance(thing, Function):
        return f"function {identity(catalog, thing)}"
    schema = getattr(thing, "schema", "")
    shown = thing.name if not schema or catalog.schema(schema).id == PUBLIC_OID else f"{schema}.{thing.name}"
    return f"{kind_of(thing).noun} {shown}"


def dependents_of(catalog: Catalog, role: int, gone: Collection[int] = ()) -> list[str]:
    """Lines as of DROP ROLE's detail. `gone`: roles that are dropped together: what one has granted another goes with
    them."""
    lines: list[str] = []
    for thing in owned_objects(catalog):
        if thing.owner == role:
            lines.append(f"owner of {described(catalog, thing)}")
        elif mentions(thing.acl, role):
            lines.append(f"privileges for {described(catalog, thing)}")
        if isinstance(thing, Table | View):
            names = {place: name for name, place in thing.column_places()}
            lines += [
                f"privileges for column {names[place]} of {described(catalog, thing)}"
                for place, acl in thing.column_acls
                if mentions(acl, role)
            ]
    for default in catalog.default_acls():
        where = (
            f" in schema {next(one.name for one in catalog.schemas() if one.id == default.schema)}"
            if default.schema
            else ""
        )
        what = (
            f"default privileges on new {_NEW[default.letter]} belonging to role "
            f"{catalog.roles.name_of(default.role)}{where}"
        )
        if default.role == role:
            lines.append(f"owner of {what}")
        elif mentions(default.acl, role):
            lines.append(f"privileges for {what}")
    for member in catalog.roles:
        lines += [
            f"privileges for membership of role {member.name} in role {catalog.roles.name_of(one.role)}"
            for one in member.memberships
            if one.grantor == role and member.id not in gone and one.role not in gone
        ]
    return lines
