"""interval: (months, days, microseconds). Input in PostgreSQL's, the verbose, the SQL standard and the ISO 8601 form;
output as IntervalStyle postgres here, the others in styled_text.py.

A modifier is PostgreSQL's: `(fields << 16) | digits`, both all ones where not given; a plain 0..6 means digits only.
The fields tell what a bare number counts (`interval '1' year`) and which finer fields are cut off.
"""

from __future__ import annotations

import re
from fractions import Fraction
from struct import Struct

from actors.common.errors import DATETIME_FIELD_OVERFLOW, INVALID_DATETIME_FORMAT, DatabaseError
from actors.sql.types.base import Type, invalid_binary
from actors.sql.types.calendar import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_clock
from actors.sql.types.datetimes import round_fraction
from actors.sql.types.styled_text import interval_text
from actors.sql.types.styles import style_of

Interval = tuple[int, int, int]

YEAR_FIELD, MONTH_FIELD, DAY_FIELD, HOUR_FIELD, MINUTE_FIELD, SECOND_FIELD = (
    1 << 2,
    1 << 1,
    1 << 3,
    1 << 10,
    1 << 11,
    1 << 12,
)
FULL_RANGE, FULL_PRECISION = 0x7FFF, 0xFFFF

_UNITS: dict[str, tuple[int, Fraction]] = {}
"""Spelling -> (0 months, 1 days, 2 microseconds; how many)."""
for _words, _place, _count in (
    ("us usec usecs microsecond microseconds usecond useconds microsecon", 2, 1),
    ("ms msec msecs millisecond milliseconds mseconds msecond millisecon", 2, 1000),
    ("s sec secs second seconds", 2, SECOND_US),
    ("m min mins minute minutes", 2, MINUTE_US),
    ("h hr hrs hour hours", 2, HOUR_US),
    ("d day days", 1, 1),
    ("w week weeks", 1, 7),
    ("mon mons month months", 0, 1),
    ("y yr yrs year years", 0, 12),
    ("dec decs decade decades", 0, 120),
    ("c cent century centuries", 0, 1200),
    ("mil mils millennia millennium", 0, 12000),
):
    _UNITS.update((word, (_place, Fraction(_count))) for word in _words.split())

_TOKEN = re.compile(
    r"\s+"
    r"|(?P<time>[+-]?\d+:\d{1,2}(?::\d{1,2}(?:\.\d*)?|\.\d+)?)"
    r"|(?P<yearmonth>[+-]?\d+-\d+(?![\d:]))"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?!e[+-]?\d))"
    r"|(?P<word>[a-z]+)|(?P<at>@)",
    re.ASCII,
)
_ISO = re.compile(r"P(?=.)((?:[+-]?[\d.]+[YMWD])*)(?:T((?:[+-]?[\d.]+[HMS])*))?", re.ASCII)
_ISO_PART = re.compile(r"([+-]?[\d.]+)([YMWDHS])")
_LEADING_SIGN = re.compile(r"-\s*\d[^+]*?(?:(?<!\s)-[^+-]*)?", re.ASCII)
"""The only sign of a text: IntervalStyle sql_standard takes it for all of its fields. A dash within a field (1-2, years
and months) is none."""
_ISO_CLOCK = re.compile(r"P(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)")


def bad_interval(text: str) -> DatabaseError:
    return DatabaseError(INVALID_DATETIME_FORMAT, f'invalid input syntax for type interval: "{text}"')


INTERVAL_INFINITY: Interval = (2**31 - 1, 2**31 - 1, 2**63 - 1)
INTERVAL_MINUS_INFINITY: Interval = (-(2**31), -(2**31), -(2**63))
"""As PostgreSQL 17 keeps them: every field at its end."""
_WORDS = {"infinity": INTERVAL_INFINITY, "+infinity": INTERVAL_INFINITY, "-infinity": INTERVAL_MINUS_INFINITY}


def infinite(interval: Interval) -> int:
    """1 or -1 for an infinite interval, else 0."""
    return (interval == INTERVAL_INFINITY) - (interval == INTERVAL_MINUS_INFINITY)


def infinity(sign: float) -> Interval:
    return INTERVAL_INFINITY if sign > 0 else INTERVAL_MINUS_INFINITY


