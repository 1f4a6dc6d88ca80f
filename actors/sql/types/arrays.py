"""Arrays: `Array`, the datum, and an array type for each element type, read and written as PostgreSQL does
(arrayfuncs.c), in text and in binary.

    by_name["_int4"].parse_text("[0:1]={1,NULL}", -1) == Array((1, None), (2,), (0,))
    by_name["_text"].format_text(array_of_items(["a", "", "null"]), -1) == '{a,"","null"}'

    literal     [lower:upper]... = { item , ... }     the bounds are optional; as many braces as dimensions, all rows of
                                                      one length
    item        "..." with \\" and \\\\, or bare text without , { } "; a bare NULL in any case is NULL, a quoted one is
                text; blanks around items are nobody's

A type's name is its element's behind an underscore, as in PostgreSQL's catalog. The modifier is the element's. Whatever
these readers do not understand exactly as PostgreSQL does is an error: 22P02 in text, 22P03 in binary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from math import prod
from struct import Struct
from typing import Any

import msgspec

from actors.common.errors import (
    DATATYPE_MISMATCH,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROGRAM_LIMIT_EXCEEDED,
    DatabaseError,
)
from actors.sql.types.base import WHITESPACE, Type, invalid_binary

DIMENSIONS_MAX = 6
ARRAY_SUBSCRIPT_ERROR = "2202E"
_INT4_MAX, _INT4_MIN = 2**31 - 1, -(2**31)


class Array(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """`items` in storage order, None for NULL; `lengths` and `lowers` (first subscripts) one a dimension. An array
    without items has no dimensions."""

    items: tuple[Any, ...] = ()
    lengths: tuple[int, ...] = ()
    lowers: tuple[int, ...] = ()

    @cached_property
    def members(self) -> frozenset[Any]:
        """The items that are not NULL, to look one up among many."""
        return frozenset(item for item in self.items if item is not None)

    @cached_property
    def has_null(self) -> bool:
        return None in self.items

    @cached_property
    def has_nan(self) -> bool:
        """Of floats or numerics: NaN is equal to itself in SQL, and not in Python."""
        return any(item is not None and item != item for item in self.items)

    def mapped(self, change: Callable[[Any], Any]) -> Array:
        """`change` of every item that is not NULL."""
        return Array(tuple(None if item is None else change(item) for item in self.items), self.lengths, self.lowers)


EMPTY = Array()


def array_of_items(items: Iterable[Any]) -> Array:
    """Of one dimension, counted from 1."""
    kept = tuple(items)
    return Array(kept, (len(kept),), (1,)) if kept else EMPTY


VECTORS = {"int2vector": "_int2", "oidvector": "_oid"}
"""The catalog's vectors, which are carried as text, and the array types that they are."""


def vector_of(text: str) -> Array:
    """Of an int2vector or oidvector: integers between blanks, counted from 0."""
    items = tuple(map(int, text.split()))
    return Array(items, (len(items),), (0,)) if items else EMPTY


def is_array(name: str) -> bool:
    """Whether `name` is an array type's whose datums are Arrays."""
    return name in ARRAY_TYPES


def element_of(name: str) -> str:
    """The element type's name of an array type's."""
    return name[1:]


ARRAY_TYPES: dict[str, Type] = {}
"""By name; filled by `make_array_types`."""


def make_array_types(elements: Sequence[Type]) -> tuple[Type, ...]:
    """The array types of these."""
    for element in elements:
        codec = _Codec(element)
        made = Type(
            "_" + element.name,
            element.sql_name + "[]",
            element.array_oid,
            0,
            -1,
            "A",
            codec.parse_text,
            codec.format_text,
            codec.parse_binary,
            codec.format_binary,
        )
        ARRAY_TYPES[made.name] = made
    return tuple(ARRAY_TYPES.values())


# -- text --------------------------------------------------------------------------------------------------------------

_BLANKS = re.compile(f"[{WHITESPACE}]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'(?:[^",{}\\]|\\.)+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BOUND = re.compile(r"[+-]?\d+")
_NEEDS_QUOTES = re.compile(r'[",{}\\' + WHITESPACE + "]")

_Token = tuple[str, "str | None"]
"""("{", None), ("}", None), (",", None), or ("item", its text or None for NULL)."""


def _malformed(text: str, detail: str) -> DatabaseError:
    return DatabaseError(INVALID_TEXT_REPRESENTATION, f'malformed array literal: "{text}"', detail=detail)


