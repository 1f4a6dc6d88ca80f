"""The real disk: a role's own folder on a local file system.

What it promises: once `sync` has called back with None, every byte appended before the call, and the file itself (its
entry in its folder, and that folder's in its own), survive a crash of the machine. `replace` is atomic and durable when
it returns. Paths cannot leave the folder.

Group commit. All syncs of a file that one turn of the loop asks for are one fdatasync, one at a time for each file;
what is asked for meanwhile is the next group. The loop goes on: the kernel syncs by itself (kernel_syncs.py), or, where
it cannot, and where a new file's folders are to be synced, a thread of the disk does.

    file.append(b"one"); file.sync(first)
    file.append(b"two"); file.sync(second)      one fdatasync, then first(None), second(None)

Appends write through to the operating system (they survive a kill -9, not a power failure). A full disk raises 53100
and leaves the file as it was. A failed fdatasync is final (the kernel may have dropped the pages): it and every later
sync of that file fail with 58030. Left out: removal is not synced (a removed file may be back after a power failure;
names are never reused for other contents).
"""

from __future__ import annotations

import asyncio
import errno
import mmap
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from actors.common.errors import DISK_FULL, IO_ERROR, DatabaseError
from actors.runtime.interfaces import Disk
from actors.runtime.kernel_syncs import KernelSyncs

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINK = (errno.ENOENT, errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP)
"""The file is gone, lies on another file system, or on one where no file has two names (FAT, some network file
systems)."""

Folders = list[Path]

OnSynced = Callable[[DatabaseError | None], None]


def disk_error(error: OSError, path: str) -> DatabaseError:
    """53100 for a full disk, 58030 for anything else."""
    return DatabaseError(DISK_FULL if error.errno in _FULL else IO_ERROR, f"{path}: {error.strerror}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


class LocalFile:
    """One open file. The descriptor is closed once no sync is under way."""

    def __init__(self, disk: LocalDisk, path: str) -> None:
        self._disk = disk
        self._path = path
        target = disk.resolve(path)
        self._unsynced_folders = disk.make_folders(target.parent)
        if not target.exists():
            self._unsynced_folders.append(target.parent)
        try:
            self._descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise disk_error(error, path) from None
        self._size = os.fstat(self._descriptor).st_size
        self._waiting: list[OnSynced] = []
        self._scheduled = False
        self._syncing = False
        self._failed: DatabaseError | None = None
        self._closed = False

    @property
    def size(self) -> int:
        return self._size

    def append(self, data: bytes) -> int:
        offset = self._size
        try:
            _write_all(self._descriptor, data, offset)
        except OSError as error:
            os.ftruncate(self._descriptor, offset)
            raise disk_error(error, self._path) from None
        self._size = offset + len(data)
        return offset

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def truncate(self, size: int) -> None:
        assert size <= self._size
        os.ftruncate(self._descriptor, size)
        self._size = size

    def sync(self, on_done: OnSynced) -> None:
        assert not self._closed, f"{self._path} is closed"
        self._waiting.append(on_done)
        if not self._scheduled and not self._syncing:
            self._schedule_sync()

    def close(self) -> None:
        """Syncs asked for before are still carried out and called back."""
        if not self._closed:
            self._closed = True
            if not self._scheduled and not self._syncing:
                os.close(self._descriptor)

    def _schedule_sync(self) -> None:
        """At this turn's end: what it has still to append is in the group."""
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._begin_sync)

    def _begin_sync(self) -> None:
        self._scheduled = False
        self._syncing = True
        callbacks, self._waiting = self._waiting, []
        syncs = self._disk.kernel_syncs() if self._failed is None and not self._unsynced_folders else None
        if syncs is None or not syncs.begin(self._descriptor, partial(self._end_kernel_sync, callbacks)):
            self._disk.in_thread(self._sync_now, partial(self._end_sync, callbacks))

    def _end_kernel_sync(self, callbacks: list[OnSynced], code: int) -> None:
        if code:
            self._failed = disk_error(OSError(code, os.strerror(code)), self._path)
        self._end_sync(callbacks, self._failed)

    def _sync_now(self) -> DatabaseError | None:
        """In the thread."""
        if self._failed is None:
            try:
                os.fdatasync(self._descriptor)
                while self._unsynced_folders:
                    _sync_folder(self._unsynced_folders[-1])
                    self._unsynced_folders.pop()
            except OSError as error:
                self._failed = disk_error(error, self._path)
        return self._failed

    def _end_sync(self, callbacks: list[OnSynced], error: DatabaseError | None) -> None:
        self._syncing = False
        if self._waiting:
            self._schedule_sync()
        elif self._closed:
            os.close(self._descriptor)
        for on_done in callbacks:
            on_done(error)


