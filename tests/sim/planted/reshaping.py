"""Bugs to plant into shards that end and others that take their place. Each function changes the code of this process
for good."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from actors.common import ranges
from actors.common.ranges import KEYSPACE_BYTES, ShardMap
from actors.common.timestamps import Timestamp
from actors.crossbar.crossbar import Crossbar
from actors.reading import storage_client
from actors.storage import inheriting
from actors.storage.manifest import Manifest
from actors.storage.store import Store
from cluster.reshaping import Reshaping
from cluster.state import Reshape


def a_new_shard_subscribes_one_record_late() -> None:
    """After the newest record that its parents have, and not after what was copied of them."""
    united = inheriting.united

    def careless(store: Store, manifests: list[Manifest]) -> Manifest:
        whole = united(store, manifests)
        return replace(whole, watermark=whole.watermark + 20_000) if whole.watermark else whole

    inheriting.united = careless


def two_shards_become_one_at_the_later_watermark() -> None:
    united = inheriting.united

    def careless(store: Store, manifests: list[Manifest]) -> Manifest:
        return replace(
            united(store, manifests), watermark=max((manifest.watermark for manifest in manifests), default=0)
        )

    inheriting.united = careless


def a_new_shard_forgets_what_its_parents_dropped() -> None:
    united = inheriting.united
    inheriting.united = lambda store, manifests: replace(united(store, manifests), drops=[])


def a_new_shard_keeps_all_rows_of_its_parents() -> None:
    inheriting.lies_inside = lambda footer, spans: True  # type: ignore[attr-defined]


def the_ring_has_nothing_for_a_new_shard() -> None:
    """The crossbar goes on with what it has merged and cut for other shards."""

    def careless(crossbar: Crossbar) -> None:
        for shard in crossbar.shard_map.all_shards():
            crossbar.ring._times.setdefault(shard, [])
            crossbar.ring._entries.setdefault(shard, [])

    Crossbar._route_anew = careless  # type: ignore[method-assign]


def a_gone_shard_goes_on_getting_watermarks() -> None:
    """It follows no more as soon as its columns have been handed on, and whoever does not know that reads there."""
    handed_on = ranges.handed_on
    ranges.handed_on = lambda shard_map, children: replace(handed_on(shard_map, children), followers=())
    Crossbar._dismiss = lambda *_: None  # type: ignore[method-assign]


def a_scan_reads_from_followers_too() -> None:
    pieces = ShardMap.scan_pieces

    def careless(shard_map: ShardMap, start: bytes, end: bytes) -> list[tuple[bytes, bytes, int]]:
        found = pieces(shard_map, start, end)
        for one in shard_map.followers:
            space = start[:KEYSPACE_BYTES]
            low, high = max(start, space + one.low), end if one.high is None else min(end, space + one.high)
            if low < high:
                found.append((low, high, one.shard))
        return found

    class Careless(storage_client.ShardScan):
        __slots__ = ()

        def _cut(self, start: bytes, end: bytes) -> list[Any]:
            cut = [storage_client._Piece(low, high) for low, high, _ in careless(self._client.shard_map(), start, end)]
            if not self._reverse:
                cut.reverse()
            return cut

    storage_client.ShardScan = Careless  # type: ignore[misc]


def parents_end_before_their_children_are_there() -> None:
    async def careless(*_: object) -> bool:
        return True

    Reshaping._are_there = careless  # type: ignore[method-assign]


def a_new_shard_is_asked_for_later_each_time() -> None:
    """Whether it has what was committed up to now; and where it has not, whether it has what was up to a later now."""
    are_there = Reshaping._are_there

    async def careless(reshaping: Reshaping, reshape: Reshape, _: Timestamp, all_of_them: bool) -> bool:
        return await are_there(reshaping, reshape, reshaping._context.clock.now().latest, all_of_them)

    Reshaping._are_there = careless  # type: ignore[method-assign]
