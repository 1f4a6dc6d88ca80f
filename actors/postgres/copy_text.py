"""COPY's text format, both ways, over any division of the bytes.

    decoder = CopyTextDecoder(copy)            copy: CopyIn
    rows = decoder.feed(b"1\\tone\\n2\\t")       [(1, "one")]
    columns = decoder.columns(data)            the rows as Arrow columns, or None
    rows = decoder.finish()                    the last line, if it has no end

Speed: `columns` makes no Python object of a value (copy_fields.py, text_columns.py). What it does not take is for
`feed`, which means the same: a chunk's complete lines are split, turned into columns and converted a column at a time
by functions of C, some microseconds a row; only chunks with escapes that could hide a line end or a delimiter, with
carriage returns, or with an error in them are taken line by line, where every error is found with its line number
(22P04, 22P02, as context `COPY t, line 3, column a: "x"`).

A line without its end is bounded by `row_bytes_max`. `\\.` on a line of its own ends the data; what follows is dropped.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

import pyarrow as pa

from actors.common.errors import BAD_COPY_FILE_FORMAT, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.postgres.copy_fields import FieldCutter, count_lines
from actors.postgres.formats import read_text, text_reader, text_writer
from actors.sql.encoding.row_columns import NotPlain
from actors.sql.encoding.text_columns import column_of
from actors.sql.results import USE_DEFAULT, CopyIn, CopyOut
from actors.sql.types.column_type import ColumnType

ROW_BYTES_MAX = 64 << 20
"""A longer line is refused: a file without line ends must not fill the memory."""
SHOWN_CHARACTERS_MAX = 100
"""Of a line or value, in an error's context."""

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.|$)", re.DOTALL)
_LINE_ENDS = (("\r", "carriage return"), ("\n", "newline"))
_INTEGER_BOUNDS = {"int2": 1 << 15, "int4": 1 << 31, "int8": 1 << 63}

_TO_ESCAPE = str.maketrans({"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"})
_NEEDS_ESCAPE = re.compile(r"[\\\b\f\n\r\t\v]")

Row = tuple[Any, ...]


class Unsplit(Exception):
    """Internal: the fast way does not apply to this chunk."""


def unescape(value: str) -> str:
    return _ESCAPE.sub(_unescaped, value) if "\\" in value else value


def _unescaped(match: re.Match[str]) -> str:
    what = match[1]
    if what[:1] == "x" and len(what) > 1:
        return chr(int(what[1:], 16) & 0x7F) if int(what[1:], 16) < 0x80 else _high_byte()
    if what.isdigit() and what[0] in "01234567":
        code = int(what, 8) & 0xFF
        return chr(code) if code < 0x80 else _high_byte()
    return _ESCAPES.get(what, what)


def _high_byte() -> str:
    raise DatabaseError("0A000", "escapes of bytes above 127 are not supported in COPY")


