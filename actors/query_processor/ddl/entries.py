"""Index entries of many rows as Arrow columns: how indexes of tables that have rows are filled (backfill.py).

    reader = StoredColumns(transaction, table, positions)
    while (rows := await reader.next()) is not None: ...            keys, values and decoded columns, SLICE_ROWS at once
        entries.add(rows)
    await write_sorted(transaction, [entries])

Rows are read as storage holds them, so the transaction's own must be none; for CREATE INDEX as the typed columns of its
blocks, without the rows. Columns that do not decode together are
decoded row by row (row_columns.py). Entries are gathered, sorted once (in a thread where they are many), and go to the
buffer as they ascend, so that they are sealed as they come (transaction/buffer.py). A row takes the bytes of its entry
twice while that happens, and no Python object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.aside import aside
from actors.query_processor.ddl.change import keyspace_range
from actors.query_processor.transaction.bulk import has_room, put_together
from actors.reading.storage_client import ROWS_SCHEMA
from actors.runtime.fiber import turn
from actors.sql.catalog.schema import Index, Table
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import has_arrow_type, to_arrow
from actors.sql.encoding.key_batches import KeyBatches
from actors.sql.encoding.row_columns import NotPlain, columns_of
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import ScanProgram
from actors.sql.encoding.string_arrays import buffers

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction
    from actors.query_processor.transaction.scanner import Scanner

SLICE_ROWS = 8192
"""Decoded, encoded or written in one turn of the loop: some milliseconds."""
ASIDE_ROWS = 32_768
"""More are sorted in a thread."""
PADDED_BYTES_MAX = 64
"""Entries that are no longer, without their keyspace, are sorted as numbers of eight bytes; others by Arrow, which
compares them one by one."""
LENGTH_MAX = 2**31 - 1
"""Of a key: without a stop Arrow's binary_slice fails (findings/pyarrow_binary_slice.sh)."""
BYTES_MAX = 2**31 - 1
"""Of all keys, and of all values: what one Arrow array holds."""
_WORD = 8


class Rows(NamedTuple):
    keys: pa.Array
    values: pa.Array | None
    """None where nobody asked for them."""
    columns: dict[int, pa.Array]
    """By position, as to_arrow(...) of the datums."""


class StoredColumns:
    def __init__(
        self, transaction: Transaction, table: Table, positions: Sequence[int], *, with_values: bool = True
    ) -> None:
        """The table's rows that are committed at start_ts. Without `with_values` storage gives keys and columns, as its
        blocks have them, where they have Arrow types."""
        self._types = [column.type for column in table.columns]
        self._decode = RowCodec(self._types).decode
        self._positions = sorted(set(positions))
        self._in_columns = not with_values and all(
            has_arrow_type(self._types[position]) for position in self._positions
        )
        program = b""
        if self._in_columns:
            program = scan_program.encode(
                ScanProgram(columns=tuple(self._types), output="columns", project=tuple(self._positions), with_key=True)
            )
        self._scanner: Scanner = transaction.scan(*keyspace_range(table.id, table.primary.id), program)
        self._left: list[pa.RecordBatch] = []

    async def next(self) -> Rows | None:
        """Raises what reads raise, and 0A000 or 22008 for a value that Arrow cannot hold."""
        while not self._left:
            batch = await self._scanner.next()
            if batch is None:
                return None
            rows = batch.arrow if self._in_columns else batch.arrow_of(ROWS_SCHEMA)
            self._left = [rows.slice(start, SLICE_ROWS) for start in range(0, rows.num_rows, SLICE_ROWS)][::-1]
        await turn()
        if self._in_columns:
            keys, *projected = self._left.pop().columns
            return Rows(keys, None, dict(zip(self._positions, projected, strict=True)))
        keys, values = self._left.pop().columns
        try:
            columns = columns_of(values, self._positions, self._types)
        except NotPlain:
            decoded = list(map(self._decode, values.to_pylist()))
            columns = {
                position: to_arrow([row[position] for row in decoded], self._types[position])
                for position in self._positions
            }
        return Rows(keys, values, columns)


