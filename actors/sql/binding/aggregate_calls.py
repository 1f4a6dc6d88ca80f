"""Aggregate calls: arguments, DISTINCT, FILTER, ORDER BY, WITHIN GROUP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_FUNCTION, DatabaseError
from actors.sql.aggregates.counting import COUNT_ROWS
from actors.sql.aggregates.documents import ARRAYS, OBJECTS, array_overload
from actors.sql.aggregates.registry import AGGREGATES, HYPOTHETICAL, Overload, resolve
from actors.sql.binding.coercion import as_output_text, coerce, coerce_unknown, is_unknown, type_name
from actors.sql.binding.json import as_json
from actors.sql.binding.json_rows import is_row_json
from actors.sql.binding.query import AggregateCall, SortItem
from actors.sql.binding.scope import position_of
from actors.sql.expressions.tree import Constant, Expression
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.query_analysis import QueryAnalysis

HINT = "No function matches the given name and argument types. You might need to add explicit type casts."
CHOICE_HINT = "Could not choose a best candidate function. You might need to add explicit type casts."
TEXT, INT8, FLOAT8 = ColumnType("text"), ColumnType("int8"), ColumnType("float8")
NUMBERS_ONLY = frozenset({"sum", "avg", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"})


def aggregate_call(analysis: QueryAnalysis, node: Any, name: str) -> AggregateCall:
    """`analysis` is the arguments'. Raises 42883, 42725."""
    from actors.sql.binding.query_analysis import FILTER

    if node.agg_star:
        if name != "count":
            raise _undefined(name, (), node)
        return AggregateCall(COUNT_ROWS, (), INT8, False, _filter(analysis, node, FILTER))
    given = [analysis.expression(argument) for argument in node.args or ()]
    originals = given
    if name in ARRAYS or name in OBJECTS:
        given = [
            *given[:-1],
            *(as_json(analysis, argument, name.partition("_")[0], position_of(node)) for argument in given[-1:]),
        ]
        given = (
            [as_output_text(given[0], analysis.parameters), *given[1:]]
            if name in OBJECTS and len(given) == 2
            else given
        )
    condition = _filter(analysis, node, FILTER)
    if node.agg_within_group or name not in AGGREGATES or AGGREGATES[name].within_group:
        return _within_group(analysis, node, name, given, condition)
    overload = _overload(name, given, node)
    arguments = tuple(
        _converted(analysis, argument, type_, name, given, node)
        for argument, type_ in zip(given, overload.arguments, strict=True)
    )
    order = sort_items(analysis, node.agg_order)
    if name in ARRAYS:
        if is_array(originals[0].type.name) or is_row_json(originals[0]):
            overload = array_overload(name, True)
        if node.agg_distinct and not order:  # PostgreSQL sorts the values to find the distinct ones
            order = (SortItem(coerce_unknown(originals[0], analysis.parameters)),)
    return AggregateCall(overload, arguments, overload.result, bool(node.agg_distinct), condition, order)


def _filter(analysis: QueryAnalysis, node: Any, place: Any) -> Expression | None:
    return None if node.agg_filter is None else analysis.binder.condition(node.agg_filter, analysis.level, place)


def _overload(name: str, given: Sequence[Expression], node: Any) -> Overload:
    if len(given) == 1 and name in NUMBERS_ONLY and isinstance(given[0], Constant) and is_unknown(given[0]):
        raise DatabaseError(
            "42725", f"function {name}(unknown) is not unique", hint=CHOICE_HINT, position=position_of(node)
        )
    types = [argument.type for argument in given]
    overload = resolve(name, types)
    if overload is None and any(map(is_unknown, given)):
        overload = resolve(name, [TEXT if type_.name == "unknown" else type_ for type_ in types])
    if overload is None and name == "array_agg" and len(types) == 1:
        array_of(types[0])
    if overload is None:
        raise _undefined(name, types, node)
    return overload


def _converted(
    analysis: QueryAnalysis, argument: Expression, type_: ColumnType, name: str, given: Sequence[Expression], node: Any
) -> Expression:
    result = coerce(argument, TEXT if type_.name == "unknown" else type_, analysis.parameters)
    if result is None:
        raise _undefined(name, [each.type for each in given], node)
    return result


def array_of(element: ColumnType) -> ColumnType:
    """Raises 0A000 for what no array is of."""
    type_ = ColumnType(element.name if is_array(element.name) else "_" + element.name, element.modifier)
    if not is_array(type_.name):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {type_name(element)}[] not supported")
    return type_


def _within_group(
    analysis: QueryAnalysis, node: Any, name: str, given: list[Expression], condition: Expression | None
) -> AggregateCall:
    """mode() WITHIN GROUP (ORDER BY x): the ordered expression is the last argument; rank(3) WITHIN GROUP (ORDER BY x):
    the place that 3 would have."""
    order = sort_items(analysis, node.agg_order)
    if name in HYPOTHETICAL:
        if len(given) != 1 or len(order) != 1:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} WITHIN GROUP of several expressions is not supported")
        type_ = order[0].expression.type
        result = INT8 if name in ("rank", "dense_rank") else FLOAT8
        overload = Overload(name, (type_,), result, None, False)
        place = _converted(analysis, given[0], type_, name, given, node)
        return AggregateCall(overload, (place,), result, False, condition, order, True)
    if not node.agg_within_group or name not in AGGREGATES or not AGGREGATES[name].within_group or len(order) != 1:
        raise _undefined(name, [argument.type for argument in given], node)
    if given and is_array(given[0].type.name):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} of an array of fractions is not supported")
    every = [*given, order[0].expression]
    overload = _overload(name, every, node)
    arguments = tuple(
        _converted(analysis, argument, type_, name, every, node)
        for argument, type_ in zip(every, overload.arguments, strict=True)
    )
    order = (SortItem(arguments[-1], order[0].descending, order[0].nulls_first),)
    return AggregateCall(overload, arguments, overload.result, False, condition, order, True)


def sort_items(analysis: QueryAnalysis, clauses: Any) -> tuple[SortItem, ...]:
    """ORDER BY of a window or an aggregate: expressions only."""
    return tuple(SortItem(analysis.typed(clause.node), *directions(clause)) for clause in clauses or ())


def directions(clause: Any) -> tuple[bool, bool]:
    """(descending, NULLs first)"""
    descending = clause.sortby_dir == enums.SortByDir.SORTBY_DESC
    if clause.useOp:
        descending = clause.useOp[-1].sval == ">"
    if clause.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_FIRST:
        return descending, True
    return descending, descending and clause.sortby_nulls != enums.SortByNulls.SORTBY_NULLS_LAST


def _undefined(name: str, types: Sequence[ColumnType], node: Any) -> DatabaseError:
    listed = ", ".join(type_name(type_) for type_ in types)
    return DatabaseError(
        UNDEFINED_FUNCTION, f"function {name}({listed}) does not exist", hint=HINT, position=position_of(node)
    )
