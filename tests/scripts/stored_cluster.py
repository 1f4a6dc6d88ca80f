"""The query processor tests' cluster in memory, with storage's own scan programs: filters, projections and aggregates
as storage computes them."""

from __future__ import annotations

from typing import Any

from actors.common.messages import Message, Scan, Scanned
from actors.common.messages.arrow_rows import ArrowRows
from actors.sql.encoding import scan_program
from actors.sql.encoding.scan_program import ScanProgram
from actors.storage.block_scan import ColumnCache
from actors.storage.pushdown import CompiledProgram
from tests.unit.query_processor.support.cluster import FakeCluster

ANSWER_ROWS_MAX = 1000
"""Rows looked at by one answer, so that larger scans take several."""


class StoredCluster(FakeCluster):
    """`programs` holds the scan programs that were asked for, the newest last."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.programs: list[ScanProgram] = []

    def _read(self, message: Message) -> Message:
        if not isinstance(message, Scan):
            return super()._read(message)
        keys = [key for key in self.keys(message.at) if message.start <= key < message.end]
        if message.reverse:
            keys.reverse()
        program = scan_program.decode(message.program) if message.program else ScanProgram(columns=())
        self.programs.append(program)
        compiled = CompiledProgram(program, ColumnCache())
        output = compiled.output(program.parameters, program.order_rows)
        looked_at = keys[:ANSWER_ROWS_MAX]
        values = [value for key in looked_at if (value := self.value(key, message.at)) is not None]
        limit = 0 if program.output == "aggregates" else message.limit
        if looked_at:
            output.add_rows(looked_at, values, limit)
        resume = None
        if len(keys) > len(looked_at) and not (limit and output.count >= limit):
            resume = looked_at[-1] if message.reverse else looked_at[-1] + b"\x00"
        rows = ArrowRows.received(ArrowRows.made(compiled.head, output.finish()).data)
        return Scanned(
            rows,
            output.count,
            resume,
            self._catalog_ts(message.at),
            len(looked_at),
            sum(map(len, looked_at)) + sum(map(len, values)),
        )
