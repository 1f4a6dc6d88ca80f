"""JSON as rows: json_array_elements, json_object_keys, json_each and json_to_record(set), and their jsonb kin.

A function of ours makes a list of each value, which DuckDB unnests (sets.py). json_each's rows are structs in FROM, and records' texts in a select list;
json_to_record's columns travel as texts, and are cast to the types that its column definitions name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa
from pglast import ast

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    SYNTAX_ERROR,
    DatabaseError,
    statement_memory_exceeded,
)
from actors.query_processor.column_executor.names import Level, Output, Relation
from actors.query_processor.column_executor.translator import INT8, TEXT, Translator, rename
from actors.query_processor.column_executor.udf import Surroundings, Udf, raised
from actors.sql.binding import cast_type
from actors.sql.expressions.json_functions import as_text, json_items, json_members, json_text, kind_of
from actors.sql.expressions.text_formats import record_text
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import parse, write

JSON, JSONB, RECORD = ColumnType("json"), ColumnType("jsonb"), ColumnType("record")
EACH = frozenset({"json_each", "json_each_text", "jsonb_each", "jsonb_each_text"})
ELEMENTS = frozenset({"json_array_elements", "json_array_elements_text", "jsonb_array_elements", "jsonb_array_elements_text"})
"""Their column in FROM is named value, whatever the item's alias."""
RECORDS = frozenset({"json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset"})
_STRING, _ARRAY = '"', "["


def _invalid(message: str) -> DatabaseError:
    return DatabaseError(INVALID_PARAMETER_VALUE, message)


def elements(function: str, text: str) -> list[str | None]:
    """json_array_elements and its kin."""
    kind = kind_of(text)
    if kind != _ARRAY:
        if function.startswith("jsonb"):
            raise _invalid(f"cannot extract elements from {'an object' if kind == '{' else 'a scalar'}")
        raise _invalid(f"cannot call {function} on {'a non-array' if kind == '{' else 'a scalar'}")
    if function.startswith("jsonb"):
        shown = as_text if function.endswith("_text") else write
        return [shown(item) for item in parse(text)]
    return [json_text(item) if function.endswith("_text") else item for item in json_items(text)]


def keys(function: str, text: str) -> list[str]:
    kind = kind_of(text)
    if kind != "{":
        raise _invalid(f"cannot call {function} on {'an array' if kind == _ARRAY else 'a scalar'}")
    return list(parse(text)) if function.startswith("jsonb") else [key for key, _ in json_members(text)]


def pairs(function: str, text: str) -> list[tuple[str, str | None]]:
    """json_each and its kin."""
    kind = kind_of(text)
    if kind != "{":
        if function.startswith("jsonb"):
            raise _invalid(f"cannot call {function} on a non-object")
        raise _invalid("cannot deconstruct an array as an object" if kind == _ARRAY else "cannot deconstruct a scalar")
    if function.startswith("jsonb"):
        shown = as_text if function.endswith("_text") else write
        return [(key, shown(value)) for key, value in parse(text).items()]
    return [(key, json_text(value) if function.endswith("_text") else value) for key, value in json_members(text)]


def one_column(function: str) -> tuple[Callable[[str], Sequence[Any]], ColumnType, ColumnType] | None:
    """(what makes the rows, the argument's type, the rows'); None for any other function."""
    argument = JSONB if function.startswith("jsonb") else JSON
    if function in EACH:
        return (lambda text: [record_text(*pair) for pair in pairs(function, text)]), argument, RECORD
    if function.endswith("_object_keys"):
        return (lambda text: keys(function, text)), argument, TEXT
    if "_array_elements" in function:
        return (lambda text: elements(function, text)), argument, TEXT if function.endswith("_text") else argument
    return None


def field_of_pairs(function: str, name: str) -> tuple[Callable[[str], Sequence[Any]], ColumnType, ColumnType] | None:
    """As one_column, of (json_each(x)).key and .value."""
    if function not in EACH or name not in ("key", "value"):
        return None
    argument = JSONB if function.startswith("jsonb") else JSON
    place = ("key", "value").index(name)
    result = argument if name == "value" and not function.endswith("_text") else TEXT
    return (lambda text: [pair[place] for pair in pairs(function, text)]), argument, result


# -- several columns, in FROM ----------------------------------------------------------------------------------------------------


def _structs(name: str, columns: int, rows: Callable[[str], Iterable[Sequence[Any]]], result: ColumnType) -> Udf:
    """A function that makes a list of structs c1, c2 ... of texts."""

    def make(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
        def function(texts: Any) -> pa.Array:
            room = memory = surroundings_of().memory_bytes
            made: list[Sequence[Any]] = []
            offsets = [0]
            try:
                for text in texts.to_pylist():
                    for row in rows(text) if text is not None else ():
                        made.append(row)
                        room -= sum(len(item or "") for item in row)
                    if room < 0:
                        raise statement_memory_exceeded(memory)
                    offsets.append(len(made))
            except DatabaseError as error:
                raise raised(error) from error
            arrays = [pa.array([row[place] for row in made], pa.string()) for place in range(columns)]
            structs = pa.StructArray.from_arrays(arrays, [f"c{number}" for number in range(1, columns + 1)])
            return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)

        return function

    listed = ", ".join(f"c{number} VARCHAR" for number in range(1, columns + 1))
    return Udf(name, ["VARCHAR"], f"STRUCT({listed})[]", result, make)


