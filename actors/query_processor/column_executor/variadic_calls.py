"""Functions of any number of arguments of any types: json_build_object.

JSON is a text here, for the catalog queries of drivers (SQLAlchemy asks for a column's identity so). No column has the type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.query_processor.column_executor.udf import Udf, crossing, datums_of, result_column
from actors.sql.types import by_name
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.translator import Translator

JSON = ColumnType("json")
TEXT = ColumnType("text")
_BARE = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "numeric"})


def json_object(translator: Translator, arguments: Sequence[tuple[str, ColumnType]]) -> tuple[str, ColumnType]:
    """(SQL, type) of an object of alternating keys and values. Raises 22023 for an odd number of them."""
    if len(arguments) % 2:
        hint = "The arguments of json_build_object() must consist of alternating keys and values."
        raise DatabaseError(INVALID_PARAMETER_VALUE, "argument list must have even number of elements", hint=hint)
    types = [type_ for _, type_ in arguments]
    name = "eagleray_json_object_" + "_".join(type_.name for type_ in types)
    made = [crossing(type_) for type_ in types] or ["INTEGER"]
    udf = Udf(name, made, "VARCHAR", JSON, lambda surroundings_of: _rows(_object, types, JSON))
    return translator.emitter.use(udf, [f"CAST({sql} AS {crossing(type_)})" for sql, type_ in arguments]), JSON


def _rows(
    make: Callable[[Sequence[Any], Sequence[ColumnType]], Any], types: Sequence[ColumnType], result: ColumnType
) -> Callable[..., pa.Array]:
    """The function that DuckDB calls: `make` for each row."""

    def function(*arrays: pa.Array) -> pa.Array:
        columns = [datums_of(array, type_) for array, type_ in zip(arrays, types, strict=bool(types))]
        rows = zip(*columns, strict=True) if types else ((),) * len(arrays[0])
        try:
            return result_column([make(row, types) for row in rows], result)
        except DatabaseError as error:
            raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}") from error

    return function


def _object(row: Sequence[Any], types: Sequence[ColumnType]) -> str:
    parts = []
    for place in range(0, len(row), 2):
        if row[place] is None:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"null value not allowed for object key (argument {place + 1})")
        key = json.dumps(_text(row[place], types[place]), ensure_ascii=False)
        parts.append(f"{key} : {_value(row[place + 1], types[place + 1])}")
    return "{" + ", ".join(parts) + "}"


def _value(datum: Any, type_: ColumnType) -> str:
    if datum is None:
        return "null"
    if type_.name == "bool":
        return "true" if datum else "false"
    text = _text(datum, type_)
    return text if type_.name == "json" or (type_.name in _BARE and text[-1:].isdigit()) else json.dumps(text, ensure_ascii=False)


def _text(datum: Any, type_: ColumnType) -> str:
    known = by_name.get(type_.name)
    return str(datum) if known is None else known.format_text(datum, type_.modifier)


FUNCTIONS = {"json_build_object": json_object}
"""By name (sql/binding/query_analysis.py)."""
