"""COPY's Arrow format, both ways: an Arrow IPC stream, cut into CopyData messages anywhere. An extension of ours;
PostgreSQL has text, csv and binary.

    COPY t TO STDOUT (FORMAT arrow)      schema, record batches, end: columns by name, in the Arrow types of
                                         arrow_types.py; any other type as PostgreSQL's text
    COPY t FROM STDIN (FORMAT arrow)     the same from the client: columns by place, of any Arrow type that casts to the
                                         column's without loss, or text

Out, columns go as they come from DuckDB or from storage: no Python object is made of a value. In, datums are made, some
rows at a time, since rows are stored.

A client's stream is checked before anything reads it: message lengths against `row_bytes_max`, offsets and UTF-8 by
Arrow's own full validation. Refused (0A000): compressed and dictionary-encoded batches, which would take far more
memory than what was sent; Arrow's writers send neither unless told to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import (
    BAD_COPY_FILE_FORMAT,
    CHARACTER_NOT_IN_REPERTOIRE,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    DatabaseError,
)
from actors.postgres.copy_text import ROW_BYTES_MAX, Row
from actors.postgres.formats import text_reader, text_writer
from actors.sql.encoding.arrow_types import arrow_type, from_arrow, has_arrow_type, to_arrow
from actors.sql.results import CopyIn, CopyOut, Piece
from actors.sql.types import by_name
from actors.sql.types.base import SHOWN
from actors.sql.types.column_type import ColumnType

CONTINUATION = b"\xff\xff\xff\xff"
HEAD_BYTES = 8
"""The continuation mark and the metadata's length."""
END = CONTINUATION + b"\0\0\0\0"
SCHEMA_MESSAGE, BATCH_MESSAGE = 1, 3
"""MessageHeader in Arrow's format/Message.fbs."""
SLICE_ROWS = 256
"""Of a client's batch, made datums at once."""
TEXTS = frozenset({"text", "varchar", "bpchar", "name", "char", "unknown"})
ORDERED = frozenset({"date", "time", "timestamp", "timestamptz"})
"""Types whose range is narrower than Arrow's."""


def goes_as_arrow(type_: ColumnType) -> bool:
    return type_.name not in SHOWN and has_arrow_type(type_)


class CopyArrowEncoder:
    """Rows, or pieces of columns -> one record batch each."""

    def __init__(self, copy: CopyOut, zone: tzinfo | None) -> None:
        self._types = copy.types
        self._writers = [None if goes_as_arrow(type_) else text_writer(type_, zone) for type_ in copy.types]
        kinds = [
            arrow_type(type_) if writer is None else pa.utf8()
            for type_, writer in zip(copy.types, self._writers, strict=True)
        ]
        self._schema = pa.schema([pa.field(name, kind) for name, kind in zip(copy.columns, kinds, strict=True)])

    def header(self) -> list[bytes]:
        return [self._schema.serialize().to_pybytes()]

    def rows(self, rows: Sequence[Row]) -> list[bytes]:
        columns = list(zip(*rows, strict=True)) or [()] * len(self._types)
        return self._batch([self._column(place, columns[place]) for place in range(len(self._types))], len(rows))

    def piece(self, piece: Piece) -> list[bytes]:
        return self._batch([self._carried(place, piece) for place in range(len(self._types))], len(piece))

    def trailer(self) -> list[bytes]:
        return [END]

    def _batch(self, columns: list[pa.Array], rows: int) -> list[bytes]:
        batch = (
            pa.record_batch(columns, schema=self._schema)
            if columns
            else pa.RecordBatch.from_struct_array(pa.array([{}] * rows))
        )
        return [batch.serialize().to_pybytes()]

    def _column(self, place: int, datums: Sequence[Any]) -> pa.Array:
        writer = self._writers[place]
        if writer is None:
            return to_arrow(datums, self._types[place])
        return pa.array([None if datum is None else writer(datum) for datum in datums], pa.utf8())

    def _carried(self, place: int, piece: Piece) -> pa.Array:
        """DuckDB's column where its values are the datums, else by the datums."""
        type_, kind, column = self._types[place], self._schema.field(place).type, piece.batch.column(place)
        if self._writers[place] is None and not (type_.name == "numeric" and column.type.id != kind.id):
            try:
                return column if column.type == kind else column.cast(kind)
            except pa.ArrowInvalid:
                return self._column(place, piece.datums(place))
        return self._column(place, piece.datums(place))


