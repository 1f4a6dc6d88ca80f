"""Scans with programs: what is filtered, projected and aggregated by blocks equals what plain Python makes of the
rows."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest

from actors.common import write_set
from actors.common.messages import Scan, Scanned
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import from_arrow, to_arrow
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import Aggregate, ScanProgram
from actors.sql.expressions import tree
from actors.sql.expressions.tree import Call, Column, Constant, InList, NullTest, Parameter
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan, outputs, scan, segment
from actors.storage.aggregates import NotVectorized
from actors.storage.expression_binding import vector_filter
from actors.storage.maintenance import Maintenance
from actors.storage.scan import Scanner
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

PREFIX = b"\x00\x00\x40\x00\x00\x01"
END = b"\x00\x00\x40\x00\x00\x02"
INT4, INT8, TEXT, FLOAT8 = ColumnType("int4"), ColumnType("int8"), ColumnType("text"), ColumnType("float8")
NUMERIC = ColumnType("numeric", ((12 << 16) | 2) + 4)
TYPES = (INT4, TEXT, NUMERIC, FLOAT8, INT8)
CODEC = RowCodec(TYPES)
NOW = 1_000

Row = tuple[bytes, list[Any]]


def datums(number: int, random: Random) -> list[Any]:
    return [
        number,
        None if number % 7 == 0 else f"text {number % 13}",
        Decimal(random.randrange(-1000, 1000)).scaleb(-2),
        None if number % 5 == 0 else random.random(),
        2**62 + number,
    ]


class Data:
    """A store with rows in two segments and the memtable, overlapping, and the same rows in a dict."""

    def __init__(self) -> None:
        self.random = Random(3)
        self.disk = MemoryDisk()
        self.store = Store(self.disk)
        self.rows: dict[bytes, list[Any]] = {}
        self.now = 0

    def write(self, numbers: range, deleted: range = range(0)) -> None:
        self.now += 1
        changes: dict[bytes, bytes | None] = {}
        for number in numbers:
            row = datums(number, self.random)
            key = PREFIX + b"%06d" % number
            self.rows[key] = row
            changes[key] = CODEC.encode(row)
        for number in deleted:
            changes[PREFIX + b"%06d" % number] = None
            self.rows.pop(PREFIX + b"%06d" % number, None)
        keys = sorted(changes)
        kinds = [write_set.PUT if changes[key] is not None else write_set.DELETE for key in keys]
        self.store.apply(write_set.encode(keys, [changes[key] for key in keys], kinds), self.now)

    async def fill(self) -> Data:
        maintenance = Maintenance(self.store, 8)
        self.write(range(3000))
        self.write(range(10, 400, 3), range(11, 400, 3))
        await maintenance.checkpoint(self.now, 0)
        self.write(range(100, 3000, 50), range(101, 3000, 50))
        self.write(range(4000, 5000))
        await maintenance.checkpoint(self.now, 0)
        self.write(range(2500, 2600, 3), range(2501, 2600, 3))
        self.write(range(4990, 5020))
        return self

    def sorted(self) -> list[Row]:
        return sorted(self.rows.items())


@pytest.fixture(scope="module")
def data() -> Iterator[Data]:
    with patch.object(segment, "BLOCK_ROWS_MAX", 700), patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 50):
        yield asyncio.run(Data().fill())


def answers(
    data: Data, program: bytes, *, reverse: bool = False, limit: int = 0, bytes_max: int = 4 << 20
) -> list[Scanned]:
    scanner, start, end, left, found = Scanner(data.store), PREFIX, END, limit, []
    while True:
        scanned = scanner.run(Scan(start, end, NOW, program, reverse, left, bytes_max))
        found.append(scanned)
        left -= scanned.count if limit else 0
        if scanned.resume is None:
            return found
        if reverse:
            end = scanned.resume
        else:
            start = scanned.resume


def table(found: list[Scanned]) -> pa.Table:
    batches = [scanned.rows.batch for scanned in found]
    assert [batch.num_rows for batch in batches] == [scanned.count for scanned in found]
    return pa.Table.from_batches(batches)


def rows_of(found: list[Scanned]) -> list[Row]:
    whole = table(found)
    return list(zip(whole.column(0).to_pylist(), map(CODEC.decode, whole.column(1).to_pylist()), strict=True))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("limit", "bytes_max"), [(0, 4 << 20), (0, 5000), (17, 4 << 20), (1500, 4 << 20), (1, 1)])
def test_raw_rows(data: Data, reverse: bool, limit: int, bytes_max: int) -> None:
    expected = data.sorted()[:: -1 if reverse else 1]
    found = answers(data, b"", reverse=reverse, limit=limit, bytes_max=bytes_max)
    assert rows_of(found) == expected[: limit or None]
    assert (len(found) > 10) == (bytes_max == 5000)
    if not limit:
        assert sum(scanned.rows_read for scanned in found) == len(expected)


def test_an_answer_is_bounded_work(data: Data) -> None:
    with patch.object(scan, "WORK_US_MAX", 100):
        found = answers(data, b"")
    assert len(found) > 3
    assert rows_of(found) == data.sorted()


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("rows", [5, 300])
def test_bytes_are_work(on_disk: bool, rows: int) -> None:
    """An aggregate has a small answer, whatever it looks at."""

    async def filled() -> Data:
        data = Data()
        values = [CODEC.encode([number, "x" * (1_500_000 // rows), Decimal(0), 0.0, 0]) for number in range(rows)]
        keys = [PREFIX + b"%06d" % number for number in range(rows)]
        for place, (key, value) in enumerate(zip(keys, values, strict=True)):
            data.store.apply(write_set.encode([key], [value], [write_set.PUT]), place + 1)
        if on_disk:
            await Maintenance(data.store, 8).checkpoint(rows, 0)
        return data

    program = scan_program.encode(ScanProgram(columns=TYPES, output="aggregates", aggregates=(Aggregate("count"),)))
    counted = Counter[int]()
    for bytes_a_turn in (100 << 20, 700_000):
        with (
            patch.object(scan, "WORK_US_MAX", bytes_a_turn * scan.BYTE_COST_US),
            patch.object(scan, "WINDOW_ROWS_MAX", 1),
            patch.object(segment, "BLOCK_BYTES_MAX", 200_000),
        ):
            found = answers(asyncio.run(filled()), program)
        assert sum(row["a0"] for row in table(found).to_pylist()) == rows
        counted[bytes_a_turn] = len(found)
    assert counted[100 << 20] == 1 and 2 <= counted[700_000] <= 6


def test_blocks_are_used(data: Data) -> None:
    with patch.object(scan, "block_part", wraps=scan.block_part) as parts:
        answers(data, b"")
    assert parts.call_count < 15, "most rows come in blocks"


def test_columns(data: Data) -> None:
    program = scan_program.encode(ScanProgram(columns=TYPES, output="columns", project=(2, 0, 1), with_key=True))
    for _ in range(2):
        whole = table(answers(data, program))
        assert whole.column_names == ["key", "c0", "c1", "c2"]
        assert whole.column(0).to_pylist() == [key for key, _ in data.sorted()]
        assert from_arrow(whole.column(1), NUMERIC) == [row[2] for _, row in data.sorted()]
        assert whole.column(2).to_pylist() == [row[0] for _, row in data.sorted()]
        assert whole.column(3).to_pylist() == [row[1] for _, row in data.sorted()]
    backwards = table(answers(data, program, reverse=True))
    assert backwards.column(2).to_pylist() == [row[0] for _, row in reversed(data.sorted())]


def test_columns_without_any_column_still_count(data: Data) -> None:
    program = scan_program.encode(ScanProgram(columns=TYPES, output="columns", project=()))
    assert sum(scanned.count for scanned in answers(data, program)) == len(data.rows)


def test_projected_rows(data: Data) -> None:
    program = scan_program.encode(ScanProgram(columns=TYPES, project=(1,)))
    assert [row[:2] for _, row in rows_of(answers(data, program))] == [[None, row[1]] for _, row in data.sorted()]


def column(position: int) -> Column:
    return Column(position, TYPES[position])


def compare(name: str, position: int, other: Any) -> Call:
    return Call(name, (TYPES[position].name, other.type.name), (column(position), other), tree.BOOL)


FILTERS = [
    (compare("<", 0, Constant(2550, INT4)), (), lambda row: row[0] < 2550),
    (compare(">=", 0, Parameter(1, INT8)), (4995,), lambda row: row[0] >= 4995),
    (compare("=", 1, Parameter(1, TEXT)), ("text 3",), lambda row: row[1] == "text 3"),
    (tree.Not(compare("=", 1, Constant("text 3", TEXT))), (), lambda row: row[1] is not None and row[1] != "text 3"),
    (compare(">", 2, Constant(Decimal("1.505"), NUMERIC)), (), lambda row: row[2] > Decimal("1.505")),
    (compare("<", 3, Parameter(1, FLOAT8)), (0.25,), lambda row: row[3] is not None and row[3] < 0.25),
    (compare(">", 2, tree.Cast(Parameter(1, INT4), ColumnType("numeric"))), (5,), lambda row: row[2] > 5),
    (NullTest(column(3)), (), lambda row: row[3] is None),
    (
        InList(column(0), (Constant(5, INT4), Parameter(1, INT4), Constant(2520, INT4))),
        (4001,),
        lambda row: row[0] in (5, 4001, 2520),
    ),
    (InList(column(1), (Constant("text 1", TEXT),), True), (), lambda row: row[1] is not None and row[1] != "text 1"),
    (InList(column(1), (Constant("text 1", TEXT), Constant(None, TEXT)), True), (), lambda row: False),
    (
        tree.Or(
            (compare("<", 0, Constant(3, INT4)), tree.And((compare(">", 0, Constant(4000, INT4)), NullTest(column(1)))))
        ),
        (),
        lambda row: row[0] < 3 or (row[0] > 4000 and row[1] is None),
    ),
    (
        Call("~~", ("text", "text"), (column(1), Constant("%1_", TEXT)), tree.BOOL),
        (),
        lambda row: row[1] in ("text 10", "text 11", "text 12"),
    ),
]


@pytest.mark.parametrize("filter_number", range(len(FILTERS)))
def test_filters_on_columns(data: Data, filter_number: int) -> None:
    expression, parameters, expected = FILTERS[filter_number]
    rows = list(data.rows.values())
    vector = vector_filter(expression)
    assert vector is not None, "translated"
    columns = {position: to_arrow([row[position] for row in rows], TYPES[position]) for position in vector.positions}
    assert vector.mask(columns, parameters).to_pylist() == [expected(row) for row in rows]


def test_a_nan_is_left_to_the_rows() -> None:
    vector = vector_filter(compare(">", 3, Constant(1.0, FLOAT8)))
    assert vector is not None
    with pytest.raises(NotVectorized):
        vector.mask({3: pa.array([1.0, float("nan")])}, ())


@pytest.mark.parametrize("filter_number", range(len(FILTERS)))
@pytest.mark.parametrize("by_block", [True, False])
def test_filters(data: Data, filter_number: int, by_block: bool) -> None:
    expression, parameters, expected = FILTERS[filter_number]
    wanted = [(key, row) for key, row in data.sorted() if expected(row)]
    program = ScanProgram(
        columns=TYPES, filter=tree.encode_expression(expression) if by_block else expression, parameters=parameters
    )
    numbers = ScanProgram(program.columns, program.filter, program.parameters, output="columns", project=(0,))
    counts = ScanProgram(
        program.columns, program.filter, program.parameters, output="aggregates", aggregates=(Aggregate("count"),)
    )
    with patch.object(scan, "block_part", scan.block_part if by_block else lambda *_: None):
        assert rows_of(answers(data, scan_program.encode(program))) == wanted
        assert rows_of(answers(data, scan_program.encode(program), limit=3, reverse=True)) == wanted[::-1][:3]
        assert table(answers(data, scan_program.encode(numbers))).column(0).to_pylist() == [row[0] for _, row in wanted]
        assert sum(table(answers(data, scan_program.encode(counts))).column(0).to_pylist()) == len(wanted)


@pytest.mark.parametrize("filter_number", range(0, len(FILTERS), 3))
@pytest.mark.parametrize("windows", [0, 4])
@pytest.mark.parametrize("limit", [1, 40, 700])
def test_the_first_rows_that_pass(data: Data, filter_number: int, windows: int, limit: int) -> None:
    """A limit beside a filter: window by window at first, then by blocks, which may have more than wanted."""
    expression, parameters, expected = FILTERS[filter_number]
    wanted = [(key, row) for key, row in data.sorted() if expected(row)][:limit]
    program = ScanProgram(columns=TYPES, filter=tree.encode_expression(expression), parameters=parameters)
    numbers = ScanProgram(program.columns, program.filter, program.parameters, output="columns", project=(0,))
    nothing = ScanProgram(program.columns, program.filter, program.parameters, output="columns", project=())
    with patch.object(scan, "FIRST_WINDOWS", windows):
        assert rows_of(answers(data, scan_program.encode(program), limit=limit)) == wanted
        found = answers(data, scan_program.encode(numbers), limit=limit)
        assert table(found).column(0).to_pylist() == [row[0] for _, row in wanted]
        assert sum(one.count for one in answers(data, scan_program.encode(nothing), limit=limit)) == len(wanted)


@pytest.mark.parametrize("by_block", [True, False])
def test_aggregates(data: Data, by_block: bool) -> None:
    wanted = [
        Aggregate("count"),
        Aggregate("count", column(1)),
        Aggregate("sum", column(0)),
        Aggregate("sum", column(2)),
        Aggregate("sum", column(4)),
    ]
    wanted += [
        Aggregate("min", column(2)),
        Aggregate("max", column(1)),
        Aggregate("max", column(3)),
        Aggregate("min", column(4)),
    ]
    program = scan_program.encode(ScanProgram(columns=TYPES, output="aggregates", aggregates=tuple(wanted)))
    with patch.object(scan, "block_part", scan.block_part if by_block else lambda *_: None):
        partial = table(answers(data, program)).to_pylist()
    rows = list(data.rows.values())
    assert sum(row["a0"] for row in partial) == len(rows)
    assert sum(row["a1"] for row in partial) == sum(row[1] is not None for row in rows)
    assert sum(row["a2"] for row in partial) == sum(row[0] for row in rows)
    assert sum(Decimal(row["a3"]) for row in partial) == sum(row[2] for row in rows)
    assert sum(int(row["a4"]) for row in partial) == sum(row[4] for row in rows)
    assert min(row["a5"] for row in partial) == min(row[2] for row in rows)
    assert max(row["a6"] for row in partial) == max(row[1] for row in rows if row[1] is not None)
    assert max(row["a7"] for row in partial) == max(row[3] for row in rows if row[3] is not None)
    assert min(row["a8"] for row in partial) == min(row[4] for row in rows)


@pytest.mark.parametrize("by_block", [True, False])
@pytest.mark.parametrize("group_by", [(1,), (2,), (1, 0), (3,)])
def test_grouped_aggregates(data: Data, by_block: bool, group_by: tuple[int, ...]) -> None:
    wanted = (
        Aggregate("count"),
        Aggregate("sum", column(0)),
        Aggregate("min", column(2)),
        Aggregate("sum", column(2)),
        Aggregate("sum", column(4)),
    )
    program = ScanProgram(columns=TYPES, output="aggregates", aggregates=wanted, group_by=group_by)
    expected: dict[Any, list[Any]] = {}
    for row in data.rows.values():
        group = expected.setdefault(tuple(row[position] for position in group_by), [0, 0, Decimal(1000), Decimal(0), 0])
        group[:] = [group[0] + 1, group[1] + row[0], min(group[2], row[2]), group[3] + row[2], group[4] + row[4]]
    merged: dict[Any, list[Any]] = {}
    with patch.object(scan, "block_part", scan.block_part if by_block else lambda *_: None):
        partials = table(answers(data, scan_program.encode(program))).to_pylist()
    for partial in partials:
        group = merged.setdefault(
            tuple(partial[f"g{place}"] for place in range(len(group_by))), [0, 0, Decimal(1000), Decimal(0), 0]
        )
        group[:] = [
            group[0] + partial["a0"],
            group[1] + partial["a1"],
            min(group[2], partial["a2"]),
            group[3] + Decimal(partial["a3"]),
            group[4] + int(partial["a4"]),
        ]
    assert merged == expected


def test_groups_are_made_by_arrow_where_they_can_be(data: Data) -> None:
    program = ScanProgram(
        columns=TYPES,
        output="aggregates",
        aggregates=(Aggregate("sum", column(0)), Aggregate("max", column(1))),
        group_by=(1,),
    )
    with patch.object(outputs, "all_rows", side_effect=AssertionError("row by row")):
        answers(data, scan_program.encode(program))


@pytest.mark.parametrize(("group_by", "floats"), [((), (1.7e308, 1e308)), ((1,), (sys.float_info.max, 1e295))])
def test_a_block_whose_sum_overflows_is_added_once(group_by: tuple[int, ...], floats: tuple[float, float]) -> None:
    """The second block alone takes the sum of floats over float8's end, with the newer row it does not; it was counted
    before that was seen, and then again."""

    def rows(low: int, high: int, first: float) -> bytes:
        values = [
            CODEC.encode([number, "same", Decimal(0), first if number == low else 0.0, 0])
            for number in range(low, high)
        ]
        return write_set.encode(
            [PREFIX + b"%06d" % number for number in range(low, high)], list(values), [write_set.PUT] * len(values)
        )

    async def filled() -> Data:
        data = Data()
        maintenance = Maintenance(data.store, 8)
        for place, value in enumerate(floats):
            data.store.apply(rows(place * 1000, place * 1000 + 100, value), place + 1)
            await maintenance.checkpoint(place + 1, 0)
        data.store.apply(rows(1050, 1051, -floats[1]), 3)
        return data

    wanted = (Aggregate("count"), Aggregate("sum", column(3)), Aggregate("max", column(0)))
    program = scan_program.encode(ScanProgram(columns=TYPES, output="aggregates", aggregates=wanted, group_by=group_by))
    with patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 50):
        (row,) = table(answers(asyncio.run(filled()), program)).to_pylist()
    assert [row["a0"], row["a1"], row["a2"]] == [200, floats[0], 1099]
