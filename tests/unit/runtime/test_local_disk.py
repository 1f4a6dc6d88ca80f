"""The real disk: appends, group commit by the kernel and by a thread, a full disk, atomic replacement."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.common.errors import DatabaseError
from actors.runtime import local_disk
from actors.runtime.kernel_syncs import KernelSyncs
from actors.runtime.local_disk import LocalDisk, LocalFile


@pytest.fixture(params=["kernel", "thread"])
def syncs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Descriptors that are synced from now on, by the one way or by the other."""
    begun: list[int] = []
    by_thread = os.fdatasync
    if request.param == "kernel":
        by_kernel = KernelSyncs.begin

        def begin(kernel: KernelSyncs, descriptor: int, on_done: Callable[[int], None]) -> bool:
            begun.append(descriptor)
            return by_kernel(kernel, descriptor, on_done)

        monkeypatch.setattr(KernelSyncs, "begin", begin)
    else:
        monkeypatch.setattr(KernelSyncs, "open", lambda: None)
        monkeypatch.setattr(
            local_disk.os, "fdatasync", lambda descriptor: (begun.append(descriptor), by_thread(descriptor))
        )
    return begun


async def old_file(disk: LocalDisk, path: str) -> LocalFile:
    """One whose folders need no sync any more."""
    file = disk.open(path)
    assert await synced(file) is None
    return file


async def synced(file: LocalFile) -> DatabaseError | None:
    future: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    file.sync(future.set_result)
    return await future


def test_append_read_truncate_reopen(tmp_path: Path) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path / "role" / "1")
        assert disk.list() == [] and not disk.exists("a/b")
        file = disk.open("a/b")
        assert file.append(b"hello") == 0 and file.append(b" world") == 5
        assert file.read(6, 100) == b"world" and file.size == 11
        assert await synced(file) is None
        file.truncate(5)
        file.append(b"!")
        file.sync(lambda error: None)
        file.close()
        await asyncio.sleep(0)
        again = disk.open("a/b")
        assert again.read(0, 100) == b"hello!" and again.size == 6
        assert disk.list("a") == ["b"] and disk.list() == []
        again.close()
        await disk.close()

    asyncio.run(run())


def test_syncs_of_one_turn_are_one_group_and_those_asked_for_meanwhile_the_next(
    tmp_path: Path, syncs: list[int]
) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path)
        file = await old_file(disk, "log")
        syncs.clear()
        order: list[int] = []
        last = asyncio.get_running_loop().create_future()
        for number in range(10):
            file.append(b"x")
            file.sync(lambda error, number=number: order.append(number))
        file.sync(last.set_result)
        await asyncio.sleep(0)
        assert order == [], "the loop goes on meanwhile"
        later = [asyncio.ensure_future(synced(file)) for _ in range(3)]
        assert await last is None
        assert order == list(range(10))
        assert await asyncio.gather(*later) == [None] * 3 and len(syncs) == 2
        await disk.close()

    asyncio.run(run())


def test_a_disk_is_closed_once_its_syncs_have_been_called_back(tmp_path: Path, syncs: list[int]) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path)
        file = await old_file(disk, "log")
        ended: list[DatabaseError | None] = []
        file.sync(ended.append)
        await asyncio.sleep(0)
        file.sync(ended.append)
        file.close()
        await disk.close()
        await asyncio.sleep(0)
        assert ended == [None, None]

    before = len(os.listdir("/proc/self/fd"))
    asyncio.run(run())
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LocalDisk(tmp_path).open("log")
    file.append(b"before")
    real = os.pwrite

    def half(descriptor: int, data: memoryview, offset: int) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[: len(data) // 2], offset)

    monkeypatch.setattr(local_disk.os, "pwrite", half)
    with pytest.raises(DatabaseError) as refused:
        file.append(b"x" * 150)
    assert refused.value.sqlstate == "53100"
    assert file.size == 6 and (tmp_path / "log").read_bytes() == b"before"


@pytest.mark.parametrize("by", ["kernel", "thread"])
def test_a_failed_sync_is_final(tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: KernelSyncs, descriptor: int, on_done: Callable[[int], None]) -> bool:
        asyncio.get_running_loop().call_soon(on_done, errno.EIO)
        return True

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def run() -> None:
        disk = LocalDisk(tmp_path)
        file = await old_file(disk, "log")
        with monkeypatch.context() as patch:
            if by == "kernel":
                patch.setattr(KernelSyncs, "begin", fail)
            else:
                patch.setattr(KernelSyncs, "begin", lambda *_: False)
                patch.setattr(local_disk.os, "fdatasync", broken)
            error = await synced(file)
        assert error is not None and error.sqlstate == "58030" and "log" in error.message
        assert await synced(file) is error
        await disk.close()

    asyncio.run(run())


def test_what_the_kernel_refuses_a_thread_syncs(tmp_path: Path) -> None:
    """A pipe has no fdatasync: neither way can, and both say so."""

    async def run() -> None:
        kernel = KernelSyncs.open()
        if kernel is None:
            pytest.skip("this system has no asynchronous fdatasync")
        reader, writer = os.pipe()
        assert not kernel.begin(writer, lambda code: None)
        os.close(reader)
        os.close(writer)
        await kernel.close()
        assert not kernel.begin(0, lambda code: None)

    asyncio.run(run())


def test_new_files_are_synced_into_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []
    monkeypatch.setattr(local_disk, "_sync_folder", folders.append)

    async def run() -> None:
        file = LocalDisk(tmp_path / "x" / "y").open("log")
        assert folders == []
        await synced(file)
        assert sorted(folders) == [tmp_path, tmp_path / "x", tmp_path / "x" / "y"]
        await synced(file)
        assert len(folders) == 3

    asyncio.run(run())


def test_replace_map_remove(tmp_path: Path) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path)
        await disk.replace("meta/state", b"one")
        await disk.replace("meta/state", b"two")
        await disk.replace("empty", b"")
        view = disk.map("meta/state")
        disk.remove("meta/state")
        assert bytes(view) == b"two" and not disk.exists("meta/state") and bytes(disk.map("empty")) == b""
        with pytest.raises(FileNotFoundError):
            disk.read("meta/state")
        await disk.close()

    asyncio.run(run())


def test_paths_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        LocalDisk(tmp_path).exists("../other")


def test_a_neighbours_file_gets_a_second_name(tmp_path: Path) -> None:
    async def run() -> None:
        giver = LocalDisk(tmp_path / "storage" / "1", room=tmp_path)
        file = giver.open("segments/1")
        file.append(b"rows")
        file.close()
        taker = LocalDisk(tmp_path / "storage" / "2", room=tmp_path)
        assert taker.neighbour("storage/3") is None and LocalDisk(tmp_path / "alone").neighbour("storage/1") is None
        neighbour = taker.neighbour("storage/1")
        assert neighbour is not None and neighbour.read("segments/1") == b"rows"
        assert taker.link(neighbour, "segments/1", "segments/7") and not taker.link(
            neighbour, "segments/2", "segments/8"
        )
        await taker.settle_links()
        giver.remove("segments/1")
        assert taker.read("segments/7") == b"rows" and taker.list("segments") == ["7"]
        await taker.close()

    asyncio.run(run())


def test_where_the_file_system_has_no_second_names_there_is_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_bytes(b"x")
    disk = LocalDisk(tmp_path / "other", room=tmp_path)
    neighbour = disk.neighbour("one")
    assert neighbour is not None and not disk.link(neighbour, "file", "mine")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(DatabaseError, match="No space left"):
        disk.link(neighbour, "file", "mine")
