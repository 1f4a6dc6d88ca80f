"""The real object store in a folder, its addresses, and what `up` asks of it. (S3:
tests/cluster/test_object_store.py.)"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import pytest

from actors.common.errors import CONNECTION_FAILURE, UNDEFINED_FILE, DatabaseError
from actors.common.object_uri import ObjectUri, parse
from actors.common.settings_file import SettingsError, settings_from
from actors.runtime.object_store import PIECE_BYTES, FolderObjects, object_store
from cluster.object_store import StoreRefused, check, place


def test_what_is_put_is_there_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = object_store(f"file://{tmp_path}/below/there")
        assert store is not None
        data = bytes(range(256)) * (PIECE_BYTES // 100)
        assert await store.put("a/b/large", memoryview(data)) == google_crc32c.value(data)
        assert await store.put("a/c", b"") == 0
        assert await store.get("a/b/large") == data
        assert await store.get("a/b/large", 100, 50) == data[100:150]
        assert await store.get("a/b/large", len(data), 50) == b""
        assert [(found.key, found.size) for found in await store.list("a/")] == [("a/b/large", len(data)), ("a/c", 0)]
        assert await store.list("b/") == []
        await store.remove("a/c")
        await store.remove("a/c")
        assert [found.key for found in await store.list("")] == ["a/b/large"]
        with pytest.raises(DatabaseError) as missing:
            await store.get("a/c")
        assert missing.value.sqlstate == UNDEFINED_FILE
        store.close()

    asyncio.run(scenario())
    assert (tmp_path / "below").stat().st_mode & 0o077 == 0


def test_what_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def scenario() -> None:
        store = object_store(f"file://{tmp_path}/file")
        assert store is not None
        with pytest.raises(DatabaseError) as refused:
            await store.put("a", b"1")
        assert refused.value.sqlstate == CONNECTION_FAILURE and "\n" not in refused.value.message
        store.close()

    asyncio.run(scenario())


def test_half_an_object_is_never_seen(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)

    def breaks_off() -> Iterator[bytes]:
        yield b"half"
        assert objects.list("") == []
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        objects.write("a", breaks_off())
    assert objects.list("") == [] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("file:///mnt/shared/x/", ObjectUri("file", "/mnt/shared/x", {})),
        ("s3://bucket", ObjectUri("s3", "bucket", {})),
        ("s3://bucket/a/b/?region=eu-central-1", ObjectUri("s3", "bucket/a/b", {"region": "eu-central-1"})),
        (
            "s3://bucket/a?endpoint_override=127.0.0.1%3A9000&scheme=http",
            ObjectUri("s3", "bucket/a", {"endpoint_override": "127.0.0.1:9000", "scheme": "http"}),
        ),
    ],
)
def test_an_address(uri: str, expected: ObjectUri) -> None:
    assert parse(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "nothing",
            "/a/folder",
            "file:/",
            "file:///",
            "file://host/folder",
            "file:///a?x=1",
            "file:///a/../b",
            "ftp://host/x",
            "s3:///prefix",
        ),
        *(
            "s3://key:secret@bucket/x",
            "s3://secret@bucket",
            "s3://bucket/x#y",
            "s3://bucket?access_key=secret",
            "s3://bucket?scheme=ftp",
        ),
        *("s3://bucket?region=a&region=b", "s3://bucket?region", "s3://[bucket", "s3://bucket/../other"),
    ],
)
def test_no_address_is_told_without_showing_it(uri: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from({"storing": {"object_store": uri}}, "[storing]\nobject_store = 1\n", "settings.toml")
    line = str(refused.value)
    assert (
        line.startswith("settings.toml, line 2: storing.object_store: ") and "\n" not in line and "secret" not in line
    )


def test_up_leaves_nothing_in_a_place_of_the_clusters_own(tmp_path: Path) -> None:
    uri = place(f"file://{tmp_path}/store/", "1234")
    assert parse(uri) == ObjectUri("file", f"{tmp_path}/store/1234", {})
    check(uri)
    assert list((tmp_path / "store" / "1234").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StoreRefused, match="the object store refuses"):
        check(f"file://{tmp_path}/file/x")
    assert place("s3://bucket?region=eu-central-1", "1234") == "s3://bucket/1234?region=eu-central-1"
    assert place("", "1234") == ""
