"""The catalog functions that psql and drivers call, over the transaction's Catalog.

`CATALOG_FUNCTIONS[name]` lists the overloads (told apart by their number of arguments). `regclass_in`, `regclass_out`
and their like are what casts to the object identifier types mean (catalog_calls.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.common.errors import (
    INVALID_CATALOG_NAME,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    DatabaseError,
)
from actors.sql.catalog.catalog_privileges import default_privileges, privilege_functions
from actors.sql.catalog.function_functions import (
    FUNCTION_TEXTS,
    argument_default,
    function_is_visible,
    regproc_in,
    regproc_out,
    regprocedure_in,
    regprocedure_out,
)
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import Index, IndexColumn, Table, View
from actors.sql.catalog.table_parts import (
    column_comment,
    column_name,
    constraint_definition,
    indexes_of,
    is_call,
    object_comment,
    parenthesized,
)
from actors.sql.catalog.type_functions import (
    regtype_array_out,
    regtype_in,
    regtype_out,
    type_is_visible,
    type_text,
)
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.types.arrays import Array, array_of_items
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

TEXT, BOOL, OID = ColumnType("text"), ColumnType("bool"), ColumnType("oid")
INT2, INT4, INT8 = ColumnType("int2"), ColumnType("int4"), ColumnType("int8")
OWNER_OID = ADMIN_OID


@dataclass(frozen=True)
class CatalogFunction:
    """`call(catalog, environment, *datums)`; NULL arguments reach it."""

    arguments: tuple[ColumnType, ...]
    result: ColumnType
    call: Callable[..., Any]


CATALOG_FUNCTIONS: dict[str, list[CatalogFunction]] = {}


def _add(name: str, arguments: tuple[ColumnType, ...], result: ColumnType, call: Callable[..., Any]) -> None:
    CATALOG_FUNCTIONS.setdefault(name, []).append(CatalogFunction(arguments, result, call))


# -- looking things up -------------------------------------------------------------------------------------------------


def find_relation(catalog: Catalog, oid: int | None) -> tuple[Table, Index | None] | None:
    """The table, or the index with its table, of a pg_class oid."""
    for table in catalog.tables():
        if table.id == oid:
            return table, None
        for index in indexes_of(table):
            if index.oid == oid:
                return table, index
    return None


def name_of_relation(catalog: Catalog, oid: int | None) -> tuple[str, str] | None:
    """(schema, name) of a pg_class oid of any kind, the system's own apart."""
    found = find_relation(catalog, oid)
    if found is not None:
        return found[0].schema, (found[1] or found[0]).name
    other = catalog.view_by_id(oid or 0) or catalog.sequence_by_id(oid or 0)
    return (other.schema, other.name) if other is not None else None


def view_definition(catalog: Catalog, view: View) -> str:
    from actors.sql.binding.view_text import definition

    return definition(view, catalog)


def updatable_columns(catalog: Catalog, view: View) -> frozenset[str]:
    """Names of the view's columns that INSERT and UPDATE may name: none where the view takes no writes."""
    from actors.sql.binding.views import Expansion

    base = Expansion(catalog).base(view, sorted_=True)
    return (
        frozenset(name for name, column in base.names.items() if column is not None)
        if base is not None
        else frozenset()
    )


def _view_definition(catalog: Catalog, environment: Any, which: int | str | None, _: Any = None) -> str | None:
    """pg_get_viewdef, by oid or by name."""
    oid = regclass_in(catalog, environment, which) if isinstance(which, str) else which
    view = catalog.view_by_id(oid or 0)
    return view_definition(catalog, view) if view is not None else None


def _key_text(table: Table, part: IndexColumn) -> str:
    """In CREATE INDEX's list."""
    if not part.expression:
        return quote_ident(column_name(table, part.position))
    return part.expression if is_call(part.expression) else f"({parenthesized(part.expression)})"


