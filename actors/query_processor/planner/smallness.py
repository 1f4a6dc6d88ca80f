"""Whether the row executor's operators (row_executor/operators.py) can run a query, should its tables turn out to be
small: a pure predicate over the bound query.

    is_small(SELECT state, count(*) FROM orders GROUP BY state)             True
    is_small(SELECT rank() OVER (ORDER BY n) FROM t)                        False: window calls are DuckDB's
    is_small(SELECT (SELECT max(n) FROM u WHERE u.id = t.id) FROM t)        False: the subquery depends on the row
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actors.sql.binding.query import (
    AggregateCall,
    BoundQuery,
    BoundStatement,
    Cte,
    CteItem,
    FromItem,
    GroupingSet,
    JoinItem,
    Merged,
    QueryItem,
    Select,
    SetOperation,
    SortItem,
    Subquery,
    TableItem,
    Value,
    ValuesRows,
    leaves,
)
from actors.sql.expressions.comparisons import COMPARISONS
from actors.sql.expressions.tree import Call, Cast, Column, Expression, columns_of, is_slow, is_volatile, walk
from actors.sql.types.arrays import is_array
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.column_type import ColumnType
from actors.sql.types.objects import OBJECTS

KEYED = frozenset(
    {
        *("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "name"),
        *ORDERED_BYTES,
        *BITS,
        *("bytea", "date", "time", "timestamp", "timestamptz", "interval"),
    }
)
"""Types whose values are compared, grouped and sorted here."""
TABLES_MAX = 6
"""Of one FROM: more tables are joined in the order in which DuckDB puts them."""


def is_small(statement: BoundStatement) -> bool:
    return _Check(statement.values.calls).query(statement.query)


class _Check:
    def __init__(self, calls: dict[int, Value]) -> None:
        self._calls = calls
        self._ctes: set[int] = set()

    def query(self, query: BoundQuery) -> bool:
        if query.recursive or query.ties or not all(self._cte(cte) for cte in query.ctes):
            return False
        if not self._expressions([part for part in (query.limit, query.offset) if part is not None], frozenset()):
            return False
        body = query.body
        if isinstance(body, ValuesRows):
            return self._sorted(query.order) and all(self._expressions(row, frozenset()) for row in body.rows)
        if isinstance(body, SetOperation):
            return (
                self._sorted(query.order)
                and _are_keyed(column.type for column in query.columns)
                and self.query(body.left)
                and self.query(body.right)
            )
        return self._select(query, body)

    def _cte(self, cte: Cte) -> bool:
        self._ctes.add(id(cte))
        return cte.query is not None and not cte.recursive and self.query(cte.query)

    def _sorted(self, order: Iterable[SortItem]) -> bool:
        return _are_keyed(item.expression.type for item in order)

    def _select(self, query: BoundQuery, body: Select) -> bool:
        if body.windowed or body.sets or body.group_distinct or not all(map(self._item, body.items)):
            return False
        if sum(isinstance(leaf, TableItem) for leaf in leaves(body.items)) > TABLES_MAX:
            return False
        own = frozenset(
            position for leaf in leaves(body.items) for position in range(leaf.offset, leaf.offset + leaf.width)
        )
        group: list[Expression] = []
        for item in body.group:
            if isinstance(item, GroupingSet):
                return False
            group.append(item)
        keys = [
            *group,
            *body.distinct_on,
            *(item.expression for item in query.order),
            *(body.targets if body.distinct else ()),
        ]
        conditions = [part for part in (body.where, body.having) if part is not None]
        conditions += [condition for item in body.items for condition in _conditions(item)]
        expressions = [
            *body.targets,
            *group,
            *body.distinct_on,
            *conditions,
            *(item.expression for item in query.order),
        ]
        return _are_keyed(key.type for key in keys) and self._expressions(expressions, own)

    def _item(self, item: FromItem) -> bool:
        if isinstance(item, JoinItem):
            return self._item(item.left) and self._item(item.right)
        if isinstance(item, QueryItem):
            return not item.lateral and self.query(item.query)
        return isinstance(item, TableItem) or (
            isinstance(item, CteItem) and (id(item.cte) in self._ctes or item.cte.given is not None)
        )

    def _expressions(self, expressions: Iterable[Expression], own: frozenset[int]) -> bool:
        """`own`: the positions of the level's columns; those of a level outside are another's."""
        return all(self._expression(expression, own) for expression in expressions)

    def _expression(self, expression: Expression, own: frozenset[int]) -> bool:
        if is_slow(expression) or is_volatile(expression):
            return False
        for node in walk(expression):
            if isinstance(node, Cast) and (node.type.name in OBJECTS or node.argument.type.name in OBJECTS):
                return False
            if (
                isinstance(node, Column)
                and node.position not in own
                and not self._call(self._calls.get(node.position), own)
            ):
                return False
        return True

    def _call(self, call: Value | None, own: frozenset[int]) -> bool:
        if isinstance(call, Merged):
            return self._expression(call.expression, own)
        if isinstance(call, AggregateCall):
            return self._aggregate(call, own)
        return isinstance(call, Subquery) and self._subquery(call, own)

    def _aggregate(self, call: AggregateCall, own: frozenset[int]) -> bool:
        if call.within_group or (call.arguments and call.overload.over is None):
            return False
        if call.distinct and not _are_keyed(argument.type for argument in call.arguments):
            return False
        parts = [*call.arguments, *(item.expression for item in call.order)]
        return self._sorted(call.order) and self._expressions(
            [*parts, call.filter] if call.filter is not None else parts, own
        )

    def _subquery(self, call: Subquery, own: frozenset[int]) -> bool:
        """One that does not depend on the row around it; x IN (...), where x is compared with the column itself."""
        if not self.query(call.query):
            return False
        if call.kind in ("EXISTS", "SCALAR"):
            return True
        if call.kind not in ("ANY", "ALL") or len(call.comparisons) != 1:
            return False
        [comparison] = call.comparisons
        if not isinstance(comparison, Call) or comparison.name not in COMPARISONS or len(comparison.arguments) != 2:
            return False
        left, right = comparison.arguments
        is_listed = (
            is_array("_" + right.type.name) and right.type.name != "bpchar" and columns_of(right) == {call.offset}
        )
        return is_listed and call.offset not in columns_of(left) and self._expression(left, own)


def _are_keyed(types: Iterable[ColumnType]) -> bool:
    return all(type_.name in KEYED for type_ in types)


def _conditions(item: FromItem) -> Iterator[Expression]:
    if isinstance(item, JoinItem):
        if item.condition is not None:
            yield item.condition
        yield from _conditions(item.left)
        yield from _conditions(item.right)
