"""COPY's binary format, both ways, over any division of the bytes.

    signature, flags, extension          19 bytes and the extension's
    for each row: int16 count, then for each column int32 length (-1: NULL) and the value as the type's binary form
    int16 -1                             the end; what follows is an error

A row without its end is bounded by `row_bytes_max`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from struct import Struct
from typing import Any

from actors.common.errors import BAD_COPY_FILE_FORMAT, DatabaseError
from actors.postgres.copy_text import ROW_BYTES_MAX, Row
from actors.postgres.formats import parameter_decoder, row_encoder
from actors.sql.results import CopyIn, CopyOut

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER_BYTES = len(SIGNATURE) + 8
_CRITICAL_FLAGS = 0xFFFF0000
_DATA_ROW_HEAD_BYTES = 5
"""Type byte and length word of a DataRow: what follows them is a row of this format."""

_int16 = Struct("!h").unpack_from
_int32 = Struct("!i").unpack_from
_header = Struct("!II").unpack_from


class CopyBinaryDecoder:
    def __init__(self, copy: CopyIn, zone: tzinfo | None, row_bytes_max: int = ROW_BYTES_MAX) -> None:
        self._copy = copy
        self._count = len(copy.types)
        self._decode = parameter_decoder(copy.types, b"\0\1", zone)
        self._row_bytes_max = row_bytes_max
        self._rest = b""
        self._begun = False
        self._line = 0
        self.ended = False

    def feed(self, data: bytes) -> list[Row]:
        """The rows that are complete. Raises DatabaseError; the decoder must not be used after that."""
        if self.ended:
            if data:
                raise self._error("received copy data after EOF marker")
            return []
        if self._rest:
            data = self._rest + data
        place = 0
        if not self._begun:
            place = self._header(data)
            if place < 0:
                self._rest = data
                return []
            self._begun = True
        rows: list[Row] = []
        while not self.ended:
            values, place_after = self._row(data, place)
            if place_after < 0:
                break
            place = place_after
            if not self.ended:
                self._line += 1
                rows.append(self._datums(values))
        self._rest = data[place:]
        if self.ended and self._rest:
            raise self._error("received copy data after EOF marker")
        if len(self._rest) > self._row_bytes_max:
            raise self._error("row is too long")
        return rows

    def finish(self) -> list[Row]:
        """The client has sent everything. The end mark may be missing where a whole row was the last."""
        if not self._begun:
            raise self._error("COPY file signature not recognized")
        if self._rest:
            raise self._error("unexpected EOF in COPY data")
        return []

    def _header(self, data: bytes) -> int:
        """Where the rows begin, -1 until that is there."""
        if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
            raise self._error("COPY file signature not recognized")
        if len(data) < _HEADER_BYTES:
            return -1
        flags, extension = _header(data, len(SIGNATURE))
        if flags & _CRITICAL_FLAGS:
            raise self._error("unrecognized critical flags in COPY file header")
        if extension > self._row_bytes_max:
            raise self._error("invalid COPY file header (wrong length)")
        return _HEADER_BYTES + extension if len(data) >= _HEADER_BYTES + extension else -1

    def _row(self, data: bytes, place: int) -> tuple[list[bytes | None], int]:
        """(values, where the next row begins: -1 where this one is not complete)."""
        values: list[bytes | None] = []
        size = len(data)
        if size < place + 2:
            return values, -1
        (count,) = _int16(data, place)
        place += 2
        if count == -1:
            self.ended = True
            return values, place
        if count != self._count:
            raise self._error(f"row field count is {count}, expected {self._count}")
        for _ in range(count):
            if size < place + 4:
                return values, -1
            (length,) = _int32(data, place)
            place += 4
            if length == -1:
                values.append(None)
                continue
            if length < 0 or length > self._row_bytes_max:
                raise self._error("invalid field size")
            if size < place + length:
                return values, -1
            values.append(data[place : place + length])
            place += length
        return values, place

    def _datums(self, values: list[bytes | None]) -> Row:
        try:
            return tuple(self._decode(values))
        except DatabaseError as error:
            error.context = self._context()
            raise

    def _context(self) -> str:
        return f"COPY {self._copy.table or '(stdin)'}, line {self._line}"

    def _error(self, message: str) -> DatabaseError:
        return DatabaseError(BAD_COPY_FILE_FORMAT, message, context=self._context())


class CopyBinaryEncoder:
    """Rows -> one bytes object a row: the rows of this format are DataRows without their head. The first one (or the
    end mark) carries the signature too, as clients expect it."""

    def __init__(self, copy: CopyOut, zone: tzinfo | None) -> None:
        self._encode = row_encoder(copy.types, (1,) * len(copy.types), zone)

        self._signature = SIGNATURE + b"\0" * 8

    def header(self) -> list[bytes]:
        return []

    def rows(self, rows: Sequence[Row]) -> list[bytes]:
        return [self._row(row) for row in rows]

    def _row(self, row: Sequence[Any]) -> bytes:
        output = bytearray()
        self._encode([tuple(row)], output)
        return self._signed(bytes(output[_DATA_ROW_HEAD_BYTES:]))

    def trailer(self) -> list[bytes]:
        return [self._signed(b"\xff\xff")]

    def _signed(self, data: bytes) -> bytes:
        signature, self._signature = self._signature, b""
        return signature + data
