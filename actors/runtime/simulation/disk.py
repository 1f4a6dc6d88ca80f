"""Simulated disks: what a role wrote, what of it is durable, and what a crash makes of the difference.

A `DiskImage` lives as long as the world and belongs to one role; a `SimulatedDisk` is its mount by one life of the
process. Every file has its contents as the process sees them, and a list of writes since the last sync that ended.

- kill -9 keeps everything (the operating system has it), but a `replace` under way may or may not have happened.
- A power failure keeps, of the unsynced writes of each file, a random number in order; the next one may be kept in part
  (torn), and one of those kept may be a hole of zeros. A new file that was never synced may be gone, a removed one may
  be back.
- A sync takes time, covers what was written before it began, and may fail (58030; the file is then given up). A full
  disk refuses with
  53100. `flip_bit` and `wipe` are for the test to call.

After its process has died, a mount does nothing any more: whatever the dead code still tries on its way out has no
effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from actors.common.errors import DISK_FULL, IO_ERROR, DatabaseError
from actors.runtime.interfaces import Disk
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.loop import Owner
from actors.runtime.simulation.trace import Trace

OnSynced = Callable[[DatabaseError | None], None]
Write = tuple[int, bytes | None]
"""(offset, data); data None: truncated to offset."""


def _apply(contents: bytearray, write: Write) -> None:
    offset, data = write
    if data is None:
        del contents[offset:]
        return
    if len(contents) < offset:
        contents.extend(bytes(offset - len(contents)))
    contents[offset : offset + len(data)] = data


class FileImage:
    """`contents`: as its process sees them; `durable`: what is synced of them."""

    def __init__(self, data: bytes = b"") -> None:
        self.contents = bytearray(data)
        self.durable = bytearray(data)
        self.unsynced: list[Write] = []
        self.entry_durable = False
        self.rewrites = 0
        """Of what was durable already: for checkers, to whom a file that has only grown is the one that they know."""

    def write(self, write: Write) -> None:
        _apply(self.contents, write)
        self.unsynced.append(write)

    def make_durable(self, writes: int) -> None:
        for write in self.unsynced[:writes]:
            self.rewrites += write[0] < len(self.durable)
            _apply(self.durable, write)
        del self.unsynced[:writes]
        self.entry_durable = True

    def lose_power(self, random: Random, faults: Faults) -> None:
        self.rewrites += 1
        kept = random.randint(0, len(self.unsynced))
        hole = random.randrange(kept) if kept and random.random() < faults.hole_chance else -1
        for number, (offset, data) in enumerate(self.unsynced[:kept]):
            _apply(self.durable, (offset, bytes(len(data)) if number == hole and data is not None else data))
        if kept < len(self.unsynced) and random.random() < faults.tear_chance:
            offset, data = self.unsynced[kept]
            if data:
                _apply(self.durable, (offset, data[: random.randrange(len(data))]))
        self.contents = bytearray(self.durable)
        self.unsynced.clear()


CAPACITY_BYTES = 1 << 62
"""No disk is full by itself."""


class DiskImage:
    """The platter. `capacity_bytes` may be changed at any time."""

    def __init__(self, name: str, random: Random, faults: Faults, trace: Trace) -> None:
        self.name = name
        self.faults = faults
        self.capacity_bytes = CAPACITY_BYTES
        self.files: dict[str, FileImage] = {}
        self.removed: dict[str, FileImage] = {}
        self.replacing: dict[str, bytes] = {}
        self.is_given_up = False
        """Cleared: its role will not be run again."""
        self.on_removed: Callable[[str], None] = lambda path: None
        """For checkers: a file is gone, as far as its process sees."""
        self.on_replaced: Callable[[str], None] = lambda path: None
        """For checkers: a file has been replaced as a whole, durably."""
        self.random = random
        self.trace = trace

    @property
    def used_bytes(self) -> int:
        return sum(len(file.contents) for file in self.files.values())

    def check_room(self, more: int, path: str) -> None:
        if self.capacity_bytes < CAPACITY_BYTES and self.used_bytes + more > self.capacity_bytes:
            raise DatabaseError(DISK_FULL, f"{path}: No space left on device")

    def end_life(self) -> None:
        """The process has ended, whichever way: what it was replacing has been replaced, or never will be."""
        for path, data in sorted(self.replacing.items()):
            if self.random.random() < 0.5:
                self.put(path, data)
        self.replacing.clear()

    def lose_power(self) -> None:
        for path, file in sorted(self.removed.items()):
            if (
                path not in self.files
                and file.entry_durable
                and self.random.random() < self.faults.unsynced_entry_loss_chance
            ):
                self.files[path] = file
        self.removed.clear()
        for path, file in sorted(self.files.items()):
            if not file.entry_durable and self.random.random() < self.faults.unsynced_entry_loss_chance:
                del self.files[path]
                continue
            lost = len(file.unsynced)
            file.lose_power(self.random, self.faults)
            file.entry_durable = True
            self.trace.add(
                "disk", f"{self.name} {path} {lost} unsynced writes, {len(file.contents)} bytes after the power failure"
            )

    def put(self, path: str, data: bytes) -> None:
        """Durably, and with it its folder's other entries."""
        file = FileImage(data)
        file.entry_durable = True
        self.files[path] = file
        self.settle_folder(path)

    def settle_folder(self, path: str) -> None:
        """A folder was synced: what was removed from it stays so."""
        folder = path.rpartition("/")[0]
        for gone in [name for name in self.removed if name.rpartition("/")[0] == folder]:
            del self.removed[gone]

    def flip_bit(self, path: str | None = None) -> str | None:
        """Rot one bit of a file (None: any with contents). The path, or None where there is nothing to rot."""
        paths = [path] if path is not None else [name for name, file in sorted(self.files.items()) if file.durable]
        if not paths:
            return None
        chosen = self.random.choice(paths)
        file = self.files[chosen]
        place = self.random.randrange(len(file.durable))
        mask = 1 << self.random.randrange(8)
        file.durable[place] ^= mask
        file.rewrites += 1
        if place < len(file.contents):
            file.contents[place] ^= mask
        self.trace.add("disk", f"{self.name} {chosen} bit flipped in byte {place}")
        return chosen

    def wipe(self) -> None:
        """The disk is lost and replaced by an empty one."""
        self.files.clear()
        self.removed.clear()
        self.replacing.clear()
        self.trace.add("disk", f"{self.name} wiped")

    def sync_delay_s(self) -> float:
        faults = self.faults
        if self.random.random() < faults.sync_spike_chance:
            return self.random.uniform(faults.sync_s_max, faults.sync_spike_s_max)
        return self.random.uniform(faults.sync_s_min, faults.sync_s_max)


