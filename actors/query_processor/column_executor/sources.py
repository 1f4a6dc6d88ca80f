"""The base tables of a statement: what each must deliver to DuckDB (feeding.py gets it).

Each mention of a table in FROM is a source of its own, with its own name in DuckDB (`v1`, `v2` ...), the columns that
the finished SQL mentions, and the conjuncts of WHERE and inner joins that concern it alone and that storage can
evaluate (immutable functions of its columns, constants and parameters). The conjuncts stay in the SQL too: filtering
twice costs little and keeps one place responsible for the meaning. Conjuncts on leading columns of the primary key also
bound the key range that is read at all, from the least key of an IN list to the greatest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.query_processor.planner.conditions import narrowed
from actors.query_processor.planner.deparse import deparse
from actors.query_processor.planner.facts import conjuncts as parts_of
from actors.query_processor.row_executor.key_ranges import KeyRanges
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding.query import ROW_KEY, Cte, FromItem, JoinItem, Select, SystemItem, TableItem, leaves
from actors.sql.catalog.schema import Table
from actors.sql.catalog.system_tables import SystemTable
from actors.sql.encoding.keys import keyspace, prefix_end
from actors.sql.expressions import tree
from actors.sql.expressions.tree import Expression
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.expressions.environment import Environment


OID = ColumnType("oid")


@dataclass
class Source:
    """One mention of a stored or system table. `used`: positions of the columns that the statement needs, ascending."""

    view: str
    schema: str
    name: str
    columns: tuple[tuple[str, int, ColumnType], ...]
    """(name, position in the row, type) of the live columns."""
    table: Table | None = None
    system: SystemTable | None = None
    filters: list[Any] = field(default_factory=list)
    filter_texts: list[str] = field(default_factory=list)
    used: tuple[int, ...] = ()
    alias: str = ""
    ranges: KeyRanges | None = None
    """Of the primary key, where the filters narrow it."""
    given: int | None = None
    """The part of the statement whose rows these are (StatementView)."""
    keyed: bool = False
    """The last column is the key that the row lies under."""

    def key_range(self, parameters: Sequence[Any], environment: Environment) -> tuple[bytes, bytes]:
        """Of a stored table: [start, end) that holds every row which passes the filters."""
        assert self.table is not None
        space = keyspace(self.table.id, self.table.primary.id)
        if self.ranges is None:
            return space, prefix_end(space)
        ranges = self.ranges.ranges(parameters, environment)
        return (ranges[0][0], ranges[-1][1]) if ranges else (space, space + b"\x00")

    def types(self) -> list[ColumnType]:
        """Of all positions, those of dropped columns too."""
        if self.table is not None:
            return [*(column.type for column in self.table.columns), *([ROW_KEY] if self.keyed else [])]
        if self.given is not None:
            return [type_ for _, _, type_ in self.columns]
        return [*(type_ for _, _, type_ in self.columns), OID]

    def type_at(self, position: int) -> ColumnType:
        return self.types()[position]


class Sources:
    """All sources of one statement."""

    def __init__(self) -> None:
        self.all: list[Source] = []
        self._by_item: dict[int, Source] = {}

    def add(self, item: TableItem | SystemItem, alias: str) -> Source:
        view = f"v{len(self.all) + 1}"
        if isinstance(item, SystemItem):
            columns = tuple((column, number, type_) for number, (column, type_) in enumerate(item.system.columns))
            source = Source(view, item.system.schema, item.name, columns, system=item.system, alias=alias)
        else:
            table = item.table
            columns = tuple((column.name, column.position, column.type) for column in table.live_columns())
            if item.keyed:
                columns = (*columns, ("ctid", len(table.columns), ROW_KEY))
            source = Source(view, table.schema, table.name, columns, table=table, alias=alias, keyed=item.keyed)
            self._by_item[id(item)] = source
        self.all.append(source)
        return source

    def add_given(self, cte: Cte, alias: str) -> Source:
        """Rows that another part of the statement gives."""
        columns = tuple((each.name, number, each.type) for number, each in enumerate(cte.columns or ()))
        source = Source(f"v{len(self.all) + 1}", "", cte.name, columns, alias=alias, given=cte.given)
        self.all.append(source)
        return source

    def push_filters(self, select: Select) -> None:
        """Give each table the conditions that concern it alone. Not below outer joins, where WHERE filters the joined
        rows."""
        if any(map(_has_outer_join, select.items)):
            return
        parts = [] if select.where is None else parts_of(select.where)
        parts += [part for item in select.items for condition in _join_conditions(item) for part in parts_of(condition)]
        for item in leaves(select.items) if parts else ():
            if isinstance(item, TableItem):
                self._push(self._by_item[id(item)], item, parts)

    def _push(self, source: Source, item: TableItem, parts: Sequence[Expression]) -> None:
        names = {column.position: column.name for column in item.table.columns}
        for part in parts:
            moved = _storable(part, item)
            if moved is not None:
                source.filters.append(moved)
                source.filter_texts.append(deparse(moved, lambda position: names[position]))
        primary = stored_table(item.table).primary
        choice = narrowed(primary, source.filters)
        if not choice.whole:
            source.ranges = KeyRanges(primary, choice.equalities, choice.bounds)

    def finish(self, sql: str) -> None:
        """Once the statement's SQL is known: note which columns it mentions."""
        mentioned: dict[str, set[int]] = {}
        for alias, place in re.findall(r"\b(r\d+)\.c(\d+)\b", sql):
            mentioned.setdefault(alias, set()).add(int(place) - 1)
        for source in self.all:
            positions = sorted(mentioned.get(source.alias, ()))
            source.used = tuple(positions or [source.columns[0][1]])


def _has_outer_join(item: FromItem) -> bool:
    return isinstance(item, JoinItem) and (
        item.kind != "INNER" or _has_outer_join(item.left) or _has_outer_join(item.right)
    )


def _join_conditions(item: FromItem) -> Iterator[Expression]:
    if isinstance(item, JoinItem):
        if item.condition is not None:
            yield item.condition
        yield from _join_conditions(item.left)
        yield from _join_conditions(item.right)


def _storable(part: Expression, item: TableItem) -> Expression | None:
    """The condition as a storage filter, by positions in the row; None where it is not one."""
    own = range(item.offset, item.offset + item.width)
    positions = tree.columns_of(part)
    if (
        not positions
        or not all(position in own for position in positions)
        or not tree.is_immutable(part)
        or tree.is_slow(part)
    ):
        return None
    if not item.offset:
        return part

    def move(node: Expression) -> Expression | None:
        return tree.Column(node.position - item.offset, node.type) if isinstance(node, tree.Column) else None

    return tree.rewrite(part, move)
