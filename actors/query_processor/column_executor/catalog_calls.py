"""Functions over the catalog, such as pg_get_indexdef(oid), as functions of ours inside DuckDB: they look into the
transaction's catalog (catalog_functions.py)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.translator import Translator, Typed
from actors.query_processor.column_executor.udf import Udf, datums_of, raised, result_column
from actors.query_processor.column_executor.values import DUCK_TYPES, duck_type
from actors.sql.binding.query import CatalogCall
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS, CatalogFunction


def catalog_call(translator: Translator, call: CatalogCall) -> Typed:
    udf = _udf(call.name, call.function)
    texts = [
        f"CAST({translator.text(argument)} AS {crossing})"
        for argument, crossing in zip(call.arguments, udf.arguments, strict=False)
    ]
    return translator.emitter.use(udf, texts), call.type


def name_udf(kind: str) -> Udf:
    """An oid's name."""
    (function,) = CATALOG_FUNCTIONS[f"{kind}_out"]
    return _udf(f"{kind}_out", function)


def _udf(name: str, function: CatalogFunction) -> Udf:
    """The catalog comes with the query's thread (engine.py), since it is the transaction's."""
    types = list(function.arguments)

    def make(surroundings: Any) -> Any:
        def call(*arrays: pa.Array) -> pa.Array:
            around = surroundings()
            columns = [datums_of(array, type_) for array, type_ in zip(arrays, types, strict=bool(types))]
            rows = zip(*columns, strict=True) if types else ((),) * len(arrays[0])
            try:
                return result_column(
                    [function.call(around.catalog, around.environment, *row) for row in rows], function.result
                )
            except DatabaseError as error:
                raise raised(error) from error

        return call

    crossing = [duck_type(type_) if type_.name in DUCK_TYPES else "VARCHAR" for type_ in types] or ["INTEGER"]
    result = duck_type(function.result) if function.result.name in DUCK_TYPES else "VARCHAR"
    signature = "_".join(type_.name for type_ in types)
    return Udf(f"eagleray_catalog_{name}_{signature}", crossing, result, function.result, make, volatile=True)
