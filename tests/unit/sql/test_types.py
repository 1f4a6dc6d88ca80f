"""Types read and write as PostgreSQL: types.golden holds type, input, and what PostgreSQL made of it as text and as
binary in hexadecimal (or its error)."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.sql.types import ALL_TYPES, by_name, by_oid, format_type
from actors.sql.types.column_type import ColumnType
from tests.unit.sql import golden

CASES = [line.split("\t") for line in Path(__file__).with_name("types.golden").read_text().splitlines()]
MODIFIERS = {"bpchar": 8}
DIFFERENT = {
    ("numeric", "1_000"): "PostgreSQL 16 takes underscores; the file is of 15",
    ("float8", "-nan"): "a NaN has no sign here",
    ("timestamp", "10:00 2024-01-02"): "PostgreSQL wants a zone between a time and a date after it",
    ("numeric", "0x10"): "PostgreSQL 16 takes hexadecimal; the file is of 15",
}


def read_and_write(name: str, text: str) -> list[str]:
    known, modifier = by_name[name], MODIFIERS.get(name, -1)
    try:
        datum = known.parse_text(text, modifier)
    except DatabaseError as error:
        return [f"error {error.sqlstate}: {error.message}"]
    binary = known.format_binary(datum, modifier)
    again = known.parse_binary(binary, modifier)
    assert again == datum or (again != again and datum != datum)
    return [known.format_text(datum, modifier), binary.hex()]


def test_reads_and_writes_as_postgresql() -> None:
    cases = [((name, text.encode().decode("unicode_escape")), expected) for name, text, *expected in CASES]
    assert len(cases) > 300
    wrong = golden.differences([case for case in cases if case[0] not in DIFFERENT], lambda case: read_and_write(*case))
    assert not wrong, "\n".join(wrong)
    agree = [case for case, expected in cases if case in DIFFERENT and read_and_write(*case) == expected]
    assert not agree, f"take them off the list: {agree}"


@given(st.one_of(st.decimals(), st.integers().map(Decimal)))
def test_binary_numerics_come_back(value: Decimal) -> None:
    numeric = by_name["numeric"]
    datum = Decimal("NaN") if value.is_nan() else numeric.parse_text(str(value))
    again = numeric.parse_binary(numeric.format_binary(datum))
    assert str(again) == str(datum)
    assert str(numeric.parse_text(numeric.format_text(datum))) == str(again)


@given(st.integers(-211813488000000000, 9223371331199999999))
def test_timestamps_come_back_from_text(value: int) -> None:
    for name in ("timestamp", "timestamptz"):
        known = by_name[name]
        assert known.parse_text(known.format_text(value)) == value


@given(st.integers(-2451545, 2145031948))
def test_dates_come_back_from_text(value: int) -> None:
    assert by_name["date"].parse_text(by_name["date"].format_text(value)) == value


@given(st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15)))
def test_intervals_come_back_from_text(value: tuple[int, int, int]) -> None:
    assert by_name["interval"].parse_text(by_name["interval"].format_text(value)) == value


@given(st.floats())
def test_floats_come_back_from_text(value: float) -> None:
    again = by_name["float8"].parse_text(by_name["float8"].format_text(value))
    assert again == value or (again != again and value != value)


@given(st.floats(width=32))
def test_single_floats_come_back_from_text(value: float) -> None:
    again = by_name["float4"].parse_text(by_name["float4"].format_text(value))
    assert again == value or (again != again and value != value)


@given(st.text(max_size=30))
def test_readers_raise_nothing_but_database_errors(text: str) -> None:
    for known in ALL_TYPES:
        try:
            known.parse_text(text, -1)
        except DatabaseError as error:
            assert len(error.sqlstate) == 5


@given(st.binary(max_size=24))
def test_binary_readers_raise_nothing_but_database_errors(data: bytes) -> None:
    for known in ALL_TYPES:
        try:
            known.parse_binary(data, -1)
        except DatabaseError as error:
            assert len(error.sqlstate) == 5


@given(st.text("0123456789:-+./ TZPYMDHSWadegmnorsuyht", max_size=24))
def test_date_like_text_raises_nothing_but_database_errors(text: str) -> None:
    for name in ("date", "time", "timestamp", "timestamptz", "interval", "numeric", "float8"):
        try:
            by_name[name].parse_text(text, -1)
        except DatabaseError as error:
            assert error.sqlstate[:2] == "22"


def test_zones() -> None:
    known = by_name["timestamptz"]
    paris = ZoneInfo("Europe/Paris")
    assert known.format_text(known.parse_text("2024-07-01 12:00", -1, paris), -1, paris) == "2024-07-01 12:00:00+02"
    assert known.format_text(known.parse_text("2024-07-01 12:00", -1, paris), -1, None) == "2024-07-01 10:00:00+00"
    half = timezone(timedelta(hours=-3, minutes=-30))
    assert known.format_text(known.parse_text("2024-07-01 12:00Z"), -1, half) == "2024-07-01 08:30:00-03:30"


def test_lengths_and_modifiers() -> None:
    varchar, numeric = by_name["varchar"], by_name["numeric"]
    assert varchar.parse_text("abc  ", 7) == "abc"
    for parse in (lambda: varchar.parse_text("abcd", 7), lambda: by_name["bpchar"].parse_text("abcd", 7)):
        with pytest.raises(DatabaseError) as caught:
            parse()
        assert caught.value.sqlstate == "22001"
    assert str(numeric.parse_text("1.235", ((5 << 16) | 2) + 4)) == "1.24"
    with pytest.raises(DatabaseError) as caught:
        numeric.parse_text("1234.5", ((5 << 16) | 2) + 4)
    assert caught.value.sqlstate == "22003"
    assert caught.value.detail == "A field with precision 5, scale 2 must round to an absolute value less than 10^3."


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        (ColumnType("int8"), "bigint"),
        (ColumnType("varchar", 14), "character varying(10)"),
        (ColumnType("bpchar", 7), "character(3)"),
        (ColumnType("numeric", ((10 << 16) | 2) + 4), "numeric(10,2)"),
        (ColumnType("timestamptz", 3), "timestamp(3) with time zone"),
        (ColumnType("time", 0), "time(0) without time zone"),
        (ColumnType("interval", 2), "interval(2)"),
        (ColumnType("char"), '"char"'),
    ],
)
def test_format_type(type_: ColumnType, shown: str) -> None:
    assert format_type(type_) == shown


def test_oids_are_unique() -> None:
    assert len(by_oid) == len(by_name) == len(ALL_TYPES)
