"""GROUP BY: expressions, output columns by name or number, grouping sets; and which columns an aggregated query may
mention outside of aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import GROUPING_ERROR, SYNTAX_ERROR, DatabaseError
from actors.sql.binding.names import Level, Relation, names_of
from actors.sql.binding.output_names import Targets, named, ordinal
from actors.sql.binding.query import (
    AggregateCall,
    CatalogCall,
    FieldOf,
    FromItem,
    GroupingSet,
    GroupItem,
    Merged,
    Select,
    SetCall,
    SortItem,
    Subquery,
    Value,
    Values,
    WindowCall,
    leaves,
)
from actors.sql.binding.query_analysis import GROUP_BY
from actors.sql.expressions.tree import Column, Expression, children

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder


def group_items(binder: Binder, nodes: Any, level: Level, targets: Targets) -> tuple[GroupItem, ...]:
    return tuple(_item(binder, node, level, targets) for node in nodes or ())


def _item(binder: Binder, node: Any, level: Level, targets: Targets) -> GroupItem:
    if isinstance(node, ast.GroupingSet):
        content = tuple(_item(binder, part, level, targets) for part in node.content or ())
        return GroupingSet(node.kind.name.removeprefix("GROUPING_SET_"), content)
    if isinstance(node, ast.RowExpr):
        return GroupingSet("ROW", tuple(_item(binder, part, level, targets) for part in node.args or ()))
    if isinstance(node, ast.A_Const) and not isinstance(node.val, ast.Integer):
        raise DatabaseError(SYNTAX_ERROR, "non-integer constant in GROUP BY")
    number = ordinal(node, targets, "GROUP BY")
    names = names_of(node) if isinstance(node, ast.ColumnRef) else None
    if number is None and names is not None and len(names) == 1 and level.own_column(names) is None:
        number = named(node, targets, "GROUP BY")
    if number is None:
        return binder.expression(node, level, GROUP_BY)
    expression = targets[number][1]
    if any(isinstance(value, AggregateCall) for value in _values_in(expression, binder.values)):
        raise DatabaseError(GROUPING_ERROR, "aggregate functions are not allowed in GROUP BY")
    return expression


def expressions_of(items: Iterable[GroupItem]) -> Iterator[Expression]:
    for item in items:
        if isinstance(item, GroupingSet):
            yield from expressions_of(item.content)
        else:
            yield item


def dependent_columns(items: Sequence[FromItem], group: Sequence[GroupItem]) -> tuple[Expression, ...]:
    """The other columns of a table whose whole primary key is grouped by: they depend on it (SQL:1999; PostgreSQL
    allows them)."""
    if any(isinstance(item, GroupingSet) for item in group):
        return ()
    present = {item.position for item in group if isinstance(item, Column)}
    found: list[Expression] = []
    for leaf in leaves(items):
        table = getattr(leaf, "table", None)
        if table is None or not table.primary.columns:
            continue
        if {leaf.offset + column.position for column in table.primary.columns} <= present:
            columns = (column for column in table.live_columns() if leaf.offset + column.position not in present)
            found += [Column(leaf.offset + column.position, column.type) for column in columns]
    return tuple(found)


def _values_in(expression: Expression, values: Values) -> Iterator[Value]:
    todo = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, Column) and node.position in values.calls:
            yield values.calls[node.position]
        todo += children(node)


# -- 42803 -------------------------------------------------------------------------------------------------------------


class _Check:
    """Raises 42803 for a column of the level that neither GROUP BY nor an aggregate decides."""

    def __init__(self, values: Values, level: Level, items: Sequence[FromItem], decided: frozenset[Expression]) -> None:
        self._values = values
        self._level = level
        self._own = [range(leaf.offset, leaf.offset + leaf.width) for leaf in leaves(items)]
        self._decided = decided

    def expression(self, expression: Expression) -> None:
        if expression in self._decided:
            return
        if isinstance(expression, Column):
            value = self._values.calls.get(expression.position)
            if value is not None:
                self._value(value)
            elif any(expression.position in block for block in self._own):
                raise DatabaseError(
                    GROUPING_ERROR,
                    f'column "{self._name(expression.position)}" must appear in the GROUP BY clause or be '
                    f"used in an aggregate function",
                    position=self._level.places.get(expression.position, 0),
                )
            return
        for child in children(expression):
            self.expression(child)

    def _value(self, value: Value) -> None:
        if isinstance(value, WindowCall):
            parts = [*value.partition, *(item.expression for item in value.order), *value.arguments]
        elif isinstance(value, Merged):
            parts = [value.expression]
        elif isinstance(value, Subquery):
            parts = list(value.comparisons)
        elif isinstance(value, SetCall | CatalogCall):
            parts = list(value.arguments)
        elif isinstance(value, FieldOf):
            parts = [value.argument]
        else:
            parts = []
        for part in parts:
            self.expression(part)

    def _name(self, position: int) -> str:
        for relation in self._level.relations:
            for column in relation.columns.listed:
                if column.position + relation.offset == position:
                    return _shown(relation, column.name)
        return "?column?"


def _shown(relation: Relation, name: str) -> str:
    return f"{relation.alias}.{name}" if relation.alias else name


def check_grouped(values: Values, level: Level, select: Select, order: Sequence[SortItem]) -> None:
    """Of an aggregated query. Raises 42803."""
    decided = frozenset([*expressions_of(select.group), *select.dependent])
    check = _Check(values, level, select.items, decided)
    for expression in (
        *select.targets,
        *select.distinct_on,
        *(item.expression for item in order if item.output is None),
    ):
        check.expression(expression)
    if select.having is not None:
        check.expression(select.having)
