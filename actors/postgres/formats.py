"""Datums <-> the protocol's text and binary forms, compiled once for a list of types.

    shape = ShapeCache().shape(fields, b"\\x00\\x01", zone)     result columns and the format codes of a Bind
    shape.description                                          RowDescription
    shape.encode(rows, output)                                 DataRow messages appended to a bytearray

    decode = parameter_decoder((ColumnType("int4"),), b"")     of a Bind's parameters
    decode([b"17"]) == [17]

A row encoder is Python source made for its columns, with the common types written inline: about a microsecond for a
small row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from functools import lru_cache
from struct import Struct, unpack
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.common.errors import (
    CHARACTER_NOT_IN_REPERTOIRE,
    INVALID_PARAMETER_VALUE,
    PROTOCOL_VIOLATION,
    DatabaseError,
    statement_memory_exceeded,
)
from actors.postgres.backend import row_description
from actors.postgres.frontend import text_of
from actors.sql.expressions.casts import STYLED, STYLED_ARRAYS, ZONED, ZONED_ARRAYS
from actors.sql.results import Field
from actors.sql.types import by_name
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.styles import StyledZone

if TYPE_CHECKING:
    from actors.postgres.columns import PieceEncoder

RowEncoder = Callable[[Iterable[tuple[Any, ...]], bytearray], None]
ParameterDecoder = Callable[[Sequence[bytes | None]], list[Any]]

SHAPES_MAX = 1024
"""Result shapes kept by a process; all are dropped when there are more, since plans that went away leave theirs
behind."""
DECODERS_MAX = 1024
ITEM_BYTES = 80
"""What a datum takes in memory beside its characters, with its place in a list."""
BINARY_ITEM_BYTES_MIN = 4
"""Of an array's item: its length word."""
SHORT_BYTES = 256
"""Values shorter than this take their length word from a table."""

ZONED_OUTPUT = frozenset({"timestamptz", "_timestamptz"})
"""Types whose text depends on the session's time zone."""
STYLED_OUTPUT = STYLED | STYLED_ARRAYS
"""Types whose text depends on the session's styles."""
ZONED_INPUT = ZONED | {"interval"} | ZONED_ARRAYS
"""Types whose text may be read by the session's time zone and styles."""

_head = Struct("!cIH").pack
_length = Struct("!i").pack
_LENGTHS = tuple(_length(size) for size in range(SHORT_BYTES))
_NULL = _length(-1)

_BINARY_FIXED = {
    "int2": (Struct("!ih").pack, 2),
    "int4": (Struct("!ii").pack, 4),
    "int8": (Struct("!iq").pack, 8),
    "float8": (Struct("!id").pack, 8),
}


class ResultShape(NamedTuple):
    """How the rows of one portal are shown."""

    description: bytes
    encode: RowEncoder
    encode_piece: PieceEncoder
    """Of rows that are there as columns (results.Piece)."""


class ShapeCache:
    """One for each query processor: shapes by the identity of a plan's fields, so that a portal costs one look-up."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[int, bytes, tzinfo], tuple[Sequence[Field], ResultShape]] = {}

    def shape(self, fields: Sequence[Field], formats: bytes, zone: tzinfo) -> ResultShape:
        """`formats`: a Bind's raw result format codes. Raises 08P01 where they do not fit the columns."""
        key = (id(fields), formats, zone)
        known = self._shapes.get(key)
        if known is not None:
            return known[1]
        codes = format_codes(formats, len(fields), "result")
        types = tuple(field.type for field in fields)
        from actors.postgres.columns import PieceEncoder

        encode = row_encoder(types, tuple(codes), zone)
        shape = ResultShape(row_description(fields, codes), encode, PieceEncoder(types, codes, zone, encode))
        if len(self._shapes) >= SHAPES_MAX:
            self._shapes.clear()
        self._shapes[key] = (fields, shape)  # holds the fields, so that their id is not given to others
        return shape


