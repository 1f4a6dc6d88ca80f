"""The rows of information_schema's views, from the transaction's Catalog: of the relations and schemas that the
session's role has to do with, as in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.catalog_functions import updatable_columns, view_definition
from actors.sql.catalog.domain_rows import domain_checks, domain_of
from actors.sql.catalog.privileges import concerns
from actors.sql.catalog.schema import Column, Table, View
from actors.sql.catalog.sequence_rows import shown_default
from actors.sql.catalog.shown_texts import shown_text
from actors.sql.catalog.table_parts import constraints_of, parenthesized, shown_generation
from actors.sql.expressions.tree import columns_of
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.schema import Schema
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]


def numbered(table: Table) -> list[tuple[int, Column]]:
    """Columns with their attribute numbers: the place in the row plus one, which never changes."""
    return [(column.position + 1, column) for column in table.columns]


def _tables_of(catalog: Catalog) -> Iterator[Table]:
    """As information_schema shows them: those that the role owns, or has some privilege on."""
    return (table for table in catalog.tables() if concerns(catalog, catalog.role, table))


def _views_of(catalog: Catalog) -> Iterator[View]:
    return (view for view in catalog.views() if concerns(catalog, catalog.role, view))


def _schemas_of(catalog: Catalog) -> Iterator[Schema]:
    return (schema for schema in catalog.schemas() if concerns(catalog, catalog.role, schema))


def _schemata(transaction: CatalogReader) -> Iterator[Row]:
    for schema in _schemas_of(transaction.catalog):
        owner = transaction.catalog.roles.name_of(schema.owner)
        yield {"catalog_name": "postgres", "schema_name": schema.name, "schema_owner": owner}


def _tables(transaction: CatalogReader) -> Iterator[Row]:
    for table in _tables_of(transaction.catalog):
        row = {
            "table_catalog": "postgres",
            "table_schema": table.schema,
            "table_name": table.name,
            "table_type": "LOCAL TEMPORARY" if getattr(table, "temporary", "") else "BASE TABLE",
        }
        yield {**row, "is_insertable_into": "YES", "is_typed": "NO"}
    for view in _views_of(transaction.catalog):
        row = {"table_catalog": "postgres", "table_schema": view.schema, "table_name": view.name, "table_type": "VIEW"}
        insertable = "YES" if updatable_columns(transaction.catalog, view) else "NO"
        yield {**row, "is_insertable_into": insertable, "is_typed": "NO"}


def _columns(transaction: CatalogReader) -> Iterator[Row]:
    for table in _tables_of(transaction.catalog):
        for number, column in numbered(table):
            if not column.dropped:
                yield {
                    **_column(table.schema, table.name, number, column.name, column.type),
                    "column_default": None
                    if column.generated
                    else shown_default(transaction.catalog, column.default, column.type),
                    **_identity(transaction.catalog, column),
                    "is_generated": "ALWAYS" if column.generated else "NEVER",
                    "generation_expression": shown_generation(column),
                    "is_nullable": "NO" if column.not_null else "YES",
                    **domain_of(transaction.catalog, column.domain),
                    "is_updatable": "YES",
                }
    for view in _views_of(transaction.catalog):
        updatable = updatable_columns(transaction.catalog, view)
        for number, shown in enumerate(view.columns, 1):
            row = _column(view.schema, view.name, number, shown.name, shown.type)
            yield {**row, "is_updatable": "YES" if shown.name in updatable else "NO"}


OCTETS_MAX = 1 << 30
"""What PostgreSQL shows for texts without a length."""


def _fraction_digits(type_: ColumnType) -> int | None:
    """Of a second."""
    if type_.name == "date":
        return 0
    if type_.name == "interval":
        digits = type_.modifier & 0xFFFF
        return 6 if digits == 0xFFFF else digits
    if type_.name not in ("time", "timetz", "timestamp", "timestamptz"):
        return None
    return 6 if type_.modifier < 0 else type_.modifier


def _column(schema: str, relation: str, number: int, name: str, type_: ColumnType) -> Row:
    """What every relation's columns have."""
    return {
        "table_catalog": "postgres",
        "table_schema": schema,
        "table_name": relation,
        "column_name": name,
        "ordinal_position": number,
        "is_nullable": "YES",
        **column_facts(number, type_),
        "is_identity": "NO",
        "is_generated": "NEVER",
    }


def column_facts(number: int, type_: ColumnType) -> Row:
    """What a type says; `number`: which of the object's types it is."""
    length = None
    if type_.modifier > 0 and type_.name in ("varchar", "bpchar", "bit", "varbit"):
        length = type_.modifier - (4 if type_.name in ("varchar", "bpchar") else 0)
    octets = None
    if type_.name in ("text", "varchar", "bpchar"):
        octets = OCTETS_MAX if length is None else 4 * length
    bits = {"int2": 16, "int4": 32, "int8": 64, "float4": 24, "float8": 53}.get(type_.name)
    scale = 0 if type_.name in ("int2", "int4", "int8") else None
    if type_.name == "numeric" and type_.modifier > 0:
        bits, scale = (type_.modifier - 4) >> 16, (type_.modifier - 4) & 0xFFFF
    return {
        "data_type": "character" if type_.name == "bpchar" else format_type(ColumnType(type_.name)),
        "character_maximum_length": length,
        "character_octet_length": octets,
        "numeric_precision": bits,
        "numeric_precision_radix": None if bits is None else 10 if type_.name == "numeric" else 2,
        "numeric_scale": scale,
        "datetime_precision": _fraction_digits(type_),
        "udt_catalog": "postgres",
        "udt_schema": "pg_catalog",
        "udt_name": type_.name,
        "dtd_identifier": str(number),
    }


