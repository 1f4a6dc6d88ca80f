"""SELECT of the row executor: one table or none, WHERE, ORDER BY, LIMIT, FOR UPDATE. Aggregates are in aggregate.py, joins in join.py.

route.py says which statements come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pglast import ast

from actors.query_processor.planner.aggregate import plan_aggregate
from actors.query_processor.planner.clauses import limits_of, orders, output, sort_expressions, sorting_of
from actors.query_processor.planner.explain import explain_path, explain_result
from actors.query_processor.planner.facts import conjunction
from actors.query_processor.planner.join import plan_join
from actors.query_processor.planner.locking import command_of, locked_relations
from actors.query_processor.planner.planning import Planning, path_to
from actors.query_processor.row_executor.access import NoRowAccess, PointAccess
from actors.query_processor.row_executor.selecting import SelectPlan, own_key
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding.relations import Scope, field_of, relation_of
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import columns_of

if TYPE_CHECKING:
    from actors.query_processor.session.statements import QueryPlan

COLUMNS_SHARE_MAX = 2
"""Typed columns instead of encoded rows are asked for where at most one in so many columns is needed: else rows cost less."""
_COLUMN_TYPES = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "bytea", "uuid", "date", "timestamptz"}
)
"""Types whose every datum an Arrow column can hold (but for the last years of timestamps)."""


def plan_select(planning: Planning, statement: ast.SelectStmt, aggregated: bool) -> QueryPlan:
    """Of what `route` leaves to the row executor. Raises NotForRows where types or access paths forbid it, and DatabaseError as PostgreSQL would."""
    if not statement.fromClause:
        return _plan_without_table(planning, statement)
    if len(statement.fromClause) > 1 or isinstance(statement.fromClause[0], ast.JoinExpr):
        return plan_join(planning, statement)
    [source] = statement.fromClause
    scope = Scope([relation_of(source, planning.table(source))])
    return plan_aggregate(planning, statement, scope) if aggregated else _plan_table(planning, statement, scope)


def _plan_without_table(planning: Planning, statement: ast.SelectStmt) -> SelectPlan:
    scope = Scope()
    locked_relations(statement, scope)
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
        explain_result(parts),
        command_of(statement),
    )


def _plan_table(planning: Planning, statement: ast.SelectStmt, scope: Scope) -> SelectPlan:
    [relation] = scope.relations
    stored = stored_table(relation.table)
    parts = planning.condition(statement.whereClause, scope)
    targets, expressions = output(planning, statement, scope)
    items = sort_expressions(planning, statement, scope, targets, expressions)
    limits = limits_of(planning, statement)
    wanted = orders(items)
    used = sorted(set().union(*map(columns_of, [*expressions, *(item[0] for item in items), *parts])))
    locking = bool(locked_relations(statement, scope))
    project = None
    if not locking and limits.count is None and used and len(used) * COLUMNS_SHARE_MAX <= len(relation.table.live_columns()):
        project = tuple(used) if all(stored.types[position].name in _COLUMN_TYPES for position in used) else None
    path = path_to(stored, parts, wanted, limits.count is not None, project, planning.settings.limits.statement_memory_bytes_max)
    ordered = not items or path.ordered or isinstance(path.access, PointAccess)
    sorting = None if ordered else sorting_of(items)
    return SelectPlan(
        planning.parameter_types,
        [field_of(target, expression.type, scope) for target, expression in zip(targets, expressions, strict=True)],
        path.access,
        compile_tuple(tuple(expressions)),
        sorting,
        limits,
        explain_path(path, scope, sort=None if ordered else items, limited=limits.count is not None, locking=locking, output=expressions),
        command_of(statement),
        own_key if locking else None,
    )
