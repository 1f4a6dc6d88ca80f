"""`Passwords`: SCRAM-SHA-256 (RFC 5802, 7677) against the verifiers in the settings, bound to the TLS channel where
there is one.

A user who does not exist fails as late as one with a wrong password, with the same words.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.common.errors import INVALID_PASSWORD, DatabaseError
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
from actors.query_processor.authentication.channel import Channel, Entropy


class Passwords:
    """`users`: user -> verifier, or a plain password. ValueError for a broken verifier."""

    def __init__(self, users: Mapping[str, str], entropy: Entropy) -> None:
        self._entropy = entropy
        self._secret = entropy(32)
        self._users = dict(users)
        self._verifiers = {
            user: Verifier.parse(text) for user, text in users.items() if text.startswith("SCRAM-SHA-256$")
        }

    def _verifier(self, user: str, given: str) -> Verifier:
        known = self._verifiers.get(user)
        if known is not None:
            return known
        text = self._users.get(user)
        if text is None and given:
            return Verifier.parse(given)
        if text is None:
            return Verifier.decoy(user, self._secret)
        verifier = self._verifiers[user] = Verifier.from_password(text, self._entropy(SALT_BYTES))
        return verifier

    async def check(self, channel: Channel, user: str, given: str = "") -> None:
        """`given`: the verifier of the user's role, which counts where the settings name none. Raises 28P01 or
        ProtocolViolation."""
        mechanisms = [MECHANISM] if channel.certificate_hash is None else [MECHANISM_WITH_BINDING, MECHANISM]
        channel.send(backend.authentication_sasl(mechanisms))
        mechanism, first = initial_response(await channel.password())
        if mechanism not in mechanisms:
            raise ProtocolViolation("client selected an invalid SASL authentication mechanism")
        exchange = ScramServer(self._verifier(user, given), self._entropy(NONCE_BYTES), channel.certificate_hash)
        channel.send(backend.authentication_sasl_continue(exchange.first(first, mechanism)))
        try:
            final = exchange.final(await channel.password())
        except DatabaseError as error:
            if error.sqlstate == INVALID_PASSWORD:
                raise DatabaseError(INVALID_PASSWORD, f'password authentication failed for user "{user}"') from None
            raise
        channel.send(backend.authentication_sasl_final(final))