class SimulatedFile:
    """See interfaces.File."""

    def __init__(self, disk: SimulatedDisk, path: str) -> None:
        self._disk = disk
        self._image = disk.image
        self._path = path
        self._file = self._image.files.setdefault(path, FileImage()) if disk.owner.alive else FileImage()
        self._waiting: list[OnSynced] = []
        self._syncing = False
        self._failed: DatabaseError | None = None
        self._closed = False

    @property
    def size(self) -> int:
        return len(self._file.contents)

    def append(self, data: bytes) -> int:
        assert not self._closed
        offset = len(self._file.contents)
        if self._disk.owner.alive:
            self._image.check_room(len(data), self._path)
            self._file.write((offset, bytes(data)))
        return offset

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._file.contents[offset : offset + length])

    def truncate(self, size: int) -> None:
        assert size <= self.size
        if self._disk.owner.alive:
            self._file.write((size, None))

    def sync(self, on_done: OnSynced) -> None:
        assert not self._closed
        self._waiting.append(on_done)
        if not self._syncing:
            self._begin()

    def close(self) -> None:
        self._closed = True

    def _begin(self) -> None:
        self._syncing = True
        callbacks = self._waiting
        self._waiting = []
        failing = self._image.random.random() < self._image.faults.sync_failure_chance
        loop = asyncio.get_running_loop()
        loop.call_later(self._image.sync_delay_s(), self._end, callbacks, len(self._file.unsynced), failing)

    def _end(self, callbacks: list[OnSynced], writes: int, failing: bool) -> None:
        self._syncing = False
        if failing and self._failed is None:
            self._failed = DatabaseError(IO_ERROR, f"{self._path}: Input/output error")
        elif self._failed is None:
            new = not self._file.entry_durable
            self._file.make_durable(writes)
            if new:
                self._image.settle_folder(self._path)
        self._image.trace.add(
            "sync", f"{self._image.name} {self._path} {len(self._file.durable)} {'failed' if self._failed else 'ok'}"
        )
        if self._waiting:
            self._begin()
        for on_done in callbacks:
            on_done(self._failed)