def check_interval(months: int, days: int, microseconds: int, text: str | None = None) -> Interval:
    """Raises 22008 where a part does not fit."""
    if -(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= microseconds < 2**63:
        return months, days, microseconds
    if text is None:
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range")
    raise DatabaseError("22015", f'interval field value out of range: "{text}"')


class _Sum:
    """Adds up units, a unit's fraction in the next smaller ones: a year's in months, a month's in days of 30 a month, a
    day's in microseconds."""

    def __init__(self) -> None:
        self.months = self.days = self.microseconds = 0
        self._seen: set[tuple[int, Fraction]] = set()

    def add(self, amount: Fraction, place: int, count: Fraction) -> None:
        if place == 0:
            if count > 1:
                self.months += round(amount * count)
                return
            whole = int(amount)
            self.months += whole
            self.add((amount - whole) * 30, 1, Fraction(1))
        elif place == 1:
            whole = int(amount) * int(count)
            self.days += whole
            rest = (amount * count) - whole
            self.days += int(rest)
            self.microseconds += round((rest - int(rest)) * DAY_US)
        else:
            self.microseconds += round(amount * count)

    def unit(self, amount: Fraction, word: str) -> bool:
        known = _UNITS.get(word)
        if known is None or known in self._seen:
            return False
        self._seen.add(known)
        self.add(amount, *known)
        return True


def _clock(token: str, fields: int) -> int:
    """`h:mm`, `h:mm:ss`, `m:ss.f`, signed, in microseconds."""
    negative = token[0] == "-"
    parts = token.lstrip("+-").split(":")
    if len(parts) == 2 and ("." in parts[1] or fields == MINUTE_FIELD | SECOND_FIELD):
        parts = ["0", *parts]
    hours, minutes = int(parts[0]), int(parts[1])
    seconds = Fraction(parts[2] if len(parts) > 2 and parts[2] != "" else 0)
    if minutes > 59 or seconds >= 61:
        raise ValueError(token)
    total = hours * HOUR_US + minutes * MINUTE_US + round(seconds * SECOND_US)
    return -total if negative else total


def _bare_unit(fields: int) -> str:
    """What a number without a unit counts: the last of the declared fields, else seconds."""
    for bit, word in (
        (SECOND_FIELD, "s"),
        (MINUTE_FIELD, "m"),
        (HOUR_FIELD, "h"),
        (DAY_FIELD, "d"),
        (MONTH_FIELD, "mon"),
        (YEAR_FIELD, "y"),
    ):
        if fields & bit:
            return word
    return "s"


def _parse_general(text: str, lower: str, fields: int) -> Interval:
    lower = re.sub(r"([+-])\s+(?=[\d.])", r"\1", lower)
    total = _Sum()
    pending: Fraction | None = None
    seen = negate = False
    at = 0
    while at < len(lower):
        match = _TOKEN.match(lower, at)
        if match is None:
            raise bad_interval(text)
        at, token, kind = match.end(), match[0], match.lastgroup
        if kind == "number":
            if pending is not None:
                raise bad_interval(text)
            pending, seen = Fraction(token), True
        elif kind == "word":
            if token == "ago":
                negate = True
            elif pending is None or not total.unit(pending, token):
                raise bad_interval(text)
            pending = None
        elif kind == "time":
            if pending is not None:
                total.add(pending, 1, Fraction(1))
                pending = None
            clock = _clock(token, fields)
            total.microseconds += clock
            seen = True
        elif kind == "yearmonth":
            years, months = token.lstrip("+-").split("-")
            if int(months) > 11:
                raise DatabaseError("22015", f'interval field value out of range: "{text}"')
            count = int(years) * 12 + int(months)
            total.months += -count if token[0] == "-" else count
            seen = True
    if pending is not None:
        seen = total.unit(pending, _bare_unit(fields))
    if not seen:
        raise bad_interval(text)
    sign = -1 if negate else 1
    return sign * total.months, sign * total.days, sign * total.microseconds


def _parse_iso(text: str, upper: str) -> Interval:
    clock = _ISO_CLOCK.fullmatch(upper)
    total = _Sum()
    if clock is not None:
        year, month, day, hour, minute, second = map(int, clock.groups())
        return year * 12 + month, day, hour * HOUR_US + minute * MINUTE_US + second * SECOND_US
    match = _ISO.fullmatch(upper)
    if match is None:
        raise bad_interval(text)
    for part, units in (
        (match[1], {"Y": "y", "M": "mon", "W": "w", "D": "d"}),
        (match[2] or "", {"H": "h", "M": "m", "S": "s"}),
    ):
        for amount, letter in _ISO_PART.findall(part):
            total.unit(Fraction(amount), units[letter])
    return total.months, total.days, total.microseconds


CHARACTERS_MAX = 512
"""Of an interval; PostgreSQL has room for 256."""


def parse_interval(text: str, modifier: int = -1, zone: object = None, now: object = None) -> Interval:
    stripped = text.strip()
    if len(stripped) > CHARACTERS_MAX:
        raise bad_interval(text)
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()]
    fields = _fields(modifier)
    try:
        if stripped[:1] == "P":
            found = _parse_iso(text, stripped)
        elif style_of(zone).interval == "sql_standard" and _LEADING_SIGN.fullmatch(stripped):
            months, days, microseconds = _parse_general(text, stripped[1:].lower(), fields)
            found = -months, -days, -microseconds
        else:
            found = _parse_general(text, stripped.lower(), fields)
    except ValueError:
        raise bad_interval(text) from None
    return apply_interval_modifier(check_interval(*found, text), modifier)


