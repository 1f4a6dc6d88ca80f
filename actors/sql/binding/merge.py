"""MERGE: from the parser's tree to the bound form (statements.py). In PostgreSQL's order: WITH, the target, the source,
ON, each WHEN, RETURNING.

    MERGE INTO t USING s ON t.id = s.id
    WHEN MATCHED AND s.gone THEN DELETE                             sees both rows
    WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = 0                sees the target's
    WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1)                   sees the source's
    RETURNING merge_action(), t.*
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, DatabaseError
from actors.sql.binding.from_clause import from_clause
from actors.sql.binding.insert import bind_row, target_columns
from actors.sql.binding.names import DUPLICATE_ALIAS, Level
from actors.sql.binding.query import BoundQuery, QueryItem, Select, TableItem
from actors.sql.binding.query_analysis import ON, Place
from actors.sql.binding.scope import position_of
from actors.sql.binding.select import Binder
from actors.sql.binding.statements import BoundMerge, MergeAction
from actors.sql.binding.targets import bind_assignments, bind_returning, bind_target, check_generated
from actors.sql.expressions.tree import BOOL, Constant
from actors.sql.results import Field

CONDITION = Place(
    "WHEN",
    "aggregate functions are not allowed in MERGE WHEN conditions",
    "window functions are not allowed in MERGE WHEN conditions",
)
Match, Command = enums.MergeMatchKind, enums.CmdType
_KINDS = {
    Match.MERGE_WHEN_MATCHED: "MATCHED",
    Match.MERGE_WHEN_NOT_MATCHED_BY_SOURCE: "SOURCE",
    Match.MERGE_WHEN_NOT_MATCHED_BY_TARGET: "TARGET",
}


def bind_merge(binder: Binder, statement: Any, around: Any = None) -> BoundMerge:
    """`binder`: of this statement alone; `around`: the WITH that it stands in. Raises DatabaseError as PostgreSQL
    would."""
    if statement.withClause is not None and statement.withClause.recursive:
        raise DatabaseError(SYNTAX_ERROR, "WITH RECURSIVE is not supported for MERGE statement")
    _check_reachable(statement.mergeWhenClauses)
    level = Level()
    target = bind_target(binder, statement.relation, level, keyed=True)
    ctes, level.ctes, recursive = binder.with_clauses((around, statement.withClause))
    beside = Level(ctes=level.ctes)
    [source] = from_clause(binder, (statement.sourceRelation,), beside)
    one, others = level.relations, beside.relations
    if any(other.alias == one[0].alias and other.alias for other in others):
        raise DatabaseError(
            DUPLICATE_ALIAS,
            f'name "{one[0].alias}" specified more than once',
            detail="The name is used both as MERGE target table and data source.",
        )
    level.relations, level.merged = [*one, *others], beside.merged
    condition = binder.condition(statement.joinCondition, level, ON)
    levels = {
        "MATCHED": level,
        "SOURCE": Level(relations=one, ctes=level.ctes, beyond=others),
        "TARGET": Level(relations=others, merged=level.merged, ctes=level.ctes, beyond=one),
    }
    actions = tuple(_action(binder, target, clause, levels) for clause in statement.mergeWhenClauses)
    returning = None
    action_at = binder.values.block(1)
    if statement.returningClause is not None:
        binder.merge_action = action_at
        seen = Level(relations=[*others, *one], merged=level.merged, ctes=level.ctes)
        returning = bind_returning(binder, statement.returningClause, seen, target)
    ctes = binder.that_are_read(ctes)
    there = QueryItem(
        BoundQuery(Select((), None, [Constant(True, BOOL)]), (Field("there", BOOL),)), binder.values.block(1)
    )
    return BoundMerge(
        target,
        source,
        there,
        condition,
        actions,
        action_at,
        returning,
        ctes,
        recursive and bool(ctes),
        binder.values,
        tuple(binder.relations),
    )


def _check_reachable(clauses: Sequence[Any]) -> None:
    """Raises 42601 for a clause behind an unconditional one of its kind."""
    done: set[Any] = set()
    for clause in clauses:
        if clause.matchKind in done:
            message = "unreachable WHEN clause specified after unconditional WHEN clause"
            raise DatabaseError(SYNTAX_ERROR, message)
        if clause.condition is None:
            done.add(clause.matchKind)


def _action(binder: Binder, target: TableItem, clause: Any, levels: dict[str, Level]) -> MergeAction:
    kind = _KINDS[clause.matchKind]
    level = levels[kind]
    condition = None if clause.condition is None else binder.condition(clause.condition, level, CONDITION)
    match clause.commandType:
        case Command.CMD_NOTHING:
            return MergeAction(kind, "NOTHING", condition)
        case Command.CMD_DELETE:
            return MergeAction(kind, "DELETE", condition)
        case Command.CMD_UPDATE:
            pairs = bind_assignments(binder, target, clause.targetList, level)
            check_generated(pairs)
            return MergeAction(kind, "UPDATE", condition, tuple(assignment for assignment, _ in pairs))
        case Command.CMD_INSERT:
            targets = target_columns(target.table, clause.targetList)
            row, given = bind_row(
                binder, target.table, targets, clause.values, bool(clause.targetList), clause.override, level
            )
            places = tuple(column.position for column in given)
            return MergeAction(kind, "INSERT", condition, None, row, places)
    raise DatabaseError(FEATURE_NOT_SUPPORTED, "this MERGE action is not supported", position=position_of(clause))