class _Literal:
    """One array literal under the reader's eye."""

    __slots__ = ("place", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def error(self, detail: str) -> DatabaseError:
        return _malformed(self.text, detail)

    def _skip_blanks(self) -> None:
        found = _BLANKS.match(self.text, self.place)
        assert found is not None
        self.place = found.end()

    def _next_is(self, character: str) -> bool:
        return self.text.startswith(character, self.place)

    def bounds(self) -> list[tuple[int, int]]:
        """(lower, length) of each dimension that is given, up to the opening brace."""
        found: list[tuple[int, int]] = []
        self._skip_blanks()
        while self._next_is("["):
            self.place += 1
            if len(found) == DIMENSIONS_MAX:
                raise _too_many_dimensions()
            found.append(self._bound())
            self._skip_blanks()
        if not found:
            if not self._next_is("{"):
                raise self.error('Array value must start with "{" or dimension information.')
            return found
        if not self._next_is("="):
            raise self.error('Missing "=" after array dimensions.')
        self.place += 1
        self._skip_blanks()
        if not self._next_is("{"):
            raise self.error('Array contents must start with "{".')
        return found

    def _bound(self) -> tuple[int, int]:
        first = self._number('"[" must introduce explicitly-specified array dimensions.')
        lower, upper = 1, first
        if self._next_is(":"):
            self.place += 1
            lower, upper = first, self._number("Missing array dimension value.")
        if not self._next_is("]"):
            raise self.error('Missing "]" after array dimensions.')
        self.place += 1
        if upper < lower:
            raise DatabaseError(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound")
        if upper == _INT4_MAX:
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, f"array upper bound is too large: {upper}")
        return lower, upper - lower + 1

    def _number(self, missing: str) -> int:
        found = _BOUND.match(self.text, self.place)
        if found is None:
            raise self.error(missing)
        self.place = found.end()
        number = int(found.group())
        if not _INT4_MIN <= number <= _INT4_MAX:
            raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "array bound is out of integer range")
        return number

    def tokens(self) -> Iterator[_Token]:
        """Up to the brace that ends the array, which the caller knows."""
        text = self.text
        while True:
            self._skip_blanks()
            if self.place == len(text):
                raise self.error("Unexpected end of input.")
            character = text[self.place]
            if character in "{},":
                self.place += 1
                yield character, None
            elif character == '"':
                yield "item", self._quoted()
            else:
                yield "item", self._bare()

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.place)
        if found is None:
            raise self.error("Unexpected end of input.")
        self.place = found.end()
        self._skip_blanks()
        if self.place < len(self.text) and self.text[self.place] not in ",}{":
            raise self.error("Incorrectly quoted array element.")
        return _ESCAPED.sub(r"\1", found.group(1))

    def _bare(self) -> str | None:
        found = _BARE.match(self.text, self.place)
        if found is None or found.end() == len(self.text):
            raise self.error("Unexpected end of input.")
        self.place = found.end()
        if self.text[self.place] == '"':
            raise self.error("Incorrectly quoted array element.")
        raw = found.group()
        if "\\" not in raw:
            item = raw.rstrip(WHITESPACE)
            return None if item.lower() == "null" else item
        # A blank behind a backslash is part of the item.
        last = max(found.end() for found in _ESCAPED.finditer(raw))
        return _ESCAPED.sub(r"\1", raw[:last] + raw[last:].rstrip(WHITESPACE))

    def end(self) -> None:
        self._skip_blanks()
        if self.place < len(self.text):
            raise self.error("Junk after closing right brace.")


def _too_many_dimensions() -> DatabaseError:
    return DatabaseError(
        PROGRAM_LIMIT_EXCEEDED, f"number of array dimensions exceeds the maximum allowed ({DIMENSIONS_MAX})"
    )


class _Shape:
    """The lengths of the dimensions as the braces show them; all rows of a dimension are of one length."""

    def __init__(self, literal: _Literal) -> None:
        self._literal = literal
        self._counts: list[int] = []
        """Of items (rows) so far, at each depth that is open."""
        self.lengths: list[int | None] = []
        self._bottom = 0
        """The depth at which items are, once one has been seen."""

    def open(self) -> None:
        if self._counts:
            self._count()
        self._counts.append(0)
        depth = len(self._counts)
        if depth > DIMENSIONS_MAX:
            raise _too_many_dimensions()
        if self._bottom and depth > self._bottom:
            raise self._ragged()
        if depth > len(self.lengths):
            self.lengths.append(None)

    def item(self) -> None:
        depth = len(self._counts)
        if (self._bottom and depth != self._bottom) or depth < len(self.lengths):
            raise self._ragged()
        self._bottom = depth
        self._count()

    def _count(self) -> None:
        self._counts[-1] += 1

    def close(self) -> bool:
        """Whether that was the last brace."""
        depth = len(self._counts)
        count = self._counts.pop()
        known = self.lengths[depth - 1]
        if (known is not None and known != count) or (self._bottom and depth < self._bottom and count == 0):
            raise self._ragged()
        self.lengths[depth - 1] = count
        return not self._counts

    def _ragged(self) -> DatabaseError:
        return self._literal.error("Multidimensional arrays must have sub-arrays with matching dimensions.")


