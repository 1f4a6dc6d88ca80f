"""How a session reads and shows dates, intervals, floats and bytea: DateStyle, IntervalStyle, extra_float_digits,
bytea_output.

Readers and writers of these types are handed the session's time zone. A session whose styles are not the defaults hands
them a `StyledZone`, a time zone that knows its styles too; sessions with the defaults hand them a plain zone and pay
nothing.

    zone = styled(ZoneInfo("Europe/Berlin"), Style(date="SQL", order="DMY"))
    style_of(zone).order == "DMY"
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple


class Style(NamedTuple):
    date: str = "ISO"
    """ISO, SQL, Postgres or German."""
    order: str = "MDY"
    """Of the fields of an ambiguous date: MDY, DMY or YMD."""
    interval: str = "postgres"
    """postgres, postgres_verbose, sql_standard or iso_8601."""
    float_digits: int = 1
    """Above 0 the fewest digits that read back the same; else so many more (fewer) than 15, or 6 of a float4."""
    bytea: str = "hex"
    """hex or escape."""


DEFAULT = Style()


class StyledZone(tzinfo):
    """`zone` with the styles of a session. One object for each pair (`styled`), so that it can be a key by identity."""

    __slots__ = ("style", "zone")

    def __init__(self, zone: tzinfo, style: Style) -> None:
        self.zone = zone
        self.style = style

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self.zone.utcoffset(moment if moment is None else moment.replace(tzinfo=self.zone))

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self.zone.dst(moment if moment is None else moment.replace(tzinfo=self.zone))

    def tzname(self, moment: datetime | None) -> str | None:
        return self.zone.tzname(moment if moment is None else moment.replace(tzinfo=self.zone))

    def fromutc(self, moment: datetime) -> datetime:
        return self.zone.fromutc(moment.replace(tzinfo=self.zone)).replace(tzinfo=self)


@lru_cache(maxsize=1024)
def styled(zone: tzinfo, style: Style) -> tzinfo:
    """What a session in `zone` hands to readers and writers: `zone` itself where the styles are the defaults."""
    return zone if style == DEFAULT else StyledZone(zone, style)


def style_of(zone: object) -> Style:
    return zone.style if zone.__class__ is StyledZone else DEFAULT


_STYLES = {"iso": "ISO", "sql": "SQL", "german": "German"}
_ORDERS = {"ymd": "YMD", "mdy": "MDY", "us": "MDY"}


def read_date_style(text: str, style: str, order: str) -> tuple[str, str]:
    """DateStyle's words over the present style and order -> the new ones. Raises ValueError with PostgreSQL's
    DETAIL."""
    styles: list[str] = []
    orders: list[str] = []
    implied = ""
    for part in text.split(","):
        word = part.strip().strip('"').lower()
        if word in _STYLES:
            styles.append(_STYLES[word])
            if word == "german":
                implied = "DMY"
        elif word.startswith("postgres"):
            styles.append("Postgres")
        elif word in _ORDERS or word.startswith("noneuro"):
            orders.append(_ORDERS.get(word, "MDY"))
        elif word == "dmy" or word.startswith("euro"):
            orders.append("DMY")
        elif word == "default":
            styles.append(styles[0] if styles else DEFAULT.date)
            orders.append(orders[0] if orders else DEFAULT.order)
        else:
            raise ValueError(f'Unrecognized key word: "{word}".')
    if len(set(styles)) > 1 or len(set(orders)) > 1:
        raise ValueError('Conflicting "datestyle" specifications.')
    return styles[0] if styles else style, orders[0] if orders else implied or order
