"""The shard map: which adjudicator decides about a key, and which storage shard holds it.

A key is `table (4 bytes) | index (2 bytes) | encoded columns` (keys.py); `table | index` is a keyspace. The map of a
new cluster cuts every keyspace at the same places of its first column (`cuts`, byte strings compared with key[6:]):
with one cut at 0x80, half of all uuids fall to shard 1 and half to shard 2, while the positive integers of one table
stay together on one shard, so that a small integer-keyed database commits at a single adjudicator. Piece number i (0
... len(cuts)) belongs to adjudicator `adjudicators[i]` and to storage shard `shards[i]`.

A shard's keys never change: a split, a merge or a move ends shards, and others with new numbers take their place. While
that is under way some columns
have *followers*, shards that hold them too: those that will own them, then those that did (docs/shards.md).

The map is immutable and versioned; every layer is handed a newer one by the controller (messages.Topology). A QP with
an old map is told so by the layer it asks (Redirected), never given a wrong answer. `moved` makes the map in which
another adjudicator owns some of the keys (docs/ranges.md).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from actors.common.timestamps import TIMESTAMP_MIN, Timestamp

KEYSPACE_BYTES = 6

Span = tuple[bytes, bytes | None]
"""The columns from the first on, up to and without the second (None: to the end)."""


class Follower(msgspec.Struct, frozen=True):
    """`shard` is sent what is committed to the columns in [low, high) (None: to the end), and answers reads of them,
    without owning them."""

    low: bytes
    high: bytes | None
    shard: int


class Holders(NamedTuple):
    """Which shards are sent what is committed. `shards` has one entry more than `edges`, columns from which on other
    ones are; of each the owner first."""

    edges: tuple[bytes, ...]
    shards: tuple[tuple[int, ...], ...]

    def of(self, key: bytes) -> tuple[int, ...]:
        return self.shards[bisect_right(self.edges, key[KEYSPACE_BYTES:])]


class ShardMap(msgspec.Struct, frozen=True):
    """`cuts` ascending; `adjudicators`, `shards` and `since` have one more entry than `cuts`; owners are numbers from 1
    on."""

    version: int
    cuts: tuple[bytes, ...]
    adjudicators: tuple[int, ...]
    shards: tuple[int, ...]
    since: tuple[Timestamp, ...] = ()
    """By piece: its adjudicator knows nothing of what was committed there at or before this time, and so refuses what
    began earlier. Empty: of no piece has the adjudicator changed."""
    followers: tuple[Follower, ...] = ()

    def __post_init__(self) -> None:
        assert len(self.adjudicators) == len(self.shards) == len(self.cuts) + 1
        assert not self.since or len(self.since) == len(self.shards)
        assert list(self.cuts) == sorted(set(self.cuts))

    def piece(self, key: bytes) -> int:
        return bisect_right(self.cuts, key[KEYSPACE_BYTES:])

    def adjudicator(self, key: bytes) -> int:
        return self.adjudicators[bisect_right(self.cuts, key[KEYSPACE_BYTES:])]

    def shard(self, key: bytes) -> int:
        return self.shards[bisect_right(self.cuts, key[KEYSPACE_BYTES:])]

    def bounds(self, piece: int) -> tuple[bytes, bytes | None]:
        """Where a piece begins and ends (None: with the keyspace)."""
        return self.cuts[piece - 1] if piece else b"", self.cuts[piece] if piece < len(self.cuts) else None

    def beginning(self, piece: int) -> Timestamp:
        return self.since[piece] if self.since else TIMESTAMP_MIN

    def owners_of(self, low: bytes, high: bytes | None) -> list[int]:
        """The adjudicators of the columns in [low, high) (None: to the end)."""
        last = bisect_left(self.cuts, high) if high is not None else len(self.cuts)
        return sorted(set(self.adjudicators[bisect_right(self.cuts, low) : last + 1]))

    def scan_pieces(self, start: bytes, end: bytes) -> list[tuple[bytes, bytes, int]]:
        """The parts (start, end, shard) of the key range [start, end), ascending; the range lies within one
        keyspace."""
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
        """Owners and followers."""
        return sorted({*self.shards, *(follower.shard for follower in self.followers)})

    def follows(self, key: bytes, shard: int) -> bool:
        columns = key[KEYSPACE_BYTES:]
        return any(
            one.shard == shard and one.low <= columns and (one.high is None or columns < one.high)
            for one in self.followers
        )

    def holders(self) -> Holders:
        """For whoever asks for many keys: it is made anew each time."""
        edges = {edge for one in self.followers for edge in (one.low, one.high) if edge}
        starts = sorted({b"", *self.cuts, *edges})
        return Holders(tuple(starts[1:]), tuple(self._holders_at(start) for start in starts))

    def _holders_at(self, columns: bytes) -> tuple[int, ...]:
        key = bytes(KEYSPACE_BYTES) + columns
        return (self.shard(key), *sorted({one.shard for one in self.followers if self.follows(key, one.shard)}))

    def spans(self, shard: int) -> tuple[Span, ...]:
        """What `shard` holds, ascending; neighbours are one span."""
        own = [self.bounds(piece) for piece, owner in enumerate(self.shards) if owner == shard]
        return joined_spans([*own, *((one.low, one.high) for one in self.followers if one.shard == shard)])

    def holdings(self) -> dict[int, tuple[Span, ...]]:
        """Of all shards."""
        return {shard: self.spans(shard) for shard in self.all_shards()}

    def describe(self, numbers: tuple[int, ...], owner: int) -> str:
        """The key ranges of one owner as text for `status`: `*/[..80) *`, cuts in hexadecimal."""
        edges = ["", *(cut.hex() for cut in self.cuts), ""]
        parts = [f"[{edges[i]}..{edges[i + 1]})" for i, number in enumerate(numbers) if number == owner]
        return "*/" + " ".join(parts)


def moved(shard_map: ShardMap, low: bytes, high: bytes | None, adjudicator: int, since: Timestamp) -> ShardMap:
    """The next version, in which `adjudicator` owns all columns in [low, high) (None: to the end), from `since` on;
    later where the former owner began later itself, and its clock has not come as far. Neighbours that have become
    alike are one piece."""
    pieces: list[tuple[bytes, int, int, Timestamp]] = []
    for start in sorted({b"", *shard_map.cuts, low, *([high] if high is not None else [])}):
        number = bisect_right(shard_map.cuts, start)
        if start >= low and (high is None or start < high):
            pieces.append((start, adjudicator, shard_map.shards[number], max(since, shard_map.beginning(number))))
        else:
            pieces.append(
                (start, shard_map.adjudicators[number], shard_map.shards[number], shard_map.beginning(number))
            )
    return _of_pieces(shard_map, pieces)


def same_owners(one: ShardMap, other: ShardMap) -> bool:
    """Whether every key has the same adjudicator in both."""
    return all(
        one.adjudicators[bisect_right(one.cuts, start)] == other.adjudicators[bisect_right(other.cuts, start)]
        for start in (b"", *one.cuts, *other.cuts)
    )


def followed(shard_map: ShardMap, shards: dict[int, tuple[Span, ...]]) -> ShardMap:
    """The next version, in which these shards, and no others, follow these columns."""
    return replace(shard_map, version=shard_map.version + 1, followers=_followers(shards))


def _followers(shards: dict[int, tuple[Span, ...]]) -> tuple[Follower, ...]:
    return tuple(Follower(low, high, shard) for shard in sorted(shards) for low, high in shards[shard])


def handed_on(shard_map: ShardMap, children: dict[int, tuple[Span, ...]]) -> ShardMap:
    """The next version, in which each of `children` owns its spans, and the shards that own them so far follow
    theirs."""
    starts = {
        b"",
        *shard_map.cuts,
        *(edge for spans in children.values() for span in spans for edge in span if edge is not None),
    }
    pieces: list[tuple[bytes, int, int, Timestamp]] = []
    parents: set[int] = set()
    for start in sorted(starts):
        number = bisect_right(shard_map.cuts, start)
        shard = next(
            (child for child, spans in sorted(children.items()) if any(_in_span(start, span) for span in spans)), None
        )
        if shard is None:
            shard = shard_map.shards[number]
        else:
            parents.add(shard_map.shards[number])
        pieces.append((start, shard_map.adjudicators[number], shard, shard_map.beginning(number)))
    return replace(
        _of_pieces(shard_map, pieces), followers=_followers({parent: shard_map.spans(parent) for parent in parents})
    )


def _in_span(columns: bytes, span: Span) -> bool:
    return span[0] <= columns and (span[1] is None or columns < span[1])


def covers(spans: Iterable[Span], start: bytes, end: bytes) -> bool:
    """Whether one of `spans` has all columns of the keys [start, end)."""
    low = start[KEYSPACE_BYTES:]
    high = end[KEYSPACE_BYTES:] if end[:KEYSPACE_BYTES] == start[:KEYSPACE_BYTES] else None
    return any(first <= low and (last is None or (high is not None and high <= last)) for first, last in spans)


def joined_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same columns, ascending, neighbours as one span."""
    joined: list[Span] = []
    for low, high in sorted(spans, key=itemgetter(0)):
        if joined and (joined[-1][1] is None or low <= joined[-1][1]):
            first, last = joined.pop()
            joined.append((first, None if last is None or high is None else max(last, high)))
        else:
            joined.append((low, high))
    return tuple(joined)


