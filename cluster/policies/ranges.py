"""Which range should go from one adjudicator to another, and how many of them there should be: load goes off a busy
one, at the median of its keys, and back together when all are calm.

Pure: what is seen gives at most one decision, and only what lasts becomes one (`up_delay_s`, `down_delay_s`).

    relieve   the busiest adjudicator computes for more than `busy_share` of its time, and some other one, in another
              process, for less by `GAP_MIN`: as much load goes there as makes both equal. The cut is a key that was
              sampled, so that the load is halved wherever its keys lie
    birth     the busiest is as busy, its load can be divided, and nobody has room for a part of it: one adjudicator
              more, up to `adjudicators_max`. What it gets, the next look decides
    join      all compute for less than `calm_share`, and the load has moved ranges: they go back, one after the other,
              the coldest first. Fewer transactions then need two adjudicators
    retire    all are as calm, and no range is away: those that the load has called for go, the youngest first

A key that alone makes up most of the load cannot be divided, and stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from actors.common.ranges import KEYSPACE_BYTES, ShardMap

GAP_MIN = 0.25
"""Of their time. The move makes both equal, so the same two have no reason for another one."""
SHARE_MIN = 0.1
"""Less load than this, of the adjudicator's, is not worth a move."""


@dataclass(frozen=True)
class Bounds:
    """`busy_share`, `calm_share`: of its time, what an adjudicator's event loop computes. `boundaries_max`: between
    adjudicators."""

    busy_share: float
    calm_share: float
    up_delay_s: float
    down_delay_s: float
    boundaries_max: int
    adjudicators_max: int = 0
    """The load calls for no more than so many in all."""


@dataclass(frozen=True)
class Told:
    """Of one adjudicator, lately: `process` is where it runs; `sample`: columns (key[6:]) of some of the keys that it
    was asked for, each as often as it came up."""

    process: str
    busy: float = 0.0
    claims_s: float = 0.0
    sample: Sequence[bytes] = ()
    region: str = ""
    """Load does not leave its region: that would cost every commit more than it spares."""


@dataclass(frozen=True)
class Seen:
    """At `now_s`. `rest`: the map as it was before any load moved ranges. `told`: of every adjudicator that there is,
    by number."""

    now_s: float
    shard_map: ShardMap
    rest: ShardMap
    told: Mapping[int, Told] = field(default_factory=dict)
    by_load: frozenset[int] = frozenset()
    """Those adjudicators that nobody but the load has called for."""


class Wish(NamedTuple):
    """What has been wanted since when, without interruption: "" nothing, "join", "relieve/<number>", "birth/<number>"
    or "retire/<number>"."""

    what: str = ""
    since_s: float = 0.0


class Move(NamedTuple):
    """All columns in [low, high) (None: to the end) should go to adjudicator `target`."""

    low: bytes
    high: bytes | None
    target: int


class Birth(NamedTuple):
    """There should be one adjudicator more."""


class Retirement(NamedTuple):
    """Adjudicator `number` should go."""

    number: int


Decision = Move | Birth | Retirement


def boundaries(shard_map: ShardMap) -> int:
    """Places where one adjudicator's keys end and another's begin."""
    return sum(one != other for one, other in pairwise(shard_map.adjudicators))


def decide(seen: Seen, bounds: Bounds, wish: Wish) -> tuple[Decision | None, Wish]:
    """What to do now, and what to hand to the next call."""
    what, move = _relief(seen, bounds)
    delay_s = bounds.up_delay_s
    if not what:
        what, move = _rest(seen, bounds)
        delay_s = bounds.down_delay_s
    if what != wish.what:
        wish = Wish(what, seen.now_s)
    if not what or seen.now_s - wish.since_s < delay_s:
        return None, wish
    return move, Wish()


def _relief(seen: Seen, bounds: Bounds) -> tuple[str, Decision | None]:
    if not seen.told or boundaries(seen.shard_map) >= bounds.boundaries_max:
        return "", None
    busiest = max(sorted(seen.told), key=lambda number: seen.told[number].busy)
    own = [number for number, other in sorted(seen.told.items()) if other.process == seen.told[busiest].process]
    hot = max(own, key=lambda number: seen.told[number].claims_s)  # all of a process tell of one loop
    load = seen.told[hot]
    others = [
        number
        for number, other in sorted(seen.told.items())
        if other.process != load.process and other.region == load.region
    ]
    if load.busy <= bounds.busy_share:
        return "", None
    target = min(others, key=lambda number: seen.told[number].busy, default=0)
    if not target or load.busy - seen.told[target].busy < GAP_MIN:
        calls = len(seen.told) < bounds.adjudicators_max and divided(seen.shard_map, hot, load.sample, 0.5) is not None
        return (f"birth/{hot}", Birth()) if calls else ("", None)
    part = divided(seen.shard_map, hot, load.sample, (load.busy - seen.told[target].busy) / load.busy / 2)
    return ("", None) if part is None else (f"relieve/{hot}", Move(*part, target))


def divided(
    shard_map: ShardMap, owner: int, sample: Sequence[bytes], share: float
) -> tuple[bytes, bytes | None] | None:
    """The part of one of the owner's pieces, from some sampled key (or its beginning) to its end, that has as nearly as
    possible `share` of the sample. None where there is none that would leave, and have, `SHARE_MIN`."""
    best: tuple[float, bytes, bytes | None] | None = None
    if not sample:
        return None
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


def _rest(seen: Seen, bounds: Bounds) -> tuple[str, Decision | None]:
    if any(told.busy >= bounds.calm_share for told in seen.told.values()):
        return "", None
    away = _away(seen.shard_map, seen.rest)
    if not away:
        youngest = max(seen.by_load, default=0)
        return (f"retire/{youngest}", Retirement(youngest)) if youngest else ("", None)
    sample = sorted(key for told in seen.told.values() for key in told.sample)

    def load(move: Move) -> int:
        return (bisect_left(sample, move.high) if move.high is not None else len(sample)) - bisect_left(
            sample, move.low
        )

    return "join", min(away, key=load)


def _away(shard_map: ShardMap, rest: ShardMap) -> list[Move]:
    """Ranges that are others' than at rest, as moves that take them back."""
    away: list[Move] = []
    before: tuple[int, int] | None = None
    places = sorted({b"", *shard_map.cuts, *rest.cuts})
    for low, high in zip(places, [*places[1:], None], strict=True):
        key = bytes(KEYSPACE_BYTES) + low
        owners = shard_map.adjudicator(key), rest.adjudicator(key)
        if owners[0] != owners[1]:
            start = away.pop().low if owners == before else low
            away.append(Move(start, high, owners[1]))
        before = owners
    return away
