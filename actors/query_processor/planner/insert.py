"""INSERT: rows of VALUES, or a query as the source, ON CONFLICT, RETURNING.

Rows of VALUES are compiled with their constants taken out, so that a long list of rows of one shape is compiled once:

    VALUES (1, 'a', now()), (2, 'b', now())      make = (row[0], row[1], now()), with constants (1, 'a') and (2, 'b')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.planner.explain import explain_insert, indent
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.subquery import QueryPlanner, Results
from actors.query_processor.planner.writing import (
    calls_in,
    changer_of,
    constraints_of,
    over_layout,
    plan_returning,
    row_maker_of,
)
from actors.query_processor.row_executor.access import Statistics
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.row_executor.inserting_columns import takes_columns
from actors.query_processor.row_executor.inserting_queries import LargeQuery
from actors.query_processor.row_executor.modifying import InsertPlan, QuerySource, ValuesSource
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.selecting import Explainer, SelectPlan, TupleOf
from actors.query_processor.row_executor.stored_table import stored_table
from actors.query_processor.row_executor.upserting import ConflictUpdate, Upserter
from actors.sql.binding import ParameterTypes
from actors.sql.binding.query import BoundQuery, BoundStatement, Select
from actors.sql.binding.statements import BoundInsert, Conflict, InsertQuery, InsertRows
from actors.sql.catalog.schema import Table
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import Column, Constant, Expression, calls_sequences, columns_of, is_slow, rewrite
from actors.sql.results import Field
from actors.sql.types.arrays import is_array

if TYPE_CHECKING:
    from actors.query_processor.session.statements import Plan


def plan_insert(planning: Planning, insert: BoundInsert, plan_query: QueryPlanner) -> Plan:
    """Raises DatabaseError as PostgreSQL would."""
    results = Results(planning, insert.values, plan_query)
    table = insert.target.table
    stored = stored_table(table)
    inserter = RowInserter(
        stored, constraints_of(planning, table), planning.settings.limits, watch_of(table, planning.catalog)
    )
    source, rows = _source(planning, insert, results, plan_query, inserter)
    upserter, shown = _upserter(planning, insert, results, inserter, plan_query)
    layout = [(column.position, column.type) for column in table.columns]
    returning = plan_returning(planning, insert.returning, insert.values, results, layout, plan_query)
    explainer = _explainer(table.name, source, rows, shown)
    given = insert.source.rows[0] if isinstance(insert.source, InsertRows) else insert.source.row
    constants = _constants(table, given)
    plan = InsertPlan(planning.parameter_types(), source, inserter, upserter, returning, explainer, constants)
    return results.before(plan)


def _constants(table: Table, row: Sequence[Expression]) -> dict[int, Any]:
    """Positions whose values are constants of their columns' types, and these."""
    return {
        position: value.datum
        for position, value in enumerate(row)
        if isinstance(value, Constant) and (value.value is None or value.type == table.columns[position].type)
    }


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


def _source(
    planning: Planning, insert: BoundInsert, results: Results, plan_query: QueryPlanner, inserter: RowInserter
) -> tuple[ValuesSource | QuerySource, int]:
    """(the source, the number of rows in VALUES; 0 for a query)."""
    source = insert.source
    if not isinstance(source, InsertRows):
        return _query_source(planning, insert, source, plan_query, inserter), 0
    makers = []
    waits = False
    for row in source.rows:
        make, constants, query, waiting = _row_maker(planning, insert, row, results, plan_query)
        makers.append((make, constants, query))
        waits = waits or waiting
    return ValuesSource(makers, waits), len(makers)


def _query_source(
    planning: Planning, insert: BoundInsert, source: InsertQuery, plan_query: QueryPlanner, inserter: RowInserter
) -> QuerySource:
    few = planning.settings.limits.transaction_rows_max  # no transaction has many rows then
    if not few and insert.conflict is None and insert.returning is None and takes_columns(inserter):
        converting = _converting(source)
        names = () if converting is None else _names_of_columns(converting, inserter)
        if converting is not None and names:
            try:
                plan: Any = plan_query(planning, converting.statement)
            except DatabaseError as error:
                if error.sqlstate != FEATURE_NOT_SUPPORTED:
                    raise
            else:
                if isinstance(plan, SelectPlan) and plan.may_be_large:
                    plan = LargeQuery(plan, partial(_as_columns, converting.statement, planning.parameters))
                return QuerySource(plan, compile_tuple(converting.row), names=names)
    plan = plan_query(planning, source.statement)
    return QuerySource(plan, row_maker_of(inserter.stored, source.row), any(map(calls_sequences, source.row)))


def _as_columns(statement: BoundStatement, parameters: ParameterTypes) -> Any:
    from actors.query_processor.column_executor.plan import plan_columns

    return plan_columns(statement, parameters)


