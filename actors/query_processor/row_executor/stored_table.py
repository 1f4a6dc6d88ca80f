"""`StoredTable`: how a table's rows and index entries look in storage, prepared once for every plan that touches the
table.

    stored = stored_table(table)
    key = stored.primary.space + stored.primary.codec.encode([7])        the row's key
    row = stored.decode(value)                                           a list of datums by position, dropped columns
                                                                         None
    for index in stored.secondary: index.entry(row, key)                 (entry key, entry value), as schema.py's Index
                                                                         describes them

Rows are lists (or tuples) of datums by column position, as wide as the table has columns, dropped ones included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.row_executor.generated import generated_columns
from actors.query_processor.row_executor.literal_parts import has_literals
from actors.sql.binding.stored_expressions import key_part, predicate_of
from actors.sql.catalog.schema import BUILDING, INVALID, Index, Table
from actors.sql.encoding.keys import KeyCodec, keyspace, prefix_end
from actors.sql.encoding.rows import RowCodec
from actors.sql.expressions.compile import compile_filter, compile_tuple
from actors.sql.expressions.environment import IMMUTABLE_ENVIRONMENT
from actors.sql.expressions.tree import And, Column, Expression, columns_of
from actors.sql.types.column_type import ColumnType

TABLES_MAX = 1024
"""Prepared tables kept: as many as there are cached plans by default."""

Row = Sequence[Any]
Key = int | Expression
"""A part of an index's key: a column's place in the row, or an expression over the row."""


def covering(predicate: Expression) -> Callable[[Row], bool]:
    passes = compile_filter(predicate)
    return lambda row: passes(row, (), IMMUTABLE_ENVIRONMENT)


def conjuncts_of(predicate: Expression) -> Iterator[Expression]:
    if isinstance(predicate, And):
        for argument in predicate.arguments:
            yield from conjuncts_of(argument)
    else:
        yield predicate


class StoredIndex:
    """One index. `space` is the keyspace's 6 bytes, [space, end) all its keys; `keys` what they are made of: places in
    the row, or expressions over it; `positions` those that are places."""

    __slots__ = (
        "codec",
        "conditions",
        "covers",
        "end",
        "entry",
        "guarded",
        "index",
        "key_datums",
        "keys",
        "positions",
        "space",
        "types",
        "unique_key",
        "watched",
    )

    def __init__(self, table: Table, index: Index) -> None:
        self.index = index
        self.guarded = index.unique and index.state == BUILDING
        """An entry may be of another row with the same value, which only the job will find: who removes an entry makes
        sure that it is his row's."""
        parts = [key_part(table, column) for column in index.columns]
        self.keys: tuple[Key, ...] = tuple(part.position if isinstance(part, Column) else part for part in parts)
        self.positions = tuple(key for key in self.keys if isinstance(key, int))
        self.types = tuple(part.type for part in parts)
        self.codec = KeyCodec(
            self.types,
            descending=[column.descending for column in index.columns],
            nulls_first=[column.nulls_first for column in index.columns],
        )
        predicate = predicate_of(table, index)
        self.covers: Callable[[Row], bool] | None = None if predicate is None else covering(predicate)
        """Whether a row has an entry; None: every row has."""
        self.conditions = () if predicate is None else tuple(conjuncts_of(predicate))
        """What is true of every row that has an entry, over the table's row."""
        read = () if predicate is None else columns_of(predicate)
        self.watched = frozenset().union(read, *map(columns_of, parts))
        """Places in the row on which the entry depends."""
        self.space = keyspace(table.id, index.id)
        self.end = prefix_end(self.space)
        self.key_datums = _picker(self.positions) if len(self.positions) == len(parts) else _maker(parts)
        self.entry: Callable[[Row, bytes], tuple[bytes, bytes] | None] = self._entry_maker()
        """(entry key, value) of a row with that full primary key, None where it has no entry; secondary indexes
        only."""
        self.unique_key: Callable[[Row], bytes | None] = self._unique_key_maker()
        """The key that no two rows may share, None where the row is free of the constraint (a NULL in it, or no
        entry)."""

    def _entry_maker(self) -> Callable[[Row, bytes], tuple[bytes, bytes] | None]:
        space, encode, datums_of = self.space, self.codec.encode, self.key_datums
        unique, nulls_distinct, covers = self.index.unique, self.index.nulls_distinct, self.covers

        def entry(row: Row, primary: bytes) -> tuple[bytes, bytes] | None:
            if covers is not None and not covers(row):
                return None
            datums = datums_of(row)
            key = space + encode(datums)
            if not unique or (nulls_distinct and None in datums):
                key += primary[KEYSPACE_BYTES:]
            return key, primary

        return entry

    def _unique_key_maker(self) -> Callable[[Row], bytes | None]:
        space, encode, datums_of = self.space, self.codec.encode, self.key_datums
        nulls_distinct, covers = self.index.nulls_distinct, self.covers
        if len(self.keys) == len(self.positions) == 1 and covers is None:
            [position], [encode_one] = self.positions, self.codec.encoders

            def unique_key_of_one(row: Row) -> bytes | None:
                datum = row[position]
                return None if datum is None and nulls_distinct else space + encode_one(datum)

            return unique_key_of_one

        def unique_key(row: Row) -> bytes | None:
            if covers is not None and not covers(row):
                return None
            datums = datums_of(row)
            return None if nulls_distinct and None in datums else space + encode(datums)

        return unique_key


