"""JSON of rows and of groups: to_json(t), row_to_json(ROW(...)), json_agg, json_object_agg and their jsonb kin.

    json_agg(x ORDER BY y)    eagleray_json_agg(list(to_json(x) ORDER BY y)): DuckDB collects, a function of ours writes the text
    to_json(t)                to_json of a call that is given t's names and columns; NULL where an outer join has no row of t

A value becomes JSON by the same overloads of to_json as everywhere (sql/expressions/json_making.py). With DISTINCT DuckDB's
list has the values beside their JSON: they are what is compared and sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pglast import ast, enums

from actors.common.errors import DatabaseError, statement_memory_exceeded
from actors.query_processor.column_executor.comparing import equality_key, has_key
from actors.query_processor.column_executor.names import Level, Output
from actors.query_processor.column_executor.select import direction
from actors.query_processor.column_executor.translator import TEXT, Translator, string_fields
from actors.query_processor.column_executor.udf import Surroundings, Udf, raised
from actors.sql.expressions.json_making import MAKERS, ROW_MAKER, ROW_PRETTY, aggregated_array, aggregated_object
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import parse_jsonb

ARRAYS = frozenset({"json_agg", "jsonb_agg", "json_agg_strict", "jsonb_agg_strict"})
OBJECTS = frozenset(f"{kind}_object_agg{rest}" for kind in ("json", "jsonb") for rest in ("", "_strict", "_unique", "_unique_strict"))
ROW_TAKERS = frozenset({*ARRAYS, *OBJECTS, *MAKERS, "row_to_json", "to_json", "to_jsonb"})
"""Functions whose argument may be a row."""
SEPARATOR, LINES = ", ", ", \n "
"""Between the items of json_agg; the latter between rows and between arrays."""


def called(name: str, *arguments: Any) -> ast.FuncCall:
    return ast.FuncCall(funcname=(ast.String(sval=name),), args=arguments, agg_within_group=False, func_variadic=False)


def with_rows(translator: Translator, call: ast.FuncCall, level: Level) -> ast.FuncCall:
    """`call` with its arguments that are rows made JSON; itself where none is."""
    if call.funcname[-1].sval not in ROW_TAKERS or not call.args:
        return call
    arguments = [_row_argument(translator, argument, level) or argument for argument in call.args]
    if call.funcname[-1].sval == "row_to_json":
        return _row_to_json(call, arguments)
    if all(new is old for new, old in zip(arguments, call.args, strict=True)):
        return call
    return rebuilt(call, args=tuple(arguments))


def rebuilt(node: Any, **changes: Any) -> Any:
    return type(node)(**{name: changes.get(name, getattr(node, name)) for name in node.__slots__})


def _row_to_json(call: ast.FuncCall, arguments: list[Any]) -> ast.FuncCall:
    if arguments[0] is call.args[0]:
        return call  # no row: there is no such function
    if len(arguments) == 1:
        return arguments[0]
    pretty = ast.CaseWhen(expr=arguments[1], result=called(ROW_PRETTY, arguments[0]))
    return ast.CaseExpr(args=(pretty,), defresult=arguments[0])


def _row_argument(translator: Translator, argument: Any, level: Level) -> Any:
    """A row as JSON, None where the argument is none."""
    if isinstance(argument, ast.RowExpr):
        return _row([(f"f{place}", part) for place, part in enumerate(argument.args or (), 1)])
    if not isinstance(argument, ast.ColumnRef):
        return None
    names = string_fields(argument)
    if names is None:  # t.*
        names = [field.sval for field in argument.fields[:-1]]
        if not names:
            return None
    elif not level.is_row(names):
        return None
    columns = level.star(names)
    made = _row([(column.name, translator.slot(column.sql, column.type)) for column in columns])
    if not level.is_nullable(names):
        return made
    tests = tuple(ast.NullTest(arg=_slot(translator, column), nulltesttype=enums.NullTestType.IS_NOT_NULL) for column in columns)
    there = ast.BoolExpr(boolop=enums.BoolExprType.OR_EXPR, args=tests) if len(tests) > 1 else tests[0]
    return ast.CaseExpr(args=(ast.CaseWhen(expr=there, result=made),))


def _slot(translator: Translator, column: Output) -> ast.ColumnRef:
    return translator.slot(column.sql, column.type)


def _row(parts: Sequence[tuple[str, Any]]) -> ast.FuncCall:
    arguments: list[Any] = []
    for name, part in parts:
        arguments += [ast.A_Const(isnull=False, val=ast.String(sval=name)), called("to_json", part)]
    return called(ROW_MAKER, *arguments)


# -- aggregates ------------------------------------------------------------------------------------------------------------------


def kind_of(name: str) -> str:
    return name.partition("_")[0]


def is_lined(call: ast.FuncCall, argument: ColumnType) -> bool:
    """Whether json_agg's items stand on lines of their own: rows and arrays."""
    given = call.args[0]
    while isinstance(given, ast.CaseExpr):
        given = given.args[0].result
    is_row = isinstance(given, ast.FuncCall) and given.funcname[-1].sval == ROW_MAKER
    return call.funcname[-1].sval.startswith("json_") and (is_row or is_array(argument.name))


