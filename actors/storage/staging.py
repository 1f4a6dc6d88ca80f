"""Staging: what has come of large transactions that are not known to be committed. Plain and synchronous.

    Stage(journal, transaction, first 0, [piece, piece, ...])      a few pieces: in memory
    Stage(journal, transaction, first 4, [piece, ...])             more: a segment's file, block after block, without
                                                                   commit times
    Deliver(staged=[(commit time, journal, transaction, pieces)])  a few: applied to the memtable; else the segment
                                                                   joins the store as it is

Pieces come in the order of the journal, which is that of their keys unless the network had them overtake each other: a
piece that does not lie above a file begins another one.

What it promises: nothing of a staged transaction is seen before it is published, and then all of it. What a replica
does for a transaction when it commits does not grow with the transaction: of a segment it reads the footer. The rows
are written once; a row is never a Python object. (Pebble keeps a large batch likewise, as a memtable of its own,
https://github.com/cockroachdb/pebble, flushable batches.)

The file is written while the transaction's pieces are on their way, and synced in the background; it counts for nothing
on disk until a checkpoint names it. What is staged does not outlive the stream that brought it.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from actors.common import write_set
from actors.common.messages import Deliver, Stage
from actors.storage import segment
from actors.storage.files import discard
from actors.storage.segment import Segment
from actors.storage.segment_writer import SegmentWriter, block_rows_max
from actors.storage.store import Store

MEMORY_PIECES_MAX = 4
"""Of a transaction: applied to the memtable in one turn of the loop, some ten milliseconds."""
SYNC_BYTES = 16 << 20
"""A file is synced in the background each time that so much has been written: a checkpoint would else wait for all of
it."""


class _File:
    """A segment that is being written, from pieces whose keys ascend."""

    def __init__(self, store: Store) -> None:
        self._disk = store.disk
        self.path = store.new_segment_path()
        self.file = store.disk.open(self.path)
        self._writer = SegmentWriter(self.file, store.types.of)
        self._keys: list[pa.Array] = []
        self._values: list[pa.Array] = []
        self._rows = self._bytes = 0
        self._synced = 0
        self.last_key = b""

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows above all that are there. Raises 53100, 58030."""
        self._keys.append(batch.column(0))
        self._values.append(batch.column(1))
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        self.last_key = batch.column(0)[-1].as_py()
        if self._rows >= block_rows_max(batch.column(1)[-1].as_py()) or self._bytes >= segment.BLOCK_BYTES_MAX:
            self._cut()

    def _cut(self, is_last: bool = False) -> None:
        """Write blocks. Pieces are not as long as blocks: what is left of them begins the next one, since few rows
        between two blocks would be a block without columns, behind which scans go row by row."""
        keys, values = pa.concat_arrays(self._keys), pa.concat_arrays(self._values)
        rows_max = block_rows_max(values[-1].as_py())
        left = 0 if is_last or len(keys) < rows_max else len(keys) % rows_max
        end = len(keys) - left
        for start in range(0, end, rows_max):
            rows = min(rows_max, end - start)
            self._writer.add_untimed(keys.slice(start, rows), values.slice(start, rows))
        self._keys, self._values = ([keys.slice(end)], [values.slice(end)]) if left else ([], [])
        self._rows = left
        self._bytes = sum(array.nbytes for array in (*self._keys, *self._values))
        if self.file.size - self._synced >= SYNC_BYTES:
            self._synced = self.file.size
            self.file.sync(lambda error: None)  # a failure is final, and the checkpoint hears of it

    def finish(self, commit_ts: int) -> Segment:
        """What is left, and the footer. Raises 53100, 58030."""
        if self._keys:
            self._cut(is_last=True)
        self._writer.finish()
        return Segment(self._disk, self.path, commit_ts)

    def discard(self) -> None:
        self.file.close()
        discard(self._disk, self.path)


