"""The shards' policy on curves of load: what is parted and joined, when, and what never is."""

from __future__ import annotations

import math
from random import Random

import pytest

from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from cluster.policies.shards import Bounds, Reshape, Seen, Told, Wish, decide, median

BOUNDS = Bounds(bytes_max=1000, busy_share=0.7, up_delay_s=3.0, down_delay_s=60.0, shards_min=2, shards_max=6)
MAP = ShardMap(1, (b"\x80",), (1, 1), (1, 2))
EVENLY = [bytes([128 + number]) for number in range(100)]


def first_act(
    told: dict[int, Told], bounds: Bounds = BOUNDS, shard_map: ShardMap = MAP, seconds: int = 200
) -> tuple[float, Reshape] | None:
    wish = Wish()
    for second in range(seconds):
        act, wish = decide(Seen(float(second), shard_map, told), bounds, wish)
        if act is not None:
            return float(second), act
    return None


def test_a_large_shard_is_parted_in_its_middle_after_a_while() -> None:
    assert first_act({1: Told(900), 2: Told(1001)}) == (3.0, Reshape((2,), b""))
    assert first_act({1: Told(999), 2: Told(1000)}) is None


def test_a_busy_shard_is_parted_at_the_median_of_its_reads() -> None:
    assert first_act({2: Told(10, 0.8, EVENLY)}) == (3.0, Reshape((2,), b"\xb2"))
    skewed = [*([b"\xf0"] * 30), *EVENLY]
    act = first_act({2: Told(10, 0.8, skewed)})
    assert act is not None and act[1].cut is not None
    assert 0.35 < sum(key < act[1].cut for key in skewed) / len(skewed) < 0.65


def test_a_single_hot_key_cannot_be_divided() -> None:
    assert first_act({2: Told(10, 0.99, [*([b"\x90"] * 95), *EVENLY[:5]])}) is None
    assert first_act({2: Told(10, 0.99, EVENLY[:10])}) is None, "a few keys say little"


def test_small_calm_neighbours_are_joined_after_long_but_never_below_the_beginning() -> None:
    three = ShardMap(3, (b"\x80", b"\xc0"), (1, 1, 1), (1, 3, 4))
    told = {1: Told(100), 3: Told(60), 4: Told(50)}
    assert first_act(told, shard_map=three) == (60.0, Reshape((3, 4)))
    assert first_act(told) is None, "there are as many as there were"
    assert first_act({**told, 4: Told(50, 0.3)}, shard_map=three) == (60.0, Reshape((1, 3))), (
        "one that is at work is left alone"
    )
    assert first_act({1: Told(100), 3: Told(160), 4: Told(150)}, shard_map=three) is None, (
        "together they would be a large one soon"
    )
    assert first_act({1: Told(100)}, shard_map=three) is None, "of whom nothing is known nothing is done with"


def test_what_comes_and_goes_changes_nothing() -> None:
    wish = Wish()
    for second in range(100):
        act, wish = decide(Seen(float(second), MAP, {2: Told(2000 if second % 3 else 10)}), BOUNDS, wish)
        assert act is None


def test_there_are_never_more_than_the_bound() -> None:
    six = ShardMap(9, tuple(bytes([number]) for number in (10, 20, 30, 40, 50)), (1,) * 6, (1, 2, 3, 4, 5, 6))
    assert first_act({shard: Told(9000, 0.9, EVENLY) for shard in range(1, 7)}, shard_map=six) is None
    assert first_act({2: Told(9000, 0.9, EVENLY)}, Bounds(0, 0.0, 3, 60, 2, 6)) is None, "0 turns it off"


@pytest.mark.parametrize("seed", range(10))
def test_a_day_ends_with_as_many_as_it_began_with_and_nothing_flutters(seed: int) -> None:
    """Bytes rise and fall like a day's curve; each act is carried out at once."""
    random = Random(seed)
    shard_map, wish, acts = MAP, Wish(), []
    number = 3
    for second in range(2000):
        level = 3000 * math.sin(math.pi * second / 1200) if second < 1200 else 0.0
        share = level / 256
        told = {}
        for shard in set(shard_map.shards):
            spans = shard_map.spans(shard)
            width = sum((high[0] if high is not None else 256) - (low[0] if low else 0) for low, high in spans)
            told[shard] = Told(int(share * width * random.uniform(0.95, 1.05)))
        act, wish = decide(Seen(float(second), shard_map, told), BOUNDS, wish)
        if act is None:
            continue
        acts.append(second)
        shard_map, number = _carried_out(shard_map, act, number)
        assert len(set(shard_map.shards)) <= BOUNDS.shards_max
    assert len(set(shard_map.shards)) == 2
    assert 2 <= len(acts) <= 8, "each that was parted is joined again, once"


def _carried_out(shard_map: ShardMap, act: Reshape, number: int) -> tuple[ShardMap, int]:
    owners = list(zip((b"", *shard_map.cuts), shard_map.shards, strict=True))
    if act.cut is None:
        merged = [(low, number if shard in act.shards else shard) for low, shard in owners]
    else:
        low, high = shard_map.bounds(shard_map.shards.index(act.shards[0]))
        middle = bytes([((low[0] if low else 0) + (high[0] if high is not None else 256)) // 2])
        merged = []
        for start, shard in owners:
            merged += [(start, number), (middle, number + 1)] if shard == act.shards[0] else [(start, shard)]
    pieces = [piece for place, piece in enumerate(merged) if not place or merged[place - 1][1] != piece[1]]
    cuts, shards = zip(*pieces, strict=True)
    return ShardMap(shard_map.version + 1, cuts[1:], (1,) * len(shards), shards), number + 2


def test_the_median_lies_inside() -> None:
    spans = ((b"\x80", b"\xa0"),)
    cut = median(spans, EVENLY)
    assert cut is not None and b"\x80" < cut < b"\xa0" and len(bytes(KEYSPACE_BYTES) + cut) == 7
    assert median(spans, [b"\x10"] * 99) is None
