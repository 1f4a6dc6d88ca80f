"""The base tables of a statement: what each must deliver to DuckDB (feeding.py gets it).

Each mention of a table in FROM is a source of its own, with its own name in DuckDB (`v1`, `v2` ...), the columns that the finished SQL mentions, and the WHERE
conjuncts that concern it alone and that storage can evaluate (immutable functions of its columns, constants and parameters). The conjuncts
stay in the SQL too: filtering twice costs little and keeps one place responsible for the meaning. Conjuncts on leading columns of the primary key also bound
the key range that is read at all, from the least key of an IN list to the greatest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import UNDEFINED_TABLE, DatabaseError
from actors.query_processor.column_executor.names import Level, Output, Relation
from actors.query_processor.planner.conditions import narrowed
from actors.query_processor.planner.facts import conjuncts as parts_of
from actors.query_processor.row_executor.key_ranges import KeyRanges
from actors.query_processor.row_executor.stored_table import stored_table
from actors.sql.binding import analyze
from actors.sql.catalog.schema import Table
from actors.sql.catalog.system_tables import SystemTable, find_system_table
from actors.sql.encoding.keys import keyspace, prefix_end
from actors.sql.expressions import tree
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.translator import Translator
    from actors.sql.catalog.snapshot import Catalog
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

    def key_range(self, parameters: Sequence[Any], environment: Environment) -> tuple[bytes, bytes]:
        """Of a stored table: [start, end) that holds every row which passes the filters."""
        assert self.table is not None
        space = keyspace(self.table.id, self.table.primary.id)
        if self.ranges is None:
            return space, prefix_end(space)
        ranges = self.ranges.ranges(parameters, environment)
        return (ranges[0][0], ranges[-1][1]) if ranges else (space, space + b"\x00")

    def outputs(self, alias: str) -> list[Output]:
        self.alias = alias
        oid = self.table.id if self.table is not None else 0
        outputs = [
            Output(name, f"{alias}.c{position + 1}", type_, oid, number) for number, (name, position, type_) in enumerate(self.columns, 1)
        ]
        if self.system is not None:
            outputs.append(Output("tableoid", f"{alias}.c{len(self.columns) + 1}", OID, hidden=True))
        return outputs

    def type_at(self, position: int) -> ColumnType:
        if self.system is not None and position == len(self.columns):
            return OID
        return next(type_ for _, place, type_ in self.columns if place == position)


class _RowScope:
    """Names of one table alone: its columns, by position in the row. Anything else means that the conjunct is not for storage."""

    def __init__(self, level: Level, alias: str) -> None:
        self._level = level
        self._alias = alias

    def resolve(self, names: tuple[str, ...]) -> tuple[int, ColumnType]:
        column = self._level.column(names)
        prefix, _, place = column.sql.partition(".c")
        if prefix != self._alias or not place.isdigit():
            raise _NotHere
        return int(place) - 1, column.type


class _NotHere(Exception):
    """The conjunct mentions something beside the one table."""


class Sources:
    """All sources of one statement."""

    def __init__(self) -> None:
        self.all: list[Source] = []

    def table(self, catalog: Catalog, schema: str | None, name: str, alias: str) -> Source:
        """Raises 42P01."""
        view = f"v{len(self.all) + 1}"
        system = find_system_table(schema, name)
        if system is not None and (schema is not None or catalog.find_table(None, name) is None):
            columns = tuple((column, number, type_) for number, (column, type_) in enumerate(system.columns))
            source = Source(view, system.schema, name, columns, system=system)
        else:
            table = catalog.find_table(schema, name)
            if table is None:
                shown = name if schema is None else f"{schema}.{name}"
                raise DatabaseError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
            columns = tuple((column.name, column.position, column.type) for column in table.live_columns())
            source = Source(view, table.schema, name, columns, table=table)
        self.all.append(source)
        return source

    def _of(self, relation: Relation) -> Source | None:
        """The source behind a relation, None for subqueries, joins with an alias and CTEs."""
        prefixes = {column.sql.partition(".")[0] for column in relation.columns}
        if len(prefixes) != 1:
            return None
        (prefix,) = prefixes
        return next((source for source in self.all if source.alias == prefix), None)

    def key_columns(self, relation: Relation) -> set[str]:
        """SQL of the primary key's columns, empty where the relation is no table with one."""
        source = self._of(relation)
        if source is None or source.table is None or not source.table.primary.columns:
            return set()
        return {f"{source.alias}.c{column.position + 1}" for column in source.table.primary.columns}

    def push_filters(self, translator: Translator, statement: ast.SelectStmt, level: Level) -> None:
        """Give each table the WHERE conjuncts that concern it alone. Not below outer joins, where WHERE filters the joined rows."""
        if any(_has_outer_join(item) for item in statement.fromClause or ()):
            return
        for relation in level.relations:
            source = self._of(relation)
            if source is None or source.table is None:
                continue
            for conjunct in conjuncts(statement.whereClause):
                expression = _storable(conjunct, level, source.alias, translator)
                if expression is not None:
                    source.filters.append(expression)
                    source.filter_texts.append(_text(conjunct))
            primary = stored_table(source.table).primary
            choice = narrowed(primary, [part for filter_ in source.filters for part in parts_of(filter_)])
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


def _has_outer_join(item: Any) -> bool:
    if not isinstance(item, ast.JoinExpr):
        return False
    return item.jointype != enums.JoinType.JOIN_INNER or _has_outer_join(item.larg) or _has_outer_join(item.rarg)


def conjuncts(node: Any) -> list[Any]:
    """The conditions that a WHERE joins by AND."""
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return [part for argument in node.args for part in conjuncts(argument)]
    return [node]


def _storable(node: Any, level: Level, alias: str, translator: Translator) -> Any:
    """The conjunct as a storage filter, None where it is not one."""
    from actors.sql.binding import NotRowExpression

    try:
        expression = analyze(node, _RowScope(level, alias), translator.parameters, ColumnType("bool"))
    except (_NotHere, NotRowExpression, DatabaseError):
        return None
    return expression if expression.type.name == "bool" and _is_for_storage(expression) else None


def _is_for_storage(expression: Any) -> bool:
    return tree.is_immutable(expression) and bool(tree.columns_of(expression)) and not tree.is_slow(expression)


def _text(node: Any) -> str:
    from pglast.stream import RawStream

    return str(RawStream()(node))
