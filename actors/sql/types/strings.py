"""text, varchar, bpchar, name, "char", unknown, bytea and uuid, and the text-only types that catalog queries answer
with."""

from __future__ import annotations

import re
from collections.abc import Callable
from struct import Struct
from typing import Any

from actors.common.errors import (
    CHARACTER_NOT_IN_REPERTOIRE,
    INVALID_PARAMETER_VALUE,
    STRING_DATA_RIGHT_TRUNCATION,
    DatabaseError,
)
from actors.sql.types.base import Type, invalid_binary, invalid_text
from actors.sql.types.styled_text import bytea_text
from actors.sql.types.styles import style_of

HEADER = 4
"""PostgreSQL counts a value's length word into the modifier."""
NAME_BYTES_MAX = 63


def _same(value: str, modifier: int = -1) -> str:
    return value


def from_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.start + 4])
        raise DatabaseError(
            CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "UTF8": {shown}'
        ) from None


def _text_binary(data: bytes, modifier: int = -1) -> str:
    return from_utf8(data)


def _to_utf8(datum: str, modifier: int = -1) -> bytes:
    return datum.encode()


def varchar_of(value: str, modifier: int, *, explicit: bool = False) -> str:
    """`value` as varchar(n). Too long: blanks beyond are dropped, other characters only by an explicit cast, else
    22001."""
    length = modifier - HEADER
    if modifier < 0 or len(value) <= length:
        return value
    if not explicit and value[length:].strip(" "):
        raise DatabaseError(STRING_DATA_RIGHT_TRUNCATION, f"value too long for type character varying({length})")
    return value[:length]


def bpchar_of(value: str, modifier: int, *, explicit: bool = False) -> str:
    """`value` as char(n): the datum has no trailing blanks, they are shown. Without a length the blanks stay: such a
    datum comes of a padded char(n)."""
    if modifier < 0:
        return value
    stripped = value.rstrip(" ")
    length = modifier - HEADER
    if len(stripped) <= length:
        return stripped
    if not explicit:
        raise DatabaseError(STRING_DATA_RIGHT_TRUNCATION, f"value too long for type character({length})")
    return stripped[:length].rstrip(" ")


def _parse_varchar_binary(data: bytes, modifier: int = -1) -> str:
    return varchar_of(from_utf8(data), modifier)


def _parse_varchar(text: str, modifier: int = -1) -> str:
    return varchar_of(text, modifier)


def _parse_bpchar(text: str, modifier: int = -1) -> str:
    return bpchar_of(text, modifier)


def format_bpchar(datum: str, modifier: int = -1) -> str:
    return datum.ljust(modifier - HEADER) if modifier >= 0 else datum


def _parse_bpchar_binary(data: bytes, modifier: int = -1) -> str:
    return bpchar_of(from_utf8(data), modifier)


def _format_bpchar_binary(datum: str, modifier: int = -1) -> bytes:
    return format_bpchar(datum, modifier).encode()


def _parse_name(text: str, modifier: int = -1) -> str:
    if len(text.encode()) <= NAME_BYTES_MAX:
        return text
    return text.encode()[:NAME_BYTES_MAX].decode(errors="ignore")


def _parse_char(text: str, modifier: int = -1) -> str:
    """The first byte; one beyond ASCII is `\\ooo`, three octal digits, as PostgreSQL shows it and reads it."""
    if _OCTAL.fullmatch(text) is not None:
        return char_of_byte(int(text[1:], 8))
    return char_of_byte(text.encode()[0]) if text else ""


def char_of_byte(byte: int) -> str:
    """The datum of "char" that is this byte; 0 is the empty one."""
    if not byte:
        return ""
    return chr(byte) if byte < 128 else f"\\{byte:03o}"


def byte_of_char(char: str) -> int:
    return int(char[1:], 8) if len(char) > 1 else ord(char or "\0")


_OCTAL = re.compile(r"\\[0-3][0-7][0-7]")


_ESCAPE = re.compile(rb"\\(\\|[0-3][0-7][0-7])")


def parse_bytea(text: str, modifier: int = -1) -> bytes:
    if text[:2] == "\\x":
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            raise _bad_hexadecimal(text[2:]) from None
    raw = text.encode()
    if b"\\" not in raw:
        return raw
    if b"\\" in _ESCAPE.sub(b"", raw):
        raise DatabaseError("22P02", "invalid input syntax for type bytea")
    return _ESCAPE.sub(lambda match: b"\\" if match[1] == b"\\" else bytes((int(match[1], 8),)), raw)


