"""Which adjudicator owns which keys of a write set, and what a write set says about keys at all.

Large write sets are cut by bisection: their keys are sorted, and a keyspace is cut at a few places.

        keys, dropped = read_write_set(payload)
        ownership.split(keys) -> {1: [...], 2: [...]}
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import lt

import pyarrow as pa
import pyarrow.compute as pc

from actors.adjudicator.claim import TABLE_BYTES, Table, table_prefix
from actors.common import write_set
from actors.common.errors import PROTOCOL_VIOLATION, DatabaseError
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.common.small_write_set import columns
from actors.common.timestamps import TIMESTAMP_MIN, Timestamp

BISECT_KEYS_MIN = 256
LARGE_BYTES = 8 << 10
"""Of a write set: Arrow decodes its keys alone, which are all that counts here."""
DROPPED_TABLES_MAX = 4096
"""Tables that one dropped range may span."""


def read_write_set(payload: bytes) -> tuple[list[bytes], list[Table]]:
    """The keys put or deleted, and the tables of which ranges are dropped. Raises 08P01 for bytes that are no write
    set."""
    if not payload:
        return [], []
    try:
        if len(payload) > LARGE_BYTES:
            batch = write_set.decode(payload)
            if not pc.any(pc.equal(batch.column(2), write_set.IS_DROP_RANGE)).as_py():
                return batch.column(0).to_pylist(), []
        keys, ends, kinds = columns(payload)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise DatabaseError(PROTOCOL_VIOLATION, f"not a write set: {error}") from error
    if write_set.DROP_RANGE not in kinds:
        return keys, []
    dropped: set[Table] = set()
    for key, end, kind in zip(keys, ends, kinds, strict=True):
        if kind == write_set.DROP_RANGE:
            dropped.update(_tables_between(key, end))
    written = [key for key, kind in zip(keys, kinds, strict=True) if kind != write_set.DROP_RANGE]
    return written, sorted(dropped)


def _tables_between(start: bytes, end: bytes | None) -> list[Table]:
    if end is None or not start < end:
        raise DatabaseError(PROTOCOL_VIOLATION, "a dropped range needs an end above its start")
    low = int.from_bytes(start[:TABLE_BYTES].ljust(TABLE_BYTES, b"\0"), "big")
    high = int.from_bytes(end[:TABLE_BYTES].ljust(TABLE_BYTES, b"\0"), "big")
    if not end[TABLE_BYTES:].strip(b"\0"):
        high -= 1
    if high - low >= DROPPED_TABLES_MAX:
        raise DatabaseError(PROTOCOL_VIOLATION, f"a dropped range spans more than {DROPPED_TABLES_MAX} tables")
    return [table_prefix(number) for number in range(low, high + 1)]


class Ownership:
    """One version of the shard map, as adjudicators see it."""

    def __init__(self, shard_map: ShardMap) -> None:
        self.shard_map = shard_map
        self.adjudicators = shard_map.all_adjudicators()
        self._newest: dict[int, Timestamp] = {}
        for piece, adjudicator in enumerate(shard_map.adjudicators):
            self._newest[adjudicator] = max(shard_map.beginning(piece), self._newest.get(adjudicator, TIMESTAMP_MIN))

    @property
    def version(self) -> int:
        return self.shard_map.version

    def newest_beginning(self, number: int) -> Timestamp:
        """Since when adjudicator `number` owns all that it owns."""
        return self._newest.get(number, TIMESTAMP_MIN)

    def beginning(self, number: int, *parts: Sequence[bytes]) -> Timestamp:
        """Since when adjudicator `number` owns all of those keys that it owns."""
        shard_map = self.shard_map
        pieces = {shard_map.piece(key) for keys in parts for key in keys}
        return max(
            (shard_map.beginning(piece) for piece in pieces if shard_map.adjudicators[piece] == number),
            default=TIMESTAMP_MIN,
        )

    def sole_owner(self, keys: Sequence[bytes]) -> int | None:
        """The one that owns all of some keys (at least one), else None."""
        if len(self.adjudicators) == 1:
            return self.adjudicators[0]
        if len(keys) >= BISECT_KEYS_MIN:
            owners = self.split(keys)
            return next(iter(owners)) if len(owners) == 1 else None
        owner_of = self.shard_map.adjudicator
        owner = owner_of(keys[0])
        for key in keys:
            if owner_of(key) != owner:
                return None
        return owner

    def owns(self, number: int, *parts: Sequence[bytes]) -> bool:
        """Whether adjudicator `number` owns every key of all parts, each sorted by itself."""
        return all(self.sole_owner(keys) == number for keys in parts if keys)

    def split(self, keys: Sequence[bytes]) -> dict[int, list[bytes]]:
        """Owner -> its keys, in order. Many keys must be sorted (08P01)."""
        parts: dict[int, list[bytes]] = {}
        if len(keys) < BISECT_KEYS_MIN:
            owner_of = self.shard_map.adjudicator
            for key in keys:
                parts.setdefault(owner_of(key), []).append(key)
            return parts
        if not all(map(lt, keys, keys[1:])):
            raise DatabaseError(PROTOCOL_VIOLATION, "keys of a large transaction must be sorted, each once")
        shard_map = self.shard_map
        piece = shard_map.piece(keys[0])
        if keys[0][:KEYSPACE_BYTES] == keys[-1][:KEYSPACE_BYTES] and shard_map.piece(keys[-1]) == piece:
            return {shard_map.adjudicators[piece]: list(keys)}
        start = 0
        while start < len(keys):
            keyspace = keys[start][:KEYSPACE_BYTES]
            piece = shard_map.piece(keys[start])
            end = bisect_left(keys, _next_prefix(keyspace), start)
            if piece < len(shard_map.cuts):
                end = min(end, bisect_left(keys, keyspace + shard_map.cuts[piece], start))
            parts.setdefault(shard_map.adjudicators[piece], []).extend(keys[start:end])
            start = end
        return parts


def _next_prefix(keyspace: bytes) -> bytes:
    """Above all keys of the keyspace."""
    if len(keyspace) < KEYSPACE_BYTES:
        raise DatabaseError(PROTOCOL_VIOLATION, "a key begins with its keyspace")
    number = int.from_bytes(keyspace, "big") + 1
    return number.to_bytes(KEYSPACE_BYTES + 1, "big")[1:] if number >> 8 * KEYSPACE_BYTES == 0 else b"\xff" * 4096
