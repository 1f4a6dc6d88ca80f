"""COPY's csv format, both ways: as copy_text.py, with quotes instead of escapes.

    delimiter , quote " escape "         1,"a ""b"", c",,""    ->    ("1", 'a "b", c', NULL, "")

A NULL is an unquoted field that equals the null string (force_not_null and force_null change that). A line end inside
quotes belongs to the field, so a row is complete at a line end outside quotes. Chunks without any quote go the fast
way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any

import numpy as np

from actors.postgres.copy_text import ROW_BYTES_MAX, LineDecoder, Row, Unsplit, column_converter
from actors.postgres.formats import text_writer
from actors.sql.results import USE_DEFAULT, CopyIn, CopyOut


def _same(field: str) -> str:
    return field


def _is_end(match: re.Match[str], quoted: bool) -> bool:
    """Whether a token is a line end outside quotes."""
    return not quoted and match[0][0] in "\r\n"


class CopyCsvDecoder(LineDecoder):
    def __init__(self, copy: CopyIn, zone: tzinfo | None, row_bytes_max: int = ROW_BYTES_MAX) -> None:
        super().__init__(copy, zone, row_bytes_max)
        options = copy.options
        self._convert = [column_converter(type_, options.null, _same, zone) for type_ in copy.types]
        self._quote = options.quote
        self._quote_bytes = options.quote.encode()
        quote, escape = re.escape(options.quote), re.escape(options.escape)
        self._pair = f"{escape}[{quote}{escape}]|" if escape != quote else ""
        self._token = re.compile(f"{self._pair}{quote}|[\r\n]")
        """A quote, an escaped one, or a line end: of any kind until the first was met."""
        self._in_quotes = re.compile(f"{escape}([{quote}{escape}])|{quote}")
        self._outside = re.compile(f"{re.escape(options.delimiter)}|{quote}")
        self._escape_bytes = options.escape.encode()
        self._quoted = False
        """What was given so far ends inside quotes."""
        special = any(name in options.force_null or name in options.force_not_null for name in copy.columns)
        self._plain = not special and options.default is None

    def _undecided(self, data: bytes) -> bytes:
        """An escape character that has not met the character it escapes, too."""
        if self._pair and data.endswith(self._escape_bytes):
            return self._escape_bytes if (len(data) - len(data.rstrip(self._escape_bytes))) % 2 else b""
        return super()._undecided(data)

    def _detect(self, data: bytes) -> bytes:
        newline = super()._detect(data)
        if newline:
            self._token = re.compile(f"{self._pair}{re.escape(self._quote)}|{newline.decode()}")
        return newline

    def _first_line_end(self, data: bytes) -> int:
        text = data.decode("latin-1")  # a code point a byte: positions are those of the bytes
        return next((match.start() for match, quoted in self._tokens(text, self._quoted) if _is_end(match, quoted)), -1)

    def _complete(self, data: bytes) -> int:
        if self._quote_bytes not in data:
            return 0 if self._quoted else super()._complete(data)
        if not self._pair and len(self._newline) == 1:
            return self._complete_at_once(data)
        end = 0
        for match, quoted in self._tokens(data.decode("latin-1"), self._quoted):
            self._quoted = quoted
            if _is_end(match, quoted):
                end = match.end()
        return end

    def _complete_at_once(self, data: bytes) -> int:
        """Where a quote is its own escape, each one opens or closes, and a line end behind an even number counts."""
        characters = np.frombuffer(data, np.uint8)
        within = (np.cumsum(characters == ord(self._quote)) + self._quoted) & 1
        ends = np.flatnonzero((characters == self._newline[0]) & (within == 0))
        self._quoted = bool(within[-1])
        return int(ends[-1]) + 1 if len(ends) else 0

    def _tokens(self, text: str, quoted: bool) -> Iterator[tuple[re.Match[str], bool]]:
        """Quotes, escapes and line ends, each with whether what follows it is inside quotes."""
        for match in self._token.finditer(text):
            token = match[0]
            if token == self._quote:
                quoted = not quoted
            elif token[0] not in "\r\n" and not quoted and token[1] == self._quote:
                quoted = True
            yield match, quoted

    def _line_ends(self, text: str) -> Iterator[int]:
        """The places behind line ends that are outside quotes, in text that begins with a line."""
        return (match.end() for match, quoted in self._tokens(text, False) if _is_end(match, quoted))

    def _fast(self, text: str) -> list[Row]:
        if not self._plain or self._quote in text or "\\." in text:
            raise Unsplit
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        split = [line.split(self._options.delimiter) for line in lines]
        columns = list(zip(*split, strict=True))
        if len(columns) != len(self._types):
            raise Unsplit
        ascii_ = text.isascii() and "_" not in text
        return list(
            zip(
                *[convert(column, True, ascii_) for convert, column in zip(self._convert, columns, strict=True)],
                strict=True,
            )
        )

    def _lines(self, text: str) -> list[str]:
        newline = self._newline.decode()
        lines: list[str] = []
        start = 0
        for end in self._line_ends(text):
            line = text[start:end]
            lines.append(line.removesuffix(newline))
            start = end
        if start < len(text):
            lines.append(text[start:])
        return lines

    def _split(self, line: str) -> Sequence[Any]:
        options = self._options
        if self._quote not in line and self._plain:
            self._check_line_ends(line)
            return [None if field == options.null else field for field in line.split(options.delimiter)]
        fields: list[Any] = []
        place = 0
        while True:
            text, quoted, place = self._field(line, place)
            column = self._columns[len(fields)] if len(fields) < len(self._columns) else ""
            if not quoted and options.default is not None and text == options.default:
                fields.append(USE_DEFAULT)
            elif text == options.null and (
                column in options.force_null if quoted else column not in options.force_not_null
            ):
                fields.append(None)
            else:
                fields.append(text)
            if place > len(line):
                return fields

    def _check_line_ends(self, unquoted: str) -> None:
        if "\r" in unquoted or "\n" in unquoted:
            name = "carriage return" if "\r" in unquoted else "newline"
            raise self._error(f"unquoted {name} found in data")

    def _field(self, line: str, place: int) -> tuple[str, bool, int]:
        """(a field's value, whether any of it was quoted, where the next one begins: behind the line's end after the
        last)."""
        pieces: list[str] = []
        quoted = False
        while True:
            match = self._outside.search(line, place)
            if match is None:
                pieces.append(line[place:])
                self._check_line_ends(pieces[-1])
                return "".join(pieces), quoted, len(line) + 1
            pieces.append(line[place : match.start()])
            self._check_line_ends(pieces[-1])
            place = match.end()
            if match[0] != self._quote:
                return "".join(pieces), quoted, place
            quoted = True
            while True:
                match = self._in_quotes.search(line, place)
                if match is None:
                    raise self._error("unterminated CSV quoted field", line=line)
                pieces.append(line[place : match.start()])
                place = match.end()
                if match[1] is None:
                    break
                pieces.append(match[1])


class CopyCsvEncoder:
    """Rows -> lines, one bytes object a row. A value is quoted where it must be, or where force_quote says so."""

    def __init__(self, copy: CopyOut, zone: tzinfo | None) -> None:
        options = copy.options
        self._options = options
        self._columns = copy.columns
        self._writers = [
            (text_writer(type_, zone), name in options.force_quote)
            for type_, name in zip(copy.types, copy.columns, strict=True)
        ]
        self._needs_quotes = re.compile(f"[{re.escape(options.delimiter + options.quote + options.escape)}\r\n]")

    def header(self) -> list[bytes]:
        return (
            []
            if self._options.header == "false"
            else [self._line([self._quoted(name, False) for name in self._columns])]
        )

    def rows(self, rows: Sequence[Row]) -> list[bytes]:
        null, writers, quoted = self._options.null, self._writers, self._quoted
        return [
            self._line(
                [
                    null if datum is None else quoted(write(datum), force)
                    for (write, force), datum in zip(writers, row, strict=True)
                ]
            )
            for row in rows
        ]

    def trailer(self) -> list[bytes]:
        return []

    def _line(self, fields: list[str]) -> bytes:
        return (self._options.delimiter.join(fields) + "\n").encode()

    def _quoted(self, text: str, force: bool) -> str:
        options = self._options
        alone = len(self._columns) == 1 and text == "\\."
        if not (force or alone or text == options.null or self._needs_quotes.search(text) is not None):
            return text
        if options.escape != options.quote:
            text = text.replace(options.escape, options.escape * 2)
        return options.quote + text.replace(options.quote, options.escape + options.quote) + options.quote
