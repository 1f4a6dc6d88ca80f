"""SELECT of the row executor: one table or none, WHERE, ORDER BY, LIMIT, FOR UPDATE. Aggregates are in aggregate.py,
joins in join.py.

route.py says which statements come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.planner.aggregate import plan_aggregate
from actors.query_processor.planner.clauses import limits_of, orders, sort_items, sorting_of
from actors.query_processor.planner.conditions import Order
from actors.query_processor.planner.explain import explain_path, explain_result
from actors.query_processor.planner.facts import conjuncts
from actors.query_processor.planner.join import plan_join
from actors.query_processor.planner.locking import command_of, locked_relations
from actors.query_processor.planner.planning import Path, Planning, path_to, projection
from actors.query_processor.row_executor.access import NoRowAccess, PointAccess, RangeAccess
from actors.query_processor.row_executor.prompt import prompt_read
from actors.query_processor.row_executor.selecting import SelectPlan, own_key
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding.query import BoundQuery, BoundStatement, JoinItem, Select, TableItem
from actors.sql.binding.relations import Scope, relation_at
from actors.sql.encoding.arrow_types import is_ordered_by_arrow
from actors.sql.encoding.scan_program import OrderBy
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import columns_of

if TYPE_CHECKING:
    from actors.query_processor.session.statements import QueryPlan


def plan_select(
    planning: Planning, bound: BoundStatement, aggregated: bool, locking: Sequence[Any]
) -> QueryPlan | None:
    """Of what `route` leaves to the row executor. None for a join without an index to look rows up by. `locking`: the
    locking clauses. Raises 0A000, 42P01 for these."""
    query = bound.query
    body = query.body
    assert isinstance(body, Select)
    if not body.items:
        return _plan_without_table(planning, query, body, locking)
    if len(body.items) > 1 or isinstance(body.items[0], JoinItem):
        return plan_join(planning, query, body, locking)
    [item] = body.items
    assert isinstance(item, TableItem)
    scope = Scope([relation_at(item)])
    if aggregated:
        return plan_aggregate(planning, bound, body, scope)
    return _plan_table(planning, query, body, scope, locking)


def _plan_without_table(planning: Planning, query: BoundQuery, body: Select, locking: Sequence[Any]) -> SelectPlan:
    locked_relations(locking, Scope())
    parts = [] if body.where is None else conjuncts(body.where)
    access = NoRowAccess(compile_filter(body.where) if body.where is not None else None)
    return SelectPlan(
        planning.parameter_types,
        list(query.columns),
        access,
        compile_tuple(tuple(body.targets)),
        sorting_of(sort_items(query)),
        limits_of(query),
        explain_result(parts),
        command_of(locking),
    )


def _plan_table(
    planning: Planning, query: BoundQuery, body: Select, scope: Scope, locking: Sequence[Any]
) -> SelectPlan:
    [relation] = scope.relations
    stored = stored_table(relation.table)
    parts = [] if body.where is None else conjuncts(body.where)
    expressions = body.targets
    items = sort_items(query)
    limits = limits_of(query)
    wanted = orders(items)
    used = sorted(set().union(*map(columns_of, [*expressions, *(item[0] for item in items), *parts])))
    locks = bool(locked_relations(locking, scope))
    project = projection(stored, used) if not locks and limits.count is None else None
    path = path_to(
        stored, parts, wanted, limits.count is not None, project, planning.settings.limits.statement_memory_bytes_max
    )
    ordered = not items or path.ordered or isinstance(path.access, PointAccess)
    sorting = None if ordered else sorting_of(items)
    if sorting is not None and wanted and limits.count is not None and isinstance(path.access, RangeAccess):
        path.access.order = _told_by_storage(path, wanted)
    return SelectPlan(
        planning.parameter_types,
        list(query.columns),
        path.access,
        compile_tuple(tuple(expressions)),
        sorting,
        limits,
        explain_path(
            path,
            scope,
            sort=None if ordered else items,
            limited=limits.count is not None,
            locking=locks,
            output=expressions,
        ),
        command_of(locking),
        own_key if locks else None,
        None if locks or limits.any else prompt_read(path.access, path.choice.equalities, expressions),
    )


def _told_by_storage(path: Path, wanted: Sequence[Order]) -> tuple[OrderBy, ...]:
    """The order, where storage can tell which rows come first by it; else ()."""
    types = path.access.stored.types
    told = [
        OrderBy(order.key, order.descending, order.nulls_first)
        for order in wanted
        if isinstance(order.key, int) and is_ordered_by_arrow(types[order.key])
    ]
    return () if path.filters or len(told) < len(wanted) else tuple(told)
