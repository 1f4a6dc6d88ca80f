"""EXTRACT, date_part and date_trunc: the fields of date, time, timestamp, timestamptz and interval."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.expressions.numerics import divide
from actors.sql.expressions.registry import STABLE, register
from actors.sql.types.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY_US,
    HOUR_US,
    JULIAN_2000,
    MINUTE_US,
    SECOND_US,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    UNIX_EPOCH_US,
    civil,
    day_number,
    offset_seconds,
    to_local,
    to_utc,
)
from actors.sql.types.datetime_input import find_zone
from actors.sql.types.intervals import Interval, infinite

INFINITE = (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)
INFINITE_DATES = (DATE_INFINITY, DATE_MINUS_INFINITY)
ZONED: dict[str, Any] = {"volatility": STABLE, "environment": True}
"""How a function that looks at the session's time zone is registered."""


def toward_zero(value: int, unit: int) -> int:
    return value // unit if value >= 0 else -(-value // unit)


# -- taking apart ------------------------------------------------------------------------------------------------------

_FIELD_NAMES = {
    **dict.fromkeys(("microseconds", "microsecond", "us", "usec", "usecs", "usecond", "useconds"), "microseconds"),
    **dict.fromkeys(("milliseconds", "millisecond", "ms", "msec", "msecs", "msecond", "mseconds"), "milliseconds"),
    **dict.fromkeys(("second", "seconds", "s", "sec", "secs"), "second"),
    **dict.fromkeys(("minute", "minutes", "m", "min", "mins"), "minute"),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), "hour"),
    **dict.fromkeys(("day", "days", "d"), "day"),
    **dict.fromkeys(("week", "weeks", "w"), "week"),
    **dict.fromkeys(("month", "months", "mon", "mons"), "month"),
    **dict.fromkeys(("quarter", "qtr"), "quarter"),
    **dict.fromkeys(("year", "years", "y", "yr", "yrs"), "year"),
    **dict.fromkeys(("decade", "decades", "dec", "decs"), "decade"),
    **dict.fromkeys(("century", "centuries", "c", "cent"), "century"),
    **dict.fromkeys(("millennium", "millennia", "mil", "mils"), "millennium"),
    **{
        name: name
        for name in (
            "epoch",
            "dow",
            "doy",
            "isodow",
            "isoyear",
            "julian",
            "timezone",
            "timezone_hour",
            "timezone_minute",
        )
    },
}
CLOCK_FIELDS = frozenset({"microseconds", "milliseconds", "second", "minute", "hour"})


def field_of(name: str, sql_name: str) -> str:
    field = _FIELD_NAMES.get(name.lower())
    if field is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'unit "{name.lower()}" not recognized for type {sql_name}')
    return field


def unsupported(name: str, sql_name: str) -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, f'unit "{name.lower()}" not supported for type {sql_name}')


def scaled(microseconds: int, digits: int) -> Decimal:
    return Decimal(microseconds).scaleb(-digits)