def _fields(modifier: int) -> int:
    fields = modifier >> 16 & FULL_RANGE
    return 0 if modifier < 0 or fields == FULL_RANGE else fields


def apply_interval_modifier(value: Interval, modifier: int) -> Interval:
    if modifier < 0 or infinite(value):
        return value
    months, days, microseconds = value
    fields, digits = _fields(modifier), modifier & FULL_PRECISION
    if fields:
        if not fields & (MONTH_FIELD | DAY_FIELD | HOUR_FIELD | MINUTE_FIELD | SECOND_FIELD):
            months, days, microseconds = int(months / 12) * 12, 0, 0
        elif not fields & (DAY_FIELD | HOUR_FIELD | MINUTE_FIELD | SECOND_FIELD):
            days = microseconds = 0
        elif not fields & (HOUR_FIELD | MINUTE_FIELD | SECOND_FIELD):
            microseconds = 0
        elif not fields & SECOND_FIELD:
            unit = MINUTE_US if fields & MINUTE_FIELD else HOUR_US
            microseconds = abs(microseconds) // unit * unit * (-1 if microseconds < 0 else 1)
    return months, days, round_fraction(microseconds, digits)


def format_interval(datum: Interval, modifier: int = -1, zone: object = None) -> str:
    months, days, microseconds = datum
    if infinite(datum):
        return "infinity" if months > 0 else "-infinity"
    if style_of(zone).interval != "postgres":
        return interval_text(months, days, microseconds, style_of(zone))
    years, rest = divmod(abs(months), 12)
    sign = -1 if months < 0 else 1
    parts: list[str] = []
    negative_before = False
    for count, word in ((sign * years, "year"), (sign * rest, "mon"), (days, "day")):
        if count:
            plus = "+" if negative_before and count > 0 else ""
            parts.append(f"{plus}{count} {word}{'' if count == 1 else 's'}")
            negative_before = count < 0
    if microseconds or not parts:
        clock_sign = "-" if microseconds < 0 else "+" if negative_before else ""
        parts.append(clock_sign + format_clock(abs(microseconds)))
    return " ".join(parts)


_binary = Struct("!qii")


def parse_interval_binary(data: bytes, modifier: int = -1) -> Interval:
    if len(data) != 16:
        raise invalid_binary()
    microseconds, days, months = _binary.unpack(data)
    return apply_interval_modifier((months, days, microseconds), modifier)


def format_interval_binary(datum: Interval, modifier: int = -1) -> bytes:
    months, days, microseconds = datum
    return _binary.pack(microseconds, days, months)


TYPES = (
    Type(
        "interval",
        "interval",
        1186,
        1187,
        16,
        "T",
        parse_interval,
        format_interval,
        parse_interval_binary,
        format_interval_binary,
        preferred=True,
    ),
)
