"""What would be left of a simulated disk if the power failed this moment: the synced bytes of the files whose folder entries are synced, and nothing else."""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from actors.runtime.simulation.disk import DiskImage, SimulatedDisk
from actors.runtime.simulation.loop import Owner


def synced_copy(image: DiskImage) -> SimulatedDisk:
    """A copy: what an opening tidies up stays on the disk itself."""
    copy = DiskImage(image.name, Random(0), image.faults, image.trace)
    for path, file in image.files.items():
        if file.entry_durable:
            copy.put(path, bytes(file.durable))
    return SimulatedDisk(copy, Owner("witness"))


class SyncedFiles(SimulatedDisk):
    """The same to look at only: nothing is copied before it is read. Writing has no effect, as for the dead."""

    def __init__(self, image: DiskImage) -> None:
        super().__init__(image, Owner("witness"))
        self.owner.alive = False

    def exists(self, path: str) -> bool:
        return path in self.image.files and self.image.files[path].entry_durable

    def read(self, path: str) -> bytes:
        if not self.exists(path):
            raise FileNotFoundError(path)
        return bytes(self.image.files[path].durable)

    def fingerprint(self, path: str) -> bytes:
        """Of the file's contents: who has looked at the same before need not look again."""
        return blake2b(self.read(path), digest_size=16).digest()
