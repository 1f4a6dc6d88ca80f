"""Arrays in expressions: ARRAY[...], subscripts, and a comparison with ANY or ALL elements of an array that is a value.

id = ANY('{1,2}')        the literal is read as an array of what `id =` wants: int4[]
id = ANY($1)             and so is a parameter's type inferred
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INDETERMINATE_DATATYPE,
    UNDEFINED_FUNCTION,
    DatabaseError,
)
from actors.sql.binding import json
from actors.sql.binding.coercion import (
    cannot_cast,
    coerce,
    coerce_argument,
    coerce_to_common,
    is_unknown,
    type_name,
)
from actors.sql.binding.scope import position_of, unsupported
from actors.sql.expressions.casts import EXPLICIT, STRINGS
from actors.sql.expressions.functions import Ambiguous, resolve_operator
from actors.sql.expressions.tree import (
    ArrayOf,
    Constant,
    Expression,
    Quantified,
)
from actors.sql.types.arrays import EMPTY, VECTORS, element_of, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis

WRONG_OBJECT_TYPE = "42809"
INT4 = ColumnType("int4")
INT4_MIN, INT4_MAX = -(2**31), 2**31 - 1
SUBSCRIPTS_MAX = 2


def constructor(analysis: Analysis, node: Any, target: ColumnType | None = None) -> Expression:
    """ARRAY[...]; `target`: the array type that it is cast to, which its elements are then. Raises 42P18 for an empty
    one without a type."""
    nodes = node.elements or ()
    if not nodes:
        if target is None:
            raise DatabaseError(
                INDETERMINATE_DATATYPE,
                "cannot determine type of empty array",
                hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].",
                position=position_of(node),
            )
        return Constant(EMPTY, target)
    items = [
        constructor(analysis, item, target) if isinstance(item, ast.A_ArrayExpr) else analysis.expression(item)
        for item in nodes
    ]
    if target is not None:
        element = ColumnType(element_of(target.name), target.modifier)
        coerced = [_explicit(analysis, item, target if is_array(item.type.name) else element, node) for item in items]
        return ArrayOf(tuple(coerced), target, _is_nested(coerced, node))
    common, coerced = coerce_to_common(items, "ARRAY", analysis.parameters, position_of(node))
    if is_array(common.name):
        return ArrayOf(tuple(coerced), ColumnType(common.name), True)
    if common.name == "bpchar":  # with the blanks that char(n) shows
        coerced = [coerce(item, ColumnType("bpchar"), analysis.parameters) or item for item in coerced]
    if not is_array("_" + common.name):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"datatype {type_name(common)}[] not supported", position=position_of(node)
        )
    return ArrayOf(tuple(coerced), ColumnType("_" + common.name))


def _explicit(analysis: Analysis, item: Expression, target: ColumnType, node: Any) -> Expression:
    result = coerce(item, target, analysis.parameters, EXPLICIT)
    if result is None:
        raise cannot_cast(item.type, target, position_of(node))
    return result


def _is_nested(items: list[Expression], node: Any) -> bool:
    nested = [is_array(item.type.name) for item in items]
    if any(nested) and not all(nested):
        raise DatabaseError(DATATYPE_MISMATCH, "ARRAY types cannot be matched", position=position_of(node))
    return nested[0]


def array_value(analysis: Analysis, node: Any) -> Expression:
    """An expression that is to be an array; the catalog's vectors are."""
    array = analysis.expression(node)
    target = VECTORS.get(array.type.name)
    return array if target is None else coerce(array, ColumnType(target), analysis.parameters) or array


def subscript(analysis: Analysis, node: Any) -> Expression:
    """array[i], array[i][j], array[a:b], array[a:b][c:d]. Raises 42804 for what is no array, 0A000 for more
    dimensions."""
    array = array_value(analysis, node.arg)
    if not all(isinstance(part, ast.A_Indices) for part in node.indirection):
        raise unsupported("field selection")
    if array.type.name == "jsonb":
        return json.subscript(analysis, array, node.indirection)
    of_name = array.type.name == "name" and [part.is_slice for part in node.indirection] == [False]
    if not is_array(array.type.name) and not of_name:
        raise DatabaseError(
            DATATYPE_MISMATCH, f"cannot subscript type {type_name(array.type)} because it does not support subscripting"
        )
    if len(node.indirection) > SUBSCRIPTS_MAX:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "more than two array subscripts are not supported")

    def place(bound: Any, absent: int) -> Expression:
        if bound is None:
            return Constant(absent, INT4)
        found = coerce(analysis.expression(bound), INT4, analysis.parameters, "assignment")
        if found is None:
            raise DatabaseError(DATATYPE_MISMATCH, "array subscript must have type integer")
        return found

    if of_name:
        return analysis.call("name_subscript", [array, place(node.indirection[0].uidx, 0)])
    if not any(part.is_slice for part in node.indirection):
        return analysis.call("array_subscript", [array, *(place(part.uidx, 0) for part in node.indirection)])
    bounds: list[Expression] = []
    for part in node.indirection:
        # Beside a slice, a single subscript i means 1:i.
        bounds.append(place(part.lidx, INT4_MIN) if part.is_slice else Constant(1, INT4))
        bounds.append(place(part.uidx, INT4_MAX))
    return analysis.call("array_slice", [array, *bounds])


def scalar_array(
    analysis: Analysis, name: str, left: Expression, array: Expression, every: bool, position: int
) -> Expression:
    """The array is a value: its elements' type decides the operator, or, where it is an untyped literal or parameter,
    the operator decides its type."""
    if not is_unknown(array) and not is_array(array.type.name):
        raise DatabaseError(WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires array on right side", position=position)
    element = "unknown" if is_unknown(array) else element_of(array.type.name)
    try:
        found = resolve_operator(name, [left.type.name, element])
    except Ambiguous:
        found = None
    if found is None:
        shown = f"{type_name(left.type)} {name} {type_name(ColumnType(element))}"
        hint = "No operator matches the given name and argument types. You might need to add explicit type casts."
        raise DatabaseError(UNDEFINED_FUNCTION, f"operator does not exist: {shown}", hint=hint, position=position)
    if found.result != "bool":
        raise DatabaseError(
            WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator to yield boolean", position=position
        )
    argument = coerce_argument(left, found.arguments[0], analysis.parameters)
    declared = found.arguments[1]
    if not is_array("_" + declared):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"ANY and ALL of {declared}[] are not supported", position=position)
    if not (declared == "text" and element in STRINGS):
        coerced = coerce(array, ColumnType("_" + declared), analysis.parameters)
        if coerced is None:
            raise cannot_cast(array.type, ColumnType("_" + declared), position)
        array = coerced
    return Quantified(argument, array, name, (found.arguments[0], declared), every)