class SimulatedDisk:
    """See interfaces.Disk. One life's mount of `image`. `room`: the disks beside it, by their roles' names."""

    def __init__(
        self, image: DiskImage, owner: Owner, room: Callable[[str], DiskImage | None] = lambda role: None
    ) -> None:
        self.image = image
        self.owner = owner
        self._room = room
        self._linked: list[str] = []

    def open(self, path: str) -> SimulatedFile:
        assert path and all(part not in ("", ".", "..") for part in path.split("/")), f"not a relative path: {path!r}"
        return SimulatedFile(self, path)

    def list(self, folder: str = "") -> list[str]:
        prefix = f"{folder}/" if folder else ""
        names = (path[len(prefix) :] for path in self.image.files if path.startswith(prefix))
        return sorted(name for name in names if "/" not in name)

    def exists(self, path: str) -> bool:
        return path in self.image.files

    def read(self, path: str) -> bytes:
        if path not in self.image.files:
            raise FileNotFoundError(path)
        return bytes(self.image.files[path].contents)

    def map(self, path: str) -> memoryview:
        return memoryview(self.read(path))

    def remove(self, path: str) -> None:
        if path not in self.image.files:
            raise FileNotFoundError(path)
        if self.owner.alive:
            self.image.removed[path] = self.image.files.pop(path)
            self.image.on_removed(path)

    def neighbour(self, role: str) -> SimulatedDisk | None:
        image = self._room(role)
        return SimulatedDisk(image, self.owner) if image is not None and image.files else None

    def link(self, neighbour: Disk, path: str, own: str) -> bool:
        """Each name's file rots by itself: damage that both had would be found by both."""
        assert isinstance(neighbour, SimulatedDisk)
        if self.owner.alive and neighbour.exists(path):
            assert own not in self.image.files
            self.image.files[own] = FileImage(bytes(neighbour.image.files[path].durable))
            self._linked.append(own)
        return self.exists(own)

    async def settle_links(self) -> None:
        linked, self._linked = self._linked, []
        await asyncio.sleep(self.image.sync_delay_s())
        for path in linked if self.owner.alive else ():
            if path in self.image.files:
                self.image.files[path].entry_durable = True
                self.image.settle_folder(path)
            self.image.trace.add("sync", f"{self.image.name} {path} linked")

    async def clear(self) -> None:
        if self.owner.alive:
            self.image.wipe()
            self.image.is_given_up = True

    async def replace(self, path: str, data: bytes) -> None:
        self.image.check_room(len(data), path)
        if self.owner.alive:
            self.image.replacing[path] = bytes(data)
        await asyncio.sleep(self.image.sync_delay_s() + self.image.sync_delay_s())
        if self.owner.alive:
            data = self.image.replacing.pop(path, data)
            self.image.put(path, data)
            self.image.trace.add("sync", f"{self.image.name} {path} {len(data)} replaced")
            self.image.on_replaced(path)
