"""UPDATE and DELETE: from the parser's tree to the bound form (statements.py). In PostgreSQL's order: FROM, WHERE,
RETURNING, SET."""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.sql.binding.from_clause import from_clause
from actors.sql.binding.names import Level
from actors.sql.binding.query_analysis import WHERE
from actors.sql.binding.select import Binder
from actors.sql.binding.statements import Assignment, BoundChange
from actors.sql.binding.targets import bind_assignments, bind_returning, bind_target, check_generated


def bind_change(binder: Binder, statement: Any, around: Any = None) -> BoundChange:
    """`binder`: of this statement alone; `around`: the WITH that it stands in. Raises DatabaseError as PostgreSQL
    would."""
    level = Level()
    target = bind_target(binder, statement.relation, level, keyed=True)
    ctes, level.ctes, recursive = binder.with_clauses((around, statement.withClause))
    is_update = isinstance(statement, ast.UpdateStmt)
    items = from_clause(binder, statement.fromClause if is_update else statement.usingClause, level)
    where = None if statement.whereClause is None else binder.condition(statement.whereClause, level, WHERE)
    returning = bind_returning(binder, statement.returningClause, level, target)
    assignments: tuple[Assignment, ...] | None = None
    if is_update:
        pairs = bind_assignments(binder, target, statement.targetList, level)
        check_generated(pairs)
        assignments = tuple(assignment for assignment, _ in pairs)
    ctes = binder.that_are_read(ctes)
    return BoundChange(
        target,
        items,
        where,
        assignments,
        returning,
        ctes,
        recursive and bool(ctes),
        binder.values,
        tuple(binder.relations),
    )
