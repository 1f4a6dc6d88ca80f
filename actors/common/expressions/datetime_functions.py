"""Arithmetic and functions of date, time, timestamp, timestamptz and interval.

What adds days or months to a timestamptz, or takes it apart, does so on the clock of the session's time zone, and is stable for that reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from actors.common.errors import DATETIME_FIELD_OVERFLOW, FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, DatabaseError
from actors.common.expressions.arithmetic import division_by_zero
from actors.common.expressions.registry import STABLE, register
from actors.common.types.calendar import (
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
    month_days,
    offset_seconds,
    to_local,
    to_utc,
)
from actors.common.types.datetime_input import find_zone
from actors.common.types.datetimes import check_date, check_timestamp
from actors.common.types.intervals import Interval, check_interval

INFINITE = (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)
INFINITE_DATES = (DATE_INFINITY, DATE_MINUS_INFINITY)


# -- timestamps and intervals --------------------------------------------------------------------------------------------------------


def _add_calendar(local: int, months: int, days: int) -> int:
    """Months first (the day is cut to the month's last), then days."""
    number, clock = divmod(local, DAY_US)
    if months:
        year, month, day = civil(number)
        year, month = divmod(year * 12 + month - 1 + months, 12)
        number = day_number(year, month + 1, min(day, month_days(year, month + 1)))
    return (number + days) * DAY_US + clock


def add_interval(timestamp: int, interval: Interval) -> int:
    if timestamp in INFINITE:
        return timestamp
    months, days, microseconds = interval
    if months or days:
        timestamp = check_timestamp(_add_calendar(timestamp, months, days))
    return check_timestamp(timestamp + microseconds)


def add_interval_zoned(environment: Any, timestamp: int, interval: Interval) -> int:
    if timestamp in INFINITE:
        return timestamp
    months, days, microseconds = interval
    if months or days:
        local = _add_calendar(to_local(timestamp, environment.time_zone), months, days)
        timestamp = check_timestamp(to_utc(local, environment.time_zone))
    return check_timestamp(timestamp + microseconds)


def negate(interval: Interval) -> Interval:
    months, days, microseconds = interval
    return check_interval(-months, -days, -microseconds)


def subtract_timestamps(left: int, right: int) -> Interval:
    if left in INFINITE or right in INFINITE:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "cannot subtract infinite timestamps")
    return justify_hours((0, 0, left - right))


def _toward_zero(value: int, unit: int) -> int:
    return value // unit if value >= 0 else -(-value // unit)


def justify_hours(interval: Interval) -> Interval:
    months, days, microseconds = interval
    whole = _toward_zero(microseconds, DAY_US)
    days, microseconds = days + whole, microseconds - whole * DAY_US
    if days > 0 and microseconds < 0:
        days, microseconds = days - 1, microseconds + DAY_US
    elif days < 0 and microseconds > 0:
        days, microseconds = days + 1, microseconds - DAY_US
    return check_interval(months, days, microseconds)


def justify_days(interval: Interval) -> Interval:
    months, days, microseconds = interval
    whole = _toward_zero(days, 30)
    months, days = months + whole, days - whole * 30
    if months > 0 and days < 0:
        months, days = months - 1, days + 30
    elif months < 0 and days > 0:
        months, days = months + 1, days - 30
    return check_interval(months, days, microseconds)


def justify_interval(interval: Interval) -> Interval:
    months, days, microseconds = interval
    whole = _toward_zero(microseconds, DAY_US)
    days, microseconds = days + whole, microseconds - whole * DAY_US
    whole = _toward_zero(days, 30)
    months, days = months + whole, days - whole * 30
    if months > 0 and (days < 0 or (days == 0 and microseconds < 0)):
        months, days = months - 1, days + 30
    elif months < 0 and (days > 0 or (days == 0 and microseconds > 0)):
        months, days = months + 1, days - 30
    if days > 0 and microseconds < 0:
        days, microseconds = days - 1, microseconds + DAY_US
    elif days < 0 and microseconds > 0:
        days, microseconds = days + 1, microseconds - DAY_US
    return check_interval(months, days, microseconds)


