"""SQL functions in the system catalogs: their rows of pg_proc, information_schema.routines and parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from actors.sql.catalog.array_texts import acl_text, text_array
from actors.sql.catalog.function_texts import body_text, shown_default, type_oid
from actors.sql.catalog.functions import IN, INOUT, RECORD, Argument, Function
from actors.sql.catalog.privileges import concerns
from actors.sql.types import by_name, format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog
    from actors.sql.catalog.system_tables import CatalogReader

Row = dict[str, Any]
SQL_LANGUAGE_OID = 14
_SPELT = {"i": "IN", "o": "OUT", "b": "INOUT"}


def procedure_rows(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    namespaces = {schema.name: schema.id for schema in catalog.schemas()}
    for function in catalog.functions():
        arguments = function.arguments
        has_outputs = any(argument.mode != IN for argument in arguments)
        is_named = any(argument.name for argument in arguments)
        defaults = [shown_default(catalog, one) for one in function.inputs if one.default is not None]
        yield {
            "oid": function.id,
            "proname": function.name,
            "pronamespace": namespaces[function.schema],
            "proowner": function.owner,
            "prolang": SQL_LANGUAGE_OID,
            "procost": function.cost,
            "prorows": function.rows,
            "provariadic": 0,
            "prosupport": "-",
            "prokind": "f",
            "prosecdef": function.definer,
            "proleakproof": function.leakproof,
            "proisstrict": function.strict,
            "proretset": function.returns_set,
            "provolatile": function.volatility,
            "proparallel": function.parallel,
            "pronargs": len(function.inputs),
            "pronargdefaults": len(defaults),
            "prorettype": type_oid(function.result, function.domain),
            "proargtypes": " ".join(str(type_oid(one.type, one.domain)) for one in function.inputs),
            "proallargtypes": _array(type_oid(one.type, one.domain) for one in arguments) if has_outputs else None,
            "proargmodes": _array(one.mode for one in arguments) if has_outputs else None,
            "proargnames": text_array([one.name for one in arguments]) if is_named else None,
            "proargdefaults": ", ".join(defaults) or None,
            "prosrc": function.body,
            "prosqlbody": body_text(catalog, function),
            "proconfig": _settings(function),
            "proacl": acl_text(function.acl, catalog.roles),
        }


def _array(items: Any) -> str:
    return "{" + ",".join(map(str, items)) + "}"


def _settings(function: Function) -> str | None:
    path = function.search_path
    return text_array([f"search_path={', '.join(path)}"]) if path is not None else None


def _specific(function: Function) -> Row:
    name = f"{function.name}_{function.id}"
    return {"specific_catalog": "postgres", "specific_schema": function.schema, "specific_name": name}


def _type(catalog: Catalog, type_: ColumnType, domain: int) -> Row:
    """What information_schema says of a result or an argument."""
    if type_.name == RECORD or type_.name not in by_name:
        return {"data_type": type_.name, "udt_schema": "pg_catalog", "udt_name": type_.name}
    if type_.name.startswith("_"):
        return {"data_type": "ARRAY", "udt_schema": "pg_catalog", "udt_name": type_.name}
    known = catalog.domain_by_id(domain)
    if known is not None:
        return {"data_type": "USER-DEFINED", "udt_schema": known.schema, "udt_name": known.name}
    return {"data_type": format_type(type_), "udt_schema": "pg_catalog", "udt_name": type_.name}


def _routines(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for function in catalog.functions():
        if not concerns(catalog, catalog.role, function):
            continue
        is_owner = catalog.roles.has_privileges_of(catalog.role, function.owner)
        type_ = _type(catalog, function.result, function.domain)
        yield {
            **_specific(function),
            "routine_catalog": "postgres",
            "routine_schema": function.schema,
            "routine_name": function.name,
            "routine_type": "FUNCTION",
            "data_type": type_["data_type"],
            "type_udt_catalog": "postgres",
            "type_udt_schema": type_["udt_schema"],
            "type_udt_name": type_["udt_name"],
            "routine_body": "SQL",
            "routine_definition": (body_text(catalog, function) or function.body) if is_owner else None,
            "external_language": "SQL",
            "parameter_style": "GENERAL",
            "is_deterministic": "YES" if function.volatility == "i" else "NO",
            "sql_data_access": "MODIFIES",
            "is_null_call": "YES" if function.strict else "NO",
            "schema_level_routine": "YES",
            "max_dynamic_result_sets": 0,
            "security_type": "DEFINER" if function.definer else "INVOKER",
            "as_locator": "NO",
            "is_udt_dependent": "NO",
        }


def _parameters(transaction: CatalogReader) -> Iterator[Row]:
    catalog = transaction.catalog
    for function in catalog.functions():
        if concerns(catalog, catalog.role, function):
            for number, argument in enumerate(function.arguments, 1):
                yield {**_specific(function), **_parameter(catalog, argument, number)}


def _parameter(catalog: Catalog, argument: Argument, number: int) -> Row:
    is_input = argument.mode in (IN, INOUT)
    return {
        "ordinal_position": number,
        "parameter_mode": _SPELT.get(argument.mode, "OUT"),
        "is_result": "NO",
        "as_locator": "NO",
        "parameter_name": argument.name or None,
        **_type(catalog, argument.type, argument.domain),
        "udt_catalog": "postgres",
        "dtd_identifier": str(number),
        "parameter_default": shown_default(catalog, argument) if is_input and argument.default is not None else None,
    }


FUNCTION_ROWS: dict[str, Callable[[Any], Iterator[Row]]] = {"routines": _routines, "parameters": _parameters}
