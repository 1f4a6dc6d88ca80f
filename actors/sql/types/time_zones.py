"""What TimeZone may be set to: names of the time zone database, hours east of Greenwich, and POSIX's offsets.

    Europe/Berlin, europe/berlin     by name, in any case                      shown as Europe/Berlin
    -3.5, +3                         hours east (SET TIME ZONE's numbers)      shown as <-03:30>+03:30
    +02:00, <+05>-05, UTC-2          POSIX: a name, and hours WEST             shown as given
    INTERVAL '+02:30'                east, from SET TIME ZONE INTERVAL         shown as <+02:30>-02:30

Left out: POSIX zones with rules of their own for summer time, unless the database has them (EST5EDT).
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from actors.sql.types.calendar import format_offset

_HOURS = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", re.ASCII)
_POSIX = re.compile(r"(?:<([A-Za-z0-9+:-]+)>|([A-Za-z]{3,})?)([+-]?)(\d{1,3})(?::(\d{1,2})(?::(\d{1,2}))?)?", re.ASCII)
HOURS_MAX = 168
"""As PostgreSQL bounds an offset: a week."""
PYTHON_OFFSET_S_END = 86400
"""A tzinfo's offset is less than a day."""


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Names in lower case -> as the database writes them."""
    return {name.lower(): name for name in available_timezones()}


def zone_names() -> list[str]:
    """Of the time zone database."""
    return sorted(_names().values())


@lru_cache(maxsize=1024)
def find_zone(text: str) -> tuple[str, tzinfo] | None:
    """(as SHOW answers it, the zone); None where there is none of this name. What it shows finds the same zone
    again."""
    if _HOURS.fullmatch(text):
        return offset_zone(round(float(text) * 3600))
    if text.lower() in ("utc", "gmt"):
        return text.upper(), UTC
    zone = _named(text)
    if zone is not None:
        return zone.key, zone
    found = _posix(text)
    if found is None and text.lower() in _names():
        zone = ZoneInfo(_names()[text.lower()])
        return zone.key, zone
    return found


def posix_zone(text: str) -> tzinfo | None:
    """The zone of an offset as POSIX writes it, hours WEST (`+05:30`, `-3`, `UTC+2`): so AT TIME ZONE takes it. None
    for any other text."""
    found = _posix(text) if text.lower() not in _names() else None
    return found[1] if found is not None else None


def _named(text: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_zone(seconds_east: int) -> tuple[str, tzinfo] | None:
    """A fixed offset, shown as PostgreSQL does; None where it is too large."""
    if abs(seconds_east) >= PYTHON_OFFSET_S_END:
        return None
    name = format_offset(seconds_east)
    west = format_offset(-seconds_east) if seconds_east else "-00"
    return f"<{name}>{west}", _fixed(seconds_east, name)


def _posix(text: str) -> tuple[str, tzinfo] | None:
    match = _POSIX.fullmatch(text)
    if match is None:
        return None
    west = int(match[4]) * 3600 + int(match[5] or 0) * 60 + int(match[6] or 0)
    east = west if match[3] == "-" else -west
    if abs(east) >= PYTHON_OFFSET_S_END:
        return None
    return text, _fixed(east, match[1] or match[2] or format_offset(east))


def _fixed(seconds_east: int, name: str) -> tzinfo:
    return timezone(timedelta(seconds=seconds_east), name) if seconds_east else UTC
