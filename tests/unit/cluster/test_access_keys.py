"""The file of access keys: whole, closed to others, and changed by one at a time."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.common.access_key import AccessKey
from actors.common.messages import Credentials
from cluster import access_keys
from cluster.access_keys import KeysError, add_key, read_keys, remove_key

KEY = AccessKey("AKID1", "s" * 40, "admin")
OTHER = AccessKey("AKID2", "t" * 40, "arn:aws:iam::123456789012:role/app", True, "temporary")


def test_keys_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "access_keys.json"
    old_mask = os.umask(0)
    try:
        assert read_keys(path) == ()
        add_key(path, KEY)
        add_key(path, OTHER)
        assert read_keys(path) == (KEY, OTHER)
        with pytest.raises(KeysError, match="there is an access key AKID1 already"):
            add_key(path, AccessKey(KEY.id, "u" * 40, "app"))
        remove_key(path, KEY.id)
    finally:
        os.umask(old_mask)
    assert read_keys(path) == (OTHER,) and path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeysError, match="there is no access key AKID1"):
        remove_key(path, KEY.id)
    assert [file.name for file in tmp_path.iterdir()] == ["access_keys.json"]


def test_many_at_a_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "access_keys.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add_key(path, AccessKey(f"AKID{number}", "s" * 40, "admin")), range(40)))
    assert {key.id for key in read_keys(path)} == {f"AKID{number}" for number in range(40)}


def test_there_is_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_keys, "KEYS_MAX", 1)
    add_key(tmp_path / "access_keys.json", KEY)
    with pytest.raises(KeysError, match="there are 1 access keys already"):
        add_key(tmp_path / "access_keys.json", OTHER)


@pytest.mark.parametrize(
    "key",
    [
        AccessKey("", "s" * 40, "admin"), AccessKey("a/b", "s" * 40, "admin"), AccessKey("é", "s" * 40, "admin"),
        AccessKey("a" * 129, "s" * 40, "admin"),
        AccessKey("a", "s" * 15, "admin"), AccessKey("a", "s" * 40, ""), AccessKey("a", "s" * 40, "arn: x"),
        AccessKey("a", "s" * 40, "a\0b"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be(tmp_path: Path, key: AccessKey) -> None:
    path = tmp_path / "access_keys.json"
    with pytest.raises(KeysError):
        add_key(path, key)
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"format": 2, "keys": []}', '{"format": 1, "keys": [{"id": "a"}]}',
        '{"format": 1, "keys": [{"id": "a", "secret": 5, "owner": "x"}]}',
        '{"format": 1, "keys": [{"id": "a", "secret": "short", "owner": "admin"}]}', '{"format": 1, "keys": "\\ud800"}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_by_name_and_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "access_keys.json"
    path.write_text(text)
    path.chmod(0o600)
    for change in (lambda: read_keys(path), lambda: add_key(path, KEY), lambda: remove_key(path, KEY.id)):
        with pytest.raises(KeysError, match=r"access_keys\.json"):
            change()
    assert path.read_text() == text


def test_a_file_that_is_open_to_others_or_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "access_keys.json"
    add_key(path, KEY)
    path.chmod(0o640)
    with pytest.raises(KeysError, match="open to other users"):
        read_keys(path)
    path.chmod(0o600)
    (tmp_path / "link.json").symlink_to(path)
    with pytest.raises(KeysError):
        read_keys(tmp_path / "link.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(KeysError):
        read_keys(tmp_path / "folder.json")


def test_no_secret_is_shown() -> None:
    for text in (repr(KEY), str(KEY), f"{(KEY, OTHER)}", repr(Credentials(1, (KEY, OTHER), "PRIVATE"))):
        assert KEY.secret not in text and "PRIVATE" not in text and "temporary" not in text
    assert json.dumps(repr(KEY))
