"""`Scanner`: a storage scan with the transaction's own uncommitted writes merged in.

    scanner = transaction.scan(start, end, program)
    while (rows := await scanner.next_rows()) is not None: ...      [(key, value), ...], program output "rows"
    while (batch := await scanner.next()) is not None: ...          Arrow batches as storage made them, no merge

Merging keeps key order (or reverse order): an own write replaces the stored row of its key, an own delete hides it, and
own rows have to pass the program's filter here, as stored ones have at storage. A `limit` counts rows after the merge:
storage is asked for as many rows more as own writes could take away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from actors.query_processor.transaction.row_filter import row_filter
from actors.query_processor.transaction.temporary_rows import NothingStored
from actors.reading.storage_client import ScanBatch, ShardScan
from actors.runtime.fiber import turn

if TYPE_CHECKING:
    from actors.query_processor.transaction.buffer import WriteBuffer
    from actors.query_processor.transaction.transaction import Transaction

Rows = list[tuple[bytes, bytes]]
SLICE_ROWS = 1024
"""At a time, with a turn of the loop between them: an answer of storage may have tens of thousands."""


class Scanner:
    __slots__ = (
        "_batch",
        "_batch_row",
        "_buffer",
        "_left",
        "_limited",
        "_more",
        "_own",
        "_passes",
        "_pending",
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
        own: WriteBuffer | None = None,
    ) -> None:
        """`own`: the own writes to be merged in, where the scan outlives the statement (Transaction.own_writes); None:
        those of now."""
        self._transaction = transaction
        self._reverse = reverse
        self._limited = limit > 0
        self._left = limit
        self._buffer = transaction.buffer_of(start) if own is None else own
        self._own: list[bytes] = []
        """Keys of own writes in the order of the scan, as many as are at hand."""
        self._place = 0
        """Of the next of them."""
        self._more: Iterator[list[bytes]] = iter(())
        self._batch: ScanBatch | None = None
        self._batch_row = 0
        """The batch of which `next_rows` has given so many rows; None: it has given them all."""
        self._pending: tuple[list[bytes], list[bytes]] | None = None
        """Stored rows that own ones are to be merged with."""
        self._passes: Callable[[bytes], bool] | None = None
        count = 0
        if self._buffer.values:
            count, self._more = self._buffer.ordered(start, end, reverse)
            self._refill()
            if self._own and program:
                self._passes = row_filter(program, transaction.environment)
        self._scan: ShardScan | NothingStored = transaction.open_scan(
            start, end, program, reverse, limit + count if limit else 0
        )

    def _refill(self) -> None:
        """Where the keys at hand have been used up."""
        self._own, self._place = next(self._more, []), 0

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
            if self._batch is not None or self._pending is not None:
                await turn()
            else:
                self._batch = await self.next()
                self._batch_row = 0
            stored, self._pending = self._pending, None
            if stored is None and self._batch is not None:
                stored = self._slice(self._batch)
            if stored is not None:
                rows = self._merge(*stored) if self._own else list(zip(*stored, strict=True))
            elif self._own:
                rows = self._rest()
                if self._own:
                    await turn()
            else:
                return None
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
        """Stored rows of one batch with the own writes up to its last key; of many own writes between them some, and
        the rest is pending."""
        rows: Rows = []
        for at, (key, value) in enumerate(zip(keys, values, strict=True)):
            while self._own and self._comes_before(key):
                if len(rows) >= 2 * SLICE_ROWS:
                    self._pending = keys[at:], values[at:]
                    return rows
                self._emit(rows)
            if self._own and self._own[self._place] == key:
                self._emit(rows)
            else:
                rows.append((key, value))
        return rows

    def _comes_before(self, key: bytes) -> bool:
        """Whether the next own write does."""
        own = self._own[self._place]
        return own > key if self._reverse else own < key

    def _rest(self) -> Rows:
        """Own rows behind the last stored one."""
        rows: Rows = []
        for _ in range(min(SLICE_ROWS, len(self._own) - self._place)):
            self._emit(rows)
        return rows

    def _emit(self, rows: Rows) -> None:
        """The next own write."""
        key = self._own[self._place]
        value = self._buffer.values[key]
        if value is not None and (self._passes is None or self._passes(value)):
            rows.append((key, value))
        self._place += 1
        if self._place == len(self._own):
            self._refill()
