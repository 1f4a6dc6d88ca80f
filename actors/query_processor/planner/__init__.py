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

from collections.abc import Mapping, Sequence
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
from actors.query_processor.planner.change import plan_change
from actors.query_processor.planner.insert import plan_insert
from actors.query_processor.planner.locking import check_locking, locks_rows, refused
from actors.query_processor.planner.merge import plan_merge
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.route import route
from actors.query_processor.planner.select import plan_select
from actors.query_processor.planner.sequenced import is_sequenced, plan_sequenced
from actors.query_processor.planner.small import plan_small
from actors.query_processor.planner.smallness import is_small
from actors.query_processor.row_executor.parts import WithParts
from actors.sql.binding.parts import bind_parts, in_order
from actors.sql.binding.query import BoundStatement, Cte
from actors.sql.binding.reasons import Reason
from actors.sql.binding.select import Binder
from actors.sql.binding.statements import BoundInsert, BoundMerge, BoundWrite
from actors.sql.binding.trees import is_part
from actors.sql.binding.view_changes import CheckOption, with_targets
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
    if settings.mode == "dsql":
        _refuse_merge(statement)
    try:
        targeted, options = with_targets(statement, catalog)
        planning.through_view = targeted is not statement
        statement = expanded(targeted, catalog)
        if isinstance(statement, ast.SelectStmt):
            waiting = plan_waiting(planning, statement)
            if waiting is not None:
                return waiting
            _check_width(len(statement.targetList or ()))
        return _plan_parts(planning, statement, options)
    except RecursionError:
        raise DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None


def _refuse_merge(statement: Any) -> None:
    """Raises 0A000: DSQL has no MERGE."""
    clause = statement.withClause
    parts = [statement, *(() if clause is None else (node.ctequery for node in clause.ctes))]
    if any(isinstance(part, ast.MergeStmt) for part in parts):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "unsupported statement: Merge")


def _checked_width(plan: QueryPlan) -> QueryPlan:
    """Raises 54011 for too many columns."""
    _check_width(len(plan.fields))
    return plan


def _check_width(columns: int) -> None:
    if columns > TARGETS_MAX:
        raise DatabaseError(TOO_MANY_COLUMNS, f"target lists can have at most {TARGETS_MAX} entries")


def plan_bound(planning: Planning, bound: BoundStatement) -> QueryPlan:
    """By the executor that `route` chooses."""
    locking = bound.query.locking
    if locking is not None:
        check_locking(locking, planning.settings.mode)
        planning.locking.append(locking)
        if not locks_rows(bound.query, locking):
            locking = None
    if is_sequenced(bound):
        return plan_sequenced(planning, bound, plan_bound)
    found = route(bound, locking is None)
    if found.reason is None:
        plan = plan_select(planning, bound, found.aggregated, () if locking is None else locking.lockingClause)
        if plan is not None:
            return plan
    if locking is not None:
        raise refused(locking)
    reason = found.reason or Reason.JOIN_PATH
    if planning.settings.querying.small_rows_max and is_small(bound):
        return plan_small(planning, bound, reason)
    from actors.query_processor.column_executor.plan import plan_columns

    return plan_columns(bound, planning.parameters, reason)


def _plan_write(planning: Planning, part: BoundWrite) -> Plan:
    if isinstance(part, BoundInsert):
        return plan_insert(planning, part, plan_bound)
    if isinstance(part, BoundMerge):
        return plan_merge(planning, part, plan_bound)
    return plan_change(planning, part, plan_bound)


def _plan_parts(planning: Planning, statement: Any, options: Mapping[int, tuple[CheckOption, ...]]) -> Plan:
    """`options`: by the part's number, of the views through which parts write."""
    binders: list[Binder] = []

    def make_binder(node: Any, given: Mapping[int, Cte]) -> Binder:
        binders.append(Binder(planning.catalog, planning.parameters, node, given))
        return binders[-1]

    *parts, last = bind_parts(statement, make_binder)
    plans: list[Plan] = []
    for number, part in enumerate(parts):
        planning.check_options = options.get(number, ())
        if isinstance(part, BoundStatement):
            plans.append(plan_bound(planning, part))
        else:
            plans.append(_plan_write(planning, part))
    planning.check_options = options.get(len(parts), ())
    if isinstance(last, BoundStatement):
        plan: Plan = _checked_width(plan_bound(planning, last))
    else:
        plan = _plan_write(planning, last)
    for binder in binders:
        for query in binder.locking or ():
            if not any(query is planned for planned in planning.locking):
                raise refused(query)
    if not plans:
        return plan
    names = [node.ctename for node in statement.withClause.ctes if is_part(node.ctequery)]
    queries = {number for number, part in enumerate(parts) if isinstance(part, BoundStatement)}
    before, after = in_order([binder.parts_read for binder in binders], queries)
    return WithParts(plans, names, plan, before, after)


def make_environment(session: Session, start_ts: int) -> Environment:
    """What the expressions of a transaction of `session` that began at `start_ts` see."""
    services = session.services
    clock = services.clock
    moment = start_ts - EPOCH_US
    run_time = session.run_time
    return Environment(  # by position, which costs half as much as by name
        moment,
        moment,
        lambda: clock.now().latest - EPOCH_US,
        run_time.zone,
        services.context.random,
        session.current_user,
        session.session_user,
        session.database,
        session.current_schema,
        session.process,
        run_time.now,
        session.set_setting,
        session.view_rows,
        session.sequence_calls,
    )


__all__ = ["make_environment", "make_plan"]
