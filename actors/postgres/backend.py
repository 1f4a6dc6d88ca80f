"""What is answered: one function a message, bytes ready to be appended to a connection's output.

    output += PARSE_COMPLETE
    output += command_complete("SELECT 1")
    output += ready_for_query("I")

A connection keeps one bytearray and writes it to its socket once a batch; nothing here buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from actors.common.error_response import error_response as error_response
from actors.common.error_response import notice_response as notice_response
from actors.sql.results import Field
from actors.sql.types import by_name

_head = Struct("!cI").pack
_int16 = Struct("!H").pack
_int32 = Struct("!i").pack
_uint32 = Struct("!I").pack


def message(kind: bytes, body: bytes) -> bytes:
    return _head(kind, len(body) + 4) + body


PARSE_COMPLETE = message(b"1", b"")
BIND_COMPLETE = message(b"2", b"")
CLOSE_COMPLETE = message(b"3", b"")
NO_DATA = message(b"n", b"")
EMPTY_QUERY_RESPONSE = message(b"I", b"")
PORTAL_SUSPENDED = message(b"s", b"")
COPY_DONE = message(b"c", b"")
TLS_ACCEPTED = b"S"
NEGOTIATION_REFUSED = b"N"
"""To SSLRequest and GSSENCRequest."""
AUTHENTICATION_OK = message(b"R", _uint32(0))
AUTHENTICATION_CLEARTEXT_PASSWORD = message(b"R", _uint32(3))

_READY = {status: message(b"Z", status.encode()) for status in "ITE"}
_COMPLETE: dict[str, bytes] = {}
_COMPLETE_ENTRIES_MAX = 4096
"""Command tags kept encoded: there are few of them ("SELECT 1", "UPDATE 1", "BEGIN")."""


def ready_for_query(status: str) -> bytes:
    return _READY[status]


def command_complete(tag: str) -> bytes:
    known = _COMPLETE.get(tag)
    if known is None:
        known = message(b"C", tag.encode() + b"\0")
        if len(_COMPLETE) < _COMPLETE_ENTRIES_MAX:
            _COMPLETE[tag] = known
    return known


def authentication_sasl(mechanisms: Sequence[str]) -> bytes:
    return message(b"R", _uint32(10) + b"".join(name.encode() + b"\0" for name in mechanisms) + b"\0")


def authentication_sasl_continue(data: bytes) -> bytes:
    return message(b"R", _uint32(11) + data)


def authentication_sasl_final(data: bytes) -> bytes:
    return message(b"R", _uint32(12) + data)


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", f"{name}\0{value}\0".encode())


def backend_key_data(process: int, secret: bytes) -> bytes:
    return message(b"K", _uint32(process) + secret)


def negotiate_protocol_version(version: int, unknown_options: Sequence[str]) -> bytes:
    options = b"".join(name.encode() + b"\0" for name in unknown_options)
    return message(b"v", _uint32(version) + _uint32(len(unknown_options)) + options)


def parameter_description(oids: Sequence[int]) -> bytes:
    return message(b"t", _int16(len(oids)) + b"".join(map(_uint32, oids)))


def row_description(fields: Sequence[Field], formats: Sequence[int]) -> bytes:
    """`formats`: one code a field; all 0 where the statement is described before it is bound."""
    pieces = [_int16(len(fields))]
    for field, code in zip(fields, formats, strict=True):
        type_ = by_name[field.type.name]
        pieces.append(field.name.encode() + b"\0" + _uint32(field.table_oid) + _int16(field.attribute))
        pieces.append(_uint32(type_.oid) + _int16(type_.size & 0xFFFF) + _int32(field.type.modifier) + _int16(code))
    return message(b"T", b"".join(pieces))


def copy_in_response(columns: int, binary: bool) -> bytes:
    return message(b"G", bytes((binary,)) + _int16(columns) + _int16(binary) * columns)


def copy_out_response(columns: int, binary: bool) -> bytes:
    return message(b"H", bytes((binary,)) + _int16(columns) + _int16(binary) * columns)


def copy_data(data: bytes) -> bytes:
    return message(b"d", data)
