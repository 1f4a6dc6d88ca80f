"""Scans: answers `Scan` messages from the store, each in bounded work.

One answer ends where the range does, at the limit, after about `bytes_max` bytes, or after about `WORK_US_MAX` of work;
in the latter two cases it says where to go on (`resume`), so that point reads are answered in between and nothing
blocks for long. Aggregates are cut in the same way: each answer holds partial aggregates of its own part of the range.

    Scan [a, z)  ->  Scanned(rows of a..k, resume k\\x00)  ->  Scan [k\\x00, z)  ->  Scanned(rows of l..z, resume None)

Large ranges go block by block (block_scan.py) where the program can be computed on columns, else row by row in windows.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import accumulate
from typing import Any

import msgspec

from actors.common.messages import Scan, Scanned
from actors.common.messages.arrow_rows import ArrowRows
from actors.common.ranges import KEYSPACE_BYTES
from actors.sql.encoding import scan_program
from actors.sql.encoding.scan_program import ScanProgram
from actors.storage.block_scan import BlockPart, ColumnCache, block_part
from actors.storage.outputs import Output
from actors.storage.pushdown import CompiledProgram
from actors.storage.segment import BLOCK_BYTES_MAX, Segment
from actors.storage.store import Store

WINDOW_ROWS_MIN = 4
WINDOW_ROWS_MAX = 1024
"""Rows looked at between two checks of the bounds; a scan with a limit begins with few and doubles."""
WORK_US_MAX = 15_000
"""Of one answer. A few times the loop's time for anything else, and still small against the 100 us that one more
request costs."""
BLOCK_LIMIT_MIN = 1024
"""A scan for fewer rows than this goes row by row ..."""
FIRST_WINDOWS = 9
"""... unless it has a filter, and so many windows, some 2,000 rows, have not been enough."""
WINDOWS_BETWEEN = 3
"""Where a scan cannot go by blocks, so many more windows follow before that is tried again."""
PROGRAMS_MAX = 512
"""Compiled programs kept, their parameters apart."""
ROW_COST_US = 1.0
CACHED_ROW_COST_US = 0.1
DECODED_ROW_COST_US = 2.0
SKIPPED_BLOCK_COST_US = 50.0
BYTE_COST_US = 0.001
"""Of a block that is opened (its checksum), and of rows that are looked at one by one (copied)."""


class Scanner:
    """Runs scans on one store. Counts what `status` shows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache = ColumnCache()
        self._raw = CompiledProgram(ScanProgram(columns=()), self._cache)
        self._raw.row_cost_us = ROW_COST_US
        self._programs: OrderedDict[bytes, CompiledProgram] = OrderedDict()
        self.bytes_read = 0

    def run(self, message: Scan) -> Scanned:
        """One answer. Raises 54000 below the horizon, XX001 where a block is damaged, and what the program's
        expressions raise."""
        store = self._store
        at, limit, reverse = message.at, message.limit, message.reverse
        store.check_horizon(at)
        program, parameters, order_rows = (self._raw, (), 0) if not message.program else self._program(message.program)
        output = program.output(parameters, order_rows)
        if program.types:
            store.types.learn(message.start[:KEYSPACE_BYTES], program.types)
        skips = program.skipped(parameters, message.start[:KEYSPACE_BYTES])
        if program.program.output == "aggregates" or order_rows:
            limit = 0
        is_small = 0 < limit < BLOCK_LIMIT_MIN
        start, end = message.start, message.end
        by_block = (
            program.vectorized
            and not reverse
            and (not is_small or program.filter is not None)
            and message.bytes_max >= BLOCK_BYTES_MAX
        )
        window_rows = WINDOW_ROWS_MAX if limit == 0 else min(max(limit, WINDOW_ROWS_MIN), WINDOW_ROWS_MAX)
        rows_read, bytes_read, work_us, windows_due = 0, 0, 0.0, FIRST_WINDOWS if is_small else 0
        opened_before = Segment.opened_bytes
        while True:
            part = block_part(store, start, end, at, skips) if by_block and windows_due == 0 else None
            if part is not None and (not limit or program.filter is not None or part.rows_max <= limit - output.count):
                work_us += self._add_part(output, part, program)
                rows_read += part.rows_max
                bytes_read += part.nbytes
                resume = part.resume
                if limit and output.count > limit:
                    output.truncate(limit)
            else:
                windows_due = windows_due - 1 if windows_due else WINDOWS_BETWEEN
                keys, values, resume, size = self._window(start, end, message, window_rows)
                rows_read += len(keys)
                bytes_read += size + sum(map(len, keys))
                work_us += ROW_COST_US * window_rows if not keys else program.row_cost_us * len(keys)
                work_us += BYTE_COST_US * size
                window_rows = min(2 * window_rows, WINDOW_ROWS_MAX)
                if keys:
                    output.add_rows(keys, values, limit - output.count if limit else 0)
            if limit and output.count >= limit:
                resume = None
            opened_us = BYTE_COST_US * (Segment.opened_bytes - opened_before)
            if resume is None or output.size_bytes >= message.bytes_max or work_us + opened_us >= WORK_US_MAX:
                break
            if reverse:
                end = resume
            else:
                start = resume
        rows = ArrowRows.made(program.head, output.finish())
        self.bytes_read += rows.nbytes
        return Scanned(rows, output.count, resume, store.catalog_ts(at), rows_read, bytes_read)

    def _window(
        self, start: bytes, end: bytes, message: Scan, rows_max: int
    ) -> tuple[list[bytes], list[bytes], bytes | None, int]:
        """The store's next window, cut after about `bytes_max` bytes; and its bytes."""
        window = self._store.window(start, end, message.at, message.reverse, rows_max)
        keys, values = window.keys, window.values
        size = sum(map(len, values))
        if size > message.bytes_max:
            sizes = accumulate(len(value) for value in values)
            rows = next(place for place, so_far in enumerate(sizes, 1) if so_far >= message.bytes_max)
            if rows < len(keys):
                last = keys[rows - 1]
                return keys[:rows], values[:rows], last if message.reverse else last + b"\x00", size
        return keys, values, window.resume, size

    def _add_part(self, output: Output, part: BlockPart, program: CompiledProgram) -> float:
        """The work it was, in microseconds, about."""
        overlay_us = len(part.overlay_keys) * program.row_cost_us
        if part.is_skipped:
            output.add_rows(part.overlay_keys, part.overlay_values, 0)
            return SKIPPED_BLOCK_COST_US + overlay_us
        cached_before = self._cache.decoded_rows
        output.add_part(part)
        decoded = self._cache.decoded_rows - cached_before
        return part.base_rows * CACHED_ROW_COST_US + decoded * DECODED_ROW_COST_US + overlay_us

    def _program(self, data: bytes) -> tuple[CompiledProgram, tuple[Any, ...], int]:
        """Compiled once for all parameters and numbers of rows; and these."""
        decoded = scan_program.decode(data)
        key = data
        if decoded.parameters or decoded.order_rows:
            key = scan_program.encode(msgspec.structs.replace(decoded, parameters=(), order_rows=0))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = CompiledProgram(decoded, self._cache)
            if len(self._programs) > PROGRAMS_MAX:
                self._programs.popitem(last=False)
        else:
            self._programs.move_to_end(key)
        return program, decoded.parameters, decoded.order_rows
