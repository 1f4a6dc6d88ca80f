"""Names in scope of one query level: relations of its FROM clause, their columns, columns that USING has merged, and
common table expressions.

    level.resolve(("i", "price")) == (6 + 2, numeric)

A name that its own level does not know is looked for outwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from pglast import ast

from actors.common.errors import (
    AMBIGUOUS_COLUMN,
    INVALID_COLUMN_REFERENCE,
    UNDEFINED_COLUMN,
    UNDEFINED_TABLE,
    DatabaseError,
)
from actors.sql.binding.query import Cte, TableItem
from actors.sql.binding.scope import position_of
from actors.sql.catalog.schema import DATABASE_NAME, Table
from actors.sql.expressions.tree import Column
from actors.sql.types.column_type import ColumnType

DUPLICATE_ALIAS = "42712"
COLUMN_PARTS = 4
"""Of a name that begins with the database."""
TABLES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Named:
    """A column under its name. `position` counts from its relation's offset."""

    name: str
    position: int
    type: ColumnType
    table_oid: int = 0
    attribute: int = 0
    hidden: bool = False
    """Reachable by its qualified name, but not part of `*`: a system column."""


class NamedColumns:
    """The columns of a relation in order, and by name."""

    __slots__ = ("by_name", "listed")

    def __init__(self, columns: Sequence[Named]) -> None:
        self.listed = tuple(columns)
        self.by_name: dict[str, Named | None] = {}
        """None: several have the name."""
        for column in columns:
            self.by_name[column.name] = None if column.name in self.by_name else column


@lru_cache(maxsize=TABLES_MAX)
def columns_of_table(table: Table) -> NamedColumns:
    return NamedColumns(
        [
            Named(column.name, column.position, column.type, table.id, column.position + 1)
            for column in table.columns
            if not column.dropped
        ]
    )


def renamed(columns: Sequence[Named], names: Sequence[str], what: str) -> list[Named]:
    """Alias column names given in `AS t (a, b)`; there may be fewer of them than columns. Raises 42P10."""
    visible = [column for column in columns if not column.hidden]
    if len(names) > len(visible):
        raise DatabaseError(
            INVALID_COLUMN_REFERENCE,
            f'table "{what}" has {len(visible)} columns available but {len(names)} columns specified',
        )
    return [*(replace(column, name=name) for column, name in zip(columns, names, strict=False)), *columns[len(names) :]]


