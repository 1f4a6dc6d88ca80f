"""What only queries on the system catalogs use: catalog functions, `reg...` casts, and arrays in their text form.

psql's \\d family and drivers' introspection are written for PostgreSQL's catalogs, where arrays and object identifier types abound. Here an array column is text
('{a,b}'), an int2vector too ('1 2'), and the forms that work on them become DuckDB text and calls of catalog_functions.py:

- 'name'::regclass gives the oid, oid::regclass the name (as text); likewise regtype, regnamespace, regproc, regrole;
- x = ANY (column), column[i], expression::int2[];
- functions such as pg_get_indexdef(oid), which look into the transaction's catalog.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pglast import ast, enums

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.common.schema import ColumnType
from actors.query_processor.column_executor.catalog_functions import CATALOG_FUNCTIONS, CatalogFunction
from actors.query_processor.column_executor.names import Level
from actors.query_processor.column_executor.translator import BOOL, TEXT, Translator
from actors.query_processor.column_executor.udf import Udf, datums_of, result_column
from actors.query_processor.column_executor.values import DUCK_TYPES, duck_type

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
    if isinstance(node, ast.A_Indirection) and len(node.indirection) == 1 and isinstance(node.indirection[0], ast.A_Indices):
        array, _ = translator.expression(node.arg, level, TEXT, aggregates=aggregates)
        index, _ = translator.expression(node.indirection[0].uidx, level, aggregates=aggregates)
        first = 0 if _is_vector(node.arg) else 1
        return translator.slot(f"TRY_CAST({array_items(array)}[({index}) + {1 - first}] AS INTEGER)", INT4)
    if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP_ANY and not isinstance(node.rexpr, ast.A_ArrayExpr):
        value, _ = translator.expression(node.lexpr, level, TEXT, aggregates=aggregates)
        array, _ = translator.expression(node.rexpr, level, TEXT, aggregates=aggregates)
        return translator.slot(f"list_contains({array_items(array)}, CAST({value} AS VARCHAR))", BOOL)
    return None


def array_items(array: str) -> str:
    """The elements of an array or vector in text form, as a DuckDB list of text."""
    return f"string_split(trim(replace(CAST({array} AS VARCHAR), ' ', ','), '{{}}'), ',')"


def _is_vector(node: Any) -> bool:
    """int2vector columns count from 0."""
    return isinstance(node, ast.ColumnRef) and node.fields[-1].sval in ("indkey", "indoption", "indclass", "indcollation", "proargtypes")


def _cast(translator: Translator, node: ast.TypeCast, level: Level, aggregates: bool) -> ast.Node | None:
    name = node.typeName.names[-1].sval
    if node.typeName.arrayBounds:
        return translator.slot(*translator.expression(node.arg, level, TEXT, aggregates=aggregates))
    if name not in OBJECT_TYPES:
        return None
    sql, type_ = translator.expression(node.arg, level, aggregates=aggregates)
    direction = "out" if type_.name in INTEGERS else "in"
    kind = "regproc" if name == "regprocedure" else name
    (function,) = CATALOG_FUNCTIONS[f"{kind}_{direction}"]
    return translator.slot(_emit(translator, f"{kind}_{direction}", function, [(sql, type_)]), function.result)


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
            return result_column([function.call(around.catalog, around.environment, *row) for row in rows], function.result)

        return call

    crossing = [duck_type(type_) if type_.name in DUCK_TYPES else "VARCHAR" for type_ in types] or ["INTEGER"]
    result = duck_type(function.result) if function.result.name in DUCK_TYPES else "VARCHAR"
    return Udf(f"eagleray_catalog_{name}_{len(types)}", crossing, result, function.result, make, volatile=True)
