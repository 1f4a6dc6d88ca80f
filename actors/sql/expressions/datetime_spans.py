"""Spans of time: date_bin, date_add, make_interval, OVERLAPS, to_char of an interval; and what a UUID knows of its
time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, NamedTuple

from actors.common.errors import DATETIME_FIELD_OVERFLOW, FEATURE_NOT_SUPPORTED, INVALID_DATETIME_FORMAT, DatabaseError
from actors.sql.expressions.datetime_fields import INFINITE, ZONED
from actors.sql.expressions.datetime_functions import (
    add_interval,
    add_interval_zoned,
    date_and_time,
    make_timestamp,
    named_zone,
    negate,
)
from actors.sql.expressions.formatting import _check_pattern
from actors.sql.expressions.registry import STABLE, register
from actors.sql.types.calendar import DAY_US, HOUR_US, MINUTE_US, SECOND_US, UNIX_EPOCH_US, to_utc
from actors.sql.types.datetimes import check_timestamp
from actors.sql.types.intervals import Interval, check_interval


class _Clock(NamedTuple):
    """An environment of which only the time zone is asked."""

    time_zone: tzinfo


def date_bin(stride: Interval, source: int, origin: int) -> int:
    if source in INFINITE:
        return source
    months, days, microseconds = stride
    if months:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, "timestamps cannot be binned into intervals containing months or years"
        )
    width = days * DAY_US + microseconds
    if width <= 0:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "stride must be greater than zero")
    if origin in INFINITE:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "origin out of range")
    return check_timestamp(origin + (source - origin) // width * width)


def make_interval(years: int, months: int, weeks: int, days: int, hours: int, minutes: int, seconds: float) -> Interval:
    if seconds != seconds or abs(seconds) > 1e18:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
    clock = hours * HOUR_US + minutes * MINUTE_US + round(seconds * SECOND_US)
    return check_interval(years * 12 + months, weeks * 7 + days, clock)


MAKE_INTERVAL = ("years", "months", "weeks", "days", "hours", "mins", "secs")
"""The names of its arguments; each of them may be left out."""


def _make_timestamptz(environment: Any, *fields: Any) -> int:
    return check_timestamp(to_utc(make_timestamp(*fields), environment.time_zone))


def _make_timestamptz_in(year: int, month: int, day: int, hour: int, minute: int, second: float, zone: str) -> int:
    return check_timestamp(to_utc(make_timestamp(year, month, day, hour, minute, second), named_zone(zone)))


def _date_add_in(timestamp: int, interval: Interval, zone: str) -> int:
    return add_interval_zoned(_Clock(named_zone(zone)), timestamp, interval)


def overlaps(first: int | None, first_end: int | None, second: int | None, second_end: int | None) -> bool | None:
    """(first, first_end) OVERLAPS (second, second_end): ends may come in any order; three-valued as in PostgreSQL's
    overlaps_timestamp."""
    if first is None or (first_end is not None and first > first_end):
        first, first_end = first_end, first
    if second is None or (second_end is not None and second > second_end):
        second, second_end = second_end, second
    if first is None or second is None:
        return None
    if first == second:
        return None if first_end is None or second_end is None else True
    if first < second:
        first, first_end, second, second_end = second, second_end, first, first_end
    # `first` begins later: within the other's span?
    if second_end is None:
        return None
    if first < second_end:
        return True
    return None if first_end is None else False


Add = Callable[[int, Interval], int]


def _register_overlaps(name: str, add: Add | None, zoned: bool) -> None:
    """Each side's end may be an interval from its beginning."""

    def ended(environment: Any, start: int | None, end: Any) -> Any:
        if not isinstance(end, tuple):
            return end
        if start is None:
            return None
        return add_interval_zoned(environment, start, end) if add is None else add(start, end)

    def with_intervals(environment: Any, first: Any, first_end: Any, second: Any, second_end: Any) -> bool | None:
        return overlaps(first, ended(environment, first, first_end), second, ended(environment, second, second_end))

    kind: dict[str, Any] = {**ZONED} if zoned else {}
    register("overlaps", f"{name} {name} {name} {name}", "bool", overlaps, strict=False)
    for one, other in (("interval", name), (name, "interval"), ("interval", "interval")):
        signature = f"{name} {one} {name} {other}"
        if zoned:
            register("overlaps", signature, "bool", with_intervals, strict=False, **kind)
        else:
            register("overlaps", signature, "bool", lambda *values: with_intervals(None, *values), strict=False)


# -- to_char of an interval --------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<fill>FM|fm)?(?P<field>Y,YYY|YYYY|YYY|YY|Y|MM|DDD|DD|HH24|HH12|HH|MI|SSSSS|SSSS|SS|MS|US|FF[1-6]|'
    r"A\.M\.|P\.M\.|AM|PM|a\.m\.|p\.m\.|am|pm|y,yyy|yyyy|yyy|yy|y|mm|ddd|dd|hh24|hh12|hh|mi|sssss|ssss|ss|ms|us|ff[1-6]|CC|cc|Q|q)(?P<ordinal>TH|th)?"
    r"|(?P<bad>MONTH|Month|month|MON|Mon|mon|DAY|Day|day|DY|Dy|dy|ID|id|D|d|BC|bc|AD|ad|B\.C\.|A\.D\.|TZH|TZM|TZ|tz|OF|IW|I|J|j|W|w|RM|rm)|(?P<text>.)",
    re.DOTALL,
)


