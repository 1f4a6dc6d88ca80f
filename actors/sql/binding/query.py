"""The bound query: a SELECT whose names, types and functions are decided. Both executors plan from it, and neither
looks at the parser's tree again.

    bind_statement(SELECT o.id, sum(i.price) FROM orders o JOIN items i ON i.order_id = o.id GROUP BY o.id,
                   catalog, parameters)
    items      JoinItem("INNER", TableItem(orders, offset 0), TableItem(items, offset 4), Call("=", (Column(5),
               Column(0))))
    targets    Column(0), Column(7)                    values.calls[7] == AggregateCall("sum", (Column(6),))
    group      Column(0)

Expressions are those of sql/expressions/tree.py. `Column(position)` is a value of the statement: each FROM item has a
block of positions, one for each of its columns, and what has no value in one row alone (an aggregate, a window call, a
subquery) has a position of its own, whose meaning `Values.calls` tells. Positions are the whole statement's, so a
correlated subquery mentions an outer column by its number. The block of a statement's first table begins at 0, as its
row does: an expression of one table is for its rows as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from actors.sql.aggregates.registry import Overload
from actors.sql.catalog.catalog_functions import CatalogFunction
from actors.sql.catalog.schema import Table
from actors.sql.catalog.system_tables import SystemTable
from actors.sql.expressions.tree import Expression
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

INVOKER = -1
"""Whoever runs the statement, also where a view's owner reads what is around."""
ROW_KEY = ColumnType("bytea")
"""A row's whole key, where a statement needs it as a value."""


# -- FROM --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class TableItem:
    """A stored table. `renamed`: it has an alias, so its schema-qualified name is not visible. `read`: positions of the
    columns that the statement mentions, whether or not they are computed in the end: what privileges are asked for.
    `keyed`: the last position is the key that the row lies under. `locked`: a locking clause is about it."""

    table: Table
    alias: str
    offset: int
    renamed: bool = False
    read: set[int] = field(default_factory=set)
    keyed: bool = False
    locked: bool = False
    reader: int | None = None
    """Whose privileges count, in the body of a SQL function: a role, or INVOKER."""

    @property
    def width(self) -> int:
        return len(self.table.columns) + self.keyed


@dataclass(slots=True, eq=False)
class SystemItem:
    """A relation of the system's catalogs: its columns, then tableoid."""

    system: SystemTable
    name: str
    offset: int

    @property
    def width(self) -> int:
        return len(self.system.columns) + 1


@dataclass(slots=True, eq=False)
class QueryItem:
    query: BoundQuery
    offset: int
    lateral: bool = False

    @property
    def width(self) -> int:
        return len(self.query.columns)


@dataclass(slots=True, eq=False)
class CteItem:
    """One mention of a common table expression."""

    cte: Cte
    offset: int

    @property
    def width(self) -> int:
        return len(self.cte.columns or ())


@dataclass(slots=True, eq=False)
class FunctionItem:
    """A function in FROM. `calls`: SetCalls side by side (the shorter ones filled with NULLs), or one expression of one
    row. Its columns are those of the calls, then the number of the row, where `ordinality` says so."""

    calls: tuple[SetCall | Expression, ...]
    offset: int
    ordinality: bool = False

    @property
    def width(self) -> int:
        return len(self.calls) + self.ordinality


@dataclass(slots=True, eq=False)
class EmptyItem:
    """What has columns and no rows."""

    types: tuple[ColumnType, ...]
    offset: int

    @property
    def width(self) -> int:
        return len(self.types)


@dataclass(slots=True, eq=False)
class JoinItem:
    """`kind`: INNER, LEFT, RIGHT or FULL. No condition: every row with every other one."""

    kind: str
    left: FromItem
    right: FromItem
    condition: Expression | None


RelationItem = TableItem | SystemItem
Leaf = TableItem | SystemItem | QueryItem | CteItem | FunctionItem | EmptyItem
FromItem = Leaf | JoinItem


def leaves(items: Sequence[FromItem]) -> Iterator[Leaf]:
    """The items below joins, from left to right."""
    for item in items:
        if isinstance(item, JoinItem):
            yield from leaves((item.left, item.right))
        else:
            yield item


def types_of(leaf: Leaf) -> list[ColumnType]:
    """Of its columns, by position behind its offset."""
    if isinstance(leaf, TableItem):
        return [*(column.type for column in leaf.table.columns), *([ROW_KEY] if leaf.keyed else [])]
    if isinstance(leaf, SystemItem):
        return [*(type_ for _, type_ in leaf.system.columns), ColumnType("oid")]
    if isinstance(leaf, QueryItem):
        return [column.type for column in leaf.query.columns]
    if isinstance(leaf, CteItem):
        return [column.type for column in leaf.cte.columns or ()]
    if isinstance(leaf, FunctionItem):
        return [*(call.type for call in leaf.calls), *([ColumnType("int8")] if leaf.ordinality else [])]
    return list(leaf.types)


@dataclass(slots=True, eq=False)
class Cte:
    """A common table expression. `query` is None while the recursive term of its own query is bound, and where it is a
    part of the statement that writes: the number of that part is `given`, and its RETURNING has the rows (`columns`
    None: it has none). `relations` and `uses`: what it mentions."""

    name: str
    columns: tuple[Field, ...] | None
    query: BoundQuery | None
    recursive: bool = False
    materialized: bool = False
    given: int | None = None
    relations: list[RelationItem] = field(default_factory=list)
    uses: list[Cte] = field(default_factory=list)


# -- values that are not of one row ------------------------------------------------------------------------------------


