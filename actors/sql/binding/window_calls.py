"""Window calls: rank() OVER (PARTITION BY a ORDER BY b ROWS 2 PRECEDING), and aggregates over windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_FUNCTION, UNDEFINED_OBJECT, DatabaseError
from actors.sql.aggregates.registry import AGGREGATES
from actors.sql.binding.aggregate_calls import HINT, aggregate_call, sort_items
from actors.sql.binding.coercion import coerce, coerce_to_common, coerce_unknown, type_name
from actors.sql.binding.query import Frame, SortItem, WindowCall
from actors.sql.binding.scope import position_of
from actors.sql.expressions.casts import ASSIGNMENT
from actors.sql.expressions.tree import Expression
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.query_analysis import QueryAnalysis

INT4, INT8, FLOAT8, INTERVAL = ColumnType("int4"), ColumnType("int8"), ColumnType("float8"), ColumnType("interval")
RANKINGS = {
    "row_number": INT8,
    "rank": INT8,
    "dense_rank": INT8,
    "percent_rank": FLOAT8,
    "cume_dist": FLOAT8,
    "ntile": INT4,
}
OFFSETS = frozenset({"lag", "lead", "first_value", "last_value", "nth_value"})
MOMENTS = frozenset({"date", "time", "timestamp", "timestamptz"})

FRAME_NONDEFAULT = 0x00001
FRAME_ROWS, FRAME_GROUPS = 0x00004, 0x00008
FRAME_START = {0x00020: "UNBOUNDED PRECEDING", 0x00080: "UNBOUNDED FOLLOWING", 0x00200: "CURRENT ROW"}
FRAME_END = {0x00040: "UNBOUNDED PRECEDING", 0x00100: "UNBOUNDED FOLLOWING", 0x00400: "CURRENT ROW"}
FRAME_START_PRECEDING, FRAME_END_PRECEDING = 0x00800, 0x01000
FRAME_EXCLUDE = {0x08000: "EXCLUDE CURRENT ROW", 0x10000: "EXCLUDE GROUP", 0x20000: "EXCLUDE TIES"}
"""FRAMEOPTION_* of PostgreSQL's parsenodes.h."""


def window_call(analysis: QueryAnalysis, node: Any, name: str) -> WindowCall:
    """Raises 42883, 42704, 0A000."""
    from actors.sql.binding.query_analysis import WINDOW

    inner = analysis.at(WINDOW)
    partition, order, frame = _window(inner, node.over)
    if name in AGGREGATES:
        if node.agg_distinct:
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED, "DISTINCT is not implemented for window functions", position=position_of(node)
            )
        call = aggregate_call(inner, node, name)
        return WindowCall(name, call.arguments, call.type, partition, order, frame, call)
    given = [inner.expression(argument) for argument in node.args or ()]
    if name in RANKINGS:
        arguments = tuple(coerce_unknown(argument, inner.parameters) for argument in given)
        return WindowCall(name, arguments, RANKINGS[name], partition, order, frame)
    if name not in OFFSETS or not given:
        listed = ", ".join(type_name(argument.type) for argument in given)
        raise DatabaseError(
            UNDEFINED_FUNCTION, f"function {name}({listed}) does not exist", hint=HINT, position=position_of(node)
        )
    return WindowCall(name, *_offset_call(inner, name, given), partition, order, frame)


def _offset_call(
    analysis: QueryAnalysis, name: str, given: list[Expression]
) -> tuple[tuple[Expression, ...], ColumnType]:
    """(arguments, type) of lag, lead and their like: a value, how far it is, and what stands for a row that is not
    there."""
    if name in ("lag", "lead") and len(given) == 3:
        type_, (value, default) = coerce_to_common([given[0], given[2]], name.upper(), analysis.parameters)
        return (value, _number(analysis, given[1]), default), type_
    value = coerce_unknown(given[0], analysis.parameters)
    rest = [_number(analysis, argument) for argument in given[1:2]] if name in ("lag", "lead", "nth_value") else []
    return (value, *rest), value.type


def _number(analysis: QueryAnalysis, expression: Expression) -> Expression:
    return coerce(expression, INT8, analysis.parameters, ASSIGNMENT) or expression


def _window(
    analysis: QueryAnalysis, window: ast.WindowDef
) -> tuple[tuple[Expression, ...], tuple[SortItem, ...], Frame | None]:
    """(partition, order, frame) of OVER (...); a named window's parts are taken over."""
    base = window.refname or (window.name if not (window.partitionClause or window.orderClause) else None)
    inherited = None
    if base is not None:
        if base not in analysis.level.windows:
            raise DatabaseError(UNDEFINED_OBJECT, f'window "{base}" does not exist', position=position_of(window))
        inherited = analysis.level.windows[base]
    partition = window.partitionClause or (inherited.partitionClause if inherited is not None else None)
    order = sort_items(analysis, window.orderClause or (inherited.orderClause if inherited is not None else None))
    framed = inherited if inherited is not None and not window.frameOptions & FRAME_NONDEFAULT else window
    frame = _frame(analysis, framed, order) if framed.frameOptions & FRAME_NONDEFAULT else None
    return tuple(analysis.typed(item) for item in partition or ()), order, frame


def _frame(analysis: QueryAnalysis, window: ast.WindowDef, order: tuple[SortItem, ...]) -> Frame:
    options = window.frameOptions
    unit = "ROWS" if options & FRAME_ROWS else "GROUPS" if options & FRAME_GROUPS else "RANGE"
    distance = None if unit != "RANGE" else INT8
    if distance is not None and order:
        distance = order[0].expression.type
        distance = INTERVAL if distance.name in MOMENTS else distance

    def bound(fixed: dict[int, str], preceding: int, offset: Any) -> tuple[str, Expression | None]:
        for flag, text in fixed.items():
            if options & flag:
                return text, None
        return "PRECEDING" if options & preceding else "FOLLOWING", analysis.typed(offset, distance)

    start, start_offset = bound(FRAME_START, FRAME_START_PRECEDING, window.startOffset)
    end, end_offset = bound(FRAME_END, FRAME_END_PRECEDING, window.endOffset)
    exclude = next((text for flag, text in FRAME_EXCLUDE.items() if options & flag), "")
    return Frame(unit, start, end, start_offset, end_offset, exclude)