def format_codes(raw: bytes, count: int, of_what: str) -> list[int]:
    """One code a value from a Bind's raw codes. Raises 08P01 for a wrong number of them, 22023 for a code that is
    neither 0 nor 1."""
    given = len(raw) // 2
    codes = list(unpack(f"!{given}H", raw))
    for code in codes:
        if code > 1:
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"unsupported format code: {code}")
    if given == count:
        return codes
    if given == 0:
        return [0] * count
    if given == 1:
        return codes * count
    if of_what == "result":
        raise DatabaseError(
            PROTOCOL_VIOLATION, f"bind message has {given} result formats but query has {count} columns"
        )
    raise DatabaseError(PROTOCOL_VIOLATION, f"bind message has {given} parameter formats but {count} parameters")


# -- datums -> DataRow -------------------------------------------------------------------------------------------------


def text_writer(type_: ColumnType, zone: tzinfo | None) -> Callable[[Any], str]:
    """datum (not None) -> its text."""
    if type_.name in ("text", "varchar"):
        return _same
    if type_.name in ("int2", "int4", "int8"):
        return str
    format_text, modifier = by_name[type_.name].format_text, type_.modifier
    if type_.name in ZONED_OUTPUT or (type_.name in STYLED_OUTPUT and zone.__class__ is StyledZone):
        return lambda datum: format_text(datum, modifier, zone)
    return lambda datum: format_text(datum, modifier)


def _same(datum: str) -> str:
    return datum


@lru_cache(maxsize=SHAPES_MAX)
def row_encoder(types: tuple[ColumnType, ...], codes: tuple[int, ...], zone: tzinfo | None) -> RowEncoder:
    """Rows of datums -> DataRow messages appended to a bytearray."""
    names: dict[str, Any] = {"HEAD": _head, "LENGTH": _length, "LENGTHS": _LENGTHS, "NULL": _NULL, "SHORT": SHORT_BYTES}
    lines = ["def encode(rows, output):"]
    count = len(types)
    values = ", ".join(f"v{column}" for column in range(count))
    lines.append(f"    for {'(v0,)' if count == 1 else values or '_'} in rows:")
    for column, (type_, code) in enumerate(zip(types, codes, strict=True)):
        lines.append(f"        if v{column} is None: p{column} = NULL")
        lines.append(f"        else: {_value_source(column, type_, code, zone, names)}")
    body = " + ".join(f"p{column}" for column in range(count)) or 'b""'
    lines.append(f"        body = {body}")
    lines.append(f"        output += HEAD(b'D', len(body) + 6, {count})")
    lines.append("        output += body")
    exec("\n".join(lines), names)
    return names.pop("encode")  # type: ignore[no-any-return]


def _value_source(column: int, type_: ColumnType, code: int, zone: tzinfo | None, names: dict[str, Any]) -> str:
    """Statements that make `p<column>`, length word and value, of `v<column>`."""
    name, value = type_.name, f"v{column}"
    sized = f"n = len(d); p{column} = (LENGTHS[n] if n < SHORT else LENGTH(n)) + d"
    if name == "bool":
        true, false = (b"t", b"f") if code == 0 else (b"\1", b"\0")
        names["TRUE"], names["FALSE"] = _LENGTHS[1] + true, _LENGTHS[1] + false
        names[f"B{column}"] = (_LENGTHS[1] + false, _LENGTHS[1] + true)
        return f"p{column} = B{column}[{value}]"
    if name in ("text", "varchar"):
        return f"d = {value}.encode(); {sized}"
    if code == 1:
        if name in _BINARY_FIXED:
            names[f"F{column}"], size = _BINARY_FIXED[name]
            return f"p{column} = F{column}({size}, {value})"
        names[f"F{column}"] = by_name[name].format_binary
        return f"d = F{column}({value}, {type_.modifier}); {sized}"
    if name in ("int2", "int4", "int8"):
        return f"d = b'%d' % {value}; p{column} = LENGTHS[len(d)] + d"
    names[f"F{column}"] = text_writer(type_, zone)
    return f"d = F{column}({value}).encode(); {sized}"