def clock_field(field: str, clock: int) -> Decimal:
    """Of microseconds since midnight (or of an interval's time part, which may be negative)."""
    sign, rest = (-1, -clock) if clock < 0 else (1, clock)
    in_minute = sign * (rest % MINUTE_US)
    if field == "microseconds":
        return Decimal(in_minute)
    if field == "milliseconds":
        return scaled(in_minute, 3)
    if field == "second":
        return scaled(in_minute, 6)
    return Decimal(sign * (rest // MINUTE_US % 60)) if field == "minute" else Decimal(sign * (rest // HOUR_US))


def iso_week(number: int) -> tuple[int, int]:
    """(ISO year, week) of a day."""
    thursday = number - (number + 5) % 7 + 3
    year = civil(thursday)[0]
    return year, (thursday - day_number(year, 1, 1)) // 7 + 1


def _century(year: int, unit: int) -> int:
    return (year + unit - 1) // unit if year > 0 else -((unit - year) // unit)


def _date_field(field: str, number: int) -> int | None:
    year, month, day = civil(number)
    shown_year = year if year > 0 else year - 1
    values: dict[str, Callable[[], int]] = {
        "day": lambda: day,
        "month": lambda: month,
        "year": lambda: shown_year,
        "quarter": lambda: (month - 1) // 3 + 1,
        "decade": lambda: year // 10,
        "century": lambda: _century(year, 100),
        "millennium": lambda: _century(year, 1000),
        "dow": lambda: (number + 6) % 7,
        "isodow": lambda: (number + 5) % 7 + 1,
        "doy": lambda: number - day_number(year, 1, 1) + 1,
        "week": lambda: iso_week(number)[1],
        "isoyear": lambda: iso_week(number)[0] if iso_week(number)[0] > 0 else iso_week(number)[0] - 1,
    }
    compute = values.get(field)
    return None if compute is None else compute()


_MONOTONE = frozenset({"year", "decade", "century", "millennium", "julian", "isoyear", "epoch"})


def extract_timestamp(name: str, timestamp: int, sql_name: str = "timestamp without time zone") -> Decimal | None:
    field = field_of(name, sql_name)
    if timestamp in INFINITE:
        if field in _MONOTONE:
            return Decimal("Infinity") if timestamp > 0 else Decimal("-Infinity")
        return None
    number, clock = divmod(timestamp, DAY_US)
    if field in CLOCK_FIELDS:
        return clock_field(field, clock)
    if field == "epoch":
        return scaled(timestamp - UNIX_EPOCH_US, 6)
    if field == "julian":
        if not clock:
            return Decimal(number + JULIAN_2000)
        return divide(Decimal((number + JULIAN_2000) * DAY_US + clock), Decimal(DAY_US), 20)
    value = _date_field(field, number)
    if value is None:
        raise unsupported(name, sql_name)
    return Decimal(value)


def extract_timestamptz(environment: Any, name: str, timestamp: int) -> Decimal | None:
    sql_name = "timestamp with time zone"
    field = field_of(name, sql_name)
    if timestamp in INFINITE:
        return extract_timestamp(name, timestamp, sql_name)
    if field == "epoch":
        return scaled(timestamp - UNIX_EPOCH_US, 6)
    if field.startswith("timezone"):
        offset = offset_seconds(timestamp, environment.time_zone)
        if field == "timezone":
            return Decimal(offset)
        sign = -1 if offset < 0 else 1
        return Decimal(sign * (abs(offset) // 3600 if field == "timezone_hour" else abs(offset) // 60 % 60))
    return extract_timestamp(name, to_local(timestamp, environment.time_zone), sql_name)


def extract_date(name: str, date: int) -> Decimal | None:
    field = field_of(name, "date")
    if field in CLOCK_FIELDS or field.startswith("timezone"):
        raise unsupported(name, "date")
    if field == "epoch" and date not in INFINITE_DATES:
        return Decimal((date * DAY_US - UNIX_EPOCH_US) // SECOND_US)
    return extract_timestamp(
        name,
        TIMESTAMP_INFINITY if date == DATE_INFINITY else -(2**63) if date == DATE_MINUS_INFINITY else date * DAY_US,
        "date",
    )


def extract_time(name: str, time: int) -> Decimal:
    field = field_of(name, "time without time zone")
    if field == "epoch":
        return scaled(time, 6)
    if field not in CLOCK_FIELDS:
        raise unsupported(name, "time without time zone")
    return clock_field(field, time)


def extract_interval(name: str, interval: Interval) -> Decimal:
    field = field_of(name, "interval")
    if sign := infinite(interval):
        if field in ("epoch", "year", "decade", "century", "millennium", "hour", "day"):
            return Decimal("Infinity") * sign
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"{field} of an infinite interval is not supported")
    months, days, microseconds = interval
    if field in CLOCK_FIELDS:
        return clock_field(field, microseconds)
    if field == "epoch":
        years, rest = toward_zero(months, 12), months - 12 * toward_zero(months, 12)
        quarter_days = years * 1461 + rest * 120 + days * 4
        return scaled(quarter_days * (DAY_US // 4) + microseconds, 6)
    years = toward_zero(months, 12)
    in_year = months - 12 * years
    values = {
        "day": days,
        "month": in_year,
        "quarter": in_year // 3 + 1,
        "year": years,
        "decade": toward_zero(years, 10),
        "century": toward_zero(years, 100),
        "millennium": toward_zero(years, 1000),
    }
    if field not in values:
        raise unsupported(name, "interval")
    return Decimal(values[field])


# -- date_trunc --------------------------------------------------------------------------------------------------------

_CLOCK_UNITS = {
    "microseconds": 1,
    "milliseconds": 1000,
    "second": SECOND_US,
    "minute": MINUTE_US,
    "hour": HOUR_US,
    "day": DAY_US,
}
_YEAR_UNITS = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}


def truncate(name: str, timestamp: int, sql_name: str = "timestamp without time zone") -> int:
    field = field_of(name, sql_name)
    if timestamp in INFINITE:
        return timestamp
    if field in _CLOCK_UNITS:
        return timestamp - timestamp % _CLOCK_UNITS[field]
    number = timestamp // DAY_US
    if field == "week":
        return (number - (number + 5) % 7) * DAY_US
    year, month, _ = civil(number)
    if field == "month":
        return day_number(year, month, 1) * DAY_US
    if field == "quarter":
        return day_number(year, month - (month - 1) % 3, 1) * DAY_US
    unit = _YEAR_UNITS.get(field)
    if unit is None:
        raise unsupported(name, sql_name)
    start = year // unit * unit if unit <= 10 else (year - 1) // unit * unit + 1
    return day_number(start, 1, 1) * DAY_US


def truncate_in_zone(name: str, timestamp: int, zone: Any) -> int:
    if timestamp in INFINITE:
        return timestamp
    local = to_local(timestamp, zone)
    truncated = truncate(name, local, "timestamp with time zone")
    if _FIELD_NAMES[name.lower()] in CLOCK_FIELDS:
        return timestamp - (local - truncated)  # within the hour the offset stays, even where the clock is set back
    return to_utc(truncated, zone)


def truncate_interval(name: str, interval: Interval) -> Interval:
    field = field_of(name, "interval")
    if infinite(interval):
        return interval
    months, days, microseconds = interval
    if field in _CLOCK_UNITS and field != "day":
        unit = _CLOCK_UNITS[field]
        return months, days, toward_zero(microseconds, unit) * unit
    if field == "day":
        return months, days, 0
    units = {"month": 1, "quarter": 3, **{name: 12 * years for name, years in _YEAR_UNITS.items()}}
    if field not in units:
        raise unsupported(name, "interval")
    return toward_zero(months, units[field]) * units[field], 0, 0


def _as_float(implementation: Callable[..., Decimal | None]) -> Callable[..., float | None]:
    def converted(*arguments: Any) -> float | None:
        value = implementation(*arguments)
        return None if value is None else float(value)

    return converted


for _type, _implementation in (
    ("timestamp", extract_timestamp),
    ("date", extract_date),
    ("time", extract_time),
    ("interval", extract_interval),
):
    register("extract", f"text {_type}", "numeric", _implementation)
    register("date_part", f"text {_type}", "float8", _as_float(_implementation))
register("extract", "text timestamptz", "numeric", extract_timestamptz, **ZONED)
register("date_part", "text timestamptz", "float8", _as_float(extract_timestamptz), **ZONED)
register("date_trunc", "text timestamp", "timestamp", truncate)
register("date_trunc", "text interval", "interval", truncate_interval)
register(
    "date_trunc",
    "text timestamptz",
    "timestamptz",
    lambda env, name, at: truncate_in_zone(name, at, env.time_zone),
    **ZONED,
)
register(
    "date_trunc",
    "text timestamptz text",
    "timestamptz",
    lambda name, at, zone: truncate_in_zone(name, at, find_zone(zone)),
)
