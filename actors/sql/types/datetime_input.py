"""Reading dates and times as PostgreSQL does: ISO 8601 and the common other forms, ambiguous ones by DateStyle's order.

    parse_moment("2024-01-02 03:04:05.6+02", "timestamp with time zone") -> Moment(days, microseconds, offset, None)

Understood: YYYY-MM-DD, YYYY/MM/DD, MM/DD/YYYY, YYYYMMDD, month names in any place (8-Jan-1999, January 8, 1999), Julian
days (J2451187), BC and AD, day names (ignored), hh:mm[:ss[.ffffff]] with AM/PM, hhmmss after T, zones as offsets, Z,
abbreviations and names, and the words now, today, tomorrow, yesterday, epoch, infinity, allballs, years with a day of
the year (1999.008).
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from actors.common.errors import (
    DATETIME_FIELD_OVERFLOW,
    INVALID_DATETIME_FORMAT,
    INVALID_PARAMETER_VALUE,
    DatabaseError,
)
from actors.sql.types.calendar import (
    DATE_END,
    DATE_MIN,
    DAY_US,
    HOUR_US,
    JULIAN_2000,
    MINUTE_US,
    SECOND_US,
    day_number,
    month_days,
)


class Moment(NamedTuple):
    """`days` None: no date was given; `microseconds` None: no time. `zone` None: none given. `word`: a special value
    instead."""

    days: int | None
    microseconds: int | None
    zone: tzinfo | None
    word: str | None = None


NOW_WORDS = frozenset({"now", "today", "tomorrow", "yesterday"})
SPECIAL_WORDS = NOW_WORDS | {"epoch", "infinity", "-infinity", "+infinity"}
TEXT_CHARACTERS_MAX = 128
"""PostgreSQL's MAXDATELEN: longer text is no date."""

_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
_TOKEN = re.compile(
    r"[\s(),]+"
    r"|(?P<ordinal>\d{4,}[-.]\d{3}(?![\d-]))"
    r"|(?P<time>\d{1,3}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)"
    r"|(?P<julian>[jJ]\d+)"
    r"|(?P<compact>(?<=[tT])\d{4,6}(?:\.\d*)?)"
    r"|(?P<offset>[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?(?![\d-]))"
    r"|(?P<date>\d+[-/.](?:\d+|[A-Za-z]+)[-/.]\d+)"
    r"|(?P<named>[A-Za-z]{3,}-\d+-\d+|\d+-[A-Za-z]{3,}-\d+)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[+-]?[A-Za-z][A-Za-z_]*(?:/[A-Za-z_+\-\d]+)*\.?)",
    re.ASCII,
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
        "september sep sept",
         "october oct", "november nov", "december dec"),
        1,
    )
    for name in names.split()
}  # fmt: skip
_DAYS = frozenset(
    [
        "sunday",
        "sun",
        "monday",
        "mon",
        "tuesday",
        "tue",
        "tues",
        "wednesday",
        "wed",
        "weds",
        "thursday",
        "thu",
        "thur",
        "thurs",
        "friday",
        "fri",
        "saturday",
        "sat",
    ]
)
_ABBREVIATIONS = {
    "z": 0, "utc": 0, "gmt": 0, "zulu": 0, "ut": 0, "wet": 0, "bst": 1, "cet": 1, "met": 1, "cest": 2, "eet": 2,
    "eest": 3, "msk": 3, "ist": 2,
    "jst": 9, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "akst": -9, "hst": -10,
}  # fmt: skip


CHARACTERS_MAX = 512
"""Of a date or time; PostgreSQL has room for 153."""


def bad_syntax(sql_name: str, text: str) -> DatabaseError:
    return DatabaseError(INVALID_DATETIME_FORMAT, f'invalid input syntax for type {sql_name}: "{text}"')


def field_overflow(text: str, *, hint: bool = False) -> DatabaseError:
    return DatabaseError(
        DATETIME_FIELD_OVERFLOW,
        f'date/time field value out of range: "{text}"',
        hint='Perhaps you need a different "datestyle" setting.' if hint else "",
    )


