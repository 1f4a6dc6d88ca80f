"""How a connection begins: the packets that have no type byte, and which protocol version is agreed on.

Version 3.0 and 3.2 are spoken (3.2 has longer cancel keys). A client that asks for another minor version, or sends
`_pq_.` options that are not known, is told with NegotiateProtocolVersion what it gets; another major version is
refused.
"""

from __future__ import annotations

import re
from struct import Struct
from typing import NamedTuple

from actors.common.errors import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, DatabaseError
from actors.common.startup_codes import CANCEL_CODE, GSSENC_CODE, SSL_CODE
from actors.postgres.frontend import ProtocolViolation

VERSION_3_0 = 3 << 16
VERSION_3_2 = 3 << 16 | 2
CANCEL_KEY_BYTES_MAX = 256
TLS_HANDSHAKE = 0x16
"""First byte of a TLS ClientHello: a client that negotiates TLS directly, without SSLRequest."""

_code = Struct("!I").unpack_from


class NoStartupPacket(Exception):
    """What begins the connection has no packet's length: its client speaks another protocol, or another part of this
    one. As in PostgreSQL, nothing is answered."""


class SslRequest(NamedTuple):
    pass


class GssEncRequest(NamedTuple):
    pass


class CancelRequest(NamedTuple):
    process: int
    secret: bytes


class StartupMessage(NamedTuple):
    version: int
    """What is spoken: 3.0 or 3.2."""
    parameters: dict[str, str]
    unknown_options: list[str]
    """`_pq_.` options that are not known."""
    negotiate: bool
    """The client is to be told of the version or of unknown options."""


StartupPacket = SslRequest | GssEncRequest | CancelRequest | StartupMessage


def decode_startup(body: bytes) -> StartupPacket:
    """`body`: without the length word, at least 4 bytes. Raises ProtocolViolation, or 0A000 for another major
    version."""
    (code,) = _code(body, 0)
    if code in (SSL_CODE, GSSENC_CODE):
        if len(body) != 4:
            raise ProtocolViolation("invalid length of startup packet")
        return SslRequest() if code == SSL_CODE else GssEncRequest()
    if code == CANCEL_CODE:
        if not 12 <= len(body) <= 8 + CANCEL_KEY_BYTES_MAX:
            raise ProtocolViolation("invalid length of cancel request packet")
        return CancelRequest(_code(body, 4)[0], body[8:])
    major, minor = code >> 16, code & 0xFFFF
    if major != 3:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2",
            hint="Use protocol 3.",
        )
    parameters, unknown = _parameters(body)
    version = VERSION_3_2 if minor >= 2 else VERSION_3_0
    return StartupMessage(version, parameters, unknown, code != version or bool(unknown))


def _parameters(body: bytes) -> tuple[dict[str, str], list[str]]:
    if len(body) < 5 or body[-1] != 0:
        raise ProtocolViolation("invalid startup packet layout: expected terminator as last byte")
    pieces = body[4:-1].split(b"\0")
    if pieces.pop() != b"" or len(pieces) % 2:
        raise ProtocolViolation("invalid startup packet layout: expected terminator as last byte")
    try:
        words = [piece.decode() for piece in pieces]
    except UnicodeDecodeError:
        raise ProtocolViolation("invalid startup packet: a parameter is not UTF-8") from None
    parameters: dict[str, str] = {}
    unknown: list[str] = []
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name.startswith("_pq_."):
            unknown.append(name)
        elif not name:
            raise ProtocolViolation("invalid startup packet layout: expected terminator as last byte")
        else:
            parameters[name] = value
    return parameters, unknown


def session_options(parameters: dict[str, str]) -> dict[str, str]:
    """The run-time parameters that a client asks for: its own parameters and `options` (`-c name=value --name=value`).
    Raises 42601."""
    chosen: dict[str, str] = {}
    words = _split_options(parameters.get("options", ""))
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            assignment = words.pop(0)
        elif word.startswith(("-c", "--")) and len(word) > 2:
            assignment = word[2:]
        else:
            message = f"invalid command-line argument for server process: {word}"
            raise DatabaseError(SYNTAX_ERROR, message, hint='Try "postgres --help" for more information.')
        name, equals, value = assignment.partition("=")
        if not equals:
            raise DatabaseError(SYNTAX_ERROR, f"{word} requires a value")
        chosen[name.replace("-", "_")] = value
    chosen.update((name, value) for name, value in parameters.items() if name not in _NOT_OPTIONS)
    if "client_encoding" in chosen:
        chosen["client_encoding"] = "".join(
            filter(str.isalnum, chosen["client_encoding"])
        )  # compared without punctuation, as PostgreSQL does
    return chosen


_NOT_OPTIONS = frozenset({"user", "database", "options", "replication"})


def _split_options(text: str) -> list[str]:
    """Words divided by white space; a backslash makes the next character part of its word."""
    return [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|[^\s\\])+", text)]
