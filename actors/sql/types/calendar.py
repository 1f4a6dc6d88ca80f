"""Days, microseconds and calendars: the proleptic Gregorian calendar without Python's limits (years -4712 to 294276).

A day number counts from 2000-01-01; a year is astronomical (0 is 1 BC). Zones: a datum of timestamptz is UTC,
`to_local` and `to_utc` convert.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
SECOND_US = 1_000_000
UNIX_EPOCH_DAYS = -10957
"""1970-01-01."""
UNIX_EPOCH_US = UNIX_EPOCH_DAYS * DAY_US
_ORDINAL_2000 = date(2000, 1, 1).toordinal()

DATE_MINUS_INFINITY, DATE_INFINITY = -(2**31), 2**31 - 1
TIMESTAMP_MINUS_INFINITY, TIMESTAMP_INFINITY = -(2**63), 2**63 - 1
JULIAN_2000 = 2451545
DATE_MIN = -JULIAN_2000
"""4714-11-24 BC, Julian day 0."""
DATE_END = 2147483494 - JULIAN_2000
"""5874898-06-03, the first day that is no date."""
TIMESTAMP_MIN = -211813488000000000
TIMESTAMP_END = 9223371331200000000
"""294277-01-01."""

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = datetime(2000, 1, 1, tzinfo=UTC)
_PYTHON_MIN_US = (1 - _ORDINAL_2000 + 2) * DAY_US
_PYTHON_MAX_US = (date.max.toordinal() - _ORDINAL_2000 - 2) * DAY_US


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """Of a valid date."""
    if 1 <= year <= 9999:
        return date(year, month, day).toordinal() - _ORDINAL_2000
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 730425


def civil(days: int) -> tuple[int, int, int]:
    """(astronomical year, month, day)."""
    ordinal = days + _ORDINAL_2000
    if 1 <= ordinal <= 3652059:
        found = date.fromordinal(ordinal)
        return found.year, found.month, found.day
    era, day_of_era = divmod(days + 730425, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + (3 if shifted_month < 10 else -9)
    return era * 400 + year_of_era + (month <= 2), month, day


def format_day(days: int) -> tuple[str, str]:
    """("2024-01-02", "" or " BC")."""
    year, month, day = civil(days)
    if year > 0:
        return f"{year:04d}-{month:02d}-{day:02d}", ""
    return f"{1 - year:04d}-{month:02d}-{day:02d}", " BC"


def format_clock(microseconds: int) -> str:
    """ "04:05:06.78"."""
    seconds, fraction = divmod(microseconds, SECOND_US)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def offset_seconds(utc: int, zone: tzinfo) -> int:
    """The zone's offset east of UTC at an instant, in seconds."""
    bounded = min(max(utc, _PYTHON_MIN_US), _PYTHON_MAX_US)
    offset = (_EPOCH_UTC + timedelta(microseconds=bounded)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset.days * 86400 + offset.seconds


def zone_name(utc: int, zone: tzinfo) -> str:
    """The zone's abbreviation at an instant: CET, or its offset where it has none."""
    bounded = min(max(utc, _PYTHON_MIN_US), _PYTHON_MAX_US)
    return str((_EPOCH_UTC + timedelta(microseconds=bounded)).astimezone(zone).tzname())


def to_local(utc: int, zone: tzinfo | None) -> int:
    """A finite timestamptz as the timestamp that a clock in `zone` shows; None is UTC."""
    if zone is None or zone is UTC:
        return utc
    return utc + offset_seconds(utc, zone) * SECOND_US


def to_utc(local: int, zone: tzinfo | None) -> int:
    """A local timestamp as an instant. A time that a clock change skips is read in the zone's earlier offset, one that
    comes twice in standard time."""
    if zone is None or zone is UTC:
        return local
    naive = _EPOCH + timedelta(microseconds=min(max(local, _PYTHON_MIN_US), _PYTHON_MAX_US))
    first, second = naive.replace(tzinfo=zone).utcoffset(), naive.replace(tzinfo=zone, fold=1).utcoffset()
    assert first is not None and second is not None
    offset = min(first, second)
    return local - (offset.days * 86400 + offset.seconds) * SECOND_US


def format_offset(seconds: int) -> str:
    """ "+02", "-03:30", "+00:19:32"."""
    sign = "-" if seconds < 0 else "+"
    minutes, second = divmod(abs(seconds), 60)
    hours, minute = divmod(minutes, 60)
    text = f"{sign}{hours:02d}"
    if minute or second:
        text += f":{minute:02d}"
    return text + f":{second:02d}" if second else text