def interval_to_char(interval: Interval, pattern: str) -> str | None:
    """Hours are not cut at 24. Raises 22007 for fields of a calendar."""
    _check_pattern(pattern)
    if not pattern:
        return None
    months, days, clock = interval
    sign = -1 if clock < 0 else 1
    hours, rest = divmod(abs(clock), HOUR_US)
    minutes, rest = divmod(rest, MINUTE_US)
    seconds, fraction = divmod(rest, SECOND_US)
    year = int(months / 12)
    values = {
        "YYYY": (year, 4), "YYY": (year % 1000, 3), "YY": (year % 100, 2), "Y": (year % 10, 1),
        "MM": (months - 12 * year, 2), "DDD": (days, 3),
        "DD": (days, 2), "HH24": (sign * hours, 2), "HH12": (sign * ((hours - 1) % 12 + 1), 2),
        "HH": (sign * ((hours - 1) % 12 + 1), 2),
        "MI": (sign * minutes, 2), "SS": (sign * seconds, 2), "SSSS": (sign * (hours * 3600 + minutes * 60 + seconds),
        1),
        "SSSSS": (sign * (hours * 3600 + minutes * 60 + seconds), 1), "MS": (sign * (fraction // 1000), 3),
        "US": (sign * fraction, 6),
        "CC": ((year + 99) // 100 if year > 0 else year // 100, 2), "Q": ((months - 12 * year - 1) // 3 + 1, 1),
        **{f"FF{digits}": (sign * (fraction // 10 ** (6 - digits)), digits) for digits in range(1, 7)},
    }  # fmt: skip
    parts: list[str] = []
    for found in _TOKEN.finditer(pattern):
        field = found["field"]
        if found["bad"] is not None:
            hint = "Intervals are not tied to specific calendar dates."
            raise DatabaseError(
                INVALID_DATETIME_FORMAT, "invalid format specification for an interval value", hint=hint
            )
        if field is None:
            parts.append(found["text"] if found["quoted"] is None else found["quoted"])
        elif field.upper() in ("AM", "PM", "A.M.", "P.M."):
            half = "PM" if hours % 24 >= 12 and sign > 0 else "AM"
            half = f"{half[0]}.M." if "." in field else half
            parts.append(half.lower() if field.islower() else half)
        elif field.upper() == "Y,YYY":
            parts.append(f"{year // 1000},{year % 1000:03d}")
        else:
            number, width = values[field.upper()]
            text = str(number) if found["fill"] else f"{number:0{width + (number < 0)}d}"
            parts.append(text + ("TH" if found["ordinal"] == "TH" else "th" if found["ordinal"] else ""))
    return "".join(parts)


# -- UUIDs -------------------------------------------------------------------------------------------------------------

GREGORIAN_TO_UNIX_100NS = 0x01B21DD213814000


def uuid_version(value: bytes) -> int | None:
    return value[6] >> 4 if value[8] & 0xC0 == 0x80 else None


def uuid_timestamp(value: bytes) -> int | None:
    version = uuid_version(value)
    if version == 1:
        ticks = (
            int.from_bytes(value[0:4], "big")
            | int.from_bytes(value[4:6], "big") << 32
            | (int.from_bytes(value[6:8], "big") & 0xFFF) << 48
        )
        return (ticks - GREGORIAN_TO_UNIX_100NS) // 10 + UNIX_EPOCH_US
    if version == 7:
        return int.from_bytes(value[0:6], "big") * 1000 + UNIX_EPOCH_US
    return None


register("date_bin", "interval timestamp timestamp", "timestamp", date_bin)
register("date_bin", "interval timestamptz timestamptz", "timestamptz", date_bin)
register("make_interval", "int4 int4 int4 int4 int4 int4 float8", "interval", make_interval)
register("make_timestamptz", "int4 int4 int4 int4 int4 float8", "timestamptz", _make_timestamptz, **ZONED)
register(
    "make_timestamptz", "int4 int4 int4 int4 int4 float8 text", "timestamptz", _make_timestamptz_in, volatility=STABLE
)
register("date_add", "timestamptz interval", "timestamptz", add_interval_zoned, **ZONED)
register("date_add", "timestamptz interval text", "timestamptz", _date_add_in)
register(
    "date_subtract",
    "timestamptz interval",
    "timestamptz",
    lambda env, at, interval: add_interval_zoned(env, at, negate(interval)),
    **ZONED,
)
register(
    "date_subtract",
    "timestamptz interval text",
    "timestamptz",
    lambda at, interval, zone: _date_add_in(at, negate(interval), zone),
)
register(
    "timestamptz",
    "date time",
    "timestamptz",
    lambda env, date, time: to_utc(date_and_time(date, time), env.time_zone),
    **ZONED,
)
register("to_char", "interval text", "text", interval_to_char, volatility=STABLE)
register("uuid_extract_version", "uuid", "int2", uuid_version)
register("uuid_extract_timestamp", "uuid", "timestamptz", uuid_timestamp)
_register_overlaps("timestamp", add_interval, False)
_register_overlaps("timestamptz", None, True)
_register_overlaps("time", lambda start, interval: (start + interval[2]) % DAY_US, False)
