"""Where a cluster's processes listen, as the kernel tells it (/proc): the proof that other machines cannot reach what
is meant for this one.

    exposed(process ids, {5433}) -> ["ray::RoleProcess (pid 7) listens on 0.0.0.0:40123"]

Listened to are TCP ports and Unix sockets. A Unix socket that is a file is kept by its folder's mode; one in Linux's
abstract namespace has no mode, so every user of the machine may connect to it, and it counts as exposed.
"""

from __future__ import annotations

import ipaddress
import os
import re
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from actors.common.settings_file import is_loopback

LISTEN = "0A"
"""The state of a TCP socket in /proc/net/tcp."""
ACCEPTS = 0x10000
"""The flag of a Unix socket that listens."""
PROC = Path("/proc")


@dataclass(frozen=True)
class Place:
    """`address` is an IP address, or the name of an abstract Unix socket (`port` is 0 then)."""

    address: str
    port: int

    @property
    def is_local(self) -> bool:
        """Loopback: reached from this machine only."""
        return self.port != 0 and is_loopback(self.address)

    def __str__(self) -> str:
        if self.port == 0:
            return f"the abstract Unix socket {self.address}"
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def parse_tcp(text: str) -> dict[int, Place]:
    """Inode -> where it listens, from the text of /proc/net/tcp or tcp6."""
    found: dict[int, Place] = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if fields[3] != LISTEN:
            continue
        digits, _, port = fields[1].partition(":")
        words = [int(digits[start : start + 8], 16) for start in range(0, len(digits), 8)]
        packed = struct.pack(f"={len(words)}I", *words)
        found[int(fields[9])] = Place(str(ipaddress.ip_address(packed)), int(port, 16))
    return found


def parse_unix(text: str) -> dict[int, Place]:
    """Inode -> the abstract Unix socket that listens there, from the text of /proc/net/unix."""
    found: dict[int, Place] = {}
    for line in text.splitlines()[1:]:
        fields = line.split(None, 7)
        if len(fields) == 8 and int(fields[3], 16) & ACCEPTS and fields[7].startswith("@"):
            found[int(fields[6])] = Place(fields[7], 0)
    return found


def exposed(processes: Iterable[int], allowed_ports: Collection[int] = ()) -> list[str]:
    """A sentence for each place, other than the allowed TCP ports, where one of the processes listens to more than
    this machine (or, in the abstract namespace, to every user of it). Raises PermissionError for a process of another
    user."""
    return [
        f"{_program(process)} (pid {process}) listens on {place}"
        for process, place in listening(processes)
        if not place.is_local and place.port not in allowed_ports
    ]


def listening(processes: Iterable[int]) -> list[tuple[int, Place]]:
    """Each TCP port and abstract Unix socket where one of the processes listens, with its process. Raises
    PermissionError for a process of another user."""
    places = _places()
    return [(process, places[inode]) for process in processes for inode in sorted(_sockets(process)) if inode in places]


def _places() -> dict[int, Place]:
    places: dict[int, Place] = {}
    for table, parse in (("tcp", parse_tcp), ("tcp6", parse_tcp), ("unix", parse_unix)):
        path = PROC / "net" / table
        if path.exists():  # a kernel without IPv6 has no tcp6
            places.update(parse(path.read_text(errors="replace")))
    return places


def _sockets(process: int) -> set[int]:
    """Inodes of the sockets that a process holds; none where it has ended."""
    inodes: set[int] = set()
    try:
        descriptors = os.listdir(PROC / str(process) / "fd")
    except (FileNotFoundError, ProcessLookupError):
        return inodes
    for descriptor in descriptors:
        try:
            target = os.readlink(PROC / str(process) / "fd" / descriptor)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if match := re.fullmatch(r"socket:\[(\d+)\]", target):
            inodes.add(int(match.group(1)))
    return inodes


def _program(process: int) -> str:
    try:
        command = (PROC / str(process) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "a process"
    name = os.path.basename(command[0].decode(errors="replace")).strip()
    return (
        " ".join([name, *(part.decode(errors="replace") for part in command[1:3] if name.startswith("python"))])
        or "a process"
    )
