"""INSERT: VALUES, DEFAULT VALUES or a query as the source, ON CONFLICT, RETURNING.

Rows of VALUES are compiled with their constants taken out, so that a long list of rows of one shape is compiled once:

    VALUES (1, 'a', now()), (2, 'b', now())      make = (row[0], row[1], now()), with constants (1, 'a') and (2, 'b')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    GENERATED_ALWAYS,
    INVALID_COLUMN_REFERENCE,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    DatabaseError,
)
from actors.query_processor.planner.assignments import (
    assigned,
    assignments,
    changer_of,
    constraints_of,
    default_of,
    returning_of,
    select_of,
    target_column,
)
from actors.query_processor.planner.explain import explain_insert, indent
from actors.query_processor.planner.facts import conjunction
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.subquery import QueryPlanner, plan_within, with_parts
from actors.query_processor.row_executor.access import Statistics
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.modifying import InsertPlan, QuerySource, ValuesSource
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.selecting import Explainer, TupleOf
from actors.query_processor.row_executor.stored_table import StoredIndex, StoredTable, stored_table
from actors.query_processor.row_executor.upserting import ConflictUpdate, Upserter
from actors.sql.binding import NotRowExpression, coerce_assignment
from actors.sql.binding.nodes import is_untyped
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import NotRowStatement, Relation, Scope, relation_of
from actors.sql.binding.scope import located
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.expressions.tree import Constant, Expression, calls_sequences, is_slow, rewrite
from actors.sql.types.column_type import ColumnType

ABSENT = Constant(None, ColumnType("unknown"))
"""The datum of a dropped column."""


def plan_insert(planning: Planning, statement: Any, plan_query: QueryPlanner) -> InsertPlan:
    """Raises DatabaseError as PostgreSQL would."""
    with located(statement.relation):
        table = planning.catalog.table(statement.relation.schemaname, statement.relation.relname)
    stored = stored_table(table)
    relation = relation_of(statement.relation, table)
    targets = _target_columns(table, statement.cols)
    source, rows = _source(planning, statement, stored, targets, plan_query)
    inserter = RowInserter(
        stored, constraints_of(planning, table), planning.settings.limits, watch_of(table, planning.catalog)
    )
    upserter, shown = _upserter(planning, statement.onConflictClause, relation, inserter)
    returning = returning_of(planning, statement.returningClause, Scope([relation]))
    return InsertPlan(
        planning.parameter_types(), source, inserter, upserter, returning, _explainer(table.name, source, rows, shown)
    )


def _explainer(table: str, source: ValuesSource | QuerySource, rows: int, conflict: Sequence[str]) -> Explainer:
    if isinstance(source, ValuesSource):
        return explain_insert(table, rows, conflict)
    query = source.plan

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        return [
            f"Insert on {table}",
            *(f"  {line}" for line in conflict),
            *indent(query.explain(statistics is not None, verbose)),
        ]

    return lines


def _target_columns(table: Table, nodes: Sequence[Any] | None) -> tuple[Column, ...]:
    """All live columns where none are named. Raises 42703, 42701."""
    if not nodes:
        return table.live_columns()
    columns: list[Column] = []
    for node in nodes:
        if node.indirection:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "assignment to a part of a column is not supported")
        column = target_column(table, node)
        if column in columns:
            raise DatabaseError(DUPLICATE_COLUMN, f'column "{column.name}" specified more than once')
        columns.append(column)
    return tuple(columns)


def _source(
    planning: Planning, statement: Any, stored: StoredTable, targets: Sequence[Column], plan_query: QueryPlanner
) -> tuple[ValuesSource | QuerySource, int]:
    """(the source, the number of rows in VALUES; 0 for a query)."""
    query, named = _with_clause_inside(statement), bool(statement.cols)
    defaults = [ABSENT if column.dropped else default_of(planning, column) for column in stored.table.columns]
    if query is None:
        return ValuesSource([(compile_tuple(tuple(defaults)), (), None)], any(map(calls_sequences, defaults))), 1
    if query.valuesLists and len({len(nodes) for nodes in query.valuesLists}) > 1:
        raise DatabaseError(SYNTAX_ERROR, "VALUES lists must all be the same length")
    if _plain_values(query):
        makers = []
        waits = False
        for nodes in query.valuesLists:
            pairs = generated(statement.override, list(zip(_matched(targets, len(nodes), named), nodes, strict=True)))
            make, constants, inner, waiting = _row_maker(planning, defaults, pairs, plan_query)
            makers.append((make, constants, inner))
            waits = waits or waiting
        return ValuesSource(makers, waits), len(makers)
    plan = plan_within(planning, _typed_targets(query, targets), plan_query)
    full = list(defaults)
    matched = _matched(targets, len(plan.fields), named)
    kept = {column.position for column, _ in generated(statement.override, [(column, column) for column in matched])}
    for number, (column, field) in enumerate(zip(matched, plan.fields, strict=True)):
        if column.position in kept:
            full[column.position] = coerce_assignment(ColumnNode(number, field.type), column.type, column.name)
    return QuerySource(plan, compile_tuple(tuple(full)), any(map(calls_sequences, full))), 0


def generated(override: Any, pairs: list[tuple[Column, Any]]) -> list[tuple[Column, Any]]:
    """What is given for columns, less what OVERRIDING USER VALUE leaves to the identity columns' sequences. Raises
    428C9."""
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


def _with_clause_inside(statement: Any) -> Any:
    """The source, with the statement's WITH as its own. Raises 0A000 where both have one."""
    query = statement.selectStmt
    if statement.withClause is None:
        return query
    if query is None or query.withClause is not None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "WITH is not supported here")
    return with_parts(query, lambda part: part, withClause=statement.withClause)


