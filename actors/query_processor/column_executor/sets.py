"""Set-returning functions, in FROM and in the select list: `list_of(translator, call)` gives a DuckDB list that DuckDB
unnests.

    SELECT regexp_matches(s, '(\\d)(\\d)', 'g')    ->    SELECT unnest(eagleray_set_regexp_matches(s, ...))

A list is made by a function of ours for each row of the rows around. Several of them in one select list go side by
side, the shorter ones filled with NULLs, as in PostgreSQL. generate_series is no list, since its rows may be many: see
`series`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from actors.common.errors import (
    INVALID_PARAMETER_VALUE,
    QUERY_CANCELED,
    DatabaseError,
    statement_memory_exceeded,
)
from actors.query_processor.column_executor.arrays import unnested
from actors.query_processor.column_executor.translator import Translator, Typed
from actors.query_processor.column_executor.udf import Surroundings, Udf, crossing, datums_of, raised, result_column
from actors.query_processor.column_executor.values import duck_type
from actors.sql.binding.query import SetCall
from actors.sql.binding.set_calls import EXPANDED, JSON_SETS, PARTITION_ANCESTORS
from actors.sql.expressions.array_functions import string_to_array
from actors.sql.expressions.datetime_functions import add_interval_zoned
from actors.sql.expressions.json_sets import rows_of
from actors.sql.patterns.functions import regexp_matches, regexp_split_to_table
from actors.sql.types.arrays import Array
from actors.sql.types.calendar import DAY_US
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import CONTEXT


class SetFunction(NamedTuple):
    """`make(*arguments)` gives the rows' datums. A strict one has no rows where an argument is NULL."""

    make: Callable[..., Sequence[Any]]
    is_strict: bool = True


def _string_to_table(text: str | None, separator: str | None, null: str | None = None) -> Sequence[Any]:
    made = string_to_array(text, separator, null)
    return made.items if made is not None else ()


def _subscripts(array: Array, dimension: int, backwards: bool = False) -> Sequence[int]:
    if not 1 <= dimension <= len(array.lengths):
        return ()
    low = array.lowers[dimension - 1]
    places = range(low, low + array.lengths[dimension - 1])
    return places[::-1] if backwards else places


def _of_json(function: str) -> SetFunction:
    return SetFunction(lambda text: rows_of(function, text))


MADE = {
    **{name: _of_json(name) for name in JSON_SETS},
    "regexp_matches": SetFunction(regexp_matches),
    "regexp_split_to_table": SetFunction(regexp_split_to_table),
    "string_to_table": SetFunction(_string_to_table, False),
    "generate_subscripts": SetFunction(_subscripts),
}


def list_of(translator: Translator, call: SetCall) -> Typed:
    """(SQL of a DuckDB list, how its items are carried)."""
    name = call.name
    arguments = [translator.expression(argument) for argument in call.arguments]
    if name == EXPANDED.name:
        items, _ = unnested(translator, *arguments[0])
        return f"list_transform({items}, lambda x, n: {{'x': x, 'n': CAST(n AS INTEGER)}})", EXPANDED
    if name == PARTITION_ANCESTORS:
        return f"CAST([] AS {duck_type(call.type)}[])", call.type
    if name == "unnest":
        return unnested(translator, *arguments[0])
    types = tuple(argument.type for argument in call.arguments)
    known = MADE[name]
    udf = Udf(
        f"eagleray_set_{name.replace('.', '_')}_{'_'.join(type_.name for type_ in types)}",
        [crossing(type_) for type_ in types],
        f"{duck_type(call.type)}[]",
        call.type,
        lambda surroundings_of: _lists(known, call.type, types, surroundings_of),
    )
    return translator.emitter.use(
        udf, [f"CAST({sql} AS {crossing(type_)})" for (sql, _), type_ in zip(arguments, types, strict=True)]
    ), call.type


def _lists(
    known: SetFunction, result: ColumnType, types: Sequence[ColumnType], surroundings_of: Callable[[], Surroundings]
) -> Callable[..., pa.Array]:
    def function(*arrays: pa.Array) -> pa.Array:
        room = surroundings_of().memory_bytes
        items: list[Any] = []
        offsets = [0]
        try:
            for row in zip(*map(datums_of, arrays, types), strict=True):
                if not known.is_strict or None not in row:
                    made = known.make(*row)
                    items += made
                    room -= sum(len(str(item)) for item in made)
                    if room < 0:
                        raise statement_memory_exceeded(surroundings_of().memory_bytes)
                offsets.append(len(items))
        except DatabaseError as error:
            raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}") from error
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), result_column(items, result))

    return function


