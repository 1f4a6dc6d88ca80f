"""Query processor -> storage replica: reads at a timestamp.

Every answer names `catalog_ts`, the commit time of the newest catalog change at or below `at` that the replica knows of
(0: none): a QP whose catalog is of another version loads the catalog at its start_ts and plans again. A read waits at
the replica until its watermark >= at. Errors: 08006 when the replica cannot get there in time (the QP turns to
another), 55000 `Redirected` when the shard does not own the key under the replica's newer map.
"""

from __future__ import annotations

from actors.common.messages.arrow_rows import ArrowRows
from actors.common.messages.base import Message


class Get(Message, frozen=True):
    """Read some keys (any order, all of this shard). Of none: answered once the replica has all that was committed up
    to `at`, below its horizon, too."""

    keys: list[bytes]
    at: int


class Got(Message, frozen=True):
    """`values[i]` is the encoded row of `keys[i]`, or None where there is no row. `catalog_ts`: the newest catalog
    change at or below `at`; of no keys below the horizon: 0, perhaps, though there is one."""

    values: list[bytes | None]
    catalog_ts: int


class Scan(Message, frozen=True):
    """Read the key range [start, end) of one keyspace, ascending, or descending where `reverse`.

    `program`: b"" returns every row, else a msgpack-encoded `ScanProgram` (sql/encoding/scan_program.py): filter,
    projection, aggregates. `limit`: stop after so many rows that pass the filter (0: no limit). `bytes_max`: stop soon
    after so many bytes of answer.
    """

    start: bytes
    end: bytes
    at: int
    program: bytes = b""
    reverse: bool = False
    limit: int = 0
    bytes_max: int = 4 << 20


class Scanned(Message, frozen=True):
    """One answer of a scan. `rows`: record batches (one, unless they are typed columns), their columns by the program's
    `output`:

    - "rows": `key` binary, `value` binary (an encoded row, only the projected columns where the program projects)
    - "columns": one typed Arrow column for each projected expression
    - "aggregates": one row (or a row per group) of partial aggregates
    `resume`: where a next Scan goes on (its new `start`, or its new `end` where reverse); None when the range is
    exhausted or the limit reached. `rows_read`: versions visible at `at` that were looked at, before the filter (for
    EXPLAIN ANALYZE); `bytes_read`: of their keys and values (for metering).
    """

    rows: ArrowRows
    count: int
    resume: bytes | None
    catalog_ts: int
    rows_read: int = 0
    bytes_read: int = 0


class AskReached(Message, frozen=True):
    """Up to which time do you answer at once? Answer: Reached; within a process also without a message
    (Bus.answer_now)."""


class Reached(Message, frozen=True):
    """Reads at or below `watermark` wait for nothing at this replica; 0: it has nothing yet."""

    watermark: int
