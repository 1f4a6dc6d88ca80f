"""Mutual TLS between a cluster's processes: one process's certificate, and whom it admits.

Both sides of a connection present a certificate that the cluster's own authority (cluster/authority.py) has signed, and
that names the cluster and the process in a URI: `eagleray://CLUSTER/PROCESS`. Host names and addresses do not count,
since processes move between hosts. Whoever connects knows which process it wants; whoever is connected to learns which
one it is, and takes no other host's name from it (socket_link.py).

TLS 1.3 only. No session is resumed: a certificate is looked at each time, and one that has expired meanwhile opens
nothing. A connection that stands stays, whatever becomes of its certificates. Left out: revocation (a new authority,
which comes with the next `up`, revokes everything).
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from asyncio import BaseTransport
from typing import Any

SCHEME = "eagleray"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
"""Of clusters and processes: what needs no escape in a URI."""
IDLE_S = 2
"""So long nothing need come before the kernel asks whether the peer's host is there."""
PROBE_S = 1
PROBES = 3
UNACKNOWLEDGED_MS = 5000
"""A peer's host that acknowledges nothing, or leaves its receive buffer full, for so long is given up. Linux applies it
to the latter, too: a process that is stopped for longer loses those of its connections on which more is on its way than
its kernel holds."""


class PeerRefused(Exception):
    """Why a peer that has a certificate of the cluster's authority is not admitted."""


def process_uri(cluster: str, process: str) -> str:
    """Raises ValueError for names that cannot stand in one."""
    for name in (cluster, process):
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a cluster or process: letters, digits, _ . - (at most 200)")
    return f"{SCHEME}://{cluster}/{process}"


class TlsIdentity:
    """A process's certificate, its key, and the authority's certificate: contexts for both sides. Raises ssl.SSLError
    for texts that are none, or do not belong together."""

    def __init__(self, cluster: str, process: str, authority_pem: str, certificate_pem: str, key_pem: bytes) -> None:
        self.cluster = cluster
        self.process = process
        self.server = _context(ssl.PROTOCOL_TLS_SERVER, authority_pem)
        self.server.num_tickets = 0
        self.client = _context(ssl.PROTOCOL_TLS_CLIENT, authority_pem)
        load_key_pair((self.server, self.client), certificate_pem, key_pem)

    def peer_of(self, transport: BaseTransport, expected: str = "") -> str:
        """The process at the other end of a connection whose handshake is done. Raises PeerRefused where it is of
        another cluster, or another process than `expected`."""
        certificate: dict[str, Any] = transport.get_extra_info("peercert") or {}
        uris = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI"]
        prefix = process_uri(self.cluster, "x")[:-1]
        names: list[str] = [uri.removeprefix(prefix) for uri in uris if uri.startswith(prefix)]
        if len(uris) != 1 or len(names) != 1 or not NAME.fullmatch(names[0]):
            raise PeerRefused("its certificate names no process of this cluster")
        if expected and names[0] != expected:
            raise PeerRefused(f"its certificate is that of {names[0]}, not of {expected}")
        return names[0]


def _context(protocol: int, authority_pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authority_pem)
    return context


def load_key_pair(contexts: tuple[ssl.SSLContext, ...], certificate_pem: str, key_pem: bytes) -> None:
    """The library reads files only: this one is in memory, and no other process can open it by a name."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, certificate_pem.encode() + key_pem)
        for context in contexts:
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def prepare_socket(connection: socket.socket) -> None:
    """Small frames leave at once, and a host that is gone is noticed within about five seconds, whether or not
    something is on its way to it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, IDLE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


def refusal_of(error: BaseException) -> str:
    """Why a handshake failed, without the peer's address, so that equal reasons are equal texts."""
    match error:
        case PeerRefused():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError():
            return f"no handshake of ours: {(error.reason or 'TLS error').lower().replace('_', ' ')}"
        case TimeoutError() | ConnectionError():
            return "its handshake was not finished"
    return f"its handshake failed: {type(error).__name__}"
