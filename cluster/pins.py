"""Ranges that one region leads, whoever writes them (docs/regions.md). Pure.

    pins = pinned((), b"\x10", b"\x80", "east")      (Pin(b"\x10", b"\x80", "east"),)
    pinned(pins, b"\x20", b"\x30", "")              those columns follow their writers again: two pins are left
    unpinned(pins, b"", b"\x20")                     [(b"", b"\x10")]: what of the columns no pin has

A pin is a wish: it holds for the columns of every keyspace, as cuts of the shard map do, and it waits where its region
has no adjudicator at the moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from actors.common.errors import INVALID_PARAMETER_VALUE, DatabaseError
from actors.common.ranges import Span
from cluster.regions import Regions


class Pin(msgspec.Struct, frozen=True):
    """All columns in [low, high) (None: to the end)."""

    low: bytes
    high: bytes | None
    region: str


Pins = tuple[Pin, ...]
"""Ascending and disjoint."""


def pinned(pins: Pins, low: bytes, high: bytes | None, region: str) -> Pins:
    """With [low, high) pinned to `region` ("": to none), whatever was said of these columns before."""
    left = [Pin(start, end, pin.region) for pin in pins for start, end in _without((pin.low, pin.high), (low, high))]
    made = [*left, *([Pin(low, high, region)] if region else [])]
    joined: list[Pin] = []
    for pin in sorted(made, key=lambda pin: pin.low):
        if joined and joined[-1].high == pin.low and joined[-1].region == pin.region:
            joined[-1] = Pin(joined[-1].low, pin.high, pin.region)
        else:
            joined.append(pin)
    return tuple(joined)


def check_pin(regions: Regions, low: bytes, high: bytes | None, region: str) -> None:
    """Raises 22023."""
    if high is not None and high <= low:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "a range ends above its beginning")
    if not regions:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "the cluster has one region: there is nothing to pin")
    serving = sorted({name for name in regions.zones.values() if name not in regions.witnesses})
    if region and region not in serving:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"no region {region!r} can lead: {', '.join(serving)}")


def common(one: Span, other: Span) -> Span | None:
    """The columns of both."""
    low = max(one[0], other[0])
    ends = [end for end in (one[1], other[1]) if end is not None]
    high = min(ends) if ends else None
    return (low, high) if high is None or low < high else None


def unpinned(pins: Iterable[Pin], low: bytes, high: bytes | None) -> list[Span]:
    """The parts of [low, high) that no pin has, ascending."""
    parts: list[Span] = [(low, high)]
    for pin in pins:
        parts = [part for whole in parts for part in _without(whole, (pin.low, pin.high))]
    return parts


def _without(span: Span, gone: Span) -> Iterator[Span]:
    """The parts of `span` below and above `gone`."""
    if common(span, gone) is None:
        yield span
        return
    if span[0] < gone[0]:
        yield span[0], gone[0]
    if gone[1] is not None and (span[1] is None or gone[1] < span[1]):
        yield gone[1], span[1]