def to_json(translator: Translator, kind: str, sql: str, type_: ColumnType) -> str:
    """A value as JSON."""
    if type_.name == kind:
        return sql
    return translator.expression(called(f"to_{kind}", translator.slot(sql, type_)), Level())[0]


def aggregated(
    translator: Translator,
    call: ast.FuncCall,
    arguments: Sequence[tuple[str, ColumnType]],
    made: Callable[..., str],
    suffix: str,
) -> tuple[str, ColumnType]:
    """(SQL, type) of one of ARRAYS or OBJECTS. `made("list", sql)` is DuckDB's aggregate with the call's DISTINCT, ORDER BY, FILTER and OVER; the latter two are `suffix`."""
    name = call.funcname[-1].sval
    kind = kind_of(name)
    sql, type_ = arguments[-1]
    result = ColumnType(kind)
    if name in OBJECTS:
        key = translator.cast(*arguments[0], TEXT)
        packed = f"struct_pack(k := {key}, v := {to_json(translator, kind, sql, type_)})"
        return translator.emitter.use(_object_udf(name, result), [made("list", packed)]), result
    value = to_json(translator, kind, sql, type_)
    separator = LINES if is_lined(call, type_) else SEPARATOR
    if not call.agg_distinct:
        return translator.emitter.use(_array_udf(name, result, separator), [made("list", value)]), result
    packed = f"struct_pack(k := {equality_key(translator.emitter, sql, type_)}, v := {value})"
    ordered = direction(packed, call.agg_order[0] if call.agg_order else ast.SortBy())
    listed = f"list(DISTINCT {packed} ORDER BY {ordered}){suffix}"
    if has_key(type_):  # of equal values that look different the first one stays
        before = f"struct_extract(list_extract({listed}, place - 1), 'k')"
        first = f"place = 1 OR {before} IS DISTINCT FROM struct_extract(pair, 'k')"
        listed = f"list_filter({listed}, lambda pair, place: {first})"
    values = f"list_transform({listed}, lambda pair: struct_extract(pair, 'v'))"
    return translator.emitter.use(_array_udf(name, result, separator), [values]), result


Write = Callable[[Any, Surroundings], "str | None"]


def _over_lists(write: Write) -> Callable[[Callable[[], Surroundings]], Callable[..., pa.Array]]:
    """A vectorized function of a column of lists: `write` of each that is not NULL."""

    def make(surroundings_of: Callable[[], Surroundings]) -> Callable[..., pa.Array]:
        def function(lists: Any) -> pa.Array:
            whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
            around = surroundings_of()
            items = whole.flatten()
            texts: list[str | None] = []
            start, room = 0, around.memory_bytes
            try:
                for length in pc.list_value_length(whole).to_pylist():
                    part = None if length is None else items.slice(start, length)
                    start += length or 0
                    texts.append(None if part is None else write(part, around))
                    room -= len(texts[-1] or "")
                    if room < 0:
                        raise statement_memory_exceeded(around.memory_bytes)
            except DatabaseError as error:
                raise raised(error) from error
            return pa.array(texts, pa.string())

        return function

    return make


def _array_udf(name: str, result: ColumnType, separator: str) -> Udf:
    strict = name.endswith("_strict")

    def write(items: Any, around: Surroundings) -> str | None:
        values = items.to_pylist()
        if strict:
            values = [value for value in values if value is not None]
        made = aggregated_array(values, separator)
        return parse_jsonb(made) if result.name == "jsonb" else made

    called_ = f"eagleray_{name}_{'lines' if separator == LINES else 'line'}"
    return Udf(called_, ["VARCHAR[]"], "VARCHAR", result, _over_lists(write))


def _object_udf(name: str, result: ColumnType) -> Udf:
    strict, unique = name.endswith("_strict"), "_unique" in name

    def write(items: Any, around: Surroundings) -> str | None:
        pairs = list(zip(pc.struct_field(items, "k").to_pylist(), pc.struct_field(items, "v").to_pylist(), strict=True))
        if unique:
            seen: set[str | None] = set()
            for key, value in pairs:
                if key in seen and (value is not None or not strict):
                    shown = f': "{key}"' if result.name == "json" else ""
                    raise DatabaseError("22030", f"duplicate JSON object key value{shown}")
                seen.add(key)
        made = aggregated_object(pairs, strict, result.name)
        return parse_jsonb(made) if result.name == "jsonb" else made

    return Udf(f"eagleray_{name}", ["STRUCT(k VARCHAR, v VARCHAR)[]"], "VARCHAR", result, _over_lists(write))
