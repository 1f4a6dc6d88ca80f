"""The real disk: appends, group commit in both modes, a full disk, atomic replacement."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from actors.common.errors import DatabaseError
from actors.runtime import local_disk
from actors.runtime.local_disk import LocalDisk, LocalFile


async def synced(file: LocalFile) -> DatabaseError | None:
    future: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    file.sync(future.set_result)
    return await future


@pytest.mark.parametrize("inline", [True, False])
def test_append_read_truncate_reopen(tmp_path: Path, inline: bool) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path / "role" / "1", sync_inline=inline)
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
        disk.close()

    asyncio.run(run())


@pytest.mark.parametrize("inline", [True, False])
def test_syncs_of_one_turn_are_one_group(tmp_path: Path, inline: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(local_disk.os, "fdatasync", lambda descriptor: (calls.append(descriptor), real(descriptor)))

    async def run() -> None:
        disk = LocalDisk(tmp_path, sync_inline=inline)
        file = disk.open("log")
        order: list[int] = []
        last = asyncio.get_running_loop().create_future()
        for number in range(10):
            file.append(b"x")
            file.sync(lambda error, number=number: order.append(number))
        file.sync(last.set_result)
        assert await last is None
        assert order == list(range(10)) and len(calls) == 1
        assert await synced(file) is None and len(calls) == 2
        disk.close()

    asyncio.run(run())


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LocalDisk(tmp_path, sync_inline=True).open("log")
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


def test_a_failed_sync_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async def run() -> None:
        file = LocalDisk(tmp_path, sync_inline=True).open("log")
        with monkeypatch.context() as patch:
            patch.setattr(local_disk.os, "fdatasync", broken)
            error = await synced(file)
        assert error is not None and error.sqlstate == "58030"
        assert await synced(file) is error

    asyncio.run(run())


def test_new_files_are_synced_into_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []
    monkeypatch.setattr(local_disk, "_sync_folder", folders.append)

    async def run() -> None:
        file = LocalDisk(tmp_path / "x" / "y", sync_inline=True).open("log")
        assert folders == []
        await synced(file)
        assert sorted(folders) == [tmp_path, tmp_path / "x", tmp_path / "x" / "y"]
        await synced(file)
        assert len(folders) == 3

    asyncio.run(run())


@pytest.mark.parametrize("inline", [True, False])
def test_replace_map_remove(tmp_path: Path, inline: bool) -> None:
    async def run() -> None:
        disk = LocalDisk(tmp_path, sync_inline=inline)
        await disk.replace("meta/state", b"one")
        await disk.replace("meta/state", b"two")
        await disk.replace("empty", b"")
        view = disk.map("meta/state")
        disk.remove("meta/state")
        assert bytes(view) == b"two" and not disk.exists("meta/state") and bytes(disk.map("empty")) == b""
        with pytest.raises(FileNotFoundError):
            disk.read("meta/state")
        disk.close()

    asyncio.run(run())


def test_paths_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        LocalDisk(tmp_path, sync_inline=True).exists("../other")


@pytest.mark.parametrize("inline", [True, False])
def test_a_neighbours_file_gets_a_second_name(tmp_path: Path, inline: bool) -> None:
    async def run() -> None:
        giver = LocalDisk(tmp_path / "storage" / "1", sync_inline=True, room=tmp_path)
        file = giver.open("segments/1")
        file.append(b"rows")
        file.close()
        taker = LocalDisk(tmp_path / "storage" / "2", sync_inline=inline, room=tmp_path)
        assert (
            taker.neighbour("storage/3") is None and LocalDisk(tmp_path / "alone", True).neighbour("storage/1") is None
        )
        neighbour = taker.neighbour("storage/1")
        assert neighbour is not None and neighbour.read("segments/1") == b"rows"
        assert taker.link(neighbour, "segments/1", "segments/7") and not taker.link(
            neighbour, "segments/2", "segments/8"
        )
        await taker.settle_links()
        giver.remove("segments/1")
        assert taker.read("segments/7") == b"rows" and taker.list("segments") == ["7"]
        taker.close()

    asyncio.run(run())


def test_where_the_file_system_has_no_second_names_there_is_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_bytes(b"x")
    disk = LocalDisk(tmp_path / "other", sync_inline=True, room=tmp_path)
    neighbour = disk.neighbour("one")
    assert neighbour is not None and not disk.link(neighbour, "file", "mine")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(DatabaseError, match="No space left"):
        disk.link(neighbour, "file", "mine")
