"""Functions of bytea: single bytes and bits, digests, encodings of text."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Callable
from typing import Literal

from actors.common.errors import CHARACTER_NOT_IN_REPERTOIRE, INVALID_PARAMETER_VALUE, SYNTAX_ERROR, DatabaseError
from actors.sql.expressions.registry import register
from actors.sql.expressions.text_functions import overlay

UTF8 = frozenset({"utf8", "unicode"})
ENCODINGS = {
    "latin1": "latin-1",
    "iso88591": "latin-1",
    "sqlascii": "ascii",
    "win1252": "cp1252",
    "win1251": "cp1251",
    "koi8r": "koi8-r",
}
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: dict[str, Form] = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}


def _place(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise DatabaseError("2202E", f"index {index} out of valid range, 0..{count - 1}")
    return index


def get_byte(data: bytes, index: int) -> int:
    return data[_place(index, len(data))]


def set_byte(data: bytes, index: int, value: int) -> bytes:
    place = _place(index, len(data))
    return data[:place] + bytes((value & 0xFF,)) + data[place + 1 :]


def get_bit(data: bytes, index: int) -> int:
    place = _place(index, 8 * len(data))
    return data[place // 8] >> place % 8 & 1


def set_bit(data: bytes, index: int, value: int) -> bytes:
    place = _place(index, 8 * len(data))
    if value not in (0, 1):
        raise DatabaseError(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1")
    byte = data[place // 8] & ~(1 << place % 8) | value << place % 8
    return data[: place // 8] + bytes((byte,)) + data[place // 8 + 1 :]


def _codec(name: str, which: str) -> str:
    plain = re.sub("[^a-z0-9]", "", name.lower())
    if plain in UTF8:
        return "utf-8"
    if plain not in ENCODINGS:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f'invalid {which} encoding name "{name}"')
    return ENCODINGS[plain]


def convert_from(data: bytes, name: str) -> str:
    codec = _codec(name, "source")
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.start + 4])
        raise DatabaseError(
            CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "{name.upper()}": {shown}'
        ) from None
    if "\0" in text:
        raise DatabaseError(CHARACTER_NOT_IN_REPERTOIRE, 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def convert_to(text: str, name: str) -> bytes:
    codec = _codec(name, "destination")
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        raise DatabaseError("22P05", f'character has no equivalent in encoding "{name.upper()}"') from None


def _form(name: str) -> Form:
    form = FORMS.get(name.upper())
    if form is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"invalid normalization form: {name}")
    return form


_ESCAPE = re.compile(
    r"\\(?:\\|([0-9A-Fa-f]{4})|u([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|U([0-9A-Fa-f]{8})|(.?))", re.DOTALL
)


def unistr(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found.group() == "\\\\":
            return "\\"
        digits = next((group for group in found.groups()[:4] if group), None)
        if digits is None:
            raise DatabaseError(
                SYNTAX_ERROR,
                "invalid Unicode escape",
                hint="Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.",
            )
        code = int(digits, 16)
        if not 0 < code <= 0x10FFFF:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"invalid Unicode code point: {code:04X}")
        return chr(code)

    made = _ESCAPE.sub(character, text)
    try:
        return made.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise DatabaseError(SYNTAX_ERROR, "invalid Unicode surrogate pair") from None


def _crc32c(data: bytes) -> int:
    import google_crc32c

    return int(google_crc32c.value(data))


def _trimmer(strip: Callable[[bytes, bytes], bytes]) -> Callable[[bytes, bytes], bytes]:
    return lambda data, characters: strip(data, characters) if characters else data


register("get_byte", "bytea int4", "int4", get_byte)
register("set_byte", "bytea int4 int4", "bytea", set_byte)
register("get_bit", "bytea int8", "int4", get_bit)
register("set_bit", "bytea int8 int4", "bytea", set_bit)
register("overlay", "bytea bytea int4", "bytea", overlay)
register("overlay", "bytea bytea int4 int4", "bytea", overlay)
register("bit_length", "bytea", "int4", lambda data: 8 * len(data))
register("bit_count", "bytea", "int8", lambda data: int.from_bytes(data, "big").bit_count())
register("reverse", "bytea", "bytea", template="{0}[::-1]")
for _name, _strip in (("btrim", bytes.strip), ("ltrim", bytes.lstrip), ("rtrim", bytes.rstrip)):
    register(_name, "bytea bytea", "bytea", _trimmer(_strip))
for _digest in ("sha224", "sha384", "sha512"):
    register(_digest, "bytea", "bytea", lambda data, digest=_digest: hashlib.new(digest, data).digest())
register("crc32", "bytea", "int8", lambda data: zlib.crc32(data))
register("crc32c", "bytea", "int8", _crc32c)
register("convert_from", "bytea name", "text", convert_from)
register("convert_to", "text name", "bytea", convert_to)
register("normalize", "text", "text", lambda text: unicodedata.normalize("NFC", text))
register("normalize", "text text", "text", lambda text, form: unicodedata.normalize(_form(form), text))
register("is_normalized", "text", "bool", lambda text: unicodedata.is_normalized("NFC", text))
register("is_normalized", "text text", "bool", lambda text, form: unicodedata.is_normalized(_form(form), text))
register("unistr", "text", "text", unistr)
