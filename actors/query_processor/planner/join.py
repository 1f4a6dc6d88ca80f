"""Joins of two tables by index look-up (row_executor/joining.py): inner joins either way round, left joins from the
left.

Taken where one side is narrowed by an index and the other is found by its primary key or a unique index, or where one
side is at most a few rows (equality on a unique key) and the other is narrowed by an index. Every other join is the
column executor's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.clauses import limits_of, sort_items, sorting_of
from actors.query_processor.planner.explain import explain_join
from actors.query_processor.planner.facts import conjunction, conjuncts
from actors.query_processor.planner.locking import command_of, lock_name, locked_relations
from actors.query_processor.planner.planning import Path, Planning, path_to
from actors.query_processor.row_executor.access import KeyedRow
from actors.query_processor.row_executor.joining import LookUpJoin, both_keys, inner_key, outer_key
from actors.query_processor.row_executor.selecting import SelectPlan
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding.query import BoundQuery, JoinItem, Select, TableItem
from actors.sql.binding.relations import Relation, Scope, relation_at
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import Column, Expression, Parameter, columns_of, rewrite


@dataclass(slots=True)
class Sides:
    """A join with its outer side chosen. `restore` gives an inner condition its columns back, for EXPLAIN."""

    outer: Path
    inner: Path
    outer_relation: Relation
    inner_relation: Relation
    restore: Callable[[Expression], Expression]


def plan_join(planning: Planning, query: BoundQuery, body: Select, locking: Sequence[Any]) -> SelectPlan | None:
    """Of two tables (route.py). None where no index leads from one to the other."""
    first, *others = body.items
    join = first if isinstance(first, JoinItem) else JoinItem("INNER", first, others[0], None)
    is_left = join.kind == "LEFT"
    assert isinstance(join.left, TableItem) and isinstance(join.right, TableItem)
    left, right = relation_at(join.left), relation_at(join.right)
    scope = Scope([left, right])
    on = [] if join.condition is None else conjuncts(join.condition)
    where = [] if body.where is None else conjuncts(body.where)
    items = sort_items(query)
    limits = limits_of(query)
    types = planning.parameter_types()
    if is_left:
        sides = _arrange(left, right, [part for part in where if _only(part, left)], on, len(types))
        kept = [part for part in where if not _only(part, left)]
    else:
        sides = _either_way(left, right, [*on, *where], len(types))
        kept = []
    if sides is None:
        return None
    rest = conjunction(kept)
    locked = _locked(locking, scope, sides, is_left)
    access = LookUpJoin(
        sides.outer.access,
        sides.inner.access,
        len(types),
        sides.outer_relation is left,
        is_left,
        compile_filter(rest) if rest is not None else None,
        keyed=locked is not None,
    )
    return SelectPlan(
        lambda: types,
        list(query.columns),
        access,
        compile_tuple(tuple(body.targets)),
        sorting_of(items),
        limits,
        explain_join(sides, scope, access, kept, items, limits.count is not None, is_left, locked is not None),
        command_of(locking),
        locked,
    )


def _locked(
    locking: Sequence[Any], scope: Scope, sides: Sides, is_left: bool
) -> Callable[[KeyedRow], Sequence[bytes]] | None:
    """What gives a joined row's keys to be locked. Raises 0A000 for the side of an outer join that may have no row."""
    locked = locked_relations(locking, scope)
    if is_left and sides.inner_relation in locked:
        name = lock_name(locking)
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{name} cannot be applied to the nullable side of an outer join")
    if len(locked) == 2:
        return both_keys
    return (outer_key if sides.outer_relation in locked else inner_key) if locked else None


def _only(part: Expression, relation: Relation) -> bool:
    """The condition mentions no other relation (it may mention none)."""
    width = len(relation.table.columns)
    return all(relation.offset <= position < relation.offset + width for position in columns_of(part))


def _either_way(left: Relation, right: Relation, parts: Sequence[Expression], parameters: int) -> Sides | None:
    """The better of the two ways round for an inner join, None where neither will do."""
    found = []
    for outer, inner in ((left, right), (right, left)):
        own = [part for part in parts if _only(part, outer)]
        sides = _arrange(outer, inner, own, [part for part in parts if not _only(part, outer)], parameters)
        if sides is not None:
            found.append(sides)
    return max(
        found,
        key=lambda sides: (sides.outer.by_primary_key, sides.outer.keyed, sides.inner.by_primary_key),
        default=None,
    )


def _arrange(
    outer: Relation, inner: Relation, own: Sequence[Expression], others: Sequence[Expression], parameters: int
) -> Sides | None:
    """`own`: conditions of the outer side; `others`: of the inner one, given an outer row."""
    outer_path = path_to(stored_table(outer.table), [_shifted(part, outer, parameters) for part in own])
    inner_path = path_to(stored_table(inner.table), [_shifted(part, inner, parameters, outer) for part in others])
    narrow = inner_path.keyed and not outer_path.choice.whole
    if not narrow and not (outer_path.keyed and not inner_path.choice.whole):
        return None

    def restore(part: Expression) -> Expression:
        def change(node: Expression) -> Expression | None:
            if isinstance(node, Column):
                return Column(node.position + inner.offset, node.type)
            if isinstance(node, Parameter) and node.number > parameters:
                return Column(node.number - parameters - 1 + outer.offset, node.type)
            return None

        return rewrite(part, change)

    return Sides(outer_path, inner_path, outer, inner, restore)


def _shifted(part: Expression, relation: Relation, parameters: int, outer: Relation | None = None) -> Expression:
    """Columns of `relation` by position in its own row; those of `outer` as parameters behind the statement's."""
    width = len(relation.table.columns)

    def change(node: Expression) -> Expression | None:
        if not isinstance(node, Column):
            return None
        if relation.offset <= node.position < relation.offset + width:
            return Column(node.position - relation.offset, node.type)
        assert outer is not None
        return Parameter(parameters + 1 + node.position - outer.offset, node.type)

    return rewrite(part, change)
