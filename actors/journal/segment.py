"""One file of a journal replica's log, and the frames in it. Written only at its end, never cut: what rules over what
follows from the files' names.

    log/<generation, 8 digits>-<first lsn, 20 digits>-<epoch of the record before it, 10 digits>
    frame: magic (4) | length of the record (4) | synced (8) | record (record.py)

`synced` is the last record that this replica knew to be on disk when it wrote the frame. So a damaged record is told
from a torn one at the next start: where an intact frame says that the damaged record was synced, it is damage; else it
was never acknowledged, and may go.

A segment of a higher generation overrides every record from its first lsn on in all lower ones (see log.py).
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field
from functools import cached_property

from actors.common.timestamps import Epoch, Lsn
from actors.journal.record import is_intact
from actors.runtime.interfaces import File

FOLDER = "log"
MAGIC = b"\xe1RJ\n"
FRAME = struct.Struct("<4sIQ")
FRAME_BYTES = FRAME.size
SECTOR_BYTES = 512
"""What a disk writes as a whole."""


@dataclass(frozen=True, order=True)
class SegmentName:
    generation: int
    first_lsn: Lsn
    previous_epoch: Epoch

    @cached_property
    def path(self) -> str:
        return f"{FOLDER}/{self.generation:08d}-{self.first_lsn:020d}-{self.previous_epoch:010d}"

    @classmethod
    def parse(cls, name: str) -> SegmentName:
        generation, first, previous = name.split("-")
        return cls(int(generation), int(first), int(previous))


@dataclass(eq=False)
class Segment:
    """Records first_lsn, first_lsn + 1 ...; `offsets[i]` is where record first_lsn + i's frame begins, `end` where the
    last one's ends."""

    name: SegmentName
    file: File
    offsets: array[int] = field(default_factory=lambda: array("q"))
    epochs: array[int] = field(default_factory=lambda: array("q"))
    times: array[int] = field(default_factory=lambda: array("q"))
    end: int = 0
    synced_end: int = -1
    """So many bytes are on disk; -1: not even the file's entry in its folder may be."""

    def __post_init__(self) -> None:
        self.first_lsn: Lsn = self.name.first_lsn

    @property
    def last_lsn(self) -> Lsn:
        return self.first_lsn + len(self.offsets) - 1

    def note(self, offset: int, end: int, epoch: Epoch, commit_ts: int) -> None:
        self.offsets.append(offset)
        self.epochs.append(epoch)
        self.times.append(commit_ts)
        self.end = end

    def cut(self, lsn: Lsn) -> None:
        """Forget record `lsn` and those after it; their bytes stay, overridden by a segment of a higher generation."""
        place = lsn - self.first_lsn
        if 0 <= place < len(self.offsets):
            self.end = self.offsets[place]
            del self.offsets[place:], self.epochs[place:], self.times[place:]


def encode_frames(records: list[bytes], synced: Lsn) -> bytes:
    pack = FRAME.pack
    parts: list[bytes] = []
    for record in records:
        parts.append(pack(MAGIC, len(record), synced))
        parts.append(record)
    return b"".join(parts)


def frame_at(data: bytes, offset: int) -> tuple[Lsn, bytes] | None:
    """(synced, record) of the intact frame that begins at `offset`, else None."""
    start = offset + FRAME_BYTES
    if start > len(data):
        return None
    magic, length, synced = FRAME.unpack_from(data, offset)
    if magic != MAGIC or start + length > len(data):
        return None
    record = data[start : start + length]
    return (synced, record) if is_intact(record) else None


def synced_after(data: bytes, offset: int) -> Lsn:
    """The highest `synced` of all intact frames at or after `offset`, wherever they begin; -1 where there is none."""
    highest = -1
    place = data.find(MAGIC, offset)
    while place >= 0:
        frame = frame_at(data, place)
        if frame is not None:
            highest = max(highest, frame[0])
            place += FRAME_BYTES + len(frame[1]) - 1
        place = data.find(MAGIC, place + 1)
    return highest


def looks_torn(data: bytes, offset: int) -> bool:
    """Whether the broken frame at `offset` may be a write that did not end: it goes past the file's end, or a whole
    sector's part of it is zero."""
    start = offset + FRAME_BYTES
    if start > len(data) or not any(data[offset:start]):
        return True
    magic, length, _ = FRAME.unpack_from(data, offset)
    end = start + length
    if end > len(data):
        return True
    while magic == MAGIC and offset < end:
        piece_end = min(end, (offset // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if not any(data[offset:piece_end]):
            return True
        offset = piece_end
    return False