def _typed_targets(query: Any, targets: Sequence[Column]) -> Any:
    """`query` with the untyped literals and parameters of its SELECT list cast to the types of the columns that they go
    to."""
    if query.op != enums.SetOperation.SETOP_NONE or not query.targetList or len(query.targetList) > len(targets):
        return query
    if query.distinctClause or query.groupClause:
        return query
    changed = []
    for item, column in zip(query.targetList, targets, strict=False):
        value = item.val
        if not isinstance(value, ast.ParamRef) and not is_untyped(value):
            changed.append(item)
            continue
        type_name = ast.TypeName(names=(ast.String(sval="pg_catalog"), ast.String(sval=column.type.name)), typemod=-1)
        cast = ast.TypeCast(arg=value, typeName=type_name)
        changed.append(ast.ResTarget(name=item.name, val=cast, location=item.location))
    return with_parts(query, lambda part: part, targetList=tuple(changed))


def _plain_values(query: Any) -> bool:
    """VALUES alone, without ORDER BY and the like."""
    return bool(query.valuesLists) and not (
        query.sortClause
        or query.limitCount is not None
        or query.limitOffset is not None
        or query.withClause is not None
    )


def _matched(targets: Sequence[Column], count: int, named: bool) -> Sequence[Column]:
    """The targets of `count` values: fewer may be given where no columns are named. Raises 42601."""
    if count > len(targets):
        raise DatabaseError(SYNTAX_ERROR, "INSERT has more expressions than target columns")
    if named and count < len(targets):
        raise DatabaseError(SYNTAX_ERROR, "INSERT has more target columns than expressions")
    return targets[:count]


def _row_maker(
    planning: Planning, defaults: Sequence[Expression], pairs: Sequence[tuple[Column, Any]], plan_query: QueryPlanner
) -> tuple[TupleOf, tuple[Any, ...], Any, bool]:
    """(a maker of rows of this shape, this row's constants, the plan of its values that have subqueries, whether the
    row calls nextval or its kin)."""
    full = list(defaults)
    queried: list[tuple[Column, Any]] = []
    for column, node in pairs:
        try:
            expression = assigned(planning, node, Scope(), column)
            if is_slow(expression):
                raise NotRowStatement(Reason.SLOW)
            full[column.position] = expression
        except (NotRowExpression, NotRowStatement):
            queried.append((column, node))
    constants: list[Any] = []

    def take_out(node: Expression) -> Expression | None:
        if not isinstance(node, Constant) or node.value is None:
            return None
        constants.append(node.datum)
        return ColumnNode(len(constants) - 1, node.type)

    shape = [rewrite(expression, take_out) for expression in full]
    plan = None
    if queried:
        plan = plan_within(planning, select_of([node for _, node in queried]), plan_query)
        for number, ((column, _), field) in enumerate(zip(queried, plan.fields, strict=True), len(constants)):
            shape[column.position] = coerce_assignment(ColumnNode(number, field.type), column.type, column.name)
    return compile_tuple(tuple(shape)), tuple(constants), plan, any(map(calls_sequences, shape))


# -- ON CONFLICT -------------------------------------------------------------------------------------------------------


def _upserter(
    planning: Planning, clause: Any, relation: Relation, inserter: RowInserter
) -> tuple[Upserter | None, list[str]]:
    """(the upserter, EXPLAIN's lines of it)."""
    if clause is None:
        return None, []
    stored = inserter.stored
    updates = clause.action == enums.OnConflictAction.ONCONFLICT_UPDATE
    if clause.infer is None and updates:
        raise DatabaseError(
            SYNTAX_ERROR,
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            hint="For example, ON CONFLICT (column_name).",
        )
    arbiters = _arbiters(stored, clause.infer)
    shown = [f"Conflict Resolution: {'UPDATE' if updates else 'NOTHING'}"]
    if clause.infer is not None:
        shown.append(f"Conflict Arbiter Indexes: {', '.join(index.index.name for index in arbiters)}")
    if not updates:
        return Upserter(inserter, arbiters, None), shown
    table = relation.table
    scope = Scope([relation, Relation(table, "excluded", stored.width)])
    values = {
        column.position: assigned(planning, node, scope, column)
        for column, node in assignments(table, clause.targetList)
    }
    where = conjunction(planning.condition(clause.whereClause, scope))
    positions = frozenset(values)
    changer = changer_of(planning, stored, positions)
    update = ConflictUpdate(
        tuple(values),
        compile_tuple(list(values.values())),
        compile_filter(where) if where is not None else None,
        changer,
        any(map(calls_sequences, values.values())),
    )
    return Upserter(inserter, arbiters, update), shown


def _arbiters(stored: StoredTable, infer: Any) -> list[StoredIndex]:
    """The unique indexes whose conflicts the clause is about. Raises 42704, 42703, 42P10."""
    if infer is None:
        return list(stored.unique_indexes)
    table = stored.table
    if infer.conname:
        for index in stored.unique_indexes:
            if index.index.constraint and index.index.name == infer.conname and not index.index.state:
                return [index]
        raise DatabaseError(UNDEFINED_OBJECT, f'constraint "{infer.conname}" for table "{table.name}" does not exist')
    positions = set()
    for element in infer.indexElems:
        if not element.name:
            raise _no_arbiter()
        column = next((column for column in table.live_columns() if column.name == element.name), None)
        if column is None:
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{element.name}" does not exist')
        positions.add(column.position)
    found = [index for index in stored.unique_indexes if set(index.positions) == positions and not index.index.state]
    if not found:
        raise _no_arbiter()
    return found


def _no_arbiter() -> DatabaseError:
    return DatabaseError(
        INVALID_COLUMN_REFERENCE, "there is no unique or exclusion constraint matching the ON CONFLICT specification"
    )
