"""Key ranges hold exactly the rows that the conditions hold for, whatever the index's directions, NULLs and types."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.query_processor.row_executor.key_ranges import MATCHES_NULL, KeyRanges, point_key
from actors.query_processor.row_executor.stored_table import StoredIndex, StoredTable, stored_table
from actors.sql.catalog.schema import Column, Index, IndexColumn, Table
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import Constant, Expression, Parameter
from actors.sql.types.column_type import ColumnType

INT2, INT8, TEXT = ColumnType("int2"), ColumnType("int8"), ColumnType("text")
HOLDS = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
small = st.sampled_from([-32768, -2, -1, 0, 1, 2, 32767])
any_number = st.one_of(small, st.sampled_from([-(2**63), -32769, 32768, 2**63 - 1]))
text = st.sampled_from(["", "\x00", "a", "a\x00", "ab", "b", "\U0010ffff"])


def index_of(columns: tuple[IndexColumn, ...], types: tuple[ColumnType, ...]) -> StoredIndex:
    listed = tuple(Column(f"c{place}", place, type_) for place, type_ in enumerate(types))
    table = Table(20000, "public", "t", listed, Index(1, 1, "pk", ()), (Index(2, 2, "i", columns),))
    return stored_table(table).secondary[0]


index_columns = st.tuples(
    st.builds(IndexColumn, st.just(0), st.booleans(), st.booleans()),
    st.builds(IndexColumn, st.just(1), st.booleans(), st.booleans()),
)


def keys_in(
    index: StoredIndex, conditions: KeyRanges, rows: list[tuple[Any, ...]], parameters: tuple[Any, ...] = ()
) -> list[tuple[Any, ...]]:
    ranges = conditions.ranges(parameters, Environment())
    assert all(start < end for start, end in ranges)
    assert all(one[1] <= other[0] for one, other in pairwise(ranges)), "ranges are ascending and apart"
    primary = b"\x00" * 6 + b"p" * 16
    return [row for row in rows if any(start <= index.entry(row, primary)[0] < end for start, end in ranges)]


@settings(max_examples=300, deadline=None)
@given(
    index_columns,
    st.lists(st.tuples(st.one_of(st.none(), small), st.one_of(st.none(), text)), max_size=12),
    st.lists(st.tuples(st.sampled_from(sorted(HOLDS)), st.one_of(st.none(), any_number)), min_size=1, max_size=3),
)
def test_bounds_on_the_first_column(
    columns: tuple[IndexColumn, ...], rows: list[tuple[Any, ...]], bounds: list[tuple[str, Any]]
) -> None:
    index = index_of(columns, (INT2, TEXT))
    conditions = KeyRanges(index, [], [(operator, Constant(datum, INT8)) for operator, datum in bounds])
    wanted = [
        row
        for row in rows
        if row[0] is not None
        and all(datum is not None and HOLDS[operator](row[0], datum) for operator, datum in bounds)
    ]
    assert keys_in(index, conditions, rows) == wanted


@settings(max_examples=300, deadline=None)
@given(
    index_columns,
    st.lists(st.tuples(st.one_of(st.none(), small), st.one_of(st.none(), text)), max_size=12),
    st.lists(
        st.one_of(st.just(MATCHES_NULL), st.builds(Constant, st.one_of(st.none(), any_number), st.just(INT8))),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.tuples(st.sampled_from(sorted(HOLDS)), st.one_of(st.none(), text)), max_size=2),
)
def test_equalities_then_bounds(
    columns: tuple[IndexColumn, ...],
    rows: list[tuple[Any, ...]],
    values: list[Expression],
    bounds: list[tuple[str, Any]],
) -> None:
    index = index_of(columns, (INT2, TEXT))
    conditions = KeyRanges(index, [values], [(operator, Constant(datum, TEXT)) for operator, datum in bounds])

    def equal(datum: Any) -> bool:
        if datum is None:
            return any(value is MATCHES_NULL for value in values)
        return any(value is not MATCHES_NULL and value.value == datum for value in values)  # type: ignore[union-attr]

    wanted = [
        row
        for row in rows
        if equal(row[0])
        and all(
            row[1] is not None and datum is not None and HOLDS[operator](row[1], datum) for operator, datum in bounds
        )
    ]
    assert keys_in(index, conditions, rows) == wanted


def keyed_table() -> StoredTable:
    columns = (Column("a", 0, INT2, True), Column("b", 1, TEXT, True))
    return stored_table(
        Table(20001, "public", "k", columns, Index(1, 1, "pk", (IndexColumn(0), IndexColumn(1)), True, True))
    )


def test_a_point_key_is_the_rows_key() -> None:
    stored = keyed_table()
    key = point_key(stored.primary, [Parameter(1, INT8), Constant("x", TEXT)])
    assert key((7,), Environment()) == stored.primary_key((7, "x"))


def test_a_point_that_nothing_equals_has_no_key() -> None:
    stored = keyed_table()
    key = point_key(stored.primary, [Parameter(1, INT8), Parameter(2, TEXT)])
    for parameters in ((None, "x"), (1, None), (40000, "x"), (-32769, "x")):
        assert key(parameters, Environment()) is None


def test_points_are_each_once_and_ascending() -> None:
    stored = keyed_table()
    numbers = tuple(Constant(number, INT8) for number in (3, 1, 3, 99999, 2))
    points = KeyRanges(stored.primary, [numbers, (Constant("x", TEXT),)]).points((), Environment())
    assert points == [stored.primary_key((number, "x")) for number in (1, 2, 3)]