class _Transaction:
    """So far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pieces: list[bytes] = []
        """While they are few."""
        self._files: list[_File] = []
        self._drops: list[tuple[bytes, bytes]] = []
        self._segments: list[Segment] = []
        """The files', once all has come."""
        self.count = 0

    def add(self, piece: bytes) -> None:
        """Raises 53100, 58030."""
        self.count += 1
        if self.count <= MEMORY_PIECES_MAX:
            self._pieces.append(piece)
            return
        pieces, self._pieces = [*self._pieces, piece], []
        for one in pieces:
            self._write(write_set.decode(one))

    def _write(self, batch: pa.RecordBatch) -> None:
        is_drop = pc.equal(batch.column(2), write_set.IS_DROP_RANGE)
        if pc.any(is_drop).as_py():
            dropped = batch.filter(is_drop)
            self._drops += zip(dropped.column(0).to_pylist(), dropped.column(1).to_pylist(), strict=True)
            batch = batch.filter(pc.invert(is_drop))
        if batch.num_rows:
            first_key = batch.column(0)[0].as_py()
            below = [file for file in self._files if file.last_key < first_key]
            if not below:
                below = [_File(self._store)]
                self._files += below
            max(below, key=lambda file: file.last_key).add(batch)

    def finish(self, commit_ts: int) -> None:
        """All have come. Raises 53100, 58030."""
        for file in self._files[len(self._segments) :]:
            self._segments.append(file.finish(commit_ts))

    def publish(self, commit_ts: int) -> None:
        for piece in self._pieces:
            self._store.apply(piece, commit_ts)
        for start, end in self._drops:
            self._store.tombstones.add(start, end, commit_ts)
        for opened, file in zip(self._segments, self._files, strict=True):
            self._store.ingest(opened, file.file)

    def discard(self) -> None:
        for file in self._files:
            file.discard()


class Staging:
    """See the module. Of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._transactions: dict[tuple[int, bytes], _Transaction] = {}

    def take(self, message: Stage) -> bool:
        """False: earlier pieces have not come. Raises 53100, 58030; then `clear` is all that is left."""
        key = (message.journal, message.transaction)
        if message.is_void:
            self._drop(key)
            return True
        transaction = self._transactions.get(key)
        count = transaction.count if transaction is not None else 0
        if message.first > count:
            return False
        if transaction is None:
            transaction = self._transactions[key] = _Transaction(self._store)
        for piece in message.pieces[count - message.first :]:
            transaction.add(piece)
        return True

    def complete(self, message: Deliver, watermark: int) -> bool:
        """Make ready what the message commits above `watermark`. False: pieces of that have not come. Raises 53100,
        58030."""
        for commit_ts, journal, name, pieces in message.staged:
            if commit_ts > watermark:
                transaction = self._transactions.get((journal, name))
                if transaction is None or transaction.count != pieces:
                    return False
                transaction.finish(commit_ts)
        return True

    def apply(self, message: Deliver, watermark: int) -> int:
        """Everything of the message above `watermark`, which is complete. The bytes of its write sets, those below
        included."""
        store = self._store
        size = 0
        staged = message.staged
        place = 0
        for commit_ts, payload in zip(message.commit_ts, message.write_sets, strict=True):
            size += len(payload)
            if commit_ts > watermark:
                # Else it may lie in a segment, and an older version must not come to lie above a newer one.
                while place < len(staged) and staged[place][0] < commit_ts:
                    self._publish(staged[place], watermark)
                    place += 1
                store.apply(payload, commit_ts)
        for one in staged[place:]:
            self._publish(one, watermark)
        for commit_ts in message.catalog_changes:
            if commit_ts > watermark:
                store.note_catalog_change(commit_ts)
        return size

    def _publish(self, staged: tuple[int, int, bytes, int], watermark: int) -> None:
        commit_ts, journal, name, _ = staged
        if commit_ts <= watermark:
            self._drop((journal, name))
        else:
            self._transactions.pop((journal, name)).publish(commit_ts)

    def _drop(self, key: tuple[int, bytes]) -> None:
        transaction = self._transactions.pop(key, None)
        if transaction is not None:
            transaction.discard()

    def clear(self) -> None:
        """The stream has ended: whatever comes begins anew."""
        for key in list(self._transactions):
            self._drop(key)
