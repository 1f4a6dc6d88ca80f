"""What only queries on the system catalogs use: catalog functions and `reg...` casts.

psql's \\d family and drivers' introspection are written for PostgreSQL's catalogs, where object identifier types abound. The forms that work on them become calls of
catalog_functions.py:

- a regclass or regtype is carried as its oid and shown as its name; 'name'::regnamespace gives the oid, oid::regnamespace the name (as text), likewise regproc and regrole;
- functions such as pg_get_indexdef(oid), which look into the transaction's catalog.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pglast import ast

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.query_processor.column_executor.names import Level
from actors.query_processor.column_executor.translator import Translator
from actors.query_processor.column_executor.udf import Udf, datums_of, raised, result_column
from actors.query_processor.column_executor.values import DUCK_TYPES, duck_type
from actors.query_processor.column_executor.variadic_calls import formatted
from actors.sql.binding.type_names import OBJECT_TYPES
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS, CatalogFunction
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

INT4 = ColumnType("int4")
TEXT = ColumnType("text")
TEXTS = frozenset({"text", "varchar", "name", "bpchar"})
OID = ColumnType("oid")
UNCARRIED = OBJECT_TYPES - OBJECTS
"""Those whose name gives an oid and whose oid gives a name, with no values of their own."""
INTEGERS = frozenset({"int2", "int4", "int8", "oid"})

_VARIADIC = {"format": formatted}


def replace_catalog_form(translator: Translator, node: Any, level: Level, aggregates: bool) -> ast.Node | None:
    """A slot for one of the forms above, None where `node` is none of them."""
    if isinstance(node, ast.FuncCall):
        variadic = _VARIADIC.get(node.funcname[-1].sval)
        if variadic is not None and node.args and not node.func_variadic:
            arguments = [translator.expression(argument, level, aggregates=aggregates) for argument in node.args]
            return translator.slot(*variadic(translator, arguments))
        functions = CATALOG_FUNCTIONS.get(node.funcname[-1].sval)
        return _call(translator, node, functions, level, aggregates) if functions is not None else None
    if isinstance(node, ast.TypeCast):
        if isinstance(node.arg, ast.TypeCast) and not node.typeName.arrayBounds and node.typeName.names[-1].sval in TEXTS:
            shown = shown_identifier(translator, level, node.arg)
            return ast.TypeCast(arg=translator.slot(shown[0], TEXT), typeName=node.typeName) if shown is not None else None
        return _cast(translator, node, level, aggregates)
    if isinstance(node, ast.A_Expr) and any(map(_is_identifier, (node.lexpr, node.rexpr))):
        return _compared(translator, node, level, aggregates)
    return None


def _is_identifier(node: Any) -> bool:
    """A cast to an object identifier type that has no values of its own here."""
    return isinstance(node, ast.TypeCast) and not node.typeName.arrayBounds and node.typeName.names[-1].sval in UNCARRIED


def _compared(translator: Translator, node: ast.A_Expr, level: Level, aggregates: bool) -> ast.Node:
    """Object identifiers are compared as the oids that they are."""
    from actors.query_processor.column_executor.calls import replace_calls

    def side(one: Any) -> Any:
        if not _is_identifier(one):
            return replace_calls(translator, one, level, aggregates=aggregates, windows={})
        sql, type_ = translator.expression(one.arg, level, aggregates=aggregates)
        return translator.slot(sql, OID) if type_.name in INTEGERS else _cast(translator, one, level, aggregates)

    return ast.A_Expr(kind=node.kind, name=node.name, lexpr=side(node.lexpr), rexpr=side(node.rexpr), location=node.location)


def shown_identifier(translator: Translator, level: Level, node: ast.TypeCast) -> tuple[str, ColumnType] | None:
    """(SQL, type) of 'name'::regproc and its like as a result: the name, by which PostgreSQL shows an oid of these types. None for any other cast."""
    name = node.typeName.names[-1].sval
    if node.typeName.arrayBounds or name not in UNCARRIED:
        return None
    sql, type_ = translator.expression(node, level, aggregates=True)
    if type_ != OID:
        return sql, ColumnType(name) if name in by_name else type_
    (function,) = CATALOG_FUNCTIONS[f"{name}_out"]
    return _emit(translator, f"{name}_out", function, [(sql, type_)]), ColumnType(name) if name in by_name else function.result


def _cast(translator: Translator, node: ast.TypeCast, level: Level, aggregates: bool) -> ast.Node | None:
    name = node.typeName.names[-1].sval
    if name == "regtype" and node.typeName.arrayBounds:  # proargtypes::regtype[], by pgcli
        sql, type_ = translator.expression(node.arg, level, aggregates=aggregates)
        (function,) = CATALOG_FUNCTIONS["regtype_array_out"]
        oids = translator.cast(sql, type_, function.arguments[0]) if type_ != function.arguments[0] else sql
        return translator.slot(_emit(translator, "regtype_array_out", function, [(oids, function.arguments[0])]), function.result)
    if node.typeName.arrayBounds or name not in OBJECT_TYPES:
        return None
    if isinstance(node.arg, ast.TypeCast) and node.arg.typeName.names[-1].sval == name and not node.arg.typeName.arrayBounds:
        return _cast(translator, node.arg, level, aggregates)  # CAST($1::regclass AS regclass), by SQLAlchemy
    sql, type_ = translator.expression(node.arg, level, aggregates=aggregates)
    if name in OBJECTS and type_.name in (*INTEGERS, *OBJECTS):
        return translator.slot(f"CAST({sql} AS BIGINT)", ColumnType(name))
    direction = "out" if type_.name in INTEGERS else "in"
    (function,) = CATALOG_FUNCTIONS[f"{name}_{direction}"]
    result = ColumnType(name) if name in OBJECTS else function.result
    return translator.slot(_emit(translator, f"{name}_{direction}", function, [(sql, type_)]), result)


def name_udf(kind: str) -> Udf:
    """An oid's name."""
    (function,) = CATALOG_FUNCTIONS[f"{kind}_out"]
    return _udf(f"{kind}_out", function)


