"""Arrays in expressions: ARRAY[...], subscripts, and a comparison with ANY or ALL elements of an array.

id = ANY('{1,2}')        the literal is read as an array of what `id =` wants: int4[]
id = ANY($1)             and so is a parameter's type inferred
id = ANY(ARRAY[1, 2])    id IN (1, 2)
id IN (1, 2 ... 1000)    id = ANY('{1,2 ... 1000}'); so are id = 1 OR id = 2 OR ... OR id = 1000
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import (
    CANNOT_COERCE,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INDETERMINATE_DATATYPE,
    UNDEFINED_FUNCTION,
    DatabaseError,
)
from actors.sql.binding import json
from actors.sql.binding.coercion import cannot_cast, coerce, coerce_argument, coerce_to_common, is_unknown, type_name
from actors.sql.binding.scope import position_of, unsupported
from actors.sql.expressions.casts import EXPLICIT, STRINGS
from actors.sql.expressions.functions import Ambiguous, resolve_operator
from actors.sql.expressions.tree import (
    And,
    ArrayOf,
    Call,
    Cast,
    Constant,
    Expression,
    Or,
    Parameter,
    Quantified,
    columns_of,
    is_volatile,
)
from actors.sql.types.arrays import EMPTY, VECTORS, array_of_items, element_of, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis

WRONG_OBJECT_TYPE = "42809"
LONG_LIST = 256
"""Items of IN; a longer list of values is an array, whose members are looked up in a set, and which travels as one
datum."""
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


def _array(analysis: Analysis, node: Any) -> Expression:
    """An expression that is to be an array; the catalog's vectors are."""
    array = analysis.expression(node)
    target = VECTORS.get(array.type.name)
    return array if target is None else coerce(array, ColumnType(target), analysis.parameters) or array


def subscript(analysis: Analysis, node: Any) -> Expression:
    """array[i], array[i][j], array[a:b], array[a:b][c:d]. Raises 42804 for what is no array, 0A000 for more
    dimensions."""
    array = _array(analysis, node.arg)
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


# -- ANY and ALL -------------------------------------------------------------------------------------------------------


def quantified(analysis: Analysis, node: Any, every: bool) -> Expression:
    """`x op ANY (array)`, `x op ALL (array)`, by make_scalar_array_op's rules. Raises 42883, 42809, 22P02."""
    name = node.name[-1].sval
    name = "<>" if name == "!=" else name
    written = isinstance(node.rexpr, ast.A_ArrayExpr) and node.rexpr.elements
    if written and not any(isinstance(item, ast.A_ArrayExpr) for item in node.rexpr.elements):
        return _of_items(analysis, node, name, every)
    return scalar_array(
        analysis, name, analysis.expression(node.lexpr), _array(analysis, node.rexpr), every, position_of(node)
    )


def _of_items(analysis: Analysis, node: Any, name: str, every: bool) -> Expression:
    """The items are there one by one: `= ANY` and `<> ALL` are IN lists, which lead to keys; else each item is compared
    for itself."""
    left = None if isinstance(node.lexpr, ast.RowExpr) else analysis.expression(node.lexpr)
    if (
        left is not None and left.type.name == "bpchar"
    ):  # an array of untyped literals is text[], and so is the comparison
        return scalar_array(analysis, name, left, analysis.expression(node.rexpr), every, position_of(node))
    if name == ("<>" if every else "="):
        try:
            return analysis.in_list(node, node.rexpr.elements, every)
        except DatabaseError as error:
            if error.sqlstate not in (DATATYPE_MISMATCH, CANNOT_COERCE) or isinstance(node.lexpr, ast.RowExpr):
                raise
    left = analysis.expression(node.lexpr)
    tests = tuple(
        analysis.operator(name, (left, analysis.expression(item)), position_of(node)) for item in node.rexpr.elements
    )
    if len(tests) == 1:
        return tests[0]
    return And(tests) if every else Or(tests)


def of_values(items: Sequence[Expression], element: ColumnType) -> Expression | None:
    """An array of constants and parameters, all of the type `element`. None where an item depends on the row, or there
    is no such array."""
    if not is_array("_" + element.name):
        return None
    if all(isinstance(item, Constant) for item in items):
        return Constant(
            array_of_items(item.datum for item in items if isinstance(item, Constant)), ColumnType("_" + element.name)
        )
    if not all(isinstance(item.argument if isinstance(item, Cast) else item, Constant | Parameter) for item in items):
        return None
    return ArrayOf(tuple(items), ColumnType("_" + element.name))


def of_comparisons(tests: Sequence[Expression], every: bool) -> Expression | None:
    """x = 1 OR x = 2 ..., or (`every`) x <> 1 AND x <> 2 ..., as a membership. None where they are not all of one
    kind."""
    first = tests[0]
    if (
        not isinstance(first, Call)
        or first.name != ("<>" if every else "=")
        or not columns_of(first.arguments[0])
        or is_volatile(first.arguments[0])
    ):
        return None
    left, item = first.arguments
    items: list[Expression] = []
    for test in tests:
        if (
            not isinstance(test, Call)
            or (test.name, test.signature) != (first.name, first.signature)
            or test.arguments[0] != left
        ):
            return None
        if test.arguments[1].type.name != item.type.name:
            return None
        items.append(test.arguments[1])
    array = of_values(items, ColumnType(item.type.name))
    if array is None or first.signature[1] != item.type.name:
        return None
    return Quantified(left, array, first.name, (first.signature[0], first.signature[1]), every)


def membership(left: Expression, array: Expression, negated: bool) -> Expression:
    """left [NOT] IN the array's elements, which have one type with it, or are integers like it."""
    element = element_of(array.type.name)
    signature = ("text" if left.type.name == "varchar" else left.type.name, "text" if element == "varchar" else element)
    return Quantified(left, array, "<>" if negated else "=", signature, negated)


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
