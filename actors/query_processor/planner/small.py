"""A bound query as operators over few rows (row_executor/operators.py), where smallness.py allows it. What its tables
hold is known only when it runs: where it is too much, the column executor runs the statement instead (SmallPlan).

Each operator's rows have a layout: which of the statement's positions is at which place. Expressions are rewritten to
places before they are compiled; subqueries become parameters behind the statement's own, and x IN (SELECT y ...)
becomes x = ANY of such a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.query_processor.planner.clauses import limits_of
from actors.query_processor.planner.explain import indent, path_lines
from actors.query_processor.planner.facts import conjunction, conjuncts
from actors.query_processor.planner.planning import Path, Planning, path_to, projection
from actors.query_processor.row_executor.operators import (
    AggregateOf,
    Combined,
    ExpressionRows,
    Filtered,
    GivenRows,
    Grouping,
    Join,
    KeyOf,
    Operator,
    Result,
    SelectRows,
    Shared,
    Statement,
    TableRows,
    equality_key,
    group_key,
    join_key,
)
from actors.query_processor.row_executor.selecting import Sorting
from actors.query_processor.row_executor.small_plan import SmallPlan
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding import coerce
from actors.sql.binding.query import (
    AggregateCall,
    BoundQuery,
    BoundStatement,
    CteItem,
    FromItem,
    JoinItem,
    Merged,
    QueryItem,
    Select,
    SetOperation,
    SortItem,
    Subquery,
    TableItem,
    leaves,
)
from actors.sql.binding.reasons import Reason
from actors.sql.binding.relations import Relation, Scope
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.tree import Call, Column, Expression, Parameter, Quantified, columns_of, rewrite
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.row_executor.access import Filter

Layout = dict[int, int]
"""Position in the statement -> place in the row."""
_INTEGERS = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar", "name"})


@dataclass(slots=True, eq=False)
class Source:
    """Rows of FROM items. `width`: of a row."""

    operator: Operator
    layout: Layout
    width: int


def plan_small(planning: Planning, bound: BoundStatement, reason: Reason) -> SmallPlan:
    """Of what `is_small` lets pass. `reason`: why it is not the row executor's however large it is."""
    builder = _Builder(planning, bound)
    statement = builder.statement
    statement.query = builder.query(bound.query)

    def make_columns() -> Any:
        from actors.query_processor.column_executor.plan import plan_columns

        return plan_columns(bound, planning.parameters, reason)

    def explain_tables(analyze: bool) -> list[str]:
        lines: list[str] = []
        for item, path in builder.paths:
            scope = Scope([Relation(item.table, item.alias, 0, item.renamed)])
            lines += indent(path_lines(path, scope, path.access.statistics if analyze else None))
        return lines

    return SmallPlan(planning.parameter_types(), list(bound.query.columns), statement, make_columns, explain_tables)


