"""Many rows written at once, as Arrow arrays of keys and of values (WriteBuffer.append)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from actors.query_processor.transaction.transaction import Transaction


def has_room(transaction: Transaction, keys: pa.Array, values: pa.Array, counts: bool) -> bool:
    """Whether the transaction's limits let all of the rows in; `counts`: they are rows, not index entries."""
    limits, buffer = transaction.limits, transaction.buffer
    sizes = pc.binary_length(values)
    size = pc.sum(sizes).as_py() + pc.sum(pc.binary_length(keys)).as_py()
    if 0 < limits.transaction_bytes_max < buffer.bytes + size:
        return False
    return not counts or not (
        0 < limits.row_bytes_max < pc.max(sizes).as_py() or 0 < limits.transaction_rows_max < buffer.rows + len(keys)
    )


def put_together(transaction: Transaction, keys: pa.Array, values: pa.Array, counts: bool) -> bool:
    """Write rows of one keyspace, for which there is room, whose keys ascend. False: nothing was written, and they have
    to be put one by one."""
    buffer = transaction.buffer
    return transaction.buffer_of(keys[0].as_py()) is buffer and buffer.append(keys, values, counts)