def _unnested(item: ast.RangeFunction, call: str, columns: Sequence[str]) -> str:
    """A query of the structs' fields, and their number where WITH ORDINALITY asks."""
    fields = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(columns, 1))
    number = f", row_number() OVER () AS c{len(columns) + 1}" if item.ordinality else ""
    return f"SELECT {fields}{number} FROM (SELECT unnest({call}) AS u)"


def _argument(translator: Translator, call: ast.FuncCall, level: Level) -> str:
    from actors.query_processor.column_executor.sets import undefined

    kind = JSONB if call.funcname[-1].sval.startswith("jsonb") else JSON
    arguments = [translator.expression(argument, level, kind) for argument in call.args or ()]
    if len(arguments) != 1 or arguments[0][1].name != kind.name:
        raise undefined(call, arguments)
    return arguments[0][0]


def _relation(
    translator: Translator,
    item: ast.RangeFunction,
    columns: Sequence[tuple[str, ColumnType]],
    renamed: Sequence[str],
    inner: str,
    name: str,
) -> tuple[str, Relation]:
    alias = translator.alias()
    outputs = [Output(column, f"{alias}.c{number}", type_) for number, (column, type_) in enumerate(columns, 1)]
    if item.ordinality:
        outputs.append(Output("ordinality", f"{alias}.c{len(columns) + 1}", INT8))
    return f"LATERAL ({inner}) AS {alias}", Relation(name, tuple(rename(outputs, list(renamed), name)))


def _names(item: ast.RangeFunction, function: str) -> tuple[str, list[str]]:
    if item.alias is None:
        return function, []
    return item.alias.aliasname, [name.sval for name in item.alias.colnames or ()]


def pair_rows(translator: Translator, item: ast.RangeFunction, call: ast.FuncCall, level: Level) -> tuple[str, Relation]:
    """json_each and its kin as a FROM item."""
    function = call.funcname[-1].sval
    name, renamed = _names(item, function)
    value = TEXT if function.endswith("_text") else JSONB if function.startswith("jsonb") else JSON
    udf = _structs(f"eagleray_{function}", 2, lambda text: pairs(function, text), RECORD)
    inner = _unnested(item, translator.emitter.use(udf, [_argument(translator, call, level)]), ["u.c1", "u.c2"])
    return _relation(translator, item, (("key", TEXT), ("value", value)), renamed, inner, name)


def record_rows(translator: Translator, item: ast.RangeFunction, call: ast.FuncCall, level: Level) -> tuple[str, Relation]:
    """json_to_record and json_to_recordset, with the columns that the FROM item defines. Raises 42601 where it defines none."""
    function = call.funcname[-1].sval
    name, _ = _names(item, function)
    if not item.coldeflist:
        raise DatabaseError(SYNTAX_ERROR, 'a column definition list is required for functions returning "record"')
    columns = [(column.colname, cast_type(column.typeName)) for column in item.coldeflist]
    for column, type_ in columns:
        if type_.name == "record":
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f'column "{column}" of a record cannot be a record')
    names = [column for column, _ in columns]
    kinds = ["json" if type_.name in ("json", "jsonb") else "array" if is_array(type_.name) else "text" for _, type_ in columns]

    def rows(text: str) -> list[list[str | None]]:
        whole = [parse_object(function, part) for part in _objects(function, text)]
        return [[_shown(known.get(column), kind) for column, kind in zip(names, kinds, strict=True)] for known in whole]

    listed = "_".join(f"{column}_{kind}" for column, kind in zip(names, kinds, strict=True)).encode().hex()
    udf = _structs(f"eagleray_{function}_{listed}", len(columns), rows, RECORD)
    call_sql = translator.emitter.use(udf, [_argument(translator, call, level)])
    texts = [translator.cast(f"u.c{number}", TEXT, type_) for number, (_, type_) in enumerate(columns, 1)]
    return _relation(translator, item, columns, (), _unnested(item, call_sql, texts), name)


def _objects(function: str, text: str) -> list[str]:
    if not function.endswith("set"):
        return [text]
    kind = kind_of(text)
    if kind != _ARRAY:
        raise _invalid(
            f"cannot call {function} on {'an object' if kind == '{' else 'a scalar' if function.startswith('json_') else 'a non-array'}"
        )
    return list(json_items(text))


def parse_object(function: str, text: str) -> dict[str, str]:
    """The texts of an object's values. Raises 22023 for what is none."""
    kind = kind_of(text)
    if kind != "{":
        if function.endswith("set"):
            raise _invalid(f"argument of {function} must be an array of objects")
        raise _invalid(f"cannot call {function} on {'an array' if kind == _ARRAY else 'a scalar'}")
    return dict(json_members(text))


def _shown(value: str | None, kind: str) -> str | None:
    """A value's JSON as the text that the column's type reads."""
    if value is None or (kind != "json" and kind_of(value) == "n"):
        return None
    if kind == "array" and kind_of(value) == _ARRAY:
        return _array_literal(value)
    return value if kind == "json" else json_text(value)


def _array_literal(text: str) -> str:
    items = []
    for part in json_items(text):
        if kind_of(part) == _ARRAY:
            items.append(_array_literal(part))
            continue
        shown = json_text(part)
        items.append("NULL" if shown is None else '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return "{" + ",".join(items) + "}"
