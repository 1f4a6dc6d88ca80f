"""UPDATE and DELETE, and what they share with INSERT: assignments, defaults, constraints, RETURNING.

A statement on one table without subqueries reads its rows through an access path. With FROM or USING, or with a subquery, the rows to change are
found by a SELECT of the primary key and of the expressions that need the other tables, planned as any other (by the column executor mostly):

    UPDATE a SET n = b.n + 1 FROM b WHERE a.id = b.id    ->    SELECT a.id, b.n + 1 FROM a, b WHERE a.id = b.id
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pglast
from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, UNDEFINED_COLUMN, DatabaseError
from actors.common.expressions.compile import compile_expression, compile_tuple
from actors.common.expressions.tree import Column as ColumnNode
from actors.common.expressions.tree import Constant, Expression, columns_of
from actors.common.schema import Column, Table
from actors.query_processor.analyzer import NotRowExpression, analyze, coerce_assignment
from actors.query_processor.planner.explain import explain_change, indent
from actors.query_processor.planner.planning import Planning, path_to
from actors.query_processor.planner.scope import NotRowStatement, Relation, Scope, expand_targets, field_of, relation_of
from actors.query_processor.planner.subquery import QueryPlanner, plan_within, take_out
from actors.query_processor.row_executor.changing import RowChanger, RowRemover
from actors.query_processor.row_executor.constraints import CompiledCheck, RowConstraints
from actors.query_processor.row_executor.modifying import DeletePlan, JoinedChangePlan, Returning, UpdatePlan
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table


def target_column(table: Table, name: str) -> Column:
    """Raises 42703."""
    for column in table.live_columns():
        if column.name == name:
            return column
    raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" of relation "{table.name}" does not exist')


def parse_expression(text: str) -> Any:
    """The tree of an expression that the catalog holds as text."""
    [raw] = pglast.parse_sql(f"SELECT {text}")
    select: Any = raw.stmt
    return select.targetList[0].val


def default_of(planning: Planning, column: Column) -> Expression:
    """The column's default, NULL where it has none."""
    if column.default is None:
        return Constant(None, column.type)
    node = parse_expression(column.default)
    return coerce_assignment(analyze(node, Scope(), planning.parameters, column.type), column.type, column.name, planning.parameters)


def assigned(planning: Planning, node: Any, scope: Scope, column: Column) -> Expression:
    """A value for `column`: converted as an assignment. Raises 42804."""
    if isinstance(node, ast.SetToDefault):
        return default_of(planning, column)
    expression = analyze(node, scope, planning.parameters, column.type)
    return coerce_assignment(expression, column.type, column.name, planning.parameters, (getattr(node, "location", None) or -1) + 1)


def assignments(table: Table, targets: Sequence[Any]) -> list[tuple[Column, Any]]:
    """SET's list as (column, node). Raises 42703, 42601."""
    found: list[tuple[Column, Any]] = []
    for target in targets:
        if target.indirection:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "assignment to a part of a column is not supported")
        column = target_column(table, target.name)
        if any(other.position == column.position for other, _ in found):
            raise DatabaseError(SYNTAX_ERROR, f'multiple assignments to same column "{column.name}"')
        node: Any = target.val
        if isinstance(node, ast.MultiAssignRef):
            source: Any = node.source
            if not isinstance(source, ast.RowExpr):
                raise DatabaseError(FEATURE_NOT_SUPPORTED, "UPDATE with a row of a subquery is not supported")
            values: Any = source.args
            if len(values) != node.ncolumns:
                raise DatabaseError(SYNTAX_ERROR, "number of columns does not match number of values")
            node = values[(node.colno or 1) - 1]
        found.append((column, node))
    return found


def constraints_of(planning: Planning, table: Table, positions: frozenset[int] | None = None) -> RowConstraints:
    """The constraints that a write of `positions` (None: of whole rows) has to pass."""
    checks: list[CompiledCheck] = []
    scope = Scope([Relation(table, table.name)])
    for check in table.checks:
        expression = planning.expression(parse_expression(check.expression), scope)
        if positions is None or not positions.isdisjoint(columns_of(expression)):
            checks.append((check, compile_expression(expression)))
    return RowConstraints(table, checks, planning.settings.limits, positions)


def returning_of(planning: Planning, clause: Any, scope: Scope) -> Returning:
    if clause is None:
        return Returning()
    if clause.options:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "RETURNING WITH is not supported")
    targets = expand_targets(clause.exprs, scope)
    expressions = [planning.expression(target.node, scope) for target in targets]
    fields = [field_of(target, expression.type, scope) for target, expression in zip(targets, expressions, strict=True)]
    return Returning(fields, compile_tuple(tuple(expressions)))


def changer_of(planning: Planning, stored: StoredTable, positions: frozenset[int]) -> RowChanger:
    limits = planning.settings.limits
    return RowChanger(stored, constraints_of(planning, stored.table, positions), limits, positions)


