"""Set-returning functions, in FROM and in the select list: `set_of(translator, call, level)` gives a DuckDB list that DuckDB unnests.

    SELECT regexp_matches(s, '(\\d)(\\d)', 'g')    ->    SELECT unnest(eagleray_set_regexp_matches(s, ...))

A list is made by a function of ours for each row of the rows around. Several of them in one select list go side by
side, the shorter ones filled with NULLs, as in PostgreSQL. generate_series is no list, since its rows may be many: see `series`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
from pglast import ast

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    QUERY_CANCELED,
    UNDEFINED_FUNCTION,
    DatabaseError,
    statement_memory_exceeded,
)
from actors.query_processor.column_executor.arrays import unnested
from actors.query_processor.column_executor.json_sets import field_of_pairs, one_column
from actors.query_processor.column_executor.names import Level
from actors.query_processor.column_executor.translator import BOOL, TEXT, Translator, string_fields
from actors.query_processor.column_executor.udf import Surroundings, Udf, crossing, datums_of, raised, result_column
from actors.query_processor.column_executor.values import duck_type
from actors.sql.binding.function_kinds import SETS
from actors.sql.binding.nodes import is_untyped
from actors.sql.expressions.array_functions import string_to_array
from actors.sql.expressions.datetime_functions import add_interval_zoned
from actors.sql.patterns.functions import regexp_matches, regexp_split_to_table
from actors.sql.types import format_type
from actors.sql.types.arrays import VECTORS, Array, is_array
from actors.sql.types.calendar import DAY_US
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import CONTEXT

JsonRows = tuple[Callable[[str], Sequence[Any]], ColumnType, ColumnType]
INT2 = ColumnType("int2")
INT4 = ColumnType("int4")
INT8 = ColumnType("int8")
OID = ColumnType("oid")
HINT = "No function matches the given name and argument types. You might need to add explicit type casts."


class SetFunction(NamedTuple):
    """`make(*arguments)` gives the rows' datums. Of the arguments, `required` must be there. A strict one has no rows where one of them is NULL."""

    make: Callable[..., Sequence[Any]]
    arguments: tuple[ColumnType, ...]
    required: int
    result: ColumnType
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


TEXT_SETS = {
    "regexp_matches": SetFunction(regexp_matches, (TEXT, TEXT, TEXT), 2, ColumnType("_text")),
    "regexp_split_to_table": SetFunction(regexp_split_to_table, (TEXT, TEXT, TEXT), 2, TEXT),
    "string_to_table": SetFunction(_string_to_table, (TEXT, TEXT, TEXT), 2, TEXT, False),
}
EXPANDED = ColumnType("_pg_expandarray")
"""The rows of information_schema._pg_expandarray(array), DuckDB's structs of x (an element) and n (its place from 1 on): within queries only, for drivers that
read keys by it (pgjdbc)."""
PARTITION_ANCESTORS = "pg_partition_ancestors"
"""PostgreSQL gives no rows for a table that is not partitioned, and none is here. psql 18 asks in each \\d."""
LISTED_SETS = SETS - {"generate_series"}


def is_set(node: Any) -> bool:
    return isinstance(node, ast.FuncCall) and node.over is None and node.funcname[-1].sval in LISTED_SETS


def sets_not_allowed() -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed here")


def set_of(translator: Translator, call: ast.FuncCall, level: Level, aggregates: bool = False) -> tuple[str, ColumnType]:
    """(SQL of a DuckDB list, the items' type). Raises 42883, 0A000."""
    name = call.funcname[-1].sval
    made = one_column(name)
    if made is not None:
        return _of_json(translator, call, level, name, made, aggregates)
    arguments = [translator.expression(argument, level, aggregates=aggregates) for argument in call.args or ()]
    if name == EXPANDED.name and len(arguments) == 1:
        items, _ = unnested(translator, *arguments[0])
        return f"list_transform({items}, lambda x, n: {{'x': x, 'n': CAST(n AS INTEGER)}})", EXPANDED
    if name == PARTITION_ANCESTORS and len(arguments) == 1:
        return f"CAST([] AS {duck_type(OID)}[])", OID
    if name == "unnest":
        if len(arguments) != 1:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "unnest() with several arguments is supported in FROM only")
        return unnested(translator, *arguments[0])
    known = TEXT_SETS.get(name)
    if known is None and name == PARTITION_ANCESTORS:
        raise undefined(call, arguments)
    if known is None:
        known = _subscripts_of(call, arguments)
    if not known.required <= len(arguments) <= len(known.arguments):
        raise undefined(call, arguments)
    types = known.arguments[: len(arguments)]
    texts = []
    for (sql, type_), wanted in zip(arguments, types, strict=True):
        if wanted != type_ and not _fits(type_, wanted):
            raise undefined(call, arguments)
        texts.append(translator.cast(sql, type_, wanted) if wanted != type_ else sql)
    udf = Udf(
        f"eagleray_set_{name}_{'_'.join(type_.name for type_ in types)}",
        [crossing(type_) for type_ in types],
        f"{duck_type(known.result)}[]",
        known.result,
        lambda surroundings_of: _lists(known, types, surroundings_of),
    )
    return translator.emitter.use(udf, [f"CAST({sql} AS {crossing(type_)})" for sql, type_ in zip(texts, types, strict=True)]), known.result


