"""DateStyle, IntervalStyle, extra_float_digits and bytea_output: every expected text was answered by PostgreSQL."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from actors.common.errors import DatabaseError
from actors.sql.types import by_name
from actors.sql.types.styles import Style, read_date_style, style_of, styled

BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = by_name["timestamp"].parse_text("2024-01-02 03:04:05.6")
LONG_AGO = by_name["timestamp"].parse_text("0044-03-15 12:00 BC")
DAY = by_name["date"].parse_text("2024-04-03")


@pytest.mark.parametrize(
    ("date", "order", "day", "moment", "long_ago", "zoned"),
    [
        ("ISO", "DMY", "2024-04-03", "2024-01-02 03:04:05.6", "0044-03-15 12:00:00 BC", "2024-01-02 04:04:05.6+01"),
        ("SQL", "MDY", "04/03/2024", "01/02/2024 03:04:05.6", "03/15/0044 12:00:00 BC", "01/02/2024 04:04:05.6 CET"),
        ("SQL", "DMY", "03/04/2024", "02/01/2024 03:04:05.6", "15/03/0044 12:00:00 BC", "02/01/2024 04:04:05.6 CET"),
        ("SQL", "YMD", "04/03/2024", "01/02/2024 03:04:05.6", "03/15/0044 12:00:00 BC", "01/02/2024 04:04:05.6 CET"),
        ("German", "DMY", "03.04.2024", "02.01.2024 03:04:05.6", "15.03.0044 12:00:00 BC", "02.01.2024 04:04:05.6 CET"),
        (
            "Postgres",
            "DMY",
            "03-04-2024",
            "Tue 02 Jan 03:04:05.6 2024",
            "Fri 15 Mar 12:00:00 0044 BC",
            "Tue 02 Jan 04:04:05.6 2024 CET",
        ),
        (
            "Postgres",
            "MDY",
            "04-03-2024",
            "Tue Jan 02 03:04:05.6 2024",
            "Fri Mar 15 12:00:00 0044 BC",
            "Tue Jan 02 04:04:05.6 2024 CET",
        ),
    ],
)
def test_dates(date: str, order: str, day: str, moment: str, long_ago: str, zoned: str) -> None:
    zone = styled(BERLIN, Style(date=date, order=order))
    assert by_name["date"].format_text(DAY, -1, zone) == day
    assert by_name["timestamp"].format_text(MOMENT, -1, zone) == moment
    assert by_name["timestamp"].format_text(LONG_AGO, -1, zone) == long_ago
    assert by_name["timestamptz"].format_text(MOMENT, -1, zone) == zoned
    assert by_name["date"].format_text(2**31 - 1, -1, zone) == "infinity"
    for name, text in (("date", day), ("timestamp", moment), ("timestamp", long_ago), ("timestamptz", zoned)):
        if order != "YMD":
            datum = by_name[name].parse_text(text, -1, zone, 0)
            assert by_name[name].format_text(datum, -1, zone) == text, "what is shown is read again"


@pytest.mark.parametrize(
    ("text", "mdy", "dmy", "ymd"),
    [
        ("03/04/05", "2005-03-04", "2005-04-03", "2003-04-05"),
        ("13/04/2005", None, "2005-04-13", None),
        ("2005-03-04", "2005-03-04", "2005-03-04", "2005-03-04"),
        ("05-Mar-04", "2004-03-05", "2004-03-05", "2005-03-04"),
        ("99/12/31", None, None, "1999-12-31"),
        ("03.04.05", "2005-03-04", "2005-04-03", "2003-04-05"),
    ],
)
def test_the_order_of_an_ambiguous_date(text: str, mdy: str | None, dmy: str | None, ymd: str | None) -> None:
    for order, expected in (("MDY", mdy), ("DMY", dmy), ("YMD", ymd)):
        zone = styled(BERLIN, Style(order=order))
        if expected is None:
            with pytest.raises(DatabaseError):
                by_name["date"].parse_text(text, -1, zone)
        else:
            assert by_name["date"].format_text(by_name["date"].parse_text(text, -1, zone)) == expected


HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("datum", "verbose", "standard", "iso"),
    [
        ((0, 0, 0), "@ 0", "0", "PT0S"),
        (
            (14, 3, 4 * HOUR + 5_006_700),
            "@ 1 year 2 mons 3 days 4 hours 5.0067 secs",
            "+1-2 +3 +4:00:05.0067",
            "P1Y2M3DT4H5.0067S",
        ),
        ((-14, 0, 0), "@ 1 year 2 mons ago", "-1-2", "P-1Y-2M"),
        ((0, -1, HOUR), "@ 1 day -1 hours ago", "+0-0 -1 +1:00:00", "P-1DT1H"),
        ((0, 1, -500_000), "@ 1 day -0.5 secs", "+0-0 +1 -0:00:00.5", "P1DT-0.5S"),
        ((0, 0, -1_000_000), "@ 1 sec ago", "-0:00:01", "PT-1S"),
        ((0, 2, HOUR), "@ 2 days 1 hour", "2 1:00:00", "P2DT1H"),
    ],
)
def test_intervals(datum: Any, verbose: str, standard: str, iso: str) -> None:
    for name, expected in (("postgres_verbose", verbose), ("sql_standard", standard), ("iso_8601", iso)):
        zone = styled(BERLIN, Style(interval=name))
        assert by_name["interval"].format_text(datum, -1, zone) == expected
        assert by_name["interval"].parse_text(expected, -1, zone) == datum, "what is shown is read again"


def test_one_sign_for_all_fields() -> None:
    parse = by_name["interval"].parse_text
    standard = styled(BERLIN, Style(interval="sql_standard"))
    assert parse("-1 2:00:00") == (0, -1, 2 * HOUR) and parse("-1 2:00:00", -1, standard) == (0, -1, -2 * HOUR)
    assert parse("-1 +2:00:00", -1, standard) == (0, -1, 2 * HOUR)
    assert parse("1 -2:00:00", -1, standard) == (0, 1, -2 * HOUR)


def test_floats_and_bytea() -> None:
    def shown(name: str, value: float, digits: int) -> str:
        return by_name[name].format_text(value, -1, styled(BERLIN, Style(float_digits=digits)))

    assert [shown("float8", 0.1 + 0.2, digits) for digits in (3, 1, 0, -12, -15)] == ["0.30000000000000004"] * 2 + [
        "0.3"
    ] * 3
    assert (
        shown("float8", 123456789012345680.0, 0) == "1.23456789012346e+17"
        and shown("float8", 1e300 / 3, 0) == "3.33333333333333e+299"
    )
    assert (
        shown("float4", 1.100000023841858, 0) == "1.1"
        and shown("float4", 1.5, -15) == "2"
        and shown("float8", -0.0, 0) == "-0"
    )
    assert by_name["bytea"].format_text(b"\x00\xff\\A", -1, styled(BERLIN, Style(bytea="escape"))) == "\\000\\377\\\\A"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dmy", ("ISO", "DMY")),
        ("sql", ("SQL", "MDY")),
        ("german", ("German", "DMY")),
        ("German, MDY", ("German", "MDY")),
        ("postgres", ("Postgres", "MDY")),
        ("SQL,european", ("SQL", "DMY")),
        ("us", ("ISO", "MDY")),
        ("Default", ("ISO", "MDY")),
    ],
)
def test_date_style_words(text: str, expected: tuple[str, str]) -> None:
    assert read_date_style(text, "ISO", "MDY") == expected


def test_a_session_with_defaults_has_a_plain_zone() -> None:
    assert styled(BERLIN, Style()) is BERLIN and style_of(None) == Style()
    assert styled(BERLIN, Style(order="DMY")) is styled(BERLIN, Style(order="DMY"))
