"""Frames: how messages cross a byte stream. Sans I/O: bytes in, frames out, and the other way round.

    +----------------+---------------------------------------------------------------+
    | length (4, BE) | msgpack array: kind, request id, sender, destination, message |
    +----------------+---------------------------------------------------------------+

`length` counts what follows it. It is compared with the bound before anything of the body is kept, so a peer that
announces more than `frame_bytes_max` costs four bytes of memory. A frame is encoded and decoded in one go, the message
with it (its class by its tag, out of AnyMessage), so a decoded frame is well typed or there is none.

    reader = FrameReader(frame_bytes_max=1 << 20)
    reader.receive_data(encode_frame(REQUEST, 7, "a", "b", Done())[:5])  -> []
    reader.receive_data(...the rest...)                                  -> [Frame(REQUEST, 7, "a", "b", Done())]

Promises: frames come out in the order in which they went in, whatever the pieces; a reader that has raised is spent,
and its connection must be closed. Left out: compression, checksums (TCP and Unix sockets have their own; what is kept
on disk carries a CRC of its own), and a version handshake (a cluster's processes run one version).
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, PROTOCOL_VIOLATION, DatabaseError
from actors.common.messages import AnyMessage
from actors.common.messages.arrow_rows import ArrowRows
from actors.common.messages.base import Failure, Message

REQUEST = 0
"""Wants an answer under the same request id."""
REPLY = 1
"""The answer; sender and destination are empty."""
POST = 2
"""One-way; the request id is 0."""

HEADER_BYTES = 4

BAD_BODY = (msgspec.MsgspecError, ValueError, AssertionError, RecursionError, MemoryError)
"""What decoding raises on bad bytes: among them broken UTF-8 (ValueError) and a field that breaks its class's own rule
(AssertionError)."""

_HEADER = struct.Struct(">I")
_unpack_header = _HEADER.unpack_from
_pack_header = _HEADER.pack


class Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    kind: int
    request: int
    sender: str
    destination: str
    message: AnyMessage


def _packed(value: Any) -> bytes:
    """What is no type of msgspec's own."""
    if isinstance(value, ArrowRows):
        return value.data
    raise TypeError(f"a {type(value).__name__} in a message")


def _unpacked(kind: type, value: Any) -> Any:
    if kind is ArrowRows and isinstance(value, bytes):
        return ArrowRows.received(value)
    raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")


_encode = msgspec.msgpack.Encoder(enc_hook=_packed).encode
_decode = msgspec.msgpack.Decoder(Frame, dec_hook=_unpacked).decode


def encode_body(
    kind: int, request: int, sender: str, destination: str, message: Message, frame_bytes_max: int
) -> bytes:
    """A frame without its header. Raises DatabaseError 54000 when it is above the bound."""
    body = _encode((kind, request, sender, destination, message))
    if len(body) > frame_bytes_max:
        raise DatabaseError(
            PROGRAM_LIMIT_EXCEEDED,
            f"a message of {len(body)} bytes ({type(message).__name__}) is above the bound of {frame_bytes_max}",
        )
    return body


def encode_header(body_bytes: int) -> bytes:
    return _pack_header(body_bytes)


def encode_frame(
    kind: int, request: int, sender: str, destination: str, message: Message, frame_bytes_max: int
) -> bytes:
    """A whole frame. Raises DatabaseError 54000 when it is above the bound."""
    body = encode_body(kind, request, sender, destination, message, frame_bytes_max)
    return _pack_header(len(body)) + body


def decode_frame(frame: bytes) -> Frame:
    """A whole frame, as `encode_frame` gives it. Raises DatabaseError 08P01 for a body that is not one."""
    try:
        return _decode(memoryview(frame)[HEADER_BYTES:])
    except BAD_BODY as error:
        raise DatabaseError(PROTOCOL_VIOLATION, f"bytes that are no frame: {error}") from None


class FrameReader:
    """Cuts a byte stream into frames. Holds at most one frame's bytes beyond the last piece received."""

    __slots__ = ("_frame_bytes_max", "_needed", "_rest")

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._rest = bytearray()
        self._needed = HEADER_BYTES
        """So many bytes must be in `_rest` before there is anything to do."""

    def receive_data(self, data: bytes | bytearray) -> list[Frame]:
        """The frames that `data` completes. Raises DatabaseError 08P01 on a length above the bound or a body that is
        not a frame."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = self._rest
        frames: list[Frame] = []
        offset = 0
        end = len(data)
        view = memoryview(data)
        self._needed = HEADER_BYTES
        while end - offset >= HEADER_BYTES:
            (length,) = _unpack_header(data, offset)
            if length > self._frame_bytes_max:
                raise DatabaseError(
                    PROTOCOL_VIOLATION, f"a frame of {length} bytes is above the bound of {self._frame_bytes_max}"
                )
            start = offset + HEADER_BYTES
            if start + length > end:
                self._needed = HEADER_BYTES + length
                break
            try:
                frames.append(_decode(view[start : start + length]))
            except BAD_BODY as error:
                raise DatabaseError(PROTOCOL_VIOLATION, f"bytes that are no frame: {error}") from None
            offset = start + length
        if offset < end or self._rest:
            self._rest = bytearray(view[offset:])
        return frames


def failure_of(error: DatabaseError) -> Failure:
    """A DatabaseError as a message. `error_of` gives an equal one back."""
    fields = {name: value for name in ("schema", "table", "column", "constraint") if (value := getattr(error, name))}
    if error.position:
        fields["position"] = str(error.position)
    return Failure(error.sqlstate, error.message, error.detail, error.hint, fields, error.refusal)


def error_of(failure: Failure) -> DatabaseError:
    fields = failure.fields
    position = fields.get("position", "")
    return DatabaseError(
        failure.sqlstate,
        failure.message,
        detail=failure.detail,
        hint=failure.hint,
        position=int(position) if position.isdecimal() else 0,
        schema=fields.get("schema", ""),
        table=fields.get("table", ""),
        column=fields.get("column", ""),
        constraint=fields.get("constraint", ""),
        refusal=failure.refusal,
    )