def _of_json(
    translator: Translator, call: ast.FuncCall, level: Level, name: str, made: JsonRows, aggregates: bool = False
) -> tuple[str, ColumnType]:
    make, given, result = made
    arguments = [translator.expression(argument, level, given, aggregates=aggregates) for argument in call.args or ()]
    if len(arguments) != 1 or arguments[0][1].name != given.name:
        raise undefined(call, arguments)
    known = SetFunction(make, (given,), 1, result)
    udf = Udf(f"eagleray_set_{name}", ["VARCHAR"], "VARCHAR[]", result, lambda surroundings_of: _lists(known, [given], surroundings_of))
    return translator.emitter.use(udf, [arguments[0][0]]), result


def field_of(translator: Translator, node: ast.A_Indirection, level: Level) -> tuple[str, ColumnType] | None:
    """(SQL, type) of (information_schema._pg_expandarray(array)).x or .n, or of such a row's column; None for any other indirection."""
    [part, *others] = node.indirection
    if others or not isinstance(part, ast.String):
        return None
    if is_set(node.arg) and (made := field_of_pairs(node.arg.funcname[-1].sval, part.sval)) is not None:
        name = f"{node.arg.funcname[-1].sval}_{part.sval}"
        translator.set_calls += 1
        sql, type_ = _of_json(translator, node.arg, level, name, made, True)
        return f"unnest({sql})", type_
    if part.sval not in ("x", "n"):
        return None
    if is_set(node.arg) and node.arg.funcname[-1].sval == EXPANDED.name:
        sql = f"unnest({set_of(translator, node.arg, level)[0]})"
    else:
        names = string_fields(node.arg) if isinstance(node.arg, ast.ColumnRef) else None
        if names is None or (column := level.column(names)).type != EXPANDED:
            return None
        sql = column.sql
    # The arrays of the catalog that drivers ask for are of int2; their places are int4.
    return f"struct_extract({sql}, '{part.sval}')", INT2 if part.sval == "x" else INT4


def _subscripts_of(call: ast.FuncCall, arguments: Sequence[tuple[str, ColumnType]]) -> SetFunction:
    """generate_subscripts(array, dimension [, backwards])."""
    given = arguments[0][1].name if arguments else ""
    array = ColumnType(VECTORS.get(given, given))
    if not is_array(array.name):
        raise undefined(call, arguments)
    return SetFunction(_subscripts, (array, INT4, BOOL), 2, INT4)


def _fits(given: ColumnType, wanted: ColumnType) -> bool:
    if wanted == TEXT:
        return given.name in ("text", "varchar", "bpchar", "name", "unknown")
    return given.name == wanted.name or given.name in VECTORS or (wanted == INT4 and given.name == "int2")


def undefined(call: ast.FuncCall, arguments: Sequence[tuple[str, ColumnType]]) -> DatabaseError:
    types = ("unknown" if is_untyped(node) else type_.name for node, (_, type_) in zip(call.args or (), arguments, strict=True))
    shown = ", ".join(format_type(ColumnType(name)) for name in types)
    return DatabaseError(UNDEFINED_FUNCTION, f"function {call.funcname[-1].sval}({shown}) does not exist", hint=HINT)


def _lists(known: SetFunction, types: Sequence[ColumnType], surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
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
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), result_column(items, known.result))

    return function


# -- generate_series --------------------------------------------------------------------------------------------------------------


def series(translator: Translator, call: ast.FuncCall, level: Level) -> tuple[str, ColumnType]:
    """(a DuckDB query of one column, c1; its type)."""
    arguments = [translator.expression(argument, level) for argument in call.args or ()]
    if len(arguments) not in (2, 3):
        raise DatabaseError(UNDEFINED_FUNCTION, "function generate_series does not exist with these arguments")
    names = {type_.name for _, type_ in arguments[:2]}
    if names <= {"int2", "int4", "int8"}:
        type_ = ColumnType("int8" if "int8" in names else "int4")
        texts = [f"CAST({sql} AS BIGINT)" for sql, _ in arguments]
        cast = "BIGINT" if type_.name == "int8" else "INTEGER"
    elif names <= {"timestamp", "date", "timestamptz", "text", "unknown"} and len(arguments) == 3:
        type_ = ColumnType("timestamptz" if names & {"timestamptz", "date"} else "timestamp")
        stamp = [translator.cast(sql, source, type_) for sql, source in arguments[:2]]
        texts = [*stamp, translator.cast(*arguments[2], ColumnType("interval"))]
        if type_.name == "timestamptz":
            return f"SELECT unnest({translator.emitter.use(ZONED_SERIES, texts)}) AS c1", type_
        cast = "TIMESTAMP"
    elif names <= {"int2", "int4", "int8", "numeric"}:
        numeric = ColumnType("numeric")
        texts = [f"CAST({sql} AS VARCHAR)" for sql, _ in arguments] + ["'1'"] * (3 - len(arguments))
        return f"SELECT unnest({translator.emitter.use(NUMERIC_SERIES, texts)}) AS c1", numeric
    else:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "generate_series is supported for numbers and timestamps")
    # The table function makes its rows as they are read; unnest(generate_series()) would make one list of them all, outside DuckDB's memory limit.
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
                INVALID_PARAMETER_VALUE, f"{what} value cannot be {'NaN' if (first + last + step).is_nan() else 'infinity'}"
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
    "eagleray_series_timestamptz", ["TIMESTAMP", "TIMESTAMP", "INTERVAL"], "TIMESTAMP[]", ColumnType("timestamptz"), _zoned_series
)