def _converting(source: InsertQuery) -> InsertQuery | None:
    """The query with the conversions to the columns' types among its targets, so that its rows are the table's as they
    come; None where they have to be made of its rows."""
    query = source.statement.query
    body = query.body
    values = {place: value for place, value in enumerate(source.row) if columns_of(value)}
    if all(isinstance(value, Column) for value in values.values()):
        return source
    if not isinstance(body, Select) or body.distinct or body.distinct_on or body.sets or query.order:
        return None
    given = body.targets

    def target(node: Expression) -> Expression | None:
        return given[node.position] if isinstance(node, Column) else None

    targets = [rewrite(value, target) for value in values.values()]
    if any(map(is_slow, targets)) or any(map(calls_sequences, targets)):
        return None
    columns = tuple(Field(f"c{number}", value.type) for number, value in enumerate(values.values(), 1))
    made = replace(query, body=replace(body, targets=targets), columns=columns)
    places = {place: number for number, place in enumerate(values)}
    row = [Column(places[place], value.type) if place in places else value for place, value in enumerate(source.row)]
    return InsertQuery(replace(source.statement, query=made), tuple(row))


def _names_of_columns(source: InsertQuery, inserter: RowInserter) -> tuple[str, ...]:
    """The table's columns that the query's are; () where the others have no constants, or one is not of its column's
    type."""
    columns = inserter.stored.table.columns
    constants = _constants(inserter.stored.table, source.row)
    taken: dict[int, str] = {}
    for position, value in enumerate(source.row):
        if isinstance(value, Column) and value.type == columns[position].type and not is_array(value.type.name):
            taken[value.position] = columns[position].name
        elif position not in constants:
            return ()
    width = len(source.statement.query.columns)
    return tuple(taken[place] for place in range(width)) if sorted(taken) == list(range(width)) else ()


def _row_maker(
    planning: Planning, insert: BoundInsert, row: Sequence[Expression], results: Results, plan_query: QueryPlanner
) -> tuple[TupleOf, tuple[Any, ...], Any, bool]:
    """(a maker of rows of this shape, this row's constants, the plan of its values that one cannot tell at once,
    whether the row calls nextval or its kin)."""
    constants: list[Any] = []

    def take_out(node: Expression) -> Expression | None:
        if not isinstance(node, Constant) or node.value is None:
            return None
        constants.append(node.datum)
        return Column(len(constants) - 1, node.type)

    values = [results.taken(value) for value in row]
    queried = [place for place, value in enumerate(values) if is_slow(value) or calls_in([value], insert.values)]
    shape = [value if place in queried else rewrite(value, take_out) for place, value in enumerate(values)]
    plan = None
    if queried:
        targets = [values[place] for place in queried]
        columns = tuple(Field(f"c{number}", target.type) for number, target in enumerate(targets))
        query = BoundQuery(Select((), None, targets), columns, insert.ctes, insert.recursive)
        plan = plan_query(planning, BoundStatement(query, insert.values, insert.relations))
        for number, place in enumerate(queried, len(constants)):
            shape[place] = Column(number, values[place].type)
    make = row_maker_of(stored_table(insert.target.table), shape)
    return make, tuple(constants), plan, any(map(calls_sequences, shape))


# -- ON CONFLICT -------------------------------------------------------------------------------------------------------


def _upserter(
    planning: Planning, insert: BoundInsert, results: Results, inserter: RowInserter, plan_query: QueryPlanner
) -> tuple[Upserter | None, list[str]]:
    """(the upserter, EXPLAIN's lines of it)."""
    conflict = insert.conflict
    if conflict is None:
        return None, []
    arbiters = [index for index in inserter.stored.unique_indexes if index.index in conflict.arbiters]
    shown = [f"Conflict Resolution: {'NOTHING' if conflict.assignments is None else 'UPDATE'}"]
    if conflict.inferred:
        shown.append(f"Conflict Arbiter Indexes: {', '.join(index.index.name for index in arbiters)}")
    return Upserter(
        inserter, arbiters, _conflict_update(planning, insert, conflict, results, inserter, plan_query)
    ), shown


def _conflict_update(
    planning: Planning,
    insert: BoundInsert,
    conflict: Conflict,
    results: Results,
    inserter: RowInserter,
    plan_query: QueryPlanner,
) -> ConflictUpdate | None:
    if conflict.assignments is None or conflict.excluded is None:
        return None
    stored, first = inserter.stored, conflict.excluded.offset
    columns = stored.table.columns
    layout = [(column.position, column.type) for column in columns]
    layout += [(first + column.position, column.type) for column in columns]
    targets = [results.taken(assignment.value, with_lists=True) for assignment in conflict.assignments]
    if conflict.where is not None:
        targets.append(results.taken(conflict.where, with_lists=True))
    expressions, query = over_layout(planning, targets, insert.values, layout, plan_query)
    values = expressions[: len(conflict.assignments)]
    where = None if conflict.where is None else compile_filter(expressions[-1])
    positions = tuple(assignment.column.position for assignment in conflict.assignments)
    changer = changer_of(planning, stored, frozenset(positions))
    return ConflictUpdate(positions, compile_tuple(values), where, changer, any(map(calls_sequences, values)), query)
