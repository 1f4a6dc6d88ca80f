"""Names in a statement that the row executor takes: which column of which relation, at which place of the executor's
row.

    scope = Scope([Relation(orders, "o"), Relation(items, "i", offset=6)])
    scope.resolve(("i", "price")) == (6 + 2, numeric)

A row of several relations is their rows end to end; `offset` is where a relation's begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pglast import ast

from actors.common.errors import AMBIGUOUS_COLUMN, UNDEFINED_COLUMN, UNDEFINED_TABLE, DatabaseError
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.nodes import any_call
from actors.sql.binding.query import TableItem
from actors.sql.binding.reasons import NotRowStatement as NotRowStatement
from actors.sql.binding.reasons import Reason
from actors.sql.binding.scope import located
from actors.sql.catalog.schema import Column, Table
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType


@dataclass(frozen=True, slots=True)
class Relation:
    """A table under its alias. `nullable`: the inner side of a left join."""

    table: Table
    alias: str
    offset: int = 0
    renamed: bool = False
    """It has an alias: its schema-qualified name is not visible."""

    def column(self, name: str) -> Column | None:
        for column in self.table.columns:
            if column.name == name and not column.dropped:
                return column
        return None


class Scope:
    """What the analyzer asks for names. Raises 42703, 42702, 42P01 as PostgreSQL does."""

    def __init__(self, relations: Sequence[Relation] = ()) -> None:
        self.relations = tuple(relations)

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        relation, column = self.find(names)
        return relation.offset + column.position, column.type

    def find(self, names: Sequence[str]) -> tuple[Relation, Column]:
        if len(names) == 1:
            return self._unqualified(names[0])
        relation = self.relation(names[:-1])
        column = relation.column(names[-1])
        if column is None:
            raise DatabaseError(UNDEFINED_COLUMN, f"column {'.'.join(names[-2:])} does not exist")
        return relation, column

    def _unqualified(self, name: str) -> tuple[Relation, Column]:
        found = [(relation, column) for relation in self.relations if (column := relation.column(name)) is not None]
        if len(found) > 1:
            raise DatabaseError(AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        if not found:
            if any(relation.alias == name for relation in self.relations):
                raise NotRowStatement(Reason.EXPRESSION)
            raise DatabaseError(UNDEFINED_COLUMN, f'column "{name}" does not exist')
        return found[0]

    def relation(self, names: Sequence[str]) -> Relation:
        """By alias, or by schema and name."""
        for relation in self.relations:
            if names[-1] != relation.alias:
                continue
            if len(names) == 1 or (len(names) == 2 and not relation.renamed and names[0] == relation.table.schema):
                return relation
        name = names[-1]
        if any(relation.table.name == name for relation in self.relations):
            raise DatabaseError(
                UNDEFINED_TABLE,
                f'invalid reference to FROM-clause entry for table "{name}"',
                hint=f"Perhaps you meant to reference the table alias "
                f'"{next(r.alias for r in self.relations if r.table.name == name)}".',
            )
        raise DatabaseError(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{name}"')


def relation_of(node: ast.RangeVar, table: Table, offset: int = 0) -> Relation:
    """A RangeVar's relation. Raises NotRowStatement where the alias renames columns."""
    if node.alias is None:
        return Relation(table, node.relname, offset)
    if node.alias.colnames:
        raise NotRowStatement(Reason.FROM_ITEM)
    return Relation(table, node.alias.aliasname, offset, True)


def relation_at(item: TableItem) -> Relation:
    """The relation of a bound query's table."""
    return Relation(item.table, item.alias, item.offset, item.renamed)


def names_of(node: ast.ColumnRef) -> tuple[str, ...] | None:
    """The parts of a column reference; None where it ends in `*`."""
    if isinstance(node.fields[-1], ast.A_Star):
        return None
    return tuple(field.sval for field in node.fields)


@dataclass(frozen=True, slots=True)
class Target:
    """One output column before it is analyzed."""

    name: str
    node: Any


def expand_targets(nodes: Sequence[Any], scope: Scope) -> list[Target]:
    """A SELECT or RETURNING list with its stars expanded. Raises 42601 for a star without relations."""
    targets: list[Target] = []
    for node in nodes:
        value = node.val
        if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):
            qualifier = [field.sval for field in value.fields[:-1]]
            with located(value):
                relations = [scope.relation(qualifier)] if qualifier else scope.relations
            if not relations:
                raise DatabaseError("42601", "SELECT * with no tables specified is not valid")
            for relation in relations:
                for column in relation.table.live_columns():
                    reference = ast.ColumnRef(fields=(ast.String(sval=relation.alias), ast.String(sval=column.name)))
                    targets.append(Target(column.name, reference))
        else:
            targets.append(Target(node.name or figure_name(value), value))
    return targets


def field_of(target: Target, type_: ColumnType, scope: Scope) -> Field:
    """The output column's description; a plain column keeps its origin."""
    if isinstance(target.node, ast.ColumnRef):
        names = names_of(target.node)
        if names is not None:
            relation, column = scope.find(names)
            return Field(target.name, type_, relation.table.id, column.position + 1)
    return Field(target.name, type_)


def has_aggregates(nodes: Sequence[Any]) -> bool:
    """Whether an aggregate or window call stands in these expressions themselves (not in a subquery's)."""
    return any_call(nodes, lambda call: call.over is not None or call.funcname[-1].sval in AGGREGATES)
