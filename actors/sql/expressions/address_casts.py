"""Conversions of timetz, bit, varbit and of network addresses, for casts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.sql.types import network, timetz
from actors.sql.types.bits import bit_of, bits_of_integer, integer_of_bits, varbit_of
from actors.sql.types.calendar import TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY
from actors.sql.types.datetimes import round_fraction
from actors.sql.types.strings import bpchar_of, varchar_of

Converter = Callable[[Any, int, bool, Any], Any]


def _time_to_timetz(value: int, modifier: int, explicit: bool, environment: Any) -> bytes:
    return timetz.of_clock(round_fraction(value, modifier), environment.time_zone, environment.transaction_timestamp)


def _timestamptz_to_timetz(value: int, modifier: int, explicit: bool, environment: Any) -> bytes | None:
    return (
        None
        if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)
        else timetz.of_instant(value, environment.time_zone, modifier)
    )


def _timetz_to_time(value: bytes, modifier: int, explicit: bool, environment: Any) -> int:
    return round_fraction(timetz.unpack(value)[0], modifier)


def _address_to_string(target: str) -> Converter:
    """With the length of the network, which output leaves out where it is all of the address."""
    fit: Any = {"varchar": varchar_of, "bpchar": bpchar_of}.get(target)

    def convert(value: bytes, modifier: int, explicit: bool, environment: Any) -> str:
        text = network.format_cidr(value)
        return text if fit is None else str(fit(text, modifier, explicit=explicit))

    return convert


SPECIFIC: dict[tuple[str, str], Converter | None] = {
    ("time", "timetz"): _time_to_timetz,
    ("timestamptz", "timetz"): _timestamptz_to_timetz,
    ("timetz", "time"): _timetz_to_time,
    ("cidr", "inet"): None,
    ("inet", "cidr"): lambda value, modifier, explicit, environment: network.network_of(value),
    **{
        (kind, target): _address_to_string(target)
        for kind in ("inet", "cidr")
        for target in ("text", "varchar", "bpchar")
    },
    ("macaddr", "macaddr8"): lambda value, modifier, explicit, environment: network.widened(value),
    ("macaddr8", "macaddr"): lambda value, modifier, explicit, environment: network.narrowed(value),
    ("bit", "varbit"): lambda value, modifier, explicit, environment: varbit_of(value, modifier, explicit=explicit),
    ("varbit", "bit"): lambda value, modifier, explicit, environment: bit_of(value, modifier, explicit=explicit),
    ("bit", "int4"): lambda value, modifier, explicit, environment: integer_of_bits(value, 32, "integer"),
    ("bit", "int8"): lambda value, modifier, explicit, environment: integer_of_bits(value, 64, "bigint"),
    **{
        (kind, "bit"): lambda value, modifier, explicit, environment: bits_of_integer(value, modifier)
        for kind in ("int4", "int8")
    },
}
"""By source and target."""

MODIFIED: dict[str, Converter] = {
    "timetz": lambda value, modifier, explicit, environment: timetz.rounded(value, modifier),
    "bit": lambda value, modifier, explicit, environment: bit_of(value, modifier, explicit=explicit),
    "varbit": lambda value, modifier, explicit, environment: varbit_of(value, modifier, explicit=explicit),
}
"""Fitting a value to its type's modifier."""
