"""Names in scope of a SELECT: relations of the FROM clause, their columns, and common table expressions.

A `Slot` is one value that an expression may refer to: the SQL text that yields it in DuckDB, and its PostgreSQL type. The analyzer sees slots by number
(`Scope.resolve` gives the number and the type); emit.py puts the text back. Aggregates, window calls and subqueries become slots too
(calls.py), which is how the scalar analyzer needs to know nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.common.errors import AMBIGUOUS_COLUMN, UNDEFINED_COLUMN, UNDEFINED_TABLE, DatabaseError
from actors.sql.types.column_type import ColumnType

SLOT_MARK = "\x00slot"
"""First field of a made-up column reference to a slot, its number the second."""


@dataclass(frozen=True)
class Output:
    """One column of a relation or of a query's result. `sql` is how the enclosing level refers to it."""

    name: str
    sql: str
    type: ColumnType
    table_oid: int = 0
    attribute: int = 0
    hidden: bool = False
    """Reachable by its qualified name, but not part of `*` (the second copy of a USING column)."""


@dataclass(frozen=True)
class Relation:
    """One FROM item. `schema`: set where the name may be qualified by it; `merged`: unqualified names found nowhere else (USING columns)."""

    alias: str
    columns: tuple[Output, ...]
    schema: str = ""
    nullable: bool = False
    """On the side of an outer join that may have no row."""
    is_scalar: bool = False
    """A function's rows of one value: the alias alone means that."""

    def find(self, name: str) -> Output | None:
        found = [column for column in self.columns if column.name == name]
        if len(found) > 1:
            raise DatabaseError(AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        return found[0] if found else None


@dataclass
class Query:
    """A translated SELECT: its DuckDB text and its columns (`sql` of each is the plain column name c1, c2 ...)."""

    sql: str
    columns: tuple[Output, ...]


@dataclass
class Level:
    """The names of one SELECT level; `parent` is the enclosing query's, for correlated subqueries."""

    parent: Level | None = None
    relations: list[Relation] = field(default_factory=list)
    merged: dict[str, Output] = field(default_factory=dict)
    """Unqualified names of USING/NATURAL columns."""
    ctes: dict[str, tuple[str, tuple[Output, ...]]] = field(default_factory=dict)
    """Name -> (name in DuckDB, columns)."""
    hidden_by_lateral: int = 0
    grouped: Sequence[Any] = ()
    """The items of GROUP BY."""
    aggregated: bool = False
    """An aggregate was met."""

    def find_cte(self, name: str) -> tuple[str, tuple[Output, ...]] | None:
        level: Level | None = self
        while level is not None:
            if name in level.ctes:
                return level.ctes[name]
            level = level.parent
        return None

    def add(self, relation: Relation) -> None:
        if any(other.alias == relation.alias and other.schema == relation.schema for other in self.relations if relation.alias):
            raise DatabaseError("42712", f'table name "{relation.alias}" specified more than once')
        self.relations.append(relation)

    def column(self, names: Sequence[str]) -> Output:
        """Resolve `c`, `t.c` or `s.t.c`, outwards. Raises 42703, 42702, 42P01 as PostgreSQL does."""
        level: Level | None = self
        while level is not None:
            found = level._own_column(names)
            if found is not None:
                return found
            level = level.parent
        if len(names) == 1:
            whole = self._relation(names)
            if whole is not None:
                raise DatabaseError("0A000", f"whole-row reference to {names[0]} is not supported")
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{names[0]}" does not exist')
        relation = self._relation(names[:-1])
        if relation is None:
            raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{names[-2]}"')
        raise DatabaseError(UNDEFINED_COLUMN, f"column {names[-2]}.{names[-1]} does not exist")

    def is_row(self, names: Sequence[str]) -> bool:
        """Whether the name is a relation's, not a column's: its whole row is meant."""
        level: Level | None = self
        while level is not None:
            if level._own_column(names) is not None:
                return False
            level = level.parent
        return len(names) == 1 and self._relation(names) is not None

    def is_nullable(self, names: Sequence[str]) -> bool:
        """Whether the relation may have no row where others have one."""
        relation = self._relation(names)
        return relation is not None and relation.nullable

    def _own_column(self, names: Sequence[str]) -> Output | None:
        if len(names) > 1:
            relation = self._own_relation(names[:-1])
            return relation.find(names[-1]) if relation is not None else None
        name = names[0]
        if name in self.merged:
            return self.merged[name]
        found = [column for relation in self.relations for column in relation.columns if column.name == name and not column.hidden]
        if len(found) > 1:
            raise DatabaseError(AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        if not found:
            found = [relation.columns[0] for relation in self.relations if relation.alias == name and relation.is_scalar]
        return found[0] if found else None

    def _own_relation(self, names: Sequence[str]) -> Relation | None:
        for relation in self.relations:
            if relation.alias == names[-1] and (len(names) == 1 or relation.schema == names[-2]):
                return relation
        return None

    def _relation(self, names: Sequence[str]) -> Relation | None:
        level: Level | None = self
        while level is not None:
            found = level._own_relation(names)
            if found is not None:
                return found
            level = level.parent
        return None

    def star(self, qualifier: Sequence[str]) -> list[Output]:
        """The columns of `*` or `t.*`."""
        if qualifier:
            relation = self._relation(qualifier)
            if relation is None:
                raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{qualifier[-1]}"')
            return list(relation.columns)
        if not self.relations:
            raise DatabaseError("42601", "SELECT * with no tables specified is not valid")
        return [*self.merged.values(), *(column for relation in self.relations for column in relation.columns if not column.hidden)]


class Slots:
    """Numbered values; the same value has one number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ColumnType], int] = {}
        self.sql: list[str] = []
        self.types: list[ColumnType] = []

    def number(self, sql: str, type_: ColumnType) -> int:
        key = (sql, type_)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.sql)
            self.sql.append(sql)
            self.types.append(type_)
        return number
