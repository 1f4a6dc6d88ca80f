"""COPY's data as columns are what they are row by row: the same rows, or the same error on the same line."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.postgres.copy import copy_decoder
from actors.postgres.copy_text import LineDecoder
from actors.postgres.formats import text_reader
from actors.sql.encoding.arrow_types import from_arrow, to_arrow
from actors.sql.encoding.column_batch import ColumnBatch
from actors.sql.encoding.text_columns import column_of
from actors.sql.results import CopyIn, CopyOptions
from actors.sql.types.column_type import ColumnType

COLUMNS = ("id", "name", "flag")
TYPES = (ColumnType("int4"), ColumnType("text"), ColumnType("bool"))
TEXT = CopyOptions()
CSV = CopyOptions(format="csv", delimiter=",", null="")
OPTIONS = [
    TEXT,
    replace(TEXT, delimiter="|", null="none"),
    CSV,
    replace(CSV, delimiter=";", quote="'", escape="'", null="\\N"),
    replace(CSV, escape="\\"),
    replace(CSV, header="true"),
    replace(CSV, default="x"),
    replace(CSV, force_null=frozenset({"name"})),
]
FIELDS = st.sampled_from([
    "1", "-7", "", "\\N", "none", "a", "t", '""', '"a"', '"a""b"', 'a"b', '"a\nb"', "'a'", "''", "\\\\", "\\n", "\\",
    "x\\N", "\\.", "\\\t", "\\\n", "\r", " 1", "1 ", "+1", "0x1", "1_0", "99999999999", "\ufeffq", "é", '"', "\x7f",
])  # fmt: skip


def outcome(
    options: CopyOptions, pieces: list[bytes], by_columns: bool
) -> tuple[list[Any], tuple[str, str, str] | None]:
    """(the rows, what ended them)."""
    decoder = copy_decoder(CopyIn(COLUMNS, TYPES, options, "t"), None, 1 << 20)
    assert isinstance(decoder, LineDecoder)
    rows: list[Any] = []
    try:
        for piece in pieces:
            columns = decoder.columns(piece) if by_columns else None
            if columns is None:
                rows += decoder.feed(piece)
            elif columns:
                rows += ColumnBatch(COLUMNS, TYPES, columns).rows(0, len(columns[0]))
        return rows + decoder.finish(), None
    except DatabaseError as error:
        return rows, (error.sqlstate, error.message, error.context)


@st.composite
def lines(draw: st.DrawFn, options: CopyOptions) -> bytes:
    """Mostly of three fields."""
    line = st.lists(FIELDS, min_size=3, max_size=3) | st.lists(FIELDS, max_size=4)
    drawn = draw(st.lists(line, max_size=6))
    ends = st.sampled_from(["\n"] * 30 + ["\r\n", "\r"])
    return "".join(options.delimiter.join(fields) + draw(ends) for fields in drawn).encode()


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_same_rows_or_the_same_error(options: CopyOptions, data: st.DataObject) -> None:
    content = options.delimiter.join("1at").encode() + b"\n" + data.draw(lines(options))
    cuts = sorted({0, 6, len(content), *data.draw(st.lists(st.integers(0, len(content)), max_size=3))})
    pieces = [content[low:high] for low, high in itertools.pairwise(cuts)]
    rows, end = outcome(options, pieces, by_columns=True)
    expected, expected_end = outcome(options, pieces, by_columns=False)
    assert (rows, end) == (expected, expected_end)


@pytest.mark.parametrize(
    ("options", "content"),
    [
        (TEXT, b"1\tone\tt\n2\t\\N\tf\n3\ta\\\\b\\n\tt\n"),
        (CSV, b'1,"a ""b""\nc",t\n2,,f\n3,"",t\n'),
    ],
)
def test_common_data_are_columns(options: CopyOptions, content: bytes) -> None:
    decoder = copy_decoder(CopyIn(COLUMNS, TYPES, options, "t"), None, 1 << 20)
    assert isinstance(decoder, LineDecoder)
    decoder.feed(b"0\tx\tt\n" if options is TEXT else b"0,x,t\n")
    assert decoder.columns(content) is not None and decoder.columns(b"9") == []


NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr),
    st.decimals(-(10**6), 10**6, places=3).map(str),
    st.from_regex(r"\A[-+]?[0-9]{0,4}\.?[0-9]{0,8}(e[-+]?[0-9]{1,3})?\Z", fullmatch=True),
    st.sampled_from(
        ["1e400", "1e-400", "0e9", "-0", "-0.0", "1.", ".5", "", "-", ".", "0x10", "NaN", "inf", " 1", "00.10"]
    ),
)
DATES = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes(timezones=st.sampled_from([datetime.UTC, ZoneInfo("Asia/Kolkata")])).map(str),
    st.builds("{}-{:02}-{:02} {:02}:{:02}:{:02}{}".format, st.sampled_from(["2024", "1900", "0000", "0001", "99"]),
        st.integers(0, 13), st.integers(0, 32), st.integers(0, 25), st.integers(0, 61), st.integers(0, 61),
        st.sampled_from(["", "+00", "-07", "+16", ".5", ".123456", ".1234567+00", ".25-03", "Z", "+05:30", ".+00"])),
    st.sampled_from(["infinity", "-infinity", "epoch", "", "2024-02-30", "2023-02-29 00:00:00+00", "24:00:00"]),
)  # fmt: skip
KINDS: list[tuple[ColumnType, st.SearchStrategy[str]]] = [
    *[(ColumnType(name), NUMBERS) for name in ("int2", "int4", "int8", "float4", "float8", "numeric")],
    (ColumnType("numeric", (8 << 16 | 2) + 4), NUMBERS),
    (ColumnType("bool"), st.sampled_from(["t", "f", "true", "off", "1", "0", "T", "maybe", "", "yes", "no", " t"])),
    (ColumnType("text"), st.text(max_size=5)),
    (ColumnType("varchar", 7), st.text(max_size=5)),
    (ColumnType("bpchar", 7), st.text("ab é", max_size=5)),
    (ColumnType("uuid"), st.uuids().map(str) | st.uuids().map(lambda one: one.hex) | st.just("x" * 36)),
    (ColumnType("date"), DATES),
    (ColumnType("timestamp"), DATES),
    (ColumnType("timestamp", 3), DATES),
    (ColumnType("timestamptz"), DATES),
    (ColumnType("interval"), st.sampled_from(["1 day", "02:00", "P1M", "x"])),
    (ColumnType("jsonb"), st.sampled_from(["{}", '{"b":1, "a": [2]}', "{", "null"])),
    (ColumnType("bytea"), st.sampled_from(["\\x00ff", "abc", "\\x0"])),
]


@pytest.mark.parametrize(("type_", "texts"), KINDS, ids=[f"{type_.name}({type_.modifier})" for type_, _ in KINDS])
@settings(deadline=None, max_examples=40)
@given(data=st.data(), zone=st.sampled_from([datetime.UTC, ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")]))
def test_a_column_of_texts(type_: ColumnType, texts: st.SearchStrategy[str], data: st.DataObject, zone: Any) -> None:
    given_texts = data.draw(st.lists(st.none() | texts, max_size=2) | st.lists(texts, max_size=4))
    read = text_reader(type_, zone)
    column = pa.array(["9", None, *given_texts, "9"], pa.utf8()).slice(2, len(given_texts))
    try:
        expected = to_arrow([None if text is None else read(text) for text in given_texts], type_)
    except DatabaseError as error:
        with pytest.raises(DatabaseError) as caught:
            column_of(column, type_, read, zone)
        assert (caught.value.sqlstate, caught.value.message) == (error.sqlstate, error.message)
        return
    made = column_of(column, type_, read, zone)
    made.validate(full=True)
    assert made.type == expected.type
    assert list(map(str, from_arrow(made, type_))) == list(map(str, from_arrow(expected, type_)))
