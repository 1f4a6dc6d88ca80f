"""Storage replica -> another replica of its shard: what is on your disk? So one that lost its own, or was away for too
long, is filled (storage/filling.py)."""

from __future__ import annotations

from actors.common.messages.base import Message


class AskContents(Message, frozen=True):
    """Answer: Contents."""


class Contents(Message, frozen=True):
    """`manifest`: the manifest file as it lies on the disk (storage/manifest.py), checksum included; b"" where there is
    none yet."""

    manifest: bytes


class AskPiece(Message, frozen=True):
    """Up to `bytes_max` bytes from `offset` on of a segment that the manifest names. `life`: the manifest's; names come
    back after the disk's loss. Answer: Piece. Failure 58P01: the segment has been merged away since, or the disk has
    been lost."""

    segment: str
    offset: int
    bytes_max: int
    life: int = 0


class Piece(Message, frozen=True):
    """`size`: of the whole segment, in bytes."""

    data: bytes
    size: int
