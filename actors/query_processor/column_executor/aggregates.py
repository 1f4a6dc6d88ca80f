"""Aggregate calls as DuckDB's SQL: by its own function where that computes as PostgreSQL does, else by the registry's,
over DuckDB's list of the values.

sum(int4)      CAST(sum(x) AS BIGINT)                              corr(y, x)     eagleray_aggregate_corr_...(list(y),
list(x))
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.arrays import collected
from actors.query_processor.column_executor.comparing import has_key, order_key
from actors.query_processor.column_executor.hypothetical import hypothetical
from actors.query_processor.column_executor.numerics import NUMERIC, fixed, is_free, scale_in
from actors.query_processor.column_executor.translator import FLOAT8, INT8, TEXT, Translator, Typed
from actors.query_processor.column_executor.udf import Udf, crossing, datums_of, raised, result_column
from actors.query_processor.column_executor.values import BIG_SUM_DIGITS
from actors.sql.aggregates.registry import HYPOTHETICAL, Overload
from actors.sql.binding.query import AggregateCall, SortItem
from actors.sql.expressions.comparisons import order_key as python_key
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

FLOATS = frozenset({"float4", "float8"})
OWN = {
    "any_value": "any_value",
    "bool_and": "bool_and",
    "bool_or": "bool_or",
    "every": "bool_and",
    "bit_and": "bit_and",
}
OWN |= {"bit_or": "bit_or", "bit_xor": "bit_xor", "min": "min", "max": "max"}
"""Of one argument, as PostgreSQL's; the result has the argument's type."""
COLUMN = re.compile(r"\w+\.\w+")


def aggregate(translator: Translator, call: AggregateCall, over: str = "") -> Typed:
    """`over`: the OVER clause's text for a window aggregate."""
    groups = translator.groups
    if not over:
        translator.groups = {}
    try:
        return _aggregate(translator, call, over)
    finally:
        translator.groups = groups


def _aggregate(translator: Translator, call: AggregateCall, over: str) -> Typed:
    if call.name in HYPOTHETICAL:
        return hypothetical(translator, call)
    arguments = [translator.expression(argument) for argument in call.arguments]
    suffix = over
    if call.filter is not None:
        condition = translator.text(call.filter)
        suffix = f" FILTER (WHERE {condition})" + over
        # DuckDB evaluates the arguments of all rows first, and may fail for one that is filtered out.
        arguments = [
            (sql if COLUMN.fullmatch(sql) else f"CASE WHEN {condition} THEN {sql} END", type_)
            for sql, type_ in arguments
        ]
    if call.within_group:
        return _ordered_set(translator, call, arguments, suffix)
    return _Call(translator, call, arguments, suffix).text()


class _Call:
    def __init__(self, translator: Translator, call: AggregateCall, arguments: list[Typed], suffix: str) -> None:
        from actors.query_processor.column_executor.select import sort_by

        self._translator = translator
        self._call = call
        self._arguments = arguments
        self._suffix = suffix
        self._order = f" ORDER BY {sort_by(translator, call.order)}" if call.order else ""
        if call.distinct and call.name in ("array_agg", "string_agg") and not call.order:
            # PostgreSQL sorts the values to find the distinct ones.
            self._order = f" ORDER BY {order_key(translator.emitter, *arguments[0])} ASC NULLS LAST"

    def _made(self, function: str, *texts: str) -> str:
        return f"{function}({'DISTINCT ' if self._call.distinct else ''}{', '.join(texts)}{self._order}){self._suffix}"

    def text(self) -> Typed:
        name, translator = self._call.name, self._translator
        if name == "count":
            return self._count(), INT8
        sql, type_ = self._arguments[0]
        if name in ("sum", "avg") and type_.name != "interval":
            return self._sum_or_avg(sql, type_)
        if name in ("min", "max"):
            if is_free(type_) or is_array(type_.name):
                return self.over_list()
            if has_key(type_):
                return f"arg_{name}({sql}, {order_key(translator.emitter, sql, type_)}){self._suffix}", type_
        if name in OWN and not (name.startswith("bit_") and type_.name == "bit"):
            return self._made(OWN[name], sql), type_
        if name == "string_agg":
            return self._made("string_agg", sql, f"coalesce({self._arguments[1][0]}, '')"), TEXT
        if name == "array_agg":
            if self._call.distinct and has_key(type_):
                return self.over_list()
            return collected(translator, self._made("list", sql), type_)
        return self.over_list()

    def _count(self) -> str:
        if not self._arguments:
            return f"count(*){self._suffix}"
        return self._made(
            "count", self._translator.key(*self._arguments[0]) if self._call.distinct else self._arguments[0][0]
        )

    def over_list(self) -> Typed:
        """By the registry's function."""
        types = [type_ for _, type_ in self._arguments]
        udf = list_udf(self._call.overload, types, self._call.distinct)
        lists = [f"list(CAST({sql} AS {crossing(type_)}){self._order}){self._suffix}" for sql, type_ in self._arguments]
        made = udf.receive(self._translator.emitter.use(udf, lists))
        return made, NUMERIC if self._call.type.name == "numeric" else self._call.type

    def _sum_or_avg(self, sql: str, type_: ColumnType) -> Typed:
        average = self._call.name == "avg"
        if type_.name in FLOATS:
            if average:
                return self._made("avg", f"CAST({sql} AS DOUBLE)"), FLOAT8
            total = self._made("sum", f"CAST({sql} AS DOUBLE)")
            return (total, FLOAT8) if type_ == FLOAT8 else (f"CAST({total} AS FLOAT)", type_)
        if is_free(type_):
            return self.over_list()
        if average:
            return self._translator.emitter.divide(self._made("sum", sql), self._made("count", sql)), NUMERIC
        if type_.name in ("int2", "int4"):
            return f"CAST({self._made('sum', sql)} AS BIGINT)", INT8
        if type_.name == "int8":
            return f"CAST({self._made('sum', sql)} AS DECIMAL({BIG_SUM_DIGITS}, 0))", fixed(0)
        return self._made("sum", sql), fixed(scale_in(type_) or 0)


