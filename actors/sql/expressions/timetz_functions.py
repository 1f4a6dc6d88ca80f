"""Operators and functions of time with time zone (PostgreSQL's date.c)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from actors.common.errors import DATETIME_FIELD_OVERFLOW, DatabaseError
from actors.sql.expressions.datetime_fields import CLOCK_FIELDS, ZONED, clock_field, field_of, scaled, unsupported
from actors.sql.expressions.datetime_functions import interval_offset, named_zone
from actors.sql.expressions.datetime_spans import overlaps
from actors.sql.expressions.registry import register
from actors.sql.types.calendar import DAY_US, SECOND_US, offset_seconds
from actors.sql.types.datetimes import check_timestamp
from actors.sql.types.intervals import Interval, infinite
from actors.sql.types.timetz import SQL_NAME, of_instant, pack, rounded, unpack

_INFINITE_DATES = {2**31 - 1: 2**63 - 1, -(2**31): -(2**63)}


def _plus(datum: bytes, interval: Interval) -> bytes:
    """The clock goes on by the interval's time; months and days do not count."""
    if infinite(interval):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "cannot add infinite interval to time")
    clock, west = unpack(datum)
    return pack((clock + interval[2]) % DAY_US, west)


def _minus(datum: bytes, interval: Interval) -> bytes:
    if infinite(interval):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "cannot subtract infinite interval from time")
    clock, west = unpack(datum)
    return pack((clock - interval[2]) % DAY_US, west)


def _instant(date: int, datum: bytes) -> int:
    """A date and a time with its zone as timestamptz."""
    if date in _INFINITE_DATES:
        return _INFINITE_DATES[date]
    clock, west = unpack(datum)
    return check_timestamp(date * DAY_US + clock + west * SECOND_US)


def _extract(name: str, datum: bytes) -> Decimal:
    field = field_of(name, SQL_NAME)
    clock, west = unpack(datum)
    if field.startswith("timezone"):
        sign, size = (-1, west) if west > 0 else (1, -west)
        parts = {"timezone": size, "timezone_hour": size // 3600, "timezone_minute": size // 60 % 60}
        return Decimal(sign * parts[field])
    if field == "epoch":
        return scaled(clock + west * SECOND_US, 6)
    if field not in CLOCK_FIELDS:
        raise unsupported(name, SQL_NAME)
    return clock_field(field, clock)


def _moved(datum: bytes, east: int) -> bytes:
    """The same instant on a clock `east` seconds east of Greenwich."""
    clock, west = unpack(datum)
    return pack((clock + (west + east) * SECOND_US) % DAY_US, -east)


def _at_zone(environment: Any, zone: str, datum: bytes) -> bytes:
    return _moved(datum, offset_seconds(environment.transaction_timestamp, named_zone(zone)))


def _at_offset(zone: Interval, datum: bytes) -> bytes:
    return _moved(datum, interval_offset(zone) // SECOND_US)


def _at_session(environment: Any, datum: bytes) -> bytes:
    return _moved(datum, offset_seconds(environment.transaction_timestamp, environment.time_zone))


def _now(environment: Any, digits: int = -1) -> bytes:
    return of_instant(environment.transaction_timestamp, environment.time_zone, digits)


register("+", "timetz interval", "timetz", _plus)
register("+", "interval timetz", "timetz", lambda interval, datum: _plus(datum, interval))
register("-", "timetz interval", "timetz", _minus)
register("+", "date timetz", "timestamptz", _instant)
register("+", "timetz date", "timestamptz", lambda datum, date: _instant(date, datum))
register("timestamptz", "date timetz", "timestamptz", _instant)
register("extract", "text timetz", "numeric", _extract)
register("date_part", "text timetz", "float8", lambda name, datum: float(_extract(name, datum)))
register("timezone", "text timetz", "timetz", _at_zone, **ZONED)
register("timezone", "interval timetz", "timetz", _at_offset)
register("timezone", "timetz", "timetz", _at_session, **ZONED)
register("timetz", "timetz int4", "timetz", rounded)
register("current_time", "", "timetz", _now, **ZONED)
register("current_time", "int4", "timetz", _now, **ZONED)
register("overlaps", "timetz timetz timetz timetz", "bool", overlaps, strict=False)
