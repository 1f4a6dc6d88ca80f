"""`Scanner`: a storage scan with the transaction's own uncommitted writes merged in.

    scanner = transaction.scan(start, end, program)
    while (rows := await scanner.next_rows()) is not None: ...      [(key, value), ...], program output "rows"
    while (batch := await scanner.next()) is not None: ...          Arrow batches as storage made them, no merge

Merging keeps key order (or reverse order): an own write replaces the stored row of its key, an own delete hides it, and
own rows have to pass the program's filter here, as stored ones have at storage. A `limit` counts rows after the merge:
storage is asked for as many rows more as own writes could take away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.query_processor.transaction.row_filter import row_filter
from actors.query_processor.transaction.temporary_rows import NothingStored
from actors.reading.storage_client import ScanBatch, ShardScan
from actors.runtime.fiber import turn

if TYPE_CHECKING:
    from actors.query_processor.transaction.transaction import Transaction

Rows = list[tuple[bytes, bytes]]
SLICE_ROWS = 1024
"""At a time, with a turn of the loop between them: an answer of storage may have tens of thousands."""


class Scanner:
    __slots__ = (
        "_batch",
        "_batch_row",
        "_buffer",
        "_fixed",
        "_left",
        "_limited",
        "_own",
        "_passes",
        "_place",
        "_reverse",
        "_scan",
        "_transaction",
    )

    def __init__(
        self,
        transaction: Transaction,
        start: bytes,
        end: bytes,
        program: bytes,
        reverse: bool,
        limit: int,
        own: dict[bytes, bytes | None] | None = None,
    ) -> None:
        """`own`: the own writes to be merged in, in key order, where the scan outlives the statement
        (Transaction.own_writes); None: those of now."""
        self._transaction = transaction
        self._reverse = reverse
        self._limited = limit > 0
        self._left = limit
        self._buffer = transaction.buffer_of(start)
        self._fixed = own
        if own is None:
            self._own: list[bytes] = self._buffer.range(start, end) if self._buffer.values else []
        else:
            self._own = list(own)
        self._place = 0
        self._batch: ScanBatch | None = None
        self._batch_row = 0
        """The batch of which `next_rows` has given so many rows; None: it has given them all."""
        self._passes: Callable[[bytes], bool] | None = None
        if self._own:
            if reverse:
                self._own.reverse()
            if program:
                self._passes = row_filter(program, transaction.environment)
        asked = limit + len(self._own) if limit else 0
        self._scan: ShardScan | NothingStored = transaction.open_scan(start, end, program, reverse, asked)

    @property
    def rows_read(self) -> int:
        """Rows that storage has looked at so far, before filters."""
        return self._scan.rows_read

    async def next(self) -> ScanBatch | None:
        """The next batch as storage made it, without own writes; None at the end."""
        batch = await self._scan.next()
        if self._scan.catalog_ts >= 0:
            self._transaction.note_catalog_ts(self._scan.catalog_ts)
        return batch

    async def next_rows(self) -> Rows | None:
        """The next rows, at most SLICE_ROWS or so, as (key, encoded row), own writes merged in; None at the end."""
        while not self._limited or self._left > 0:
            if self._batch is not None:
                await turn()
            else:
                self._batch = await self.next()
                self._batch_row = 0
            if self._batch is None:
                if self._place == len(self._own):
                    return None
                rows = self._rest()
                if self._place < len(self._own):
                    await turn()
            else:
                keys, values = self._slice(self._batch)
                rows = (
                    self._merge(keys, values) if self._place < len(self._own) else list(zip(keys, values, strict=True))
                )
            if self._limited:
                rows = rows[: self._left]
                self._left -= len(rows)
            if rows:
                return rows
        return None

    def _slice(self, batch: ScanBatch) -> tuple[list[bytes], list[bytes]]:
        """The batch's next rows."""
        if batch.count <= SLICE_ROWS:
            self._batch = None
            return batch.key_values()
        first = self._batch_row
        self._batch_row = first + SLICE_ROWS
        if self._batch_row >= batch.count:
            self._batch = None
        return batch.key_values(first, SLICE_ROWS)

    def _merge(self, keys: list[bytes], values: list[bytes]) -> Rows:
        """Stored rows of one batch with the own writes up to its last key."""
        own, place, count, reverse = self._own, self._place, len(self._own), self._reverse
        rows: Rows = []
        for key, value in zip(keys, values, strict=True):
            while place < count and (own[place] > key if reverse else own[place] < key):
                self._emit(own[place], rows)
                place += 1
            if place < count and own[place] == key:
                self._emit(key, rows)
                place += 1
            else:
                rows.append((key, value))
        self._place = place
        return rows

    def _rest(self) -> Rows:
        """Own rows behind the last stored one."""
        rows: Rows = []
        end = min(self._place + SLICE_ROWS, len(self._own))
        for key in self._own[self._place : end]:
            self._emit(key, rows)
        self._place = end
        return rows

    def _emit(self, key: bytes, rows: Rows) -> None:
        value = (self._buffer.values if self._fixed is None else self._fixed)[key]
        if value is not None and (self._passes is None or self._passes(value)):
            rows.append((key, value))
