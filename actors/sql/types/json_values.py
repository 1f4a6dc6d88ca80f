"""json and jsonb: reading, writing and ordering.

    by_name["json"].parse_text(' {"b":1, "a": 2}', -1) == ' {"b":1, "a": 2}'            the text as it came, once it is
                                                                                        known to be JSON
    by_name["jsonb"].parse_text('{"bb":1.50, "a":2, "a":3}', -1) == '{"a": 3, "bb": 1.50}'

A datum of either is a str. Of jsonb it is the text that PostgreSQL's jsonb_out writes: keys by their length in bytes,
then by their bytes, the last of equal keys; `", "` and `": "` between; numbers written out (1e2 is 100) with their
scale. So a value that nobody looks into is stored, scanned, sent and compared with itself as it is, and never parsed;
what looks into it parses the whole text (CPython's own scanner: some 10 ns a byte, kept for the last values that it was
asked for). A numeric's text keeps its scale, as jsonb does, so two equal values may have two texts (1 and 1.0):
equality and order go by `order_key`.

A parsed value (`parse`) is made of dict, list, str, int, Decimal, bool and None, and never changed.

Nesting is bounded by DEPTH_MAX (54001), before anything recurses. PostgreSQL's bound is its stack, some thousands deep.
Numbers that would be written out at length (1e131071) count against EXPANDED_MAX.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from json import JSONDecoder, JSONEncoder
from json.encoder import encode_basestring
from typing import Any

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, STATEMENT_TOO_COMPLEX, DatabaseError
from actors.sql.types.base import Type, invalid_binary
from actors.sql.types.json_lexer import fault
from actors.sql.types.numeric import SCALE_MAX, format_numeric, overflow, parse_numeric
from actors.sql.types.strings import from_utf8

DEPTH_MAX = 256
"""Of arrays and objects in one another. CPython's parser and writer recurse, beside whatever calls them."""
EXPANDED_MAX = 1 << 24
"""Characters of numbers with an exponent, once they are written out, in one value."""
KEPT_CHARACTERS = 1 << 13
"""A longer text is parsed anew each time."""
JSONB_VERSION = b"\x01"
"""The first byte of jsonb's binary form; the text follows."""

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]+|[\]}]+', re.DOTALL)

quoted: Callable[[str], str] = encode_basestring
"""A text as a JSON string, as PostgreSQL's escape_json writes it."""


def check_depth(text: str) -> str:
    """`text`, whose strings and brackets are looked at where it has enough of the latter. Raises 54001."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return text
    depth = 0
    for found in _BRACKETS.finditer(text):
        run = found.group()
        if run[0] == '"':
            continue
        depth += len(run) if run[0] in "[{" else -len(run)
        if depth > DEPTH_MAX:
            hint = f"Arrays and objects nest up to {DEPTH_MAX} deep in a JSON value."
            raise DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded", hint=hint)
    return text


# -- reading -----------------------------------------------------------------------------------------------------------


def _length_and_key(key: str) -> tuple[int, str]:
    """UTF-8's bytes sort as code points do."""
    return len(key) if key.isascii() else len(key.encode(errors="surrogatepass")), key


def sorted_object(pairs: list[tuple[str, Any]] | dict[str, Any]) -> dict[str, Any]:
    """In jsonb's order of keys, the last of equal ones."""
    known = dict(pairs)
    return {key: known[key] for key in sorted(known, key=_length_and_key)} if len(known) > 1 else known


def _no_word(word: str) -> Any:
    raise ValueError(word)  # NaN, Infinity: Python's, not JSON's


class _Numbers:
    """Reads a text's numbers with a point or an exponent, and bounds how long all of them are when they are written
    out."""

    def __init__(self) -> None:
        self.room = EXPANDED_MAX

    def read(self, text: str) -> Decimal:
        number = parse_numeric(text, -1)
        if "e" in text or "E" in text:
            if Decimal(text).as_tuple().exponent < -SCALE_MAX:  # type: ignore[operator]
                raise overflow()
            self.room -= abs(number.adjusted())
            if self.room < 0:
                raise DatabaseError(
                    PROGRAM_LIMIT_EXCEEDED, "the numbers of a JSON value are too long when they are written out"
                )
        return number


_decode = JSONDecoder(parse_float=Decimal, parse_constant=_no_word).decode
"""Of a jsonb's own text: nothing is out of order or range."""
_decode_long = JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_no_word).decode
"""Where an integer has more digits than CPython reads at one go."""
_decode_json = JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_word).decode
"""To see whether it is JSON."""


def parse(text: str) -> Any:
    """The value of a jsonb datum."""
    return _kept(text) if len(text) <= KEPT_CHARACTERS else _parse(text)


def _parse(text: str) -> Any:
    try:
        return _decode(text)
    except ValueError:
        return _decode_long(text)


_kept = lru_cache(maxsize=64)(_parse)