class LineDecoder(ABC):
    """What the text and csv formats share: lines, headers, columns, line numbers. `_split` gives a line's fields as
    text, None for NULL."""

    def __init__(self, copy: CopyIn, zone: tzinfo | None, row_bytes_max: int = ROW_BYTES_MAX) -> None:
        self._copy = copy
        self._columns = copy.columns
        self._types = copy.types
        self._options = copy.options
        self._row_bytes_max = row_bytes_max
        self._rest: list[bytes] = []
        """What follows the last line end, in pieces."""
        self._rest_bytes = 0
        self._held = b""
        """The end of what was given, undecided."""
        self._line = 0
        """Lines used up."""
        self._header_due = copy.options.header != "false"
        self._newline = b""
        """Set by the first line's end."""
        self.ended = False
        """The end-of-data mark was met."""
        self._zone = zone
        self._parsers = [text_reader(type_, zone) for type_ in copy.types]
        self._cutter = FieldCutter(len(copy.types), copy.options, unescape)

    def feed(self, data: bytes) -> list[Row]:
        """The rows that are complete. Raises DatabaseError; the decoder must not be used after that."""
        block = self._take(data)
        return self._rows(block) if block else []

    def columns(self, data: bytes) -> list[pa.Array] | None:
        """The complete lines, as columns; [] where there is none. None: `feed` has to take the data, of which nothing
        has been taken."""
        if not self._newline and not self._held and b"\r" not in data:
            self._newline = self._detect(data)
        if not self._cutter.applies or self._newline != b"\n" or self._header_due or self.ended:
            return None
        before = {**self.__dict__, "_rest": list(self._rest)}
        block = self._take(data)
        if not block:
            return []
        try:
            fields = self._cutter.cut(block)
            columns = [
                column_of(texts, type_, read, self._zone)
                for texts, type_, read in zip(fields, self._types, self._parsers, strict=True)
            ]
        except (NotPlain, DatabaseError):
            self.__dict__.update(before)
            return None
        self._line += count_lines(block)
        return columns

    def _take(self, data: bytes) -> bytes:
        """The complete lines."""
        if self.ended:
            return b""
        if self._held:
            data, self._held = self._held + data, b""
        self._held = self._undecided(data)
        if self._held:
            data = data[: -len(self._held)]
        if not self._newline:
            self._newline = self._detect(data)
        end = self._complete(data) if data else 0
        block = b"".join([*self._rest, data[:end]]) if end else b""
        if end:
            self._rest.clear()
            self._rest_bytes = 0
        if end < len(data):
            self._rest.append(data[end:])
            self._rest_bytes += len(data) - end
        if self._rest_bytes > self._row_bytes_max:
            raise self._error("line is too long")
        return block

    def finish(self) -> list[Row]:
        """The client has sent everything: the last line may lack its end."""
        rest = b"".join([*self._rest, self._held])
        self._rest.clear()
        if self.ended or not rest:
            return []
        if not self._newline:
            self._newline = self._detect(self._held) or b"\n"
        return self._rows(rest)

    # formats

    def _undecided(self, data: bytes) -> bytes:
        """What the end of `data` means is for the next data to say: it is kept back. A carriage return may be half of a
        line end."""
        return b"\r" if data.endswith(b"\r") else b""

    def _detect(self, data: bytes) -> bytes:
        """Which line end the data has: the first one's; b"" where it has none."""
        place = self._first_line_end(data)
        if place < 0:
            return b""
        if data[place : place + 1] == b"\n":
            return b"\n"
        return b"\r\n" if data[place + 1 : place + 2] == b"\n" else b"\r"

    def _first_line_end(self, data: bytes) -> int:
        """-1 where there is none."""
        return min((place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0), default=-1)

    def _complete(self, data: bytes) -> int:
        """Bytes up to the last line end in `data`, which follows what was given before. Each byte is looked at once,
        however long a row is."""
        place = data.rfind(self._newline) if self._newline else -1
        return place + len(self._newline) if place >= 0 else 0

    @abstractmethod
    def _fast(self, text: str) -> list[Row]:
        """Raises Unsplit where the chunk needs `_slow`, ValueError and the like where it has an error."""

    @abstractmethod
    def _lines(self, text: str) -> list[str]:
        """Whole lines, without their ends."""

    @abstractmethod
    def _split(self, line: str) -> Sequence[Any]:
        """A line's fields as text; None for NULL, or USE_DEFAULT."""

    # rows

    def _rows(self, block: bytes) -> list[Row]:
        text = read_text(block)
        if self._newline == b"\n" and not self._header_due and "\r" not in text:
            try:
                rows = self._fast(text)
            except (Unsplit, ValueError, DatabaseError):
                return self._slow(text)
            self._line += len(rows)
            return rows
        return self._slow(text)

    def _slow(self, text: str) -> list[Row]:
        rows: list[Row] = []
        lines = self._lines(text)
        for line in lines:
            self._line += 1 + line.count("\n")
            if line == "\\.":
                self.ended = True
                break
            if self._header_due:
                self._header_due = False
                self._check_header(line)
                continue
            fields = self._split(line)
            if len(fields) < len(self._types):
                missing = self._columns[len(fields)]
                raise self._error(f'missing data for column "{missing}"', line=line)
            if len(fields) > len(self._types):
                raise self._error("extra data after last expected column", line=line)
            rows.append(tuple(self._datum(column, field) for column, field in enumerate(fields)))
        return rows

    def _datum(self, column: int, field: Any) -> Any:
        if field is None or field is USE_DEFAULT:
            return field
        try:
            return self._parsers[column](field)
        except DatabaseError as error:
            error.context = self._context(f', column {self._columns[column]}: "{field[:SHOWN_CHARACTERS_MAX]}"')
            raise

    def _check_header(self, line: str) -> None:
        if self._options.header != "match":
            return
        names = list(self._split(line))
        if len(names) != len(self._columns):
            raise self._error(f"wrong number of fields in header line: got {len(names)}, expected {len(self._columns)}")
        for position, (name, column) in enumerate(zip(names, self._columns, strict=True), 1):
            if name != column:
                raise self._error(
                    f'column name mismatch in header line field {position}: got "{name}", expected "{column}"'
                )

    def _context(self, place: str) -> str:
        return f"COPY {self._copy.table or '(stdin)'}, line {self._line}{place}"

    def _error(self, message: str, line: str = "") -> DatabaseError:
        shown = f': "{line[:SHOWN_CHARACTERS_MAX]}"' if line else ""
        return DatabaseError(BAD_COPY_FILE_FORMAT, message, context=self._context(shown))


def _is_escaped(data: bytes, place: int, within: bool) -> bool:
    """Whether an odd number of backslashes stands before `place`; `within`: one more stands before the data."""
    before = place
    while before and data[before - 1] == 0x5C:
        before -= 1
    return (place - before + (within and not before)) % 2 == 1


