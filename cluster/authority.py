"""The cluster's own certificate authority: it signs what lets a process of the cluster talk to the others over TLS.

    DIR/authority.pem                            its key and its certificate, mode 0600; the certificate names the
                                                 cluster, by a random id
    Authority.open(DIR/authority.pem)            made where there is none
    .issue("journal-1-a", request) -> Issued     a certificate for eagleray://CLUSTER/journal-1-a and the key in
                                                 `request`

The file stays on the machine that runs `up`; of the cluster's processes the controller alone reads it.

`up` makes it, for YEARS; an `up` that finds less than RENEWED_BEFORE left makes a new one (all processes start anew
with an `up`, so none holds to the old one). Processes' certificates last for PROCESS_VALIDITY and are renewed when a
process starts, and when half of that is over. Validities begin a little earlier than now, for hosts whose clocks are
behind.

A request comes through Ray, which lets nobody call without the cluster's token; the authority signs whatever process
name it is asked for. Whoever has the token may run code as the cluster's user anyhow.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from actors.runtime.certificates import Issued
from actors.runtime.tls import process_uri

YEARS = 10
RENEWED_BEFORE = timedelta(days=365)
PROCESS_VALIDITY = timedelta(days=30)
CLOCKS_BEHIND = timedelta(hours=1)


class AuthorityError(Exception):
    """Why there is no authority, or no certificate, in one line."""


class Authority:
    """See the module. `certificate` names the cluster in its common name."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.cluster = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @classmethod
    def open(cls, path: Path, now: datetime | None = None) -> Authority:
        """For `up`: the authority in `path`, a new one where there is none or its time is nearly over. Raises
        AuthorityError, OSError."""
        now = now or datetime.now(UTC)
        if path.exists():
            there = cls.read(path)
            if there._certificate.not_valid_after_utc - now > RENEWED_BEFORE:
                return there
        made = cls.make(secrets.token_hex(8), now)
        made._write(path)
        return made

    @classmethod
    def read(cls, path: Path) -> Authority:
        """Raises AuthorityError where the file is damaged or open to others; OSError."""
        there = os.stat(path)
        if there.st_uid != os.geteuid() or there.st_mode & 0o077:
            raise AuthorityError(
                f"{path} is open to other users, or belongs to one: remove it, and `up` makes a new authority"
            )
        try:
            data = path.read_bytes()
            key = serialization.load_pem_private_key(data, None)
            certificate = x509.load_pem_x509_certificate(data)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
                raise ValueError("the key is not the certificate's")
            return cls(key, certificate)
        except (ValueError, TypeError, IndexError, UnsupportedAlgorithm) as error:
            raise AuthorityError(f"{path} holds no authority ({error}): remove it, and `up` makes a new one") from None

    @classmethod
    def make(cls, cluster: str, now: datetime | None = None) -> Authority:
        now = now or datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cluster)])
        certificate = (
            _builder(name, name, key.public_key(), now, timedelta(days=365 * YEARS + YEARS // 4))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def issue(
        self, process: str, request: bytes, now: datetime | None = None, validity: timedelta = PROCESS_VALIDITY
    ) -> Issued:
        """Of a request only the public key counts. Raises AuthorityError for one that cannot be read, or is not signed
        by its own key, and for a name that no process can have."""
        try:
            asked = x509.load_pem_x509_csr(request)
            if not asked.is_signature_valid:
                raise ValueError("it is not signed by its own key")
            key = asked.public_key()
            uri = process_uri(self.cluster, process)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise AuthorityError(f"the request of {process!r} for a certificate is refused: {error}") from None
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, process[:64])])
        issuer_id = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            _builder(subject, self._certificate.subject, key, now or datetime.now(UTC), validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(self.cluster, _pem(certificate), _pem(self._certificate))

    @property
    def certificate_pem(self) -> str:
        return _pem(self._certificate)

    def sign_server(
        self,
        key: CertificatePublicKeyTypes,
        alternatives: x509.SubjectAlternativeName,
        now: datetime,
        validity: timedelta,
    ) -> str:
        """A certificate for a server that PostgreSQL's clients know by these names (server_certificate.py)."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "eagleray")])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        issuer_id = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            _builder(subject, self._certificate.subject, key, now, validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(certificate)

    def has_signed(self, certificate: x509.Certificate) -> bool:
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _write(self, path: Path) -> None:
        """The file is the former or the new one at any time."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(key + _pem(self._certificate).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime, validity: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_BEHIND)
        .not_valid_after(now + validity)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
