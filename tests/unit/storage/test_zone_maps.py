"""Zone maps: blocks that cannot have a row for a filter are passed over, and no row is ever lost by that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common import write_set
from actors.common.messages import Scan
from actors.sql.encoding import scan_program
from actors.sql.encoding.keys import keyspace
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import Aggregate, ScanProgram
from actors.sql.expressions import tree
from actors.sql.expressions.compile import compile_filter
from actors.sql.expressions.environment import IMMUTABLE_ENVIRONMENT
from actors.sql.expressions.tree import Call, Column, Constant, InList, Not, NullTest, Parameter
from actors.sql.types.arrays import array_of_items
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan, maintenance, segment
from actors.storage.maintenance import Maintenance
from actors.storage.scan import Scanner
from actors.storage.segment import Segment
from actors.storage.store import Store
from tests.unit.sql.test_row_columns import KINDS
from tests.unit.storage.test_segment_columns import SPACE, TABLE, key, stored

INT4, TEXT, FLOAT8, BOOL = (ColumnType(name) for name in ("int4", "text", "float8", "bool"))
MONEY = ColumnType("numeric", ((12 << 16) | 2) + 4)
END = keyspace(TABLE, 2)
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


def compared(operator: str, left: Any, right: Any) -> Call:
    return Call(operator, (left.type.name, right.type.name), (left, right), BOOL)


def count(store: Store, types: Sequence[ColumnType], condition: Any, parameters: tuple[Any, ...] = ()) -> int:
    program = ScanProgram(tuple(types), condition, parameters, "aggregates", aggregates=(Aggregate("count"),))
    scanner, start, found = Scanner(store), SPACE, 0
    while True:
        answer = scanner.run(Scan(start, END, 100, scan_program.encode(program), False, 0, 4 << 20))
        found += answer.rows.batch.column(0)[0].as_py()
        if answer.resume is None:
            return found
        start = answer.resume


def blocks_opened(store: Store, types: Sequence[ColumnType], condition: Any, parameters: tuple[Any, ...] = ()) -> int:
    opened = Store(store.disk)
    with patch.object(Segment, "verify", autospec=True, side_effect=Segment.verify) as verify:
        count(opened, types, condition, parameters)
    return verify.call_count


@contextmanager
def blocks_of_a_hundred() -> Iterator[None]:
    with (
        patch.object(segment, "BLOCK_ROWS_MAX", 100),
        patch.object(maintenance, "SLICE_ROWS", 101),
        patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 10),
    ):
        yield


@pytest.fixture(scope="module")
def numbers() -> Iterator[Store]:
    """Two thousand rows in twenty blocks: ascending integers, their texts, their hundredths."""
    rows = [[number, f"{number:05}", Decimal(number).scaleb(-2), number % 2 == 0] for number in range(2000)]
    with blocks_of_a_hundred():
        _, store = asyncio.run(stored(list(map(RowCodec(NUMBERS).encode, rows)), NUMBERS))
        assert len(store.segments[0].footer.blocks) == 21
        yield store


NUMBERS = (INT4, TEXT, MONEY, BOOL)


@pytest.mark.parametrize(
    ("condition", "passing", "blocks"),
    [
        (compared("<", Column(0, INT4), Constant(150, INT4)), 150, 2),
        (compared(">", Constant(150, INT4), Column(0, INT4)), 150, 2),
        (compared("=", Column(0, INT4), Parameter(1, INT4)), 1, 1),
        (compared(">=", Column(1, TEXT), Constant("01990", TEXT)), 10, 1),
        (compared("=", Column(2, MONEY), Constant(Decimal("7.77"), MONEY)), 1, 1),
        (InList(Column(0, INT4), (Constant(5, INT4), Constant(1999, INT4), Constant(None, INT4))), 2, 2),
        (Not(compared("<", Column(0, INT4), Constant(1900, INT4))), 100, 1),
        (NullTest(Column(0, INT4)), 0, 0),
        (tree.Or((compared("<", Column(0, INT4), Constant(10, INT4)), NullTest(Column(1, TEXT)))), 10, 1),
        (tree.And((Column(3, BOOL), compared("=", Column(0, INT4), Constant(7, INT4)))), 0, 1),
        (compared("=", Column(0, INT4), Constant(None, INT4)), 0, 0),
        (compared("<>", Column(0, INT4), Constant(7, INT4)), 1999, 20),
    ],
)
def test_blocks_are_passed_over(numbers: Store, condition: Any, passing: int, blocks: int) -> None:
    assert count(numbers, NUMBERS, condition, (777,)) == passing
    opened = blocks_opened(numbers, NUMBERS, condition, (777,))
    assert opened <= blocks + 1 if blocks else not opened, "a key at a block's end is looked for in the next one"


NAN, FEW = float("nan"), 300


@pytest.mark.parametrize(
    ("type_", "values", "operator", "constant"),
    [
        (FLOAT8, [1.0] * FEW + [NAN], ">", 5.0),
        (FLOAT8, [NAN] * FEW, ">=", 5.0),
        (FLOAT8, [0.0] * FEW, "=", -0.0),
        (FLOAT8, [-0.0] * FEW, ">=", 0.0),
        (TEXT, ["z" * 65] * FEW, ">", "z"),
        (TEXT, ["B"] * FEW + ["a"], ">", "Z"),
        (TEXT, ["\U0001f600"] * FEW, ">", "\uffff"),
        (ColumnType("timestamp"), [0] * FEW + [2**63 - 1], ">", 5),
        (ColumnType("timestamp"), [0] * FEW + [-(2**63)], "<", -5),
        (ColumnType("date"), [0] * FEW + [2**31 - 1], "=", 2**31 - 1),
        (MONEY, [Decimal("1.00")] * FEW + [Decimal("NaN")], ">", Decimal("5.00")),
    ],
)
def test_extremes(type_: ColumnType, values: list[Any], operator: str, constant: Any) -> None:
    """NaN is above all numbers, a text is compared by its code points, minus zero is zero."""
    _, store = asyncio.run(stored([RowCodec((type_,)).encode([value]) for value in values], (type_,)))
    condition = compared(operator, Column(0, type_), Constant(constant, type_))
    passes = compile_filter(condition)
    expected = sum(passes([value], (), IMMUTABLE_ENVIRONMENT) for value in values)
    assert count(store, (type_,), condition) == expected > 0


def test_minus_zero_is_in_a_list_with_zero() -> None:
    _, store = asyncio.run(stored([RowCodec((FLOAT8,)).encode([value]) for value in [0.0, -0.0] * FEW], (FLOAT8,)))
    for zero in (0.0, -0.0):
        assert (
            count(store, (FLOAT8,), InList(Column(0, FLOAT8), (Constant(zero, FLOAT8), Constant(7.0, FLOAT8))))
            == 2 * FEW
        )


CHAR, ANY_LENGTH = ColumnType("bpchar", 8), ColumnType("bpchar")


@pytest.mark.parametrize(("type_", "values"), [(CHAR, ["ab", "a"]), (ANY_LENGTH, ["ab", "ab  ", "a", "a "])])
@pytest.mark.parametrize("wanted", ["ab", "ab  "])
@pytest.mark.parametrize("negated", [False, True])
def test_blanks_at_the_end_of_a_char_do_not_count(
    type_: ColumnType, values: list[str], wanted: str, negated: bool
) -> None:
    """As items have them that are no char(n), and columns of no length."""
    _, store = asyncio.run(stored([RowCodec((type_,)).encode([value]) for value in values * FEW], (type_,)))
    column, array = Column(0, type_), array_of_items([wanted, "x "])
    conditions = [
        InList(column, (Constant(wanted, ANY_LENGTH), Constant("x ", ANY_LENGTH)), negated),
        tree.Quantified(
            column,
            Constant(array, ColumnType("_bpchar")),
            "<>" if negated else "=",
            ("bpchar", "bpchar"),
            negated,
        ),
        compared("<>" if negated else "=", column, Constant(wanted, ANY_LENGTH)),
    ]
    for condition in conditions:
        assert count(store, (type_,), condition) == len(values) * FEW // 2


@st.composite
def filtered(draw: st.DrawFn) -> tuple[ColumnType, list[Any], Any]:
    """A column's type and values, and a condition on it with constants of the same kind."""
    type_, values = draw(st.sampled_from([kind for kind in KINDS if kind[0].name != "interval"]))
    edges = [edge for name, edge in EDGES if name == type_.name]
    datum = values | st.sampled_from(edges) if edges else values
    column = Column(0, type_)
    constant = datum.map(lambda value: Constant(value, type_))
    operators = ("=", "<>") if type_.name == "bool" else OPERATORS
    call = st.builds(compared, st.sampled_from(operators), st.just(column), constant)
    one = (
        call
        | st.builds(compared, st.sampled_from(operators), constant, st.just(column))
        | st.builds(NullTest, st.just(column), st.booleans())
        | st.builds(InList, st.just(column), st.lists(constant, min_size=1, max_size=4).map(tuple), st.booleans())
        | call.map(Not)
    )
    several = st.lists(one, min_size=2, max_size=3).map(tuple)
    condition = draw(one | several.map(tree.And) | several.map(tree.Or) | several.map(tree.Or).map(Not))
    return type_, draw(st.lists(st.none() | datum, min_size=1, max_size=24)), condition


