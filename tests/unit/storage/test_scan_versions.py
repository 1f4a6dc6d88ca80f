"""Scans at any time over random versions: by columns, by rows and by the first rows, they see what a plain model of the
history sees. Deletions, dropped ranges, checkpoints, large transactions, merges, columns that were added later, NULLs,
all types."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from actors.common import write_set
from actors.common.messages import Scan
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import Aggregate, OrderBy, ScanProgram
from actors.sql.expressions import tree
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan, scan, segment, staging
from actors.storage.maintenance import Maintenance
from actors.storage.scan import Scanner
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

SPACE, END = b"\x00\x00\x40\x00\x00\x01", b"\x00\x00\x40\x00\x00\x02"
FIXED = ((12 << 16) | 2) + 4
MAKERS: dict[ColumnType, Any] = {
    ColumnType("int8"): lambda random: random.randrange(-(2**63), 2**63),
    ColumnType("int4"): lambda random: random.randrange(-9, 9),
    ColumnType("int2"): lambda random: random.randrange(-(2**15), 2**15),
    ColumnType("numeric", FIXED): lambda random: Decimal(random.randrange(-(10**12), 10**12)).scaleb(-2),
    ColumnType("numeric"): lambda random: Decimal(random.randrange(10**9)).scaleb(random.randrange(-20, 3)),
    ColumnType("text"): lambda random: "ä€x"[: random.randrange(4)] * random.randrange(30),
    ColumnType("bytea"): lambda random: random.randbytes(random.randrange(5)),
    ColumnType("uuid"): lambda random: random.randbytes(16),
    ColumnType("bool"): lambda random: random.random() < 0.5,
    ColumnType("float8"): lambda random: random.choice([0.0, -1.5, float("inf"), random.random()]),
    ColumnType("date"): lambda random: random.choice([0, -3, 2**31 - 1, -(2**31), 9000]),
    ColumnType("timestamptz"): lambda random: random.choice([2**63 - 1, -(2**63), random.randrange(10**15)]),
    ColumnType("interval"): lambda random: (random.randrange(-9, 9), random.randrange(99), random.randrange(10**9)),
}
TYPES = tuple(MAKERS)
WIDTH_AT_FIRST = 7
"""Of the rows, until the other columns are added."""
KEYS = 90


class History:
    """A store, and what every commit wrote: (time, key or range's start, row or None, range's end or None)."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.store = Store(MemoryDisk())
        self.codec = RowCodec(TYPES)
        self.log: list[tuple[int, bytes, list[Any] | None, bytes | None]] = []
        self.now = 0

    def key(self, number: int) -> bytes:
        return SPACE + b"%04d" % number

    def row(self) -> list[Any]:
        random = self.random
        width = WIDTH_AT_FIRST if self.now < 12 else len(TYPES)
        made = [None if random.random() < 0.2 else make(random) for make in MAKERS.values()]
        return made[:width]

    def commit(self) -> None:
        random = self.random
        self.now += 1
        changes: dict[bytes, tuple[bytes | None, int]] = {}
        if random.random() < 0.1:
            start, end = sorted((self.key(random.randrange(KEYS)), self.key(random.randrange(KEYS))))
            self.log.append((self.now, start, None, end))
            changes[start] = end, write_set.DROP_RANGE
        else:
            first = random.randrange(KEYS)
            numbers = range(first, min(first + random.choice((1, 3, 60)), KEYS), random.choice((1, 1, 2)))
            for number in numbers:
                row = None if random.random() < 0.15 else self.row()
                self.log.append((self.now, self.key(number), row, None))
                value = None if row is None else self.codec.encode(row)
                changes[self.key(number)] = value, write_set.PUT if value is not None else write_set.DELETE
        keys = sorted(changes)
        piece = write_set.encode(keys, [changes[key][0] for key in keys], [changes[key][1] for key in keys])
        if random.random() < 0.2:
            self.ingest(piece)
        else:
            self.store.apply(piece, self.now)

    def ingest(self, piece: bytes) -> None:
        """As a large transaction: a segment of its own."""
        transaction = staging._Transaction(self.store)
        with patch.object(staging, "MEMORY_PIECES_MAX", 0):
            transaction.add(piece)
        transaction.finish(self.now)
        transaction.publish(self.now)

    async def run(self, commits: int) -> None:
        maintenance = Maintenance(self.store, 3)
        for _ in range(commits):
            self.commit()
            if self.random.random() < 0.2:
                await maintenance.checkpoint(self.now, 0)
                if self.random.random() < 0.5:
                    await maintenance.merge(0)

    def seen(self, at: int) -> dict[bytes, list[Any]]:
        """By the log alone."""
        rows: dict[bytes, list[Any]] = {}
        for time, key, row, end in self.log:
            if time > at:
                break
            if end is not None:
                rows = {kept: value for kept, value in rows.items() if not key <= kept < end}
            elif row is None:
                rows.pop(key, None)
            else:
                rows[key] = row + [None] * (len(TYPES) - len(row))
        return dict(sorted(rows.items()))


def answers(scanner: Scanner, at: int, program: ScanProgram) -> list[Any]:
    start, found = SPACE, []
    while True:
        scanned = scanner.run(Scan(start, END, at, scan_program.encode(program)))
        found += scanned.rows.batches
        if scanned.resume is None:
            return found
        start = scanned.resume


def check(history: History, at: int) -> None:
    expected = history.seen(at)
    scanner = Scanner(history.store)
    for _ in range(2):  # the second time from the columns that the first has kept
        columns = answers(scanner, at, ScanProgram(TYPES, output="columns", with_key=True))
        assert [key for batch in columns for key in batch.column(0).to_pylist()] == list(expected)
        for place, type_ in enumerate(TYPES):
            datums = [datum for batch in columns for datum in from_arrow(batch.column(place + 1), type_)]
            assert datums == [row[place] for row in expected.values()], type_
    raw = answers(scanner, at, ScanProgram(TYPES))
    decoded = [history.codec.decode(value) for batch in raw for value in batch.column(1).to_pylist()]
    assert decoded == list(expected.values())
    number = tree.Column(1, TYPES[1])
    totals = answers(
        scanner, at, ScanProgram(TYPES, output="aggregates", aggregates=(Aggregate("count"), Aggregate("sum", number)))
    )
    assert sum(batch.column(0)[0].as_py() for batch in totals) == len(expected)
    assert sum(batch.column(1)[0].as_py() or 0 for batch in totals) == sum(row[1] or 0 for row in expected.values())
    first = answers(scanner, at, ScanProgram(TYPES, order=(OrderBy(1, True, False),), order_rows=3))
    numbers = [history.codec.decode(value)[1] for batch in first for value in batch.column(1).to_pylist()]
    greatest = sorted((row[1] for row in expected.values()), key=lambda number: -99 if number is None else number)[-3:]
    assert sorted(numbers, key=lambda number: -99 if number is None else number)[-3:] == greatest


@pytest.mark.parametrize("seed", range(6))
def test_scans_see_the_history(seed: int) -> None:
    history = History(seed)
    with (
        patch.object(segment, "BLOCK_ROWS_MAX", history.random.choice((16, 40))),
        patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", history.random.choice((1, 8))),
        patch.object(block_scan, "OVERLAY_SHARE_MAX", 1),
        patch.object(scan, "WORK_US_MAX", history.random.choice((20, 15_000))),
        patch.object(scan, "WINDOW_ROWS_MAX", 8),
        patch.object(scan, "WINDOWS_BETWEEN", 1),
    ):
        asyncio.run(history.run(30))
        for at in (3, 7, 13, 30):
            check(history, at)
