"""Functions over the catalog that are about types: their numbers, their names, and whether these are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.errors import INVALID_TEXT_REPRESENTATION, DatabaseError
from actors.sql.catalog.domains import Domain
from actors.sql.expressions.session_functions import format_type_of
from actors.sql.types import by_name, by_oid, format_type
from actors.sql.types.arrays import Array, array_of_items
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog


def regtype_in(catalog: Catalog, _: Any, text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    from pglast.parser import ParseError

    from actors.sql.binding import cast_type
    from actors.sql.binding.stored_names import find_domain
    from actors.sql.catalog.type_rows import system_type_named
    from actors.sql.parser import parse_sql

    pseudo = system_type_named(text.removeprefix("pg_catalog."))
    if pseudo is not None:
        return pseudo
    try:
        node = parse_sql(f"SELECT NULL::{text}")[0].stmt.targetList[0].val.typeName
    except ParseError:
        raise DatabaseError(INVALID_TEXT_REPRESENTATION, f'invalid type name "{text}"') from None
    domain = find_domain(catalog, node.names)
    return domain.id if domain is not None else by_name[cast_type(node).name].oid


def regtype_out(catalog: Catalog, _: Any, oid: int | None) -> str | None:
    if oid is None:
        return None
    type_ = by_oid.get(oid)
    if type_ is not None and type_.name == "bpchar":
        return "character"
    if type_ is not None:
        return format_type(ColumnType(type_.name))
    from actors.sql.catalog.type_rows import system_type_name

    domain = catalog.domain_by_id(oid)
    if domain is not None:
        return shown_domain(domain, catalog)
    return "-" if oid == 0 else system_type_name(oid) or str(oid)


def type_text(catalog: Catalog, _: Any, oid: int | None, modifier: int | None) -> str | None:
    if oid is None:
        return None
    domain = catalog.domain_by_id(oid)
    return shown_domain(domain, catalog) if domain is not None else format_type_of(oid, modifier)


def shown_domain(domain: Domain, catalog: Catalog) -> str:
    from actors.sql.binding.domains import shown_name

    return shown_name(domain, catalog)


def type_is_visible(catalog: Catalog, _: Any, oid: int | None) -> bool | None:
    from actors.sql.binding.stored_names import is_visible

    domain = catalog.domain_by_id(oid or 0)
    return (None if oid is None else True) if domain is None else is_visible(domain, catalog)


def regtype_array_out(_: Catalog, __: Any, oids: Array | None) -> Array | None:
    return None if oids is None else array_of_items(None if oid is None else type_shown(oid) for oid in oids.items)


def type_shown(oid: int) -> str:
    from actors.sql.catalog.type_rows import system_type_name

    known = by_oid.get(oid)
    return format_type(ColumnType(known.name)) if known is not None else system_type_name(oid) or "???"
