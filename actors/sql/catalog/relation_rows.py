"""Relations in pg_catalog: the rows of pg_class, pg_attribute, pg_attrdef and pg_index, and of the views pg_tables,
pg_indexes and pg_views.

Tables, their indexes, views and sequences are all relations, numbered by the catalog's ids; a hidden primary key is
none. Nothing is measured for them: as of a table that was never analyzed, reltuples is -1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.array_texts import acl_text
from actors.sql.catalog.catalog_functions import index_definition, view_definition
from actors.sql.catalog.information_schema import numbered
from actors.sql.catalog.operator_rows import operator_class_of
from actors.sql.catalog.schema import INVALID
from actors.sql.catalog.sequence_rows import shown_default
from actors.sql.catalog.sequence_tables import COLUMNS as SEQUENCE_COLUMNS
from actors.sql.catalog.table_parts import indexes_of, parenthesized, part_names, shown_generation
from actors.sql.catalog.type_rows import storage_of
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
BTREE_OID = 403
HEAP_OID = 2
DEFAULT_COLLATION_OID = 100


def _schema_oids(transaction: CatalogReader) -> dict[str, int]:
    return {schema.name: schema.id for schema in transaction.catalog.schemas()}


def _relation(oid: int, name: str, namespace: int, kind: str, columns: int, owner: int) -> Row:
    flags = dict.fromkeys(
        ("relhasrules", "relhastriggers", "relhassubclass", "relrowsecurity", "relforcerowsecurity", "relisshared"),
        False,
    )
    numbers = dict.fromkeys(
        ("reltype", "reloftype", "reltablespace", "reltoastrelid", "relallvisible", "relchecks", "relrewrite"), 0
    )
    return {
        **flags,
        **numbers,
        "oid": oid,
        "relname": name,
        "relnamespace": namespace,
        "relowner": owner,
        "relam": {"r": HEAP_OID, "i": BTREE_OID}.get(kind, 0),
        "relfilenode": 0 if kind == "v" else oid,
        "relpages": 0,
        "reltuples": -1.0,
        "relhasindex": False,
        "relpersistence": "p",
        "relkind": kind,
        "relnatts": columns,
        "relispopulated": True,
        "relreplident": "d" if kind == "r" else "n",
        "relispartition": False,
    }


def _classes(transaction: CatalogReader) -> Iterator[Row]:
    oids = _schema_oids(transaction)
    for table in transaction.catalog.tables():
        namespace = oids[table.schema]
        indexes = indexes_of(table)
        row = _relation(table.id, table.name, namespace, "r", len(table.columns), table.owner)
        triggers = {"relhastriggers": bool(table.foreign_keys or table.referenced_by)}
        yield {
            **row,
            "relacl": acl_text(table.acl, transaction.catalog.roles),
            "relhasindex": bool(indexes),
            "relpersistence": "t" if table.temporary else "p",
            "relchecks": len(table.checks),
            **triggers,
        }
        for index in indexes:
            row = _relation(index.oid, index.name, namespace, "i", len(index.parts), table.owner)
            yield {**row, "relpersistence": "t" if table.temporary else "p"}
    for view in transaction.catalog.views():
        row = _relation(view.id, view.name, oids[view.schema], "v", len(view.columns), view.owner)
        yield {**row, "relacl": acl_text(view.acl, transaction.catalog.roles), "relhasrules": True}
    yield from _sequence_classes(transaction)


def _sequence_classes(transaction: CatalogReader) -> Iterator[Row]:
    oids = _schema_oids(transaction)
    for sequence in transaction.catalog.sequences():
        row = _relation(sequence.id, sequence.name, oids[sequence.schema], "S", len(SEQUENCE_COLUMNS), sequence.owner)
        yield {**row, "relacl": acl_text(sequence.acl, transaction.catalog.roles)}


def _collation_of(type_name: str) -> int:
    return int(storage_of(by_name[type_name].oid)["typcollation"])


def _attribute(relation: int, number: int, name: str, type_: ColumnType, **more: Any) -> Row:
    known = by_name[type_.name]
    stored = storage_of(known.oid)
    return {
        "attrelid": relation,
        "attname": name,
        "atttypid": known.oid,
        "attlen": known.size,
        "attnum": number,
        "attndims": 0,
        "atttypmod": type_.modifier,
        "attbyval": stored["typbyval"],
        "attalign": stored["typalign"],
        "attstorage": stored["typstorage"],
        "attcompression": "",
        "attnotnull": False,
        "atthasdef": False,
        "atthasmissing": False,
        "attidentity": "",
        "attgenerated": "",
        "attisdropped": False,
        "attislocal": True,
        "attinhcount": 0,
        "attcollation": stored["typcollation"],
        **more,
    }


def _attributes(transaction: CatalogReader) -> Iterator[Row]:
    from actors.sql.binding.stored_expressions import key_part

    for table in transaction.catalog.tables():
        for number, column in numbered(table):
            name = f"........pg.dropped.{number}........" if column.dropped else column.name
            has_default = not column.dropped and (bool(column.generated) or column.default not in (None, "NULL"))
            declared = {"atttypid": column.domain, "atttypmod": -1} if column.domain else {}
            acl = acl_text(table.column_acl(column.position) or None, transaction.catalog.roles)
            flags = {
                "attacl": acl,
                "attnotnull": column.not_null,
                "atthasdef": has_default,
                "attisdropped": column.dropped,
                "attidentity": column.identity,
                "attgenerated": column.generated,
            }
            yield _attribute(table.id, number, name, column.type, **flags, **declared)
        for index in indexes_of(table):
            names = part_names(table, index.parts)
            for place, (name, part) in enumerate(zip(names, index.parts, strict=True), 1):
                yield _attribute(index.oid, place, name, key_part(table, part).type)
    for view in transaction.catalog.views():
        for place, shown in enumerate(view.columns, 1):
            acl = acl_text(view.column_acl(place - 1) or None, transaction.catalog.roles)
            yield _attribute(view.id, place, shown.name, shown.type, attacl=acl)
    yield from _sequence_attributes(transaction)


def _sequence_attributes(transaction: CatalogReader) -> Iterator[Row]:
    for sequence in transaction.catalog.sequences():
        for place, column in enumerate(SEQUENCE_COLUMNS, 1):
            yield _attribute(sequence.id, place, column.name, column.type, attnotnull=True)


def _defaults(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for number, column in numbered(table):
            shown = shown_generation(column) or shown_default(transaction.catalog, column.default, column.type)
            if shown is not None and not column.dropped:
                yield {
                    "oid": table.id * 1000 % 2**31 + number,
                    "adrelid": table.id,
                    "adnum": number,
                    "adbin": shown,
                }


def _option(descending: bool, nulls_first: bool) -> int:
    return (1 if descending else 0) | (2 if nulls_first else 0)


def _indexes(transaction: CatalogReader) -> Iterator[Row]:
    from actors.sql.binding.stored_expressions import key_part

    for table in transaction.catalog.tables():
        for index in indexes_of(table):
            types = [key_part(table, part).type.name for part in index.columns]
            computed = [parenthesized(part.expression) for part in index.columns if part.expression]
            yield {
                "indexrelid": index.oid,
                "indrelid": table.id,
                "indnatts": len(index.parts),
                "indexprs": ", ".join(computed) or None,
                "indpred": parenthesized(index.predicate) if index.predicate else None,
                "indnkeyatts": len(index.columns),
                "indisunique": index.unique or index.primary,
                "indnullsnotdistinct": not index.nulls_distinct,
                "indisprimary": index.primary,
                "indisexclusion": False,
                "indimmediate": True,
                "indisclustered": False,
                "indisvalid": not index.state,
                "indcheckxmin": False,
                "indisready": index.state != INVALID,
                "indislive": True,
                "indisreplident": False,
                "indkey": " ".join(str(part.position + 1) for part in index.parts),
                "indcollation": " ".join(str(_collation_of(type_)) for type_ in types),
                "indclass": " ".join(str(operator_class_of(type_)) for type_ in types),
                "indoption": " ".join(str(_option(column.descending, column.nulls_first)) for column in index.columns),
            }


def _pg_tables(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        row = {
            "schemaname": table.schema,
            "tablename": table.name,
            "tableowner": transaction.catalog.roles.name_of(table.owner),
            "hasindexes": bool(indexes_of(table)),
        }
        yield {**row, "hasrules": False, "hastriggers": False, "rowsecurity": False}


def _pg_indexes(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for index in indexes_of(table):
            row = {"schemaname": table.schema, "tablename": table.name, "indexname": index.name}
            yield {**row, "indexdef": index_definition(table, index)}


def _pg_views(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for view in catalog.views():
        yield {
            "schemaname": view.schema,
            "viewname": view.name,
            "viewowner": transaction.catalog.roles.name_of(view.owner),
            "definition": view_definition(catalog, view),
        }


RELATION_ROWS: dict[str, Callable[[CatalogReader], Iterator[Row]]] = {
    "pg_class": _classes,
    "pg_attribute": _attributes,
    "pg_attrdef": _defaults,
    "pg_index": _indexes,
    "pg_tables": _pg_tables,
    "pg_indexes": _pg_indexes,
    "pg_views": _pg_views,
}
