"""What a client says: one immutable tuple a message, decoded from a message's body.

    decode_bind(body)  ->  Bind("portal", "statement", b"", [b"1", None], b"\\x00\\x01", 41)

Format codes stay the raw bytes of the message (two a code): they are dictionary keys for whoever compiles encoders,
never looked into twice.

A body that does not have its message's shape raises ProtocolViolation (the connection ends). Text that is not UTF-8 is
the user's fault: DatabaseError 22021, and the connection goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from struct import Struct, error, unpack_from
from typing import NamedTuple

from actors.common.errors import CHARACTER_NOT_IN_REPERTOIRE, PROGRAM_LIMIT_EXCEEDED, PROTOCOL_VIOLATION, DatabaseError

COPIED_BYTES_MAX = 64 << 10
"""Of a text. Larger parts of a message are decoded where they lie."""


class ProtocolViolation(DatabaseError):
    """The peer does not speak the protocol: reported as FATAL, and the connection is closed."""

    __slots__ = ()

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(PROTOCOL_VIOLATION, message, detail=detail)


class MessageTooLong(ProtocolViolation):
    """Nothing of it is kept. DSQL closes the connection without a word; ours says why. `length`: as the message has it,
    its type byte apart."""

    __slots__ = ("length",)

    def __init__(self, kind: int, length: int, bytes_max: int) -> None:
        self.length = length
        shown = f"{bytes_max >> 20}mb" if bytes_max >= 1 << 20 else f"{bytes_max} bytes"
        detail = f"A message of type {chr(kind)} has {length} bytes; at most {bytes_max} are read."
        DatabaseError.__init__(self, PROGRAM_LIMIT_EXCEEDED, f"message size limit {shown} exceeded", detail=detail)


class Query(NamedTuple):
    text: str


class Parse(NamedTuple):
    statement: str
    text: str
    parameter_oids: tuple[int, ...]


class Bind(NamedTuple):
    portal: str
    statement: str
    parameter_formats: bytes
    """Raw int16 codes: none (all text), one for all, or one for each."""
    parameters: list[bytes | None]
    result_formats: bytes
    size: int
    """Of the message's body, in bytes."""


class Describe(NamedTuple):
    is_portal: bool
    name: str


class Execute(NamedTuple):
    portal: str
    rows_max: int
    """0: all."""


class Close(NamedTuple):
    is_portal: bool
    name: str


class Sync(NamedTuple):
    pass


class Flush(NamedTuple):
    pass


class Terminate(NamedTuple):
    pass


class FunctionCall(NamedTuple):
    pass


class CopyData(NamedTuple):
    data: bytes
    """A whole message's payload, or the next piece of it."""


class CopyDone(NamedTuple):
    pass


class CopyFail(NamedTuple):
    reason: str


class Password(NamedTuple):
    """PasswordMessage, SASLInitialResponse or SASLResponse: which of them depends on what was asked."""

    data: bytes


Message = (
    Query
    | Parse
    | Bind
    | Describe
    | Execute
    | Close
    | Sync
    | Flush
    | Terminate
    | FunctionCall
    | CopyData
    | CopyDone
    | CopyFail
    | Password
)

_SYNC = Sync()
_FLUSH = Flush()
_TERMINATE = Terminate()
_FUNCTION_CALL = FunctionCall()
_COPY_DONE = CopyDone()

_int16 = Struct("!H").unpack_from
_two_int16 = Struct("!HH").unpack_from
_int32 = Struct("!i").unpack_from


def text_of(data: bytes) -> str:
    """Raises 22021 where the bytes are not UTF-8, naming the first wrong ones as PostgreSQL does."""
    try:
        return data.decode()
    except UnicodeDecodeError as failure:
        wrong = " ".join(f"0x{byte:02x}" for byte in data[failure.start : failure.end])
        raise DatabaseError(
            CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "UTF8": {wrong}'
        ) from None


def _text(data: bytes, start: int, end: int) -> str:
    """`text_of` a part, without a copy of a large one."""
    if end - start > COPIED_BYTES_MAX:
        with contextlib.suppress(UnicodeDecodeError):
            return str(memoryview(data)[start:end], "utf-8")
    return text_of(data[start:end])