class Entries:
    """One index's entries, or (`make` of another key) a table's rows under their new keys."""

    def __init__(self, table: Table, index: Index) -> None:
        self.positions = [column.position for column in index.columns]
        self._space, _ = keyspace_range(table.id, index.id)
        self._batches = KeyBatches(
            [table.columns[position].type for position in self.positions],
            [column.descending for column in index.columns],
            [column.nulls_first for column in index.columns],
        )
        self._unique, self._nulls_distinct = index.unique, index.nulls_distinct
        self._keys: list[pa.Array] = []
        self._values: list[pa.Array] = []
        self._keys_bytes = self._values_bytes = 0
        self._sorted: tuple[pa.Array, pa.Array] | None = None

    def keys_of(self, rows: Rows, primary: pa.Array | None) -> pa.Array:
        """`primary`: the primary keys without keyspace, of a secondary index."""
        columns = [rows.columns[position] for position in self.positions]
        if primary is not None and self._unique:
            free = np.zeros(len(primary), bool)
            for column in columns if self._nulls_distinct else ():
                free |= np.asarray(column.is_null())
            primary = pc.if_else(pa.array(free), primary, pa.scalar(b"", pa.binary()))
        return self._batches.encode(self._space, columns, primary)

    def add(self, keys: pa.Array, values: pa.Array) -> bool:
        """False: they have become too many to be sorted together."""
        self._keys.append(keys)
        self._values.append(values)
        self._keys_bytes += _bytes_of(keys)
        self._values_bytes += _bytes_of(values)
        return max(self._keys_bytes, self._values_bytes) <= BYTES_MAX

    async def sort(self) -> bool:
        """Whether no two entries have the same key. Called once."""
        if not self._keys:
            return True
        keys, values = pa.concat_arrays(self._keys), pa.concat_arrays(self._values)
        self._keys, self._values = [], []
        self._sorted = await aside(in_order, (keys, values), len(keys) > ASIDE_ROWS)
        keys = self._sorted[0]
        for start in range(0, len(keys), SLICE_ROWS):
            await turn()
            part = keys.slice(start, SLICE_ROWS + 1)  # and the next one's first
            if len(part) > 1 and not pc.all(pc.less(part.slice(0, len(part) - 1), part.slice(1))).as_py():
                return False
        return True

    async def write(self, transaction: Transaction) -> None:
        """Raises 54000."""
        if self._sorted is None:
            return
        keys, values = self._sorted
        for start in range(0, len(keys), SLICE_ROWS):
            await turn()
            part = keys.slice(start, SLICE_ROWS), values.slice(start, SLICE_ROWS)
            if not has_room(transaction, *part, counts=False) or not put_together(transaction, *part, counts=False):
                for key, value in zip(*(column.to_pylist() for column in part), strict=True):
                    transaction.put(key, value, counts=False)
        self._sorted = None


async def write_sorted(transaction: Transaction, made: Sequence[Entries]) -> bool:
    """Sort and write all of them. False: some has two entries of one key, and nothing was written. Raises 54000."""
    for entries in made:
        if not await entries.sort():
            return False
    for entries in made:
        await entries.write(transaction)
    return True


def primary_keys_of(keys: pa.Array) -> pa.Array:
    """Full keys without their keyspaces."""
    return pc.binary_slice(keys, KEYSPACE_BYTES, LENGTH_MAX)


def _bytes_of(strings: pa.Array) -> int:
    offsets, _ = buffers(strings)
    return int(offsets[-1] - offsets[0])


def in_order(rows: tuple[pa.Array, pa.Array]) -> tuple[pa.Array, pa.Array]:
    """Keys of one keyspace, and what belongs to each, in the keys' order."""
    keys, values = rows
    order = pa.array(_order(keys))
    return keys.take(order), values.take(order)


def _order(keys: pa.Array) -> Any:
    """Positions in the order of the keys."""
    places_of, data = buffers(keys)
    offsets = places_of.astype(np.int64) - places_of[0]
    lengths = np.diff(offsets) - KEYSPACE_BYTES
    longest = int(lengths.max())
    if longest > PADDED_BYTES_MAX or int(lengths.min()) < 0:
        return pc.sort_indices(keys)
    width = -(-longest // _WORD) * _WORD
    padded = np.zeros((len(keys), width), np.uint8)
    if longest == int(lengths.min()):
        padded[:, :longest] = data.reshape(len(keys), -1)[:, KEYSPACE_BYTES:]
    else:
        places = np.arange(width)
        within = places < lengths[:, None]
        padded[within] = data[(offsets[:-1, None] + KEYSPACE_BYTES + places)[within]]
    words = padded.view(">u8").astype(np.uint64)
    # The padding of a shorter key may equal another's zero bytes: then the shorter one comes first.
    return np.lexsort((lengths, *(words[:, place] for place in reversed(range(words.shape[1])))))
