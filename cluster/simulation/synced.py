"""What would be left of a simulated disk if the power failed this moment: the synced bytes of the files whose folder
entries are synced, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from actors.common.settings import Journaling
from actors.common.timestamps import Lsn
from actors.journal.groups import Groups
from actors.journal.log import JournalLog
from actors.journal.record import ABORT, EPOCH_BEGIN, PART, RecordHeader
from actors.journal.segment import Segment
from actors.runtime.simulation.disk import DiskImage, FileImage, SimulatedDisk, SimulatedFile
from actors.runtime.simulation.loop import Owner


class SyncedFiles(SimulatedDisk):
    """To look at only: nothing is copied before it is read, and writing has no effect, as for the dead."""

    def __init__(self, image: DiskImage) -> None:
        super().__init__(image, Owner("witness"))
        self.owner.die()

    def open(self, path: str) -> SimulatedFile:
        return _SyncedFile(self, path)

    def list(self, folder: str = "") -> list[str]:
        prefix = f"{folder}/" if folder else ""
        return [name for name in super().list(folder) if self.exists(prefix + name)]

    def exists(self, path: str) -> bool:
        return path in self.image.files and self.image.files[path].entry_durable

    def read(self, path: str) -> bytes:
        return bytes(self.file(path).durable)

    def file(self, path: str) -> FileImage:
        """Raises FileNotFoundError."""
        if not self.exists(path):
            raise FileNotFoundError(path)
        return self.image.files[path]

    def fingerprint(self, path: str) -> bytes:
        """Of the file's contents: who has looked at the same before need not look again."""
        return blake2b(self.read(path), digest_size=16).digest()


class _SyncedFile(SimulatedFile):
    def __init__(self, disk: SyncedFiles, path: str) -> None:
        super().__init__(disk, path)
        self._synced = disk.file(path).durable

    @property
    def size(self) -> int:
        return len(self._synced)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._synced[offset : offset + length])


@dataclass(frozen=True)
class _Scanned:
    """What was found in a file when it was looked at last. It has only grown since where `rewrites` is what it was."""

    file: FileImage
    rewrites: int
    limit: Lsn
    segment: Segment
    grouping: tuple[RecordHeader, ...]
    """Of the records that a group begins or ends with."""


Scans = dict[str, _Scanned]
"""By path: of one disk's log."""


class _NotedGroups(Groups):
    def __init__(self) -> None:
        super().__init__()
        self.noted: list[RecordHeader] = []

    def note(self, header: RecordHeader) -> None:
        super().note(header)
        if header.part or header.kind in (PART, ABORT, EPOCH_BEGIN):
            self.noted.append(header)


class SyncedLog(JournalLog):
    """A journal's log as the next start would find it after a power failure: to look at only. It is looked at time and
    again, and most of its segments are what they were: each is scanned from where it ended the last time."""

    def __init__(self, image: DiskImage, scans: Scans) -> None:
        """`scans`: what was found so far, and is found now. Raises XX001."""
        super().__init__(SyncedFiles(image), Journaling())
        self._image = image
        self._scans = scans
        self._groups: _NotedGroups = _NotedGroups()
        self._read_disk()

    def _scan(self, segment: Segment, data: bytes, limit: Lsn) -> tuple[int, Lsn | None]:
        path = segment.name.path
        file = self._image.files[path]
        groups = self._groups
        groups.noted = []
        former = self._scans.get(path)
        if former is not None and former.file is file and former.rewrites == file.rewrites and former.limit == limit:
            known = former.segment
            segment.offsets, segment.epochs, segment.times = known.offsets, known.epochs, known.times
            segment.end = known.end
            for header in former.grouping:
                groups.note(header)
            if segment.end == len(data):  # it has not even grown
                return segment.end, None
        found = super()._scan(segment, data, limit)
        if found[1] is None:
            self._scans[path] = _Scanned(file, file.rewrites, limit, segment, tuple(groups.noted))
        else:
            self._scans.pop(path, None)
        return found
