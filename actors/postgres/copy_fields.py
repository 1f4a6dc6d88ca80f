"""COPY's lines cut into fields at once: whole lines of the text or csv format -> a pyarrow utf8 array for each column,
or `NotPlain` where they have to be read one by one.

pyarrow's CSV reader does the cutting. It is asked only where its dialect says what PostgreSQL's does: lines that end
with a newline and have no carriage return or zero byte, no end mark, no empty line (for Arrow a row of NULLs), and

    text    no escaped line end or delimiter; values with other escapes are taken out and read one by one
    csv     every quote opens a field, closes it, or is one of two within it, and the escape is the quote

What does not cut into as many fields as there are columns, or is not UTF-8, is not plain either: who reads it line by
line finds the error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from actors.sql.encoding.row_columns import NotPlain
from actors.sql.results import CopyOptions

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Arrow passes over it."""
_NEWLINE, _BACKSLASH = b"\n\\"
_NOTHING = np.zeros(0, np.uint8)


def count_lines(block: bytes) -> int:
    """Line ends in it. (bytes.count takes a hundred times as long.)"""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == _NEWLINE))


def _has_empty_line(data: Any) -> bool:
    ends = data == _NEWLINE
    return bool(len(data) and (ends[0] or (ends[1:] & ends[:-1]).any()))


def _followers(data: Any, character: int) -> Any:
    """What comes behind each such character; a line end behind the last of all."""
    places = np.flatnonzero(data == character) + 1
    return np.where(places < len(data), data[np.minimum(places, len(data) - 1)], _NEWLINE)


def _has_any(found: Any, characters: bytes) -> bool:
    return any((found == character).any() for character in characters)


class FieldCutter:
    """`cut(block)`. `unescape`: of the text format."""

    def __init__(self, columns: int, options: CopyOptions, unescape: Callable[[str], str]) -> None:
        is_csv = options.format == "csv"
        self._names = [f"c{number}" for number in range(columns)]
        self._unescape = None if is_csv else unescape
        self._null = options.null
        self._delimiter = options.delimiter.encode()
        self._quote = ord(options.quote)
        self.applies = bool(columns) and options.default is None and not (options.force_null or options.force_not_null)
        self._can_quote = is_csv and options.quote == options.escape
        self._quotes = options.quote.encode() if is_csv else b""
        self._parse_plain = self._parsing(options.delimiter, False)
        self._parse_quoted = self._parsing(options.delimiter, options.quote if self._can_quote else False)
        kinds = dict.fromkeys(self._names, pa.utf8())
        self._convert = pa_csv.ConvertOptions(
            column_types=kinds, null_values=[options.null], strings_can_be_null=True, quoted_strings_can_be_null=False
        )

    @staticmethod
    def _parsing(delimiter: str, quote: str | bool) -> pa_csv.ParseOptions:
        return pa_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote,
            double_quote=bool(quote),
            escape_char=False,
            newlines_in_values=bool(quote),
            ignore_empty_lines=False,
        )

    def cut(self, block: bytes) -> list[pa.Array]:
        """The fields of whole lines. Raises NotPlain."""
        if b"\r" in block or b"\0" in block or block.startswith(_BYTE_ORDER_MARK) or not self.applies:
            raise NotPlain
        data = np.frombuffer(block, np.uint8)
        if len(self._names) > 1 and _has_empty_line(data):
            raise NotPlain
        parse = self._parse_plain
        if self._quotes and self._quotes in block:
            if not self._can_quote or not self._is_quoted_plainly(data):
                raise NotPlain
            parse = self._parse_quoted
        escaped = _followers(data, _BACKSLASH) if b"\\" in block else _NOTHING
        if _has_any(escaped, b"." if self._unescape is None else b".\n" + self._delimiter):
            raise NotPlain
        reading = pa_csv.ReadOptions(use_threads=False, column_names=self._names, block_size=len(block) + 1)
        try:
            table = pa_csv.read_csv(pa.BufferReader(block), reading, parse, self._convert)
        except pa.ArrowInvalid:
            raise NotPlain from None
        fields = [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]
        is_all_null = self._null == "\\N" and len(escaped) == sum(column.null_count for column in fields)
        if len(escaped) and self._unescape is not None and not is_all_null:
            return [self._unescaped(column) for column in fields]
        return fields

    def _unescaped(self, column: pa.Array) -> pa.Array:
        assert self._unescape is not None
        escaped = pc.fill_null(pc.match_substring(column, "\\"), pa.scalar(False, pa.bool_()))
        if not pc.any(escaped).as_py():
            return column
        values = list(map(self._unescape, column.filter(escaped).to_pylist()))
        return pc.replace_with_mask(column, escaped, pa.array(values, pa.utf8()))

    def _is_quoted_plainly(self, data: Any) -> bool:
        """Quotes alternate between opening and closing, two within a field being one of each. Who opens stands at a
        field's beginning, who closes at its end."""
        places = np.flatnonzero(data == self._quote)
        if len(places) % 2:
            return False
        opening, closing = places[0::2], places[1::2]
        before = data[opening - 1]
        before[opening == 0] = _NEWLINE
        after = data[np.minimum(closing + 1, len(data) - 1)]
        return bool(self._bounds(before).all() and self._bounds(after).all())

    def _bounds(self, characters: Any) -> Any:
        return (characters == self._delimiter[0]) | (characters == _NEWLINE) | (characters == self._quote)
