"""What statements that write share when they are planned: constraints, changers of rows, RETURNING."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.route import names_objects
from actors.query_processor.planner.subquery import QueryPlanner, Results
from actors.query_processor.row_executor.changing import RowChanger
from actors.query_processor.row_executor.constraints import (
    CompiledCheck,
    CompiledDomain,
    CompiledOption,
    RowConstraints,
)
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.returning import Returning
from actors.query_processor.row_executor.stored_table import StoredTable, stored_table
from actors.query_processor.transaction.view import RETURNED
from actors.sql.binding import statements as bound
from actors.sql.binding.domains import in_domain
from actors.sql.binding.query import Cte, CteItem, Values
from actors.sql.binding.standalone import over_rows
from actors.sql.binding.targets import bind_row_expression
from actors.sql.catalog.schema import Table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.domain_values import domain_check
from actors.sql.expressions.tree import Column, Expression, InDomain, calls_sequences, columns_of, is_slow, rewrite
from actors.sql.parser import parse_expression
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.statements import QueryPlan

INT4 = ColumnType("int4")
Places = dict[int, int]
"""Position in the statement -> place in the row at hand."""


def constraints_of(planning: Planning, table: Table, positions: frozenset[int] | None = None) -> RowConstraints:
    """What a write of `positions` (None: of whole rows) has to pass; `positions` as StoredTable.written gives them."""
    generated = stored_table(table).generated
    checks: list[CompiledCheck] = []
    for check in table.checks:
        node = parse_expression(check.expression)
        expression = bind_row_expression(node, table, table.name, planning.parameters)
        if positions is None or not positions.isdisjoint(columns_of(expression)):
            checks.append((check, compile_expression(expression)))
    options: list[CompiledOption] = []
    for option in planning.check_options:
        condition = bind_row_expression(option.condition, table, option.alias, planning.parameters)
        options.append((option.view, compile_expression(condition)))
    if positions is not None:
        generated = tuple(one for one in generated if one.position in positions)
    domains = _domains_of(planning.catalog, table, positions)
    return RowConstraints(table, checks, planning.settings.limits, positions, options, domains, generated)


def _domains_of(catalog: Catalog, table: Table, positions: frozenset[int] | None) -> list[CompiledDomain]:
    """What the domains of the columns that are written demand."""
    found: list[CompiledDomain] = []
    for column in table.live_columns() if catalog.has_domains else ():
        domain = catalog.domain_by_id(column.domain)
        if domain is not None and (positions is None or column.position in positions):
            checked = in_domain(Column(column.position, column.type), domain, catalog)
            if isinstance(checked, InDomain):
                found.append((column.position, domain_check(checked)))
    return found


def row_maker_of(stored: StoredTable, values: Sequence[Expression]) -> Callable[..., Any]:
    """Of full rows: lists where columns are still to be computed in them."""
    make = compile_tuple(tuple(values))
    return (lambda *given: list(make(*given))) if stored.generated else make


def changer_of(planning: Planning, stored: StoredTable, assigned: frozenset[int]) -> RowChanger:
    limits, positions = planning.settings.limits, stored.written(assigned)
    return RowChanger(
        stored,
        constraints_of(planning, stored.table, positions),
        limits,
        positions,
        watch_of(stored.table, planning.catalog, positions),
    )


def calls_in(expressions: Iterable[Expression], values: Values) -> list[int]:
    """Positions of the values in them that one row does not tell, ascending."""
    return sorted({position for each in expressions for position in columns_of(each) if position in values.calls})


def plan_returning(
    planning: Planning,
    returning: bound.Returning | None,
    values: Values,
    results: Results,
    layout: Sequence[tuple[int, ColumnType]],
    plan_query: QueryPlanner,
) -> Returning:
    """`layout`: of the rows that the statement has changed, position in the statement and type by place; the rows old
    and new follow. What these rows alone do not tell (a subquery that depends on them) is a query over them."""
    if returning is None:
        return Returning()
    targets = [results.taken(target, with_lists=True) for target in returning.targets]
    rows = [item for item in (returning.old, returning.new) if item is not None]
    layout = [
        *layout,
        *((item.offset + column.position, column.type) for item in rows for column in item.table.columns),
    ]
    expressions, query = over_layout(planning, targets, values, layout, plan_query)
    waits = any(map(calls_sequences, expressions))
    made = Returning(list(returning.fields), compile_tuple(expressions), waits, query)
    if rows:
        made.show_both(len(rows[0].table.columns), returning.old is not None, returning.new is not None)
    return made


def over_layout(
    planning: Planning,
    targets: Sequence[Expression],
    values: Values,
    layout: Sequence[tuple[int, ColumnType]],
    plan_query: QueryPlanner,
) -> tuple[tuple[Expression, ...], QueryPlan | None]:
    """(the expressions over rows of that layout and what stands behind them, the plan of a query that gives these
    values for rows given as RETURNED; None where the rows alone tell all)."""
    places: Places = {position: place for place, (position, _) in enumerate(layout)}
    wanted: list[Expression] = []
    for target in targets:
        if names_objects(target) or (is_slow(target) and not calls_sequences(target)):
            wanted.append(target)
        else:
            wanted += [Column(position, values.calls[position].type) for position in calls_in([target], values)]
    query = None
    if wanted:
        query = plan_query(planning, over_rows(wanted, values, places, len(layout) + 1, _rows_of(layout)))

    def change(node: Expression) -> Expression | None:
        if node in wanted:
            return Column(len(layout) + wanted.index(node), node.type)
        return Column(places[node.position], node.type) if isinstance(node, Column) else None

    return tuple(rewrite(target, change) for target in targets), query


def _rows_of(layout: Sequence[tuple[int, ColumnType]]) -> Callable[[int], CteItem]:
    types = [*(type_ for _, type_ in layout), INT4]
    columns = tuple(Field(f"c{number}", type_) for number, type_ in enumerate(types, 1))
    return lambda offset: CteItem(Cte("returned", columns, None, given=RETURNED), offset)
