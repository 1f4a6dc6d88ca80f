"""The planner: a parsed SELECT, INSERT, UPDATE or DELETE to a plan, compiled once and run many times.

    plan = make_plan(node, catalog, [ColumnType("int4"), None], settings)
    batch = await plan.run(transaction, [7, "x"])

A SELECT is bound once (sql/binding/select.py): names, types and errors are decided there, for both executors. Point and
range reads of one table, look-up joins and plain aggregates are the row executor's (row_executor/): Python closures
over encoded rows; so is everything that writes. Every other SELECT goes to the column executor, from here alone.
route.py says which is which.

Reading order: sql/binding/query.py (the bound query), sql/binding/views.py (views), route.py (which executor), facts.py
and conditions.py (which index a WHERE uses), planning.py (access paths), select.py, aggregate.py, join.py,
assignments.py, change.py, joined_change.py, subquery.py and insert.py (writes), explain.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    STATEMENT_TOO_COMPLEX,
    TOO_MANY_COLUMNS,
    DatabaseError,
)
from actors.common.settings import Settings
from actors.query_processor.planner.awaiting import plan_waiting
from actors.query_processor.planner.change import plan_delete, plan_update
from actors.query_processor.planner.insert import plan_insert
from actors.query_processor.planner.locking import check_locking, refused
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.route import route
from actors.query_processor.planner.select import plan_select
from actors.query_processor.planner.sequenced import calls_sequence, plan_sequenced
from actors.query_processor.planner.small import plan_small
from actors.query_processor.planner.smallness import is_small
from actors.sql.binding.reasons import NotForRows, Reason
from actors.sql.binding.select import bind_statement
from actors.sql.binding.view_changes import with_target
from actors.sql.binding.views import expanded
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.environment import Environment
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session import Session
    from actors.query_processor.session.statements import Plan, QueryPlan

EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: datums of timestamptz count from the former."""


TARGETS_MAX = 1664
"""Of a SELECT, as in PostgreSQL (MaxTupleAttributeNumber)."""


def make_plan(
    statement: Any, catalog: Catalog, parameter_types: Sequence[ColumnType | None], settings: Settings
) -> Plan:
    """The plan of a pglast statement. Raises DatabaseError as PostgreSQL would, 0A000 for what is not supported."""

    planning = Planning(catalog, parameter_types, settings)
    try:
        statement, planning.check_options = with_target(statement, catalog)
        statement = expanded(statement, catalog)
        if isinstance(statement, ast.SelectStmt):
            return plan_waiting(planning, statement) or _plan_query(planning, statement)
        if isinstance(statement, ast.InsertStmt):
            return plan_insert(planning, statement, _plan_inner)
        if isinstance(statement, ast.UpdateStmt):
            return plan_update(planning, statement, _plan_inner)
        assert isinstance(statement, ast.DeleteStmt), f"not a statement to be planned: {type(statement).__name__}"
        return plan_delete(planning, statement, _plan_inner)
    except NotForRows as error:
        what = f": {error.what}" if error.what else ""
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"this kind of expression is not supported here{what}") from None
    except RecursionError:
        raise DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None


def _plan_query(planning: Planning, statement: ast.SelectStmt) -> QueryPlan:
    """Raises 54011 for too many columns."""
    _check_width(len(statement.targetList or ()))
    plan = _plan_select(planning, statement)
    _check_width(len(plan.fields))
    return plan


def _check_width(columns: int) -> None:
    if columns > TARGETS_MAX:
        raise DatabaseError(TOO_MANY_COLUMNS, f"target lists can have at most {TARGETS_MAX} entries")


def _plan_select(planning: Planning, statement: ast.SelectStmt) -> QueryPlan:
    """Bound once, then planned by the executor that `route` chooses."""
    if calls_sequence(statement.targetList):
        return plan_sequenced(planning, statement, lambda query: _plan_select(planning, query))
    locking = bool(statement.lockingClause)
    if locking:
        check_locking(statement, planning.settings.mode)
    bound = bind_statement(statement, planning.catalog, planning.parameters)
    found = route(bound, not locking)
    if found.reason is None:
        plan = plan_select(planning, bound, found.aggregated, statement.lockingClause or ())
        if plan is not None:
            return plan
    if locking:
        raise refused(statement)
    reason = found.reason or Reason.JOIN_PATH
    if planning.settings.querying.small_rows_max and is_small(bound):
        return plan_small(planning, bound, reason)
    from actors.query_processor.column_executor.plan import plan_columns

    return plan_columns(bound, planning.parameters, reason)


def _plan_inner(planning: Planning, statement: ast.SelectStmt) -> QueryPlan:
    """A SELECT within a statement that writes: the parameters are shared."""
    plan = _plan_query(planning, statement)
    planning.learn(plan.parameter_types)
    return plan


def make_environment(session: Session, start_ts: int) -> Environment:
    """What the expressions of a transaction of `session` that began at `start_ts` see."""
    services = session.services
    clock = services.clock
    moment = start_ts - EPOCH_US
    run_time = session.run_time
    return Environment(
        transaction_timestamp=moment,
        statement_timestamp=moment,
        clock=lambda: clock.now().latest - EPOCH_US,
        time_zone=run_time.zone,
        random=services.context.random,
        user=session.current_user,
        session_user=session.session_user,
        database=session.database,
        schema=session.current_schema,
        backend_pid=session.process,
        settings=run_time.values,
        set_setting=session.set_setting,
        session_rows=session.view_rows,
        sequences=session.sequence_calls,
    )


__all__ = ["make_environment", "make_plan"]
