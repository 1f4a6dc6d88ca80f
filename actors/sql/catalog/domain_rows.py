"""Domains in the system catalogs: their rows of pg_type, and what information_schema says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.array_texts import acl_text
from actors.sql.catalog.domains import Domain, levels
from actors.sql.catalog.privileges import concerns
from actors.sql.catalog.sequence_rows import shown_default
from actors.sql.catalog.shown_texts import shown_text
from actors.sql.catalog.table_parts import parenthesized
from actors.sql.catalog.type_rows import storage_of
from actors.sql.types import by_name

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]


def domain_type_rows(transaction: CatalogReader) -> Iterator[Row]:
    """Of pg_type: values lie and are read as those of the type below."""
    catalog = transaction.catalog
    namespaces = {schema.name: schema.id for schema in catalog.schemas()}
    for domain in catalog.domains():
        below = storage_of(by_name[domain.type.name].oid)
        yield {
            **below,
            "oid": domain.id,
            "typname": domain.name,
            "typnamespace": namespaces[domain.schema],
            "typowner": domain.owner,
            "typtype": "d",
            "typispreferred": False,
            "typelem": 0,
            "typarray": 0,
            "typinput": "domain_in",
            "typreceive": "domain_recv",
            "typmodin": "-",
            "typmodout": "-",
            "typanalyze": below["typanalyze"],
            "typbasetype": domain.base or below["oid"],
            "typtypmod": -1 if domain.base else domain.type.modifier,
            "typnotnull": domain.not_null,
            "typdefault": shown_default(catalog, domain.default, domain.type),
            "typdefaultbin": shown_default(catalog, domain.default, domain.type),
            "typacl": acl_text(domain.acl, catalog.roles),
        }


def _place(domain: Domain, prefix: str = "domain") -> Row:
    return {f"{prefix}_catalog": "postgres", f"{prefix}_schema": domain.schema, f"{prefix}_name": domain.name}


def domain_of(catalog: Catalog, number: int) -> Row:
    """What information_schema.columns says of the domain of a column; nothing where it is of none."""
    domain = catalog.domain_by_id(number)
    if domain is None:
        return {}
    is_required = any(level.not_null for level in levels(domain, catalog))
    return {**_place(domain), **_below(domain, catalog), **({"is_nullable": "NO"} if is_required else {})}


def _below(domain: Domain, catalog: Catalog) -> Row:
    """A domain over a domain is of no type that information_schema knows."""
    base = catalog.domain_by_id(domain.base)
    if base is None:
        return {}
    sizes = ("character_maximum_length", "character_octet_length", "numeric_precision", "numeric_precision_radix")
    nothing = dict.fromkeys((*sizes, "numeric_scale", "datetime_precision"))
    return {**nothing, "data_type": "USER-DEFINED", "udt_schema": base.schema, "udt_name": base.name}


def _domains(transaction: CatalogReader) -> Iterator[Row]:
    from actors.sql.catalog.information_schema import column_facts

    catalog = transaction.catalog
    for domain in catalog.domains():
        if concerns(catalog, catalog.role, domain):
            default = shown_default(catalog, domain.default, domain.type)
            facts = {**column_facts(1, domain.type), **_below(domain, catalog)}
            yield {**_place(domain), **facts, "domain_default": default}


def _constraints(transaction: CatalogReader) -> Iterator[Row]:
    for domain in transaction.catalog.domains():
        for check in domain.checks:
            place = {
                "constraint_catalog": "postgres",
                "constraint_schema": domain.schema,
                "constraint_name": check.name,
            }
            yield {**place, **_place(domain), "is_deferrable": "NO", "initially_deferred": "NO"}


def _column_usage(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for column in table.live_columns():
            domain = transaction.catalog.domain_by_id(column.domain)
            if domain is not None:
                place = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name}
                yield {**_place(domain), **place, "column_name": column.name}


def domain_checks(catalog: Catalog) -> Iterator[Row]:
    """Of information_schema.check_constraints."""
    for domain in catalog.domains():
        place = {"constraint_catalog": "postgres", "constraint_schema": domain.schema}
        for check in domain.checks:
            clause = parenthesized(shown_text(check.expression, catalog))
            yield {**place, "constraint_name": check.name, "check_clause": clause}


DOMAIN_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "domains": _domains,
    "domain_constraints": _constraints,
    "column_domain_usage": _column_usage,
}