class _Builder:
    def __init__(self, planning: Planning, bound: BoundStatement) -> None:
        self._calls = bound.values.calls
        self._parameters = len(planning.parameter_types())
        self._rows_max = planning.settings.querying.small_rows_max
        self._memory = planning.settings.limits.statement_memory_bytes_max
        self._ctes: dict[int, Shared] = {}
        self._results: dict[int, Parameter] = {}
        self.statement = Statement(ExpressionRows(()), parameters=self._parameters)
        self.paths: list[tuple[TableItem, Path]] = []

    # -- expressions

    def _moved(self, expression: Expression, layout: Layout) -> Expression:
        def change(node: Expression) -> Expression | None:
            if not isinstance(node, Column):
                return None
            place = layout.get(node.position)
            if place is not None:
                return Column(place, node.type)
            call = self._calls[node.position]
            if isinstance(call, Merged):
                return self._moved(call.expression, layout)
            assert isinstance(call, Subquery), call
            return self._subquery(node.position, call, layout)

        return rewrite(expression, change)

    def _subquery(self, position: int, call: Subquery, layout: Layout) -> Expression:
        if call.kind in ("EXISTS", "SCALAR"):
            return self._result(position, call, call.type)
        [comparison] = call.comparisons
        assert isinstance(comparison, Call)
        left, right = comparison.arguments
        array = self._result(position, call, ColumnType("_" + right.type.name), right)
        one, other = comparison.signature
        return Quantified(self._moved(left, layout), array, comparison.name, (one, other), call.kind == "ALL")

    def _result(self, position: int, call: Subquery, type_: ColumnType, item: Expression | None = None) -> Parameter:
        """The parameter that a subquery's result is."""
        found = self._results.get(position)
        if found is None:
            query = self.query(call.query)
            made = None if item is None else compile_tuple((self._moved(item, {call.offset: 0}),))
            self.statement.results.append(Result(call.kind if item is None else "ARRAY", query, made))
            number = self._parameters + len(self.statement.results)
            found = self._results[position] = Parameter(number, type_)
        return found

    def _filter(self, parts: Sequence[Expression], layout: Layout) -> Filter | None:
        whole = conjunction(parts)
        return None if whole is None else compile_filter(self._moved(whole, layout))

    def _tuple(self, expressions: Iterable[Expression], layout: Layout) -> Any:
        return compile_tuple(tuple(self._moved(expression, layout) for expression in expressions))

    def _sorting(self, order: Sequence[SortItem], layout: Layout | None) -> Sorting | None:
        """`layout` None: of the output's rows."""
        if not order:
            return None
        types = [item.expression.type for item in order]
        if layout is None:
            made = compile_tuple(tuple(Column(item.output or 0, item.expression.type) for item in order))
        else:
            made = self._tuple([item.expression for item in order], layout)
        return Sorting(made, types, [item.descending for item in order], [item.nulls_first for item in order])

    # -- queries

    def query(self, query: BoundQuery) -> Operator:
        for cte in query.ctes:
            assert cte.query is not None
            self._ctes[id(cte)] = Shared(self.query(cte.query))
        body = query.body
        if isinstance(body, Select):
            return self._select(query, body)
        types = [column.type for column in query.columns]
        sorting, limits = self._sorting(query.order, None), limits_of(query)
        if isinstance(body, SetOperation):
            left, right = self.query(body.left), self.query(body.right)
            left_as, right_as = _as_types(body.left, types), _as_types(body.right, types)
            return Combined(body.word, body.every, left, right, left_as, right_as, equality_key(types), sorting, limits)
        rows = ExpressionRows(tuple(self._tuple(row, {}) for row in body.rows))
        return Combined("VALUES", True, rows, None, None, None, equality_key(types), sorting, limits)

    def _select(self, query: BoundQuery, body: Select) -> Operator:
        parts = [] if body.where is None else conjuncts(body.where)
        source, rest = self._from(body.items, parts)
        layout = source.layout
        passes = self._filter(rest, layout)
        grouping = None
        if body.aggregated:
            grouping, layout = self._grouping(query, body, source)
        having = self._filter([] if body.having is None else [body.having], layout)
        distinct: KeyOf | None = equality_key([target.type for target in body.targets]) if body.distinct else None
        distinct_on = None
        if body.distinct_on:
            distinct_on = group_key(self._tuple(body.distinct_on, layout), [item.type for item in body.distinct_on])
        sorting = self._sorting(query.order, None if body.distinct else layout)
        output = self._tuple(body.targets, layout)
        return SelectRows(
            source.operator, passes, grouping, having, output, sorting, limits_of(query), distinct, distinct_on
        )

    def _grouping(self, query: BoundQuery, body: Select, source: Source) -> tuple[Grouping, Layout]:
        """And the layout of its rows: the first row's columns, then the aggregates."""
        expressions = [*body.targets, *body.distinct_on, *(item.expression for item in query.order)]
        if body.having is not None:
            expressions.append(body.having)
        layout = dict(source.layout)
        aggregates: list[AggregateOf] = []
        for position in sorted({position for expression in expressions for position in self._columns(expression)}):
            call = self._calls.get(position)
            if isinstance(call, AggregateCall):
                layout[position] = source.width + len(aggregates)
                aggregates.append(self._aggregate(call, source.layout))
        group = [item for item in body.group if isinstance(item, Expression)]
        key = group_key(self._tuple(group, source.layout), [item.type for item in group]) if group else None
        return Grouping(key, tuple(aggregates), source.width), layout

    def _columns(self, expression: Expression) -> set[int]:
        """Positions in it, and in what its subqueries are compared with."""
        found = columns_of(expression)
        for position in list(found):
            call = self._calls.get(position)
            if isinstance(call, Subquery):
                found |= {each for comparison in call.comparisons for each in self._columns(comparison)}
        return found

    def _aggregate(self, call: AggregateCall, layout: Layout) -> AggregateOf:
        arguments = self._tuple(call.arguments, layout) if call.arguments else None
        order = call.order
        if call.distinct and not order and call.name in ("array_agg", "string_agg"):
            order = (SortItem(call.arguments[0]),)  # PostgreSQL sorts the values to find the distinct ones
        key = equality_key([argument.type for argument in call.arguments]) if call.distinct else None
        passes = self._filter([] if call.filter is None else [call.filter], layout)
        return AggregateOf(call.overload, arguments, passes, self._sorting(order, layout), key)

    # -- FROM

    def _from(self, items: Sequence[FromItem], parts: list[Expression]) -> tuple[Source, list[Expression]]:
        """(rows of all items, the conditions that are still to be looked at)."""
        if not items:
            return Source(ExpressionRows((compile_tuple(()),)), {}, 0), parts
        leaves_, pool = _flattened(items)
        return self._inner(leaves_, [*parts, *pool])

    def _inner(self, items: Sequence[FromItem], parts: list[Expression]) -> tuple[Source, list[Expression]]:
        """Inner joins, each next item one that an equality leads to, where there is one."""
        waiting = list(items)
        left, parts = self._item(waiting.pop(0), parts)
        while waiting:
            chosen = next(
                (item for item in waiting if _equalities(parts, set(left.layout), _positions(item))), waiting[0]
            )
            waiting.remove(chosen)
            right, parts = self._item(chosen, parts)
            left, parts = self._joined(left, right, parts, "INNER")
        return left, parts

    def _item(self, item: FromItem, parts: list[Expression]) -> tuple[Source, list[Expression]]:
        """The rows of one item that pass those of `parts` which concern it alone, and the others."""
        if isinstance(item, JoinItem):
            return self._outer_join(item, parts)
        own = range(item.offset, item.offset + item.width)
        layout = {position: place for place, position in enumerate(own)}
        if not isinstance(item, TableItem):
            assert isinstance(item, QueryItem | CteItem)
            return Source(self._query_item(item), layout, item.width), parts
        mine = [part for part in parts if self._is_of(part, set(own))]
        rest = [part for part in parts if part not in mine]
        moved = [self._moved(part, layout) for part in mine]
        stored = stored_table(item.table)
        project = None if item.keyed else projection(stored, sorted(item.read))
        path = path_to(stored, moved, project=project, memory_bytes_max=self._memory, filtered=False)
        self.paths.append((item, path))
        left = conjunction(path.filters)
        width = item.width if project is None else project[-1] + 1
        table = TableRows(
            path.access,
            None if left is None or path.choice.unique else compile_filter(left),
            self._rows_max,
            width,
            item.keyed,
        )
        return Source(table, layout, width), rest

    def _query_item(self, item: QueryItem | CteItem) -> Operator:
        if isinstance(item, QueryItem):
            return self.query(item.query)
        return self._ctes[id(item.cte)] if item.cte.given is None else GivenRows(item.cte.given)

    def _is_of(self, part: Expression, own: set[int]) -> bool:
        """It mentions these positions alone, and no subquery (whose result an access path would not know)."""
        positions = columns_of(part)
        return bool(positions) and positions <= own

    def _outer_join(self, item: JoinItem, parts: list[Expression]) -> tuple[Source, list[Expression]]:
        """Conditions of WHERE go below the side whose rows all stay; those of ON below the other."""
        if item.kind == "INNER":
            leaves_, pool = _flattened([item])
            return self._inner(leaves_, [*parts, *pool])
        on = [] if item.condition is None else conjuncts(item.condition)
        above: list[Expression] = []
        if item.kind == "LEFT":
            left, above = self._item(item.left, parts)
            right, on = self._item(item.right, on)
        elif item.kind == "RIGHT":
            right, above = self._item(item.right, parts)
            left, on = self._item(item.left, on)
        else:
            left, right = self._whole(item.left), self._whole(item.right)
            above = parts
        joined, _ = self._joined(left, right, on, item.kind)
        return joined, above

    def _whole(self, item: FromItem) -> Source:
        """The rows of an item, all conditions of its own looked at."""
        source, rest = self._item(item, [])
        passes = self._filter(rest, source.layout)
        return source if passes is None else Source(Filtered(source.operator, passes), source.layout, source.width)

    def _joined(
        self, left: Source, right: Source, parts: list[Expression], kind: str
    ) -> tuple[Source, list[Expression]]:
        """Of `parts` those that both sides together decide are looked at here; the others are answered."""
        layout = {**left.layout, **{position: place + left.width for position, place in right.layout.items()}}
        pairs = _equalities(parts, set(left.layout), set(right.layout))
        used = [part for part, _, _ in pairs]
        rest = [part for part in parts if part not in used]
        here = rest if kind != "INNER" else []
        left_key = right_key = None
        if pairs:
            types = [_key_type(one.type) for _, one, _ in pairs]
            left_key = join_key(self._tuple([one for _, one, _ in pairs], left.layout), types)
            right_key = join_key(self._tuple([other for _, _, other in pairs], right.layout), types)
        join = Join(
            left.operator,
            right.operator,
            left_key,
            right_key,
            self._filter(here, layout),
            (left.width, right.width),
            kind in ("LEFT", "FULL"),
            kind in ("RIGHT", "FULL"),
        )
        return Source(join, layout, left.width + right.width), [] if kind != "INNER" else rest


