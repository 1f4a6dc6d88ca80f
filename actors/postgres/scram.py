"""SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677), with and without channel binding.

    exchange = ScramServer(Verifier.parse("SCRAM-SHA-256$4096:salt$stored:server"), nonce, None)
    exchange.first(b"n,,n=,r=client-nonce")   ->  server-first-message
    exchange.final(b"c=biws,r=...,p=...")     ->  server-final-message; raises 28P01 where the proof is wrong

Verifiers are as in pg_authid. A user who does not exist goes through the same exchange with a verifier that nothing
matches (`Verifier.decoy`), made from a secret of the process, so that a name's salt is always the same and an attacker
learns nothing of who exists.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from scramp.utils import saslprep

from actors.common.errors import INVALID_PASSWORD, DatabaseError
from actors.postgres.frontend import ProtocolViolation

MECHANISM = "SCRAM-SHA-256"
MECHANISM_WITH_BINDING = "SCRAM-SHA-256-PLUS"
ITERATIONS = 4096
"""PostgreSQL's default."""
ITERATIONS_MAX = 10_000_000
SALT_BYTES = 16
NONCE_BYTES = 18
"""As PostgreSQL: 24 characters in base 64."""


@dataclass(frozen=True)
class Verifier:
    """What the server keeps instead of a password. `known` False: the decoy of a user who does not exist."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes
    known: bool = True

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """`SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. ValueError where it is not that."""
        mechanism, counted_salt, keys = text.split("$")
        iterations, salt = counted_salt.split(":")
        stored_key, server_key = (base64.b64decode(key, validate=True) for key in keys.split(":"))
        if (
            mechanism != MECHANISM
            or len(stored_key) != 32
            or len(server_key) != 32
            or not 1 <= int(iterations) <= ITERATIONS_MAX
        ):
            raise ValueError("not a SCRAM-SHA-256 verifier")
        return cls(int(iterations), base64.b64decode(salt, validate=True), stored_key, server_key)

    @classmethod
    def from_password(cls, password: str, salt: bytes, iterations: int = ITERATIONS) -> Verifier:
        """Costs milliseconds (the iterations are the point)."""
        salted = hashlib.pbkdf2_hmac("sha256", prepared(password), salt, iterations)
        client_key = _hmac(salted, b"Client Key")
        return cls(iterations, salt, hashlib.sha256(client_key).digest(), _hmac(salted, b"Server Key"))

    @classmethod
    def decoy(cls, user: str, secret: bytes) -> Verifier:
        salt = _hmac(secret, user.encode())[:SALT_BYTES]
        return cls(ITERATIONS, salt, _hmac(secret, b"stored" + salt), _hmac(secret, b"server" + salt), known=False)

    def format(self) -> str:
        salt, stored, server = (
            base64.b64encode(part).decode() for part in (self.salt, self.stored_key, self.server_key)
        )
        return f"{MECHANISM}${self.iterations}:{salt}${stored}:{server}"


def prepared(password: str) -> bytes:
    """SASLprep where it can be applied, else the bytes as they are: what PostgreSQL and libpq do."""
    if password.isascii():
        return password.encode()
    try:
        return saslprep(password).encode()  # type: ignore[no-any-return]
    except Exception:  # scramp's own exception: a prohibited character, so the password counts unprepared
        return password.encode()


class ScramServer:
    """One exchange. `certificate_hash` is the channel's tls-server-end-point data, None without TLS."""

    def __init__(self, verifier: Verifier, nonce: bytes, certificate_hash: bytes | None) -> None:
        self._verifier = verifier
        self._nonce = base64.b64encode(nonce).decode()
        self._certificate_hash = certificate_hash
        self._header = ""
        self._client_first = ""
        self._server_first = ""
        self._full_nonce = ""

    def first(self, data: bytes, mechanism: str = MECHANISM) -> bytes:
        """client-first-message -> server-first-message. Raises ProtocolViolation."""
        flag, _, rest = _text(data).partition(",")
        authorization, _, bare = rest.partition(",")
        attributes = bare.split(",")
        if (
            authorization
            or len(attributes) < 2
            or attributes[0][:2] != "n="
            or attributes[1][:2] != "r="
            or len(attributes[1]) < 3
        ):
            raise _malformed("unexpected attribute in client-first-message")
        self._check_flag(flag, mechanism)
        self._header = f"{flag},,"
        self._client_first = bare
        self._full_nonce = attributes[1][2:] + self._nonce
        salt = base64.b64encode(self._verifier.salt).decode()
        self._server_first = f"r={self._full_nonce},s={salt},i={self._verifier.iterations}"
        return self._server_first.encode()

    def _check_flag(self, flag: str, mechanism: str) -> None:
        if mechanism == MECHANISM_WITH_BINDING:
            if self._certificate_hash is None or flag != "p=tls-server-end-point":
                raise _malformed("unsupported channel binding")
        elif flag == "y":
            if self._certificate_hash is not None:
                raise _malformed("the client thinks that the server does not support channel binding, but it does")
        elif flag != "n":
            raise _malformed("unexpected channel-binding flag")

    def final(self, data: bytes) -> bytes:
        """client-final-message -> server-final-message. Raises 28P01, or ProtocolViolation."""
        without_proof, _, proof_text = _text(data).rpartition(",p=")
        attributes = without_proof.split(",")
        if len(attributes) < 2 or attributes[0][:2] != "c=" or attributes[1] != f"r={self._full_nonce}":
            raise _malformed("wrong nonce or channel binding in client-final-message")
        try:
            binding = base64.b64decode(attributes[0][2:], validate=True)
            proof = base64.b64decode(proof_text, validate=True)
        except binascii.Error:
            raise _malformed("invalid base64") from None
        expected = self._header.encode()
        if self._header.startswith("p="):
            assert self._certificate_hash is not None
            expected += self._certificate_hash
        if not hmac.compare_digest(binding, expected):
            raise _malformed("SCRAM channel binding check failed")
        signed = f"{self._client_first},{self._server_first},{without_proof}".encode()
        signature = _hmac(self._verifier.stored_key, signed)
        if len(proof) != len(signature):
            raise _malformed("wrong length of proof")
        client_key = bytes(one ^ other for one, other in zip(proof, signature, strict=True))
        matches = hmac.compare_digest(hashlib.sha256(client_key).digest(), self._verifier.stored_key)
        if not matches or not self._verifier.known:
            raise DatabaseError(INVALID_PASSWORD, "password authentication failed")
        return b"v=" + base64.b64encode(_hmac(self._verifier.server_key, signed))


def initial_response(data: bytes) -> tuple[str, bytes]:
    """SASLInitialResponse -> (mechanism, client-first-message). Raises ProtocolViolation."""
    end = data.find(0)
    if (
        end < 0
        or len(data) < end + 5
        or int.from_bytes(data[end + 1 : end + 5], "big", signed=True) != len(data) - end - 5
    ):
        raise ProtocolViolation("invalid SASLInitialResponse message")
    return _text(data[:end]), data[end + 5 :]


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _malformed("not UTF-8") from None


def _malformed(why: str) -> ProtocolViolation:
    return ProtocolViolation("malformed SCRAM message", why)
