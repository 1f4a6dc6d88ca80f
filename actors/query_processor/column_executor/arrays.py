"""Arrays in the column executor: DuckDB carries one as PostgreSQL's text of it, and never looks into that.

Operators, ANY, ALL, ARRAY[...] and functions of arrays are our own (udf.py), which read the text and write it. Where
DuckDB compares arrays, it compares keys (comparing.py).

    array_agg(x), ARRAY(SELECT x)     DuckDB's list of x, collected by a function of ours
    unnest(array)                     a list made by a function of ours, unnested by DuckDB
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.column_executor.numerics import public
from actors.sql.expressions.array_functions import accumulated
from actors.sql.expressions.casts import ZONED_ARRAYS
from actors.sql.types import by_name, format_type
from actors.sql.types.arrays import VECTORS, Array, array_of_items, element_of, is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.strings import format_bpchar

if TYPE_CHECKING:
    from actors.query_processor.column_executor.translator import Translator


def text_of_array(value: Array, type_: ColumnType) -> str:
    around = (UTC,) if type_.name == "_timestamptz" else ()
    return by_name[type_.name].format_text(value, -1, *around)


def array_reader(type_: ColumnType) -> Callable[[str | None], Array | None]:
    """Text -> datum. Texts come again and again (a constant's for every row): each is read once."""
    parse = by_name[type_.name].parse_text
    around = (UTC, 0) if type_.name in ZONED_ARRAYS else ()
    known: dict[str | None, Array | None] = {None: None}

    def read(text: str | None) -> Array | None:
        found = known.get(text)
        if found is None and text is not None:
            found = known[text] = parse(text, -1, *around)
        return found

    return read


# -- lists to arrays and back ------------------------------------------------------------------------------------------


def collected(translator: Translator, items: str, element: ColumnType) -> tuple[str, ColumnType]:
    """(SQL, type) of the array of the items of a DuckDB list; NULL where that is."""
    from actors.query_processor.column_executor.udf import Udf, crossing

    type_ = ColumnType(element.name if is_array(element.name) else "_" + element.name, public(element).modifier)
    if not is_array(type_.name):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {format_type(element)}[] not supported")
    crosses = crossing(element)
    udf = Udf(
        f"eagleray_collect{type_.name}_{element.name}_{public(element).modifier + 1}",
        [f"{crosses}[]"],
        "VARCHAR",
        type_,
        lambda surroundings: _collector(element, type_),
    )
    if element.name == "numeric":
        items = f"list_transform({items}, lambda x: CAST(x AS VARCHAR))"
    return translator.emitter.use(udf, [f"CAST({items} AS {crosses}[])"]), type_


def _collector(element: ColumnType, type_: ColumnType) -> Callable[..., pa.Array]:
    from actors.query_processor.column_executor.udf import datums_of

    def collect(lists: Any) -> pa.Array:
        whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
        datums = datums_of(whole.flatten(), element)
        if element.name == "bpchar":
            datums = [None if datum is None else format_bpchar(datum, element.modifier) for datum in datums]
        texts: list[str | None] = []
        start = 0
        for length in pc.list_value_length(whole).to_pylist():
            if length is None:
                texts.append(None)
                continue
            items = datums[start : start + length]
            start += length
            try:
                made = accumulated(items) if is_array(element.name) and items else array_of_items(items)
            except DatabaseError as error:
                raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}") from error
            texts.append(text_of_array(made, type_))
        return pa.array(texts, pa.string())

    return collect


def unnested(translator: Translator, sql: str, type_: ColumnType) -> tuple[str, ColumnType]:
    """(SQL of a DuckDB list, the items' type) of an array. Raises 42883 for what is none, 0A000 for elements that
    cannot be carried."""
    from actors.query_processor.column_executor.udf import Udf
    from actors.query_processor.column_executor.values import duck_type

    if type_.name in VECTORS:
        array = ColumnType(VECTORS[type_.name])
        sql, type_ = translator.cast(sql, type_, array), array
    if not is_array(type_.name):
        hint = "No function matches the given name and argument types. You might need to add explicit type casts."
        raise DatabaseError("42883", f"function unnest({format_type(type_)}) does not exist", hint=hint)
    element = ColumnType(element_of(type_.name), -1 if type_.name == "_numeric" else type_.modifier)
    udf = Udf(
        f"eagleray_unnest{type_.name}",
        ["VARCHAR"],
        f"{duck_type(element)}[]",
        element,
        lambda surroundings: _unnester(type_, element),
    )
    return translator.emitter.use(udf, [f"CAST({sql} AS VARCHAR)"]), element


def _unnester(type_: ColumnType, element: ColumnType) -> Callable[..., pa.Array]:
    from actors.query_processor.column_executor.udf import result_column

    def unnest(texts: Any) -> pa.Array:
        read = array_reader(type_)
        arrays = [read(text) for text in texts.to_pylist()]
        items: list[Any] = []
        offsets: list[int] = [0]
        for array in arrays:
            items += array.items if array is not None else ()
            offsets.append(len(items))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), result_column(items, element))

    return unnest
