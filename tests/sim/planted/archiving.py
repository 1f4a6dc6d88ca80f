"""Bugs to plant into a storage replica's part in the object store. Each function changes the code of this process for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import google_crc32c
from msgspec.structs import replace

from actors.common.errors import DatabaseError
from actors.storage.archive import Archive
from actors.storage.archive_index import Folder, Listing, StoredCheckpoint, StoredSegment
from actors.storage.manifest import Manifest


def a_checkpoint_before_its_segments() -> None:
    """Segments are uploaded in the background, while the checkpoint that names them is there already."""
    stored = Archive._stored

    async def careless(archive: Archive, folder: Folder, listing: Listing, name: str, data: memoryview) -> StoredSegment:
        async def later() -> None:
            await asyncio.sleep(1.0)
            try:
                await stored(archive, folder, listing, name, data)
            except DatabaseError:
                pass

        archive._context.spawn(later())
        return StoredSegment(name, folder.segment(name), len(data), int(google_crc32c.value(bytes(data))))

    Archive._stored = careless  # type: ignore[method-assign]


def removes_what_the_newest_checkpoint_names() -> None:
    """What the former checkpoint names is held to be its own, though the newest one names it too."""
    garbage = Listing.garbage

    def careless(listing: Listing, folder: Folder, kept: Iterable[tuple[str, StoredCheckpoint]]) -> list[str]:
        newest, *former = kept
        own = [segment.key for _, checkpoint in former for segment in checkpoint.segments]
        return [*garbage(listing, folder, [newest]), *own]

    Listing.garbage = careless  # type: ignore[method-assign]


def opens_without_the_journals_tail() -> None:
    """A replica that was opened from the store holds itself to be up to date."""
    fetched = Archive._fetched

    async def careless(archive: Archive, *arguments: Any) -> Manifest:
        return replace(await fetched(archive, *arguments), watermark=archive._context.clock.now().earliest)

    Archive._fetched = careless  # type: ignore[method-assign]


def journals_go_by_the_disks_alone() -> None:
    def careless(archive: Archive, checkpoint_ts: int) -> int:
        return checkpoint_ts

    Archive.kept_ts = careless  # type: ignore[method-assign]
