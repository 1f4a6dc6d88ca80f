"""The rows of information_schema's views, from the transaction's Catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.catalog_functions import updatable_columns, view_definition
from actors.sql.catalog.schema import Column, Table
from actors.sql.catalog.table_parts import constraints_of
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]


def numbered(table: Table) -> list[tuple[int, Column]]:
    """Columns with their attribute numbers: the place in the row plus one, which never changes."""
    return [(column.position + 1, column) for column in table.columns]


def _schemata(transaction: CatalogReader) -> Iterator[Row]:
    for schema in transaction.catalog.schemas():
        yield {"catalog_name": "postgres", "schema_name": schema.name, "schema_owner": schema.owner}


def _tables(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        row = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name, "table_type": "BASE TABLE"}
        yield {**row, "is_insertable_into": "YES", "is_typed": "NO"}
    for view in transaction.catalog.views():
        row = {"table_catalog": "postgres", "table_schema": view.schema, "table_name": view.name, "table_type": "VIEW"}
        insertable = "YES" if updatable_columns(transaction.catalog, view) else "NO"
        yield {**row, "is_insertable_into": insertable, "is_typed": "NO"}


def _columns(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for number, column in numbered(table):
            if not column.dropped:
                yield {
                    **_column(table.schema, table.name, number, column.name, column.type),
                    "column_default": column.default,
                    "is_nullable": "NO" if column.not_null else "YES",
                    "is_updatable": "YES",
                }
    for view in transaction.catalog.views():
        updatable = updatable_columns(transaction.catalog, view)
        for number, shown in enumerate(view.columns, 1):
            row = _column(view.schema, view.name, number, shown.name, shown.type)
            yield {**row, "is_updatable": "YES" if shown.name in updatable else "NO"}


def _column(schema: str, relation: str, number: int, name: str, type_: ColumnType) -> Row:
    """What every relation's columns have."""
    length = type_.modifier - 4 if type_.name in ("varchar", "bpchar") and type_.modifier > 0 else None
    bits = {"int2": 16, "int4": 32, "int8": 64, "float4": 24, "float8": 53}.get(type_.name)
    scale = 0 if type_.name in ("int2", "int4", "int8") else None
    if type_.name == "numeric" and type_.modifier > 0:
        bits, scale = (type_.modifier - 4) >> 16, (type_.modifier - 4) & 0xFFFF
    return {
        "table_catalog": "postgres",
        "table_schema": schema,
        "table_name": relation,
        "column_name": name,
        "ordinal_position": number,
        "is_nullable": "YES",
        "data_type": "character" if type_.name == "bpchar" else format_type(ColumnType(type_.name)),
        "character_maximum_length": length,
        "numeric_precision": bits,
        "numeric_precision_radix": None if bits is None else 10 if type_.name == "numeric" else 2,
        "numeric_scale": scale,
        "datetime_precision": 6 if type_.name in ("time", "timestamp", "timestamptz", "interval") else None,
        "udt_catalog": "postgres",
        "udt_schema": "pg_catalog",
        "udt_name": type_.name,
        "dtd_identifier": str(number),
        "is_identity": "NO",
        "is_generated": "NEVER",
    }


def _views(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for view in catalog.views():
        updatable = "YES" if updatable_columns(catalog, view) else "NO"
        yield {
            "table_catalog": "postgres",
            "table_schema": view.schema,
            "table_name": view.name,
            "view_definition": view_definition(catalog, view),
            "check_option": view.check_option.upper() or "NONE",
            "is_updatable": updatable,
            "is_insertable_into": updatable,
            **dict.fromkeys(("is_trigger_updatable", "is_trigger_deletable", "is_trigger_insertable_into"), "NO"),
        }


def _table_constraints(transaction: CatalogReader) -> Iterator[Row]:
    kinds = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK"}
    for table in transaction.catalog.tables():
        for _, name, kind, _index, _definition in constraints_of(table):
            place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": name}
            owner = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name}
            yield {**place, **owner, "constraint_type": kinds[kind], "is_deferrable": "NO", "initially_deferred": "NO", "enforced": "YES"}


def _key_columns(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        names = {column.position: column.name for column in table.columns}
        for _, name, _kind, index, _definition in constraints_of(table):
            for number, part in enumerate(index.columns if index is not None else (), 1):
                place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": name}
                owner = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name}
                yield {**place, **owner, "column_name": names[part.position], "ordinal_position": number}


def _check_constraints(transaction: CatalogReader) -> Iterator[Row]:
    for table in transaction.catalog.tables():
        for check in table.checks:
            place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": check.name}
            yield {**place, "check_clause": check.expression}


INFORMATION_SCHEMA_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "schemata": _schemata,
    "tables": _tables,
    "columns": _columns,
    "views": _views,
    "table_constraints": _table_constraints,
    "key_column_usage": _key_columns,
    "constraint_column_usage": _key_columns,
    "check_constraints": _check_constraints,
}