class LocalDisk:
    """A role's folder `root` (made when first needed). `room`: the folder that all roles of this room have theirs in,
    by their names."""

    def __init__(self, root: Path, room: Path | None = None) -> None:
        self._root = root
        self._room = room
        self._linked: dict[Path, None] = {}
        """Folders with names that are not durable yet; innermost first."""
        self._thread = ThreadPoolExecutor(1, f"sync {root.name}")
        """Begun when first needed."""
        self._kernel_syncs: KernelSyncs | None = None
        self._has_looked = self._is_closed = False

    def kernel_syncs(self) -> KernelSyncs | None:
        """None where the system has none."""
        if not self._has_looked:
            self._has_looked = True
            self._kernel_syncs = KernelSyncs.open()
        return self._kernel_syncs

    def in_thread(self, work: Callable[[], DatabaseError | None], on_done: OnSynced) -> None:
        """`on_done` in the loop, with what `work` returns; after `close`, `work` is done here."""
        loop = asyncio.get_running_loop()
        if self._is_closed:
            loop.call_soon(on_done, work())
            return
        future = self._thread.submit(work)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(on_done, done.result()))

    def open(self, path: str) -> LocalFile:
        return LocalFile(self, path)

    def list(self, folder: str = "") -> list[str]:
        try:
            with os.scandir(self.resolve(folder)) as entries:
                return sorted(
                    entry.name for entry in entries if entry.is_file() and not entry.name.endswith(".replacing")
                )
        except FileNotFoundError:
            return []

    def exists(self, path: str) -> bool:
        return self.resolve(path).is_file()

    def read(self, path: str) -> bytes:
        return self.resolve(path).read_bytes()

    def map(self, path: str) -> memoryview:
        with open(self.resolve(path), "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))

    def neighbour(self, role: str) -> LocalDisk | None:
        """To look at only."""
        if self._room is None or not (self._room / role).is_dir():
            return None
        return LocalDisk(self._room / role)

    def link(self, neighbour: Disk, path: str, own: str) -> bool:
        """As Disk says."""
        assert isinstance(neighbour, LocalDisk)
        target = self.resolve(own)
        try:
            self._linked |= {target.parent: None, **dict.fromkeys(self.make_folders(target.parent))}
            os.link(neighbour.resolve(path), target)
        except OSError as error:
            if error.errno in _NO_LINK:
                return False
            raise disk_error(error, own) from None
        return True

    async def settle_links(self) -> None:
        if self._linked:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._settle_links_now)

    def _settle_links_now(self) -> None:
        try:
            for folder in list(self._linked):
                _sync_folder(folder)
                del self._linked[folder]
        except OSError as error:
            raise disk_error(error, "") from None

    def remove(self, path: str) -> None:
        """FileNotFoundError where missing."""
        self.resolve(path).unlink()

    async def replace(self, path: str, data: bytes) -> None:
        """Raises DatabaseError 53100 or 58030; `path` is then as it was."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._replace_now, path, data)

    async def clear(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)

    async def close(self) -> None:
        """Returns once what is under way has ended."""
        self._is_closed = True
        if self._kernel_syncs is not None:
            await self._kernel_syncs.close()
        await asyncio.to_thread(self._thread.shutdown)

    def resolve(self, path: str) -> Path:
        parts = path.split("/") if path else []
        assert all(part not in ("", ".", "..") for part in parts), f"not a relative path: {path!r}"
        return self._root.joinpath(*parts)

    def make_folders(self, folder: Path) -> Folders:
        """Make `folder` and what is missing above it; the folders whose entries must be synced for it to survive,
        outermost last."""
        missing: Folders = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            new.mkdir(mode=0o700, exist_ok=True)
        return [new.parent for new in missing]

    def _replace_now(self, path: str, data: bytes) -> None:
        target = self.resolve(path)
        temporary = target.with_name(target.name + ".replacing")
        try:
            unsynced = self.make_folders(target.parent)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _write_all(descriptor, data, 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, target)
            for folder in [target.parent, *unsynced]:
                _sync_folder(folder)
        except OSError as error:
            raise disk_error(error, path) from None
