"""SELECT of the row executor: one table or none, WHERE, ORDER BY, LIMIT, FOR UPDATE. Aggregates are in aggregate.py, joins in join.py.

What is anything else raises NotRowStatement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.common.expressions.compile import compile_expression, compile_filter, compile_tuple
from actors.common.expressions.tree import Column, Expression, columns_of
from actors.common.schema import ColumnType
from actors.query_processor.planner.aggregate import find_aggregates, plan_aggregate
from actors.query_processor.planner.conditions import Order
from actors.query_processor.planner.explain import explain_path, explain_result
from actors.query_processor.planner.facts import conjunction
from actors.query_processor.planner.join import plan_join
from actors.query_processor.planner.planning import Path, Planning, path_to
from actors.query_processor.planner.scope import NotRowStatement, Scope, Target, expand_targets, field_of, relation_of
from actors.query_processor.row_executor.access import Access, NoRowAccess
from actors.query_processor.row_executor.selecting import Limits, SelectPlan, Sorting
from actors.query_processor.row_executor.stored_table import stored_table

INT8 = ColumnType("int8")
COLUMNS_SHARE_MAX = 2
"""Typed columns instead of encoded rows are asked for where at most one in so many columns is needed: else rows cost less."""
_COLUMN_TYPES = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "bytea", "uuid", "date", "timestamptz"})
"""Types whose every datum an Arrow column can hold (but for the last years of timestamps)."""


def plan_select(planning: Planning, statement: ast.SelectStmt) -> Any:
    """Raises NotRowStatement, and DatabaseError as PostgreSQL would."""
    if (
        statement.withClause is not None
        or statement.op != enums.SetOperation.SETOP_NONE
        or statement.valuesLists
        or statement.distinctClause
        or statement.windowClause
        or statement.intoClause
        or statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES
    ):
        raise NotRowStatement
    if not statement.fromClause:
        return _plan_without_table(planning, statement)
    if len(statement.fromClause) > 1 or isinstance(statement.fromClause[0], ast.JoinExpr):
        return plan_join(planning, statement)
    [source] = statement.fromClause
    if not isinstance(source, ast.RangeVar):
        raise NotRowStatement
    scope = Scope([relation_of(source, planning.table(source))])
    if find_aggregates(statement):
        return plan_aggregate(planning, statement, scope)
    return _plan_table(planning, statement, scope)


def output(planning: Planning, statement: ast.SelectStmt, scope: Scope) -> tuple[list[Target], list[Expression]]:
    targets = expand_targets(statement.targetList or (), scope)
    return targets, [planning.expression(target.node, scope) for target in targets]


def limits_of(planning: Planning, statement: ast.SelectStmt) -> Limits:
    """LIMIT and OFFSET, compiled."""

    def compiled(node: Any) -> Any:
        if node is None:
            return None
        expression = planning.expression(node, Scope(), INT8)
        if expression.type.name not in ("int2", "int4", "int8"):
            raise NotRowStatement
        return compile_expression(expression)

    return Limits(compiled(statement.limitCount), compiled(statement.limitOffset))


def sort_expressions(
    planning: Planning, statement: ast.SelectStmt, scope: Scope, targets: Sequence[Target], expressions: Sequence[Expression]
) -> list[tuple[Expression, bool, bool]]:
    """ORDER BY as (expression, descending, nulls first). An integer is an output column's number, a bare name an output column's if there is one."""
    items = []
    for item in statement.sortClause or ():
        if item.useOp:
            raise NotRowStatement
        descending = item.sortby_dir == enums.SortByDir.SORTBY_DESC
        nulls_first = descending
        if item.sortby_nulls != enums.SortByNulls.SORTBY_NULLS_DEFAULT:
            nulls_first = item.sortby_nulls == enums.SortByNulls.SORTBY_NULLS_FIRST
        items.append((_sort_expression(planning, item.node, scope, targets, expressions), descending, nulls_first))
    return items


def _sort_expression(
    planning: Planning, node: Any, scope: Scope, targets: Sequence[Target], expressions: Sequence[Expression]
) -> Expression:
    if isinstance(node, ast.A_Const):
        if not isinstance(node.val, ast.Integer):
            raise DatabaseError("42601", "non-integer constant in ORDER BY")
        if not 1 <= node.val.ival <= len(expressions):
            raise DatabaseError("42P10", f"ORDER BY position {node.val.ival} is not in select list")
        return expressions[node.val.ival - 1]
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


def _plan_without_table(planning: Planning, statement: ast.SelectStmt) -> SelectPlan:
    if statement.groupClause or statement.havingClause is not None or find_aggregates(statement) or statement.lockingClause:
        raise NotRowStatement
    scope = Scope()
    targets, expressions = output(planning, statement, scope)
    items = sort_expressions(planning, statement, scope, targets, expressions)
    parts = planning.condition(statement.whereClause, scope)
    whole = conjunction(parts)
    access = NoRowAccess(compile_filter(whole) if whole is not None else None)
    return SelectPlan(
        planning.parameter_types,
        [field_of(target, expression.type, scope) for target, expression in zip(targets, expressions, strict=True)],
        access,
        compile_tuple(tuple(expressions)),
        sorting_of(items),
        limits_of(planning, statement),
        False,
        explain_result(parts),
    )


def _plan_table(planning: Planning, statement: ast.SelectStmt, scope: Scope) -> SelectPlan:
    if statement.groupClause or statement.havingClause is not None:
        raise NotRowStatement
    [relation] = scope.relations
    stored = stored_table(relation.table)
    parts = planning.condition(statement.whereClause, scope)
    targets, expressions = output(planning, statement, scope)
    items = sort_expressions(planning, statement, scope, targets, expressions)
    limits = limits_of(planning, statement)
    wanted = orders(items)
    used = sorted(set().union(*map(columns_of, [*expressions, *(item[0] for item in items), *parts])))
    locking = bool(statement.lockingClause)
    project = None
    if not locking and limits.count is None and used and len(used) * COLUMNS_SHARE_MAX <= len(relation.table.live_columns()):
        project = tuple(used) if all(stored.types[position].name in _COLUMN_TYPES for position in used) else None
    path = path_to(stored, parts, wanted, limits.count is not None, project)
    ordered = not items or (path.choice.order is not None and not path.choice.unique)
    if locking:
        check_locking(planning, statement, scope, path)
    sorting = None if ordered else sorting_of(items)
    return SelectPlan(
        planning.parameter_types,
        [field_of(target, expression.type, scope) for target, expression in zip(targets, expressions, strict=True)],
        path.access,
        compile_tuple(tuple(expressions)),
        sorting,
        limits,
        locking,
        explain_path(path, scope, sort=None if ordered else items, limited=limits.count is not None, locking=locking, output=expressions),
    )


def orders(items: Sequence[tuple[Expression, bool, bool]]) -> list[Order] | None:
    """ORDER BY as plain columns, None where it has other expressions. [] without ORDER BY."""
    if not all(isinstance(item[0], Column) for item in items):
        return None
    return [Order(item[0].position, item[1], item[2]) for item in items if isinstance(item[0], Column)]


def check_locking(planning: Planning, statement: ast.SelectStmt, scope: Scope, path: Path) -> None:
    """Raises 42P01 for a relation that is not in FROM, 0A000 where DSQL would refuse the clause."""
    for clause in statement.lockingClause:
        for locked in clause.lockedRels or ():
            if not any(relation.alias == locked.relname for relation in scope.relations):
                raise DatabaseError("42P01", f'relation "{locked.relname}" in FOR UPDATE clause not found in FROM clause')
    if planning.settings.mode == "dsql" and not path.by_primary_key:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key",
        )


__all__ = ["Access", "limits_of", "orders", "output", "plan_select", "sort_expressions", "sorting_of"]