@lru_cache(maxsize=512)
def find_zone(name: str) -> tzinfo:
    """A zone by name, abbreviation or offset (`+02`, `-03:30`: east is positive). Raises 22023."""
    lower = name.lower()
    if lower in _ABBREVIATIONS:
        hours = _ABBREVIATIONS[lower]
        return UTC if hours == 0 else timezone(timedelta(hours=hours))
    offset = re.fullmatch(r"([+-])(\d{1,2}):?(\d{2})?", name, re.ASCII)
    if offset is not None:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-shift if offset[1] == "-" else shift)
    for spelling in (
        name,
        "/".join("_".join(word.capitalize() for word in part.split("_")) for part in name.split("/")),
        name.upper(),
    ):
        try:
            return ZoneInfo(spelling)
        except (KeyError, ValueError, OSError):
            continue
    raise DatabaseError(INVALID_PARAMETER_VALUE, f'time zone "{name}" not recognized')


def parse_moment(text: str, sql_name: str, order: str = "MDY") -> Moment:
    """Raises 22007 for text that is no date or time, 22008 for fields out of range, 22023 for an unknown zone."""
    match = _ISO.fullmatch(text)
    if match is None:
        if len(text.strip()) > CHARACTERS_MAX:
            raise bad_syntax(sql_name, text)
        return _General(text, sql_name, order).moment()
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if year == "0000":
        raise field_overflow(text)
    days = checked_day(int(year), int(month), int(day), text)
    if hour is None:
        return Moment(days, None, None)
    clock = checked_clock(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")), text)
    return Moment(days, clock, None if offset is None else _offset_zone(offset, text))


def checked_day(year: int, month: int, day: int, text: str) -> int:
    if not 1 <= month <= 12:
        raise field_overflow(text, hint=True)
    if not 1 <= day <= 31:
        raise field_overflow(text, hint=True)
    if day > month_days(year, month):
        raise field_overflow(text)
    days = day_number(year, month, day)
    if not DATE_MIN <= days < DATE_END:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, f'date out of range: "{text}"')
    return days


def checked_clock(hour: int, minute: int, second: int, microsecond: int, text: str) -> int:
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second or microsecond)):
        raise field_overflow(text)
    return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + microsecond


@lru_cache(maxsize=512)
def _offset_zone(offset: str, text: str) -> tzinfo:
    if offset in ("Z", "+00"):
        return UTC
    digits = offset[1:].replace(":", "")
    if len(digits) in (1, 3):
        digits = "0" + digits
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4] or 0), int(digits[4:6] or 0)
    if hours > 15 or minutes > 59 or seconds > 59:
        raise DatabaseError("22009", f'time zone displacement out of range: "{text}"')
    shift = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-shift if offset[0] == "-" else shift)


