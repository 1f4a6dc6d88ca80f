"""UPDATE and DELETE. Where `route_change` allows it, of the rows that one access path finds; else another SELECT finds
them, with the key, the values that need it, and what RETURNING wants of other tables:

    UPDATE a SET n = b.n + 1, s = 'x' FROM b WHERE a.id = b.id RETURNING a.n, b.id
    SELECT a.id, b.n + 1, b.id FROM a, b WHERE a.id = b.id         planned as any other SELECT

Its rows follow the changed table's row in the row that assignments and RETURNING see.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actors.query_processor.planner.explain import explain_change, indent
from actors.query_processor.planner.facts import conjuncts
from actors.query_processor.planner.planning import Planning, path_to
from actors.query_processor.planner.route import route_change
from actors.query_processor.planner.subquery import QueryPlanner, Results
from actors.query_processor.planner.writing import calls_in, changer_of, plan_returning
from actors.query_processor.row_executor.changing import RowRemover
from actors.query_processor.row_executor.modifying import DeletePlan, JoinedChangePlan, UpdatePlan
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.sql.binding.query import BoundQuery, BoundStatement, Select, leaves, types_of
from actors.sql.binding.relations import Scope, relation_at
from actors.sql.binding.statements import BoundChange
from actors.sql.binding.stored_names import numbers_in
from actors.sql.catalog.domains import levels
from actors.sql.catalog.schema import Table
from actors.sql.expressions.compile import compile_tuple
from actors.sql.expressions.tree import Column, Expression, calls_sequences, columns_of, is_immutable, is_slow
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import Plan

BYTEA = ColumnType("bytea")


def plan_change(planning: Planning, change: BoundChange, plan_query: QueryPlanner) -> Plan:
    """Raises DatabaseError as PostgreSQL would."""
    results = Results(planning, change.values, plan_query)
    stored = stored_table(change.target.table)
    if route_change(change, results.is_one) is None:
        return results.before(_plan_in_rows(planning, change, stored, results, plan_query))
    return results.before(_plan_joined(planning, change, stored, results, plan_query))


def _plan_in_rows(
    planning: Planning, change: BoundChange, stored: StoredTable, results: Results, plan_query: QueryPlanner
) -> Plan:
    scope = Scope([relation_at(change.target)])
    parts = [] if change.where is None else conjuncts(results.taken(change.where))
    expressions = tuple(results.taken(assignment.value) for assignment in change.assignments or ())
    path = path_to(stored, parts)
    layout = [(column.position, column.type) for column in stored.table.columns]
    returning = plan_returning(planning, change.returning, change.values, results, layout, plan_query)
    types = planning.parameter_types()
    if change.assignments is None:
        explainer = explain_change("Delete", path, scope, [index.index.name for index in stored.secondary])
        remover = RowRemover(stored, watch_of(stored.table, planning.catalog))
        return DeletePlan(types, path.access, remover, returning, explainer)
    positions = tuple(assignment.column.position for assignment in change.assignments)
    changer = changer_of(planning, stored, frozenset(positions))
    explainer = explain_change("Update", path, scope, changer.index_names)
    waits = any(map(calls_sequences, expressions))
    is_pure = all(map(is_immutable, (*expressions, *parts))) and _is_of_table_alone(planning, stored.table)
    assign = compile_tuple(expressions)
    return UpdatePlan(types, path.access, positions, assign, changer, returning, explainer, waits, is_pure)


def _is_of_table_alone(planning: Planning, table: Table) -> bool:
    """Whether what the statement does changes with the table's definition alone, and not with that of a view, of a
    function, or of a domain that some expression casts to."""
    catalog = planning.catalog
    domains = [catalog.domain_by_id(column.domain) for column in table.columns if column.domain]
    rules = [level for domain in domains if domain is not None for level in levels(domain, catalog)]
    checks = [*table.checks, *(check for level in rules for check in level.checks)]
    names = any(numbers_in(check.expression) for check in checks)
    return not (names or planning.through_view or planning.parameters.calls)


def _plan_joined(
    planning: Planning, change: BoundChange, stored: StoredTable, results: Results, plan_query: QueryPlanner
) -> JoinedChangePlan:
    match = _Match(change, stored)
    layout = match.layout
    expressions = tuple(match.value(assignment.value) for assignment in change.assignments or ())
    returned = [] if change.returning is None else [results.taken(each, True) for each in change.returning.targets]
    match.add_columns(returned)
    returning = plan_returning(planning, change.returning, change.values, results, layout, plan_query)
    query = plan_query(planning, match.statement())
    positions = tuple(assignment.column.position for assignment in change.assignments or ())
    is_delete = change.assignments is None
    verb = "Delete" if is_delete else "Update"
    return JoinedChangePlan(
        planning.parameter_types(),
        query,
        stored,
        positions,
        None if is_delete else compile_tuple(expressions),
        None if is_delete else changer_of(planning, stored, frozenset(positions)),
        RowRemover(stored, watch_of(stored.table, planning.catalog)),
        returning,
        lambda statistics, verbose: [
            f"{verb} on {stored.table.name}",
            *indent(query.explain(statistics is not None, verbose)),
        ],
    )


class _Match:
    """The query that finds the rows to change, and the rows that are made of each with its columns behind the table's
    own. `layout`: of these."""

    def __init__(self, change: BoundChange, stored: StoredTable) -> None:
        self._change = change
        self._width = len(stored.table.columns)
        columns = stored.table.columns
        if stored.hidden:
            self._targets: list[Expression] = [Column(self._width, BYTEA)]
        else:
            self._targets = [Column(position, columns[position].type) for position in stored.primary.positions]
        keys = {target.position for target in self._targets if isinstance(target, Column)}
        self._target = replace(change.target, read=change.target.read | keys)
        self.layout = [(column.position, column.type) for column in columns]
        self.layout += [(-1, target.type) for target in self._targets]

    def value(self, value: Expression) -> Expression:
        """An assigned value over the row: as it stands where the changed row alone decides it, else a column of the
        query."""
        is_local = all(position < self._width for position in columns_of(value))
        if is_local and not is_slow(value) and not calls_sequences(value):
            return value
        return self._column(value, -1)

    def add_columns(self, expressions: list[Expression]) -> None:
        """Of other tables, which RETURNING or what it calls may mention."""
        if not expressions:
            return
        used = {position for each in expressions for position in columns_of(each)}
        everything = bool(calls_in(expressions, self._change.values))
        for item in leaves(self._change.items):
            for number, type_ in enumerate(types_of(item)):
                if everything or item.offset + number in used:
                    self._column(Column(item.offset + number, type_), item.offset + number)

    def _column(self, expression: Expression, position: int) -> Column:
        self._targets.append(expression)
        self.layout.append((position, expression.type))
        return Column(len(self.layout) - 1, expression.type)

    def statement(self) -> BoundStatement:
        change = self._change
        select = Select((self._target, *change.items), change.where, self._targets)
        columns = tuple(Field(f"c{number}", target.type) for number, target in enumerate(self._targets))
        query = BoundQuery(select, columns, change.ctes, change.recursive)
        return BoundStatement(query, change.values, (self._target, *change.relations))
