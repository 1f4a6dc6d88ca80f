"""date, time, timestamp, timestamptz: text (DateStyle ISO here, the others in styled_text.py), and the binary forms.

Readers take `(text, modifier, zone, now)`: the session's time zone (None is UTC) and the transaction's timestamptz,
without which 'now', 'today' and their like are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from struct import Struct
from typing import Any

from actors.common.errors import DATETIME_FIELD_OVERFLOW, DatabaseError
from actors.sql.types.base import Type, invalid_binary
from actors.sql.types.calendar import (
    DATE_END,
    DATE_INFINITY,
    DATE_MIN,
    DATE_MINUS_INFINITY,
    DAY_US,
    SECOND_US,
    TIMESTAMP_END,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MIN,
    TIMESTAMP_MINUS_INFINITY,
    UNIX_EPOCH_DAYS,
    UNIX_EPOCH_US,
    format_clock,
    format_day,
    format_offset,
    offset_seconds,
    to_local,
    to_utc,
    zone_name,
)
from actors.sql.types.datetime_input import Moment, bad_syntax, parse_moment
from actors.sql.types.styled_text import date_text, timestamp_text
from actors.sql.types.styles import StyledZone, style_of

_EPOCH = datetime(2000, 1, 1)
_YEAR_1_US = -63082281600000000
_YEAR_10000_US = 252455616000000000

_SHIFTS = {"today": 0, "tomorrow": 1, "yesterday": -1}


class NeedsNow(DatabaseError):
    """The text means a time relative to the transaction's ('now', 'today'): to be read when it runs, not when it is
    planned."""


def round_fraction(microseconds: int, modifier: int) -> int:
    """To `modifier` digits of a second, half away from zero; -1 keeps all six."""
    if not 0 <= modifier < 6:
        return microseconds
    unit = int(10 ** (6 - modifier))
    whole, rest = divmod(abs(microseconds), unit)
    rounded = (whole + (2 * rest >= unit)) * unit
    return -rounded if microseconds < 0 else rounded


def check_timestamp(value: int, text: str | None = None) -> int:
    """Raises 22008 outside PostgreSQL's timestamps."""
    if TIMESTAMP_MIN <= value < TIMESTAMP_END:
        return value
    raise DatabaseError(
        DATETIME_FIELD_OVERFLOW, "timestamp out of range" if text is None else f'timestamp out of range: "{text}"'
    )


def check_date(value: int) -> int:
    if DATE_MIN <= value < DATE_END:
        return value
    raise DatabaseError(DATETIME_FIELD_OVERFLOW, "date out of range")


def _needed(now: int | None, sql_name: str, text: str) -> int:
    if now is None:
        raise NeedsNow("22007", f'invalid input syntax for type {sql_name}: "{text}"')
    return now


def parse_date(text: str, modifier: int = -1, zone: tzinfo | None = None, now: int | None = None) -> int:
    moment = parse_moment(text, "date", style_of(zone).order)
    if moment.word is not None:
        if moment.word == "epoch":
            return UNIX_EPOCH_DAYS
        if moment.word.endswith("infinity"):
            return DATE_MINUS_INFINITY if moment.word[0] == "-" else DATE_INFINITY
        return to_local(_needed(now, "date", text), zone) // DAY_US + _SHIFTS.get(moment.word, 0)
    if moment.days is None:
        raise bad_syntax("date", text)
    return moment.days


def format_date(datum: int, modifier: int = -1, zone: tzinfo | None = None) -> str:
    if datum in (DATE_INFINITY, DATE_MINUS_INFINITY):
        return "infinity" if datum > 0 else "-infinity"
    if zone.__class__ is StyledZone:
        return date_text(datum, style_of(zone))
    return "".join(format_day(datum))


def parse_time(text: str, modifier: int = -1, zone: tzinfo | None = None, now: int | None = None) -> int:
    moment = parse_moment(text, "time")
    if moment.word == "now":
        return round_fraction(to_local(_needed(now, "time", text), zone) % DAY_US, modifier)
    if moment.microseconds is None:
        if text.strip().isdigit() and len(text.strip()) in (4, 6):
            return parse_time(f"{text.strip()[:2]}:{text.strip()[2:4]}:{text.strip()[4:] or '00'}", modifier)
        raise bad_syntax("time", text)
    return round_fraction(moment.microseconds, modifier)


def format_time(datum: int, modifier: int = -1) -> str:
    return format_clock(datum)


