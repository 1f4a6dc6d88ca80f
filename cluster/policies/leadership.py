"""Which range should be led in another region: the one that is pinned there, else the one whose writers are there
(docs/regions.md).

Pure: what is seen gives at most one decision, and only what lasts (`PINNED_S`, `follow_s`) becomes one. A range leaves
a region when another one's writers have made `LEAD_SHARE` of the transactions of which a key was sampled in it; half of
them would take it to and fro. Of a range some columns may be pinned: those go, or stay, by themselves.

    decide(seen, follow_s, wish)  ->  (Follow(low, high, target) or None, what to hand to the next call)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from actors.common.ranges import ShardMap, Span
from cluster.pins import Pins, common, unpinned
from cluster.policies.ranges import Wish

LEAD_SHARE = 0.75
"""Of a range's writes. The region that has it now needs as many to have it back."""
PINNED_S = 2.0
"""A pinned range goes to its region once it has been elsewhere for so long: adjudicators that come home do so one after
another."""
SAMPLE_MIN = 16
"""Keys that were seen in a range: fewer say nothing. One of sixteen transactions gives one."""


@dataclass(frozen=True)
class Led:
    """Of one adjudicator: its region; and of some transactions that it was asked for a key's columns (key[6:]), and the
    region that the transaction came from, in the same order."""

    region: str
    sample: Sequence[bytes] = ()
    writers: Sequence[str] = ()


@dataclass(frozen=True)
class Seen:
    """At `now_s`; `led`: by adjudicator."""

    now_s: float
    shard_map: ShardMap
    led: Mapping[int, Led]
    pins: Pins = ()


class Follow(NamedTuple):
    """All columns in [low, high) (None: to the end) should go to adjudicator `target`, in the region of their writers
    or of their pin."""

    low: bytes
    high: bytes | None
    target: int


def decide(seen: Seen, follow_s: float, wish: Wish) -> tuple[Follow | None, Wish]:
    """`follow_s` 0: nothing follows its writers."""
    follow, delay_s = next(misplaced(seen), None), PINNED_S
    if follow is None and follow_s:
        follow, delay_s = _wanted(seen), follow_s
    what = f"{follow.low.hex()} to {follow.target}" if follow is not None else ""
    if what != wish.what:
        wish = Wish(what, seen.now_s)
    if follow is None or seen.now_s - wish.since_s < delay_s:
        return None, wish
    return follow, Wish()


def misplaced(seen: Seen) -> Iterator[Follow]:
    """Pinned columns that are led elsewhere, while their region has an adjudicator."""
    for pin in seen.pins:
        target = _nearest(seen, pin.region)
        for piece, number in enumerate(seen.shard_map.adjudicators):
            owner, part = seen.led.get(number), common(seen.shard_map.bounds(piece), (pin.low, pin.high))
            if part is not None and target and owner is not None and owner.region not in ("", pin.region):
                yield Follow(*part, target)


def _wanted(seen: Seen) -> Follow | None:
    """Of all ranges that should move the one with the most writes elsewhere."""
    best: tuple[int, Follow] | None = None
    for piece, number in enumerate(seen.shard_map.adjudicators):
        owner = seen.led.get(number)
        if owner is None:
            continue
        for part in unpinned(seen.pins, *seen.shard_map.bounds(piece)):
            regions = _writers(owner, part)
            region, count = max(sorted(regions.items()), key=lambda item: item[1], default=("", 0))
            enough = regions.total() >= SAMPLE_MIN and count >= LEAD_SHARE * regions.total()
            target = _nearest(seen, region)
            if enough and region != owner.region and target and (best is None or count > best[0]):
                best = count, Follow(*part, target)
    return best[1] if best is not None else None


def _writers(owner: Led, part: Span) -> Counter[str]:
    """By region, of the keys of `part` that were sampled."""
    low, high = part
    return Counter(
        region
        for columns, region in zip(owner.sample, owner.writers, strict=False)
        if low <= columns and (high is None or columns < high)
    )


def _nearest(seen: Seen, region: str) -> int:
    """The region's adjudicator that has the fewest ranges; 0: it has none."""
    ranges = Counter(seen.shard_map.adjudicators)
    there = [number for number, led in sorted(seen.led.items()) if led.region == region]
    return min(there, key=lambda number: ranges[number], default=0)