# -- generate_series ---------------------------------------------------------------------------------------------------


def series(translator: Translator, call: SetCall) -> Typed:
    """(a DuckDB query of one column, c1; its type)."""
    type_ = call.type
    pairs = [translator.expression(argument) for argument in call.arguments]
    texts = [sql for sql, _ in pairs]
    if type_.name == "timestamptz":
        return f"SELECT unnest({translator.emitter.use(ZONED_SERIES, texts)}) AS c1", type_
    if type_.name == "numeric":
        texts = [f"CAST({sql} AS VARCHAR)" for sql in texts] + ["'1'"] * (3 - len(texts))
        return f"SELECT unnest({translator.emitter.use(NUMERIC_SERIES, texts)}) AS c1", type_
    if type_.name != "timestamp":
        texts = [f"CAST({sql} AS BIGINT)" for sql in texts]
    # The table function makes its rows as they are read; unnest(generate_series()) would make one list of them all,
    # outside DuckDB's memory limit.
    cast = duck_type(type_)
    return f"SELECT CAST(series.step AS {cast}) AS c1 FROM generate_series({', '.join(texts)}) AS series(step)", type_


def _zoned_series(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
    """Each step is added on the session's own clock: a day has 23 hours where summer time begins."""
    moment, interval = ColumnType("timestamptz"), ColumnType("interval")

    def steps(first: int, last: int, step: Any, around: Surroundings) -> list[int]:
        environment, found = around.environment, []
        ahead = step[0] * 30 * DAY_US + step[1] * DAY_US + step[2]
        if not ahead:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")
        while first <= last if ahead > 0 else first >= last:
            found.append(first)
            if len(found) * MOMENT_BYTES > around.memory_bytes:
                raise statement_memory_exceeded(around.memory_bytes)
            if around.stopped:
                raise DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
            first = add_interval_zoned(environment, first, step)
        return found

    def function(*arrays: pa.Array) -> pa.Array:
        items: list[int] = []
        offsets = [0]
        try:
            for first, last, step in zip(*map(datums_of, arrays, (moment, moment, interval)), strict=True):
                items += steps(first, last, step, surroundings_of()) if None not in (first, last, step) else ()
                offsets.append(len(items))
        except DatabaseError as error:
            raise ValueError(f"EAGLERAY[{error.sqlstate}]{error.message}") from error
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), result_column(items, moment))

    return function


def _numeric_series(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
    numeric = ColumnType("numeric")

    def steps(first: Decimal, last: Decimal, step: Decimal, around: Surroundings) -> list[Decimal]:
        if not (first.is_finite() and last.is_finite() and step.is_finite()):
            what = "start" if not first.is_finite() else "stop" if not last.is_finite() else "step size"
            raise DatabaseError(
                INVALID_PARAMETER_VALUE,
                f"{what} value cannot be {'NaN' if (first + last + step).is_nan() else 'infinity'}",
            )
        if not step:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "step size cannot equal zero")
        found: list[Decimal] = []
        while first <= last if step > 0 else first >= last:
            found.append(first)
            if len(found) * MOMENT_BYTES > around.memory_bytes:
                raise statement_memory_exceeded(around.memory_bytes)
            if around.stopped:
                raise DatabaseError(QUERY_CANCELED, "canceling statement due to user request")
            first = CONTEXT.add(first, step)
        return found

    def function(*arrays: pa.Array) -> pa.Array:
        items: list[Decimal] = []
        offsets = [0]
        try:
            for first, last, step in zip(*map(datums_of, arrays, (numeric,) * 3), strict=True):
                items += steps(first, last, step, surroundings_of()) if None not in (first, last, step) else ()
                offsets.append(len(items))
        except DatabaseError as error:
            raise raised(error) from error
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), result_column(items, numeric))

    return function


NUMERIC_SERIES = Udf("eagleray_series_numeric", ["VARCHAR"] * 3, "VARCHAR[]", ColumnType("numeric"), _numeric_series)
MOMENT_BYTES = 64
"""Of a timestamp while the list is made."""
ZONED_SERIES = Udf(
    "eagleray_series_timestamptz",
    ["TIMESTAMP", "TIMESTAMP", "INTERVAL"],
    "TIMESTAMP[]",
    ColumnType("timestamptz"),
    _zoned_series,
)
