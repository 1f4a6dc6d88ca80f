"""Filling indexes from the rows that are there: CREATE INDEX, ADD CONSTRAINT, ADD PRIMARY KEY (CREATE INDEX ASYNC:
query_processor/jobs.py).

The rows are read at start_ts in batches (the transaction's own among them), the entries go to the transaction's buffer,
and one commit makes index and entries visible together. The table is taken exclusively: a row written meanwhile would
lack its entry, so the commit conflicts then. Rows that the transaction has not written itself are read, encoded and
sorted as columns (entries.py); where there are own rows, or more than can be sorted at once, and where some row is
refused, they are gone through one by one, which finds the row.

Entries are as schema.py says: key = the index's columns, then the primary key's bytes unless the entry is unique by its
columns alone; value = the row's full primary key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.common.errors import (
    DATETIME_FIELD_OVERFLOW,
    FEATURE_NOT_SUPPORTED,
    NOT_NULL_VIOLATION,
    UNIQUE_VIOLATION,
    DatabaseError,
)
from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.ddl.change import SchemaChange, keyspace_range
from actors.query_processor.ddl.entries import Entries, StoredColumns, primary_keys_of, write_sorted
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.stored_table import StoredIndex
from actors.runtime.fiber import turn
from actors.sql.catalog.schema import INVALID, Index, Table
from actors.sql.encoding.keys import KeyCodec
from actors.sql.encoding.rows import RowCodec

NOT_AS_COLUMNS = frozenset({FEATURE_NOT_SUPPORTED, DATETIME_FIELD_OVERFLOW})
"""What Arrow cannot hold (arrow_types.py)."""
TURN_ROWS = 256
"""Rows between two turns of the loop: some milliseconds, with their entries."""


def entry_maker(table: Table, index: Index) -> Callable[[Sequence[Any], bytes], tuple[bytes, bytes] | None]:
    """`make(row's datums, primary key's bytes without keyspace) -> (entry key, entry value)` for a secondary index;
    None where a partial one has no entry of the row."""
    primary_space, _ = keyspace_range(table.id, table.primary.id)
    entry = StoredIndex(table, index).entry
    return lambda row, primary: entry(row, primary_space + primary)


def key_codec(table: Table, index: Index) -> KeyCodec:
    return KeyCodec(
        [table.columns[column.position].type for column in index.columns],
        descending=[column.descending for column in index.columns],
        nulls_first=[column.nulls_first for column in index.columns],
    )


async def fill(change: SchemaChange, table: Table, indexes: Sequence[Index]) -> None:
    """Write the entries of `indexes` for every row of `table`. Raises 23505 where a unique one finds duplicates."""
    change.alone_with(table)
    if not await _fill_together(change, table, indexes):
        await _fill_one_by_one(change, table, indexes)


async def _fill_together(change: SchemaChange, table: Table, indexes: Sequence[Index]) -> bool:
    """False: nothing was written."""
    transaction = change.transaction
    if transaction.wrote_in(*keyspace_range(table.id, table.primary.id)) or not all(
        index.is_plain for index in indexes
    ):
        return False
    made = [Entries(table, index) for index in indexes]
    positions = [position for entries in made for position in entries.positions]
    reader = StoredColumns(transaction, table, positions, with_values=False)
    try:
        while (rows := await reader.next()) is not None:
            primary = primary_keys_of(rows.keys)
            for entries in made:
                if not entries.add(entries.keys_of(rows, primary), rows.keys):
                    return False
    except DatabaseError as error:
        if error.sqlstate not in NOT_AS_COLUMNS:
            raise
        return False
    return await write_sorted(transaction, made)


async def _fill_one_by_one(change: SchemaChange, table: Table, indexes: Sequence[Index]) -> None:
    transaction = change.transaction
    decode = RowCodec([column.type for column in table.columns]).decode
    makers = [(index, entry_maker(table, index)) for index in indexes]
    scanner = transaction.scan(*keyspace_range(table.id, table.primary.id))
    while (rows := await scanner.next_rows()) is not None:
        for place, (key, value) in enumerate(rows, 1):
            if place % TURN_ROWS == 0:
                await turn()
            row = decode(value)
            primary = key[KEYSPACE_BYTES:]
            for index, make in makers:
                made = make(row, primary)
                if made is None:
                    continue
                entry, pointer = made
                if index.unique and transaction.written(entry).get(entry, pointer) != pointer:
                    raise duplicate(table, index, row)
                transaction.put(entry, pointer, counts=False)


async def convert_rows(
    change: SchemaChange, before: Table, after: Table, position: int, convert: Callable[[list[Any]], Any]
) -> None:
    """Write every row of `before` to the primary index of `after`, with what `convert` makes of it in the column at
    `position`, fill the secondary indexes, drop the old keyspaces. Raises 23502, 23505, and what `convert` raises."""
    change.alone_with(before)
    transaction = change.transaction
    decode = RowCodec([column.type for column in before.columns]).decode
    encode = RowCodec([column.type for column in after.columns]).encode
    codec = key_codec(after, after.primary)
    places = [column.position for column in after.primary.columns]
    space, _ = keyspace_range(after.id, after.primary.id)
    not_null = after.columns[position].not_null
    scanner = transaction.scan(*keyspace_range(before.id, before.primary.id))
    while (rows := await scanner.next_rows()) is not None:
        for place, (key, value) in enumerate(rows, 1):
            if place % TURN_ROWS == 0:
                await turn()
            row = list(decode(value))
            row[position] = convert(row)
            if not_null and row[position] is None:
                raise contains_nulls(after, position)
            primary = codec.encode([row[place] for place in places]) if places else key[KEYSPACE_BYTES:]
            if places and space + primary in transaction.written(space):
                raise duplicate(after, after.primary, row)
            transaction.put(space + primary, encode(row), counts=False)
    for index in (before.primary, *before.indexes):
        change.drop_keyspace(before, index)
    indexes = [index for index in after.indexes if index.state != INVALID]
    if indexes:
        await fill(change, after, indexes)


async def rewrite(change: SchemaChange, before: Table, after: Table) -> None:
    """Move every row from the primary index of `before` to that of `after` (other key columns), fill the secondary
    indexes, drop the old keyspaces."""
    change.alone_with(before)
    if not await _rewrite_together(change, before, after):
        await _rewrite_one_by_one(change, before, after)
    for index in (before.primary, *before.indexes):
        change.drop_keyspace(before, index)


async def _rewrite_together(change: SchemaChange, before: Table, after: Table) -> bool:
    """False: nothing was written."""
    transaction = change.transaction
    own = transaction.wrote_in(*keyspace_range(before.id, before.primary.id))
    if own or not all(index.is_plain for index in after.indexes):
        return False
    moved = Entries(after, after.primary)
    made = [Entries(after, index) for index in after.indexes if index.state != INVALID]
    reader = StoredColumns(transaction, before, [place for entries in (moved, *made) for place in entries.positions])
    try:
        while (rows := await reader.next()) is not None:
            if any(rows.columns[position].null_count for position in moved.positions):
                return False
            keys = moved.keys_of(rows, None)
            assert rows.values is not None
            if not moved.add(keys, rows.values):
                return False
            for entries in made:
                if not entries.add(entries.keys_of(rows, primary_keys_of(keys)), keys):
                    return False
    except DatabaseError as error:
        if error.sqlstate not in NOT_AS_COLUMNS:
            raise
        return False
    return await write_sorted(transaction, (moved, *made))


async def _rewrite_one_by_one(change: SchemaChange, before: Table, after: Table) -> None:
    transaction = change.transaction
    decode = RowCodec([column.type for column in before.columns]).decode
    codec = key_codec(after, after.primary)
    places = [column.position for column in after.primary.columns]
    space, _ = keyspace_range(after.id, after.primary.id)
    makers = [(index, entry_maker(after, index)) for index in after.indexes if index.state != INVALID]
    scanner = transaction.scan(*keyspace_range(before.id, before.primary.id))
    while (rows := await scanner.next_rows()) is not None:
        for place, (_, value) in enumerate(rows, 1):
            if place % TURN_ROWS == 0:
                await turn()
            row = decode(value)
            datums = [row[place] for place in places]
            if None in datums:
                raise contains_nulls(after, places[datums.index(None)])
            primary = codec.encode(datums)
            if space + primary in transaction.written(space):
                raise duplicate(after, after.primary, row)
            transaction.put(space + primary, value, counts=False)
            for _, make in makers:
                made = make(row, primary)
                if made is None:
                    continue
                entry, pointer = made
                transaction.put(entry, pointer, counts=False)


def duplicate(table: Table, index: Index, row: Sequence[Any]) -> DatabaseError:
    return DatabaseError(
        UNIQUE_VIOLATION,
        f'could not create unique index "{index.name}"',
        detail=f"{violations.index_key_text(table, index, row)} is duplicated.",
        schema=table.schema,
        table=table.name,
        constraint=index.name,
    )


def contains_nulls(table: Table, position: int) -> DatabaseError:
    name = table.columns[position].name
    return DatabaseError(
        NOT_NULL_VIOLATION,
        f'column "{name}" of relation "{table.name}" contains null values',
        schema=table.schema,
        table=table.name,
        column=name,
    )