class _General:
    """One text in any of the forms, field by field."""

    def __init__(self, text: str, sql_name: str, order: str) -> None:
        self.order = order
        self.text = text
        self.sql_name = sql_name
        self.year: int | None = None
        self.year_digits = 0
        self.month: int | None = None
        self.day: int | None = None
        self.julian: int | None = None
        self.day_of_year: int | None = None
        self.clock: tuple[int, int, int, int] | None = None
        self.meridiem = ""
        self.before_christ = False
        self.zone: tzinfo | None = None
        self.special: str | None = None

    def moment(self) -> Moment:
        stripped = self.text.strip()
        if not stripped or len(stripped) > TEXT_CHARACTERS_MAX:
            raise self._bad()
        at = 0
        while at < len(stripped):
            match = _TOKEN.match(stripped, at)
            if match is None:
                raise self._bad()
            if match.lastgroup is not None:
                self._take(match.lastgroup, match[0])
            at = match.end()
        return self._result()

    def _bad(self) -> DatabaseError:
        return bad_syntax(self.sql_name, self.text)

    def _take(self, kind: str, token: str) -> None:
        if kind == "time":
            self._take_time(token)
        elif kind == "julian":
            self.julian = int(token[1:])
        elif kind == "compact":
            whole, _, fraction = token.partition(".")
            whole = whole.ljust(6, "0")
            self._set_clock(int(whole[:2]), int(whole[2:4]), int(whole[4:6]), fraction)
        elif kind == "offset":
            if self.clock is None and self.special is None and self.day is None:
                raise self._bad()
            self.zone = _offset_zone(token, self.text)
        elif kind in ("date", "named"):
            self._take_date(re.split(r"[-/.]", token), token)
        elif kind == "ordinal":
            year, day = re.split("[-.]", token)
            self._set_year(year)
            self.month, self.day, self.day_of_year = 1, 1, int(day)
        elif kind == "number":
            self._take_number(token)
        else:
            self._take_word(token.lower().rstrip("."))

    def _set_clock(self, hour: int, minute: int, second: int, fraction: str) -> None:
        if self.clock is not None:
            raise self._bad()
        self.clock = (hour, minute, second, round(float("0." + fraction) * 1e6) if fraction else 0)

    def _take_time(self, token: str) -> None:
        parts = token.split(":")
        seconds, _, fraction = (parts[2] if len(parts) > 2 else "0").partition(".")
        self._set_clock(int(parts[0]), int(parts[1]), int(seconds), fraction)

    def _take_date(self, parts: list[str], token: str) -> None:
        if self.year is not None or self.day is not None:
            raise self._bad()
        named = [part.isalpha() for part in parts]
        if any(named):
            place = named.index(True)
            month = _MONTHS.get(parts[place].lower())
            if month is None or sum(named) > 1 or self.month is not None:
                raise self._bad()
            first, second = (part for part in parts if not part.isalpha())
            self.month = month
            year_first = len(first) > 2 or (self.order == "YMD" and place > 0 and len(second) < 3)
            year, day = (first, second) if year_first else (second, first)
        elif len(parts[0]) < 3:
            fields = dict(zip(self.order, parts, strict=True))
            year, day = fields["Y"], fields["D"]
            self.month = int(fields["M"])
        else:
            year, month_text, day = parts
            self.month = int(month_text)
        self._set_year(year)
        self.day = int(day)

    def _set_year(self, token: str) -> None:
        self.year, self.year_digits = int(token), len(token)

    def _take_number(self, token: str) -> None:
        if "." in token:
            raise self._bad()
        if len(token) in (8, 7) and self.year is None:
            self._set_year(token[:-4])
            self.month, self.day = int(token[-4:-2]), int(token[-2:])
        elif len(token) == 6 and self.year is None:
            self._set_year(token[:2])
            self.month, self.day = int(token[2:4]), int(token[4:])
        elif len(token) in (4, 6) and self.year is not None and self.day is not None and self.clock is None:
            whole = token.ljust(6, "0")
            self._set_clock(int(whole[:2]), int(whole[2:4]), int(whole[4:6]), "")
        elif len(token) >= 3 and self.year is None:
            self._set_year(token)
        elif (self.day is None and self.month is not None) or (self.month is None and self.day is None):
            self.day = int(token)
        elif self.year is None:
            self._set_year(token)
        else:
            raise self._bad()

    def _take_word(self, word: str) -> None:
        if word in _MONTHS and self.month is None:
            self.month = _MONTHS[word]
        elif word in ("am", "pm"):
            self.meridiem = word
        elif word in ("bc", "ad"):
            self.before_christ = word == "bc"
        elif word in _DAYS or word in ("t", "at", "on"):
            return
        elif word in SPECIAL_WORDS and self.special is None:
            self.special = word.lstrip("+")
        elif word == "allballs":
            self.clock, self.zone = (0, 0, 0, 0), UTC
        elif word in _ABBREVIATIONS or "/" in word:
            self.zone = find_zone(word)
        else:
            raise self._bad()

    def _result(self) -> Moment:
        microseconds = self._microseconds()
        if self.special is not None:
            if self.year is not None or self.day is not None:
                raise self._bad()
            return Moment(None, microseconds, self.zone, self.special)
        if self.julian is not None:
            return Moment(self.julian - JULIAN_2000, microseconds, self.zone)
        if self.year is None and self.month is None and self.day is None:
            return Moment(None, microseconds, self.zone)
        if self.year is None or self.month is None or self.day is None:
            raise self._bad()
        year = self.year
        if self.before_christ:
            if year == 0:
                raise field_overflow(self.text)
            year = 1 - year
        elif self.year_digits <= 2:
            year += 2000 if year < 70 else 1900
        elif year == 0:
            raise field_overflow(self.text)
        days = checked_day(year, self.month, self.day, self.text)
        if self.day_of_year is not None:
            if not 1 <= self.day_of_year <= 366:
                raise field_overflow(self.text)
            days += self.day_of_year - 1
        return Moment(days, microseconds, self.zone)

    def _microseconds(self) -> int | None:
        if self.clock is None:
            if self.meridiem:
                raise self._bad()
            return None
        hour, minute, second, microsecond = self.clock
        if self.meridiem:
            if not 1 <= hour <= 12:
                raise field_overflow(self.text)
            hour = hour % 12 + (12 if self.meridiem == "pm" else 0)
        result = checked_clock(hour, minute, second, 0, self.text) + microsecond
        if result > DAY_US:
            raise field_overflow(self.text)
        return result
