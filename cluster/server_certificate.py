"""The certificate that clients are shown where tokens are asked for and the settings name none: signed by an authority
of the cluster's own.

    DIR/tls/authority.pem       its key and its certificate (mode 0600, authority.py). Not the bus's: who trusts it
                                trusts no process, and the reverse
    DIR/tls/ca.pem              its certificate alone, for clients: sslrootcert
    DIR/tls/server.pem          the server's key and certificate, mode 0600, for the names by which clients reach the
                                cluster

`up` makes what is missing, and the server's certificate anew where its names have changed or it is older than
RENEWED_AFTER. The controller hands it to the query processors (key_distribution.py), those of other hosts among them:
over the bus, never through Ray.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from actors.common.settings import Settings
from cluster.authority import Authority, AuthorityError

AUTHORITY_FILE = "authority.pem"
CA_FILE = "ca.pem"
SERVER_FILE = "server.pem"
SERVER_VALIDITY = timedelta(days=5 * 365)
RENEWED_AFTER = timedelta(days=365)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def names_of(settings: Settings) -> tuple[str, ...]:
    """By which clients may reach the cluster, each once."""
    host = settings.layout.host
    listening = () if host in ("0.0.0.0", "::") else (host,)
    return tuple(
        dict.fromkeys(
            name.lower() for name in (*settings.authentication.hosts, *LOOPBACK, *listening, socket.gethostname())
        )
    )


def make_certificate(folder: Path, names: Iterable[str], now: datetime | None = None) -> None:
    """Raises AuthorityError, OSError."""
    now = now or datetime.now(UTC)
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = Authority.open(folder / AUTHORITY_FILE, now)
    _write(folder / CA_FILE, authority.certificate_pem.encode())
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in dict.fromkeys(names)])
    server = folder / SERVER_FILE
    if server.exists() and _is_good(server, authority, alternatives, now):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.sign_server(key.public_key(), alternatives, now, SERVER_VALIDITY)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(server, private + certificate.encode())


def read_certificate(folder: Path) -> str:
    """Key and certificate, PEM; "" where there is none. Raises OSError."""
    try:
        return (folder / SERVER_FILE).read_text()
    except FileNotFoundError:
        return ""


def _alternative(name: str) -> x509.GeneralName:
    """Raises AuthorityError for a name that no certificate can have."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError as error:
        raise AuthorityError(f"no certificate can be made for {name!r}: {error}") from None


def _is_good(path: Path, authority: Authority, alternatives: x509.SubjectAlternativeName, now: datetime) -> bool:
    there = os.stat(path)
    if there.st_uid != os.geteuid() or there.st_mode & 0o077:
        raise AuthorityError(f"{path} is open to other users, or belongs to one: remove it, and `up` makes a new one")
    try:
        data = path.read_bytes()
        key = serialization.load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
        if key.public_key() != certificate.public_key() or not authority.has_signed(certificate):
            return False
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return known == alternatives and now - certificate.not_valid_before_utc < RENEWED_AFTER


def _write(path: Path, data: bytes) -> None:
    """The file is the former or the new one at any time."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(data)
    os.replace(new, path)
