"""Arithmetic and functions of date, time, timestamp, timestamptz and interval.

What adds days or months to a timestamptz, or takes it apart, does so on the clock of the session's time zone, and is
stable for that reason.
"""

from __future__ import annotations

import math
from datetime import tzinfo
from typing import Any

from actors.common.errors import DATETIME_FIELD_OVERFLOW, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.expressions.arithmetic import division_by_zero
from actors.sql.expressions.comparisons import interval_span
from actors.sql.expressions.datetime_fields import INFINITE, INFINITE_DATES, ZONED, toward_zero
from actors.sql.expressions.registry import register
from actors.sql.types.calendar import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    UNIX_EPOCH_US,
    civil,
    day_number,
    month_days,
    to_local,
    to_utc,
)
from actors.sql.types.datetime_input import find_zone
from actors.sql.types.datetimes import check_date, check_timestamp
from actors.sql.types.intervals import Interval, check_interval, format_interval, infinite, infinity
from actors.sql.types.time_zones import posix_zone

# -- timestamps and intervals ------------------------------------------------------------------------------------------


def _add_calendar(local: int, months: int, days: int) -> int:
    """Months first (the day is cut to the month's last), then days."""
    number, clock = divmod(local, DAY_US)
    if months:
        year, month, day = civil(number)
        year, month = divmod(year * 12 + month - 1 + months, 12)
        number = day_number(year, month + 1, min(day, month_days(year, month + 1)))
    return (number + days) * DAY_US + clock


def _to_infinity(timestamp: int, interval: Interval) -> int | None:
    """The sum where one of both is infinite, else None. Raises 22008 for infinities of both signs."""
    sign = infinite(interval)
    if not sign:
        return timestamp if timestamp in INFINITE else None
    result = TIMESTAMP_INFINITY if sign > 0 else TIMESTAMP_MINUS_INFINITY
    if timestamp in INFINITE and timestamp != result:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "timestamp out of range")
    return result


def add_interval(timestamp: int, interval: Interval) -> int:
    if timestamp in INFINITE or infinite(interval):
        return _to_infinity(timestamp, interval) or 0
    months, days, microseconds = interval
    if months or days:
        timestamp = check_timestamp(_add_calendar(timestamp, months, days))
    return check_timestamp(timestamp + microseconds)


def add_interval_zoned(environment: Any, timestamp: int, interval: Interval) -> int:
    if timestamp in INFINITE or infinite(interval):
        return _to_infinity(timestamp, interval) or 0
    months, days, microseconds = interval
    if months or days:
        local = _add_calendar(to_local(timestamp, environment.time_zone), months, days)
        timestamp = check_timestamp(to_utc(local, environment.time_zone))
    return check_timestamp(timestamp + microseconds)


def negate(interval: Interval) -> Interval:
    if sign := infinite(interval):
        return infinity(-sign)
    months, days, microseconds = interval
    return check_interval(-months, -days, -microseconds)


def subtract_timestamps(left: int, right: int) -> Interval:
    if left in INFINITE or right in INFINITE:
        if left == right:
            raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
        return infinity(left if left in INFINITE else -right)
    return justify_hours((0, 0, left - right))


def justify_hours(interval: Interval) -> Interval:
    if infinite(interval):
        return interval
    months, days, microseconds = interval
    whole = toward_zero(microseconds, DAY_US)
    days, microseconds = days + whole, microseconds - whole * DAY_US
    if days > 0 and microseconds < 0:
        days, microseconds = days - 1, microseconds + DAY_US
    elif days < 0 and microseconds > 0:
        days, microseconds = days + 1, microseconds - DAY_US
    return check_interval(months, days, microseconds)


def justify_days(interval: Interval) -> Interval:
    if infinite(interval):
        return interval
    months, days, microseconds = interval
    whole = toward_zero(days, 30)
    months, days = months + whole, days - whole * 30
    if months > 0 and days < 0:
        months, days = months - 1, days + 30
    elif months < 0 and days > 0:
        months, days = months + 1, days - 30
    return check_interval(months, days, microseconds)


def justify_interval(interval: Interval) -> Interval:
    if infinite(interval):
        return interval
    months, days, microseconds = interval
    whole = toward_zero(microseconds, DAY_US)
    days, microseconds = days + whole, microseconds - whole * DAY_US
    whole = toward_zero(days, 30)
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
    one, other = infinite(left), infinite(right)
    if one or other:
        if one + other == 0:
            raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
        return infinity(one or other)
    return check_interval(left[0] + right[0], left[1] + right[1], left[2] + right[2])


def subtract_intervals(left: Interval, right: Interval) -> Interval:
    if infinite(left) or infinite(right):
        return add_intervals(left, negate(right))
    return check_interval(left[0] - right[0], left[1] - right[1], left[2] - right[2])


def multiply_interval(interval: Interval, factor: float) -> Interval:
    """Fractions go down: of months to days (30 a month), of days to microseconds."""
    sign = infinite(interval) or (interval_span(interval) > 0) - (interval_span(interval) < 0)
    if factor != factor or ((math.isinf(factor) or infinite(interval)) and (factor == 0 or not sign)):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
    if math.isinf(factor) or infinite(interval):
        return infinity(sign * factor)
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
    if sign := infinite(interval):
        if not math.isfinite(divisor):
            raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
        return infinity(sign * divisor)
    return multiply_interval(interval, 1.0 / divisor)


