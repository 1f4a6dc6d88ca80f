"""Text of dates, intervals, floats and bytea in other styles than the defaults, as PostgreSQL's datetime.c, float.c and
bytea.c write it."""

from __future__ import annotations

from actors.sql.types.calendar import DAY_US, HOUR_US, MINUTE_US, SECOND_US, civil, format_clock
from actors.sql.types.styles import Style

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri")
"""2000-01-01 was a Saturday."""


def _parts(days: int) -> tuple[str, int, int, str]:
    year, month, day = civil(days)
    return (f"{year:04d}", month, day, "") if year > 0 else (f"{1 - year:04d}", month, day, " BC")


def date_text(days: int, style: Style) -> str:
    year, month, day, era = _parts(days)
    first, second = (day, month) if style.order == "DMY" else (month, day)
    if style.date == "ISO":
        return f"{year}-{month:02d}-{day:02d}{era}"
    if style.date == "German":
        return f"{day:02d}.{month:02d}.{year}{era}"
    mark = "/" if style.date == "SQL" else "-"
    return f"{first:02d}{mark}{second:02d}{mark}{year}{era}"


def timestamp_text(local: int, style: Style, zone_name: str = "") -> str:
    """`local`: a finite timestamp. `zone_name`: of a timestamptz. Not for ISO, which shows the zone by its offset."""
    days, clock = divmod(local, DAY_US)
    time, zone = format_clock(clock), f" {zone_name}" if zone_name else ""
    year, month, day, era = _parts(days)
    if style.date == "Postgres":
        name = _MONTHS[month - 1]
        place = f"{day:02d} {name}" if style.order == "DMY" else f"{name} {day:02d}"
        return f"{_DAYS[days % 7]} {place} {time} {year}{zone}{era}"
    return f"{date_text(days, style).removesuffix(era)} {time}{zone}{era}"


def _split(microseconds: int) -> tuple[int, int, int]:
    """Hours, minutes, microseconds of the last minute; all of one sign."""
    sign = -1 if microseconds < 0 else 1
    hours, rest = divmod(abs(microseconds), HOUR_US)
    minutes, rest = divmod(rest, MINUTE_US)
    return sign * hours, sign * minutes, sign * rest


def _seconds(microseconds: int, digits: int = 1) -> str:
    """Without sign; `digits` before the point at least."""
    whole, fraction = divmod(abs(microseconds), SECOND_US)
    text = f"{whole:0{digits}d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def interval_text(months: int, days: int, microseconds: int, style: Style) -> str:
    sign = -1 if months < 0 else 1
    years, months = sign * (abs(months) // 12), sign * (abs(months) % 12)
    hours, minutes, rest = _split(microseconds)
    if style.interval == "iso_8601":
        return _iso_interval(years, months, days, hours, minutes, rest)
    if style.interval == "sql_standard":
        return _sql_interval(years, months, days, hours, minutes, rest)
    return _verbose_interval(years, months, days, hours, minutes, rest)


def _iso_interval(years: int, months: int, days: int, hours: int, minutes: int, rest: int) -> str:
    date = "".join(f"{count}{letter}" for count, letter in ((years, "Y"), (months, "M"), (days, "D")) if count)
    time = "".join(f"{count}{letter}" for count, letter in ((hours, "H"), (minutes, "M")) if count)
    if rest:
        time += f"{'-' if rest < 0 else ''}{_seconds(rest)}S"
    if not date and not time:
        return "PT0S"
    return f"P{date}{'T' + time if time else ''}"


def _sql_interval(years: int, months: int, days: int, hours: int, minutes: int, rest: int) -> str:
    parts = (years, months, days, hours, minutes, rest)
    negative, positive = any(part < 0 for part in parts), any(part > 0 for part in parts)
    if not negative and not positive:
        return "0"
    has_months, has_time = bool(years or months), any((days, hours, minutes, rest))
    clock = f"{abs(hours)}:{abs(minutes):02d}:{_seconds(rest, 2)}"
    if (negative and positive) or (has_months and has_time):
        signs = ["-" if part < 0 else "+" for part in (years + months, days, hours or minutes or rest)]
        return f"{signs[0]}{abs(years)}-{abs(months)} {signs[1]}{abs(days)} {signs[2]}{clock}"
    sign = "-" if negative else ""
    if has_months:
        return f"{sign}{abs(years)}-{abs(months)}"
    return f"{sign}{abs(days)} {clock}" if days else f"{sign}{clock}"


def _verbose_interval(years: int, months: int, days: int, hours: int, minutes: int, rest: int) -> str:
    text, ago = "@", False
    for count, unit in ((years, "year"), (months, "mon"), (days, "day"), (hours, "hour"), (minutes, "min")):
        if count:
            if text == "@":
                ago = count < 0
            shown = -count if ago else count
            text += f" {shown} {unit}{'' if shown == 1 else 's'}"
    if rest:
        if text == "@":
            ago = rest < 0
        sign = "-" if (rest < 0) != ago else ""
        text += f" {sign}{_seconds(rest)} sec{'' if abs(rest) == SECOND_US else 's'}"
    if text == "@":
        text += " 0"
    return text + " ago" if ago else text


def float_text(datum: float, digits: int) -> str:
    """A finite float, not 0, with so many significant digits."""
    return f"{datum:.{max(digits, 1)}g}"


def bytea_text(datum: bytes) -> str:
    """bytea_output escape."""
    return "".join("\\\\" if byte == 92 else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in datum)