def _picker(positions: tuple[int, ...]) -> Callable[[Row], tuple[Any, ...]]:
    if len(positions) == 1:
        [only] = positions
        return lambda row: (row[only],)
    return lambda row: tuple([row[position] for position in positions])


def _maker(parts: Sequence[Expression]) -> Callable[[Row], tuple[Any, ...]]:
    make = compile_tuple(tuple(parts))
    return lambda row: make(row, (), IMMUTABLE_ENVIRONMENT)


class StoredTable:
    """See the module. `hidden`: the table has no primary key, rows lie under 16 bytes made at insert."""

    __slots__ = (
        "computed",
        "decode",
        "encode",
        "generated",
        "hidden",
        "literal_parts",
        "partial",
        "primary",
        "readable",
        "secondary",
        "table",
        "types",
        "unique_indexes",
        "width",
    )

    def __init__(self, table: Table) -> None:
        assert all(column.position == place for place, column in enumerate(table.columns)), (
            "columns are listed by position"
        )
        self.table = table
        self.types: tuple[ColumnType, ...] = tuple(column.type for column in table.columns)
        self.width = len(self.types)
        codec = RowCodec(self.types)
        self.encode: Callable[[Row], bytes] = codec.encode
        self.decode: Callable[[bytes], list[Any]] = codec.decode
        self.primary = StoredIndex(table, table.primary)
        self.hidden = not table.primary.columns
        self.secondary = tuple(StoredIndex(table, index) for index in table.indexes if index.state != INVALID)
        """Those whose entries are kept."""
        built = [index for index in self.secondary if index.index.state != BUILDING]
        self.readable = tuple(index for index in built if index.covers is None)
        """Those that have an entry of every row."""
        self.partial = tuple(index for index in built if index.covers is not None)
        """Those that have one of the rows that fulfil their conditions."""
        self.computed = frozenset(key for index in built for key in index.keys if not isinstance(key, int))
        """Expressions that are parts of keys."""
        parts = [(key,) for key in self.computed] + [index.conditions for index in self.partial]
        self.literal_parts = tuple(part for part in parts if has_literals(part))
        """What a statement needs to have for an index to serve it, where that is about literals."""
        unique = [index for index in self.secondary if index.index.unique]
        self.unique_indexes = tuple(unique) if self.hidden else (self.primary, *unique)
        """In the order in which PostgreSQL checks them: the primary key first."""
        self.generated = generated_columns(table)

    def written(self, assigned: frozenset[int]) -> frozenset[int]:
        """Positions that change where a statement assigns to these: the columns that are computed from them, too."""
        if not self.generated:
            return assigned
        return assigned.union(one.position for one in self.generated if not one.reads.isdisjoint(assigned))

    def primary_key(self, row: Row) -> bytes:
        """The full key of a row with primary key columns (which are never NULL)."""
        return self.primary.space + self.primary.codec.encode(self.primary.key_datums(row))


@lru_cache(maxsize=TABLES_MAX)
def stored_table(table: Table) -> StoredTable:
    return StoredTable(table)
