"""PostgreSQL's ErrorResponse and NoticeResponse: what a client is told by whoever holds its socket (a query processor,
a gateway)."""

from __future__ import annotations

from struct import Struct

from actors.common.errors import DatabaseError

FIELD_CHARACTERS_MAX = 16 << 10
"""Of an error's field: one that quotes a huge value or statement shows its beginning."""
_head = Struct("!cI").pack


def error_response(error: DatabaseError, severity: str = "ERROR") -> bytes:
    """`severity`: ERROR, or FATAL where the connection ends."""
    return _message(b"E", error, severity)


def notice_response(severity: str, sqlstate: str, text: str) -> bytes:
    """`severity`: WARNING, NOTICE, INFO, LOG or DEBUG."""
    return _message(b"N", DatabaseError(sqlstate, text), severity)


def _message(kind: bytes, error: DatabaseError, severity: str) -> bytes:
    body = _fields(error, severity)
    return _head(kind, len(body) + 4) + body


def _fields(error: DatabaseError, severity: str) -> bytes:
    position = str(error.position) if error.position else ""
    optional = (
        ("D", error.detail),
        ("H", error.hint),
        ("P", position),
        ("W", error.context),
        ("s", error.schema),
        ("t", error.table),
        ("c", error.column),
        ("n", error.constraint),
        ("R", error.routine),
    )
    always = (("S", severity), ("V", severity), ("C", error.sqlstate), ("M", error.message))
    given = (*always, *(pair for pair in optional if pair[1]))
    text = "".join(f"{code}{_clean(value[:FIELD_CHARACTERS_MAX])}\0" for code, value in given)
    return text.encode("utf-8", "replace") + b"\0"


def _clean(value: str) -> str:
    """A zero byte would end the field early."""
    return value.replace("\0", "\\0") if "\0" in value else value
