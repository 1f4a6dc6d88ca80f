"""Comparisons with several values: IN, and ANY or ALL of an array.

id = ANY(ARRAY[1, 2])    id IN (1, 2)
id IN (1, 2 ... 1000)    id = ANY('{1,2 ... 1000}'); so are id = 1 OR id = 2 OR ... OR id = 1000
id IN (1, 'x'::text)     id = 1 OR id = 'x'::text, since the values have no common type
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import CANNOT_COERCE, DATATYPE_MISMATCH, DatabaseError
from actors.sql.binding.arrays import array_value, scalar_array
from actors.sql.binding.coercion import coerce_to_common, common_type
from actors.sql.binding.scope import position_of, unsupported
from actors.sql.expressions.functions import resolve_operator
from actors.sql.expressions.tree import (
    And,
    ArrayOf,
    Call,
    Cast,
    Constant,
    Expression,
    InList,
    Not,
    Or,
    Parameter,
    Quantified,
    columns_of,
    is_volatile,
)
from actors.sql.types.arrays import array_of_items, element_of, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis

LONG_LIST = 256
"""Items of IN; a longer list of values is an array, whose members are looked up in a set, and which travels as one
datum."""
_INTEGERS = frozenset({"int2", "int4", "int8"})
_COMPARED_ACROSS = (
    frozenset({"int2", "int4", "int8"}),
    frozenset({"float4", "float8"}),
    frozenset({"date", "timestamp", "timestamptz"}),
    frozenset({"name", "text"}),
)
"""Types any two of which have comparison operators of their own."""
_NEGATED_COMPARISON = {"=": "<>", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def in_list(analysis: Analysis, node: Any, items: Sequence[Any], negated: bool) -> Expression:
    position = position_of(node)
    if isinstance(node.lexpr, ast.RowExpr):
        equalities = tuple(row_comparison(analysis, "=", node.lexpr, item, position) for item in items)
        either: Expression = equalities[0] if len(equalities) == 1 else Or(equalities)
        return Not(either) if negated else either
    return in_choices(analysis, analysis.expression(node.lexpr), analysis.all(items), negated, position)


def in_choices(
    analysis: Analysis, value: Expression, choices: Sequence[Expression], negated: bool, position: int
) -> Expression:
    if len(choices) == 1:
        return analysis.operator("<>" if negated else "=", (value, choices[0]), position)
    try:
        target, coerced = coerce_to_common([value, *choices], "IN", analysis.parameters, position)
    except DatabaseError as error:
        if error.sqlstate not in (DATATYPE_MISMATCH, CANNOT_COERCE):
            raise
        return _one_by_one(analysis, value, choices, negated, position)
    # Integers of different width compare as they are: the column stays bare, so that an index on it can be used.
    both_integers = {value.type.name, target.name} <= {"int2", "int4", "int8"}
    string_as_text = target.name == "text" and value.type.name == "varchar"
    left = value if both_integers or string_as_text or value.type.name == target.name == "bpchar" else coerced[0]
    if len(choices) > LONG_LIST and (array := of_values(coerced[1:], target)) is not None:
        return membership(left, array, negated)
    return InList(left, tuple(coerced[1:]), negated)


def _one_by_one(
    analysis: Analysis, value: Expression, choices: Sequence[Expression], negated: bool, position: int
) -> Expression:
    """IN a list without a common type: each comparison is for itanalysis."""
    tests = tuple(analysis.operator("<>" if negated else "=", (value, choice), position) for choice in choices)
    return And(tests) if negated else Or(tests)


def quantified(analysis: Analysis, node: Any, every: bool) -> Expression:
    """`x op ANY (array)`, `x op ALL (array)`, by make_scalar_array_op's rules. Raises 42883, 42809, 22P02."""
    name = node.name[-1].sval
    name = "<>" if name == "!=" else name
    written = isinstance(node.rexpr, ast.A_ArrayExpr) and node.rexpr.elements
    if written and not any(isinstance(item, ast.A_ArrayExpr) for item in node.rexpr.elements):
        return _of_items(analysis, node, name, every)
    return scalar_array(
        analysis, name, analysis.expression(node.lexpr), array_value(analysis, node.rexpr), every, position_of(node)
    )


def _of_items(analysis: Analysis, node: Any, name: str, every: bool) -> Expression:
    """The items are there one by one: `= ANY` and `<> ALL` are IN lists, which lead to keys, where the array's type is
    the list's; else each item is compared for itself."""
    position = position_of(node)
    if isinstance(node.lexpr, ast.RowExpr) and name == ("<>" if every else "="):
        return in_list(analysis, node, node.rexpr.elements, every)
    left = analysis.expression(node.lexpr)
    if left.type.name == "bpchar":  # an array of untyped literals is text[], and so is the comparison
        return scalar_array(analysis, name, left, analysis.expression(node.rexpr), every, position)
    items = [analysis.expression(item) for item in node.rexpr.elements]
    element, items = coerce_to_common(items, "ARRAY", analysis.parameters, position)
    if name == ("<>" if every else "=") and _is_list_of(left, element):
        return in_choices(analysis, left, items, every, position)
    tests = tuple(analysis.operator(name, (left, item), position) for item in items)
    if len(tests) == 1:
        return tests[0]
    return And(tests) if every else Or(tests)


def _is_list_of(left: Expression, element: ColumnType) -> bool:
    """Whether values that `left` may be compared with have the array's elements' type anyway."""
    try:
        common = common_type([left.type, element], "IN")
    except DatabaseError:
        return False
    return common.name == element.name or {left.type.name, element.name} <= _INTEGERS


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


def row_comparison(analysis: Analysis, name: str, left: Any, right: Any, position: int) -> Expression:
    """(a, b) = (c, d), (a, b) < (c, d): by the columns from left to right."""
    if not isinstance(right, ast.RowExpr):
        raise unsupported("row")
    pairs = list(zip(analysis.all(left.args), analysis.all(right.args), strict=False))
    if len(left.args or ()) != len(right.args or ()):
        raise DatabaseError("42601", "unequal number of entries in row expressions", position=position)
    if name in ("=", "<>", "!="):
        tests = tuple(analysis.operator(name, pair, position) for pair in pairs)
        if len(tests) == 1:
            return tests[0]
        return And(tests) if name == "=" else Or(tests)
    if name not in _NEGATED_COMPARISON:
        raise unsupported("row")
    strict = name[0]
    result = analysis.operator(name, pairs[-1], position)
    for pair in reversed(pairs[:-1]):
        result = Or((analysis.operator(strict, pair, position), And((analysis.operator("=", pair, position), result))))
    return result


def compared_type(left: ColumnType, right: ColumnType) -> ColumnType:
    """What PostgreSQL's operator left = right takes on its left: numeric for 1 = 1.0, but timestamp for timestamp =
    date."""
    for family in _COMPARED_ACROSS:
        if left.name in family and right.name in family:
            return left
    found = resolve_operator("=", [left.name, right.name])
    assert found is not None
    declared = "inet" if found.arguments[0] == "cidr" else found.arguments[0]
    return left if left.name == declared else ColumnType(declared)
