"""What may go of shards and journals that have ended, and what stays."""

from __future__ import annotations

from actors.common.messages.control import Topology
from actors.common.ranges import ShardMap
from actors.runtime.interfaces import StoredObject
from actors.storage.ended import GRACE_S, left_over

NOW_S = 10 * GRACE_S
OLD_S = NOW_S - GRACE_S - 1.0
TOPOLOGY = Topology(
    version=1,
    routes={},
    azs={"storage/2/a": "a", "storage/3/a": "a", "journal/0/a": "a", "journal/4/a": "a"},
    shard_map=ShardMap(7, (b"m",), (4, 4), (2, 3)),
)


def shard(number: int, written_s: float) -> list[StoredObject]:
    return [
        StoredObject(f"shards/{number}/1-1/{name}", 10, written_s) for name in ("checkpoints/5", "segments/1", "writer")
    ]


def piece(journal: int, written_s: float) -> StoredObject:
    return StoredObject(f"journals/{journal}/1-2-3-10", 10, written_s)


def test_what_has_ended_long_ago_goes_checkpoints_first() -> None:
    found = [
        *shard(2, NOW_S),
        *shard(3, OLD_S),
        *shard(1, OLD_S),
        piece(0, OLD_S),
        piece(4, OLD_S),
        piece(1, OLD_S),
        StoredObject("cluster.json", 1, OLD_S),
    ]
    assert left_over(found, TOPOLOGY) == [
        "shards/1/1-1/checkpoints/5",
        "journals/1/1-2-3-10",
        "shards/1/1-1/segments/1",
        "shards/1/1-1/writer",
    ]


def test_what_was_written_since_stays() -> None:
    """A reader may still be at it; or it is newer than the map that says that it has ended."""
    assert left_over([*shard(2, NOW_S), *shard(3, OLD_S), *shard(1, OLD_S + 2.0), piece(5, NOW_S)], TOPOLOGY) == []


def test_parents_stay_until_their_children_are_stored() -> None:
    without = [one for one in shard(3, NOW_S) if "/checkpoints/" not in one.key]
    assert left_over([*shard(2, NOW_S), *without, *shard(1, OLD_S)], TOPOLOGY) == []
    assert left_over([*shard(2, NOW_S), *shard(1, OLD_S)], TOPOLOGY) == []
