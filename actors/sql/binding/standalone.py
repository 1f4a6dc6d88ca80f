"""A query within a statement as a statement of its own, where it depends on nothing around it.

    UPDATE t SET n = (SELECT max(m) FROM u) WHERE id = $1
        u's columns have the positions 4 and 5 of the UPDATE, and 0 and 1 in the statement that is made of the query

So it is planned as if it had been sent alone (its first table begins at position 0), and runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import msgspec

from actors.sql.binding.query import (
    BoundQuery,
    BoundStatement,
    Cte,
    CteItem,
    FromItem,
    FunctionItem,
    JoinItem,
    QueryItem,
    RelationItem,
    Select,
    SetOperation,
    Subquery,
    SystemItem,
    TableItem,
    Values,
)
from actors.sql.expressions.tree import NODES, Column, Expression, rewrite
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

INT4 = ColumnType("int4")


def standalone(query: BoundQuery, values: Values) -> BoundStatement | None:
    """The statement; None where the query depends on what is around it. `values`: of the statement that it is in."""
    copy = _Copy(values, {})
    made = copy.query(query)
    return None if copy.depends else copy.statement(made)


def over_rows(
    wanted: Sequence[Expression], values: Values, outer: Mapping[int, int], width: int, item: Callable[[int], FromItem]
) -> BoundStatement:
    """SELECT expressions of a statement for rows: `item` makes their FROM item of its offset, `width` columns wide, and
    `outer` says at which place of a row a position around these values is. The last column, an int4, comes first."""
    copy = _Copy(values, {})
    offset = copy.block(outer, width)
    targets: list[Expression] = [Column(offset + width - 1, INT4)]
    targets += map(copy.expression, wanted)
    assert not copy.depends, "what RETURNING mentions is in its rows"
    columns = tuple(Field(f"c{number}", target.type) for number, target in enumerate(targets))
    return copy.statement(BoundQuery(Select((item(offset),), None, targets), columns))


class _Copy:
    """`depends`: something has been met that is around what is copied."""

    def __init__(self, values: Values, places: Mapping[int, int]) -> None:
        self._calls = values.calls
        self._places = dict(places)
        self._ctes: dict[int, Cte] = {}
        self._around: list[Cte] = []
        """Copies of common table expressions around what is copied."""
        self.depends = False
        self.values = Values()
        self.relations: list[RelationItem] = []

    def block(self, outer: Mapping[int, int], width: int) -> int:
        """Positions of rows whose places are those of values around what is copied."""
        first = self.values.block(width)
        self._places.update((position, first + place) for position, place in outer.items())
        return first

    def statement(self, query: BoundQuery) -> BoundStatement:
        """Of a query that has been copied."""
        if self._around:
            recursive = query.recursive or any(cte.recursive for cte in self._around)
            query = replace(query, ctes=(*self._around, *query.ctes), recursive=recursive)
        return BoundStatement(query, self.values, tuple(self.relations))

    def query(self, query: BoundQuery) -> BoundQuery:
        ctes = tuple(map(self._cte, query.ctes))
        body = query.body
        made: Any
        if isinstance(body, SetOperation):
            made = SetOperation(body.word, body.every, self.query(body.left), self.query(body.right))
        elif isinstance(body, Select):
            items = tuple(map(self._item, body.items))
            made = Select(items, None, [])
            for each in fields(body):
                if each.name != "items":
                    setattr(made, each.name, self._part(getattr(body, each.name)))
        else:
            made = replace(body, rows=self._part(body.rows))
        return replace(
            query,
            body=made,
            ctes=ctes,
            order=self._part(query.order),
            limit=self._part(query.limit),
            offset=self._part(query.offset),
        )

    def _cte(self, cte: Cte) -> Cte:
        made = self._ctes[id(cte)] = replace(cte)
        if cte.query is not None:
            made.query = self.query(cte.query)
        return made

    # -- FROM

    def _block(self, offset: int, width: int) -> int:
        first = self.values.block(width)
        self._places.update((offset + number, first + number) for number in range(width))
        return first

    def _item(self, item: FromItem) -> FromItem:
        if isinstance(item, JoinItem):
            left, right = self._item(item.left), self._item(item.right)
            return JoinItem(item.kind, left, right, self._part(item.condition))
        made: Any
        if isinstance(item, QueryItem):
            made = QueryItem(self.query(item.query), 0, item.lateral)
        elif isinstance(item, CteItem):
            made = CteItem(self._mentioned(item.cte), 0)
        elif isinstance(item, FunctionItem):
            made = replace(item, calls=self._part(item.calls))
        else:
            made = replace(item)
        made.offset = self._block(item.offset, item.width)
        if isinstance(made, TableItem | SystemItem):
            self.relations.append(made)
        return made  # type: ignore[no-any-return]

    def _mentioned(self, cte: Cte) -> Cte:
        """One of its own, or one around, which is taken along; what a part of the statement gives that writes is
        everybody's."""
        found = self._ctes.get(id(cte))
        if found is None and cte.given is None:
            found = self._cte(cte)
            self._around.append(found)
        return cte if found is None else found

    # -- expressions, and what holds them

    def _part(self, part: Any) -> Any:
        if isinstance(part, NODES):
            return self.expression(part)
        if isinstance(part, tuple | list):
            return type(part)(self._part(each) for each in part)
        if isinstance(part, Subquery):
            query = self.query(part.query)
            offset = self._block(part.offset, len(part.query.columns)) if part.comparisons else 0
            return msgspec.structs.replace(part, query=query, offset=offset, comparisons=self._part(part.comparisons))
        if isinstance(part, msgspec.Struct):
            changed = {
                name: self._part(value)
                for name in part.__struct_fields__
                if isinstance(value := getattr(part, name), (msgspec.Struct, tuple))
            }
            return msgspec.structs.replace(part, **changed)
        return part

    def expression(self, expression: Expression) -> Expression:
        return rewrite(expression, self._moved)

    def _moved(self, node: Expression) -> Expression | None:
        if not isinstance(node, Column):
            return None
        place = self._places.get(node.position)
        if place is None:
            call = self._calls.get(node.position)
            if call is None:
                self.depends = True
                return None
            place = self._places[node.position] = self.values.number(self._part(call))
        return Column(place, node.type)
