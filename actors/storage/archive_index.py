"""What of a shard lies in the object store, and what of it may go. Pure: of a listing.

    shards/7/5f2c...-1/segments/00000012            one segment of the replica whose store has this life (manifest.py)
    shards/7/5f2c...-1/segments/00000013
    shards/7/5f2c...-1/checkpoints/00001795969377000000      names both, with size and CRC-32C; written after them
    shards/7/5f2c...-1/writer                       written before each upload: the folder's writer is at work
    shards/7/9e01...-1/...                          of another replica

A folder has one writer, who alone removes from it. A checkpoint counts where the listing has all that it names, each of
its size. The newest that counts, of whatever folder, is what the shard is opened from.

What goes: of the own folder what neither of its two newest checkpoints names, once the newest one counts. And all of a
folder whose writer has been silent for `SILENT_S` when a newer checkpoint of another folder counts: that replica's disk
is lost, or another one uploads now. A writer that finds its own folder as silent as half of that begins another one, so
nobody builds upon what somebody else is removing.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actors.common.ranges import Span
from actors.runtime.interfaces import StoredObject
from actors.storage.manifest import Manifest
from actors.storage.segment_layout import corrupted, with_checksum, without_checksum

SILENT_S = 86_400.0
"""By the store's clock. Far above what a stopped machine or a slow network can delay a removal that has been
decided."""
CHECKPOINTS_KEPT = 2
"""Of the own folder: who reads the former one may go on while the next is written."""


class StoredSegment(msgspec.Struct, frozen=True, array_like=True):
    """`name`: on the disk of the replica that has uploaded it, and in its manifest."""

    name: str
    key: str
    size: int
    crc: int


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """A manifest, and where the segments that it names are. `spans`: the shard's columns, which never change."""

    shard: int
    manifest: Manifest
    segments: list[StoredSegment]
    spans: tuple[Span, ...] = ()


def encode(checkpoint: StoredCheckpoint) -> bytes:
    return with_checksum(msgspec.msgpack.encode(checkpoint))


def decode(data: bytes, key: str) -> StoredCheckpoint:
    """Raises XX001 where the object is not what was written."""
    try:
        return msgspec.msgpack.decode(without_checksum(data, key, "checkpoint"), type=StoredCheckpoint)
    except msgspec.MsgspecError as error:
        raise corrupted(key, str(error)) from None


def shard_folder(shard: int) -> str:
    return f"shards/{shard}/"


class Folder:
    """Of one writer: `shards/<shard>/<life>-<session>/`."""

    def __init__(self, shard: int, life: int, session: int) -> None:
        self.prefix = f"{shard_folder(shard)}{life:016x}-{session}/"
        self.next = (shard, life, session + 1)
        """What the one after it is made of."""
        self.writer = f"{self.prefix}writer"

    def segment(self, name: str) -> str:
        return f"{self.prefix}segments/{name.rpartition('/')[2].partition('.')[0]}"

    def checkpoint(self, watermark: int) -> str:
        return f"{self.prefix}checkpoints/{watermark:020}"


class Listing:
    """All that is stored of `shard`."""

    def __init__(self, shard: int, objects: Iterable[StoredObject]) -> None:
        self._shard = shard
        self._objects = {found.key: found for found in objects}
        self._last_s: dict[str, float] = {}
        """By folder: when its writer was last at work."""
        checkpoints: list[tuple[int, str]] = []
        for key, found in self._objects.items():
            folder = _folder_of(key)
            self._last_s[folder] = max(found.written_s, self._last_s.get(folder, found.written_s))
            kind, _, number = key.removeprefix(folder).partition("/")
            if kind == "checkpoints" and number.isdecimal():
                checkpoints.append((int(number), key))
        self.checkpoints = sorted(checkpoints, reverse=True)
        """(watermark, key), newest first; whether they count is not known yet."""

    def counts(self, checkpoint: StoredCheckpoint) -> bool:
        """Whether everything that it names is there."""
        return all(self.has(segment) for segment in checkpoint.segments)

    def has(self, segment: StoredSegment) -> bool:
        found = self._objects.get(segment.key)
        return found is not None and found.size == segment.size

    def own_folder(self, life: int) -> Folder:
        """The newest of the replica whose store has this life; a first one where it has none."""
        prefix = f"{shard_folder(self._shard)}{life:016x}-"
        sessions = [
            int(folder.removeprefix(prefix).rstrip("/")) for folder in self._last_s if folder.startswith(prefix)
        ]
        return Folder(self._shard, life, max(sessions, default=1))

    def last_s(self, folder: Folder) -> float:
        """When its writer was last at work."""
        return self._last_s.get(folder.prefix, 0.0)

    def was_silent(self, folder: Folder, last_s: float) -> bool:
        """Others have written long after `last_s`, so that they may be about to remove what is in `folder`."""
        return any(at - last_s > SILENT_S / 2 for name, at in self._last_s.items() if name != folder.prefix)

    def garbage(self, folder: Folder, kept: Iterable[tuple[str, StoredCheckpoint]]) -> list[str]:
        """`kept`: the checkpoints of `folder`, which is the caller's own, that stay; the newest of them counts, and no
        other folder has a newer one. What may go, checkpoints first."""
        stays = {folder.writer}
        for key, checkpoint in kept:
            stays.add(key)
            stays.update(segment.key for segment in checkpoint.segments)
        own_s = self._last_s[folder.prefix]
        gone = [
            key
            for key in self._objects
            if (key.startswith(folder.prefix) and key not in stays)
            or (not key.startswith(folder.prefix) and own_s - self._last_s[_folder_of(key)] > SILENT_S)
        ]
        return sorted(gone, key=lambda key: ("/checkpoints/" not in key, key))


def _folder_of(key: str) -> str:
    """shards/7/5f2c...-1/ of whatever is in it."""
    return "/".join(key.split("/", 3)[:3]) + "/"
