"""Whose rows a row is made of, end to end: what EXPLAIN's names and locking clauses are looked up in.

Scope([Relation(orders, "o"), Relation(items, "i", offset=6)])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.sql.binding.query import TableItem
from actors.sql.catalog.schema import Table


@dataclass(frozen=True, slots=True)
class Relation:
    """A table under its alias."""

    table: Table
    alias: str
    offset: int = 0
    renamed: bool = False
    """It has an alias: its schema-qualified name is not visible."""


class Scope:
    def __init__(self, relations: Sequence[Relation] = ()) -> None:
        self.relations = tuple(relations)


def relation_at(item: TableItem) -> Relation:
    """The relation of a bound query's table."""
    return Relation(item.table, item.alias, item.offset, item.renamed)