class CopyArrowDecoder:
    """Bytes of CopyData -> rows, at most SLICE_ROWS at once: while `held`, `feed(b"")` gives the next ones."""

    def __init__(self, copy: CopyIn, zone: tzinfo | None, row_bytes_max: int = ROW_BYTES_MAX) -> None:
        self._copy = copy
        self._zone = zone
        self._bytes_max = row_bytes_max
        self._rest = bytearray()
        self._schema: pa.Schema | None = None
        self._readers: list[Callable[[pa.Array], list[Any]]] = []
        self._batch: pa.RecordBatch | None = None
        self._rows = 0
        self.ended = False

    @property
    def held(self) -> bool:
        return self._batch is not None

    def feed(self, data: bytes) -> list[Row]:
        """Rows of the messages that are complete. Raises DatabaseError; the decoder must not be used after that."""
        self._rest += data
        self._advance()
        return self._slice() if self._batch is not None else []

    def finish(self) -> list[Row]:
        """The client has sent everything. The end mark may be missing where a whole message was the last."""
        if self.ended and self._rest:
            raise self._error("received copy data after EOF marker")
        if self._schema is None or self._rest:
            raise self._error(
                "unexpected EOF in COPY data" if self._rest or self._schema else "COPY data is no Arrow IPC stream"
            )
        return []

    def _advance(self) -> None:
        """To the next batch with rows, where that is complete."""
        while self._batch is None and not self.ended and (message := self._message()) is not None:
            self._read(*message)

    # -- messages ------------------------------------------------------------------------------------------------------

    def _message(self) -> tuple[int, bytes] | None:
        """(its kind, all of its bytes) of the next message, None until that is complete."""
        rest = self._rest
        if rest[:4] != CONTINUATION[: len(rest)]:
            raise self._error("COPY data is no Arrow IPC stream")
        if len(rest) < HEAD_BYTES:
            return None
        metadata = int.from_bytes(rest[4:8], "little")
        if not metadata:
            self.ended = True
            del rest[:HEAD_BYTES]
            return None
        if metadata > self._bytes_max:
            raise self._error("message is too long")
        if len(rest) < HEAD_BYTES + metadata:
            return None
        kind, body = _message_of(bytes(rest[HEAD_BYTES : HEAD_BYTES + metadata]), self._error)
        size = HEAD_BYTES + metadata + body
        if size > self._bytes_max:
            raise self._error("message is too long")
        if len(rest) < size:
            return None
        message = bytes(rest[:size])
        del rest[:size]
        return kind, message

    def _read(self, kind: int, message: bytes) -> None:
        try:
            if kind == SCHEMA_MESSAGE and self._schema is None:
                # Under names of our own: a client's may be anything.
                kinds = pa.ipc.read_schema(pa.py_buffer(message)).types
                self._schema = pa.schema([pa.field(f"c{place}", kind) for place, kind in enumerate(kinds)])
                self._readers = self._readers_of(kinds)
            elif kind == BATCH_MESSAGE and self._schema is not None:
                batch = pa.ipc.read_record_batch(pa.py_buffer(message), self._schema)
                batch.validate(full=True)
                self._batch = batch if batch.num_rows else None
            else:
                raise self._error("message out of order in COPY data")
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._error(f"invalid Arrow data: {str(error).splitlines()[0]}") from None

    def _slice(self) -> list[Row]:
        batch = self._batch
        assert batch is not None
        taken = batch.slice(0, SLICE_ROWS)
        self._batch = batch.slice(SLICE_ROWS) if batch.num_rows > SLICE_ROWS else None
        self._advance()
        columns = []
        for name, column, read in zip(self._copy.columns, taken.columns, self._readers, strict=True):
            try:
                columns.append(read(column))
            except (pa.ArrowException, ValueError, OverflowError) as error:
                raise self._error(f"invalid value: {str(error).splitlines()[0]}", name) from None
            except DatabaseError as error:
                error.context = error.context or self._context(name)
                raise
        self._rows += len(taken)
        return list(zip(*columns, strict=True))

    # -- columns -------------------------------------------------------------------------------------------------------

    def _readers_of(self, kinds: list[pa.DataType]) -> list[Callable[[pa.Array], list[Any]]]:
        """Raises 22P04 for another number of columns, 42804 for a column that cannot be of its type."""
        if len(kinds) != len(self._copy.types):
            raise self._error(f"the data has {len(kinds)} columns, expected {len(self._copy.types)}")
        readers = []
        for given, name, type_ in zip(kinds, self._copy.columns, self._copy.types, strict=True):
            kind = given.storage_type if isinstance(given, pa.BaseExtensionType) else given
            if pa.types.is_dictionary(kind) or pa.types.is_nested(kind):
                raise DatabaseError(
                    FEATURE_NOT_SUPPORTED, f'column "{name}": Arrow type {kind} is not supported in COPY'
                )
            readers.append(self._reader(name, type_, kind))
        return readers

    def _reader(self, name: str, type_: ColumnType, kind: pa.DataType) -> Callable[[pa.Array], list[Any]]:
        if pa.types.is_null(kind):
            return lambda column: [None] * len(column)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return _text_reader(type_, self._zone)
        if not goes_as_arrow(type_) or type_.name in TEXTS or not _fits(kind, type_):
            shown = by_name[type_.name].sql_name
            raise DatabaseError(
                DATATYPE_MISMATCH, f'column "{name}" is of type {shown} but the data is of Arrow type {kind}'
            )
        if type_.name == "numeric":
            return _numeric_reader(type_, self._zone)
        if type_.name == "uuid":
            return lambda column: _storage(column).cast(pa.binary(16)).cast(pa.binary()).to_pylist()
        if type_.name in ORDERED:
            return lambda column: _within_range(from_arrow(_storage(column).cast(arrow_type(type_)), type_), type_)
        return lambda column: from_arrow(_storage(column).cast(arrow_type(type_)), type_)

    def _context(self, column: str) -> str:
        return (
            f"COPY {self._copy.table or '(stdin)'}, rows {self._rows + 1} to {self._rows + SLICE_ROWS}, column {column}"
        )

    def _error(self, message: str, column: str = "") -> DatabaseError:
        context = self._context(column) if column else f"COPY {self._copy.table or '(stdin)'}, row {self._rows + 1}"
        return DatabaseError(BAD_COPY_FILE_FORMAT, message, context=context)


