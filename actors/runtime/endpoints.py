"""Endpoints and addresses: where a process's bus listens, and by which of its endpoints another process reaches it.

    unix:/path                a Unix socket, for processes of this host (commands, tests)
    unix@HOST:/path           the same, with the identity of its host: others tell by it whether the path is theirs, too
    tls:PROCESS@HOST:PORT     TCP with mutual TLS (tls.py); the certificate found there must name PROCESS. IPv6 in
                              brackets
    tcp:HOST:PORT             plain TCP, without any protection: for tests and measurements only

An address is one or several endpoints, separated by blanks: "tls:journal-1-a@10.0.0.5:40123
unix@4f1c:/run/journal-1-a.sock". A Unix socket stands last, since its path may hold blanks. An address is a text in
messages and in topologies; equal texts are equal addresses. A process connects to a Unix socket of its own host, else
to a TLS endpoint.

Port 0 is the kernel's choice, told by the address once the bus has started. The identity of a host is a random number
in a folder that the host's processes share, together with the kernel's boot identity: two machines that share the
folder over a network differ by the latter, two containers with folders of their own by the former. Host names and IP
addresses tell neither.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from actors.common.settings import Regions

UNIX_PATH_BYTES_MAX = 107
HOST_FILE = "host_id"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FORMS = "unix:/path, unix@host:/path, tls:process@host:port or tcp:host:port"


def socket_name(process: str, zone: str, regions: Regions) -> str:
    """Of the process's Unix socket; where regions lie apart on one machine it tells which link is a far one
    (far_links.py)."""
    return f"{zone}.{process}.sock" if regions.delay_ms else f"{process}.sock"


@dataclass(frozen=True)
class Endpoint:
    scheme: str
    """unix, tls or tcp."""
    host: str
    """An address or name to connect to; of a Unix socket its host's identity, "" where that is taken for granted."""
    port: int = 0
    path: str = ""
    process: str = ""
    """Whom the certificate at a TLS endpoint names."""

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix@{self.host}:{self.path}" if self.host else f"unix:{self.path}"
        place = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return f"tls:{self.process}@{place}" if self.scheme == "tls" else f"tcp:{place}"

    def with_port(self, port: int) -> Endpoint:
        return replace(self, port=port)


def parse_endpoint(text: str) -> Endpoint:
    """Raises ValueError."""
    scheme, _, rest = text.partition(":")
    if scheme == "unix" or scheme.startswith("unix@"):
        host = scheme.partition("@")[2]
        if rest and bool(host) == ("@" in scheme):
            if len(os.fsencode(rest)) > UNIX_PATH_BYTES_MAX:
                raise ValueError(f"the path of a Unix socket has at most {UNIX_PATH_BYTES_MAX} bytes: {rest}")
            return Endpoint("unix", host, path=rest)
    elif scheme in ("tls", "tcp"):
        process, at, place = rest.rpartition("@")
        host, _, port = place.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if host and port.isdecimal() and int(port) < 1 << 16 and bool(process) == bool(at) == (scheme == "tls"):
            return Endpoint(scheme, host, int(port), process=process)
    raise ValueError(f"an endpoint is {FORMS}, not {text!r}")


def parse_address(text: str) -> list[Endpoint]:
    """Raises ValueError."""
    endpoints: list[Endpoint] = []
    rest = text
    while rest and not rest.startswith("unix"):
        first, _, rest = rest.partition(" ")
        endpoints.append(parse_endpoint(first))
    if rest or not endpoints:
        endpoints.append(parse_endpoint(rest))
    return endpoints


def format_address(endpoints: list[Endpoint]) -> str:
    """A Unix socket, of which there is one at most, goes last."""
    ordered = sorted(endpoints, key=lambda endpoint: endpoint.scheme == "unix")
    assert all(endpoint.scheme != "unix" for endpoint in ordered[:-1]), "an address has one Unix socket"
    return " ".join(map(str, ordered))


def nearest(address: str, host: str, *, over_unix: bool = True, over_tls: bool = True) -> Endpoint | None:
    """By which endpoint of `address` a process on `host` (an identity) connects; None where there is no way.
    `over_unix` False: by a Unix socket only where there is no other way. `over_tls`: whether the process has a
    certificate."""
    near: list[Endpoint] = []
    far: list[Endpoint] = []
    for endpoint in parse_address(address):
        if endpoint.scheme == "unix":
            if endpoint.host in ("", host):
                near.append(endpoint)
        elif over_tls or endpoint.scheme == "tcp":
            far.append(endpoint)
    ways = [*near, *far] if over_unix else [*far, *near]
    return ways[0] if ways else None


def host_identity(folder: Path) -> str:
    """The identity of the host whose processes share `folder`; made there by the first of them that asks. Raises
    OSError."""
    path = folder / HOST_FILE
    if not path.exists():
        mine = folder / f".{HOST_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        with open(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(8))
        with suppress(FileExistsError):  # another process was faster: its number counts
            os.link(mine, path)
        mine.unlink()
    return f"{path.read_text().strip()}-{BOOT_ID.read_text().strip()[:8]}"
