"""TLS under a connection, without I/O: ciphertext in, plaintext and ciphertext out.

A connection's socket stays the event loop's plain transport; this stands between it and the protocol, so it works the
same on every loop, for SSLRequest and for clients that begin with TLS directly.
"""

from __future__ import annotations

import hashlib
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from actors.postgres.frontend import ProtocolViolation

ALPN_PROTOCOL = "postgresql"
READ_BYTES = 64 << 10


class TlsSettings:
    """A certificate and its key, loaded once. OSError, ssl.SSLError or ValueError where the files are unusable."""

    def __init__(self, certificate_path: str, key_path: str) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(certificate_path, key_path, password=_no_passphrase)
        self.context.set_alpn_protocols([ALPN_PROTOCOL])
        with open(certificate_path, "rb") as file:
            self.certificate_hash = _end_point_hash(file.read())

    @classmethod
    def from_pem(cls, pem: str) -> TlsSettings:
        """Of a certificate and its key that are in no file: Python's library reads files only, so it gets one that is
        in memory. Raises as the constructor."""
        with open(os.memfd_create("certificate"), "wb") as file:
            file.write(pem.encode())
            file.flush()
            path = f"/proc/self/fd/{file.fileno()}"
            return cls(path, path)


def _no_passphrase() -> str:
    """Without this the library would ask for it at a terminal, and wait."""
    raise ValueError("the key is protected by a passphrase: give one without")


def _end_point_hash(pem: bytes) -> bytes:
    """tls-server-end-point channel binding (RFC 5929): by the certificate's own hash, SHA-256 where that is MD5 or
    SHA-1."""
    certificate = x509.load_pem_x509_certificate(pem)
    algorithm = certificate.signature_hash_algorithm
    name = algorithm.name if algorithm is not None else "sha256"
    return hashlib.new("sha256" if name in ("md5", "sha1") else name, certificate.public_bytes(Encoding.DER)).digest()


class TlsSession:
    """One connection's TLS. `direct`: the client began with TLS, and must then ask for the protocol by ALPN."""

    def __init__(self, settings: TlsSettings, direct: bool) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = settings.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._direct = direct
        self._established = False
        self.ended = False
        """The peer has closed its side."""

    def receive(self, data: bytes) -> bytes:
        """Ciphertext that came -> plaintext. What is to be sent back is in `pending()`. Raises ProtocolViolation; the
        connection is lost then."""
        self._incoming.write(data)
        pieces: list[bytes] = []
        try:
            if not self._established:
                self._object.do_handshake()
                self._established = True
                if self._direct and self._object.selected_alpn_protocol() != ALPN_PROTOCOL:
                    raise ProtocolViolation(
                        "received direct SSL connection request without ALPN protocol negotiation extension"
                    )
            while piece := self._object.read(READ_BYTES):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLError as error:
            raise ProtocolViolation("could not accept SSL connection", str(error.reason or error)) from None
        return b"".join(pieces)

    def send(self, data: bytes | bytearray) -> bytes:
        """Plaintext -> everything that is to be sent now."""
        if self._established and data:
            self._object.write(data)
        return self._outgoing.read()

    def pending(self) -> bytes:
        return self._outgoing.read()
