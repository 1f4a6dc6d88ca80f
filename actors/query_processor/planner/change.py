"""UPDATE and DELETE of the rows that one access path finds; joined_change.py has those that need other tables,
subquery.py their subqueries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import GENERATED_ALWAYS, DatabaseError
from actors.query_processor.planner.assignments import assigned, assignments, changer_of, returning_of
from actors.query_processor.planner.explain import explain_change
from actors.query_processor.planner.joined_change import plan_joined
from actors.query_processor.planner.planning import Planning, path_to
from actors.query_processor.planner.subquery import QueryPlanner, take_out
from actors.query_processor.row_executor.changing import RowRemover
from actors.query_processor.row_executor.modifying import DeletePlan, UpdatePlan
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding import NotRowExpression
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import NotRowStatement, Scope, relation_of
from actors.sql.binding.scope import located
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import calls_sequences, is_slow

if TYPE_CHECKING:
    from actors.query_processor.session.statements import Plan


def plan_update(planning: Planning, statement: Any, plan_query: QueryPlanner) -> Plan:
    """Raises DatabaseError as PostgreSQL would."""
    table = _changed_table(planning, statement)
    scope = Scope([relation_of(statement.relation, table)])
    pairs = assignments(table, statement.targetList)
    _check_generated(pairs)
    if statement.fromClause or statement.withClause is not None:
        return plan_joined(planning, statement, statement.fromClause, scope, pairs, plan_query)
    stored = stored_table(table)
    planning.has_threads = not stored.hidden
    try:
        parts = planning.condition(statement.whereClause, scope)
        expressions = [assigned(planning, node, scope, column) for column, node in pairs]
        if planning.has_threads and any(map(is_slow, expressions)):
            raise NotRowStatement(Reason.SLOW)
        planning.has_threads = False
    except (NotRowExpression, NotRowStatement):
        planning.has_threads = False
        try:
            return take_out(planning, statement, plan_query, lambda rest: plan_update(planning, rest, plan_query))
        except NotRowStatement:
            return plan_joined(planning, statement, (), scope, pairs, plan_query)
    positions = tuple(column.position for column, _ in pairs)
    path = path_to(stored, parts)
    changer = changer_of(planning, stored, frozenset(positions))
    returning = returning_of(planning, statement.returningClause, scope)
    explainer = explain_change("Update", path, scope, changer.index_names)
    types = planning.parameter_types()
    waits = any(map(calls_sequences, expressions))
    return UpdatePlan(
        types, path.access, positions, compile_tuple(tuple(expressions)), changer, returning, explainer, waits
    )


def _check_generated(pairs: Sequence[tuple[Column, Any]]) -> None:
    """Raises 428C9."""
    for column, node in pairs:
        if column.identity == "a" and not isinstance(node, ast.SetToDefault):
            raise DatabaseError(
                GENERATED_ALWAYS,
                f'column "{column.name}" can only be updated to DEFAULT',
                detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
            )


def plan_delete(planning: Planning, statement: Any, plan_query: QueryPlanner) -> Plan:
    """Raises DatabaseError as PostgreSQL would."""
    table = _changed_table(planning, statement)
    scope = Scope([relation_of(statement.relation, table)])
    if statement.usingClause or statement.withClause is not None:
        return plan_joined(planning, statement, statement.usingClause, scope, None, plan_query)
    stored = stored_table(table)
    planning.has_threads = not stored.hidden
    try:
        parts = planning.condition(statement.whereClause, scope)
        planning.has_threads = False
    except (NotRowExpression, NotRowStatement):
        planning.has_threads = False
        try:
            return take_out(planning, statement, plan_query, lambda rest: plan_delete(planning, rest, plan_query))
        except NotRowStatement:
            return plan_joined(planning, statement, (), scope, None, plan_query)
    path = path_to(stored, parts)
    returning = returning_of(planning, statement.returningClause, scope)
    explainer = explain_change("Delete", path, scope, [index.index.name for index in stored.secondary])
    return DeletePlan(
        planning.parameter_types(),
        path.access,
        RowRemover(stored, watch_of(table, planning.catalog)),
        returning,
        explainer,
    )


def _changed_table(planning: Planning, statement: Any) -> Table:
    node = statement.relation
    with located(node):
        return planning.catalog.table(node.schemaname, node.relname)