def add_intervals(left: Interval, right: Interval) -> Interval:
    return check_interval(left[0] + right[0], left[1] + right[1], left[2] + right[2])


def multiply_interval(interval: Interval, factor: float) -> Interval:
    """Fractions go down: of months to days (30 a month), of days to microseconds."""
    if factor != factor or math.isinf(factor):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
    months, days, microseconds = interval
    month_product, day_product = months * factor, days * factor
    whole_months, whole_days = int(month_product), int(day_product)
    month_rest_days = round((month_product - whole_months) * 30, 6)
    second_rest = (day_product - whole_days + month_rest_days - int(month_rest_days)) * 86400
    second_rest = round(second_rest, 6)
    if abs(second_rest) >= 86400:
        extra = int(second_rest / 86400)
        whole_days, second_rest = whole_days + extra, second_rest - extra * 86400
    whole_days += int(month_rest_days)
    return check_interval(whole_months, whole_days, round(microseconds * factor + second_rest * 1e6))


def divide_interval(interval: Interval, divisor: float) -> Interval:
    if divisor == 0:
        raise division_by_zero()
    return multiply_interval(interval, 1.0 / divisor)


# -- dates and times -----------------------------------------------------------------------------------------------------------------


def add_days(date: int, days: int) -> int:
    return date if date in INFINITE_DATES else check_date(date + days)


def subtract_dates(left: int, right: int) -> int:
    if left in INFINITE_DATES or right in INFINITE_DATES:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates")
    return left - right


def _instant(date: int) -> int:
    if date in INFINITE_DATES:
        return TIMESTAMP_INFINITY if date > 0 else TIMESTAMP_MINUS_INFINITY
    return check_timestamp(date * DAY_US)


def date_and_time(date: int, time: int) -> int:
    instant = _instant(date)
    return instant if instant in INFINITE else check_timestamp(instant + time)


# -- taking apart ---------------------------------------------------------------------------------------------------------------------

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
    **{name: name for name in ("epoch", "dow", "doy", "isodow", "isoyear", "julian", "timezone", "timezone_hour", "timezone_minute")},
}
_CLOCK_FIELDS = frozenset({"microseconds", "milliseconds", "second", "minute", "hour"})


def _field(name: str, sql_name: str) -> str:
    field = _FIELD_NAMES.get(name.lower())
    if field is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'unit "{name.lower()}" not recognized for type {sql_name}')
    return field


def _unsupported(name: str, sql_name: str) -> DatabaseError:
    return DatabaseError(FEATURE_NOT_SUPPORTED, f'unit "{name.lower()}" not supported for type {sql_name}')


def _scaled(microseconds: int, digits: int) -> Decimal:
    return Decimal(microseconds).scaleb(-digits)


def _clock_field(field: str, clock: int) -> Decimal:
    """Of microseconds since midnight (or of an interval's time part, which may be negative)."""
    sign, rest = (-1, -clock) if clock < 0 else (1, clock)
    in_minute = sign * (rest % MINUTE_US)
    if field == "microseconds":
        return Decimal(in_minute)
    if field == "milliseconds":
        return _scaled(in_minute, 3)
    if field == "second":
        return _scaled(in_minute, 6)
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
    field = _field(name, sql_name)
    if timestamp in INFINITE:
        if field in _MONOTONE:
            return Decimal("Infinity") if timestamp > 0 else Decimal("-Infinity")
        return None
    number, clock = divmod(timestamp, DAY_US)
    if field in _CLOCK_FIELDS:
        return _clock_field(field, clock)
    if field == "epoch":
        return _scaled(timestamp - UNIX_EPOCH_US, 6)
    if field == "julian":
        if not clock:
            return Decimal(number + JULIAN_2000)
        from actors.common.expressions.numerics import divide

        return divide(Decimal((number + JULIAN_2000) * DAY_US + clock), Decimal(DAY_US), 20)
    value = _date_field(field, number)
    if value is None:
        raise _unsupported(name, sql_name)
    return Decimal(value)


