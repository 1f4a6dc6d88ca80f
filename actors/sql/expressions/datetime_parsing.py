"""to_date, to_timestamp and to_number: text read by a pattern, as formatting.c reads it.

    to_timestamp('2024-02-29 10:11', 'YYYY-MM-DD HH24:MI')        to_number('1,234.5', '9,999.9')

A field takes as many digits as it has letters, unless the next field follows behind a separator (or FM stands before
it): then all that are there. Blanks before a field are skipped; a separator of the pattern stands for any separator of
the text, or for none. Left out (0A000): FX, TM, Roman months, time zone names.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from actors.common.errors import DATETIME_FIELD_OVERFLOW, FEATURE_NOT_SUPPORTED, INVALID_DATETIME_FORMAT, DatabaseError
from actors.sql.expressions.datetime_fields import ZONED
from actors.sql.expressions.formatting import _check_pattern
from actors.sql.expressions.registry import STABLE, register
from actors.sql.types.base import invalid_text
from actors.sql.types.calendar import DAY_US, HOUR_US, JULIAN_2000, MINUTE_US, SECOND_US, day_number, month_days, to_utc
from actors.sql.types.datetimes import check_date, check_timestamp

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
_WIDTHS = {
    "YYYY": 4, "YYY": 3, "YY": 2, "Y": 1, "IYYY": 4, "IYY": 3, "IY": 2, "I": 1, "MM": 2, "DDD": 3, "DD": 2, "D": 1,
    "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SSSSS": 5,
    "SSSS": 5, "SS": 2, "MS": 3, "US": 6, "FF1": 1, "FF2": 2, "FF3": 3, "FF4": 4, "FF5": 5, "FF6": 6, "WW": 2, "IW": 2,
    "ID": 1, "IDDD": 3, "W": 1, "Q": 1, "J": 9, "CC": 2,
    "Y,YYY": 5, "TZH": 2, "TZM": 2,
}  # fmt: skip
_WORDS = ("MONTH", "MON", "DAY", "DY", "A.M.", "P.M.", "AM", "PM", "B.C.", "A.D.", "BC", "AD", "TZ", "OF", "RM")
_FIELD = "|".join(sorted(map(re.escape, [*_WIDTHS, *_WORDS]), key=lambda name: -len(name)))
_TOKEN = re.compile(
    rf'"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<modifier>FM|TM|FX)?(?P<field>{_FIELD})(?P<ordinal>TH)?|(?P<skipped>FM|TM|FX)|(?P<text>.)',
    re.DOTALL | re.IGNORECASE,
)
PATTERNS_MAX = 256


@lru_cache(maxsize=PATTERNS_MAX)
def _tokens(pattern: str) -> tuple[tuple[str, str, bool, bool], ...]:
    """(kind, text, whether all digits are taken, whether an ordinal's letters follow) of each part of a pattern."""
    _check_pattern(pattern)
    found = list(_TOKEN.finditer(pattern))
    made = []
    for place, token in enumerate(found):
        if token["field"] is not None:
            behind = found[place + 1] if place + 1 < len(found) else None
            whole = behind is None or behind["field"] is None or (token["modifier"] or "").upper() == "FM"
            made.append(("field", token["field"].upper(), whole, bool(token["ordinal"])))
        elif token["quoted"] is not None:
            made.append(("quoted", token["quoted"], False, False))
        elif token["text"] is not None:
            made.append(("separator" if not token["text"].isalnum() else "letter", token["text"], False, False))
    return tuple(made)


class _Reader:
    """One text, field by field."""

    def __init__(self, text: str, pattern: str) -> None:
        self.text = text
        self.at = 0
        self.fields: dict[str, int] = {}
        for kind, token, whole, ordinal in _tokens(pattern):
            if kind == "field":
                if self.at >= len(text.rstrip()):
                    break
                self._skip_blanks()
                self._read(token, whole)
                if ordinal:
                    self.at += 2
            elif kind == "separator":
                if (
                    self.at < len(text)
                    and (text[self.at].isspace() or not text[self.at].isalnum())
                    and not (text[self.at] in "+-" and token.isspace())
                ):
                    self.at += 1
            else:
                self.at += len(token)

    def _skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _set(self, name: str, value: int) -> None:
        if self.fields.get(name, value) != value:
            raise DatabaseError(INVALID_DATETIME_FORMAT, f'conflicting values for "{name}" field in formatting string')
        self.fields[name] = value

    def _read(self, field: str, whole: bool) -> None:
        if field in _WORDS:
            self._read_word(field)
            return
        signed = field in ("TZH", "YYYY", "IYYY", "J")
        if field == "Y,YYY":
            found = re.compile(r"(\d+),(\d{3})").match(self.text, self.at)
            if found is None:
                raise self._invalid(field)
            self.at = found.end()
            self._set("YYYY", int(found[1]) * 1000 + int(found[2]))
            return
        digits = "+" if whole else f"{{1,{_WIDTHS[field]}}}"
        found = re.compile(rf"{'[+-]?' if signed else ''}\d{digits}").match(self.text, self.at)
        if found is None:
            raise self._invalid(field)
        self.at = found.end()
        number = int(found.group())
        if field in ("YYY", "YY", "Y"):
            self._set("YYYY", _full_year(number, len(found.group())) if len(found.group()) < 4 else number)
        elif field == "MS" or field.startswith("FF") or field == "US":
            places = 3 if field == "MS" else 6 if field == "US" else int(field[2])
            shown = found.group()
            if len(shown) > places and field == "MS":
                raise self._invalid(field)
            self._set("US", round(int(shown) * 10 ** (6 - len(shown))) if len(shown) <= 6 else int(shown[:6]))
        elif field == "TZH":
            self.fields["TZS"] = -1 if found.group().startswith("-") else 1
            self._set("TZH", abs(number))
        else:
            self._set({"HH": "HH12", "SSSSS": "SSSS"}.get(field, field), number)

    def _read_word(self, field: str) -> None:
        rest = self.text[self.at :].lower()
        if field in ("MONTH", "MON", "DAY", "DY"):
            names = _MONTHS if field.startswith("MON") else _DAYS
            short = field in ("MON", "DY")
            for number, name in enumerate(names, 1):
                wanted = name[:3] if short else name
                if rest.startswith(wanted):
                    self.at += len(wanted)
                    if names is _MONTHS:
                        self._set("MM", number)
                    return
            raise self._invalid(field, "The given value did not match any of the allowed values for this field.")
        if field in ("AM", "PM", "A.M.", "P.M.", "BC", "AD", "B.C.", "A.D."):
            choices = (
                ("a.m.", "p.m.", "am", "pm") if field[0] in "AP" and "M" in field else ("b.c.", "a.d.", "bc", "ad")
            )
            for word in choices:
                if rest.startswith(word):
                    self.at += len(word)
                    self._set("PM" if "m" in word else "BC", int(word[0] in "pb"))
                    return
            raise self._invalid(field, "The given value did not match any of the allowed values for this field.")
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"pattern {field} is not supported in to_date and to_timestamp")

    def _invalid(self, field: str, detail: str = "Value must be an integer.") -> DatabaseError:
        width = _WIDTHS.get(field, len(field))
        shown = self.text[self.at : self.at + width]
        return DatabaseError(INVALID_DATETIME_FORMAT, f'invalid value "{shown}" for "{field}"', detail=detail)

    def _overflow(self) -> DatabaseError:
        return DatabaseError(DATETIME_FIELD_OVERFLOW, f'date/time field value out of range: "{self.text}"')

    def date(self) -> int:
        known = self.fields
        if "J" in known:
            return check_date(known["J"] - JULIAN_2000)
        year = known.get("YYYY", known.get("IYYY", 0 if "CC" not in known else (known["CC"] - 1) * 100 + 1))
        if known.get("BC"):
            year = 1 - year
        elif year < 0:
            year += 1
        if "YYYY" not in known and "IYYY" not in known and "CC" not in known:
            year = 0
        if "IW" in known:
            first = day_number(year, 1, 4)
            monday = first - (first + 5) % 7
            return check_date(monday + (known["IW"] - 1) * 7 + known.get("ID", 1) - 1)
        if "DDD" in known and "MM" not in known:
            return check_date(day_number(year, 1, 1) + known["DDD"] - 1)
        if "WW" in known and "MM" not in known:
            return check_date(day_number(year, 1, 1) + (known["WW"] - 1) * 7)
        month, day = known.get("MM", 1), known.get("DD", 1)
        if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
            raise self._overflow()
        return check_date(day_number(year, month, day))

    def clock(self) -> int:
        known = self.fields
        if "SSSS" in known:
            return known["SSSS"] * SECOND_US + known.get("US", 0)
        hour = known.get("HH24", known.get("HH12", 0))
        if "PM" in known and "HH24" not in known:
            if not 1 <= hour <= 12:
                message = f'hour "{hour}" is invalid for the 12-hour clock'
                raise DatabaseError("22007", message, hint="Use the 24-hour clock, or give an hour between 1 and 12.")
            hour = hour % 12 + (12 if known["PM"] else 0)
        minute, second = known.get("MI", 0), known.get("SS", 0)
        if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
            raise self._overflow()
        return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + known.get("US", 0)


