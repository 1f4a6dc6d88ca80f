"""A manifest is the shard at its watermark, and nothing later, or it says so: what it is restored to is one moment."""

from __future__ import annotations

import asyncio

from actors.storage import manifest as manifest_file
from actors.storage.manifest import Manifest
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

DROP = (b"\0\0\0\1\0\1", b"\0\0\0\2", 15)


def opened(manifest: Manifest) -> Store:
    disk = MemoryDisk()
    asyncio.run(manifest_file.save(disk, manifest))
    return Store(disk)


def test_what_came_after_the_watermark_is_in_no_manifest_before() -> None:
    store = opened(Manifest(watermark=10, drops=[DROP], catalog_changes=[5, 18]))
    before, after = store.manifest(12), store.manifest(18)
    assert (before.drops, before.catalog_changes, before.later_ts) == ([], [5], 0)
    assert (after.drops, after.catalog_changes) == ([DROP], [5, 18])


def test_shards_that_were_not_equally_far_are_no_moment_until_they_are() -> None:
    store = opened(Manifest(watermark=10, later_ts=20, drops=[DROP], catalog_changes=[5, 18]))
    before, after = store.manifest(12), store.manifest(20)
    assert (before.later_ts, before.drops, before.catalog_changes) == (20, [DROP], [5, 18])
    assert after.later_ts == 0