def extract_timestamptz(environment: Any, name: str, timestamp: int) -> Decimal | None:
    sql_name = "timestamp with time zone"
    field = _field(name, sql_name)
    if timestamp in INFINITE:
        return extract_timestamp(name, timestamp, sql_name)
    if field == "epoch":
        return _scaled(timestamp - UNIX_EPOCH_US, 6)
    if field.startswith("timezone"):
        offset = offset_seconds(timestamp, environment.time_zone)
        if field == "timezone":
            return Decimal(offset)
        sign = -1 if offset < 0 else 1
        return Decimal(sign * (abs(offset) // 3600 if field == "timezone_hour" else abs(offset) // 60 % 60))
    return extract_timestamp(name, to_local(timestamp, environment.time_zone), sql_name)


def extract_date(name: str, date: int) -> Decimal | None:
    field = _field(name, "date")
    if field in _CLOCK_FIELDS or field.startswith("timezone"):
        raise _unsupported(name, "date")
    if field == "epoch" and date not in INFINITE_DATES:
        return Decimal((date * DAY_US - UNIX_EPOCH_US) // SECOND_US)
    return extract_timestamp(
        name, TIMESTAMP_INFINITY if date == DATE_INFINITY else -(2**63) if date == DATE_MINUS_INFINITY else date * DAY_US, "date"
    )


def extract_time(name: str, time: int) -> Decimal:
    field = _field(name, "time without time zone")
    if field == "epoch":
        return _scaled(time, 6)
    if field not in _CLOCK_FIELDS:
        raise _unsupported(name, "time without time zone")
    return _clock_field(field, time)


def extract_interval(name: str, interval: Interval) -> Decimal:
    field = _field(name, "interval")
    months, days, microseconds = interval
    if field in _CLOCK_FIELDS:
        return _clock_field(field, microseconds)
    if field == "epoch":
        years, rest = _toward_zero(months, 12), months - 12 * _toward_zero(months, 12)
        quarter_days = years * 1461 + rest * 120 + days * 4
        return _scaled(quarter_days * (DAY_US // 4) + microseconds, 6)
    years = _toward_zero(months, 12)
    in_year = months - 12 * years
    values = {
        "day": days,
        "month": in_year,
        "quarter": in_year // 3 + 1,
        "year": years,
        "decade": _toward_zero(years, 10),
        "century": _toward_zero(years, 100),
        "millennium": _toward_zero(years, 1000),
    }
    if field not in values:
        raise _unsupported(name, "interval")
    return Decimal(values[field])


# -- date_trunc -----------------------------------------------------------------------------------------------------------------------

_CLOCK_UNITS = {"microseconds": 1, "milliseconds": 1000, "second": SECOND_US, "minute": MINUTE_US, "hour": HOUR_US, "day": DAY_US}
_YEAR_UNITS = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}


def truncate(name: str, timestamp: int, sql_name: str = "timestamp without time zone") -> int:
    field = _field(name, sql_name)
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
        raise _unsupported(name, sql_name)
    start = year // unit * unit if unit <= 10 else (year - 1) // unit * unit + 1
    return day_number(start, 1, 1) * DAY_US


def truncate_in_zone(name: str, timestamp: int, zone: Any) -> int:
    if timestamp in INFINITE:
        return timestamp
    local = truncate(name, to_local(timestamp, zone), "timestamp with time zone")
    return to_utc(local, zone)


def truncate_interval(name: str, interval: Interval) -> Interval:
    field = _field(name, "interval")
    months, days, microseconds = interval
    if field in _CLOCK_UNITS and field != "day":
        unit = _CLOCK_UNITS[field]
        return months, days, _toward_zero(microseconds, unit) * unit
    if field == "day":
        return months, days, 0
    units = {"month": 1, "quarter": 3, **{name: 12 * years for name, years in _YEAR_UNITS.items()}}
    if field not in units:
        raise _unsupported(name, "interval")
    return _toward_zero(months, units[field]) * units[field], 0, 0


# -- making -----------------------------------------------------------------------------------------------------------------------------


def make_date(year: int, month: int, day: int) -> int:
    astronomical = year if year > 0 else year + 1
    if year == 0 or not 1 <= month <= 12 or not 1 <= day <= month_days(astronomical, month):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f"date field value out of range: {year}-{month:02d}-{day:02d}")
    return check_date(day_number(astronomical, month, day))


def make_time(hour: int, minute: int, second: float) -> int:
    microseconds = hour * HOUR_US + minute * MINUTE_US + round(second * SECOND_US)
    if not (0 <= hour <= 24 and 0 <= minute < 60 and 0 <= second <= 60 and microseconds <= DAY_US):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f"time field value out of range: {hour}:{minute:02d}:{second:02g}")
    return microseconds


def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    return check_timestamp(make_date(year, month, day) * DAY_US + make_time(hour, minute, second))


def to_timestamp(seconds: float) -> int:
    if math.isinf(seconds):
        return TIMESTAMP_INFINITY if seconds > 0 else TIMESTAMP_MINUS_INFINITY
    if seconds != seconds:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN")
    if abs(seconds) > 1e15:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f'timestamp out of range: "{seconds:g}"')
    return check_timestamp(round(seconds * SECOND_US) + UNIX_EPOCH_US)


def age(left: int, right: int) -> Interval:
    """The difference in years, months, days and time, as a calendar counts."""
    if left in INFINITE or right in INFINITE:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "timestamp out of range")
    sign, later, earlier = (1, left, right) if left >= right else (-1, right, left)
    (later_day, later_clock), (earlier_day, earlier_clock) = divmod(later, DAY_US), divmod(earlier, DAY_US)
    later_year, later_month, later_number = civil(later_day)
    earlier_year, earlier_month, earlier_number = civil(earlier_day)
    months = (later_year - earlier_year) * 12 + later_month - earlier_month
    days, clock = later_number - earlier_number, later_clock - earlier_clock
    if clock < 0:
        clock, days = clock + DAY_US, days - 1
    while days < 0:
        days += month_days(earlier_year, earlier_month)
        months -= 1
    return sign * months, sign * days, sign * clock


