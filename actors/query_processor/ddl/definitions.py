"""Writing what is no relation and is named: domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.errors import DUPLICATE_OBJECT, DatabaseError
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.encoding import DOMAIN_KIND, domain_key, domain_name_key, encode
from actors.sql.catalog.schema import View
from actors.sql.catalog.snapshot import Catalog

if TYPE_CHECKING:
    from actors.query_processor.ddl.change import SchemaChange

NUMBER_BYTES = 4


def create(change: SchemaChange, made: Domain) -> None:
    """Raises 42710 for a name that a type has: a domain's, a table's or a view's."""
    _take_name(change, made)
    _put(change, made)


def replace(change: SchemaChange, before: Any, after: Any) -> None:
    """`after` takes the place of `before`, under another name perhaps. Raises 42710."""
    assert isinstance(before, Domain) and isinstance(after, Domain), f"nobody owns {after!r}"
    if (before.schema, before.name) != (after.schema, after.name):
        change.transaction.delete(domain_name_key(before.schema, before.name), counts=False)
        _take_name(change, after)
    _put(change, after)


def drop(change: SchemaChange, gone: Domain) -> None:
    change.transaction.delete(domain_key(gone.id), counts=False)
    change.transaction.delete(domain_name_key(gone.schema, gone.name), counts=False)
    _changed(change, gone.id, change.catalog.without_domain(gone.id))


def _take_name(change: SchemaChange, domain: Domain) -> None:
    catalog, place = change.catalog, (domain.schema, domain.name)
    if (
        catalog.find_domain(*place) is not None
        or catalog.find_table(*place) is not None
        or isinstance(catalog.find_other(*place), View)
    ):
        raise DatabaseError(DUPLICATE_OBJECT, f'type "{domain.name}" already exists')
    named = DOMAIN_KIND + domain.id.to_bytes(NUMBER_BYTES, "big")
    change.transaction.put(domain_name_key(*place), named, counts=False)


def type_exists(name: str) -> DatabaseError:
    """Of a relation that is to be made, or renamed: it would be a type, too."""
    hint = (
        "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any "
        "existing type."
    )
    return DatabaseError(DUPLICATE_OBJECT, f'type "{name}" already exists', hint=hint)


def _put(change: SchemaChange, domain: Domain) -> None:
    change.transaction.put(domain_key(domain.id), encode(domain), counts=False)
    _changed(change, domain.id, change.catalog.with_domain(domain))


def _changed(change: SchemaChange, number: int, catalog: Catalog) -> None:
    change.transaction.schema_changes.add(number)
    change.transaction.catalog = catalog
