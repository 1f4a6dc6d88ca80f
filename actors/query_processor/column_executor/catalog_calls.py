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
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS, CatalogFunction
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

INT4 = ColumnType("int4")
OID = ColumnType("oid")
OBJECT_TYPES = frozenset({"regclass", "regtype", "regnamespace", "regproc", "regprocedure", "regrole"})
INTEGERS = frozenset({"int2", "int4", "int8", "oid"})


def replace_catalog_form(translator: Translator, node: Any, level: Level, aggregates: bool) -> ast.Node | None:
    """A slot for one of the forms above, None where `node` is none of them."""
    if isinstance(node, ast.FuncCall):
        functions = CATALOG_FUNCTIONS.get(node.funcname[-1].sval)
        return _call(translator, node, functions, level, aggregates) if functions is not None else None
    if isinstance(node, ast.TypeCast):
        return _cast(translator, node, level, aggregates)
    return None


def _cast(translator: Translator, node: ast.TypeCast, level: Level, aggregates: bool) -> ast.Node | None:
    name = node.typeName.names[-1].sval
    if node.typeName.arrayBounds or name not in OBJECT_TYPES:
        return None
    sql, type_ = translator.expression(node.arg, level, aggregates=aggregates)
    if name in OBJECTS and type_.name in (*INTEGERS, *OBJECTS):
        return translator.slot(f"CAST({sql} AS BIGINT)", ColumnType(name))
    direction = "out" if type_.name in INTEGERS else "in"
    kind = "regproc" if name == "regprocedure" else name
    (function,) = CATALOG_FUNCTIONS[f"{kind}_{direction}"]
    result = ColumnType(name) if name in OBJECTS else function.result
    return translator.slot(_emit(translator, f"{kind}_{direction}", function, [(sql, type_)]), result)


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
