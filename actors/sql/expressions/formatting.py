"""to_char: timestamps, dates, intervals' clock parts and numbers by the common patterns.

Timestamps: all fields of PostgreSQL's documentation (table 9.31), with FM, TM (as in the C locale), TH and "quoted
text". Numbers: 9 0 . , D G S MI PR FM; other number patterns raise 0A000 rather than to be written out as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, partial
from typing import Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.sql.expressions.datetime_fields import INFINITE, ZONED, iso_week
from actors.sql.expressions.numerics import round_to
from actors.sql.expressions.registry import STABLE, register
from actors.sql.types.calendar import DAY_US, JULIAN_2000, civil, day_number, format_offset, offset_seconds, to_local

PATTERNS_MAX = 256
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


def _either_case(word: str) -> str:
    """A field in capitals, in small letters, and, where it is a name, with one capital."""
    spellings = {word, word.lower()} | ({word.capitalize()} if word in ("MONTH", "MON", "DAY", "DY") else set())
    return "|".join(map(re.escape, sorted(spellings)))


_WORDS = (
    "Y,YYY IYYY IYY IY IDDD IW ID I YYYY YYY YY Y MONTH MON MM MI MS DDD DD DAY DY D HH24 HH12 HH SSSSS SSSS "
    "SS US FF1 FF2 FF3 FF4 FF5 FF6 "
    "A.M. P.M. AM PM B.C. A.D. BC AD CC WW W Q J RM TZH TZM TZ OF"
)
_TOKEN = re.compile(
    rf'"(?P<quoted>(?:[^"\\]|\\.)*)"?|\\(?P<escaped>")|(?P<modifier>FM|TM|FX|fm|tm|fx)?'
    rf"(?P<field>{'|'.join(map(_either_case, _WORDS.split()))})(?P<ordinal>TH|th)?"
    r"|(?P<skipped>FM|TM|FX|fm|tm|fx)|(?P<text>.)",
    re.DOTALL,
)
_ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_ROMAN_WIDTH = 4
_PADDED = 9
"""Names of months and days are padded to the longest one."""


class _Fields:
    """A local timestamp taken apart."""

    def __init__(self, local: int, zone_name: str, offset: str) -> None:
        self.days, clock = divmod(local, DAY_US)
        self.year, self.month, self.day = civil(self.days)
        seconds, self.microsecond = divmod(clock, 1_000_000)
        self.second_of_day = seconds
        self.hour, rest = divmod(seconds, 3600)
        self.minute, self.second = divmod(rest, 60)
        self.weekday = (self.days + 6) % 7
        self.day_of_year = self.days - day_number(self.year, 1, 1) + 1
        self.zone_name = zone_name
        self.offset = offset


def _number(width: int, compute: Callable[[_Fields], int]) -> Callable[[_Fields], tuple[str, int]]:
    return lambda fields: (str(compute(fields)), width)


def _year(fields: _Fields) -> int:
    return fields.year if fields.year > 0 else 1 - fields.year


def _iso_year(fields: _Fields) -> int:
    year = iso_week(fields.days)[0]
    return year if year > 0 else 1 - year


def _century(fields: _Fields) -> int:
    """A century ends with the year that names it: 2000 is of the 20th."""
    return (fields.year + 99) // 100 if fields.year > 0 else -((99 - (fields.year - 1)) // 100)


def _fraction(digits: int, fields: _Fields) -> int:
    return int(fields.microsecond // 10 ** (6 - digits))


def _iso_day_of_year(fields: _Fields) -> int:
    """Counted from the Monday of the year's first week."""
    return (iso_week(fields.days)[1] - 1) * 7 + (fields.weekday or 7)


