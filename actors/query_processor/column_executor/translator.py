"""The translation of one bound statement: what its parts share. Each of the statement's values (sql/binding/query.py)
is a text here, and the type that it is carried as.

    translator.expression(Call("+", (Column(2), Column(7))))   ->   ("(r1.c3 + count(*))", int8)

A column's text is known once its FROM item has been translated; an aggregate, a window call or a subquery is translated
where it is mentioned (calls.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.query_processor.column_executor.comparing import equality_key
from actors.query_processor.column_executor.emit import Emitter
from actors.query_processor.column_executor.numerics import common_numeric, is_free
from actors.sql.binding.query import BoundStatement, Cte, SetCall, Subquery
from actors.sql.expressions.tree import Expression
from actors.sql.types import format_type
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.sources import Sources

TEXT = ColumnType("text")
BOOL = ColumnType("bool")
INT4 = ColumnType("int4")
INT8 = ColumnType("int8")
FLOAT8 = ColumnType("float8")
Typed = tuple[str, ColumnType]
"""DuckDB's SQL, and the type that it is carried as (numerics.py)."""


@dataclass(frozen=True, slots=True)
class Query:
    """A translated query: its text, whose columns are named c1, c2 ..., and how they are carried."""

    sql: str
    types: tuple[ColumnType, ...]


class Translator:
    """One for each statement planned. `sources` collects the base tables."""

    def __init__(self, statement: BoundStatement, sources: Sources, emitter: Emitter) -> None:
        self.calls = statement.values.calls
        self.sources = sources
        self.emitter = emitter
        self.groups: dict[Expression, Typed] = {}
        """What stands for an expression that is grouped by its key (comparing.py): any value of the group."""
        self.ctes: dict[int, Query] = {}
        """By the identity of the Cte: its name in DuckDB, and how its columns are carried."""
        self.lateral: list[str] = []
        """The FROM items that functions in the select list at hand have made."""
        self._texts: dict[int, Typed] = {}
        self._aliases = 0

    def alias(self) -> str:
        """A fresh name for a relation in the DuckDB text."""
        self._aliases += 1
        return f"r{self._aliases}"

    def place(self, offset: int, alias: str, types: Sequence[ColumnType]) -> None:
        """The columns of a FROM item are those of `alias`: c1, c2 ..."""
        for number, type_ in enumerate(types):
            self._texts[offset + number] = f"{alias}.c{number + 1}", type_

    def value(self, position: int) -> Typed:
        """Of one of the statement's positions."""
        found = self._texts.get(position)
        if found is None:
            from actors.query_processor.column_executor.calls import call_text

            call = self.calls[position]
            found = call_text(self, call)
            if isinstance(call, SetCall) or (isinstance(call, Subquery) and not self.groups):
                self._texts[position] = found
        return found

    def expression(self, expression: Expression) -> Typed:
        return self.emitter.emit(expression, self)

    def text(self, expression: Expression) -> str:
        return self.emitter.emit(expression, self)[0]

    def cte(self, cte: Cte) -> Query:
        return self.ctes[id(cte)]

    def cast(self, sql: str, source: ColumnType, target: ColumnType) -> str:
        """`sql` of type `source` as `target`, by PostgreSQL's rules."""
        return self.emitter.cast_sql(sql, source, target)

    def key(self, sql: str, type_: ColumnType) -> str:
        """What stands for `sql` where DuckDB looks whether values are equal (comparing.py)."""
        return equality_key(self.emitter, sql, type_)


def carried(common: ColumnType, types: Sequence[ColumnType]) -> ColumnType:
    """How values of `types` are carried together, whose common type is `common`."""
    if common.name != "numeric" or not is_free(common) or common.modifier >= 0:
        return common
    return common_numeric(types)


def type_name(type_: ColumnType) -> str:
    """As messages show it."""
    return format_type(ColumnType(type_.name))