def common_spans(one: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The columns that are in both."""
    others = list(others)
    both = [
        (max(low, other[0]), min((end for end in (high, other[1]) if end is not None), default=None))
        for low, high in one
        for other in others
    ]
    return joined_spans((low, high) for low, high in both if high is None or low < high)


def parted(spans: tuple[Span, ...], cut: bytes) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """What of `spans` lies below `cut`, and what does not."""
    below = tuple((low, cut if high is None or high > cut else high) for low, high in spans if low < cut)
    above = tuple((max(low, cut), high) for low, high in spans if high is None or high > cut)
    return below, above


def _of_pieces(shard_map: ShardMap, pieces: list[tuple[bytes, int, int, Timestamp]]) -> ShardMap:
    """The next version of the map. `pieces`: where each begins, its adjudicator, its shard, and since when."""
    whole: list[tuple[bytes, int, int, Timestamp]] = []
    for start, adjudicator, shard, since in pieces:
        if whole and whole[-1][1:3] == (adjudicator, shard):
            start, _, _, earlier = whole.pop()
            since = max(since, earlier)
        whole.append((start, adjudicator, shard, since))
    starts, adjudicators, shards, beginnings = zip(*whole, strict=True)
    return ShardMap(shard_map.version + 1, starts[1:], adjudicators, shards, beginnings, shard_map.followers)
