"""A process's own part in its certificate: a new key, and the request for a certificate. The key never leaves the
process, nor is it on any disk.

    key = ProcessKey("journal-1-a")
    answer = (whatever brings it to the authority)(key.request)
    identity = key.identity(answer)

ECDSA on P-256, which every TLS library has, and OpenSSL is fastest with. Each life of a process has a key of its own; a
process that lives for long asks for a new certificate, of another key, once RENEW_AFTER of the validity is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actors.runtime.tls import TlsIdentity

RENEW_AFTER = 0.5
"""Of the validity: as long again is left for an authority that does not answer."""


@dataclass(frozen=True)
class Issued:
    """The authority's answer to a request: the cluster's name, and two certificates (PEM). `controller`: where the
    controller listens, which a process must know before it has a topology."""

    cluster: str
    certificate_pem: str
    authority_pem: str
    controller: str = ""

    @property
    def renew_at(self) -> float:
        """When a process should ask for the next one: seconds since 1970, by the system's clock."""
        certificate = x509.load_pem_x509_certificate(self.certificate_pem.encode())
        now = datetime.now(UTC)
        return (now + (certificate.not_valid_after_utc - now) * RENEW_AFTER).timestamp()


class ProcessKey:
    """`request`: what the authority is to sign (PEM)."""

    def __init__(self, process: str) -> None:
        self.process = process
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, process[:64])])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self._key, hashes.SHA256())
        self.request = request.public_bytes(serialization.Encoding.PEM)

    def identity(self, issued: Issued) -> TlsIdentity:
        """Raises ssl.SSLError where the certificate is not for this key."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return TlsIdentity(issued.cluster, self.process, issued.authority_pem, issued.certificate_pem, key)