def _one_string(body: bytes) -> str:
    """A body that is exactly one zero-terminated string."""
    if not body or body.find(0) != len(body) - 1:
        raise ProtocolViolation("invalid string in message")
    return _text(body, 0, len(body) - 1)


def decode_query(body: bytes) -> Query:
    return Query(_one_string(body))


def decode_parse(body: bytes) -> Parse:
    name_end = body.find(0)
    text_end = body.find(0, name_end + 1)
    if name_end < 0 or text_end < 0 or len(body) < text_end + 3:
        raise ProtocolViolation("invalid Parse message")
    (count,) = _int16(body, text_end + 1)
    if len(body) != text_end + 3 + 4 * count:
        raise ProtocolViolation("invalid Parse message")
    oids = unpack_from(f"!{count}I", body, text_end + 3) if count else ()
    return Parse(text_of(body[:name_end]), _text(body, name_end + 1, text_end), oids)


def decode_bind(body: bytes) -> Bind:
    portal_end = body.find(b"\0")
    name_end = body.find(b"\0", portal_end + 1)
    if portal_end < 0 or name_end < 0:
        raise ProtocolViolation("invalid Bind message")
    try:
        position = name_end + 5
        formats = b""
        count, values = _two_int16(body, name_end + 1)
        if count:
            position += 2 * count
            formats = body[name_end + 3 : position - 2]
            (values,) = _int16(body, position - 2)
        parameters: list[bytes | None] = []
        for _ in range(values):
            start = position + 4
            (length,) = _int32(body, position)
            if length >= 0:
                position = start + length
                parameters.append(body[start:position])
            elif length == -1:
                position = start
                parameters.append(None)
            else:
                raise ProtocolViolation("invalid parameter length in Bind message")
        (count,) = _int16(body, position)
    except error:
        raise ProtocolViolation("insufficient data left in message") from None
    position += 2
    if len(body) != position + 2 * count:
        raise ProtocolViolation("invalid Bind message")
    portal = text_of(body[:portal_end]) if portal_end else ""
    name = body[portal_end + 1 : name_end]
    return Bind(
        portal, name.decode() if name.isascii() else text_of(name), formats, parameters, body[position:], len(body)
    )


def _target(body: bytes, message: str) -> tuple[bool, str]:
    kind = body[:1]
    if kind not in (b"S", b"P"):
        raise ProtocolViolation(f"invalid {message} message subtype")
    return kind == b"P", _one_string(body[1:])


_DESCRIBE_UNNAMED = Describe(True, "")
_EXECUTE_UNNAMED = Execute("", 0)
"""What nearly every Describe and Execute is."""


def decode_describe(body: bytes) -> Describe:
    if body == b"P\0":
        return _DESCRIBE_UNNAMED
    return Describe(*_target(body, "DESCRIBE"))


def decode_close(body: bytes) -> Close:
    return Close(*_target(body, "CLOSE"))


def decode_execute(body: bytes) -> Execute:
    if body == b"\0\0\0\0\0":
        return _EXECUTE_UNNAMED
    end = body.find(0)
    if end < 0 or len(body) != end + 5:
        raise ProtocolViolation("invalid Execute message")
    (rows_max,) = _int32(body, end + 1)
    return Execute(text_of(body[:end]), max(rows_max, 0))


def decode_copy_fail(body: bytes) -> CopyFail:
    return CopyFail(_one_string(body))


def _bare(message: Message) -> Callable[[bytes], Message]:
    def decode(body: bytes) -> Message:
        if body:
            raise ProtocolViolation("invalid message format")
        return message

    return decode


DECODERS: dict[int, Callable[[bytes], Message]] = {
    ord("Q"): decode_query,
    ord("P"): decode_parse,
    ord("B"): decode_bind,
    ord("D"): decode_describe,
    ord("E"): decode_execute,
    ord("C"): decode_close,
    ord("S"): _bare(_SYNC),
    ord("H"): _bare(_FLUSH),
    ord("X"): _bare(_TERMINATE),
    ord("F"): lambda body: _FUNCTION_CALL,
    ord("d"): CopyData,
    ord("c"): _bare(_COPY_DONE),
    ord("f"): decode_copy_fail,
    ord("p"): Password,
}
"""By the message's first byte; a byte that is not here is no message."""
