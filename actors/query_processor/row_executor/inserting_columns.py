"""`ColumnInserter`: new rows that come as Arrow columns into a table, without a Python object for each: the way of COPY
and of INSERT ... SELECT of many rows.

    inserter = ColumnInserter(rows_inserter, constants)
    if not await inserter.insert(transaction, batch): ...       nothing was written: insert the batch's rows one by one

It takes the rows of tables without CHECKs, foreign keys, views' options and secondary indexes, whose other columns have
no default or a constant one. It refuses every batch in which some row might be refused (a NULL, a limit, a duplicate):
who inserts row by row says which row it is, and why.

Duplicates. Keys that ascend beyond all that the transaction has written in the keyspace are no duplicates of each
other, and of what is stored if a scan of the range from the first to the last finds nothing: one small read for
thousands of keys, as loads of ascending keys have it. Where it finds something once, the keys of this and the next
SKIPPED batches are asked for one by one, as RowInserter does. A concurrent insert of the same key conflicts at commit.

Invariant: as RowInserter's: nothing is written before the last read has come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.row_executor.hidden_keys import HiddenKeys
from actors.query_processor.row_executor.inserting import RowInserter
from actors.query_processor.transaction.bulk import has_room, put_together
from actors.runtime.fiber import turn
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.encoding.key_batches import KeyBatches
from actors.sql.encoding.row_batches import encode_rows

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

SKIPPED = 16
"""Batches for which a range that was not empty lets the next ranges go unread."""
TURN_ROWS = 512
"""Put one by one between two turns of the loop."""


def takes_columns(rows: RowInserter) -> bool:
    """Whether the table is one whose rows may come as columns."""
    stored = rows.stored
    return rows.watch is None and rows.constraints.is_plain and not stored.secondary and len(stored.unique_indexes) <= 1


class ColumnInserter:
    __slots__ = ("_constants", "_keys", "_required", "_rows", "_skip", "_stored", "_takes")

    def __init__(self, rows: RowInserter, constants: Mapping[int, Any]) -> None:
        """`constants`: position -> what its column gets in every row, where it is not given."""
        stored = self._stored = rows.stored
        self._rows = rows
        self._constants = constants
        self._takes = takes_columns(rows)
        self._required = [column.position for column in stored.table.live_columns() if column.not_null]
        index = stored.primary.index
        self._keys = KeyBatches(
            stored.primary.types,
            [column.descending for column in index.columns],
            [column.nulls_first for column in index.columns],
        )
        self._skip = 0

    async def insert(self, transaction: Transaction, batch: ColumnBatch) -> bool:
        """False: nothing was written, and the rows have to be inserted one by one. Raises what reads raise."""
        columns = self._arranged(batch) if self._takes and len(batch) else None
        if columns is None:
            return False
        stored, count = self._stored, len(batch)
        for position in self._required:
            column = columns[position]
            if column is None or column.null_count:
                return False
        values = encode_rows(columns, stored.types)
        await turn()
        keys = self._encoded_keys(transaction, columns, count)
        if not self._are_within_limits(transaction, keys, values):
            return False
        if not stored.hidden:
            ordered = _ascending(keys, values)
            if ordered is None:
                return False
            keys, values = ordered
            if not await self._are_new(transaction, keys):
                return False
        if not put_together(transaction, keys, values, counts=True):
            pairs = zip(keys.to_pylist(), values.to_pylist(), strict=True)
            for number, (key, value) in enumerate(pairs, 1):
                transaction.put(key, value)
                if not number % TURN_ROWS:
                    await turn()
        return True

    def _arranged(self, batch: ColumnBatch) -> list[pa.Array | None] | None:
        """The columns by position; None where a column is not given and has no constant, or is not of the batch's
        type."""
        columns: list[pa.Array | None] = []
        given = dict(zip(batch.names, zip(batch.types, batch.columns, strict=True), strict=True))
        for column in self._stored.table.columns:
            if not column.dropped and column.name in given:
                type_, values = given.pop(column.name)
                if type_ != column.type:
                    return None
                columns.append(values)
            elif column.position not in self._constants:
                return None
            else:
                datum = self._constants[column.position]
                columns.append(None if datum is None else to_arrow([datum] * len(batch), column.type))
        return None if given else columns

    def _encoded_keys(self, transaction: Transaction, columns: list[pa.Array | None], count: int) -> pa.Array:
        primary = self._stored.primary
        if self._stored.hidden:
            hidden = HiddenKeys(transaction.environment)
            return pa.array([hidden.next(primary.space) for _ in range(count)], pa.binary())
        return self._keys.encode(primary.space, [columns[position] for position in primary.positions])

    def _are_within_limits(self, transaction: Transaction, keys: pa.Array, values: pa.Array) -> bool:
        longest_key, largest = (pc.max(pc.binary_length(column)).as_py() for column in (keys, values))
        return (
            self._rows.takes_keys_of(longest_key)
            and self._rows.constraints.takes_columns_of(largest)
            and has_room(transaction, keys, values, counts=True)
        )

    async def _are_new(self, transaction: Transaction, keys: pa.Array) -> bool:
        """Whether no row has one of these ascending keys. Raises CatalogStale, 08006."""
        first, last = keys[0].as_py(), keys[-1].as_py()
        is_apart = not transaction.wrote_in(first, last + b"\0")
        if is_apart and transaction.is_new_keyspace(first[:KEYSPACE_BYTES]):
            return True
        if is_apart and not self._skip:
            if await transaction.scan(first, last + b"\0", limit=1).next_rows() is None:
                return True
            self._skip = SKIPPED
        elif self._skip:
            self._skip -= 1
        return not await self._rows.taken(transaction, [keys.to_pylist()])


def _ascending(keys: pa.Array, values: pa.Array) -> tuple[pa.Array, pa.Array] | None:
    """Both in the keys' order; None where two keys are equal."""
    if not _ascend(keys):
        order = pc.sort_indices(keys)
        keys, values = keys.take(order), values.take(order)
        if not _ascend(keys):
            return None
    return keys, values


def _ascend(keys: pa.Array) -> bool:
    return len(keys) < 2 or bool(pc.all(pc.less(keys.slice(0, len(keys) - 1), keys.slice(1))).as_py())