def _read(text: str) -> tuple[list[str | None], tuple[int, ...], tuple[int, ...]]:
    """(items' texts, lengths, lower bounds) of an array literal."""
    literal = _Literal(text)
    given = literal.bounds()
    shape = _Shape(literal)
    items: list[str | None] = []
    before = ""
    """The last token: what may follow depends on it."""
    for kind, item in literal.tokens():
        if kind == "{":
            if before in ("item", "}"):
                raise literal.error('Unexpected "{" character.')
            shape.open()
        elif kind == "}":
            if before == ",":
                raise literal.error('Unexpected "}" character.')
            if shape.close():
                break
        elif kind == ",":
            if before not in ("item", "}"):
                raise literal.error('Unexpected "," character.')
        else:
            if before in ("item", "}"):
                raise literal.error("Unexpected array element.")
            shape.item()
            items.append(item)
        before = kind
    literal.end()
    lengths = tuple(length or 0 for length in shape.lengths)
    if given and [length for _, length in given] != list(lengths):
        raise literal.error("Specified array dimensions do not match array contents.")
    if not items:
        return [], (), ()
    return items, lengths, tuple(lower for lower, _ in given) or (1,) * len(lengths)


def _quoted(item: str) -> str:
    if item and item.lower() != "null" and _NEEDS_QUOTES.search(item) is None:
        return item
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _braced(items: Sequence[str], lengths: Sequence[int]) -> str:
    if len(lengths) == 1:
        return "{" + ",".join(items) + "}"
    width = len(items) // lengths[0]
    return (
        "{"
        + ",".join(_braced(items[start : start + width], lengths[1:]) for start in range(0, len(items), width))
        + "}"
    )


# -- both --------------------------------------------------------------------------------------------------------------

_INT4 = Struct("!i")
_HEAD = Struct("!iiI")
_DIMENSION = Struct("!ii")


class _Codec:
    """Readers and writers of one array type. `around`: what the date/time family takes besides (time zone, now)."""

    def __init__(self, element: Type) -> None:
        self._element = element

    def parse_text(self, text: str, modifier: int = -1, *around: Any) -> Array:
        if text == "{}":
            return EMPTY
        items, lengths, lowers = _read(text)
        parse = self._element.parse_text
        return Array(tuple(None if item is None else parse(item, modifier, *around) for item in items), lengths, lowers)

    def format_text(self, datum: Array, modifier: int = -1, *around: Any) -> str:
        if not datum.items:
            return "{}"
        shown = self._element.format_text
        # Of bool PostgreSQL's output function is t and f, as format_text has it.
        items = ["NULL" if item is None else _quoted(shown(item, modifier, *around)) for item in datum.items]
        braced = _braced(items, datum.lengths)
        if all(lower == 1 for lower in datum.lowers):
            return braced
        bounds = zip(datum.lowers, datum.lengths, strict=True)
        return "".join(f"[{lower}:{lower + length - 1}]" for lower, length in bounds) + "=" + braced

    def parse_binary(self, data: bytes, modifier: int = -1) -> Array:
        dimensions, flags, oid = _HEAD.unpack_from(self._enough(data, 0, _HEAD.size))
        if dimensions < 0:
            raise invalid_binary(f"invalid number of dimensions: {dimensions}")
        if dimensions > DIMENSIONS_MAX:
            shown = f"number of array dimensions ({dimensions}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
            raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, shown)
        if flags not in (0, 1):
            raise invalid_binary("invalid array flags")
        if oid != self._element.oid:
            shown = f"{self._element.oid} ({self._element.sql_name})"
            raise DatabaseError(
                DATATYPE_MISMATCH, f"binary data has array element type {oid} instead of expected {shown}"
            )
        place = _HEAD.size
        pairs: list[tuple[int, int]] = []
        for _ in range(dimensions):
            pairs.append(_DIMENSION.unpack_from(self._enough(data, place, _DIMENSION.size)))
            place += _DIMENSION.size
        for length, lower in pairs:
            if length < 0 or lower + length > _INT4_MAX:
                raise invalid_binary("invalid array dimensions")
        count = prod(length for length, _ in pairs) if pairs else 0
        items: list[Any] = []
        parse = self._element.parse_binary
        for _ in range(count):
            (size,) = _INT4.unpack_from(self._enough(data, place, _INT4.size))
            place += _INT4.size
            if size == -1:
                items.append(None)
                continue
            if size < 0:
                raise invalid_binary("insufficient data left in message")
            self._enough(data, place, size)
            items.append(parse(data[place : place + size], modifier))
            place += size
        if place != len(data):
            raise invalid_binary()
        return Array(tuple(items), *map(tuple, zip(*pairs, strict=True))) if items else EMPTY

    def _enough(self, data: bytes, place: int, size: int) -> bytes:
        if place + size > len(data):
            raise invalid_binary("insufficient data left in message")
        return data[place : place + size]

    def format_binary(self, datum: Array, modifier: int = -1) -> bytes:
        parts = [_HEAD.pack(len(datum.lengths), int(datum.has_null), self._element.oid)]
        parts += [_DIMENSION.pack(length, lower) for length, lower in zip(datum.lengths, datum.lowers, strict=True)]
        shown = self._element.format_binary
        for item in datum.items:
            if item is None:
                parts.append(_INT4.pack(-1))
            else:
                data = shown(item, modifier)
                parts += [_INT4.pack(len(data)), data]
        return b"".join(parts)