class CopyTextDecoder(LineDecoder):
    def __init__(self, copy: CopyIn, zone: tzinfo | None, row_bytes_max: int = ROW_BYTES_MAX) -> None:
        super().__init__(copy, zone, row_bytes_max)
        self._convert = [column_converter(type_, self._options.null, unescape, zone) for type_ in copy.types]
        self._delimiter = self._options.delimiter
        self._within_escape = False
        """What was given so far ends in a backslash that escapes what comes next."""

    def _complete(self, data: bytes) -> int:
        """A line end behind an odd number of backslashes belongs to the data, unless the line is the end mark's."""
        newline, within = self._newline, self._within_escape
        self._within_escape = _is_escaped(data, len(data), within)
        place = data.rfind(newline) if newline else -1
        while place >= 0:
            if not _is_escaped(data, place, within):
                return place + len(newline)
            place = data.rfind(newline, 0, place)
        return 0

    def _fast(self, text: str) -> list[Row]:
        if self._options.default is not None:
            raise Unsplit
        escaped = "\\" in text
        if escaped and ("\\\n" in text or "\\" + self._delimiter in text or "\\." in text):
            raise Unsplit
        delimiter = self._delimiter
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        if len(self._types) == 1:
            if delimiter in text:
                raise Unsplit
            columns: list[Any] = [lines]
        else:
            split = [line.split(delimiter) for line in lines]
            columns = list(zip(*split, strict=True))
            if len(columns) != len(self._types):
                raise Unsplit
        ascii_ = text.isascii() and "_" not in text
        nullable = escaped or self._options.null != "\\N"
        return list(
            zip(
                *[convert(column, nullable, ascii_) for convert, column in zip(self._convert, columns, strict=True)],
                strict=True,
            )
        )

    def _lines(self, text: str) -> list[str]:
        newline = self._newline.decode()
        lines: list[str] = []
        held = ""
        for piece in text.removesuffix(newline).split(newline):
            line = held + piece
            if (len(line) - len(line.rstrip("\\"))) % 2:
                held = line + newline
                continue
            held = ""
            lines.append(line)
        if held:
            lines.append(held.removesuffix(newline))
        for number, line in enumerate(lines, 1):
            for character, name in _LINE_ENDS:
                if (
                    character in line
                    and character != newline
                    and "\\" + character not in line
                    and "\\" + newline not in line
                ):
                    self._line += number
                    raise DatabaseError(
                        BAD_COPY_FILE_FORMAT,
                        f"literal {name} found in data",
                        hint=f'Use "{_TO_ESCAPE[ord(character)]}" to represent {name}.',
                        context=self._context(""),
                    )
        return lines

    def _split(self, line: str) -> Sequence[Any]:
        options = self._options
        fields: list[Any] = []
        held = ""
        for piece in line.split(options.delimiter):
            field = held + piece
            if (len(field) - len(field.rstrip("\\"))) % 2:
                held = field + options.delimiter
                continue
            held = ""
            fields.append(field)
        if held:
            fields.append(held)
        return [
            None if field == options.null else USE_DEFAULT if field == options.default else unescape(field)
            for field in fields
        ]


def column_converter(
    type_: ColumnType, null: str, unescaped: Callable[[str], str], zone: tzinfo | None
) -> Callable[[Sequence[str], bool, bool], Sequence[Any]]:
    """A column's fields as they stand in the lines -> its datums; `nullable`: there may be NULLs or escapes; `plain`:
    ASCII and no underscore. Raises ValueError or DatabaseError where any of them is wrong: which one, the slow way
    finds out."""
    parse = text_reader(type_, zone)
    bound = _INTEGER_BOUNDS.get(type_.name)
    is_text = type_.name in ("text", "varchar") and type_.modifier == -1

    def convert(fields: Sequence[str], nullable: bool, plain: bool) -> Sequence[Any]:
        if bound is not None and plain and not (nullable and null in fields):
            numbers = list(map(int, fields))
            if numbers and not (-bound <= min(numbers) and max(numbers) < bound):
                raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "out of range")
            return numbers
        if is_text:
            return [None if field == null else unescaped(field) for field in fields] if nullable else fields
        return [None if field == null else parse(unescaped(field)) for field in fields]

    return convert


# -- COPY ... TO -------------------------------------------------------------------------------------------------------


class CopyTextEncoder:
    """Rows -> lines, one bytes object a row."""

    def __init__(self, copy: CopyOut, zone: tzinfo | None) -> None:
        self._options = copy.options
        self._columns = copy.columns
        self._writers = [text_writer(type_, zone) for type_ in copy.types]

    def header(self) -> list[bytes]:
        return [] if self._options.header == "false" else [self._line([self._escaped(name) for name in self._columns])]

    def rows(self, rows: Sequence[Row]) -> list[bytes]:
        null, writers, escaped = self._options.null, self._writers, self._escaped
        return [
            self._line(
                [null if datum is None else escaped(writer(datum)) for writer, datum in zip(writers, row, strict=True)]
            )
            for row in rows
        ]

    def trailer(self) -> list[bytes]:
        return []

    def _line(self, fields: list[str]) -> bytes:
        return (self._options.delimiter.join(fields) + "\n").encode()

    def _escaped(self, text: str) -> str:
        if _NEEDS_ESCAPE.search(text) is not None:
            text = text.translate(_TO_ESCAPE)
        delimiter = self._options.delimiter
        return text.replace(delimiter, "\\" + delimiter) if delimiter != "\t" and delimiter in text else text
