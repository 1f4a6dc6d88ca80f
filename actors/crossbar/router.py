"""Routing: which rows of a write set go to which shards. A write set of one shard (the usual one) is passed on as the
bytes it is."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from actors.common import small_write_set, write_set
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.common.small_write_set import ROWS_MAX, columns
from actors.common.write_set import DROP_RANGE

Keys = Sequence[bytes]
Values = Sequence[bytes | None]
Kinds = Sequence[int]

LARGE_BYTES = 8 << 10
"""Of a write set: to look for the places where it is cut costs less than a look at each row."""

holders_of = lru_cache(4)(ShardMap.holders)
"""Records are cut by one map, or two, at a time."""


def route(payload: bytes, shard_map: ShardMap) -> dict[int, bytes]:
    """Shard -> write set. A DROP_RANGE goes to every shard that its range touches."""
    if len(shard_map.all_shards()) == 1:
        return {shard_map.shards[0]: payload}
    if len(payload) > LARGE_BYTES and not shard_map.followers:
        parts = _by_bisection(payload, shard_map)
        if parts is not None:
            return parts
    keys, values, kinds = columns(payload)
    if not keys:
        return {}
    dropping = DROP_RANGE in kinds
    if shard_map.followers:
        return _to_all_holders(payload, shard_map, keys, values, kinds)
    owner = shard_map.shard
    shards = [owner(key) for key in keys]
    if not dropping and shards.count(shards[0]) == len(shards):
        return {shards[0]: payload}
    if not dropping and len(shards) > ROWS_MAX and _few_runs(shards):
        return _by_runs(write_set.decode(payload), shards)
    targets = [
        _touched(key, value, shard_map) if kind == DROP_RANGE else [shard]
        for key, value, kind, shard in zip(keys, values, kinds, shards, strict=True)
    ]
    return _divided(keys, values, kinds, targets)


def _by_bisection(payload: bytes, shard_map: ShardMap) -> dict[int, bytes] | None:
    """`route` of ascending rows of one keyspace, without a look at each of them; None of others."""
    batch = write_set.decode(payload)
    keys, rows = batch.column(0), batch.num_rows
    if not rows or pc.any(pc.equal(batch.column(2), write_set.IS_DROP_RANGE)).as_py():
        return None
    first, last = keys[0].as_py(), keys[-1].as_py()
    space = first[:KEYSPACE_BYTES]
    if last[:KEYSPACE_BYTES] != space or not pc.all(pc.less(keys.slice(0, rows - 1), keys.slice(1))).as_py():
        return None
    pieces = range(shard_map.piece(first), shard_map.piece(last) + 1)
    shards = [shard_map.shards[piece] for piece in pieces]
    if len(set(shards)) == 1:
        return {shards[0]: payload}
    if len(set(shards)) < len(shards):
        return None
    cuts = [space + shard_map.cuts[piece] for piece in pieces[:-1]]
    ends = [bisect_left(range(rows), cut, key=lambda row: keys[row].as_py()) for cut in cuts]
    runs = zip(shards, [0, *ends], [*ends, rows], strict=True)
    return {shard: write_set.encode_batch(batch.slice(low, high - low)) for shard, low, high in runs if low < high}


def _to_all_holders(payload: bytes, shard_map: ShardMap, keys: Keys, values: Values, kinds: Kinds) -> dict[int, bytes]:
    """While shards are made of others: a row may go to several."""
    holders = holders_of(shard_map).of
    targets: list[Sequence[int]] = [
        _touched(key, value, shard_map) if kind == DROP_RANGE else holders(key)
        for key, value, kind in zip(keys, values, kinds, strict=True)
    ]
    if targets.count(targets[0]) == len(targets):
        return dict.fromkeys(sorted(targets[0]), payload)
    return _divided(keys, values, kinds, targets)


def _divided(keys: Keys, values: Values, kinds: Kinds, targets: Sequence[Sequence[int]]) -> dict[int, bytes]:
    """Each row for those shards that are its targets."""
    rows: dict[int, tuple[list[bytes], list[bytes | None], list[int]]] = {}
    for key, value, kind, shards in zip(keys, values, kinds, targets, strict=True):
        for shard in shards:
            part = rows.setdefault(shard, ([], [], []))
            part[0].append(key)
            part[1].append(value)
            part[2].append(kind)
    return {
        shard: (small_write_set if len(rows[shard][0]) <= ROWS_MAX else write_set).encode(*rows[shard])
        for shard in sorted(rows)
    }


def _few_runs(shards: list[int]) -> bool:
    """Whether each shard's rows lie together, so that slices without copying will do."""
    changes = sum(1 for one, other in itertools.pairwise(shards) if one != other)
    return changes == len(set(shards)) - 1


def _by_runs(batch: pa.RecordBatch, shards: list[int]) -> dict[int, bytes]:
    parts: dict[int, bytes] = {}
    start = 0
    for place in range(1, len(shards) + 1):
        if place == len(shards) or shards[place] != shards[start]:
            parts[shards[start]] = write_set.encode_batch(batch.slice(start, place - start))
            start = place
    return parts


def _touched(start: bytes, end: bytes | None, shard_map: ShardMap) -> list[int]:
    """Every shard that a dropped range may have keys on."""
    assert end is not None
    if start[:KEYSPACE_BYTES] == end[:KEYSPACE_BYTES]:
        low, high = start[KEYSPACE_BYTES:], end[KEYSPACE_BYTES:]
        following = {
            one.shard for one in shard_map.followers if one.low < high and (one.high is None or low < one.high)
        }
        return sorted(following.union(shard for _, _, shard in shard_map.scan_pieces(start, end)))
    return shard_map.all_shards()