def _full_year(number: int, digits: int) -> int:
    """A year of fewer digits: the one next to 2020."""
    if digits == 1:
        return number + 2000
    if digits == 2:
        return number + (2000 if number < 70 else 1900)
    return number + (1000 if number >= 520 else 2000)


def to_date(text: str, pattern: str) -> int:
    return _Reader(text, pattern).date()


def to_timestamp(environment: Any, text: str, pattern: str) -> int:
    reader = _Reader(text, pattern)
    local = reader.date() * DAY_US + reader.clock()
    if "TZH" in reader.fields:
        shift = reader.fields["TZH"] * HOUR_US + reader.fields.get("TZM", 0) * MINUTE_US
        return check_timestamp(local - reader.fields["TZS"] * shift)
    return check_timestamp(to_utc(check_timestamp(local), environment.time_zone))


# -- to_number ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r'"[^"]*"?|PR|MI|PL|SG|TH|FM|RN|EEEE|[09.,DGSVL]|.', re.DOTALL | re.IGNORECASE)
_REFUSED = frozenset({"RN", "EEEE", "V"})


def to_number(text: str, pattern: str) -> Decimal | None:
    if not pattern:
        return None
    digits, fraction, negative, at, behind = "", 0, False, 0, False
    for token in _NUMBER.findall(pattern):
        kind = token.upper()
        if kind in _REFUSED:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"pattern {kind} is not supported in to_number")
        if kind == "FM":
            continue
        while at < len(text) and text[at] == " ":
            at += 1
        if at < len(text) and text[at] in "+-" and not digits:
            negative = text[at] == "-"
            at += 1
        if at >= len(text):
            break
        if kind in ("0", "9"):
            if text[at].isdigit():
                digits += text[at]
                fraction += behind
                at += 1
            elif text[at] == "." and not behind:
                behind, at = True, at + 1
                if at < len(text) and text[at].isdigit():
                    digits, fraction, at = digits + text[at], 1, at + 1
        elif kind in (".", "D"):
            if text[at] == ".":
                behind, at = True, at + 1
        elif kind in (",", "G"):
            at += text[at] == ","
        elif kind in ("S", "MI", "SG", "PL"):
            if text[at] in "+-":
                negative = text[at] == "-"
                at += 1
        elif kind == "PR":
            at += text[at] in "<>"
        elif kind == "TH":
            at += 2
        elif kind == "L":
            at += not text[at].isdigit() and text[at] not in "+-."
        else:
            at += len(token) - 2 * token.startswith('"')
    negative = negative or ("PR" in pattern.upper() and text.lstrip().startswith("<"))
    if not digits:
        raise invalid_text("numeric", " ")
    value = Decimal(int(digits)).scaleb(-fraction)
    return -value if negative and value else value


register("to_date", "text text", "date", to_date, volatility=STABLE)
register("to_timestamp", "text text", "timestamptz", to_timestamp, **ZONED)
register("to_number", "text text", "numeric", to_number, volatility=STABLE)
