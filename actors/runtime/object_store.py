"""The real object store: a folder that every node sees, or S3, by `storing.object_store` (common/object_uri.py).

What it promises: an object that `put` has returned for is there whole, and durable as far as the store is (a file and
its folders are synced). Calls block, so they run in threads, `THREADS` of them in a process, each with one piece of
`PIECE_BYTES` in memory: the event loop never waits, and what uploads cost is bounded. Whatever the store says becomes
one line (08006), a missing object 58P01.

pyarrow.fs is imported when the first thread needs it: a cluster without a store pays nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TypeVar

import google_crc32c

from actors.common.errors import CONNECTION_FAILURE, UNDEFINED_FILE, DatabaseError
from actors.common.object_uri import ObjectUri, parse
from actors.runtime.interfaces import StoredObject

T = TypeVar("T")

THREADS = 2
PIECE_BYTES = 1 << 20
"""Of an upload: what is copied, checked and sent at a time."""
CONNECT_S_MAX = 5.0
REQUEST_S_MAX = 10.0
ATTEMPTS_MAX = 2
"""Of one request; whoever asks tries again later."""
MESSAGE_CHARACTERS_MAX = 300
PART_SUFFIX = ".part"


class Objects(Protocol):
    """A store's blocking calls. They raise OSError, ArrowException."""

    def write(self, key: str, pieces: Iterator[bytes]) -> None: ...

    def read(self, key: str, offset: int, length: int) -> bytes: ...

    def list(self, prefix: str) -> list[StoredObject]: ...

    def remove(self, key: str) -> None: ...


def one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= MESSAGE_CHARACTERS_MAX else text[:MESSAGE_CHARACTERS_MAX] + " ..."


def refused(error: BaseException) -> DatabaseError:
    if isinstance(error, FileNotFoundError):
        return DatabaseError(UNDEFINED_FILE, f"the object store has no such object: {one_line(error)}")
    return DatabaseError(CONNECTION_FAILURE, f"the object store refuses: {one_line(error)}")


class ThreadedObjectStore:
    """See interfaces.ObjectStore. `make` is called in a thread, before the first call."""

    def __init__(self, make: Callable[[], Objects]) -> None:
        self._make = make
        self._objects: Objects | None = None
        self._making = threading.Lock()
        self._executor = ThreadPoolExecutor(THREADS, "object store")

    async def put(self, key: str, data: bytes | memoryview) -> int:
        return await self._run(lambda objects: write(objects, key, data))

    async def get(self, key: str, offset: int = 0, length: int = -1) -> bytes:
        return await self._run(lambda objects: objects.read(key, offset, length))

    async def list(self, prefix: str) -> list[StoredObject]:
        return await self._run(lambda objects: objects.list(prefix))

    async def remove(self, key: str) -> None:
        await self._run(lambda objects: objects.remove(key))

    def close(self) -> None:
        """Calls under way end by themselves."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[[Objects], T]) -> T:
        def guarded() -> T | DatabaseError:
            try:
                with self._making:
                    self._objects = self._objects or self._make()
                return call(self._objects)
            except Exception as error:  # Arrow's and the operating system's are of many classes
                return refused(error)

        answer = await asyncio.get_running_loop().run_in_executor(self._executor, guarded)
        if isinstance(answer, DatabaseError):
            raise answer
        return answer


def write(objects: Objects, key: str, data: bytes | memoryview) -> int:
    """The CRC-32C of what was written."""
    crc = 0

    def pieces() -> Iterator[bytes]:
        nonlocal crc
        for offset in range(0, len(data), PIECE_BYTES):
            piece = bytes(data[offset : offset + PIECE_BYTES])
            crc = google_crc32c.extend(crc, piece)
            yield piece

    objects.write(key, pieces())
    return crc


def open_objects(uri: str) -> Objects:
    """Raises ValueError for what is no address of a store; OSError and Arrow's own where it cannot be used."""
    where = parse(uri)
    return FolderObjects(Path(where.path)) if where.scheme == "file" else S3Objects(where)


def object_store(uri: str) -> ThreadedObjectStore | None:
    """None where the settings name none."""
    return ThreadedObjectStore(lambda: open_objects(uri)) if uri else None


class FolderObjects:
    """One file an object, complete once it has its name."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, key: str, pieces: Iterator[bytes]) -> None:
        target = self._path(key)
        self._make_folder(target.parent)
        part = target.with_name(f".{target.name}.{token_hex(4)}{PART_SUFFIX}")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(target.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)

    def read(self, key: str, offset: int, length: int) -> bytes:
        with open(self._path(key), "rb") as file:
            file.seek(offset)
            return file.read(length)

    def list(self, prefix: str) -> list[StoredObject]:
        found: list[StoredObject] = []
        for folder, _, names in os.walk(self._path(prefix.rstrip("/"))):
            for name in names:
                path = Path(folder) / name
                if not name.startswith("."):
                    try:
                        status = path.stat()
                    except FileNotFoundError:
                        continue  # removed meanwhile
                    found.append(StoredObject(path.relative_to(self._root).as_posix(), status.st_size, status.st_mtime))
        return sorted(found)

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        parts = key.split("/") if key else []
        assert all(part not in ("", ".", "..") for part in parts), f"no key: {key!r}"
        return self._root.joinpath(*parts)


class S3Objects:
    """By pyarrow's client, whose credentials are those of AWS's own tools."""

    def __init__(self, where: ObjectUri) -> None:
        from pyarrow import fs

        self._fs: Any = fs
        self._files = fs.S3FileSystem(
            **where.options,
            connect_timeout=CONNECT_S_MAX,
            request_timeout=REQUEST_S_MAX,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS_MAX),
            background_writes=False,  # else all of an object is held in memory while the network is slow
            allow_delayed_open=True,  # a small object is one request
        )
        self._root = where.path

    def write(self, key: str, pieces: Iterator[bytes]) -> None:
        stream = self._files.open_output_stream(self._path(key))
        try:
            for piece in pieces:
                stream.write(piece)
        except BaseException:
            with suppress(
                Exception
                # pyarrow knows no way to give a stream up: closed, it leaves an object of what has come
                # (findings/pyarrow_partial_object.sh)
            ):
                stream.close()
                self.remove(key)
            raise
        stream.close()

    def read(self, key: str, offset: int, length: int) -> bytes:
        with self._files.open_input_file(self._path(key)) as file:
            size = file.size()
            return bytes(file.read_at(size - offset if length < 0 else min(length, size - offset), offset))

    def list(self, prefix: str) -> list[StoredObject]:
        selector = self._fs.FileSelector(self._path(prefix.rstrip("/")), recursive=True, allow_not_found=True)
        infos = [info for info in self._files.get_file_info(selector) if info.is_file]
        return sorted(StoredObject(info.path[len(self._root) + 1 :], info.size, info.mtime_ns / 1e9) for info in infos)

    def remove(self, key: str) -> None:
        try:
            self._files.delete_file(self._path(key))
        except FileNotFoundError:
            pass

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