def _special_timestamp(moment: Moment, zone: tzinfo | None, now: int | None, sql_name: str, text: str) -> int:
    """The local timestamp that a word means."""
    if moment.word == "epoch":
        return UNIX_EPOCH_US
    local = to_local(_needed(now, sql_name, text), zone)
    if moment.word == "now":
        return local
    assert moment.word is not None
    return (local // DAY_US + _SHIFTS[moment.word]) * DAY_US + (moment.microseconds or 0)


def _infinite(moment: Moment) -> int | None:
    if moment.word is None or not moment.word.endswith("infinity"):
        return None
    return TIMESTAMP_MINUS_INFINITY if moment.word[0] == "-" else TIMESTAMP_INFINITY


def parse_timestamp(text: str, modifier: int = -1, zone: tzinfo | None = None, now: int | None = None) -> int:
    moment = parse_moment(text, "timestamp", style_of(zone).order)
    infinite = _infinite(moment)
    if infinite is not None:
        return infinite
    if moment.word is not None:
        value = _special_timestamp(moment, zone, now, "timestamp", text)
    elif moment.days is None:
        raise bad_syntax("timestamp", text)
    else:
        value = moment.days * DAY_US + (moment.microseconds or 0)
    return check_timestamp(round_fraction(value, modifier), text)


def parse_timestamptz(text: str, modifier: int = -1, zone: tzinfo | None = None, now: int | None = None) -> int:
    sql_name = "timestamp with time zone"
    moment = parse_moment(text, sql_name, style_of(zone).order)
    infinite = _infinite(moment)
    if infinite is not None:
        return infinite
    if moment.word == "epoch":
        return UNIX_EPOCH_US
    if moment.word is not None:
        value = to_utc(_special_timestamp(moment, zone, now, sql_name, text), zone)
    elif moment.days is None:
        raise bad_syntax(sql_name, text)
    else:
        value = to_utc(moment.days * DAY_US + (moment.microseconds or 0), zone if moment.zone is None else moment.zone)
    return check_timestamp(round_fraction(value, modifier), text)


def _format_finite(datum: int) -> tuple[str, str]:
    """(text, "" or " BC")."""
    if _YEAR_1_US <= datum < _YEAR_10000_US:
        text = (_EPOCH + timedelta(0, 0, datum)).isoformat(" ")
        return (text.rstrip("0") if len(text) > 19 else text), ""
    days, clock = divmod(datum, DAY_US)
    day, era = format_day(days)
    return f"{day} {format_clock(clock)}", era


def format_timestamp(datum: int, modifier: int = -1, zone: tzinfo | None = None) -> str:
    if datum in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return "infinity" if datum > 0 else "-infinity"
    if style_of(zone).date != "ISO":
        return timestamp_text(datum, style_of(zone))
    text, era = _format_finite(datum)
    return text + era


def format_timestamptz(datum: int, modifier: int = -1, zone: tzinfo | None = None) -> str:
    if datum in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return "infinity" if datum > 0 else "-infinity"
    if zone is None or zone is UTC:
        text, era = _format_finite(datum)
        return f"{text}+00{era}"
    offset = offset_seconds(datum, zone)
    if style_of(zone).date != "ISO":
        return timestamp_text(datum + offset * SECOND_US, style_of(zone), zone_name(datum, zone))
    text, era = _format_finite(datum + offset * SECOND_US)
    return text + format_offset(offset) + era


_DATE, _LONG = Struct("!i"), Struct("!q")


def _parse_date_binary(data: bytes, modifier: int = -1) -> int:
    if len(data) != 4:
        raise invalid_binary()
    value: int = _DATE.unpack(data)[0]
    return value if value in (DATE_INFINITY, DATE_MINUS_INFINITY) else check_date(value)


def _format_date_binary(datum: int, modifier: int = -1) -> bytes:
    return _DATE.pack(datum)


def _parse_time_binary(data: bytes, modifier: int = -1) -> int:
    if len(data) != 8:
        raise invalid_binary()
    value: int = _LONG.unpack(data)[0]
    if not 0 <= value <= DAY_US:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "time out of range")
    return round_fraction(value, modifier)


def _format_long(datum: int, modifier: int = -1) -> bytes:
    return _LONG.pack(datum)


def _parse_timestamp_binary(data: bytes, modifier: int = -1) -> int:
    if len(data) != 8:
        raise invalid_binary()
    value: int = _LONG.unpack(data)[0]
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return value
    return round_fraction(check_timestamp(value), modifier)


def _type(
    name: str, sql_name: str, oid: int, array_oid: int, parse: Any, format_: Any, read: Any, preferred: bool = False
) -> Type:
    return Type(name, sql_name, oid, array_oid, 8, "D", parse, format_, read, _format_long, preferred=preferred)


TYPES = (
    Type("date", "date", 1082, 1182, 4, "D", parse_date, format_date, _parse_date_binary, _format_date_binary),
    _type("time", "time without time zone", 1083, 1183, parse_time, format_time, _parse_time_binary),
    _type(
        "timestamp",
        "timestamp without time zone",
        1114,
        1115,
        parse_timestamp,
        format_timestamp,
        _parse_timestamp_binary,
    ),
    _type(
        "timestamptz",
        "timestamp with time zone",
        1184,
        1185,
        parse_timestamptz,
        format_timestamptz,
        _parse_timestamp_binary,
        True,
    ),
)
