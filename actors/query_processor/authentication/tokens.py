"""`TokenVerifier`: whether a connection token (common/connection_token.py) is genuine, valid now, and for this cluster
and this user.

    verifier.verify(token, "admin", now_s) -> the AccessKey that signed it; Refused

A token is looked at in this order; the first fault ends it:

    its form          ASCII, TOKEN_BYTES_MAX at most, each parameter once, whatever its case; none missing
    its scope         this region, the service dsql
    its time          begun (CLOCK_SKEW_S forgiven, as AWS does), not expired
    its host          one of the cluster's names
    its action        DbConnectAdmin for admin, DbConnect for all others
    its signature     compared in constant time; with a key that nobody has where its key is not known, so that both
                      take as long

So what a client is told of the time (as in Aurora DSQL, as a hint) tells nothing of which keys there are, and all other
faults look alike to it. A query need not be encoded as Signature Version 4 has it (its own tools all do): then it is
encoded anew, which takes long, so only where it is short. `Refused.reason` is for the log. Whether the key's owner may
connect as that user is not decided here (__init__.py).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from actors.common.access_key import AccessKey
from actors.common.connection_token import (
    ALGORITHM,
    EXPIRES_S_MAX,
    SERVICE,
    SIGNED_HEADERS,
    TERMINATION,
    action_for,
    canonical_query,
    date_text,
    encoded,
    signature,
)

TOKEN_BYTES_MAX = 16 << 10
"""Security tokens of AWS have a few KB."""
PARAMETERS_MAX = 32
CLOCK_SKEW_S = 300
"""How far a client's clock may be ahead."""
REQUIRED = (
    "Action",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
DECODED_BYTES_MAX = 1024
"""Of a parameter that is looked into."""
REWRITTEN_BYTES_MAX = 2048
"""Of a token that is encoded otherwise than Signature Version 4 has it."""
_CANONICAL = re.compile(r"[A-Za-z0-9._~%-]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NEEDLESS_OR_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-F]{2})|%(?:2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)")
"""A letter, a digit or one of -._~ that is encoded, or an escape whose digits are small letters, or none."""
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SECONDS = re.compile(r"[0-9]{1,6}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


class Refused(Exception):
    """`reason`, `key_id` (as the token has it, "" where it cannot be told): for the log. `hint`: for the client."""

    def __init__(self, reason: str, key_id: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_id = key_id
        self.hint = hint


class Token(NamedTuple):
    """`parameters`: decoded, of what is REQUIRED. `query`: canonical. `session_token`: as it is encoded, "" without
    one."""

    host: str
    parameters: dict[str, str]
    query: str
    session_token: str


class TokenVerifier:
    """`hosts`: the names that the cluster answers to. `decoy`: a secret that no key has."""

    def __init__(self, hosts: Iterable[str], region: str, decoy: str) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._region = region
        self._decoy = AccessKey("", decoy, "")
        self._keys: dict[str, tuple[AccessKey, str]] = {}
        """By id; with its encoded session token."""

    def take_keys(self, keys: Iterable[AccessKey]) -> None:
        self._keys = {key.id: (key, encoded(key.session_token)) for key in keys}

    def verify(self, token: bytes, user: str, now_s: float) -> AccessKey:
        """`now_s` since 1970. Raises Refused."""
        parsed = _parse(token)
        parameters = parsed.parameters
        key_id, _, scope = parameters["X-Amz-Credential"].partition("/")
        try:
            self._require_scope(parameters, scope)
            _require_time(parameters, now_s)
            if parsed.host.lower().removeprefix("[").removesuffix("]") not in self._hosts:
                raise Refused("it is for another host")
            if parameters["Action"] != action_for(user):
                raise Refused(f"its action is not {action_for(user)}")
            return self._signer(key_id, parsed)
        except Refused as refused:
            refused.key_id = key_id
            raise

    def _require_scope(self, parameters: Mapping[str, str], scope: str) -> None:
        if parameters["X-Amz-Algorithm"] != ALGORITHM:
            raise Refused("another algorithm")
        if parameters["X-Amz-SignedHeaders"] != SIGNED_HEADERS:
            raise Refused("other headers are signed than the host")
        match scope.split("/"):
            case [day, region, service, termination] if termination == TERMINATION:
                if service != SERVICE:
                    raise Refused("it is for another service")
                if region != self._region:
                    raise Refused("it is for another region")
                if day != parameters["X-Amz-Date"][:8]:
                    raise Refused("the credential's day is not the date's")
            case _:
                raise Refused("its credential has no scope")

    def _signer(self, key_id: str, token: Token) -> AccessKey:
        key, session_token = self._keys.get(key_id, (None, ""))
        secret, date = (key or self._decoy).secret, token.parameters["X-Amz-Date"]
        signed = [
            signature(secret, name, date, self._region, token.query)
            for name in sorted(
                {token.host, token.host.lower()}
            )  # most signers make the host's letters small, and some do not
        ]
        genuine = any(hmac.compare_digest(token.parameters["X-Amz-Signature"], one) for one in signed)
        session = hmac.compare_digest(token.session_token, session_token)
        if key is None:
            raise Refused("its key is not known")
        if not genuine:
            raise Refused("its signature is wrong")
        if not session:
            raise Refused("its security token is not the key's")
        return key


def _parse(token: bytes) -> Token:
    """Raises Refused."""
    if len(token) > TOKEN_BYTES_MAX:
        raise Refused(f"it has more than {TOKEN_BYTES_MAX} bytes")
    try:
        text = token.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("it is not ASCII") from None
    host, slash, query = text.partition("/?")
    if not slash or not host or "/" in host:
        raise Refused("it is no token")
    pairs = query.split("&", PARAMETERS_MAX)
    if len(pairs) > PARAMETERS_MAX:
        raise Refused("it has too many parameters")
    canonical: dict[str, str] = {}
    seen: set[str] = set()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = _canonical(name, len(token))
        if not name or not equals:
            raise Refused("a parameter has no name or no value")
        if name.lower() in seen:
            raise Refused("a parameter comes twice")
        seen.add(name.lower())
        canonical[name] = _canonical(value, len(token))
    if missing := [name for name in REQUIRED if name not in canonical]:
        raise Refused(f"{missing[0]} is missing")
    parameters = {name: _decoded(canonical[name]) for name in REQUIRED}
    del canonical["X-Amz-Signature"]
    if not _SIGNATURE.fullmatch(parameters["X-Amz-Signature"]):
        raise Refused("its signature is none")
    return Token(host, parameters, canonical_query(canonical.items()), canonical.get("X-Amz-Security-Token", ""))


def _canonical(text: str, token_bytes: int) -> str:
    """Encoded as Signature Version 4 encodes it. Raises Refused."""
    if _CANONICAL.fullmatch(text) and not _NEEDLESS_OR_BROKEN_ESCAPE.search(text):
        return text
    if token_bytes > REWRITTEN_BYTES_MAX:
        raise Refused("it is long, and not encoded as it should be")
    return encoded(_decoded(text))


def _decoded(text: str) -> str:
    """Raises Refused."""
    if "%" not in text:
        return text
    try:
        if len(text) <= DECODED_BYTES_MAX and not _BROKEN_ESCAPE.search(text):
            return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        pass
    raise Refused("a parameter is not percent-encoded UTF-8")


def _require_time(parameters: Mapping[str, str], now_s: float) -> None:
    date, expires = parameters["X-Amz-Date"], parameters["X-Amz-Expires"]
    try:
        if not _DATE.fullmatch(date):
            raise ValueError
        day, time = date[:8], date[9:15]
        begin_s = datetime(
            int(day[:4]), int(day[4:6]), int(day[6:]), int(time[:2]), int(time[2:4]), int(time[4:]), tzinfo=UTC
        ).timestamp()
    except ValueError:
        raise Refused("its date is none") from None
    if not _SECONDS.fullmatch(expires) or not 1 <= int(expires) <= EXPIRES_S_MAX:
        raise Refused(f"X-Amz-Expires is not 1 to {EXPIRES_S_MAX} seconds")
    if begin_s > now_s + CLOCK_SKEW_S:
        now, latest = date_text(now_s), date_text(now_s + CLOCK_SKEW_S)
        raise Refused(
            "its time has not come",
            hint=f"Signature not yet current: {date} is still later than {latest} ({now} + 5 min.)",
        )
    end_s = begin_s + int(expires)
    if now_s > end_s:
        raise Refused(
            "it has expired", hint=f"Signature expired: {date_text(end_s)} is now earlier than {date_text(now_s)}"
        )
