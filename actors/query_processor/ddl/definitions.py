"""Writing what is no relation and is named: domains and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.errors import DUPLICATE_FUNCTION, DUPLICATE_OBJECT, DatabaseError
from actors.sql.catalog.domains import Domain
from actors.sql.catalog.encoding import (
    DOMAIN_KIND,
    FUNCTION_KIND,
    domain_key,
    domain_name_key,
    encode,
    function_key,
    function_name_key,
)
from actors.sql.catalog.functions import Function, signature
from actors.sql.catalog.schema import View
from actors.sql.catalog.snapshot import Catalog

if TYPE_CHECKING:
    from actors.query_processor.ddl.change import SchemaChange

NUMBER_BYTES = 4
Definition = Domain | Function


def create(change: SchemaChange, made: Definition) -> None:
    """Raises 42710 for a name that a type has (a domain, a table or a view), 42723 for one that a function has."""
    _take_name(change, made)
    _put(change, made)


def replace(change: SchemaChange, before: Any, after: Any) -> None:
    """`after` takes the place of `before`, under another name perhaps. Raises 42710, 42723."""
    assert isinstance(before, Definition) and isinstance(after, Definition), f"nobody owns {after!r}"
    if _name_key(before) != _name_key(after):
        change.transaction.delete(_name_key(before), counts=False)
        _take_name(change, after)
    _put(change, after)


def drop(change: SchemaChange, gone: Definition) -> None:
    """Unless it is gone already."""
    catalog = change.catalog
    if isinstance(gone, Domain) and catalog.domain_by_id(gone.id) is not None:
        key, left = domain_key(gone.id), catalog.without_domain(gone.id)
    elif isinstance(gone, Function) and catalog.function_by_id(gone.id) is not None:
        key, left = function_key(gone.id), catalog.without_function(gone.id)
    else:
        return
    change.transaction.delete(key, counts=False)
    change.transaction.delete(_name_key(gone), counts=False)
    _changed(change, gone.id, left)


def _name_key(thing: Definition) -> bytes:
    return domain_name_key(thing.schema, thing.name) if isinstance(thing, Domain) else function_name_key(thing)


def _take_name(change: SchemaChange, thing: Definition) -> None:
    catalog, place = change.catalog, (thing.schema, thing.name)
    kind = DOMAIN_KIND if isinstance(thing, Domain) else FUNCTION_KIND
    if isinstance(thing, Function):
        mine = signature(thing.arguments)
        if any(signature(other.arguments) == mine for other in catalog.functions_named(*place)):
            raise function_exists(thing.name)
    elif (
        catalog.find_domain(*place) is not None
        or catalog.find_table(*place) is not None
        or isinstance(catalog.find_other(*place), View)
    ):
        raise DatabaseError(DUPLICATE_OBJECT, f'type "{thing.name}" already exists')
    change.transaction.put(_name_key(thing), kind + thing.id.to_bytes(NUMBER_BYTES, "big"), counts=False)


def function_exists(name: str) -> DatabaseError:
    return DatabaseError(DUPLICATE_FUNCTION, f'function "{name}" already exists with same argument types')


def type_exists(name: str) -> DatabaseError:
    """Of a relation that is to be made, or renamed: it would be a type, too."""
    hint = (
        "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any "
        "existing type."
    )
    return DatabaseError(DUPLICATE_OBJECT, f'type "{name}" already exists', hint=hint)


def _put(change: SchemaChange, thing: Definition) -> None:
    if isinstance(thing, Domain):
        key, catalog = domain_key(thing.id), change.catalog.with_domain(thing)
    else:
        key, catalog = function_key(thing.id), change.catalog.with_function(thing)
    change.transaction.put(key, encode(thing), counts=False)
    _changed(change, thing.id, catalog)


def _changed(change: SchemaChange, number: int, catalog: Catalog) -> None:
    change.transaction.schema_changes.add(number)
    change.transaction.catalog = catalog