def _storage(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _fits(kind: pa.DataType, type_: ColumnType) -> bool:
    """Whether columns of these types mean the same, though single values may not fit."""
    is_, name = pa.types, type_.name
    if name in ("int2", "int4", "int8", "oid"):
        return bool(is_.is_integer(kind))
    if name in ("float4", "float8", "numeric"):
        return bool(is_.is_integer(kind) or is_.is_floating(kind) or is_.is_decimal(kind))
    if name in ("bytea", "uuid"):
        return bool(is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_fixed_size_binary(kind))
    if name in ("timestamp", "timestamptz"):
        return bool(is_.is_timestamp(kind)) and (kind.tz is not None) == (name == "timestamptz")
    tests = {"bool": is_.is_boolean, "date": is_.is_date, "time": is_.is_time, "interval": is_.is_interval}
    return bool(tests[name](kind))


def _text_reader(type_: ColumnType, zone: tzinfo | None) -> Callable[[pa.Array], list[Any]]:
    parse = text_reader(type_, zone)
    plain = type_.name in ("text", "varchar") and type_.modifier < 0

    def read(column: pa.Array) -> list[Any]:
        column = column.cast(pa.large_utf8())
        if pc.any(pc.match_substring(column, "\0")).as_py():
            raise DatabaseError(CHARACTER_NOT_IN_REPERTOIRE, 'invalid byte sequence for encoding "UTF8": 0x00')
        texts: list[Any] = column.to_pylist()
        return texts if plain else [None if text is None else parse(text) for text in texts]

    return read


def _numeric_reader(type_: ColumnType, zone: tzinfo | None) -> Callable[[pa.Array], list[Any]]:
    """Exactly where the declared scale allows it, else rounded, or refused, as PostgreSQL does with the number's
    text."""
    parse, kind = text_reader(type_, zone), arrow_type(type_)

    def read(column: pa.Array) -> list[Any]:
        if pa.types.is_decimal(column.type) and pa.types.is_decimal(kind):
            try:
                exact: list[Any] = column.cast(
                    pa.decimal128(((type_.modifier - 4) >> 16) & 0xFFFF, kind.scale)
                ).to_pylist()
                return exact
            except pa.ArrowInvalid:
                pass  # the text says what is wrong
        return [None if text is None else parse(text) for text in column.cast(pa.utf8()).to_pylist()]

    return read


def _within_range(datums: list[Any], type_: ColumnType) -> list[Any]:
    """Raises what the type's own reader raises of the least and the greatest."""
    known = [datum for datum in datums if datum is not None]
    type_of = by_name[type_.name]
    for datum in (min(known), max(known)) if known else ():
        type_of.parse_binary(type_of.format_binary(datum, type_.modifier), type_.modifier)
    return datums


def _message_of(metadata: bytes, error: Callable[[str], DatabaseError]) -> tuple[int, int]:
    """(kind, bytes of the body) of a message, from its flatbuffer (Arrow's format/Message.fbs). Raises 22P04 and
    0A000."""

    def unsigned(place: int, size: int) -> int:
        if place < 0 or place + size > len(metadata):
            raise error("invalid Arrow message")
        return int.from_bytes(metadata[place : place + size], "little")

    def signed(place: int, size: int) -> int:
        number = unsigned(place, size)
        return number - (1 << 8 * size) if number >> (8 * size - 1) else number

    def field(table: int, number: int) -> int:
        """Where a table's field lies, 0 where it is left out."""
        vtable = table - signed(table, 4)
        slot = 4 + 2 * number
        offset = unsigned(vtable + slot, 2) if slot < unsigned(vtable, 2) else 0
        return table + offset if offset else 0

    root = unsigned(0, 4)
    kind_place, header_place, body_place = field(root, 1), field(root, 2), field(root, 3)
    kind = unsigned(kind_place, 1) if kind_place else 0
    body = signed(body_place, 8) if body_place else 0
    if body < 0 or not header_place:
        raise error("invalid Arrow message")
    if kind == BATCH_MESSAGE and field(header_place + unsigned(header_place, 4), 3):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "compressed Arrow batches are not supported in COPY")
    if kind not in (SCHEMA_MESSAGE, BATCH_MESSAGE):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "dictionaries in Arrow data are not supported in COPY")
    return kind, body