class SortItem(msgspec.Struct, frozen=True):
    """`output`: the number of the output column that is meant, None for an expression of its own."""

    expression: Expression
    descending: bool = False
    nulls_first: bool = False
    output: int | None = None


class AggregateCall(msgspec.Struct, frozen=True):
    """`arguments` are as `overload` wants them, none for count(*). `order`: within the call, or WITHIN GROUP."""

    overload: Overload
    arguments: tuple[Expression, ...]
    type: ColumnType
    distinct: bool = False
    filter: Expression | None = None
    order: tuple[SortItem, ...] = ()
    within_group: bool = False

    @property
    def name(self) -> str:
        return self.overload.name


class Frame(msgspec.Struct, frozen=True):
    """`start` and `end` as SQL says them; PRECEDING or FOLLOWING alone is preceded by the offset."""

    unit: str
    start: str
    end: str
    start_offset: Expression | None = None
    end_offset: Expression | None = None
    exclude: str = ""


class WindowCall(msgspec.Struct, frozen=True):
    """A window function's name and arguments, or an aggregate's call, over a window."""

    name: str
    arguments: tuple[Expression, ...]
    type: ColumnType
    partition: tuple[Expression, ...] = ()
    order: tuple[SortItem, ...] = ()
    frame: Frame | None = None
    aggregate: AggregateCall | None = None


class Subquery(msgspec.Struct, frozen=True):
    """`kind`: EXISTS, SCALAR, ARRAY, ANY or ALL (whether the comparison holds for any or all rows), ROW (it holds for
    the only row). `comparisons` are joined by AND, or for <> by OR; the query's columns have the positions from
    `offset` on in them."""

    kind: str
    query: BoundQuery
    type: ColumnType
    comparisons: tuple[Expression, ...] = ()
    operator: str = ""
    offset: int = 0


class SetCall(msgspec.Struct, frozen=True):
    """A function that returns rows of one column."""

    name: str
    arguments: tuple[Expression, ...]
    type: ColumnType


class FieldOf(msgspec.Struct, frozen=True):
    """A field of a row that _pg_expandarray made."""

    argument: Expression
    name: str
    type: ColumnType


class GroupingCall(msgspec.Struct, frozen=True):
    """GROUPING(...)"""

    arguments: tuple[Expression, ...]
    type: ColumnType


class CatalogCall(msgspec.Struct, frozen=True):
    """A function over the transaction's catalog. `type` is the function's result, or the object type that stands for
    it."""

    name: str
    function: CatalogFunction
    arguments: tuple[Expression, ...]
    type: ColumnType


class Merged(msgspec.Struct, frozen=True):
    """A column that FULL JOIN ... USING makes of two."""

    expression: Expression
    type: ColumnType


Value = AggregateCall | WindowCall | Subquery | SetCall | FieldOf | GroupingCall | CatalogCall | Merged


class Values:
    """What the positions of one statement mean."""

    __slots__ = ("_numbers", "calls", "size")

    def __init__(self) -> None:
        self.size = 0
        self.calls: dict[int, Value] = {}
        self._numbers: dict[Value, int] = {}

    def block(self, width: int) -> int:
        """The first of so many new positions."""
        first = self.size
        self.size += width
        return first

    def number(self, value: Value) -> int:
        """The position of a value; equal ones have the same."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = self.block(1)
            self.calls[found] = value
        return found


# -- queries -----------------------------------------------------------------------------------------------------------


class GroupingSet(msgspec.Struct, frozen=True):
    """`kind`: ROLLUP, CUBE, SETS, EMPTY, or ROW for (a, b) within one of these."""

    kind: str
    content: tuple[GroupItem, ...]


GroupItem = Expression | GroupingSet


@dataclass(slots=True, eq=False)
class Select:
    """`aggregated`: it has aggregates, GROUP BY or HAVING. `dependent`: columns that GROUP BY decides, since it has the
    whole primary key of their table."""

    items: tuple[FromItem, ...]
    where: Expression | None
    targets: list[Expression]
    group: tuple[GroupItem, ...] = ()
    group_distinct: bool = False
    dependent: tuple[Expression, ...] = ()
    having: Expression | None = None
    distinct: bool = False
    distinct_on: tuple[Expression, ...] = ()
    aggregated: bool = False
    windowed: bool = False
    sets: tuple[str, ...] = ()
    """Names of the functions that return rows in the select list."""

    @property
    def returns_sets(self) -> bool:
        return bool(self.sets)


@dataclass(slots=True, eq=False)
class SetOperation:
    """`word`: UNION, INTERSECT or EXCEPT, of two queries whose columns become the types of the whole."""

    word: str
    every: bool
    left: BoundQuery
    right: BoundQuery


@dataclass(slots=True, eq=False)
class ValuesRows:
    """VALUES: expressions of the columns' types."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(slots=True, eq=False)
class BoundQuery:
    """One query level. `columns` has its output as clients are told of it. A limit of None is none. `locking`: the
    parser's query, where it has locking clauses, which are the planner's."""

    body: Select | SetOperation | ValuesRows
    columns: tuple[Field, ...]
    ctes: tuple[Cte, ...] = ()
    recursive: bool = False
    order: tuple[SortItem, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    ties: bool = False
    locking: Any = None


@dataclass(slots=True, eq=False)
class BoundStatement:
    """`relations`: every mention of a relation in it, in subqueries too."""

    query: BoundQuery
    values: Values
    relations: tuple[RelationItem, ...]

    @property
    def tables(self) -> list[TableItem]:
        return tables_of(self.relations)


def tables_of(relations: Iterable[RelationItem]) -> list[TableItem]:
    return [item for item in relations if isinstance(item, TableItem)]