def plan_update(planning: Planning, statement: Any, plan_query: QueryPlanner) -> Any:
    """Raises DatabaseError as PostgreSQL would."""
    table = _changed_table(planning, statement)
    scope = Scope([relation_of(statement.relation, table)])
    pairs = assignments(table, statement.targetList)
    positions = tuple(column.position for column, _ in pairs)
    stored = stored_table(table)
    if not statement.fromClause:
        try:
            parts = planning.condition(statement.whereClause, scope)
            expressions = [assigned(planning, node, scope, column) for column, node in pairs]
        except (NotRowExpression, NotRowStatement):
            try:
                return take_out(planning, statement, plan_query, lambda rest: plan_update(planning, rest, plan_query))
            except NotRowStatement:
                return _plan_joined(planning, statement, statement.fromClause, scope, pairs, plan_query)
        path = path_to(stored, parts)
        changer = changer_of(planning, stored, frozenset(positions))
        returning = returning_of(planning, statement.returningClause, scope)
        explainer = explain_change("Update", path, scope, changer.index_names)
        types = planning.parameter_types()
        return UpdatePlan(types, path.access, positions, compile_tuple(tuple(expressions)), changer, returning, explainer)
    return _plan_joined(planning, statement, statement.fromClause, scope, pairs, plan_query)


def plan_delete(planning: Planning, statement: Any, plan_query: QueryPlanner) -> Any:
    """Raises DatabaseError as PostgreSQL would."""
    table = _changed_table(planning, statement)
    scope = Scope([relation_of(statement.relation, table)])
    stored = stored_table(table)
    if not statement.usingClause:
        try:
            parts = planning.condition(statement.whereClause, scope)
        except (NotRowExpression, NotRowStatement):
            try:
                return take_out(planning, statement, plan_query, lambda rest: plan_delete(planning, rest, plan_query))
            except NotRowStatement:
                return _plan_joined(planning, statement, (), scope, None, plan_query)
        path = path_to(stored, parts)
        returning = returning_of(planning, statement.returningClause, scope)
        explainer = explain_change("Delete", path, scope, [index.index.name for index in stored.secondary])
        return DeletePlan(planning.parameter_types(), path.access, RowRemover(stored), returning, explainer)
    return _plan_joined(planning, statement, statement.usingClause, scope, None, plan_query)


def _changed_table(planning: Planning, statement: Any) -> Table:
    if statement.withClause is not None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "WITH in a statement that writes is not supported")
    node = statement.relation
    return planning.catalog.table(node.schemaname, node.relname)


def _plan_joined(
    planning: Planning,
    statement: Any,
    others: Any,
    scope: Scope,
    pairs: list[tuple[Column, Any]] | None,
    plan_query: QueryPlanner,
) -> JoinedChangePlan:
    """`pairs` None: a DELETE."""
    [relation] = scope.relations
    stored = stored_table(relation.table)
    if stored.hidden:
        what = "DELETE" if pairs is None else "UPDATE"
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{what} with other tables or subqueries needs a primary key on the table it changes")
    targets = [_reference(relation, relation.table.columns[position].name) for position in stored.primary.positions]
    local: dict[int, Expression] = {}
    for column, node in pairs or ():
        try:
            local[column.position] = assigned(planning, node, scope, column)
        except (NotRowExpression, NotRowStatement, DatabaseError):
            targets.append(node)
    query = plan_within(planning, select_of(targets, (statement.relation, *(others or ())), statement.whereClause), plan_query)
    expressions: list[Expression] = []
    place = len(stored.primary.positions)
    for column, _ in pairs or ():
        expression = local.get(column.position)
        if expression is None:
            expression = coerce_assignment(ColumnNode(stored.width + place, query.fields[place].type), column.type, column.name)
            place += 1
        expressions.append(expression)
    positions = tuple(column.position for column, _ in pairs or ())
    returning = _returning_of_target(planning, statement, scope)
    verb = "Delete" if pairs is None else "Update"
    return JoinedChangePlan(
        planning.parameter_types(),
        query,
        stored,
        positions,
        None if pairs is None else compile_tuple(tuple(expressions)),
        None if pairs is None else changer_of(planning, stored, frozenset(positions)),
        RowRemover(stored),
        returning,
        lambda statistics, verbose: [f"{verb} on {relation.table.name}", *indent(query.explain(statistics is not None, verbose))],
    )


def select_of(nodes: Sequence[Any], sources: Sequence[Any] = (), condition: Any = None) -> ast.SelectStmt:
    """SELECT nodes FROM sources WHERE condition."""
    return ast.SelectStmt(
        targetList=tuple(ast.ResTarget(val=node) for node in nodes),
        fromClause=tuple(sources) or None,
        whereClause=condition,
        limitOption=pglast.enums.LimitOption.LIMIT_OPTION_DEFAULT,
        op=pglast.enums.SetOperation.SETOP_NONE,
    )


def _reference(relation: Relation, name: str) -> ast.ColumnRef:
    return ast.ColumnRef(fields=(ast.String(sval=relation.alias), ast.String(sval=name)))


def _returning_of_target(planning: Planning, statement: Any, scope: Scope) -> Returning:
    try:
        return returning_of(planning, statement.returningClause, scope)
    except DatabaseError as error:
        if error.sqlstate in ("42P01", "42703"):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "RETURNING columns of other tables than the changed one is not supported") from None
        raise