_NUMBERS: dict[str, Callable[[_Fields], tuple[str, int]]] = {
    "YYYY": _number(4, _year),
    "YYY": _number(3, lambda fields: _year(fields) % 1000),
    "YY": _number(2, lambda fields: _year(fields) % 100),
    "Y": _number(1, lambda fields: _year(fields) % 10),
    "IYYY": _number(4, _iso_year),
    "IYY": _number(3, lambda fields: _iso_year(fields) % 1000),
    "IY": _number(2, lambda fields: _iso_year(fields) % 100),
    "I": _number(1, lambda fields: _iso_year(fields) % 10),
    "IDDD": _number(3, _iso_day_of_year),
    "CC": _number(2, _century),
    "MM": _number(2, lambda fields: fields.month),
    "DD": _number(2, lambda fields: fields.day),
    "DDD": _number(3, lambda fields: fields.day_of_year),
    "D": _number(1, lambda fields: fields.weekday + 1),
    "ID": _number(1, lambda fields: fields.weekday or 7),
    "HH24": _number(2, lambda fields: fields.hour),
    "HH12": _number(2, lambda fields: (fields.hour - 1) % 12 + 1),
    "HH": _number(2, lambda fields: (fields.hour - 1) % 12 + 1),
    "MI": _number(2, lambda fields: fields.minute),
    "SS": _number(2, lambda fields: fields.second),
    "SSSS": _number(1, lambda fields: fields.second_of_day),
    "SSSSS": _number(1, lambda fields: fields.second_of_day),
    "MS": _number(3, lambda fields: fields.microsecond // 1000),
    "US": _number(6, lambda fields: fields.microsecond),
    **{f"FF{digits}": _number(digits, partial(_fraction, digits)) for digits in range(1, 7)},
    "W": _number(1, lambda fields: (fields.day - 1) // 7 + 1),
    "WW": _number(2, lambda fields: (fields.day_of_year - 1) // 7 + 1),
    "IW": _number(2, lambda fields: iso_week(fields.days)[1]),
    "Q": _number(1, lambda fields: (fields.month - 1) // 3 + 1),
    "J": _number(1, lambda fields: fields.days + JULIAN_2000),
}


def _cased(name: str, like: str) -> str:
    return name.upper() if like.isupper() else name.lower() if like.islower() else name


_HALVES: dict[str, tuple[str, str, Callable[[_Fields], bool]]] = {
    "AM": ("AM", "PM", lambda fields: fields.hour >= 12),
    "A.M.": ("A.M.", "P.M.", lambda fields: fields.hour >= 12),
    "BC": ("BC", "AD", lambda fields: fields.year > 0),
    "B.C.": ("B.C.", "A.D.", lambda fields: fields.year > 0),
}
_HALVES |= {"PM": _HALVES["AM"], "P.M.": _HALVES["A.M."], "AD": _HALVES["BC"], "A.D.": _HALVES["B.C."]}


def _zone_word(kind: str, field: str, fields: _Fields) -> str:
    if kind == "TZ":
        return fields.zone_name if field.isupper() else fields.zone_name.lower()
    hours, _, minutes = fields.offset.partition(":")
    return fields.offset if kind == "OF" else hours if kind == "TZH" else minutes[:2] or "00"


def _word(field: str, fields: _Fields, fill: bool) -> str:
    kind = field.upper()
    if kind in _HALVES:
        first, second, is_second = _HALVES[kind]
        return _cased(second if is_second(fields) else first, field)
    if kind == "RM":
        roman = _cased(_ROMAN[fields.month - 1], field)
        return roman if fill else roman.ljust(_ROMAN_WIDTH)
    if kind in ("TZ", "TZH", "TZM", "OF"):
        return _zone_word(kind, field, fields)
    if kind == "Y,YYY":
        return f"{_year(fields) // 1000},{_year(fields) % 1000:03d}"
    name = _MONTHS[fields.month - 1] if field.lower().startswith("mon") else _DAYS[fields.weekday]
    if len(field) < 4 and field.lower() in ("mon", "dy"):
        return _cased(name[:3], field)
    return _cased(name, field) if fill else _cased(name, field).ljust(_PADDED)


def _ordinal(number: str, like: str) -> str:
    suffix = "th" if number[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + (suffix.upper() if like == "TH" else suffix)


PATTERN_CHARACTERS_MAX = 8192


def _check_pattern(pattern: str) -> None:
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "format of to_char is too long")


def format_moment(local: int, pattern: str, zone_name: str = "", offset: str = "+00") -> str:
    _check_pattern(pattern)
    fields = _Fields(local, zone_name, offset)
    parts: list[str] = []
    for match in _TOKEN.finditer(pattern):
        if match["quoted"] is not None:
            parts.append(re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL))
        elif match["field"] is None:
            parts.append(match["text"] or match["escaped"] or "")
        else:
            fill = (match["modifier"] or "").upper() in ("FM", "TM")
            known = _NUMBERS.get(match["field"].upper())
            if known is None:
                parts.append(_word(match["field"], fields, fill))
                continue
            text, width = known(fields)
            text = text if match["modifier"] in ("FM", "fm") else text.zfill(width)
            parts.append(_ordinal(text, match["ordinal"]) if match["ordinal"] else text)
    return "".join(parts)


def timestamp_to_char(value: int, pattern: str) -> str | None:
    return None if value in INFINITE or not pattern else format_moment(value, pattern)


def timestamptz_to_char(environment: Any, value: int, pattern: str) -> str | None:
    if value in INFINITE or not pattern:
        return None
    zone = environment.time_zone
    offset = offset_seconds(value, zone)
    return format_moment(to_local(value, zone), pattern, _zone_abbreviation(value, zone), format_offset(offset))


def _zone_abbreviation(value: int, zone: Any) -> str:
    from datetime import UTC, datetime, timedelta

    first, last = (
        datetime(1, 1, 3, tzinfo=UTC),
        datetime(9999, 12, 29, tzinfo=UTC),
    )  # what Python's calendar has, and a day for the zone
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    at = min(max(value, (first - epoch) // timedelta(microseconds=1)), (last - epoch) // timedelta(microseconds=1))
    return str((epoch + timedelta(microseconds=at)).astimezone(zone).tzname())


# -- numbers -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=PATTERNS_MAX)
def _number_pattern(pattern: str) -> tuple[str, str, bool, str]:
    """(whole part, fraction part, FM, sign: "", "S", "MI" or "PR")."""
    text = pattern.upper()
    fill = text.startswith("FM")
    text = text.removeprefix("FM")
    sign = next((word for word in ("MI", "PR", "S") if text.endswith(word)), "")
    text = text.removesuffix(sign) if sign else text
    if not sign and text.startswith("S"):
        text, sign = text[1:], "LEADING"
    text = text.replace("D", ".").replace("G", ",")
    if not re.fullmatch(r"[90,]*(?:\.[90]*)?", text):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f'to_char pattern "{pattern}" is not supported')
    whole, point, fraction = text.partition(".")
    return whole, point + fraction, fill, sign


def number_to_char(value: Decimal, pattern: str) -> str:
    if not pattern:
        return ""
    _check_pattern(pattern)
    whole_pattern, fraction_pattern, fill, sign = _number_pattern(pattern)
    places = max(len(fraction_pattern) - 1, 0)
    if not value.is_finite():
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "to_char of NaN and infinities is not supported")
    rounded = round_to(value, places, ROUND_HALF_UP)
    digits, _, fraction = f"{abs(rounded):f}".partition(".")
    digits = digits.lstrip("0")
    slots = sum(slot in "90" for slot in whole_pattern)
    if len(digits) > slots:
        digits, fraction = "#" * slots, "#" * places
    first_zero = whole_pattern.find("0")
    text, started, left = "", False, slots
    for place, slot in enumerate(whole_pattern):
        if slot == ",":
            text += "," if started else "" if fill else " "
            continue
        digit = digits[len(digits) - left] if left <= len(digits) else None
        left -= 1
        started = started or digit is not None or (first_zero != -1 and place >= first_zero)
        text += digit if digit is not None else "0" if started else "" if fill else " "
    if not started and not fraction_pattern and slots:
        text = (text[:-1] if not fill else text) + "0"
    elif not started and fill and slots and places and not fraction.strip("0"):
        text += "0"
    shown = fraction[:places]
    if fill:
        kept = fraction_pattern[1:].rfind("0") + 1
        shown = shown[:kept] + shown[kept:].rstrip("0")
    text += (fraction_pattern[:1] + shown) if fraction_pattern else ""
    return _signed(text, rounded < 0, fill, sign)


def _signed(text: str, negative: bool, fill: bool, sign: str) -> str:
    if sign == "S":
        return text + ("-" if negative else "+")
    if sign == "MI":
        return text + ("-" if negative else "" if fill else " ")
    body = text.lstrip(" ")
    blanks = " " * (len(text) - len(body))
    if sign == "PR":
        return f"{blanks}<{body}>" if negative else text if fill else f" {text} "
    if sign == "LEADING":
        return f"{blanks}{'-' if negative else '+'}{body}"
    return f"{blanks}-{body}" if negative else text if fill else f" {text}"


register("to_char", "timestamp text", "text", timestamp_to_char, volatility=STABLE)
register("to_char", "timestamptz text", "text", timestamptz_to_char, **ZONED)
register("to_char", "numeric text", "text", number_to_char, volatility=STABLE)
register(
    "to_char", "int4 text", "text", lambda value, pattern: number_to_char(Decimal(value), pattern), volatility=STABLE
)
register(
    "to_char", "int8 text", "text", lambda value, pattern: number_to_char(Decimal(value), pattern), volatility=STABLE
)
register(
    "to_char",
    "float8 text",
    "text",
    lambda value, pattern: number_to_char(Decimal(repr(value)), pattern),
    volatility=STABLE,
)
