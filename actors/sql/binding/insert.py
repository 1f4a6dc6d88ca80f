"""INSERT: from the parser's tree to the bound form (statements.py). VALUES, DEFAULT VALUES or a query as the source, ON
CONFLICT, RETURNING."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    GENERATED_ALWAYS,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.sql.binding.names import Level
from actors.sql.binding.query import BoundStatement
from actors.sql.binding.query_analysis import VALUES, WHERE
from actors.sql.binding.scope import position_of
from actors.sql.binding.select import Binder
from actors.sql.binding.statements import BoundInsert, Conflict, InsertQuery, InsertRows
from actors.sql.binding.stored_expressions import read_by_key
from actors.sql.binding.targets import (
    ABSENT,
    assigned,
    bind_assignments,
    bind_returning,
    bind_target,
    bind_value,
    check_generated,
    default_of,
    table_relation,
    target_column,
)
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.expressions.tree import Expression


def bind_insert(binder: Binder, statement: Any, around: Any = None) -> BoundInsert:
    """`binder`: of this statement alone; `around`: the WITH that it stands in. Raises DatabaseError as PostgreSQL
    would."""
    clauses = (around, statement.withClause)
    level = Level()
    target = bind_target(binder, statement.relation, level)
    targets = target_columns(target.table, statement.cols)
    query = statement.selectStmt
    ctes, level.ctes, recursive = binder.with_clauses(clauses)
    source: InsertRows | InsertQuery
    given: Sequence[Column] = ()
    if query is None:
        source = InsertRows((tuple(_defaults(binder, target.table)),))
    elif _plain_values(query):
        alone = Level(ctes=level.ctes, beyond=level.relations[:1])
        source, given = _rows(binder, statement, target.table, targets, alone)
    else:
        source, given = _query(binder, statement, target.table, targets, clauses)
    conflict = _conflict(binder, statement.onConflictClause, target, level)
    returning = bind_returning(binder, statement.returningClause, _own(level), target)
    ctes = binder.that_are_read(ctes)
    return BoundInsert(
        target,
        tuple(column.position for column in given),
        source,
        conflict,
        returning,
        ctes,
        recursive and bool(ctes),
        binder.values,
        tuple(binder.relations),
    )


def _own(level: Level) -> Level:
    """Without `excluded`."""
    return Level(relations=level.relations[:1], ctes=level.ctes, beyond=level.relations[1:])


def target_columns(table: Table, nodes: Sequence[Any] | None) -> tuple[Column, ...]:
    """All live columns where none are named. Raises 42703, 42701."""
    if not nodes:
        return table.live_columns()
    columns: list[Column] = []
    for node in nodes:
        if node.indirection:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "assignment to a part of a column is not supported")
        column = target_column(table, node)
        if column in columns:
            raise DatabaseError(
                DUPLICATE_COLUMN, f'column "{column.name}" specified more than once', position=position_of(node)
            )
        columns.append(column)
    return tuple(columns)


# -- the source --------------------------------------------------------------------------------------------------------


def _plain_values(query: Any) -> bool:
    """VALUES alone, without ORDER BY and the like."""
    return bool(query.valuesLists) and not (
        query.sortClause
        or query.limitCount is not None
        or query.limitOffset is not None
        or query.withClause is not None
    )


def _defaults(binder: Binder, table: Table) -> list[Expression]:
    return [ABSENT if column.dropped else default_of(column, binder.parameters) for column in table.columns]


def _rows(
    binder: Binder, statement: Any, table: Table, targets: Sequence[Column], level: Level
) -> tuple[InsertRows, Sequence[Column]]:
    """And the columns that it gives values for."""
    lists, named = statement.selectStmt.valuesLists, bool(statement.cols)
    if len({len(nodes) for nodes in lists}) > 1:
        raise DatabaseError(SYNTAX_ERROR, "VALUES lists must all be the same length")
    defaults = _defaults(binder, table)
    matched = _matched(targets, len(lists[0]), named)
    rows = tuple(_full_row(binder, defaults, matched, nodes, statement.override, level) for nodes in lists)
    return InsertRows(rows), matched


def _full_row(
    binder: Binder,
    defaults: Sequence[Expression],
    matched: Sequence[Column],
    nodes: Sequence[Any],
    override: Any,
    level: Level,
) -> tuple[Expression, ...]:
    full = list(defaults)
    for column, node in generated(override, list(zip(matched, nodes, strict=True))):
        if not isinstance(node, ast.SetToDefault):
            full[column.position] = bind_value(binder, node, level, VALUES, column)
    return tuple(full)


def bind_row(
    binder: Binder, table: Table, targets: Sequence[Column], nodes: Any, named: bool, override: Any, level: Level
) -> tuple[tuple[Expression, ...], Sequence[Column]]:
    """A full row of one list of VALUES (None: DEFAULT VALUES), and the columns that it gives values for."""
    defaults = _defaults(binder, table)
    if nodes is None:
        return tuple(defaults), ()
    matched = _matched(targets, len(nodes), named)
    return _full_row(binder, defaults, matched, nodes, override, level), matched


def _query(
    binder: Binder, statement: Any, table: Table, targets: Sequence[Column], clauses: Sequence[Any]
) -> tuple[InsertQuery, Sequence[Column]]:
    """The query sees nothing of the statement but its WITH."""
    inner = binder.beside()
    ctes, visible, recursive = inner.with_clauses(clauses)
    query = inner.query(statement.selectStmt, Level(ctes=visible), is_source=True)
    ctes = inner.that_are_read(ctes)
    binder.note_beside(inner)
    if ctes:
        query.ctes = (*ctes, *query.ctes)
        query.recursive = query.recursive or recursive
    matched = _matched(targets, len(query.columns), bool(statement.cols))
    for number, column in enumerate(matched):
        inner.give_type(query, number, column.type)
    row = _defaults(binder, table)
    for column, number in generated(statement.override, list(zip(matched, range(len(matched)), strict=True))):
        row[column.position] = assigned(binder, ColumnNode(number, query.columns[number].type), column)
    return InsertQuery(BoundStatement(query, inner.values, tuple(inner.relations)), tuple(row)), matched


def _matched(targets: Sequence[Column], count: int, named: bool) -> Sequence[Column]:
    """The targets of `count` values: fewer may be given where no columns are named. Raises 42601."""
    if count > len(targets):
        raise DatabaseError(SYNTAX_ERROR, "INSERT has more expressions than target columns")
    if named and count < len(targets):
        raise DatabaseError(SYNTAX_ERROR, "INSERT has more target columns than expressions")
    return targets[:count]


def generated(override: Any, pairs: list[tuple[Column, Any]]) -> list[tuple[Column, Any]]:
    """What is given for columns, less what OVERRIDING USER VALUE leaves to the identity columns' sequences. Raises
    428C9."""
    for column, node in pairs:
        if column.generated and not isinstance(node, ast.SetToDefault):
            raise DatabaseError(
                GENERATED_ALWAYS,
                f'cannot insert a non-DEFAULT value into column "{column.name}"',
                detail=f'Column "{column.name}" is a generated column.',
            )
    if not any(column.identity for column, _ in pairs) or override == enums.OverridingKind.OVERRIDING_SYSTEM_VALUE:
        return pairs
    if override == enums.OverridingKind.OVERRIDING_USER_VALUE:
        return [(column, node) for column, node in pairs if not column.identity]
    for column, node in pairs:
        if column.identity == "a" and not isinstance(node, ast.SetToDefault):
            raise DatabaseError(
                GENERATED_ALWAYS,
                f'cannot insert a non-DEFAULT value into column "{column.name}"',
                detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
                hint="Use OVERRIDING SYSTEM VALUE to override.",
            )
    return pairs


# -- ON CONFLICT -------------------------------------------------------------------------------------------------------


def _conflict(binder: Binder, clause: Any, target: Any, level: Level) -> Conflict | None:
    if clause is None:
        return None
    updates = clause.action == enums.OnConflictAction.ONCONFLICT_UPDATE
    if clause.infer is None and updates:
        raise DatabaseError(
            SYNTAX_ERROR,
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            hint="For example, ON CONFLICT (column_name).",
        )
    arbiters, inferred = binder.arbiters(target.table, clause.infer), clause.infer is not None
    if inferred:
        target.read.update(position for index in arbiters for position in read_by_key(target.table, index))
    if not updates:
        return Conflict(arbiters, inferred)
    excluded, relation = table_relation(binder, target.table, "excluded", "")
    level.add(relation)
    pairs = bind_assignments(binder, target, clause.targetList, level)
    check_generated(pairs)
    assignments = tuple(assignment for assignment, _ in pairs)
    where = None if clause.whereClause is None else binder.condition(clause.whereClause, level, WHERE)
    target.read |= excluded.read
    return Conflict(arbiters, inferred, excluded, assignments, where)