def _read(text: str, unescaped: bool, decode: Callable[[str], Any]) -> Any:
    """What `decode` makes of a text from outside. Raises PostgreSQL's error, and 54001."""
    check_depth(text)
    try:
        return decode(text)
    except (ValueError, RecursionError) as error:
        found = fault(text, unescaped)
        if found is not None:
            raise found from None
        if isinstance(error, RecursionError):
            raise DatabaseError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None
        raise


def parse_json(text: str, modifier: int = -1) -> str:
    """`text`, if it is JSON."""
    _read(text, False, _decode_json)
    return text


def parse_jsonb(text: str, modifier: int = -1) -> str:
    """The jsonb that `text` says."""

    def decode(text: str) -> Any:
        read = _Numbers().read
        try:
            return JSONDecoder(parse_float=read, parse_constant=_no_word, object_pairs_hook=sorted_object).decode(text)
        except ValueError:
            return JSONDecoder(
                parse_float=read, parse_int=read, parse_constant=_no_word, object_pairs_hook=sorted_object
            ).decode(text)

    written = write(_read(text, True, decode))
    if "\\u" in text:  # what Python takes for text, and PostgreSQL does not: NUL, and half a pair
        found = None if written.isascii() and "\\u0000" not in written else fault(text, True)
        if found is not None:
            raise found
    return written


# -- writing -----------------------------------------------------------------------------------------------------------


class _Uneven(Exception):
    """A number that is no integer."""


def _uneven(value: Any) -> Any:
    raise _Uneven


_encode = JSONEncoder(ensure_ascii=False, check_circular=False, default=_uneven).encode
"""Written in C: values of anything but decimals."""


def write(value: Any) -> str:
    """The jsonb datum of a value whose objects are in order (`sorted_object`). Raises 54001."""
    try:
        return check_depth(_encode(value))
    except (_Uneven, ValueError):
        return check_depth(_written(value))


def _written(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is dict:
        return "{" + ", ".join([f"{quoted(key)}: {_written(item)}" for key, item in value.items()]) + "}"
    if kind is list:
        return "[" + ", ".join(map(_written, value)) + "]"
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """A number, a boolean or null."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if type(value) is Decimal:
        return format_numeric(value)
    return format_numeric(Decimal(value)) if abs(value) >= LONG_INTEGER else str(value)


LONG_INTEGER = 10**4000
"""CPython writes no longer ones."""


# -- order -------------------------------------------------------------------------------------------------------------

_NULL, _STRING, _NUMBER, _BOOLEAN, _ARRAY, _OBJECT = (bytes((kind,)) for kind in range(2, 8))
_EMPTY_ARRAY = b"\1"
"""Alone, an array without items is less than everything: PostgreSQL compares the number of items first, and a scalar
has one."""


@lru_cache(maxsize=1)
def _encoders() -> tuple[Callable[[Any], bytes], Callable[[Any], bytes]]:
    from actors.sql.encoding.keys import KeyCodec
    from actors.sql.types.column_type import ColumnType

    number, text = KeyCodec([ColumnType("numeric")]).encode, KeyCodec([ColumnType("text")]).encode
    return (lambda value: number([value])), (lambda value: text([value]))


def order_key(datum: str) -> bytes:
    """Bytes that are equal where two jsonb are, and in their order (jsonb_util.c's compareJsonbContainers)."""
    value = parse(datum)
    return _EMPTY_ARRAY if value == [] else value_key(value)


def value_key(value: Any) -> bytes:
    """As `order_key`, of a value within another."""
    number, text = _encoders()
    kind = type(value)
    if kind is str:
        return _STRING + text(value)
    if value is None:
        return _NULL
    if kind is bool:
        return _BOOLEAN + (b"\1" if value else b"\0")
    if kind is list:
        return _ARRAY + len(value).to_bytes(4, "big") + b"".join(map(value_key, value))
    if kind is dict:
        pairs = [_STRING + text(key) + value_key(item) for key, item in value.items()]
        return _OBJECT + len(value).to_bytes(4, "big") + b"".join(pairs)
    return _NUMBER + number(value if kind is Decimal else Decimal(value))


# -- types -------------------------------------------------------------------------------------------------------------


def _same(datum: str, modifier: int = -1) -> str:
    return datum


def _parse_json_binary(data: bytes, modifier: int = -1) -> str:
    return parse_json(from_utf8(data))


def _format_json_binary(datum: str, modifier: int = -1) -> bytes:
    return datum.encode()


def _parse_jsonb_binary(data: bytes, modifier: int = -1) -> str:
    if data[:1] != JSONB_VERSION:
        if not data:
            raise invalid_binary("no data left in message")
        raise DatabaseError("XX000", f"unsupported jsonb version number {data[0]}")
    return parse_jsonb(from_utf8(data[1:]))


def _format_jsonb_binary(datum: str, modifier: int = -1) -> bytes:
    return JSONB_VERSION + datum.encode()


TYPES = (
    Type("json", "json", 114, 199, -1, "U", parse_json, _same, _parse_json_binary, _format_json_binary),
    Type("jsonb", "jsonb", 3802, 3807, -1, "U", parse_jsonb, _same, _parse_jsonb_binary, _format_jsonb_binary),
)
JSON_TYPES = frozenset({"json", "jsonb"})
