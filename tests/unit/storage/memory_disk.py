"""A disk in memory: what was appended is there, nothing is ever lost. For tests of cores."""

from __future__ import annotations

from collections.abc import Callable

from actors.common.errors import DISK_FULL, DatabaseError


class MemoryFile:
    def __init__(self, disk: MemoryDisk, path: str) -> None:
        self._disk = disk
        self._path = path
        disk.files.setdefault(path, bytearray())

    @property
    def size(self) -> int:
        return len(self._disk.files[self._path])

    def append(self, data: bytes) -> int:
        if self._disk.full:
            raise DatabaseError(DISK_FULL, f"{self._path}: No space left on device")
        offset = self.size
        self._disk.files[self._path] += data
        return offset

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._disk.files[self._path][offset : offset + length])

    def truncate(self, size: int) -> None:
        del self._disk.files[self._path][size:]

    def sync(self, on_done: Callable[[DatabaseError | None], None]) -> None:
        on_done(None)

    def close(self) -> None:
        """Nothing to give back."""


class MemoryDisk:
    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.full = False

    def open(self, path: str) -> MemoryFile:
        return MemoryFile(self, path)

    def list(self, folder: str = "") -> list[str]:
        prefix = f"{folder}/" if folder else ""
        return sorted(
            path[len(prefix) :] for path in self.files if path.startswith(prefix) and "/" not in path[len(prefix) :]
        )

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        return bytes(self.files[path])

    def map(self, path: str) -> memoryview:
        return memoryview(bytes(self.files[path]))

    def neighbour(self, role: str) -> None:
        """It stands alone."""

    def link(self, neighbour: object, path: str, own: str) -> bool:
        return False

    async def settle_links(self) -> None:
        """Nothing is ever lost."""

    def remove(self, path: str) -> None:
        del self.files[path]

    async def replace(self, path: str, data: bytes) -> None:
        if self.full:
            raise DatabaseError(DISK_FULL, f"{path}: No space left on device")
        self.files[path] = bytearray(data)
