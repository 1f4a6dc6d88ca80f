"""Who is there: trust, or SCRAM-SHA-256 against the verifiers in the settings.

    await Authenticator(settings.authentication, entropy, settings.mode).check(channel, user)

`channel` is the connection as this sees it: it sends bytes and waits for the client's next password message. Where
passwords are asked for, a user who does not exist fails as late as one with a wrong password, with the same words.
With trust the users are `admin` and those whom the settings name; others are told so, as PostgreSQL does, or with
Aurora DSQL's words in its mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from actors.common.errors import INVALID_AUTHORIZATION_SPECIFICATION, INVALID_PASSWORD, DatabaseError
from actors.common.settings import ADMIN, Authentication
from actors.postgres import backend
from actors.postgres.frontend import ProtocolViolation
from actors.postgres.scram import (
    MECHANISM,
    MECHANISM_WITH_BINDING,
    NONCE_BYTES,
    SALT_BYTES,
    ScramServer,
    Verifier,
    initial_response,
)

ACCESS_DENIED = "unable to accept connection, access denied"
"""Aurora DSQL's, for whoever may not connect."""

Entropy = Callable[[int], bytes]
"""So many bytes that nobody can guess."""


class Channel(Protocol):
    @property
    def certificate_hash(self) -> bytes | None:
        """The TLS channel's binding data; None without TLS."""

    def send(self, data: bytes) -> None: ...

    async def password(self) -> bytes:
        """The payload of the client's next message of that kind."""


class Authenticator:
    """One for each query processor. ValueError for an unknown method or a broken verifier: an error of the settings."""

    def __init__(self, settings: Authentication, entropy: Entropy, mode: str = "dsql") -> None:
        if settings.method not in ("trust", "scram-sha-256"):
            raise ValueError(f"authentication.method is {settings.method!r}: trust or scram-sha-256")
        self._trust = settings.method == "trust"
        self._mode = mode
        self._entropy = entropy
        self._secret = entropy(32)
        self._users = dict(settings.users)
        self._verifiers = {user: Verifier.parse(text) for user, text in self._users.items() if text.startswith("SCRAM-SHA-256$")}

    def _verifier(self, user: str) -> Verifier:
        known = self._verifiers.get(user)
        if known is not None:
            return known
        text = self._users.get(user)
        if text is None:
            return Verifier.decoy(user, self._secret)
        verifier = self._verifiers[user] = Verifier.from_password(text, self._entropy(SALT_BYTES))
        return verifier

    async def check(self, channel: Channel, user: str) -> None:
        """Raises 28P01, 28000 or ProtocolViolation; AuthenticationOk is sent otherwise."""
        if not user:
            raise DatabaseError(INVALID_AUTHORIZATION_SPECIFICATION, "no PostgreSQL user name specified in startup packet")
        if not self._trust:
            await self._scram(channel, user)
        elif user != ADMIN and user not in self._users:
            text = ACCESS_DENIED if self._mode == "dsql" else f'role "{user}" does not exist'
            raise DatabaseError(INVALID_AUTHORIZATION_SPECIFICATION, text)
        channel.send(backend.AUTHENTICATION_OK)

    async def _scram(self, channel: Channel, user: str) -> None:
        mechanisms = [MECHANISM] if channel.certificate_hash is None else [MECHANISM_WITH_BINDING, MECHANISM]
        channel.send(backend.authentication_sasl(mechanisms))
        mechanism, first = initial_response(await channel.password())
        if mechanism not in mechanisms:
            raise ProtocolViolation("client selected an invalid SASL authentication mechanism")
        exchange = ScramServer(self._verifier(user), self._entropy(NONCE_BYTES), channel.certificate_hash)
        channel.send(backend.authentication_sasl_continue(exchange.first(first, mechanism)))
        try:
            final = exchange.final(await channel.password())
        except DatabaseError as error:
            if error.sqlstate == INVALID_PASSWORD:
                raise DatabaseError(INVALID_PASSWORD, f'password authentication failed for user "{user}"') from None
            raise
        channel.send(backend.authentication_sasl_final(final))