# -- dates and times ---------------------------------------------------------------------------------------------------


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


# -- making ------------------------------------------------------------------------------------------------------------


def make_date(year: int, month: int, day: int) -> int:
    astronomical = year if year > 0 else year + 1
    if year == 0 or not 1 <= month <= 12 or not 1 <= day <= month_days(astronomical, month):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f"date field value out of range: {year}-{month:02d}-{day:02d}")
    return check_date(day_number(astronomical, month, day))


def make_time(hour: int, minute: int, second: float) -> int:
    if not math.isfinite(second):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f"time field value out of range: {hour}:{minute:02d}:{second:02g}")
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


def named_zone(name: str) -> tzinfo:
    """Abbreviations first, as PostgreSQL has it. Raises 22023."""
    found = posix_zone(name) if name[-1:].isdigit() else None
    return found if found is not None else find_zone(name)


def interval_offset(interval: Interval) -> int:
    """Microseconds east of Greenwich. Raises 22023 for months and days."""
    months, days, microseconds = interval
    if months or days:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, f'interval time zone "{format_interval(interval)}" must not include months or days'
        )
    return microseconds // SECOND_US * SECOND_US


def at_offset(interval: Interval, timestamp: int) -> int:
    """timestamptz AT TIME ZONE interval: what a clock so far east shows."""
    return timestamp if timestamp in INFINITE else check_timestamp(timestamp + interval_offset(interval))


def in_offset(interval: Interval, timestamp: int) -> int:
    """timestamp AT TIME ZONE interval: the instant when a clock so far east shows this."""
    return timestamp if timestamp in INFINITE else check_timestamp(timestamp - interval_offset(interval))


def at_zone(zone: str, timestamp: int) -> int:
    """timestamptz AT TIME ZONE: what a clock there shows."""
    return timestamp if timestamp in INFINITE else check_timestamp(to_local(timestamp, named_zone(zone)))


def in_zone(zone: str, timestamp: int) -> int:
    """timestamp AT TIME ZONE: the instant when a clock there shows this."""
    return timestamp if timestamp in INFINITE else check_timestamp(to_utc(timestamp, named_zone(zone)))


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
    register(
        "-", "timestamp interval", "timestamp", lambda timestamp, interval: add_interval(timestamp, negate(interval))
    )
    register("-", "timestamp timestamp", "interval", subtract_timestamps)
    register("-", "timestamptz timestamptz", "interval", subtract_timestamps)
    register("+", "timestamptz interval", "timestamptz", add_interval_zoned, **ZONED)
    register(
        "+",
        "interval timestamptz",
        "timestamptz",
        lambda env, interval, at: add_interval_zoned(env, at, interval),
        **ZONED,
    )
    register(
        "-",
        "timestamptz interval",
        "timestamptz",
        lambda env, at, interval: add_interval_zoned(env, at, negate(interval)),
        **ZONED,
    )
    register("+", "time interval", "time", lambda time, interval: (time + interval[2]) % DAY_US)
    register("+", "interval time", "time", lambda interval, time: (time + interval[2]) % DAY_US)
    register("-", "time interval", "time", lambda time, interval: (time - interval[2]) % DAY_US)
    register("-", "time time", "interval", lambda left, right: (0, 0, left - right))
    register("+", "interval interval", "interval", add_intervals)
    register("-", "interval interval", "interval", subtract_intervals)
    register("-", "interval", "interval", negate)
    register("*", "interval float8", "interval", multiply_interval)
    register("*", "float8 interval", "interval", lambda factor, interval: multiply_interval(interval, factor))
    register("/", "interval float8", "interval", divide_interval)


def _register_functions() -> None:
    register("age", "timestamp timestamp", "interval", age)
    register("age", "timestamptz timestamptz", "interval", _age_zoned, **ZONED)
    register("age", "timestamp", "interval", _age_today, **ZONED)
    register("age", "timestamptz", "interval", _age_today_zoned, **ZONED)
    register("make_date", "int4 int4 int4", "date", make_date)
    register("make_time", "int4 int4 float8", "time", make_time)
    register("make_timestamp", "int4 int4 int4 int4 int4 float8", "timestamp", make_timestamp)
    register("to_timestamp", "float8", "timestamptz", to_timestamp)
    register("timezone", "interval timestamptz", "timestamp", at_offset)
    register("timezone", "interval timestamp", "timestamptz", in_offset)
    register("timezone", "text timestamptz", "timestamp", at_zone)
    register("timezone", "text timestamp", "timestamptz", in_zone)
    register("justify_hours", "interval", "interval", justify_hours)
    register("justify_days", "interval", "interval", justify_days)
    register("justify_interval", "interval", "interval", justify_interval)
    register("isfinite", "timestamp", "bool", lambda value: value not in INFINITE)
    register("isfinite", "timestamptz", "bool", lambda value: value not in INFINITE)
    register("isfinite", "date", "bool", lambda value: value not in INFINITE_DATES)
    register("isfinite", "interval", "bool", lambda value: not infinite(value))


_register_operators()
_register_functions()