@dataclass(slots=True)
class Relation:
    """One name of a FROM clause. `schema`: set where the name may be qualified by it. `table_name`: of a table that an
    alias hides. `merged`: names of its columns that USING has merged, which are reachable by their qualified names
    only."""

    alias: str
    columns: NamedColumns
    offset: int = 0
    schema: str = ""
    table_name: str = ""
    items: tuple[TableItem, ...] = ()
    """The stored tables that it has the columns of."""
    merged: frozenset[str] = frozenset()
    nullable: bool = False
    """On the side of an outer join that may have no row."""
    is_scalar: bool = False
    """A function's rows of one value, which its alias alone means."""
    is_shadow: bool = False
    """`old` or `new` of RETURNING: reachable by qualified names only, and no part of `*`."""

    def find(self, name: str) -> Named | None:
        if name not in self.columns.by_name:
            return None
        column = self.columns.by_name[name]
        if column is None:
            raise DatabaseError(AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        return column

    def mark(self, position: int) -> None:
        """A column of its is read."""
        for item in self.items:
            if item.offset <= position < item.offset + item.width:
                item.read.add(position - item.offset)

    def visible(self) -> Iterator[Named]:
        """The columns of `*`."""
        return (column for column in self.columns.listed if not column.hidden and column.name not in self.merged)


@dataclass(slots=True)
class Found:
    """A column, and the relation that it is of: None for a merged one."""

    column: Named
    relation: Relation | None = None

    @property
    def position(self) -> int:
        """In the statement."""
        return self.column.position + (0 if self.relation is None else self.relation.offset)


@dataclass(slots=True)
class Level:
    """`parent` is the enclosing query's, for correlated subqueries."""

    parent: Level | None = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Named] = field(default_factory=dict)
    """Unqualified names of USING and NATURAL columns; their positions are the statement's."""
    ctes: dict[str, Cte] = field(default_factory=dict)
    aggregated: bool = False
    """An aggregate was met."""
    place: Any = None
    """The clause in which the subquery stands that is bound now (query_analysis.py); None: FROM."""
    windows: dict[str, Any] = field(default_factory=dict)
    """Of the WINDOW clause, as they are parsed."""
    windowed: bool = False
    """A window call was met."""
    sets: list[str] = field(default_factory=list)
    """Names of the functions that return rows in the select list."""

    is_arguments: bool = False
    """Of a SQL function: its arguments are values to the queries of its body, no columns of a level around them."""
    beyond: list[Relation] = field(default_factory=list)
    """Of the statement, but not to be mentioned here."""
    places: dict[int, int] = field(default_factory=dict)
    """Where a position is first mentioned outside of aggregates: its place in the statement's text."""

    def find_cte(self, name: str) -> Cte | None:
        level: Level | None = self
        while level is not None:
            if name in level.ctes:
                return level.ctes[name]
            level = level.parent
        return None

    def add(self, relation: Relation) -> None:
        if any(
            other.alias == relation.alias and other.schema == relation.schema
            for other in self.relations
            if relation.alias
        ):
            raise DatabaseError(DUPLICATE_ALIAS, f'table name "{relation.alias}" specified more than once')
        self.relations.append(relation)

    def without_siblings(self) -> Level:
        """What a FROM subquery that is not LATERAL may see: the CTEs of its level and everything outside."""
        return Level(parent=self.parent, ctes=self.ctes)

    def level_of(self, positions: Set[int]) -> Level:
        """The innermost one of which there are columns at these positions; this one where there are none of any."""
        level: Level | None = self
        while level is not None:
            if not level.is_arguments and not positions.isdisjoint(level._own_positions()):
                return level
            level = level.parent
        return self

    def _own_positions(self) -> Iterator[int]:
        for relation in self.relations:
            yield from (relation.offset + column.position for column in relation.columns.listed)
        yield from (column.position for column in self.merged.values())

    # -- columns

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        found = self.column(names)
        position = found.position
        if found.relation is not None:
            found.relation.mark(position)
        return position, found.column.type

    def mentioned(self, found: Found, node: Any) -> Column:
        """A column that `node` mentions outside of aggregates."""
        position = found.position
        if found.relation is not None:
            found.relation.mark(position)
        self.places.setdefault(position, position_of(node))
        return Column(position, found.column.type)

    def find(self, names: Sequence[str]) -> Found | None:
        """`c`, `t.c` or `s.t.c`, outwards. Raises 42702."""
        level: Level | None = self
        while level is not None:
            found = level.own_column(names)
            if found is not None:
                return found
            level = level.parent
        return None

    def column(self, names: Sequence[str]) -> Found:
        """Raises 42703, 42702, 42P01 as PostgreSQL does."""
        found = self.find(names)
        if found is not None:
            return found
        if len(names) == 1:
            there = next((relation for relation in self.beyond if names[0] in relation.columns.by_name), None)
            detail = ""
            if there is not None:
                detail = (
                    f'There is a column named "{names[0]}" in table "{there.alias}", but it cannot be referenced from '
                    f"this part of the query."
                )
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[0]}" does not exist', detail=detail)
        self.relation(names[:-1])
        raise DatabaseError(UNDEFINED_COLUMN, f"column {'.'.join(names[-2:])} does not exist")

    def tableoid(self, names: Sequence[str]) -> int | None:
        """The oid of the stored table whose system column is meant; None where it is none, or there may be no row."""
        if names[-1] != "tableoid":
            return None
        relation = self.relations[0] if len(names) == 1 and len(self.relations) == 1 else None
        if len(names) > 1:
            relation = self.find_relation(names[:-1])
        if relation is None or relation.nullable or len(relation.items) != 1:
            return None
        return relation.items[0].table.id

    def own_column(self, names: Sequence[str]) -> Found | None:
        if len(names) > 1:
            relation = self._own_relation(names[:-1])
            column = relation.find(names[-1]) if relation is not None else None
            return Found(column, relation) if column is not None else None
        name = names[0]
        if name in self.merged:
            return Found(self.merged[name])
        answer: Found | None = None
        for relation in self.relations:
            if relation.is_shadow or name not in relation.columns.by_name or name in relation.merged:
                continue
            column = relation.find(name)
            if column is None:
                continue
            if answer is not None:
                raise DatabaseError(AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
            answer = Found(column, relation)
        if answer is None:
            scalars = [relation for relation in self.relations if relation.is_scalar and relation.alias == name]
            answer = Found(scalars[0].columns.listed[0], scalars[0]) if scalars else None
        return answer

    # -- relations

    def _own_relation(self, names: Sequence[str]) -> Relation | None:
        for relation in self.relations:
            if relation.alias == names[-1] and (len(names) == 1 or (len(names) == 2 and relation.schema == names[-2])):
                return relation
        return None

    def find_relation(self, names: Sequence[str]) -> Relation | None:
        level: Level | None = self
        while level is not None:
            found = level._own_relation(names)
            if found is not None:
                return found
            level = level.parent
        return None

    def relation(self, names: Sequence[str]) -> Relation:
        """By alias, or by schema and name. Raises 42P01."""
        found = self.find_relation(names)
        if found is not None:
            return found
        name = names[-1]
        for relation in self.relations:
            if relation.table_name == name:
                raise DatabaseError(
                    UNDEFINED_TABLE,
                    f'invalid reference to FROM-clause entry for table "{name}"',
                    hint=f'Perhaps you meant to reference the table alias "{relation.alias}".',
                )
        if any(relation.alias == name for relation in self.beyond):
            raise DatabaseError(
                UNDEFINED_TABLE,
                f'invalid reference to FROM-clause entry for table "{name}"',
                detail=f'There is an entry for table "{name}", but it cannot be referenced from this part of the '
                f"query.",
            )
        raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{name}"')

    def star(self, qualifier: Sequence[str]) -> list[Found]:
        """The columns of `*` or `t.*`. Raises 42601, 42P01."""
        if qualifier:
            relation = self.relation(qualifier)
            return [Found(column, relation) for column in relation.columns.listed if not column.hidden]
        if not self.relations:
            raise DatabaseError("42601", "SELECT * with no tables specified is not valid")
        merged = [Found(column) for column in self.merged.values()]
        return [*merged, *(Found(column, relation) for relation in self._starred() for column in relation.visible())]

    def _starred(self) -> list[Relation]:
        return [relation for relation in self.relations if not relation.is_shadow]


def names_of(node: ast.ColumnRef) -> tuple[str, ...] | None:
    """The parts of a column reference; None where it ends in `*`."""
    if isinstance(node.fields[-1], ast.A_Star):
        return None
    return without_database(tuple(field.sval for field in node.fields))


def without_database(names: tuple[str, ...]) -> tuple[str, ...]:
    """database.schema.table.column is schema.table.column of the only database."""
    return names[1:] if len(names) == COLUMN_PARTS and names[0] == DATABASE_NAME else names
