"""Which storage shard should be parted, and which two should be one again: by what they hold, and by what they are
asked.

Pure: what is seen gives at most one wish, and only what lasts becomes an act (`up_delay_s`, `down_delay_s`).

    too large   a shard holds more than `bytes_max`: it is parted where half of its bytes lie
    too busy    replicas of a shard that have processes of their own compute for more than `busy_share` of their time:
                it is parted at the median of the keys that are read, so that each half has half of the load wherever
                its keys lie. A key that alone makes up most of the load cannot be divided, and the shard stays
    small       two neighbours together hold less than `SMALL_SHARE` of `bytes_max` and compute for less than
                `CALM_SHARE` of `busy_share`, and there are more than `shards_min`: they become one, those that hold
                least first. One that results is far from being parted again

A person's split is not undone by anything but calm, and never below the number with which the cluster began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from actors.common.ranges import ShardMap, Span

SMALL_SHARE = 0.25
CALM_SHARE = 0.15
SAMPLE_MIN = 32
"""Keys, below which a median says little."""
PART_MIN = 0.2
"""Of the sample: less than this on one side of a cut is not worth a split."""


@dataclass(frozen=True)
class Bounds:
    """0 in `bytes_max` or `busy_share`: nothing is parted for that."""

    bytes_max: int
    busy_share: float
    up_delay_s: float
    down_delay_s: float
    shards_min: int
    shards_max: int


@dataclass(frozen=True)
class Told:
    """Of one shard, lately: `size_bytes` of the replica that holds most; `busy`: of its time, what the busiest
    replica's process computes, where it runs nothing else (else 0); `sample`: columns
    of some of the keys that were read, each as often as it came up."""

    size_bytes: int = 0
    busy: float = 0.0
    sample: Sequence[bytes] = ()


@dataclass(frozen=True)
class Seen:
    """At `now_s`. `told`: by shard; one that says nothing is not known, and no reason for anything."""

    now_s: float
    shard_map: ShardMap
    told: Mapping[int, Told] = field(default_factory=dict)


class Reshape(NamedTuple):
    """`shards` should end; `cut`: where one is to be parted (b"": in the middle of its bytes)."""

    shards: tuple[int, ...]
    cut: bytes | None = None


class Wish(NamedTuple):
    """What has been wanted since when, without interruption: "" nothing, "part/<shard>", or "join/<shard>/<shard>"."""

    what: str = ""
    since_s: float = 0.0


def decide(seen: Seen, bounds: Bounds, wish: Wish) -> tuple[Reshape | None, Wish]:
    """What to do now, and what to hand to the next call."""
    reshape = _parted(seen, bounds)
    delay_s = bounds.up_delay_s
    if reshape is None:
        reshape = _joined(seen, bounds)
        delay_s = bounds.down_delay_s
    what = (
        "" if reshape is None else f"{'join' if reshape.cut is None else 'part'}/{'/'.join(map(str, reshape.shards))}"
    )
    if what != wish.what:
        wish = Wish(what, seen.now_s)
    if reshape is None or seen.now_s - wish.since_s < delay_s:
        return None, wish
    return reshape, Wish()


def _parted(seen: Seen, bounds: Bounds) -> Reshape | None:
    if len(set(seen.shard_map.shards)) >= bounds.shards_max:
        return None
    told = {shard: seen.told[shard] for shard in sorted(seen.told) if shard in seen.shard_map.shards}
    if bounds.busy_share:
        for shard in sorted(told, key=lambda shard: -told[shard].busy):
            if (
                told[shard].busy > bounds.busy_share
                and (cut := median(seen.shard_map.spans(shard), told[shard].sample)) is not None
            ):
                return Reshape((shard,), cut)
    largest = max(told, key=lambda shard: told[shard].size_bytes, default=None)
    if largest is not None and bounds.bytes_max and told[largest].size_bytes > bounds.bytes_max:
        return Reshape((largest,), b"")
    return None


def median(spans: Sequence[Span], sample: Sequence[bytes]) -> bytes | None:
    """The sampled columns with as nearly as possible half of the sample below them. None where that leaves too little
    on one side."""
    inside = sorted(one for one in sample if any(low <= one and (high is None or one < high) for low, high in spans))
    if len(inside) < SAMPLE_MIN:
        return None
    best: tuple[float, bytes] | None = None
    for place, columns in enumerate(inside):
        if place and columns != inside[place - 1] and columns > spans[0][0]:
            share = place / len(inside)
            if PART_MIN <= share <= 1 - PART_MIN and (best is None or abs(share - 0.5) < best[0]):
                best = abs(share - 0.5), columns
    return best[1] if best is not None else None


def _joined(seen: Seen, bounds: Bounds) -> Reshape | None:
    owners = seen.shard_map.shards
    if len(set(owners)) <= bounds.shards_min or not bounds.bytes_max:
        return None
    best: tuple[int, tuple[int, int]] | None = None
    for pair in sorted(set(pairwise(owners))):
        one, other = (seen.told.get(shard) for shard in pair)
        if pair[0] == pair[1] or one is None or other is None:
            continue
        both = one.size_bytes + other.size_bytes
        is_calm = one.busy + other.busy <= CALM_SHARE * bounds.busy_share
        if is_calm and both < SMALL_SHARE * bounds.bytes_max and (best is None or both < best[0]):
            best = both, pair
    return Reshape(best[1]) if best is not None else None