def index_definition(table: Table, index: Index, qualified: bool = True) -> str:
    """As pg_get_indexdef."""
    columns = []
    for column in index.columns:
        text = _key_text(table, column)
        if column.descending:
            text += " DESC" + ("" if column.nulls_first else " NULLS LAST")
        elif column.nulls_first:
            text += " NULLS FIRST"
        columns.append(text)
    name = f"{quote_ident(table.schema)}.{quote_ident(table.name)}" if qualified else quote_ident(table.name)
    included = ", ".join(quote_ident(column_name(table, position)) for position in index.included)
    more = (f" INCLUDE ({included})" if included else "") + ("" if index.nulls_distinct else " NULLS NOT DISTINCT")
    return (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote_ident(index.name)} ON {name} USING btree "
        f"({', '.join(columns)}){more}{f' WHERE {parenthesized(index.predicate)}' if index.predicate else ''}"
    )


def _index_definition(catalog: Catalog, _: Any, oid: int | None, column: int = 0, pretty: Any = None) -> str | None:
    table, index = find_relation(catalog, oid) or (None, None)
    if table is None or index is None:
        return None
    if column:
        if not 0 < column <= len(index.parts):
            return ""
        part = index.parts[column - 1]
        return parenthesized(part.expression) if part.expression and pretty else _key_text(table, part)
    return index_definition(table, index)


def _is_visible(catalog: Catalog, _: Any, oid: int | None) -> bool | None:
    found = name_of_relation(catalog, oid)
    if found is None:
        return None if oid is None else oid < 16384
    return oid_of_relation(catalog, None, found[1]) == oid


def oid_of_relation(catalog: Catalog, schema: str | None, name: str) -> int | None:
    """Of the relation of any kind that a name means, the system's own apart."""
    found = catalog.find(schema, name)
    if found is not None:
        return found[1].oid if found[1] is not None else found[0].id
    other = catalog.find_other(schema, name)
    return other.id if other is not None else None


# -- object identifiers ------------------------------------------------------------------------------------------------


