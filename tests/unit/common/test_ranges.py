"""Shard maps in which a range has moved: who owns a key, against a model that knows nothing of pieces."""

from __future__ import annotations

from random import Random

import pytest

from actors.common.ranges import KEYSPACE_BYTES, ShardMap, moved

MAP = ShardMap(1, (b"\x80",), (1, 2), (1, 2))
SPACE = bytes(KEYSPACE_BYTES)


def test_a_part_of_a_range_goes_to_another_adjudicator_and_no_shard_changes() -> None:
    split = moved(MAP, b"\xc0", None, 1, 500)
    assert split == ShardMap(2, (b"\x80", b"\xc0"), (1, 2, 1), (1, 2, 2), (0, 0, 500))
    assert (
        split.owners_of(b"\x80", b"\xc0") == [2]
        and split.owners_of(b"\x80", None) == [1, 2]
        and split.owners_of(b"\x81", b"\xc1") == [1, 2]
    )


def test_neighbours_that_become_alike_are_one_piece() -> None:
    split = moved(MAP, b"\xc0", None, 1, 500)
    assert moved(split, b"\xc0", None, 2, 900) == ShardMap(3, (b"\x80",), (1, 2), (1, 2), (0, 900))
    merged = moved(MAP, b"", b"\x80", 2, 700)
    assert merged.adjudicators == (2, 2) and merged.all_adjudicators() == [2], (
        "of two shards there are two pieces still"
    )


@pytest.mark.parametrize("seed", range(40))
def test_every_key_has_the_owner_that_it_was_given_last(seed: int) -> None:
    random = Random(seed)
    keys = [bytes([byte, tail]) for byte in range(0, 256, 5) for tail in (0, 7)]
    shard_map = MAP
    owners = {key: (shard_map.adjudicator(SPACE + key), 0) for key in keys}
    for _ in range(11):
        since = random.randint(1, 100)
        low, high = sorted(random.sample(keys, 2))
        end = None if random.random() < 0.2 else high
        target = random.randint(1, 4)
        shard_map = moved(shard_map, low, end, target, since)
        owners.update(
            {key: (target, max(since, owners[key][1])) for key in keys if key >= low and (end is None or key < end)}
        )
        for key in keys:
            owner, beginning = owners[key]
            piece = shard_map.piece(SPACE + key)
            assert shard_map.adjudicators[piece] == owner
            assert shard_map.beginning(piece) >= beginning, (
                "never earlier than the former owner, nor than what it was merged with"
            )
            assert shard_map.shards[piece] == MAP.shard(SPACE + key)
            assert owner in shard_map.owners_of(key, key + b"\0")
    assert shard_map.version == 12 and len(shard_map.cuts) <= 24
