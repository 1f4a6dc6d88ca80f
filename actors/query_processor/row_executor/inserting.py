"""`RowInserter`: new rows into a table: constraints, duplicates refused, row and index entries written. INSERT and COPY
share it.

    inserter = RowInserter(stored, constraints, limits)
    await inserter.insert(transaction, rows)                    rows: full tuples of datums by position

Duplicates are looked for at start_ts in one batched read of every unique key of all rows, own writes included; a
concurrent insert of the same key conflicts at commit, because the unique key is written by both. A keyspace that this
transaction has made itself (a table just created or truncated) holds nothing but own writes: no read then. A table with
a hidden key and no unique index is never read.

Invariant: nothing is written before the last read has come back, so that a statement whose plan turns out to be stale
can be planned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actors.common.settings import Limits
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.constraints import RowConstraints, key_too_large
from actors.query_processor.row_executor.hidden_keys import HiddenKeys
from actors.query_processor.row_executor.referring import Watch
from actors.query_processor.row_executor.stored_table import StoredTable

if TYPE_CHECKING:
    from actors.query_processor.transaction import Transaction

Row = Sequence[Any]


class RowInserter:
    __slots__ = ("_check", "_key_length_max", "constraints", "stored", "watch")

    def __init__(
        self, stored: StoredTable, constraints: RowConstraints, limits: Limits, watch: Watch | None = None
    ) -> None:
        self.stored = stored
        self.constraints = constraints
        self.watch = watch
        self._check = constraints.check
        self._key_length_max = limits.key_bytes_max + len(stored.primary.space) if limits.key_bytes_max else 1 << 62

    async def insert(self, transaction: Transaction, rows: Sequence[Row]) -> list[bytes]:
        """The rows' keys. Raises 23502, 23514, 23505, 54000."""
        environment = transaction.environment
        stored, check, encode = self.stored, self._check, self.stored.encode
        for row in rows:
            check(row, environment)
        keys = self.primary_keys(transaction, rows)
        values = [encode(row) for row in rows]
        if stored.unique_indexes:
            await self._refuse_duplicates(transaction, rows, keys)
        if self.watch is not None:
            await self.note(transaction, rows, self.watch)
        put, constraints = transaction.put, self.constraints
        for row, key, value in zip(rows, keys, values, strict=True):
            constraints.check_size(row, value)
            put(key, value)
        if stored.secondary:
            for row, key in zip(rows, keys, strict=True):
                self.put_entries(transaction, row, key)
        return keys

    @staticmethod
    async def note(transaction: Transaction, rows: Sequence[Row], watch: Watch) -> None:
        """What the rows refer to, before any of them is written."""
        await watch.begin(transaction)
        for row in rows:
            watch.written(transaction, row)

    def primary_keys(self, transaction: Transaction, rows: Sequence[Row]) -> list[bytes]:
        """Raises 54000 for a key that is too long."""
        stored = self.stored
        if stored.hidden:
            hidden, space = HiddenKeys(transaction.environment), stored.primary.space
            return [hidden.next(space) for _ in rows]
        primary_key, length_max = stored.primary_key, self._key_length_max
        keys = [primary_key(row) for row in rows]
        for key in keys:
            if len(key) > length_max:
                raise key_too_large()
        return keys

    def takes_keys_of(self, size: int) -> bool:
        """Whether a key of so many bytes, keyspace included, is not too long."""
        return size <= self._key_length_max

    def put_entries(self, transaction: Transaction, row: Row, key: bytes) -> None:
        """Write the secondary indexes' entries of one row. Raises 54000."""
        for index in self.stored.secondary:
            made = index.entry(row, key)
            if made is None:
                continue
            entry, pointer = made
            if (
                len(entry) > self._key_length_max
                and len(index.space) + len(index.codec.encode(index.key_datums(row))) > self._key_length_max
            ):
                raise key_too_large()
            transaction.put(entry, pointer, counts=False)

    async def _refuse_duplicates(self, transaction: Transaction, rows: Sequence[Row], keys: list[bytes]) -> None:
        stored = self.stored
        if len(rows) == 1 and stored.unique_indexes == (stored.primary,):
            if await transaction.get_one(keys[0]) is not None:
                raise violations.duplicate(stored.table, stored.primary.index, rows[0])
            return
        probes: list[list[bytes | None]] = [
            list(keys) if index is stored.primary else [index.unique_key(row) for row in rows]
            for index in stored.unique_indexes
        ]
        taken = await self.taken(transaction, probes)
        for place, row in enumerate(rows):
            for index, unique_keys in zip(stored.unique_indexes, probes, strict=True):
                key = unique_keys[place]
                if key is None:
                    continue
                if key in taken:
                    raise violations.duplicate(stored.table, index.index, row)
                taken.add(key)

    async def taken(self, transaction: Transaction, probes: list[list[bytes | None]]) -> set[bytes]:
        """Those of the keys that exist for this transaction."""
        written = transaction.written(self.stored.primary.space)
        asked: list[bytes] = []
        taken: set[bytes] = set()
        for index, unique_keys in zip(self.stored.unique_indexes, probes, strict=True):
            if transaction.is_new_keyspace(index.space):
                taken.update(key for key in unique_keys if key is not None and written.get(key) is not None)
            else:
                asked += [key for key in unique_keys if key is not None]
        if asked:
            values = await transaction.get(asked)
            taken.update(key for key, value in zip(asked, values, strict=True) if value is not None)
        return taken