def _age_today(environment: Any, timestamp: int) -> Interval:
    today = to_local(environment.transaction_timestamp, environment.time_zone)
    return age(today - today % DAY_US, timestamp)


def _age_today_zoned(environment: Any, timestamp: int) -> Interval:
    return _age_today(environment, to_local(timestamp, environment.time_zone))


def _age_zoned(environment: Any, left: int, right: int) -> Interval:
    return age(to_local(left, environment.time_zone), to_local(right, environment.time_zone))


def at_zone(zone: str, timestamp: int) -> int:
    """timestamptz AT TIME ZONE: what a clock there shows."""
    return timestamp if timestamp in INFINITE else check_timestamp(to_local(timestamp, find_zone(zone)))


def in_zone(zone: str, timestamp: int) -> int:
    """timestamp AT TIME ZONE: the instant when a clock there shows this."""
    return timestamp if timestamp in INFINITE else check_timestamp(to_utc(timestamp, find_zone(zone)))


_ZONED: dict[str, Any] = {"volatility": STABLE, "environment": True}


def _register_operators() -> None:
    register("+", "date int4", "date", add_days)
    register("+", "int4 date", "date", lambda days, date: add_days(date, days))
    register("-", "date int4", "date", lambda date, days: add_days(date, -days))
    register("-", "date date", "int4", subtract_dates)
    register("+", "date time", "timestamp", date_and_time)
    register("+", "time date", "timestamp", lambda time, date: date_and_time(date, time))
    register("+", "date interval", "timestamp", lambda date, interval: add_interval(_instant(date), interval))
    register("+", "interval date", "timestamp", lambda interval, date: add_interval(_instant(date), interval))
    register("-", "date interval", "timestamp", lambda date, interval: add_interval(_instant(date), negate(interval)))
    register("+", "timestamp interval", "timestamp", add_interval)
    register("+", "interval timestamp", "timestamp", lambda interval, timestamp: add_interval(timestamp, interval))
    register("-", "timestamp interval", "timestamp", lambda timestamp, interval: add_interval(timestamp, negate(interval)))
    register("-", "timestamp timestamp", "interval", subtract_timestamps)
    register("-", "timestamptz timestamptz", "interval", subtract_timestamps)
    register("+", "timestamptz interval", "timestamptz", add_interval_zoned, **_ZONED)
    register("+", "interval timestamptz", "timestamptz", lambda env, interval, at: add_interval_zoned(env, at, interval), **_ZONED)
    register("-", "timestamptz interval", "timestamptz", lambda env, at, interval: add_interval_zoned(env, at, negate(interval)), **_ZONED)
    register("+", "time interval", "time", lambda time, interval: (time + interval[2]) % DAY_US)
    register("+", "interval time", "time", lambda interval, time: (time + interval[2]) % DAY_US)
    register("-", "time interval", "time", lambda time, interval: (time - interval[2]) % DAY_US)
    register("-", "time time", "interval", lambda left, right: (0, 0, left - right))
    register("+", "interval interval", "interval", add_intervals)
    register("-", "interval interval", "interval", lambda left, right: check_interval(*(a - b for a, b in zip(left, right, strict=True))))
    register("-", "interval", "interval", negate)
    register("*", "interval float8", "interval", multiply_interval)
    register("*", "float8 interval", "interval", lambda factor, interval: multiply_interval(interval, factor))
    register("/", "interval float8", "interval", divide_interval)