def regclass_in(catalog: Catalog, _: Any, text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    parts = [
        part.replace('""', '"') for part in re.findall(r'"((?:[^"]|"")*)"|([^".]+)', text) for part in part if part
    ] or [text]
    schema = parts[-2] if len(parts) > 1 else None
    catalog.require_usage(schema)
    found = oid_of_relation(catalog, schema, parts[-1])
    if found is None:
        from actors.sql.catalog.system_tables import find_system_table

        system = find_system_table(schema, parts[-1])
        if system is not None:
            return system.oid
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{text}" does not exist')
    return found


def _regclass_out(catalog: Catalog, environment: Any, oid: int | None) -> str | None:
    if oid is None:
        return None
    found = name_of_relation(catalog, oid)
    if found is None:
        from actors.sql.catalog.system_tables import system_table_with

        system = system_table_with(oid)
        if system is not None:
            return system.name if system.schema == "pg_catalog" else f"{system.schema}.{system.name}"
        return "-" if oid == 0 else str(oid)
    name = quote_ident(found[1])
    return name if _is_visible(catalog, environment, oid) else f"{quote_ident(found[0])}.{name}"


def _regnamespace_in(catalog: Catalog, _: Any, text: str | None) -> int | None:
    return None if text is None else int(text) if text.isdigit() else catalog.schema(text).id


def _regnamespace_out(catalog: Catalog, _: Any, oid: int | None) -> str | None:
    return None if oid is None else next((schema.name for schema in catalog.schemas() if schema.id == oid), str(oid))


def _regrole_in(catalog: Catalog, _: Any, text: str | None) -> int | None:
    if text is None or text == "-":
        return None if text is None else 0
    if text.isdigit():
        return int(text)
    return catalog.roles.named(text[1:-1].replace('""', '"') if text.startswith('"') else text.lower()).id


def _regrole_out(catalog: Catalog, _: Any, oid: int | None) -> str | None:
    if not oid:
        return None if oid is None else "-"
    found = catalog.roles.with_id(oid)
    return quote_ident(found.name) if found is not None else str(oid)


def _current_schemas(catalog: Catalog, _: Any, implicit: bool | None) -> Array | None:
    if implicit is None:
        return None
    mine = catalog.temporary
    names = [name for name in dict.fromkeys(catalog.search_path) if catalog.has_schema(name) and name != mine]
    if not implicit:
        return array_of_items(names)
    first = [name for name in (mine, "pg_catalog") if name and name not in names]
    return array_of_items([*first, *names])


def _my_temporary_schema(catalog: Catalog, _: Any) -> int:
    return catalog.schema(catalog.temporary).id if catalog.temporary else 0


def _constant(value: Any) -> Callable[..., Any]:
    return lambda catalog, environment, *arguments: value


def _pretty(_: Catalog, __: Any, size: Any) -> str | None:
    if size is None:
        return None
    number, units = int(size), ["bytes", "kB", "MB", "GB", "TB", "PB"]
    place = 0
    while abs(number) >= 10 * 1024 and place < len(units) - 1:
        number = (number + 512) // 1024
        place += 1
    return f"{number} {units[place]}"


def _user_by_id(catalog: Catalog, _: Any, oid: int | None) -> str | None:
    return None if oid is None else catalog.roles.name_of(oid)


def _fill_descriptions() -> None:
    """Functions that describe catalog objects."""
    _add("pg_table_is_visible", (OID,), BOOL, _is_visible)
    for name in (
        "pg_operator_is_visible",
        "pg_opclass_is_visible",
        "pg_opfamily_is_visible",
        "pg_conversion_is_visible",
        "pg_statistics_obj_is_visible",
        "pg_ts_config_is_visible",
        "pg_ts_dict_is_visible",
        "pg_ts_parser_is_visible",
        "pg_ts_template_is_visible",
        "pg_collation_is_visible",
    ):
        _add(name, (OID,), BOOL, _constant(True))
    _add("pg_type_is_visible", (OID,), BOOL, type_is_visible)
    _add("format_type", (OID, INT4), TEXT, type_text)
    _add("pg_get_expr", (TEXT, OID), TEXT, lambda catalog, environment, expression, oid: expression)
    _add("pg_get_expr", (TEXT, OID, BOOL), TEXT, lambda catalog, environment, expression, oid, pretty: expression)
    _add("pg_get_indexdef", (OID,), TEXT, _index_definition)
    _add("pg_get_indexdef", (OID, INT4, BOOL), TEXT, _index_definition)
    _add("pg_get_constraintdef", (OID,), TEXT, constraint_definition)
    _add("pg_get_constraintdef", (OID, BOOL), TEXT, constraint_definition)
    _add("pg_get_userbyid", (OID,), TEXT, _user_by_id)
    _add("pg_get_viewdef", (OID,), TEXT, _view_definition)
    _add("pg_get_viewdef", (OID, BOOL), TEXT, _view_definition)
    _add("pg_get_viewdef", (OID, INT4), TEXT, _view_definition)
    _add("pg_get_viewdef", (TEXT,), TEXT, _view_definition)
    _add("pg_get_viewdef", (TEXT, BOOL), TEXT, _view_definition)
    for name in ("pg_get_statisticsobjdef_columns", "pg_get_partkeydef", "pg_get_partition_constraintdef"):
        _add(name, (OID,), TEXT, _constant(None))
    for name in ("pg_get_triggerdef", "pg_get_ruledef"):
        _add(name, (OID,), TEXT, _constant(None))
    for name, shown in FUNCTION_TEXTS.items():
        _add(name, (OID,), TEXT, shown)
    _add("pg_get_function_arg_default", (OID, INT4), TEXT, argument_default)
    _add("pg_function_is_visible", (OID,), BOOL, function_is_visible)
    for name in ("pg_get_triggerdef", "pg_get_ruledef"):
        _add(name, (OID, BOOL), TEXT, _constant(None))
    _add("pg_get_serial_sequence", (TEXT, TEXT), TEXT, _serial_sequence)
    _add("pg_relation_is_publishable", (OID,), BOOL, _constant(True))
    _add("obj_description", (OID,), TEXT, object_comment)
    _add("obj_description", (OID, TEXT), TEXT, object_comment)
    _add("shobj_description", (OID, TEXT), TEXT, _constant(None))
    _add("col_description", (OID, INT4), TEXT, column_comment)


def _fill_environment() -> None:
    """Functions about the server, sizes, privileges and text; object identifier types."""
    _add("pg_encoding_to_char", (INT4,), TEXT, lambda catalog, environment, number: "UTF8" if number == 6 else "")
    _add(
        "pg_char_to_encoding",
        (TEXT,),
        INT4,
        lambda catalog, environment, name: 6 if (name or "").upper().replace("-", "") == "UTF8" else -1,
    )
    _add("pg_size_pretty", (INT8,), TEXT, _pretty)
    for name in ("pg_table_size", "pg_total_relation_size", "pg_relation_size", "pg_indexes_size"):
        _add(name, (OID,), INT8, _constant(0))
    _add("pg_tablespace_size", (TEXT,), INT8, _constant(0))
    _add("getdatabaseencoding", (), ColumnType("name"), _constant("UTF8"))
    _add("wait_for_job", (TEXT,), BOOL, wait_for_job)
    _add("pg_database_size", (TEXT,), INT8, _database_size)
    _add("pg_tablespace_location", (OID,), TEXT, _constant(""))
    for name, count, call in privilege_functions():
        _add(name, (TEXT,) * count, BOOL, call)
    _add("acldefault", (ColumnType("char"), OID), ColumnType("_text"), default_privileges)
    _add("pg_is_in_recovery", (), BOOL, _constant(False))
    _add("pg_is_other_temp_schema", (OID,), BOOL, _constant(False))
    _add("pg_my_temp_schema", (), OID, _my_temporary_schema)
    for name in ("inet_server_addr", "inet_client_addr"):
        _add(name, (), ColumnType("inet"), _constant(None))
    for name in ("inet_server_port", "inet_client_port"):
        _add(name, (), INT4, _constant(None))
    _add("regtype_array_out", (ColumnType("_oid"),), ColumnType("_text"), regtype_array_out)
    _add("current_schemas", (BOOL,), ColumnType("_name"), _current_schemas)
    for kind, reader, writer in (
        ("regclass", regclass_in, _regclass_out),
        ("regtype", regtype_in, regtype_out),
        ("regnamespace", _regnamespace_in, _regnamespace_out),
        ("regrole", _regrole_in, _regrole_out),
        ("regproc", regproc_in, regproc_out),
        ("regprocedure", regprocedure_in, regprocedure_out),
    ):
        _add(f"{kind}_in", (TEXT,), OID, reader)
        _add(f"{kind}_out", (OID,), TEXT, writer)
        _add(f"to_{kind}", (TEXT,), ColumnType(kind) if kind in OBJECTS else OID, _or_null(reader))


def _or_null(reader: Callable[..., int | None]) -> Callable[..., int | None]:
    """to_regclass and its like: NULL where there is no such object."""

    def call(catalog: Catalog, environment: Any, text: str | None) -> int | None:
        try:
            return reader(catalog, environment, text)
        except DatabaseError:
            return None

    return call


def wait_for_job(catalog: Catalog, _: Any, job: str | None) -> bool | None:
    """sys.wait_for_job: whether the job has succeeded. No job is under way when its id is told. Raises 42704."""
    if job is None:
        return None
    found = catalog.job(job)
    if found is None:
        raise DatabaseError(UNDEFINED_OBJECT, f'job "{job}" does not exist')
    return found.status == "completed"


def _database_size(_: Catalog, environment: Any, name: str | None) -> int | None:
    """By name or oid. Sizes are not known here."""
    if name is not None and not name.isdigit() and name != environment.database:
        raise DatabaseError(INVALID_CATALOG_NAME, f'database "{name}" does not exist')
    return None if name is None else 0


def _serial_sequence(catalog: Catalog, environment: Any, table: str | None, column: str | None) -> str | None:
    """The sequence that belongs to a column, as a qualified name. Raises 42P01, 42703."""
    if table is None or column is None:
        return None
    found = find_relation(catalog, regclass_in(catalog, environment, table))
    place = (
        next((one.position for one in found[0].live_columns() if one.name == column), None)
        if found is not None
        else None
    )
    if found is not None and place is not None:
        owned = (one for one in catalog.sequences() if one.owned_by == (found[0].id, place))
        return next((f"{quote_ident(one.schema)}.{quote_ident(one.name)}" for one in owned), None)
    if found is not None:
        raise DatabaseError(UNDEFINED_COLUMN, f'column "{column}" of relation "{found[0].name}" does not exist')
    return None


_fill_descriptions()
_fill_environment()
