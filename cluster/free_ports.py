"""A port to listen at where nobody has named one, for a process that begins to listen some seconds later.

    port = choose("127.0.0.1", 2)       it and the next one are free

Port 0 asks the system, which gives one of those that it gives to outgoing connections, too (ip(7),
ip_local_port_range): until the process listens, any connection on the machine may have taken it. So ports below these
are drawn, and looked at.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

SYSTEMS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_FIRST = 32768
LEAST = 10_000
"""Below lie the ports of well-known programs."""
TRIES = 50


def first_of_systems_own() -> int:
    """The least port that the system may give away itself."""
    try:
        return int(SYSTEMS_OWN.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return USUAL_FIRST


def is_free(host: str, port: int) -> bool:
    """Raises OSError where `host` is no address of this machine."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, 0))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def choose(host: str, count: int = 1) -> int:
    """The first of `count` free ports. Raises OSError where `host` is no address of this machine, and where none are
    free."""
    end = first_of_systems_own() - count
    ports = range(LEAST, end) if end > LEAST + TRIES else range(LEAST, 65536 - count)
    for _ in range(TRIES):
        port = random.choice(ports)
        if all(is_free(host, port + number) for number in range(count)):
            return port
    raise OSError("no free port was found")
