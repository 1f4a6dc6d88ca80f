"""Who is there: trust, SCRAM-SHA-256 against the verifiers in the settings, or a connection token as Aurora DSQL's
clients show it.

    await Authenticator(settings, entropy, now_s=...).check(channel, user)

`channel` is the connection as this sees it: it sends bytes and waits for the client's next password message.

    trust             the users are `admin` and the roles with LOGIN; others are told so, as PostgreSQL does, or with
                      Aurora DSQL's words in its mode
    scram-sha-256     passwords.py: those of the settings, then those that CREATE ROLE has given. A user other than
                      admin needs a role, too (identity.py)
    tokens            over TLS only; the client's password is a token, signed with one of the cluster's access keys
                      (tokens.py). All that is wrong looks alike to the client (28000, access denied), but for a time
                      that has passed or has not come

A key that belongs to a database user lets that user in. One that belongs to an identity (an ARN) lets in the roles
which `AWS IAM GRANT` has given to it (`Roles`), and `admin` where the key says so. An address that fails too often is
not listened to for a while (attempts.py, 53400). Failures are logged with their reason, the address and the key's id;
never the token. Wrong passwords are counted and logged as wrong tokens are.

A token is verified in some 50 us, so in the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from actors.common.access_key import AccessKey
from actors.common.errors import (
    CONFIGURATION_LIMIT_EXCEEDED,
    INVALID_AUTHORIZATION_SPECIFICATION,
    INVALID_PASSWORD,
    DatabaseError,
)
from actors.common.settings import ADMIN, Settings
from actors.postgres import backend
from actors.query_processor.admission import RATE_EXCEEDED
from actors.query_processor.authentication.attempts import Attempts
from actors.query_processor.authentication.channel import ACCESS_DENIED, Channel, Entropy
from actors.query_processor.authentication.passwords import Passwords
from actors.query_processor.authentication.tokens import Refused, TokenVerifier

__all__ = ["ACCESS_DENIED", "AdminAlone", "Authenticator", "Channel", "Entropy", "Roles"]

METHODS = ("trust", "scram-sha-256", "tokens")
DECOY_BYTES = 32
LOGGED_CHARACTERS = 64
"""Of what a client has named."""

logger = logging.getLogger(__name__)


class Roles(Protocol):
    """What the catalog knows of who may log in."""

    async def may_log_in(self, user: str) -> bool:
        """Whether `user` is a role with LOGIN."""

    async def is_mapped(self, arn: str, user: str) -> bool:
        """Whether `user` is a role with LOGIN, and `AWS IAM GRANT user TO 'arn'` counts."""

    async def verifier(self, user: str) -> str:
        """Of the password that CREATE ROLE or ALTER ROLE has given; "" for none."""


class AdminAlone:
    """Roles where there is no catalog."""

    async def may_log_in(self, user: str) -> bool:
        return user == ADMIN

    async def is_mapped(self, arn: str, user: str) -> bool:
        return False

    async def verifier(self, user: str) -> str:
        return ""


class Authenticator:
    """One for each query processor. `now_s`: since 1970. ValueError for an unknown method or a broken verifier: an
    error of the settings."""

    def __init__(
        self, settings: Settings, entropy: Entropy, now_s: Callable[[], float], roles: Roles | None = None
    ) -> None:
        own = settings.authentication
        if own.method not in METHODS:
            raise ValueError(f"authentication.method is {own.method!r}: {', '.join(METHODS[:-1])} or {METHODS[-1]}")
        self._method = own.method
        self._mode = settings.mode
        self._now_s = now_s
        self._roles: Roles = roles or AdminAlone()
        self._passwords = Passwords(own.users, entropy)
        self._tokens = TokenVerifier(own.hosts, own.region, entropy(DECOY_BYTES).hex())
        self._attempts = Attempts(own.failures_per_minute / settings.layout.query_processors)

    def take_keys(self, keys: Iterable[AccessKey]) -> None:
        """From now on these sign tokens, and no others."""
        self._tokens.take_keys(keys)

    async def check(self, channel: Channel, user: str) -> None:
        """Raises 28P01, 28000, 53400 or ProtocolViolation; AuthenticationOk is sent otherwise."""
        if not user:
            raise DatabaseError(
                INVALID_AUTHORIZATION_SPECIFICATION, "no PostgreSQL user name specified in startup packet"
            )
        if self._method == "trust":
            if not await self._roles.may_log_in(user):
                text = ACCESS_DENIED if self._mode == "dsql" else f'role "{user}" does not exist'
                raise DatabaseError(INVALID_AUTHORIZATION_SPECIFICATION, text)
        else:
            await self._check_secret(channel, user)
        channel.send(backend.AUTHENTICATION_OK)

    async def _check_secret(self, channel: Channel, user: str) -> None:
        """What fails is counted, and logged."""
        loop, address = asyncio.get_running_loop(), channel.address
        if not self._attempts.may_try(address, loop.time()):
            raise DatabaseError(CONFIGURATION_LIMIT_EXCEEDED, RATE_EXCEEDED)
        try:
            if self._method == "tokens":
                await self._check_token(channel, user)
            else:
                await self._passwords.check(channel, user, await self._roles.verifier(user))
            return
        except Refused as refused:
            why = f"the token: {refused.reason} (access key {refused.key_id[:LOGGED_CHARACTERS]!r})"
            answer = DatabaseError(INVALID_AUTHORIZATION_SPECIFICATION, ACCESS_DENIED, hint=refused.hint)
        except DatabaseError as error:
            if error.sqlstate != INVALID_PASSWORD:
                raise
            why, answer = "a wrong password, or no such user", error
        self._attempts.failed(address, loop.time())
        logger.warning(
            "a client at %s is refused as user %r: %s", address or "an unknown address", user[:LOGGED_CHARACTERS], why
        )
        raise answer

    async def _check_token(self, channel: Channel, user: str) -> None:
        """Raises Refused."""
        channel.send(backend.AUTHENTICATION_CLEARTEXT_PASSWORD)
        token = (await channel.password()).removesuffix(b"\0")
        key = self._tokens.verify(token, user, self._now_s())
        if not await self._may_connect(key, user):
            raise Refused(f"its key's owner, {key.owner}, may not connect as this user", key.id)

    async def _may_connect(self, key: AccessKey, user: str) -> bool:
        if not key.is_identity:
            return key.owner == user and await self._roles.may_log_in(user)
        if user == ADMIN:
            return key.admin
        return await self._roles.is_mapped(key.owner, user)
