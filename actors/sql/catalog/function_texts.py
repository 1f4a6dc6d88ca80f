"""Functions as clients are shown them: their arguments, their result, and the statement that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.sql.catalog.functions import OUT, RECORD, VOID, Argument, Function
from actors.sql.catalog.type_functions import regtype_out
from actors.sql.expressions.text_functions import quote_ident
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.catalog.snapshot import Catalog

PSEUDO_OIDS = {VOID: 2278, RECORD: 2249}
_MODES = {OUT: "OUT ", "b": "INOUT "}


def type_oid(type_: ColumnType, domain: int = 0) -> int:
    """Of pg_type."""
    return domain or PSEUDO_OIDS.get(type_.name) or by_name[type_.name].oid


def shown_type(catalog: Catalog, type_: ColumnType, domain: int = 0) -> str:
    if type_.name in PSEUDO_OIDS:
        return type_.name
    return regtype_out(catalog, None, type_oid(type_, domain)) or ""


def shown_default(catalog: Catalog, argument: Argument) -> str:
    from actors.sql.catalog.sequence_rows import shown_default as of_column

    return of_column(catalog, argument.default, argument.type) or "NULL"


def arguments_text(catalog: Catalog, function: Function, identity: bool = False) -> str:
    """As pg_get_function_arguments; `identity`: as pg_get_function_identity_arguments, without defaults."""
    shown = []
    for argument in function.arguments:
        if argument.mode == "t":
            continue
        name = f"{quote_ident(argument.name)} " if argument.name else ""
        text = f"{_MODES.get(argument.mode, '')}{name}{shown_type(catalog, argument.type, argument.domain)}"
        if argument.default is not None and not identity:
            text += f" DEFAULT {shown_default(catalog, argument)}"
        shown.append(text)
    return ", ".join(shown)


def result_text(catalog: Catalog, function: Function) -> str:
    columns = [argument for argument in function.arguments if argument.mode == "t"]
    if columns:
        shown = [f"{quote_ident(one.name)} {shown_type(catalog, one.type, one.domain)}" for one in columns]
        return f"TABLE({', '.join(shown)})"
    table = catalog.table_by_id(function.table)
    if table is not None:
        seen = catalog.find_table(None, table.name)
        name = quote_ident(table.name)
        shown_table = name if seen is not None and seen.id == table.id else f"{quote_ident(table.schema)}.{name}"
        return f"SETOF {shown_table}" if function.returns_set else shown_table
    text = shown_type(catalog, function.result, function.domain)
    return f"SETOF {text}" if function.returns_set else text


def identity(catalog: Catalog, function: Function) -> str:
    """`f(integer,text)`, qualified where the search path does not lead to it: as regprocedure shows it, and errors."""
    types = ",".join(shown_type(catalog, one.type, one.domain) for one in function.inputs)
    return f"{shown_name(catalog, function)}({types})"


def shown_name(catalog: Catalog, function: Function) -> str:
    from actors.sql.binding.stored_names import is_visible

    name = quote_ident(function.name)
    return name if is_visible(function, catalog) else f"{quote_ident(function.schema)}.{name}"


def body_text(catalog: Catalog, function: Function) -> str | None:
    """As pg_get_function_sqlbody: of RETURN and BEGIN ATOMIC."""
    if not function.query:
        return None
    from actors.sql.binding.function_texts import sql_body

    return sql_body(function, catalog)


def definition(catalog: Catalog, function: Function) -> str:
    """As pg_get_functiondef."""
    name = f"{quote_ident(function.schema)}.{quote_ident(function.name)}"
    lines = [f"CREATE OR REPLACE FUNCTION {name}({arguments_text(catalog, function)})"]
    lines += [f" RETURNS {result_text(catalog, function)}", " LANGUAGE sql"]
    words = [{"i": "IMMUTABLE", "s": "STABLE"}.get(function.volatility, "")]
    words.append({"s": "PARALLEL SAFE", "r": "PARALLEL RESTRICTED"}.get(function.parallel, ""))
    words.append("STRICT" if function.strict else "")
    words.append("SECURITY DEFINER" if function.definer else "")
    words.append("LEAKPROOF" if function.leakproof else "")
    words.append(f"COST {function.cost:g}" if function.cost != 100 else "")
    words.append(f"ROWS {function.rows:g}" if function.returns_set and function.rows != 1000 else "")
    if any(words):
        lines.append(" " + " ".join(filter(None, words)))
    if function.search_path is not None:
        path = ", ".join("'" + name.replace("'", "''") + "'" for name in function.search_path)
        lines.append(f" SET search_path TO {path}")
    text = body_text(catalog, function)
    if text is None:
        tag = "$function$"
        while tag in function.body:
            tag = tag[:-1] + "x$"
        text = f"AS {tag}{function.body}{tag}"
    return "\n".join([*lines, text, ""])
