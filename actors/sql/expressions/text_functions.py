"""Functions of text and bytea. The collation is C: case changes and comparisons see ASCII letters only, order is by
code point.

Those of patterns are in pattern_functions.py.
"""

from __future__ import annotations

import base64
import hashlib
import re
from binascii import Error as Base64Error
from functools import partial
from typing import Any, AnyStr

from actors.common.errors import INVALID_PARAMETER_VALUE, PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.sql.expressions.arithmetic import out_of_range
from actors.sql.expressions.keywords import QUOTED_KEYWORDS
from actors.sql.expressions.registry import STABLE, register
from actors.sql.patterns.like import lower_ascii, upper_ascii

RESULT_CHARACTERS_MAX = 64 << 20
"""Functions that make a text longer refuse to make it longer than this."""


_ALPHANUMERIC = bytes(chr(byte).isalnum() and byte < 128 for byte in range(256))


def initcap(value: str) -> str:
    """The first letter of each run of letters and digits in upper case, all others in lower case."""
    if not value:
        return value
    import numpy as np

    lowered = value.encode().lower()
    in_word = np.frombuffer(lowered.translate(_ALPHANUMERIC), np.bool_)
    letters = np.frombuffer(lowered, np.uint8)
    first = (letters >= ord("a")) & (letters <= ord("z"))
    first[1:] &= ~in_word[:-1]
    return (letters - first * np.uint8(32)).tobytes().decode()


# -- pieces of text ----------------------------------------------------------------------------------------------------


def substring(value: str, start: int, length: int | None = None) -> str:
    """1-based; what lies before the text counts towards the length. bytes too."""
    if length is None:
        return value[max(start - 1, 0) :]
    if length < 0:
        raise DatabaseError("22011", "negative substring length not allowed")
    return value[max(start - 1, 0) : max(start - 1 + length, 0)]


def left(value: str, count: int) -> str:
    return value[:count]


def right(value: str, count: int) -> str:
    if count >= 0:
        return value[max(len(value) - count, 0) :]
    return value[-count:]


def _bounded(length: int) -> int:
    if length > RESULT_CHARACTERS_MAX:
        raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "requested length too large")
    return length


def joined(one: Any, other: Any) -> Any:
    _bounded(len(one) + len(other))
    return one + other


def replace(value: str, old: str, new: str) -> str:
    if not old:
        return value
    if len(new) > len(old):
        _bounded(len(value) + value.count(old) * (len(new) - len(old)))
    return value.replace(old, new)


def repeat(value: str, count: int) -> str:
    _bounded(len(value) * max(count, 0))
    return value * count