def _identity(catalog: Catalog, column: Column) -> Row:
    """Of an identity column."""
    sequence = catalog.sequence_by_id(column.sequence)
    if sequence is None or not column.identity:
        return {"is_identity": "NO", "identity_cycle": "NO"}
    return {
        "is_identity": "YES",
        "identity_generation": "ALWAYS" if column.identity == "a" else "BY DEFAULT",
        "identity_start": str(sequence.start),
        "identity_increment": str(sequence.increment),
        "identity_maximum": str(sequence.maximum),
        "identity_minimum": str(sequence.minimum),
        "identity_cycle": "YES" if sequence.cycle else "NO",
    }


def _views(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for view in _views_of(catalog):
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


def _computed_columns(transaction: CatalogReader) -> Iterator[Row]:
    """column_column_usage: columns, and the generated columns that are computed from them."""
    from actors.sql.binding.stored_expressions import generation_of

    for table in _tables_of(transaction.catalog):
        for computed in table.live_columns():
            for position in sorted(columns_of(generation_of(table, computed))) if computed.generated else ():
                row = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name}
                yield {**row, "column_name": table.columns[position].name, "dependent_column": computed.name}


def _table_constraints(transaction: CatalogReader) -> Iterator[Row]:
    kinds = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK", "f": "FOREIGN KEY"}
    for table in _tables_of(transaction.catalog):
        for _, name, kind, _index, definition in constraints_of(table, transaction.catalog):
            place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": name}
            owner = {"table_catalog": "postgres", "table_schema": table.schema, "table_name": table.name}
            deferring = {
                "is_deferrable": "YES" if " DEFERRABLE" in definition and kind == "f" else "NO",
                "initially_deferred": "YES" if " INITIALLY DEFERRED" in definition and kind == "f" else "NO",
            }
            yield {**place, **owner, "constraint_type": kinds[kind], **deferring, "enforced": "YES"}


def _key_columns(transaction: CatalogReader) -> Iterator[Row]:
    """key_column_usage: a foreign key's own columns, and the places of those that they refer to."""
    for table in _tables_of(transaction.catalog):
        foreign_keys = {foreign_key.name: foreign_key for foreign_key in table.foreign_keys}
        for _, name, kind, index, _definition in constraints_of(table, transaction.catalog):
            if index is None:
                continue
            places = [part.position for part in index.columns]
            columns = foreign_keys[name].columns if kind == "f" else places
            for number, position in enumerate(columns, 1):
                row = _column_of_constraint(table, name, table, position)
                referenced = places.index(foreign_keys[name].referenced[number - 1]) + 1 if kind == "f" else None
                yield {**row, "ordinal_position": number, "position_in_unique_constraint": referenced}


def _constraint_columns(transaction: CatalogReader) -> Iterator[Row]:
    """constraint_column_usage: a foreign key uses the columns that it refers to."""
    for table in _tables_of(transaction.catalog):
        foreign_keys = {foreign_key.name: foreign_key for foreign_key in table.foreign_keys}
        for _, name, kind, index, _definition in constraints_of(table, transaction.catalog):
            if index is None:
                continue
            parent = transaction.catalog.table_by_id(foreign_keys[name].table) if kind == "f" else table
            assert parent is not None, "a table that is referred to cannot be dropped alone"
            columns = foreign_keys[name].referenced if kind == "f" else [part.position for part in index.columns]
            for position in columns:
                yield _column_of_constraint(table, name, parent, position)


def _column_of_constraint(table: Table, name: str, owner: Table, position: int) -> Row:
    place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": name}
    whose = {"table_catalog": "postgres", "table_schema": owner.schema, "table_name": owner.name}
    return {**place, **whose, "column_name": owner.columns[position].name}


_RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def _referential_constraints(transaction: CatalogReader) -> Iterator[Row]:
    for table in _tables_of(transaction.catalog):
        for foreign_key in table.foreign_keys:
            parent = transaction.catalog.table_by_id(foreign_key.table)
            assert parent is not None, "a table that is referred to cannot be dropped alone"
            index = next(index for index in (parent.primary, *parent.indexes) if index.oid == foreign_key.index)
            is_constraint = index.primary or index.constraint
            yield {
                "constraint_catalog": "postgres",
                "constraint_schema": table.schema,
                "constraint_name": foreign_key.name,
                "unique_constraint_catalog": "postgres" if is_constraint else None,
                "unique_constraint_schema": parent.schema if is_constraint else None,
                "unique_constraint_name": index.name if is_constraint else None,
                "match_option": "FULL" if foreign_key.match == "f" else "NONE",
                "update_rule": _RULES[foreign_key.on_update],
                "delete_rule": _RULES[foreign_key.on_delete],
            }


def _check_constraints(transaction: CatalogReader) -> Iterator[Row]:
    yield from domain_checks(transaction.catalog)
    for table in _tables_of(transaction.catalog):
        for check in table.checks:
            place = {"constraint_catalog": "postgres", "constraint_schema": table.schema, "constraint_name": check.name}
            yield {**place, "check_clause": parenthesized(shown_text(check.expression, transaction.catalog))}


INFORMATION_SCHEMA_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "schemata": _schemata,
    "tables": _tables,
    "columns": _columns,
    "views": _views,
    "column_column_usage": _computed_columns,
    "table_constraints": _table_constraints,
    "key_column_usage": _key_columns,
    "constraint_column_usage": _constraint_columns,
    "referential_constraints": _referential_constraints,
    "check_constraints": _check_constraints,
}
