"""The clauses that every SELECT of the row executor shares: the select list, ORDER BY, LIMIT and OFFSET."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.conditions import Order
from actors.query_processor.planner.planning import Planning
from actors.query_processor.row_executor.selecting import Limits, Sorting
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import NotRowStatement, Scope, Target, expand_targets
from actors.sql.binding.scope import position_of
from actors.sql.expressions.comparisons import UNCOMPARED, unordered
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.tree import Column, Expression
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType

INT8 = ColumnType("int8")


def output(planning: Planning, statement: ast.SelectStmt, scope: Scope) -> tuple[list[Target], list[Expression]]:
    targets = expand_targets(statement.targetList or (), scope)
    return targets, [planning.expression(target.node, scope) for target in targets]


def limits_of(planning: Planning, statement: ast.SelectStmt) -> Limits:
    """LIMIT and OFFSET, compiled."""

    def compiled(node: Any) -> Any:
        if node is None:
            return None
        if isinstance(node, ast.ColumnRef):
            raise NotRowStatement(Reason.LIMIT_TYPE)
        expression = planning.expression(node, Scope(), INT8)
        if expression.type.name not in ("int2", "int4", "int8"):
            raise NotRowStatement(Reason.LIMIT_TYPE)
        return compile_expression(expression)

    return Limits(compiled(statement.limitCount), compiled(statement.limitOffset))


def sort_expressions(
    planning: Planning, statement: ast.SelectStmt, scope: Scope, targets: Sequence[Target], expressions: Sequence[Expression]
) -> list[tuple[Expression, bool, bool]]:
    """ORDER BY as (expression, descending, nulls first). An integer is an output column's number, a bare name an output column's if there is one."""
    items = []
    for item in statement.sortClause or ():
        if item.useOp:
            raise NotRowStatement(Reason.ORDER_OPERATOR)
        descending = item.sortby_dir == enums.SortByDir.SORTBY_DESC
        nulls_first = descending
        if item.sortby_nulls != enums.SortByNulls.SORTBY_NULLS_DEFAULT:
            nulls_first = item.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_FIRST
        expression = _sort_expression(planning, item.node, scope, targets, expressions)
        if is_array(expression.type.name):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "ORDER BY an array is not supported")
        if expression.type.name in UNCOMPARED:
            raise unordered(expression.type)
        items.append((expression, descending, nulls_first))
    return items


def _sort_expression(
    planning: Planning, node: Any, scope: Scope, targets: Sequence[Target], expressions: Sequence[Expression]
) -> Expression:
    if isinstance(node, ast.A_Const):
        if not isinstance(node.val, ast.Integer):
            raise DatabaseError("42601", "non-integer constant in ORDER BY")
        number: int = node.val.ival
        if not 1 <= number <= len(expressions):
            raise DatabaseError("42P10", f"ORDER BY position {number} is not in select list", position=position_of(node))
        return expressions[number - 1]
    if isinstance(node, ast.ColumnRef) and len(node.fields) == 1 and isinstance(node.fields[0], ast.String):
        named = [expression for target, expression in zip(targets, expressions, strict=True) if target.name == node.fields[0].sval]
        if len(set(named)) > 1:
            raise DatabaseError("42702", f'ORDER BY "{node.fields[0].sval}" is ambiguous')
        if named:
            return named[0]
    return planning.expression(node, scope)


def sorting_of(items: Sequence[tuple[Expression, bool, bool]]) -> Sorting | None:
    if not items:
        return None
    return Sorting(
        compile_tuple(tuple(item[0] for item in items)),
        [item[0].type for item in items],
        [item[1] for item in items],
        [item[2] for item in items],
    )


def orders(items: Sequence[tuple[Expression, bool, bool]]) -> list[Order] | None:
    """ORDER BY as plain columns, None where it has other expressions. [] without ORDER BY."""
    if not all(isinstance(item[0], Column) for item in items):
        return None
    return [Order(item[0].position, item[1], item[2]) for item in items if isinstance(item[0], Column)]