def _flattened(items: Sequence[FromItem]) -> tuple[list[FromItem], list[Expression]]:
    """(the items that inner joins join, their conditions)."""
    found: list[FromItem] = []
    pool: list[Expression] = []
    for item in items:
        if isinstance(item, JoinItem) and item.kind == "INNER":
            inner, conditions = _flattened([item.left, item.right])
            found += inner
            pool += [*conditions, *([] if item.condition is None else conjuncts(item.condition))]
        else:
            found.append(item)
    return found, pool


def _positions(item: FromItem) -> set[int]:
    return {position for leaf in leaves([item]) for position in range(leaf.offset, leaf.offset + leaf.width)}


def _equalities(
    parts: Sequence[Expression], left: set[int], right: set[int]
) -> list[tuple[Expression, Expression, Expression]]:
    """(condition, its left side, its right side) of equalities between the two, whose values are compared by their
    keys."""
    found: list[tuple[Expression, Expression, Expression]] = []
    for part in parts:
        if not isinstance(part, Call) or part.name != "=" or len(part.arguments) != 2:
            continue
        one, other = part.arguments
        if _key_type(one.type) != _key_type(other.type):
            continue
        for first, second in ((one, other), (other, one)):
            if columns_of(first) and columns_of(second) and columns_of(first) <= left and columns_of(second) <= right:
                found.append((part, first, second))
                break
    return found


def _key_type(type_: ColumnType) -> ColumnType:
    """Values of types that have the same one are equal where their keys are."""
    return ColumnType("int8" if type_.name in _INTEGERS else "text" if type_.name in _TEXTS else type_.name)


def _as_types(arm: BoundQuery, types: Sequence[ColumnType]) -> Any:
    """An arm's row as one of the result's types; None where it is that already."""
    given = [column.type for column in arm.columns]
    if given == list(types):
        return None
    made = [
        coerce(Column(place, type_), target) for place, (type_, target) in enumerate(zip(given, types, strict=True))
    ]
    assert None not in made
    return compile_tuple(tuple(expression for expression in made if expression is not None))
