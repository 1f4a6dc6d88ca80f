"""Folders that only this user can enter, and the refusal of those that somebody else could have a hand in.

    open_private(DIR, ...)              a folder that a person named: made, or closed to others where it is this user's
                                        and the cluster's own
    require_private(/tmp/eagleray-...)  a folder with a name that can be foreseen, in a place where everybody may make
                                        one: refused unless it is ours alone

The second follows no link. Once such a folder has been found to be ours alone nobody else can put another in its
place (the sticky bit of the folder above).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077


class NotPrivate(Exception):
    """Whose folder it is instead, in one line."""


def open_private(path: Path, mark: str, own_names: Collection[str]) -> None:
    """Make `path`, mode 0700, or close it to others where it is there: it must be this user's, and hold `mark`, or
    else nothing but `own_names`. A folder of other things (a home folder, the current one) is not taken over. Raises
    NotPrivate, OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        there = os.fstat(descriptor)
        _require_owner(path, there)
        found = set(os.listdir(descriptor))
        if mark not in found and not found <= set(own_names):
            raise NotPrivate(
                f"{path} is not empty and holds no cluster (it has {', '.join(sorted(found - set(own_names))[:3])})"
            )
        if there.st_mode & OTHERS:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def require_private(path: Path) -> None:
    """Make `path`, mode 0700, or find it made so by this user: nobody else's, no link, closed to others. Raises
    NotPrivate, OSError."""
    _require_sheltered(path.parent)
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)
    there = os.lstat(path)
    if not stat.S_ISDIR(there.st_mode):
        raise NotPrivate(
            f"{path} is there already, and is {'a link' if stat.S_ISLNK(there.st_mode) else 'no folder'}: remove it"
        )
    _require_owner(path, there)
    if there.st_mode & OTHERS:
        raise NotPrivate(f"{path} is open to other users (mode {stat.S_IMODE(there.st_mode):04o}): remove it")


def is_private(path: Path) -> bool:
    """Whether `path` is a folder (not a link to one) of this user that is closed to others."""
    try:
        there = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.geteuid() and not there.st_mode & OTHERS


def _require_owner(path: Path, there: os.stat_result) -> None:
    if there.st_uid != os.geteuid():
        raise NotPrivate(f"{path} belongs to another user (uid {there.st_uid})")


def _require_sheltered(parent: Path) -> None:
    """In a folder that others may write to, only the sticky bit keeps them from putting a folder of theirs in the
    place of ours."""
    there = os.stat(parent)
    if there.st_mode & 0o022 and not there.st_mode & stat.S_ISVTX:
        raise NotPrivate(f"{parent} can be changed by every user and has no sticky bit: set TMPDIR to another folder")
    if there.st_uid not in (0, os.geteuid()):
        raise NotPrivate(f"{parent} belongs to another user (uid {there.st_uid}): set TMPDIR to another folder")
