"""The shard map: which adjudicator decides about a key, and which storage shard holds it.

A key is `table (4 bytes) | index (2 bytes) | encoded columns` (keys.py); `table | index` is a keyspace. The map of a new cluster cuts
every keyspace at the same places of its first column (`cuts`, byte strings compared with key[6:]): with one cut at 0x80, half of all
uuids fall to shard 1 and half to shard 2, while the positive integers of one table stay together on one shard, so that a small
integer-keyed database commits at a single adjudicator. Piece number i (0 ... len(cuts)) belongs to adjudicator `adjudicators[i]` and to storage
shard `shards[i]`.

The map is immutable and versioned; every layer is handed a newer one by the controller (messages.Topology). A QP with an old map is told
so by the layer it asks (Redirected), never given a wrong answer.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

KEYSPACE_BYTES = 6


class ShardMap(msgspec.Struct, frozen=True):
    """`cuts` ascending; `adjudicators` and `shards` have one more entry than `cuts`; their values are numbers from 1 on."""

    version: int
    cuts: tuple[bytes, ...]
    adjudicators: tuple[int, ...]
    shards: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.adjudicators) == len(self.shards) == len(self.cuts) + 1
        assert list(self.cuts) == sorted(set(self.cuts))

    def piece(self, key: bytes) -> int:
        return bisect_right(self.cuts, key[KEYSPACE_BYTES:])

    def adjudicator(self, key: bytes) -> int:
        return self.adjudicators[bisect_right(self.cuts, key[KEYSPACE_BYTES:])]

    def shard(self, key: bytes) -> int:
        return self.shards[bisect_right(self.cuts, key[KEYSPACE_BYTES:])]

    def scan_pieces(self, start: bytes, end: bytes) -> list[tuple[bytes, bytes, int]]:
        """The parts (start, end, shard) of the key range [start, end), ascending; the range lies within one keyspace."""
        keyspace = start[:KEYSPACE_BYTES]
        parts: list[tuple[bytes, bytes, int]] = []
        low = start
        for number in range(self.piece(start), len(self.cuts) + 1):
            high = keyspace + self.cuts[number] if number < len(self.cuts) else end
            high = min(high, end)
            if low < high:
                if parts and parts[-1][2] == self.shards[number]:
                    parts[-1] = (parts[-1][0], high, self.shards[number])
                else:
                    parts.append((low, high, self.shards[number]))
                low = high
        return parts

    def all_adjudicators(self) -> list[int]:
        return sorted(set(self.adjudicators))

    def all_shards(self) -> list[int]:
        return sorted(set(self.shards))

    def describe(self, numbers: tuple[int, ...], owner: int) -> str:
        """The key ranges of one owner as text for `status`: `*/[..80) *`, cuts in hexadecimal."""
        edges = ["", *(cut.hex() for cut in self.cuts), ""]
        parts = [f"[{edges[i]}..{edges[i + 1]})" for i, number in enumerate(numbers) if number == owner]
        return "*/" + " ".join(parts)
