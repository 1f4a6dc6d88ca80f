"""The translation of one statement: what its parts share, and scalar expressions.

`Translator.expression(node, level)` replaces aggregates, window calls and subqueries by slots (calls.py), lets the analyzer type what is left, and
writes it as DuckDB SQL (emit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.query_processor.column_executor.comparing import equality_key
from actors.query_processor.column_executor.emit import Emitter
from actors.query_processor.column_executor.names import SLOT_MARK, Level, Output, Query, Slots
from actors.query_processor.column_executor.numerics import common_numeric, is_free, public
from actors.sql.binding import ParameterTypes, analyze, coerce_unknown
from actors.sql.binding import common_type as analyzed_common_type
from actors.sql.binding.nodes import any_call
from actors.sql.binding.scope import position_of
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.sources import Sources
    from actors.sql.catalog.snapshot import Catalog

TEXT = ColumnType("text")
BOOL = ColumnType("bool")
INT8 = ColumnType("int8")


class SlotScope:
    """What the analyzer asks for names: slots by number (see names.py)."""

    def __init__(self, level: Level, slots: Slots, groups: dict[str, str]) -> None:
        self._level = level
        self._slots = slots
        self._groups = groups

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        if names[0] == SLOT_MARK:
            number = int(names[1])
            return number, public(self._slots.types[number])
        column = self._level.column(names)
        return self._slots.number(self._groups.get(column.sql, column.sql), column.type), public(column.type)


class Translator:
    """One for each statement planned. `sources` collects the base tables; `parameters` is shared with the analyzer."""

    def __init__(self, catalog: Catalog, parameters: ParameterTypes, sources: Sources, emitter: Emitter) -> None:
        self.catalog = catalog
        self.parameters = parameters
        self.sources = sources
        self.slots = Slots()
        self.emitter = emitter
        self.sets: list[str] | None = None
        """Where set-returning functions may stand (a select list): the FROM items that they have made. None elsewhere."""
        self.outermost: Any = None
        """The statement whose rows the client sees: there an object identifier is shown by its name (catalog_calls.py)."""
        self.set_calls = 0
        """Of the select list at hand."""
        self.groups: dict[str, str] = {}
        """What stands for an expression that is grouped by its key (comparing.py): any value of the group."""
        self._aliases = 0

    def alias(self) -> str:
        """A fresh name for a relation in the DuckDB text."""
        self._aliases += 1
        return f"r{self._aliases}"

    def slot(self, sql: str, type_: ColumnType) -> ast.ColumnRef:
        """A made-up column reference that stands for `sql`."""
        number = self.slots.number(sql, type_)
        return ast.ColumnRef(fields=(ast.String(sval=SLOT_MARK), ast.String(sval=str(number))))

    def typed(
        self,
        node: Any,
        level: Level,
        expected: ColumnType | None = None,
        *,
        aggregates: bool = False,
        windows: dict[str, Any] | None = None,
    ) -> tuple[Any, ColumnType]:
        """(typed tree, type) of a scalar expression. `aggregates`: aggregate and window calls are allowed here."""
        from actors.query_processor.column_executor.calls import replace_calls

        plain = replace_calls(self, node, level, aggregates=aggregates, windows=windows or {})
        expression = analyze(plain, SlotScope(level, self.slots, self.groups), self.parameters, expected)
        return expression, expression.type

    def expression(
        self,
        node: Any,
        level: Level,
        expected: ColumnType | None = None,
        *,
        aggregates: bool = False,
        windows: dict[str, Any] | None = None,
    ) -> tuple[str, ColumnType]:
        """(DuckDB SQL, type) of a scalar expression; an untyped literal becomes text. The type of a numeric says how DuckDB carries it (numerics.py)."""
        tree, _ = self.typed(node, level, expected, aggregates=aggregates, windows=windows)
        sql, type_ = self.emitter.emit(coerce_unknown(tree), self.slots)
        return self.groups.get(sql, sql), type_

    def condition(self, node: Any, level: Level, clause: str, *, aggregates: bool = False) -> str:
        """SQL of a WHERE, HAVING, ON or FILTER condition. Raises 42804 unless it is boolean."""
        from actors.common.errors import DATATYPE_MISMATCH, DatabaseError

        if any_call(node, lambda call: call.over is not None):
            raise DatabaseError("42P20", f"window functions are not allowed in {clause}", position=position_of(node))
        sql, type_ = self.expression(node, level, BOOL, aggregates=aggregates)
        if type_.name != "bool":
            message = f"argument of {clause} must be type boolean, not type {type_name(type_)}"
            raise DatabaseError(DATATYPE_MISMATCH, message, position=position_of(node))
        return sql

    def cast(self, sql: str, source: ColumnType, target: ColumnType) -> str:
        """`sql` of type `source` as `target`, by PostgreSQL's rules."""
        return self.emitter.cast_sql(sql, source, target)

    def key(self, sql: str, type_: ColumnType) -> str:
        """What stands for `sql` where DuckDB looks whether values are equal (comparing.py)."""
        return equality_key(self.emitter, sql, type_)


def common_type(types: Sequence[ColumnType], where: str, position: int = 0) -> ColumnType:
    """The analyzer's common type, of types that carry numerics (numerics.py)."""
    common = analyzed_common_type([public(type_) for type_ in types], where, position)
    if common.name != "numeric" or not is_free(common) or common.modifier >= 0:
        return common
    return common_numeric([type_ for type_ in types if type_.name != "unknown"])


def type_name(type_: ColumnType) -> str:
    """As messages show it."""
    from actors.sql.types import format_type

    return format_type(ColumnType(type_.name))


def string_fields(node: ast.ColumnRef) -> list[str] | None:
    """The parts of a column reference, None where it ends in `*`."""
    names = [field.sval for field in node.fields if isinstance(field, ast.String)]
    return names if len(names) == len(node.fields) else None


def rename(columns: Sequence[Output], names: Sequence[str], what: str) -> list[Output]:
    """Alias column names given in `AS t (a, b)`; there may be fewer of them than columns. Raises 42P10."""
    from dataclasses import replace

    from actors.common.errors import INVALID_COLUMN_REFERENCE, DatabaseError

    if len(names) > len(columns):
        raise DatabaseError(
            INVALID_COLUMN_REFERENCE, f'table "{what}" has {len(columns)} columns available but {len(names)} columns specified'
        )
    return [*(replace(column, name=name) for column, name in zip(columns, names, strict=False)), *columns[len(names) :]]


def wrap(query: Query, alias: str) -> tuple[str, list[Output]]:
    """A query as a FROM item under `alias`, and its columns as the outer level refers to them."""
    from dataclasses import replace

    columns = [replace(column, sql=f"{alias}.{column.sql}") for column in query.columns]
    return f"({query.sql}) AS {alias}", columns


Rewrite = Callable[[Any], Any]
