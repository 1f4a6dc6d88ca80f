"""The cluster's access keys: what its clients sign connection tokens with (docs/security.md).

    DIR/access_keys.json        mode 0600: {"format": 1, "keys": [{"id": ..., "secret": ..., "owner": ..., ...}, ...]}

`eagleray key` changes the file, also while no cluster runs; the controller reads it when it starts and when it is told
of a change, and hands the keys on (key_distribution.py). It lies on the machine of `up`, as the authorities do.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.common.access_key import AccessKey, problem_of

FORMAT = 1
KEYS_MAX = 1000
"""They travel in one message."""


class KeysError(ValueError):
    """Why the keys cannot be had, or changed, in one line."""


class _File(msgspec.Struct):
    format: int
    keys: tuple[AccessKey, ...]


def read_keys(path: Path) -> tuple[AccessKey, ...]:
    """In the order in which they were added; none where there is no file. Raises KeysError where it is damaged, or open
    to others."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            there = os.fstat(file.fileno())
            if there.st_uid != os.geteuid() or there.st_mode & 0o077:
                raise KeysError(f"{path} is open to other users, or belongs to one: close it (mode 0600)")
            kept = msgspec.json.decode(file.read(), type=_File)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeysError(f"{path} holds no access keys that this version can read: {error}") from None
    if kept.format != FORMAT:
        raise KeysError(f"{path}: not access keys of this version (format {FORMAT})")
    for key in kept.keys:
        if problem := problem_of(key):
            raise KeysError(f"{path}: {key.id!r}: {problem}")
    return kept.keys


def add_key(path: Path, key: AccessKey) -> None:
    """Durable when this returns. Raises KeysError, also where there is a key of this id."""
    if problem := problem_of(key):
        raise KeysError(problem)

    def with_key(keys: tuple[AccessKey, ...]) -> tuple[AccessKey, ...]:
        if any(one.id == key.id for one in keys):
            raise KeysError(f"there is an access key {key.id} already (eagleray key remove {key.id})")
        if len(keys) >= KEYS_MAX:
            raise KeysError(f"there are {KEYS_MAX} access keys already")
        return (*keys, key)

    _change(path, with_key)


def remove_key(path: Path, key_id: str) -> None:
    """Durable when this returns. Raises KeysError, also where there is no such key."""

    def without_key(keys: tuple[AccessKey, ...]) -> tuple[AccessKey, ...]:
        left = tuple(key for key in keys if key.id != key_id)
        if len(left) == len(keys):
            raise KeysError(f"there is no access key {key_id}")
        return left

    _change(path, without_key)


def _change(path: Path, change: Callable[[tuple[AccessKey, ...]], tuple[AccessKey, ...]]) -> None:
    """One after the other; the file is the former or the new one at any time."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeysError(f"{path.parent}: {error.strerror or error}") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        keys = change(read_keys(path))
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(_File(FORMAT, keys))) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        os.fsync(folder)
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror or error}") from None
    finally:
        os.close(folder)