def lpad(value: str, length: int, fill: str = " ") -> str:
    missing = _bounded(max(length, 0)) - len(value)
    if missing <= 0 or not fill:
        return value[: max(length, 0)]
    return (fill * (missing // len(fill) + 1))[:missing] + value


def rpad(value: str, length: int, fill: str = " ") -> str:
    missing = _bounded(max(length, 0)) - len(value)
    if missing <= 0 or not fill:
        return value[: max(length, 0)]
    return value + (fill * (missing // len(fill) + 1))[:missing]


def split_part(value: str, delimiter: str, field: int) -> str:
    if field == 0:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "field position must not be zero")
    parts = value.split(delimiter) if delimiter else [value]
    place = field - 1 if field > 0 else len(parts) + field
    return parts[place] if 0 <= place < len(parts) else ""


def translate(value: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for place, character in enumerate(source):
        table.setdefault(ord(character), target[place] if place < len(target) else None)
    return value.translate(table)


def overlay(value: AnyStr, replacement: AnyStr, start: int, length: int | None = None) -> AnyStr:
    """Of text, and of bytea (bytes_functions.py). Raises 22011, 22003."""
    if start <= 0:
        raise DatabaseError("22011", "negative substring length not allowed")
    length = len(replacement) if length is None else length
    if start + length >= 2**31:
        raise out_of_range("integer")
    return value[: start - 1] + replacement + value[max(start - 1 + length, 0) :]


def ascii_code(value: str) -> int:
    return ord(value[0]) if value else 0


def character(code: int) -> str:
    if code == 0:
        raise DatabaseError("54000", "null character not permitted")
    if code < 0:
        raise DatabaseError("54000", "character number must be positive")
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise DatabaseError("54000", f"requested character too large for encoding: {code}")
    return chr(code)


def concat(*values: str | None) -> str:
    given = [value for value in values if value is not None]
    _bounded(sum(map(len, given)))
    return "".join(given)


def concat_ws(separator: str | None, *values: str | None) -> str | None:
    if separator is None:
        return None
    given = [value for value in values if value is not None]
    _bounded(sum(map(len, given)) + len(separator) * len(given))
    return separator.join(given)


def quote_ident(value: str) -> str:
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_$]*", value) and value not in QUOTED_KEYWORDS
    return value if is_plain else '"' + value.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    quoted = value.replace("'", "''")
    return " E'".lstrip() + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"


# -- bytes -------------------------------------------------------------------------------------------------------------


def encode(data: bytes, format_: str) -> str:
    kind = format_.lower()
    if kind == "hex":
        return data.hex()
    if kind == "base64":
        text = base64.b64encode(data).decode()
        return "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    if kind == "escape":
        return "".join("\\\\" if byte == 0x5C else chr(byte) if 0 < byte < 128 else f"\\{byte:03o}" for byte in data)
    raise DatabaseError(INVALID_PARAMETER_VALUE, f'unrecognized encoding: "{format_}"')


def decode(text: str, format_: str) -> bytes:
    from actors.sql.types.strings import parse_bytea

    kind = format_.lower()
    if kind == "hex":
        return parse_bytea("\\x" + text)
    if kind == "base64":
        try:
            return base64.b64decode(re.sub(r"\s", "", text), validate=True)
        except Base64Error:
            raise DatabaseError(INVALID_PARAMETER_VALUE, "invalid base64 end sequence") from None
    if kind == "escape":
        return parse_bytea(text if text[:2] != "\\x" else "\\\\x" + text[2:])
    raise DatabaseError(INVALID_PARAMETER_VALUE, f'unrecognized encoding: "{format_}"')


register("||", "text text", "text", joined)
register("||", "bytea bytea", "bytea", joined)
register("^@", "text text", "bool", template="{0}.startswith({1})")
register("starts_with", "text text", "bool", template="{0}.startswith({1})")

for _name in ("length", "char_length", "character_length"):
    register(_name, "text", "int4", template="len({0})")
    register(_name, "bpchar", "int4", template="len({0}.rstrip(' '))")
register("length", "bytea", "int4", template="len({0})")
register("octet_length", "text", "int4", lambda value: len(value.encode()))
register("octet_length", "bpchar", "int4", lambda value: len(value.encode()))
register("bpchar_trimmed", "bpchar", "bpchar", template="{0}.rstrip(' ')")
register("bpchar_out", "bpchar", "text", template="{0}")
register("octet_length", "bytea", "int4", template="len({0})")
register("bit_length", "text", "int4", lambda value: 8 * len(value.encode()))
register("upper", "text", "text", upper_ascii)
register("lower", "text", "text", lower_ascii)
register("initcap", "text", "text", initcap)
for _name in ("substring", "substr"):
    register(_name, "text int4 int4", "text", substring)
    register(_name, "text int4", "text", substring)
    register(_name, "bytea int4 int4", "bytea", substring)
    register(_name, "bytea int4", "bytea", substring)
register("left", "text int4", "text", left)
register("right", "text int4", "text", right)
for _name, _strip in (("btrim", str.strip), ("ltrim", str.lstrip), ("rtrim", str.rstrip)):
    register(_name, "text", "text", partial(lambda strip, value: strip(value, " "), _strip))
    register(
        _name,
        "text text",
        "text",
        partial(lambda strip, value, characters: strip(value, characters) if characters else value, _strip),
    )
register("replace", "text text text", "text", replace)
register("translate", "text text text", "text", translate)
for _name in ("position", "strpos"):
    register(_name, "text text", "int4", template="({0}.find({1}) + 1)")
register("position", "bytea bytea", "int4", template="({0}.find({1}) + 1)")
register("overlay", "text text int4", "text", overlay)
register("overlay", "text text int4 int4", "text", overlay)
register("lpad", "text int4", "text", lpad)
register("lpad", "text int4 text", "text", lpad)
register("rpad", "text int4", "text", rpad)
register("rpad", "text int4 text", "text", rpad)
register("repeat", "text int4", "text", repeat)
register("reverse", "text", "text", template="{0}[::-1]")
register("split_part", "text text int4", "text", split_part)
register("ascii", "text", "int4", ascii_code)
register("chr", "int4", "text", character)
register("concat", "any", "text", concat, strict=False, volatility=STABLE, variadic=True)
register("concat_ws", "text any", "text", concat_ws, strict=False, volatility=STABLE, variadic=True)
register("quote_ident", "text", "text", quote_ident)
register("quote_literal", "text", "text", quote_literal)
register("md5", "text", "text", lambda value: hashlib.md5(value.encode(), usedforsecurity=False).hexdigest())
register("md5", "bytea", "text", lambda value: hashlib.md5(value, usedforsecurity=False).hexdigest())
register("sha256", "bytea", "bytea", lambda value: hashlib.sha256(value).digest())
register("encode", "bytea text", "text", encode)
register("decode", "text text", "bytea", decode)
for _name, _base in (("to_bin", "b"), ("to_oct", "o")):
    register(_name, "int4", "text", lambda value, base=_base: format(value & 0xFFFFFFFF, base))
    register(_name, "int8", "text", lambda value, base=_base: format(value & 0xFFFFFFFFFFFFFFFF, base))
register("to_hex", "int4", "text", lambda value: f"{value & 0xFFFFFFFF:x}")
register("to_hex", "int8", "text", lambda value: f"{value & 0xFFFFFFFFFFFFFFFF:x}")
