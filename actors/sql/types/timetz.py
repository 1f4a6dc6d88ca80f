"""time with time zone: a time of day and the offset of the clock that shows it.

A datum is 12 bytes whose order is SQL's (timetz_cmp in PostgreSQL's date.c): the time in UTC, in microseconds, then the
offset in seconds WEST of Greenwich; both big-endian, with an offset that makes them positive.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from struct import Struct

from actors.common.errors import DATETIME_FIELD_OVERFLOW, DatabaseError
from actors.sql.types.base import Type, invalid_binary
from actors.sql.types.calendar import DAY_US, SECOND_US, format_clock, format_offset, offset_seconds, to_local, to_utc
from actors.sql.types.datetime_input import bad_syntax, parse_moment
from actors.sql.types.datetimes import NeedsNow, round_fraction

SQL_NAME = "time with time zone"
_COMPACT = re.compile(r"^\s*(\d\d)(\d\d)(\d\d)?(?![\d:/-])", re.ASCII)
"""hhmm and hhmmss."""
WEST_END = 16 * 3600
"""PostgreSQL's offsets are below 16 hours."""
_UTC_OFFSET, _WEST_OFFSET = 1 << 62, 1 << 30
_datum = Struct("!QI")
_wire = Struct("!qi")


def pack(clock: int, west: int) -> bytes:
    """`clock`: what the clock shows, in microseconds; `west`: its offset in seconds."""
    return _datum.pack(clock + west * SECOND_US + _UTC_OFFSET, west + _WEST_OFFSET)


def unpack(datum: bytes) -> tuple[int, int]:
    """(clock, west)."""
    instant, west = _datum.unpack(datum)
    west -= _WEST_OFFSET
    return instant - _UTC_OFFSET - west * SECOND_US, west


def parse_timetz(text: str, modifier: int = -1, zone: tzinfo | None = None, now: int | None = None) -> bytes:
    text = _COMPACT.sub(lambda match: f"{match[1]}:{match[2]}:{match[3] or '00'}", text)
    moment = parse_moment(text, SQL_NAME)
    own = moment.zone if moment.zone is not None else zone
    if now is None and (moment.word == "now" or own is None or (_is_region(own) and moment.days is None)):
        raise NeedsNow("22007", f'invalid input syntax for type {SQL_NAME}: "{text}"')
    if moment.word == "now":
        assert now is not None
        return of_instant(now, zone, modifier)
    if moment.microseconds is None:
        raise bad_syntax(SQL_NAME, text)
    clock = round_fraction(moment.microseconds, modifier)
    if _is_region(moment.zone) and moment.days is None:
        raise bad_syntax(SQL_NAME, text)
    return of_clock(clock, own, now or 0) if moment.days is None else _on_day(clock, own, moment.days)


def _is_region(zone: tzinfo | None) -> bool:
    """Whether the offset depends on the date."""
    return getattr(zone, "key", "") not in ("", "UTC")


def _on_day(clock: int, zone: tzinfo | None, day: int) -> bytes:
    if zone is None or zone is UTC:
        return pack(clock, 0)
    return pack(clock, -offset_seconds(to_utc(day * DAY_US + clock, zone), zone))


def of_clock(clock: int, zone: tzinfo | None, now: int) -> bytes:
    """What a clock in `zone` shows on the day of the instant `now`."""
    return _on_day(clock, zone, to_local(now, zone) // DAY_US)


def of_instant(instant: int, zone: tzinfo | None, modifier: int = -1) -> bytes:
    """The clock of `zone` at an instant (a timestamptz)."""
    east = 0 if zone is None or zone is UTC else offset_seconds(instant, zone)
    return pack(round_fraction((instant + east * SECOND_US) % DAY_US, modifier), -east)


def format_timetz(datum: bytes, modifier: int = -1) -> str:
    clock, west = unpack(datum)
    return format_clock(clock) + format_offset(-west)


def rounded(datum: bytes, modifier: int) -> bytes:
    clock, west = unpack(datum)
    return pack(round_fraction(clock, modifier), west)


def _read(data: bytes, modifier: int = -1) -> bytes:
    if len(data) != 12:
        raise invalid_binary()
    clock, west = _wire.unpack(data)
    if not 0 <= clock <= DAY_US:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "time out of range")
    if not -WEST_END < west < WEST_END:
        raise DatabaseError("22009", "time zone displacement out of range")
    return pack(round_fraction(clock, modifier), west)


def _write(datum: bytes, modifier: int = -1) -> bytes:
    return _wire.pack(*unpack(datum))


TYPES = (Type("timetz", SQL_NAME, 1266, 1270, 12, "D", parse_timetz, format_timetz, _read, _write),)
