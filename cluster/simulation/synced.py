"""What would be left of a simulated disk if the power failed this moment: the synced bytes of the files whose folder entries are synced, and nothing else."""

from __future__ import annotations

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
