"""MERGE: a SELECT joins the source with the target, and the plan does with each of its rows what the first WHEN says
whose condition holds:

    MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT ...
    SELECT t.id, true, s.id, s.n FROM s LEFT JOIN t ON t.id = s.id       planned as any other SELECT

Its rows follow the target's row (NULLs where there is none) in the row that conditions, values and RETURNING see. What
that row alone does not tell (a subquery) is a column of the SELECT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.query_processor.planner.change import BYTEA
from actors.query_processor.planner.explain import indent
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.route import names_objects
from actors.query_processor.planner.subquery import QueryPlanner, Results
from actors.query_processor.planner.writing import calls_in, changer_of, constraints_of, plan_returning, row_maker_of
from actors.query_processor.row_executor.changing import RowRemover
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.merging import Action, MergePlan
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.sql.binding.query import BoundQuery, BoundStatement, JoinItem, Select, leaves, types_of
from actors.sql.binding.statements import BoundMerge, MergeAction
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import (
    BOOL,
    Column,
    Constant,
    Expression,
    calls_sequences,
    columns_of,
    is_slow,
    rewrite,
)
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import Plan

_JOINS = {(False, False): "INNER", (False, True): "LEFT", (True, False): "RIGHT", (True, True): "FULL"}
"""Of the source and the target, by whether there are actions for rows without a source, and without a target."""


def plan_merge(planning: Planning, merge: BoundMerge, plan_query: QueryPlanner) -> Plan:
    """Raises DatabaseError as PostgreSQL would."""
    results = Results(planning, merge.values, plan_query)
    table = merge.target.table
    stored = stored_table(table)
    joined = _Joined(merge, stored, results)
    actions = [_action(planning, action, stored, joined) for action in merge.actions]
    returned = [] if merge.returning is None else [results.taken(each, True) for each in merge.returning.targets]
    joined.add_columns(returned)
    width = len(joined.layout)
    layout = [*joined.layout, (merge.action_at, ColumnType("text"))]
    returning = plan_returning(planning, merge.returning, merge.values, results, layout, plan_query)
    query = plan_query(planning, joined.statement())
    watch = watch_of(table, planning.catalog)
    inserter = RowInserter(stored, constraints_of(planning, table), planning.settings.limits, watch)
    remover = RowRemover(stored, watch)
    plan = MergePlan(
        planning.parameter_types(),
        query,
        stored,
        actions,
        inserter,
        remover,
        width,
        returning,
        lambda statistics, verbose: [
            f"Merge on {table.name}",
            *indent(query.explain(statistics is not None, verbose)),
        ],
    )
    return results.before(plan)


def _action(planning: Planning, action: MergeAction, stored: StoredTable, joined: _Joined) -> Action:
    condition = None if action.condition is None else compile_filter(joined.over_row(action.condition))
    values: Sequence[Expression] = ()
    positions: tuple[int, ...] = ()
    changer = None
    if action.assignments is not None:
        values = [assignment.value for assignment in action.assignments]
        positions = tuple(assignment.column.position for assignment in action.assignments)
        changer = changer_of(planning, stored, frozenset(positions))
    elif action.row is not None:
        values = action.row
    expressions = tuple(map(joined.over_row, values))
    waits = any(map(calls_sequences, expressions))
    make = compile_tuple(expressions) if action.row is None else row_maker_of(stored, expressions)
    return Action(action.kind, action.verb, condition, make, positions, changer, waits)


class _Joined:
    """The SELECT of the joined rows. `layout`: of the row that the actions see, position in the statement and type by
    place: the target's columns, then those of the SELECT."""

    def __init__(self, merge: BoundMerge, stored: StoredTable, results: Results) -> None:
        self._merge = merge
        self._results = results
        columns = stored.table.columns
        width = len(columns)
        keys = [Column(place, columns[place].type) for place in stored.primary.positions]
        if stored.hidden:
            keys = [Column(width, BYTEA)]
        self._target = replace(merge.target, read=merge.target.read | {key.position for key in keys})
        self._targets: list[Expression] = list(keys)
        self.layout = [(column.position, column.type) for column in columns]
        self.layout += [(-1, key.type) for key in keys]
        self._lacks_source = merge.asks_for("SOURCE")
        self._column(Column(merge.there.offset, BOOL) if self._lacks_source else Constant(True, BOOL), -1)

    def over_row(self, expression: Expression) -> Expression:
        """A condition or a value over the row that the actions see."""
        taken = self._results.taken(expression, True)
        asks = calls_in([taken], self._merge.values) or names_objects(taken)
        if asks or (is_slow(taken) and not calls_sequences(taken)):
            return self._column(expression, -1)
        for position in sorted(columns_of(taken)):
            if position not in self._places():
                [type_] = {node.type for node in _columns(taken) if node.position == position}
                self._column(Column(position, type_), position)
        places = self._places()
        return rewrite(
            taken, lambda node: Column(places[node.position], node.type) if isinstance(node, Column) else None
        )

    def _places(self) -> dict[int, int]:
        return {position: place for place, (position, _) in enumerate(self.layout) if position >= 0}

    def add_columns(self, expressions: list[Expression]) -> None:
        """Of the source, which RETURNING or what it calls may mention."""
        used = {position for each in expressions for position in columns_of(each)}
        everything = bool(calls_in(expressions, self._merge.values))
        for leaf in leaves([self._merge.source]):
            for number, type_ in enumerate(types_of(leaf)):
                position = leaf.offset + number
                if (everything or position in used) and position not in self._places():
                    self._column(Column(position, type_), position)

    def _column(self, expression: Expression, position: int) -> Column:
        self._targets.append(expression)
        self.layout.append((position, expression.type))
        return Column(len(self.layout) - 1, expression.type)

    def statement(self) -> BoundStatement:
        merge = self._merge
        source = merge.source
        if self._lacks_source:
            source = JoinItem("INNER", source, merge.there, None)
        kind = _JOINS[self._lacks_source, merge.asks_for("TARGET")]
        join = JoinItem(kind, source, self._target, merge.condition)
        columns = tuple(Field(f"c{number}", target.type) for number, target in enumerate(self._targets))
        query = BoundQuery(Select((join,), None, self._targets), columns, merge.ctes, merge.recursive)
        return BoundStatement(query, merge.values, (self._target, *merge.relations))


def _columns(expression: Expression) -> list[Column]:
    found: list[Column] = []

    def note(node: Expression) -> None:
        if isinstance(node, Column):
            found.append(node)

    rewrite(expression, note)
    return found
