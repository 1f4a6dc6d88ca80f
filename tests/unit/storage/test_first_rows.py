"""The first rows of an order, told by storage: as sorting all rows tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.keys import KeyCodec
from actors.sql.encoding.scan_program import OrderBy, ScanProgram
from actors.sql.expressions.tree import Constant
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan, outputs, segment
from actors.storage.first_rows import FirstRows
from tests.unit.storage.test_scan import INT4, NOW, TYPES, Data, answers, compare, rows_of

ORDERS = [
    (OrderBy(2, True, True), OrderBy(0, False, False)),
    (OrderBy(1, True, True), OrderBy(2, False, False), OrderBy(0, True, False)),
    (OrderBy(1, False, True), OrderBy(0, True, False)),
    (OrderBy(3, True, False), OrderBy(0, False, False)),
    (OrderBy(4, False, False),),
]


@pytest.fixture(scope="module")
def data() -> Iterator[Data]:
    with patch.object(segment, "BLOCK_ROWS_MAX", 700), patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 50):
        yield asyncio.run(Data().fill())


def sort_key(order: tuple[OrderBy, ...]) -> Any:
    encode = KeyCodec(
        [TYPES[item.position] for item in order],
        [item.descending for item in order],
        [item.nulls_first for item in order],
    ).encode
    return lambda row: encode([row[1][item.position] for item in order])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rows_max", [1, 10, 2000])
@pytest.mark.parametrize("filtered", [False, True])
def test_first_rows_are_among_the_answers(
    data: Data, order: tuple[OrderBy, ...], rows_max: int, filtered: bool
) -> None:
    condition = compare("<", 0, Constant(2550, INT4)) if filtered else None
    program = scan_program.encode(ScanProgram(TYPES, condition, order=order, order_rows=rows_max))
    found = answers(data, program)
    got = rows_of(found)
    stored = [row for row in data.sorted() if not filtered or row[1][0] < 2550]
    key = sort_key(order)
    assert sorted(got, key=key)[:rows_max] == sorted(stored, key=key)[:rows_max]
    assert [row[0] for row in got] == sorted(row[0] for row in got), "in key order, as own writes are merged"
    assert len(got) <= len(found) * 2 * rows_max
    read = sum(scanned.rows_read for scanned in found)
    assert len(stored) <= read < len(data.rows) if filtered else read == len(data.rows)


def test_most_rows_are_told_by_columns(data: Data) -> None:
    program = scan_program.encode(ScanProgram(TYPES, order=ORDERS[0], order_rows=10))
    with patch.object(
        outputs.FirstRowsOutput, "add_rows", autospec=True, side_effect=outputs.FirstRowsOutput.add_rows
    ) as one_by_one:
        answers(data, program)
    assert sum(len(call.args[1]) for call in one_by_one.call_args_list) < len(data.rows) // 2


VALUES = {
    "float8": [1.5, float("nan"), float("inf"), float("-inf"), 0.0, -2.0, None],
    "numeric": [Decimal("1.50"), Decimal("-3.25"), Decimal("0.00"), None],
    "text": ["a", "B", "ä", "", "aa", None],
    "bool": [True, False, None],
    "timestamptz": [0, 5, -5, 2**63 - 1, -(2**63), None],
    "uuid": [bytes(16), b"\xff" * 16, None],
}


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("nulls_first", [False, True])
def test_nulls_and_nan_have_postgresqls_places(name: str, descending: bool, nulls_first: bool) -> None:
    type_ = ColumnType(name, ((12 << 16) | 2) + 4 if name == "numeric" else -1)
    random = Random(NOW)
    datums = [random.choice(VALUES[name]) for _ in range(40)]
    encode = KeyCodec([type_], [descending], [nulls_first]).encode
    keys = [encode([datum]) for datum in datums]
    for rows_max in (1, 3, 9, 25, 40):
        first = FirstRows((OrderBy(0, descending, nulls_first),), [type_], rows_max)
        chosen = first.of({0: to_arrow(datums, type_)}).to_pylist()
        assert chosen == sorted(chosen)
        assert sorted(keys[row] for row in chosen) == sorted(keys)[:rows_max]
        assert [first.sort_key([datum]) for datum in datums] == keys


@pytest.mark.parametrize("descending", [False, True])
def test_later_blocks_may_be_as_good_as_the_worst_so_far(descending: bool) -> None:
    first = FirstRows((OrderBy(0, descending, descending), OrderBy(1, True, True)), [INT4, INT4], 2)
    sign = -1 if descending else 1
    ones = [[1, 2, 3], [7, 7, 7]], [[2, 3, 2, 5], [9, 9, 9, 9]], [[None, 2, 0], [1, 9, 0]], [[3, 4], [9, 9]]
    expected = [0, 1], [0, 2], [1, 2] if not descending else [0, 2], []
    for (leading, second), rows in zip(ones, expected, strict=True):
        leading = [None if number is None else sign * number for number in leading]
        assert first.of({0: to_arrow(leading, INT4), 1: to_arrow(second, INT4)}).to_pylist() == rows