EDGES: list[tuple[str, Any]] = [
    *(("float8", value) for value in (float("nan"), 0.0, -0.0, float("inf"), -float("inf"))),
    ("float4", float("nan")),
    *(("text", value) for value in ("", "a", "B", "é", "\uffff", "\U0001f600", "z" * 65, "z" * 64)),
    *(("bytea", value) for value in (b"", b"\xff" * 64, b"\xff" * 65)),
    *(("timestamp", value) for value in (2**63 - 1, -(2**63))),
    *(("timestamptz", value) for value in (2**63 - 1, -(2**63))),
    *(("date", value) for value in (2**31 - 1, -(2**31))),
    ("numeric", Decimal("NaN")),
    ("numeric", Decimal("1E+3")),
]


@settings(deadline=None, max_examples=200)
@given(filtered(), st.booleans(), st.booleans(), st.integers(1, 5))
def test_no_row_is_lost(made: tuple[ColumnType, list[Any], Any], is_known: bool, is_newer: bool, rows: int) -> None:
    """Of all types and their extremes, whether the types are the catalog's or told by the rows, with newer versions of
    some rows on top: as many rows pass as one by one."""
    type_, values, condition = made
    types = (type_,)
    encode = RowCodec(types).encode
    with patch.object(segment, "BLOCK_ROWS_MAX", rows), patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 1):
        _, store = asyncio.run(stored([encode([value]) for value in values], types if is_known else ()))
        if is_newer:
            values = [
                values[(place * 7 + 1) % len(values)] if place % 3 == 0 else one for place, one in enumerate(values)
            ]
            for place in range(0, len(values), 3):
                store.apply(write_set.encode([key(place)], [encode([values[place]])], [write_set.PUT]), 3)
        passes = compile_filter(condition)
        expected = sum(passes([value], (), IMMUTABLE_ENVIRONMENT) for value in values)
        assert count(store, types, condition) == expected
        asyncio.run(Maintenance(store, 8).checkpoint(3, 0))
        assert count(store, types, condition) == expected
        assert count(store, (type_, TEXT), NullTest(Column(1, TEXT))) == len(values), "a column added later"


def test_a_type_told_by_the_rows_bounds_those_of_the_catalog(numbers: Store) -> None:
    """Integers that were taken for int8 are days; a zone of texts says nothing of numerics."""
    rows = [[number, f"{Decimal(number) / 4:.2f}"] for number in range(1000)]
    types = (ColumnType("date"), MONEY)
    with blocks_of_a_hundred():
        _, store = asyncio.run(stored([RowCodec((INT4, TEXT)).encode(row) for row in rows]))
        assert count(store, types, compared("<", Column(0, types[0]), Constant(150, types[0]))) == 150
        assert blocks_opened(store, types, compared("<", Column(0, types[0]), Constant(150, types[0]))) <= 3
        assert count(store, types, compared(">=", Column(1, types[1]), Constant(Decimal(20), types[1]))) == 920