# -- Bind's parameters -> datums ---------------------------------------------------------------------------------------


def read_text(data: bytes) -> str:
    """UTF-8 text. A zero byte cannot be in a PostgreSQL text: 22021."""
    if 0 in data:
        raise DatabaseError(CHARACTER_NOT_IN_REPERTOIRE, 'invalid byte sequence for encoding "UTF8": 0x00')
    return text_of(data)


def text_reader(type_: ColumnType, zone: tzinfo | None) -> Callable[[str], Any]:
    """Text -> datum."""
    parse_text, modifier = by_name[type_.name].parse_text, type_.modifier
    if type_.name in ZONED_INPUT:
        return lambda text: parse_text(text, modifier, zone)
    return lambda text: parse_text(text, modifier)


@lru_cache(maxsize=DECODERS_MAX)
def parameter_decoder(types: tuple[ColumnType, ...], formats: bytes, zone: tzinfo | None) -> ParameterDecoder:
    """Raises 08P01 and 22023 for format codes that do not fit; the decoder raises what the types' own readers raise
    (22P02, 22P03 ...)."""
    codes = format_codes(formats, len(types), "parameter")
    readers = [_reader(type_, code, zone) for type_, code in zip(types, codes, strict=True)]

    def decode(values: Sequence[bytes | None]) -> list[Any]:
        return [None if value is None else reader(value) for reader, value in zip(readers, values, strict=True)]

    return decode


def decode_within(
    types: tuple[ColumnType, ...],
    formats: bytes,
    zone: tzinfo | None,
    values: Sequence[bytes | None],
    memory_bytes_max: int,
) -> list[Any]:
    """The datums of a large Bind. Raises 54000 where they would take more than `memory_bytes_max` (0: no limit), and
    what a decoder raises."""
    codes = format_codes(formats, len(types), "parameter")
    if memory_bytes_max:
        needed = sum(
            memory_of(type_.name, value, code)
            for type_, value, code in zip(types, values, codes, strict=True)
            if value is not None
        )
        if needed > memory_bytes_max:
            raise statement_memory_exceeded(memory_bytes_max)
    readers: dict[tuple[str, int, int], Callable[[bytes], Any]] = {}
    datums: list[Any] = []
    for type_, code, value in zip(types, codes, values, strict=True):
        if value is None:
            datums.append(None)
            continue
        key = (type_.name, type_.modifier, code)
        reader = readers.get(key)
        if reader is None:
            reader = readers[key] = _reader(type_, code, zone)
        datums.append(reader(value))
    return datums


def memory_of(name: str, value: bytes, code: int) -> int:
    """Bytes that a parameter takes, as it came and as a datum of the type `name`: an array is an object for each of its
    items."""
    items = 1
    if is_array(name):
        items += len(value) // BINARY_ITEM_BYTES_MIN if code else value.count(b",")
    return 2 * len(value) + items * ITEM_BYTES


def _reader(type_: ColumnType, code: int, zone: tzinfo | None) -> Callable[[bytes], Any]:
    name, modifier = type_.name, type_.modifier
    if name in ("text", "varchar") and modifier == -1:
        return read_text
    if code == 1:
        parse_binary = by_name[name].parse_binary
        return lambda data: parse_binary(data, modifier)
    parse = text_reader(type_, zone)
    digits = {"int2": 4, "int4": 9, "int8": 18}.get(name)
    if digits is None:
        return lambda data: parse(read_text(data))
    safe_digits = digits

    def read_integer(data: bytes) -> Any:
        if len(data) <= safe_digits and (data.isdigit() or (data[:1] == b"-" and data[1:].isdigit())):
            return int(data)
        return parse(read_text(data))

    return read_integer
