"""The data folder of one node of a Ray cluster that was joined: looked at and made ready by tasks, and opened by each
process there.

    DIR/disk             a random number: whose data this is, whatever the node's name and addresses are
    DIR/roles, run, ...  as on one machine (data_folder.py)

A zone's data lies on one disk for good. What a node holds of a zone whose data has gone on elsewhere is of the past,
and no role may begin there: a replica would forget what it has acknowledged (I9). A folder without a number is new, or
a disk that was lost, and is filled from the others.
"""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cluster.data_folder import DISK_FILE, DataFolder, DataFolderError
from cluster.private_folders import NotPrivate, require_private

KEEPER = "journal/0"
"""Every zone has a replica of it: its folder tells whose data lie here."""
PRIVATE_UMASK = 0o077
DOOR_S_MAX = 5.0
PROCESS_TASKS = Path("/proc/self/task")


class NotItsDisk(Exception):
    """The zone's data is on another disk than this node's."""


class Look(NamedTuple):
    root: Path
    azs: tuple[str, ...]


class Looked(NamedTuple):
    """`disk`: "" where there is no data folder. `holds`: the zones whose data lie there."""

    disk: str
    holds: tuple[str, ...]


def look_at(asked: Look) -> Looked:
    """Changes nothing."""
    return Looked(disk_of(asked.root), tuple(az for az in asked.azs if _holds(asked.root, az)))


@dataclass(frozen=True)
class Wanted:
    """`new`: the cluster is. `packages`: name -> version. `door`: where a gateway is to listen."""

    root: Path
    sockets: Path
    az: str
    new: bool
    packages: Mapping[str, str]
    door: tuple[str, int] | None


class Ready(NamedTuple):
    """`problem`: why the node cannot be used, in words for a person; "" where it can."""

    disk: str
    problem: str = ""


def made_ready(wanted: Wanted) -> Ready:
    """The node has a data folder with a number, and what processes of the cluster need."""
    os.umask(PRIVATE_UMASK)
    if lacking := _lacking(wanted.packages):
        return Ready("", f"its Python lacks {', '.join(lacking)} (docs/operations.md says how nodes get packages)")
    try:
        _open(wanted.root, wanted.sockets)
        if wanted.new and _holds(wanted.root, wanted.az):
            return Ready("", f"{wanted.root} holds data of another cluster's zone {wanted.az} already")
        if wanted.door is not None:
            try_door(*wanted.door)
        return Ready(disk_of(wanted.root) or _claimed(wanted.root, secrets.token_hex(8)))
    except (DataFolderError, NotPrivate) as error:
        return Ready("", str(error))
    except OSError as error:
        return Ready("", f"{error.filename or wanted.root}: {error.strerror or error}")


def enter(root: Path, sockets: Path, disk: str) -> None:
    """A process of the cluster begins on this node: the folders are there and private, and it has its share of the
    processor, though Ray's workers run at a niceness for batch jobs. `disk`: "" for a process without data. Raises
    NotItsDisk, DataFolderError, NotPrivate, OSError."""
    os.umask(PRIVATE_UMASK)
    for thread in PROCESS_TASKS.iterdir():
        with suppress(OSError):  # only root may
            os.setpriority(os.PRIO_PROCESS, int(thread.name), 0)
    _open(root, sockets)
    if disk and disk_of(root) != disk and _claimed(root, disk) != disk:
        raise NotItsDisk(f"{root} is not the disk with the data of this process's zone")


def disk_of(root: Path) -> str:
    """ "" where there is none."""
    try:
        return (root / DISK_FILE).read_text().strip()
    except FileNotFoundError:
        return ""


def _holds(root: Path, az: str) -> bool:
    return (root / "roles" / KEEPER / az).is_dir()


def _open(root: Path, sockets: Path) -> None:
    DataFolder(root).create()
    if not sockets.is_dir():
        require_private(sockets.parent)
        sockets.mkdir(mode=0o700, exist_ok=True)


def _claimed(root: Path, disk: str) -> str:
    """The folder's number: `disk` where it had none."""
    mine = root / "run" / f".{DISK_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    with open(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(disk)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was faster
        os.link(mine, root / DISK_FILE)
    mine.unlink()
    return disk_of(root)


def _lacking(packages: Mapping[str, str]) -> list[str]:
    lacking = []
    for name, version in packages.items():
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            lacking.append(f"{name} {version}")
        else:
            if there != version:
                lacking.append(f"{name} {version} (it has {there})")
    return lacking


def try_door(host: str, port: int) -> None:
    """Raises OSError where a gateway could not listen there. One of a former life is given time to end."""
    end_s = time.monotonic() + DOOR_S_MAX
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() > end_s:
                    raise OSError(
                        error.errno, (error.strerror or str(error)).lower(), f"port {port} on {host}"
                    ) from None
        time.sleep(0.1)
