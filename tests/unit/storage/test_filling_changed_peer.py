"""Filling from a peer that loses its disk meanwhile, and is filled or begins anew itself: nothing of its two lives is
mixed, and what it no longer has is not taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from actors.common import write_set
from actors.common.messages import AskContents, AskPiece
from actors.storage import filling, manifest
from actors.storage.maintenance import Maintenance
from actors.storage.manifest import Manifest
from actors.storage.segment_layout import with_checksum, without_checksum
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

Rows = list[tuple[bytes, int]]
"""Keys and commit times; the value says the time."""


async def made(life: int, *checkpoints: tuple[int, Rows]) -> MemoryDisk:
    """A disk with a segment for each of these: up to which time, and what is new in it."""
    disk = MemoryDisk()
    store = Store(disk, life=life)
    maintenance = Maintenance(store, 8)
    for watermark, rows in checkpoints:
        for key, commit_ts in rows:
            store.apply(write_set.encode([key], [b"%d" % commit_ts], [write_set.PUT]), commit_ts)
        await maintenance.checkpoint(watermark, 0)
    return disk


class Peers:
    """Their disks by name, asked as over a bus. `lost[name]`: the disk that one has after so many messages to it."""

    def __init__(self, **disks: MemoryDisk) -> None:
        self.disks = disks
        self.lost: dict[str, tuple[int, MemoryDisk]] = {}
        self.asked: list[tuple[str, Any]] = []

    async def call(self, sender: str, destination: str, message: Any, timeout_s: float) -> Any:
        at, disk = self.lost.get(destination, (-1, self.disks[destination]))
        if sum(name == destination for name, _ in self.asked) == at:
            self.disks[destination] = disk
        self.asked.append((destination, message))
        disk = self.disks[destination]
        return filling.contents(disk) if isinstance(message, AskContents) else filling.piece(disk, message)

    def pieces(self, name: str) -> list[str]:
        return [message.segment for asked, message in self.asked if asked == name and isinstance(message, AskPiece)]


async def filled(peers: Peers, own: MemoryDisk, wanted: Callable[[Manifest], bool]) -> bool:
    context = cast(Any, SimpleNamespace(bus=peers, name="taker"))
    return await filling.fill(context, sorted(peers.disks), Store(own, life=99), wanted)


def above_50(offer: Manifest) -> bool:
    return offer.watermark > 50


ALL: Rows = [(b"hot", 10), (b"old", 20), (b"late", 110), (b"hot", 150), (b"new", 210)]


@pytest.mark.parametrize("messages", [1, 2])
@pytest.mark.parametrize("after", [[(220, ALL)], [(150, ALL[:3]), (160, ALL[3:4]), (220, ALL[4:])]])
def test_segments_of_two_lives_are_not_mixed(messages: int, after: list[tuple[int, Rows]]) -> None:
    """The peer loses its disk after so many messages, and is filled from one that has its rows, and more, in other
    segments of the same names."""

    async def test() -> None:
        peers = Peers(peer=await made(1, (100, ALL[:2]), (200, ALL[2:3])))
        peers.lost["peer"] = messages, await made(2, *after)
        own = MemoryDisk()
        assert await filled(peers, own, above_50)
        store = Store(own)
        assert store.checkpoint_ts == 220
        assert [store.get(key, 220) for key in (b"hot", b"old", b"late", b"new")] == [b"150", b"20", b"110", b"210"]
        assert set(own.files) == {"manifest", *(segment.name for segment in store.segments)}

    asyncio.run(test())


def test_what_was_copied_is_kept_when_the_peer_only_merges() -> None:
    async def test() -> None:
        peer = await made(1, (100, [(b"a", 10)]), (200, [(b"b", 110)]), (300, [(b"c", 210)]))
        merged = MemoryDisk()
        merged.files = {path: bytearray(data) for path, data in peer.files.items()}
        store = Store(merged)
        await Maintenance(store, 8).merge_run(store.segments[1:], 0)
        peers = Peers(peer=peer)
        peers.lost["peer"] = 2, merged
        own = MemoryDisk()
        assert await filled(peers, own, above_50)
        first, second, last = (f"segments/0000000{number}.arrow" for number in (1, 2, 4))
        assert peers.pieces("peer") == [first, second, last]
        assert [Store(own).get(key, 300) for key in (b"a", b"b", b"c")] == [b"10", b"110", b"210"]

    asyncio.run(test())


def test_a_manifest_of_a_version_that_knew_no_lives_is_read_and_gets_one() -> None:
    async def test() -> None:
        disk = await made(1, (100, [(b"a", 10)]))
        fields = msgspec.msgpack.decode(without_checksum(disk.read(manifest.PATH), manifest.PATH, ""))
        del fields["life"]
        await disk.replace(manifest.PATH, with_checksum(msgspec.msgpack.encode(fields)))
        own = MemoryDisk()
        assert await filled(Peers(peer=disk), own, above_50)
        store = Store(disk, life=5)
        assert (store.get(b"a", 100), store.life, Store(own).life) == (b"10", 5, 99)
        await Maintenance(store, 8).checkpoint(200, 0)
        assert Store(disk, life=6).life == 5

    asyncio.run(test())


def test_a_peer_that_has_lost_what_is_wanted_is_left_for_another() -> None:
    """It offered the most, began anew and has nothing, or less than the taker: what the taker has stays, and the next
    one is asked."""

    async def test(lost: MemoryDisk, others: dict[str, MemoryDisk]) -> None:
        own = await made(99, (50, [(b"mine", 10)]))
        before = dict(own.files)
        peers = Peers(best=await made(1, (100, ALL[:2]), (200, ALL[2:3])), **others)
        peers.lost["best"] = 2, lost
        assert await filled(peers, own, above_50) == bool(others)
        assert own.files == before or others
        assert Store(own).checkpoint_ts == (100 if others else 50)
        assert {peer for peer, _ in peers.asked} == set(peers.disks)

    async def tests() -> None:
        for lost in (MemoryDisk(), await made(2, (40, [(b"hot", 10)]))):
            await test(lost, {})
            await test(lost, {"other": await made(3, (100, ALL[:2]))})

    asyncio.run(tests())