def _ordered_set(translator: Translator, call: AggregateCall, arguments: list[Typed], suffix: str) -> Typed:
    """mode, percentile_cont, percentile_disc: the ordered expression is the last argument."""
    from actors.query_processor.column_executor.select import direction, sort_by

    name, item = call.name, call.order[0]
    sql, type_ = translator.expression(item.expression)
    if name != "percentile_cont" and (has_key(type_) or is_array(type_.name)):
        return _Call(translator, call, arguments, suffix).over_list()
    listed = sort_by(translator, call.order)
    if name == "mode":
        return f"mode({sql} ORDER BY {listed}){suffix}", type_
    if name == "percentile_cont" and type_.name != "interval":
        listed, type_ = direction(sql, SortItem(item.expression, item.descending, item.nulls_first)), FLOAT8
    text = f"{name}({arguments[0][0]}) WITHIN GROUP (ORDER BY {listed}){suffix}"
    return (f"CAST({text} AS DOUBLE)" if type_ == FLOAT8 else text), type_


def list_udf(overload: Overload, types: Sequence[ColumnType], distinct: bool) -> Udf:
    """The registry's aggregate as a function of DuckDB's lists of the values, one for each argument, of one length.
    `distinct`: of rows that are not equal."""
    over = overload.over
    assert over is not None, overload.name
    result = overload.result
    keys = [python_key(type_.name) for type_ in types]

    def of(columns: list[list[Any]]) -> Any:
        if overload.strict and any(None in column for column in columns):
            rows = [row for row in zip(*columns, strict=True) if None not in row]
            columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
        if distinct:
            rows = list(
                {tuple(map(_key, keys, row)): row for row in reversed(list(zip(*columns, strict=True)))}.values()
            )[::-1]
            columns = [list(column) for column in zip(*rows, strict=True)] if rows else columns
        return over(*columns) if columns[0] else overload.of_nothing

    def make(_: Callable[[], Any]) -> Callable[..., pa.Array]:
        def function(*lists: Any) -> pa.Array:
            whole = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in lists]
            flat = [datums_of(each.flatten(), type_) for each, type_ in zip(whole, types, strict=True)]
            made: list[Any] = []
            start = 0
            try:
                for length in pc.list_value_length(whole[0]).to_pylist():
                    end = start + (length or 0)
                    made.append(of([column[start:end] for column in flat]))
                    start = end
            except DatabaseError as error:
                raise raised(error) from error
            return result_column(made, result)

        return function

    name = (
        f"eagleray_aggregate_{overload.name}_{'_'.join(type_.name for type_ in types)}{'_distinct' if distinct else ''}"
    )
    return Udf(name, [f"{crossing(type_)}[]" for type_ in types], crossing(result), result, make)


def _key(key: Callable[[Any], Any] | None, datum: Any) -> Any:
    return datum if key is None or datum is None else key(datum)
