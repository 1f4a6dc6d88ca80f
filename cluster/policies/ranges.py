"""Which range should go from one adjudicator to another: off a busy one, at the median of its load, and back together when all are calm.

Pure: what is seen gives at most one move, and only what lasts becomes one (`up_delay_s`, `down_delay_s`).

    relieve   the busiest adjudicator computes for more than `busy_share` of its time, and some other one, in another process, for less than half of
              that share: as much load goes there as makes both equal. The cut is a key that was sampled, so that the load is halved wherever its keys lie
    join      all compute for less than `calm_share`, and there are more boundaries between adjudicators than the cluster began with: the
              colder one of two neighbouring ranges goes to the other's owner. Fewer transactions then need two adjudicators

A key that alone makes up most of the load cannot be divided, and stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from actors.common.ranges import KEYSPACE_BYTES, ShardMap

SHARE_MIN = 0.1
"""Less load than this, of the adjudicator's, is not worth a move."""


@dataclass(frozen=True)
class Bounds:
    """`busy_share`, `calm_share`: of its time, what an adjudicator's event loop computes. `boundaries`: as many as the cluster began with."""

    busy_share: float
    calm_share: float
    up_delay_s: float
    down_delay_s: float
    boundaries: int
    boundaries_max: int


@dataclass(frozen=True)
class Told:
    """Of one adjudicator, lately: `process` is where it runs; `sample`: columns (key[6:]) of some of the keys that it was asked for, each as often as it came up."""

    process: str
    busy: float = 0.0
    claims_s: float = 0.0
    sample: Sequence[bytes] = ()


@dataclass(frozen=True)
class Seen:
    """At `now_s`. `told`: of every adjudicator that there is, by number."""

    now_s: float
    shard_map: ShardMap
    told: Mapping[int, Told] = field(default_factory=dict)


class Wish(NamedTuple):
    """What has been wanted since when, without interruption: "" nothing, "join", or "relieve/<number>"."""

    what: str = ""
    since_s: float = 0.0


class Move(NamedTuple):
    """All columns in [low, high) (None: to the end) should go to adjudicator `target`."""

    low: bytes
    high: bytes | None
    target: int


def boundaries(shard_map: ShardMap) -> int:
    """Places where one adjudicator's keys end and another's begin."""
    return sum(one != other for one, other in pairwise(shard_map.adjudicators))


def decide(seen: Seen, bounds: Bounds, wish: Wish) -> tuple[Move | None, Wish]:
    """What to do now, and what to hand to the next call."""
    what, move = _relief(seen, bounds)
    delay_s = bounds.up_delay_s
    if not what:
        what, move = _join(seen, bounds)
        delay_s = bounds.down_delay_s
    if what != wish.what:
        wish = Wish(what, seen.now_s)
    if not what or seen.now_s - wish.since_s < delay_s:
        return None, wish
    return move, Wish()


def _relief(seen: Seen, bounds: Bounds) -> tuple[str, Move | None]:
    if not seen.told or boundaries(seen.shard_map) >= bounds.boundaries_max:
        return "", None
    hot = max(sorted(seen.told), key=lambda number: seen.told[number].busy)
    load = seen.told[hot]
    others = [number for number, other in sorted(seen.told.items()) if other.process != load.process]
    if load.busy <= bounds.busy_share or not others:
        return "", None
    target = min(others, key=lambda number: seen.told[number].busy)
    if seen.told[target].busy >= bounds.busy_share / 2:
        return "", None
    part = divided(seen.shard_map, hot, load.sample, (load.busy - seen.told[target].busy) / load.busy / 2)
    return ("", None) if part is None else (f"relieve/{hot}", Move(*part, target))


def divided(shard_map: ShardMap, owner: int, sample: Sequence[bytes], share: float) -> tuple[bytes, bytes | None] | None:
    """The part of one of the owner's pieces, from some sampled key (or its beginning) to its end, that has as nearly as possible `share` of the sample. None
    where there is none that would leave, and have, `SHARE_MIN`."""
    best: tuple[float, bytes, bytes | None] | None = None
    for piece, adjudicator in enumerate(shard_map.adjudicators):
        if adjudicator != owner:
            continue
        low, high = shard_map.bounds(piece)
        keys = sorted(key for key in sample if shard_map.piece(bytes(KEYSPACE_BYTES) + key) == piece)
        for cut in dict.fromkeys((low, *keys)):
            moved = (len(keys) - bisect_left(keys, cut)) / len(sample)
            if SHARE_MIN <= moved <= 1 - SHARE_MIN and (best is None or abs(moved - share) < best[0]):
                best = abs(moved - share), cut, high
    return best and best[1:]


def _join(seen: Seen, bounds: Bounds) -> tuple[str, Move | None]:
    shard_map = seen.shard_map
    if boundaries(shard_map) <= bounds.boundaries or any(told.busy >= bounds.calm_share for told in seen.told.values()):
        return "", None
    counts = [0] * len(shard_map.adjudicators)
    for told in seen.told.values():
        for key in told.sample:
            counts[shard_map.piece(bytes(KEYSPACE_BYTES) + key)] += 1
    neighbours = [place for place in range(1, len(counts)) if shard_map.adjudicators[place] != shard_map.adjudicators[place - 1]]
    coldest, warmer = min(
        ((one, other) for place in neighbours for one, other in ((place, place - 1), (place - 1, place))),
        key=lambda pair: (counts[pair[0]], -_joins(shard_map, *pair), pair),
    )
    return "join", Move(*shard_map.bounds(coldest), shard_map.adjudicators[warmer])


def _joins(shard_map: ShardMap, piece: int, neighbour: int) -> int:
    """How many boundaries go when `piece` goes to the neighbour's owner: two where it lies between two of that owner's."""
    owner = shard_map.adjudicators[neighbour]
    other = 2 * piece - neighbour
    return 1 + (0 <= other < len(shard_map.adjudicators) and shard_map.adjudicators[other] == owner)