def _call(translator: Translator, node: ast.FuncCall, functions: list[CatalogFunction], level: Level, aggregates: bool) -> ast.Node:
    name = node.funcname[-1].sval
    given = node.args or ()
    for function in functions:
        if len(function.arguments) == len(given):
            arguments = [
                translator.expression(argument, level, type_, aggregates=aggregates)
                for argument, type_ in zip(given, function.arguments, strict=True)
            ]
            return translator.slot(_emit(translator, name, function, arguments), function.result)
    raise DatabaseError(UNDEFINED_FUNCTION, f"function {name} does not exist with {len(given)} arguments")


def _emit(translator: Translator, name: str, function: CatalogFunction, arguments: list[tuple[str, ColumnType]]) -> str:
    udf = _udf(name, function)
    texts = [f"CAST({sql} AS {crossing})" for (sql, _), crossing in zip(arguments, udf.arguments, strict=False)]
    return translator.emitter.use(udf, texts)


def _udf(name: str, function: CatalogFunction) -> Udf:
    """The catalog comes with the query's thread (engine.py), since it is the transaction's."""
    types = list(function.arguments)

    def make(surroundings: Any) -> Any:
        def call(*arrays: pa.Array) -> pa.Array:
            around = surroundings()
            columns = [datums_of(array, type_) for array, type_ in zip(arrays, types, strict=bool(types))]
            rows = zip(*columns, strict=True) if types else ((),) * len(arrays[0])
            try:
                return result_column([function.call(around.catalog, around.environment, *row) for row in rows], function.result)
            except DatabaseError as error:
                raise raised(error) from error

        return call

    crossing = [duck_type(type_) if type_.name in DUCK_TYPES else "VARCHAR" for type_ in types] or ["INTEGER"]
    result = duck_type(function.result) if function.result.name in DUCK_TYPES else "VARCHAR"
    return Udf(f"eagleray_catalog_{name}_{len(types)}", crossing, result, function.result, make, volatile=True)