def _bad_hexadecimal(text: str) -> DatabaseError:
    for character in text:
        if character not in "0123456789abcdefABCDEF \n\t\r":
            return DatabaseError(INVALID_PARAMETER_VALUE, f'invalid hexadecimal digit: "{character}"')
    return DatabaseError(INVALID_PARAMETER_VALUE, "invalid hexadecimal data: odd number of digits")


def format_bytea(datum: bytes, modifier: int = -1, zone: object = None) -> str:
    if style_of(zone).bytea == "escape":
        return bytea_text(datum)
    return "\\x" + datum.hex()


def _same_bytes(value: bytes, modifier: int = -1) -> bytes:
    return bytes(value)


_UUID = re.compile(r"(\{)?[0-9a-fA-F]{4}(?:-?[0-9a-fA-F]{4}){7}(?(1)\})")


def parse_uuid(text: str, modifier: int = -1) -> bytes:
    if _UUID.fullmatch(text) is None:
        raise invalid_text("uuid", text)
    return bytes.fromhex(text.strip("{}").replace("-", ""))


def format_uuid(datum: bytes, modifier: int = -1) -> str:
    digits = datum.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _parse_uuid_binary(data: bytes, modifier: int = -1) -> bytes:
    if len(data) != 16:
        raise invalid_binary()
    return bytes(data)


def _vector(name: str, oid: int, array_oid: int, element: int, item: Callable[[int, int], bytes]) -> Type:
    """The catalog's vectors: their text is the datum; in binary they are arrays of `element` that begin at 0.
    `item(length, value)` packs one."""

    def format_binary(datum: str, modifier: int = -1) -> bytes:
        numbers = [int(word) for word in datum.split()]
        size = len(item(0, 0)) - LENGTH_BYTES
        return _vector_head(1, 0, element, len(numbers), 0) + b"".join(item(size, number) for number in numbers)

    return Type(name, name, oid, array_oid, -1, "A", _same, _same, _text_binary, format_binary)


_vector_head = Struct("!iiIii").pack
LENGTH_BYTES = 4
"""Before an array's item in binary."""


def _textual(
    name: str,
    sql_name: str,
    oid: int,
    array_oid: int,
    size: int,
    category: str,
    parse: Any = _same,
    *,
    preferred: bool = False,
) -> Type:
    return Type(
        name, sql_name, oid, array_oid, size, category, parse, _same, _text_binary, _to_utf8, preferred=preferred
    )


TYPES = (
    _textual("text", "text", 25, 1009, -1, "S", preferred=True),
    Type("varchar", "character varying", 1043, 1015, -1, "S", _parse_varchar, _same, _parse_varchar_binary, _to_utf8),
    Type(
        "bpchar",
        "character",
        1042,
        1014,
        -1,
        "S",
        _parse_bpchar,
        format_bpchar,
        _parse_bpchar_binary,
        _format_bpchar_binary,
    ),
    _textual("name", "name", 19, 1003, 64, "S", _parse_name),
    _textual("char", '"char"', 18, 1002, 1, "Z", _parse_char),
    _textual("unknown", "unknown", 705, 0, -2, "X"),
    Type("bytea", "bytea", 17, 1001, -1, "U", parse_bytea, format_bytea, _same_bytes, _same_bytes),
    Type("uuid", "uuid", 2950, 2951, 16, "U", parse_uuid, format_uuid, _parse_uuid_binary, _same_bytes),
    _textual("void", "void", 2278, 0, 4, "P"),
    _textual("record", "record", 2249, 2287, -1, "P"),
    _vector("int2vector", 22, 1006, 21, Struct("!ih").pack),
    _vector("oidvector", 30, 1013, 26, Struct("!iI").pack),
    _textual("_aclitem", "aclitem[]", 1034, 0, -1, "A"),
    _textual("pg_node_tree", "pg_node_tree", 194, 0, -1, "Z"),
    _textual("regclass", "regclass", 2205, 2210, 4, "N"),
    _textual("regtype", "regtype", 2206, 2211, 4, "N"),
    _textual("regproc", "regproc", 24, 1008, 4, "N"),
)
SHOWN_ONLY = frozenset(type_.name for type_ in TYPES[[type_.name for type_ in TYPES].index("void") :])
"""From void on: enough to describe and show results of catalog queries; their binary form is their text's bytes."""
