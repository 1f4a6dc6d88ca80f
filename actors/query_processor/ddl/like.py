"""CREATE TABLE ... (LIKE source INCLUDING ...): the source's columns, and what else of it is asked for.

    columns     names, types and NOT NULL, always; of a view, names and types
    DEFAULTS    a default that takes a sequence's values takes the same sequence's
    IDENTITY    a sequence of its own, with the source's options
    CONSTRAINTS CHECK, under their names; INDEXES: keys too, under names that are made anew
    COMMENTS    of the columns

    GENERATED   what its generated columns are computed from; without it they are plain columns

STORAGE, COMPRESSION and STATISTICS ask for what there is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast
from pglast.enums import TableLikeOption as Option

from actors.common.errors import DUPLICATE_COLUMN, FEATURE_NOT_SUPPORTED, UNDEFINED_TABLE, DatabaseError
from actors.query_processor.ddl.change import SchemaChange, replace
from actors.query_processor.ddl.constraints import Clauses, Key, parsed_check
from actors.query_processor.ddl.indexes import add_indexes
from actors.sql.catalog.privileges import SELECT, require
from actors.sql.catalog.schema import Column, Comment, Index, Table, View
from actors.sql.catalog.table_parts import part_names


class Likeness:
    """One LIKE clause. `first`: the position of the first column that it adds."""

    def __init__(self, change: SchemaChange, clause: Any, first: int) -> None:
        """Raises 42P01, 42501, 0A000 in dsql mode."""
        if not change.limits.mixed_ddl:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "LIKE in CREATE TABLE is not supported")
        self._change = change
        self._asked = int(clause.options)
        self._first = first
        relation = clause.relation
        self._source: Table | View
        other = change.catalog.find_other(relation.schemaname, relation.relname)
        table = change.catalog.find_table(relation.schemaname, relation.relname)
        if isinstance(other, View):
            self._source = other
        elif table is not None:
            self._source = table
        else:
            name = ".".join(filter(None, (relation.schemaname, relation.relname)))
            raise DatabaseError(UNDEFINED_TABLE, f'relation "{name}" does not exist')
        require(change.catalog, change.role, self._source, SELECT)
        live = [position for _, position in self._source.column_places()]
        self._places = {position: first + number for number, position in enumerate(live)}

    def _asks(self, option: Option) -> bool:
        return bool(self._asked & option)

    def columns(self, clauses: Clauses) -> list[Column]:
        """What they have beyond their types goes to `clauses`."""
        source = self._source
        if isinstance(source, View):
            return [Column(one.name, self._first + number, one.type) for number, one in enumerate(source.columns)]
        made: list[Column] = []
        for column in source.live_columns():
            option = Option.CREATE_TABLE_LIKE_GENERATED if column.generated else Option.CREATE_TABLE_LIKE_DEFAULTS
            default, kind = (column.default, column.generated) if self._asks(option) else (None, "")
            place = self._places[column.position]
            made.append(
                Column(
                    column.name,
                    place,
                    column.type,
                    column.not_null,
                    default,
                    domain=column.domain,
                    generated=kind,
                )
            )
            clauses.domains += [column.domain] if column.domain else []
            if column.identity and self._asks(Option.CREATE_TABLE_LIKE_IDENTITY):
                clauses.generated.append((place, column.identity, self._options(column)))
        if self._asks(Option.CREATE_TABLE_LIKE_CONSTRAINTS):
            clauses.checks += [(check.name, None, parsed_check(check)) for check in source.checks]
        if self._asks(Option.CREATE_TABLE_LIKE_INDEXES):
            clauses.keys += [
                self._key(source, index) for index in (source.primary, *source.indexes) if index.constraint
            ]
        return made

    def _options(self, column: Column) -> tuple[ast.DefElem, ...]:
        """Of the sequence behind an identity column, as a statement's."""
        sequence = self._change.catalog.sequence_by_id(column.sequence)
        assert sequence is not None, "an identity column has its sequence"
        numbers = {
            "start": sequence.start,
            "increment": sequence.increment,
            "minvalue": sequence.minimum,
            "maxvalue": sequence.maximum,
            "cache": sequence.cache,
        }
        options = [ast.DefElem(defname=name, arg=ast.Float(fval=str(number))) for name, number in numbers.items()]
        return (*options, ast.DefElem(defname="cycle", arg=ast.Boolean(boolval=sequence.cycle)))

    @staticmethod
    def _key(source: Table, index: Index) -> Key:
        names = [source.columns[part.position].name for part in index.columns]
        return Key(names, None, index.primary, index.nulls_distinct)

    async def finish(self, table: Table) -> Table:
        """The table with the indexes that are no constraints, and the comments."""
        source, change = self._source, self._change
        if isinstance(source, View):
            return table
        if self._asks(Option.CREATE_TABLE_LIKE_INDEXES):
            for index in source.indexes:
                if not index.constraint and not index.state:
                    table = await self._add_index(table, index)
        if self._asks(Option.CREATE_TABLE_LIKE_COMMENTS):
            mine = [one for one in source.comments if one.kind == "column" and one.number in self._places]
            comments = tuple(Comment("column", self._places[one.number], one.name, one.text) for one in mine)
            if comments:
                before, table = table, replace(table, comments=(*table.comments, *comments))
                change.replace_table(before, table)
        return table

    async def _add_index(self, table: Table, index: Index) -> Table:
        change = self._change
        parts = tuple(
            part if part.expression else replace(part, position=self._places[part.position]) for part in index.columns
        )
        made = replace(index, columns=parts, included=tuple(self._places[position] for position in index.included))
        name = change.free_name(table.schema, table.name, *part_names(table, made.parts), suffix="idx")
        [oid] = await change.ids(1)
        made = replace(made, id=table.next_index, oid=oid, name=name)
        return await add_indexes(change, table, (made,))


def refuse_twice(columns: Sequence[Column]) -> None:
    """Raises 42701."""
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise DatabaseError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
