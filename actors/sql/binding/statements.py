"""The bound forms of statements that write. Names, types, defaults and conversions are decided; what runs in rows and
what goes through a query is the planner's to say (query_processor/planner/change.py, insert.py).

    UPDATE t SET n = u.n + 1 FROM u WHERE u.id = t.id RETURNING t.n, u.id
    target        TableItem(t, offset 0)                items      TableItem(u, offset 3)
    assignments   n := Call("+", (Column(4), 1))        where      Call("=", (Column(3), Column(0)))
    returning     Column(1), Column(3)                  the target's positions mean the new row there

Expressions and positions are those of query.py. The target's block is the first one, so that an expression of its
columns alone is for its rows as it stands. The query of an INSERT is a statement of its own, with positions of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.sql.binding.query import BoundStatement, Cte, FromItem, QueryItem, RelationItem, TableItem, Values
from actors.sql.catalog.schema import Column, Index
from actors.sql.expressions.tree import Expression
from actors.sql.results import Field


@dataclass(frozen=True, slots=True)
class Assignment:
    """`value` is of the column's type, its modifier applied."""

    column: Column
    value: Expression


@dataclass(frozen=True, slots=True)
class Returning:
    """`old`, `new`: the target's row as it was before the statement and as it is after it, with positions of their
    own, where the list mentions them; all NULL where there is no such row."""

    targets: tuple[Expression, ...]
    fields: tuple[Field, ...]
    old: TableItem | None = None
    new: TableItem | None = None


@dataclass(slots=True, eq=False)
class BoundChange:
    """An UPDATE, or a DELETE: `assignments` None. `items`: of FROM or USING. `relations`: what it mentions beside
    the target."""

    target: TableItem
    items: tuple[FromItem, ...]
    where: Expression | None
    assignments: tuple[Assignment, ...] | None
    returning: Returning | None
    ctes: tuple[Cte, ...]
    recursive: bool
    values: Values
    relations: tuple[RelationItem, ...]

    @property
    def all_relations(self) -> tuple[RelationItem, ...]:
        """What it mentions beside the target, in its query too."""
        return self.relations

    @property
    def verb(self) -> str:
        return "DELETE" if self.assignments is None else "UPDATE"


@dataclass(frozen=True, slots=True)
class InsertRows:
    """VALUES, or DEFAULT VALUES: full rows, one expression for each column, those of dropped columns included."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class InsertQuery:
    """`row`: a full row, in which `Column(number)` is the query's output column."""

    statement: BoundStatement
    row: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """ON CONFLICT. `arbiters`: the indexes whose conflicts it is about; `inferred`: they were named. `assignments`
    None: DO NOTHING; their values and `where` see the row that is there, and behind it the proposed one,
    `excluded`."""

    arbiters: tuple[Index, ...]
    inferred: bool
    excluded: TableItem | None = None
    assignments: tuple[Assignment, ...] | None = None
    where: Expression | None = None


@dataclass(slots=True, eq=False)
class BoundInsert:
    """`given`: positions of the columns that the statement has values for, which are not all defaults. `ctes`, `values`
    and `relations` are those of VALUES, ON CONFLICT and RETURNING."""

    target: TableItem
    given: tuple[int, ...]
    source: InsertRows | InsertQuery
    conflict: Conflict | None
    returning: Returning | None
    ctes: tuple[Cte, ...]
    recursive: bool
    values: Values
    relations: tuple[RelationItem, ...]

    @property
    def all_relations(self) -> tuple[RelationItem, ...]:
        """What it mentions beside the target, in its query too."""
        inner = self.source.statement.relations if isinstance(self.source, InsertQuery) else ()
        return (*self.relations, *inner)


@dataclass(frozen=True, slots=True)
class MergeAction:
    """WHEN ... THEN. `kind`: MATCHED, or what lacks the row: SOURCE or TARGET. `verb`: INSERT, UPDATE, DELETE, NOTHING.
    `row`: a full row to be inserted, and `given` the positions of its columns that are no defaults."""

    kind: str
    verb: str
    condition: Expression | None
    assignments: tuple[Assignment, ...] | None = None
    row: tuple[Expression, ...] | None = None
    given: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class BoundMerge:
    """`there`: one row of one column, true, which joined to the source tells whether there is a row of it. `action_at`:
    the position of merge_action()."""

    target: TableItem
    source: FromItem
    there: QueryItem
    condition: Expression
    actions: tuple[MergeAction, ...]
    action_at: int
    returning: Returning | None
    ctes: tuple[Cte, ...]
    recursive: bool
    values: Values
    relations: tuple[RelationItem, ...]

    @property
    def all_relations(self) -> tuple[RelationItem, ...]:
        """What it mentions beside the target."""
        return self.relations

    def asks_for(self, kind: str) -> bool:
        return any(action.kind == kind for action in self.actions)


BoundWrite = BoundInsert | BoundChange | BoundMerge
