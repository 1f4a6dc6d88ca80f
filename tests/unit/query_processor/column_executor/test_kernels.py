"""Kernels against the rows' own functions: the same texts, moments and spans to the digit, or a refusal."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from actors.query_processor.column_executor.kernels import kernel_of
from actors.query_processor.column_executor.udf import crossing, datums_of, result_column
from actors.query_processor.column_executor.values import to_duck
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.row_columns import NotPlain
from actors.sql.expressions.compile import compile_expression
from actors.sql.expressions.environment import Environment
from actors.sql.expressions.tree import Call, Cast, Column, Constant
from actors.sql.types.column_type import ColumnType

ROWS = 300
NUMERIC, INT4, INT8, FLOAT8, INTERVAL = (ColumnType(name) for name in ("numeric", "int4", "int8", "float8", "interval"))
STAMP, ZONED = ColumnType("timestamp"), ColumnType("timestamptz")


def money(precision: int, scale: int) -> ColumnType:
    return ColumnType("numeric", (precision << 16 | scale) + 4)


def column(datums: list[Any], type_: ColumnType) -> pa.Array:
    """As DuckDB passes it."""
    if crossing(type_) == "VARCHAR":
        return pa.array([None if datum is None else format(datum, "f") for datum in datums], pa.utf8())
    return to_duck(to_arrow(datums, type_), type_)


def both(plain: Any, types: list[ColumnType], columns: list[list[Any]]) -> tuple[pa.Array, pa.Array]:
    """(by the kernel, row by row)."""
    kernel = kernel_of(plain)
    assert kernel is not None
    arrays = [column(datums, type_) for datums, type_ in zip(columns, types, strict=True)]
    evaluate, environment = compile_expression(plain), Environment()
    passed = zip(*map(datums_of, arrays, types), strict=True)
    rows = result_column([evaluate(row, (), environment) for row in passed], plain.type)
    return kernel(arrays), rows


def some(rng: random.Random, make: Any) -> list[Any]:
    return [None if rng.random() < 0.1 else make() for _ in range(ROWS)]


@pytest.mark.parametrize("scales", [(0, 1), (0, 0), (2, 0), (1, 4), (6, 3), (0, 9), (5, 5)])
def test_quotients(scales: tuple[int, int]) -> None:
    rng = random.Random(repr(scales))

    def number(scale: int, zero: bool) -> Decimal:
        digits = rng.randrange(10 ** rng.randint(1, 15))
        value = Decimal(digits if digits or zero else 1).scaleb(-scale)
        return -value if value and rng.random() < 0.3 else value

    columns = [some(rng, lambda: number(scales[0], True)), some(rng, lambda: number(scales[1], False))]
    plain = Call("/", ("numeric", "numeric"), (Column(0, NUMERIC), Column(1, NUMERIC)), NUMERIC)
    found, expected = both(plain, [NUMERIC, NUMERIC], columns)
    assert found == expected


def test_a_quotient_is_rounded_up_through_all_its_digits() -> None:
    plain = Call("/", ("numeric", "numeric"), (Column(0, NUMERIC), Column(1, NUMERIC)), NUMERIC)
    ones = [Decimal(999_999_999_999_999), Decimal(2), Decimal(-1), Decimal(0)]
    others = [Decimal(1_000_000_000_000 - 1), Decimal(3), Decimal(999_999_999_999_999), Decimal(7)]
    found, expected = both(plain, [NUMERIC, NUMERIC], [ones, others])
    assert found == expected


@pytest.mark.parametrize("source", [NUMERIC, INT4, INT8])
@pytest.mark.parametrize("scale", [0, 2, 6])
def test_casts_to_numeric(source: ColumnType, scale: int) -> None:
    rng = random.Random(f"{source.name} {scale}")

    def number() -> Any:
        whole = rng.randrange(-(2**31), 2**31)
        return whole if source != NUMERIC else Decimal(whole * 5).scaleb(-rng.randint(0, 9))

    found, expected = both(Cast(Column(0, source), money(20, scale), False), [source], [some(rng, number)])
    assert found == expected


@pytest.mark.parametrize(("value", "digits"), [("NaN", 10), ("1000", 5), ("999.995", 5), ("Infinity", 5)])
def test_what_a_cast_refuses_is_the_row_functions(value: str, digits: int) -> None:
    kernel = kernel_of(Cast(Column(0, NUMERIC), money(digits, 2), False))
    assert kernel is not None
    with pytest.raises((NotPlain, pa.ArrowInvalid)):
        kernel([pa.array(["1", value], pa.utf8())])


@pytest.mark.parametrize("divisors", [["0"], ["NaN"], ["1.5", "2"]])
def test_what_a_quotient_refuses_is_the_row_functions(divisors: list[str]) -> None:
    kernel = kernel_of(Call("/", ("numeric", "numeric"), (Column(0, NUMERIC), Column(1, NUMERIC)), NUMERIC))
    assert kernel is not None
    with pytest.raises(NotPlain):
        kernel([pa.array(["1"] * len(divisors), pa.utf8()), pa.array(divisors, pa.utf8())])


def test_an_interval_times_a_number() -> None:
    rng = random.Random(1)
    factors = some(rng, lambda: rng.choice([rng.uniform(-1e5, 1e5), float(rng.randrange(10**6))]))
    spans = some(rng, lambda: (0, 0, rng.randrange(-(10**9), 10**9)))
    plain = Call("*", ("float8", "interval"), (Column(0, FLOAT8), Column(1, INTERVAL)), INTERVAL)
    found, expected = both(plain, [FLOAT8, INTERVAL], [factors, spans])
    assert found == expected
    constant = Call("*", ("interval", "float8"), (Constant((0, 0, 31_000_001), INTERVAL), Column(0, FLOAT8)), INTERVAL)
    found, expected = both(constant, [FLOAT8], [factors])
    assert found == expected


@pytest.mark.parametrize("name", ["+", "-"])
@pytest.mark.parametrize("type_", [STAMP, ZONED])
def test_a_moment_and_an_interval(name: str, type_: ColumnType) -> None:
    rng = random.Random(f"{name} {type_.name}")
    moments = some(rng, lambda: rng.randrange(-(10**17), 10**18))
    days = 0 if type_ == ZONED else 400
    spans = some(rng, lambda: (0, rng.randint(-days, days), rng.randrange(-(10**12), 10**12)))
    plain = Call(name, (type_.name, "interval"), (Column(0, type_), Column(1, INTERVAL)), type_)
    found, expected = both(plain, [type_, INTERVAL], [moments, spans])
    assert found == expected


@pytest.mark.parametrize("moment", [2**63 - 1, -(2**63), -211_813_488_000_000_000, 9_223_371_331_199_999_999])
@pytest.mark.parametrize("span", [(0, 0, -1), (0, 0, 1), (1, 0, 0), (0, 2**31 - 1, 0), (0, 0, 9 * 10**18)])
def test_what_a_moment_refuses_is_the_row_functions(moment: int, span: tuple[int, int, int]) -> None:
    """Infinities, and what may lie beyond the first moment and the last one."""
    stored = pa.array([min(max(moment + 946_684_800_000_000, -(2**63) + 1), 2**63 - 1)], pa.int64())
    plain = Call("+", ("timestamp", "interval"), (Column(0, STAMP), Constant(span, INTERVAL)), STAMP)
    kernel = kernel_of(plain)
    assert kernel is not None
    if moment == -211_813_488_000_000_000 and span == (0, 0, 1):
        assert kernel([stored.view(pa.timestamp("us"))]).view(pa.int64()).to_pylist() == [stored[0].as_py() + 1]
        return
    with pytest.raises(NotPlain):
        kernel([stored.view(pa.timestamp("us"))])
