"""The rows of temporary tables, which are in their session's own buffer alone (session/temporary.py)."""

from __future__ import annotations

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.query_processor.transaction.buffer import WriteBuffer
from actors.reading.storage_client import ScanBatch

TEMPORARY_BYTES_MAX = 256 << 20
"""Of their keys and values, for one session: they are in the process's memory, at some 200 bytes more a row."""


def put_temporary(buffer: WriteBuffer, key: bytes, value: bytes) -> None:
    """Raises 54000."""
    buffer.write(key, value, False)
    if buffer.bytes > TEMPORARY_BYTES_MAX:
        mebibytes = TEMPORARY_BYTES_MAX >> 20
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, f"temporary tables of a session hold at most {mebibytes} MiB")


class NothingStored:
    """The scan of a temporary table's keyspace in storage: as a ShardScan that has come to its end, and has asked
    nobody."""

    __slots__ = ()

    rows_read = 0
    catalog_ts = -1

    async def next(self) -> ScanBatch | None:
        return None


NOTHING_STORED = NothingStored()