def _register_functions() -> None:
    for type_, implementation in (
        ("timestamp", extract_timestamp),
        ("date", extract_date),
        ("time", extract_time),
        ("interval", extract_interval),
    ):
        register("extract", f"text {type_}", "numeric", implementation)
        register("date_part", f"text {type_}", "float8", _as_float(implementation))
    register("extract", "text timestamptz", "numeric", extract_timestamptz, **_ZONED)
    register("date_part", "text timestamptz", "float8", _as_float(extract_timestamptz), **_ZONED)
    register("date_trunc", "text timestamp", "timestamp", truncate)
    register("date_trunc", "text interval", "interval", truncate_interval)
    register("date_trunc", "text timestamptz", "timestamptz", lambda env, name, at: truncate_in_zone(name, at, env.time_zone), **_ZONED)
    register("date_trunc", "text timestamptz text", "timestamptz", lambda name, at, zone: truncate_in_zone(name, at, find_zone(zone)))
    register("age", "timestamp timestamp", "interval", age)
    register("age", "timestamptz timestamptz", "interval", _age_zoned, **_ZONED)
    register("age", "timestamp", "interval", _age_today, **_ZONED)
    register("age", "timestamptz", "interval", _age_today_zoned, **_ZONED)
    register("make_date", "int4 int4 int4", "date", make_date)
    register("make_time", "int4 int4 float8", "time", make_time)
    register("make_timestamp", "int4 int4 int4 int4 int4 float8", "timestamp", make_timestamp)
    register("to_timestamp", "float8", "timestamptz", to_timestamp)
    register("timezone", "text timestamptz", "timestamp", at_zone)
    register("timezone", "text timestamp", "timestamptz", in_zone)
    register("justify_hours", "interval", "interval", justify_hours)
    register("justify_days", "interval", "interval", justify_days)
    register("justify_interval", "interval", "interval", justify_interval)
    register("isfinite", "timestamp", "bool", lambda value: value not in INFINITE)
    register("isfinite", "timestamptz", "bool", lambda value: value not in INFINITE)
    register("isfinite", "date", "bool", lambda value: value not in INFINITE_DATES)
    register("isfinite", "interval", "bool", lambda value: True)


def _as_float(implementation: Callable[..., Decimal | None]) -> Callable[..., float | None]:
    def converted(*arguments: Any) -> float | None:
        value = implementation(*arguments)
        return None if value is None else float(value)

    return converted


_register_operators()
_register_functions()
