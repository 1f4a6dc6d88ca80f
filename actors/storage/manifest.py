"""The manifest: what a storage replica's folder holds, and up to which commit time.

One small file, replaced atomically: CRC-32C and msgpack. What it names is durable; segment files that it does not name
are left over from a crash and removed. A restart reads it, maps the segments and subscribes after `watermark`.
"""

from __future__ import annotations

import msgspec

from actors.runtime.interfaces import Disk
from actors.storage.segment_layout import corrupted, with_checksum, without_checksum

PATH = "manifest"


class Manifest(msgspec.Struct, frozen=True):
    """`watermark`: all committed up to there is in `segments` (oldest first) and `drops`. `horizon`: reads below it
    would miss versions. `life`: drawn when the store began with nothing; a segment's name means one file within it. 0:
    written by a version that drew none. `times`: of those segments that were written without commit times, the one of
    all their rows."""

    watermark: int = 0
    horizon: int = 0
    segments: list[str] = []
    next_segment: int = 1
    catalog_changes: list[int] = []
    drops: list[tuple[bytes, bytes, int]] = []
    life: int = 0
    times: dict[str, int] = {}
    foreign: dict[str, float] = {}
    """Those segments that hold rows of other shards, too, which nobody asks for here; and the share of their bytes that
    is the shard's own."""
    later_ts: int = 0
    """Where that is above the watermark: rows and drops up to there may be in it, as several shards that were not
    equally far have become one. No moment between the two is in it."""


def load(disk: Disk) -> Manifest:
    """The manifest, or that of an empty store where there is none. Raises XX001 where it is damaged."""
    if not disk.exists(PATH):
        return Manifest()
    return decode(disk.read(PATH))


def decode(contents: bytes) -> Manifest:
    """Of the file's contents. Raises XX001 where they are damaged."""
    data = without_checksum(contents, PATH, "manifest")
    try:
        return msgspec.msgpack.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise corrupted(PATH, str(error)) from None


async def save(disk: Disk, manifest: Manifest) -> None:
    """Atomic and durable. Raises DatabaseError 53100 or 58030; the old manifest then still holds."""
    await disk.replace(PATH, with_checksum(msgspec.msgpack.encode(manifest)))
