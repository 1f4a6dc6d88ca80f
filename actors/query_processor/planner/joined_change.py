"""UPDATE and DELETE whose rows another SELECT finds: those with FROM or USING, WITH, or subqueries that depend on the
row.

    UPDATE a SET n = b.n + 1, s = 'x' FROM b WHERE a.id = b.id RETURNING a.n, b.id
    SELECT a.id, b.n + 1, b.* FROM a, b WHERE a.id = b.id          planned as any other SELECT: the key, the values that
                                                                   need it, RETURNING's columns

Its rows follow the changed table's row in the row that assignments and RETURNING see.

Left out: tables without a primary key (0A000).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.assignments import assigned, changer_of, returning_of, select_of
from actors.query_processor.planner.explain import indent
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.subquery import QueryPlanner, plan_within
from actors.query_processor.row_executor.changing import RowRemover
from actors.query_processor.row_executor.modifying import JoinedChangePlan
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding import NotRowExpression, coerce_assignment
from actors.sql.binding.relations import NotRowStatement, Relation, Scope, relation_of
from actors.sql.catalog.schema import Column
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.expressions.tree import Expression, columns_of, is_slow

NULL = ast.A_Const(isnull=True)


def plan_joined(
    planning: Planning,
    statement: Any,
    others: Sequence[Any] | None,
    scope: Scope,
    pairs: list[tuple[Column, Any]] | None,
    plan_query: QueryPlanner,
) -> JoinedChangePlan:
    """`pairs` None: a DELETE. Raises DatabaseError as PostgreSQL would."""
    [relation] = scope.relations
    stored = stored_table(relation.table)
    if stored.hidden:
        what = "DELETE" if pairs is None else "UPDATE"
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, f"{what} with other tables or subqueries needs a primary key on the table it changes"
        )
    joined = _relations(planning, others or (), stored.width)
    whole = Scope([relation, *joined]) if joined is not None else None
    nodes = [_reference(relation, stored.table.columns[position].name) for position in stored.primary.positions]
    local: dict[int, Expression] = {}
    for column, node in pairs or ():
        found = _local(planning, node, column, scope, whole, stored.width)
        if found is not None and not is_slow(found):
            local[column.position] = found
        else:
            nodes.append(node)
    returned = Scope([relation])
    if statement.returningClause is not None and others:
        if joined is None:
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED, "RETURNING is supported with plain tables in FROM and USING only"
            )
        moved = _relations(planning, others, stored.width + len(nodes)) or []
        returned = Scope([relation, *moved])
        for other in moved:
            nodes += [NULL if column.dropped else _reference(other, column.name) for column in other.table.columns]
    select = select_of(nodes, (statement.relation, *(others or ())), statement.whereClause, statement.withClause)
    query = plan_within(planning, select, plan_query)
    expressions: list[Expression] = []
    place = len(stored.primary.positions)
    for column, _ in pairs or ():
        expression = local.get(column.position)
        if expression is None:
            expression = coerce_assignment(
                ColumnNode(stored.width + place, query.fields[place].type), column.type, column.name
            )
            place += 1
        expressions.append(expression)
    positions = tuple(column.position for column, _ in pairs or ())
    returning = returning_of(planning, statement.returningClause, returned)
    verb = "Delete" if pairs is None else "Update"
    return JoinedChangePlan(
        planning.parameter_types(),
        query,
        stored,
        positions,
        None if pairs is None else compile_tuple(tuple(expressions)),
        None if pairs is None else changer_of(planning, stored, frozenset(positions)),
        RowRemover(stored, watch_of(stored.table, planning.catalog)),
        returning,
        lambda statistics, verbose: [
            f"{verb} on {relation.table.name}",
            *indent(query.explain(statistics is not None, verbose)),
        ],
    )


def _relations(planning: Planning, others: Sequence[Any], offset: int) -> list[Relation] | None:
    """The tables of FROM, their rows end to end from `offset` on; None where something else stands there."""
    relations: list[Relation] = []
    for node in others:
        if not isinstance(node, ast.RangeVar):
            return None
        try:
            relation = relation_of(node, planning.table(node), offset)
        except NotRowStatement:
            return None
        relations.append(relation)
        offset += len(relation.table.columns)
    return relations


def _local(
    planning: Planning, node: Any, column: Column, scope: Scope, whole: Scope | None, width: int
) -> Expression | None:
    """The value of `column` if the changed row alone decides it, else None. Raises 42702 for a name that several tables
    have."""
    try:
        expression = assigned(planning, node, whole or scope, column)
    except (NotRowExpression, NotRowStatement):
        return None
    except DatabaseError as error:
        if whole is None and error.sqlstate in ("42P01", "42703"):
            return None
        raise
    return expression if all(position < width for position in columns_of(expression)) else None


def _reference(relation: Relation, name: str) -> Any:
    return ast.ColumnRef(fields=(ast.String(sval=relation.alias), ast.String(sval=name)))
