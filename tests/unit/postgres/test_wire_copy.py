"""COPY's formats: what goes out comes back, over any division of the bytes; errors name their line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.postgres.copy import copy_decoder, copy_encoder
from actors.postgres.copy_binary import SIGNATURE
from actors.sql.results import USE_DEFAULT, CopyIn, CopyOptions, CopyOut
from actors.sql.types.column_type import ColumnType

COLUMNS = ("id", "name", "flag")
TYPES = (ColumnType("int4"), ColumnType("text"), ColumnType("bool"))
TEXT = CopyOptions()
CSV = CopyOptions(format="csv", delimiter=",", null="")
OPTIONS = [  # numbered in tests' names: a set is printed in another order by every worker
    TEXT,
    replace(TEXT, delimiter="|", null="none"),
    CSV,
    replace(CSV, delimiter=";", quote="'", escape="\\", null="\\N"),
    replace(CSV, header="match", force_quote=frozenset(COLUMNS)),
    CopyOptions(format="binary"),
]
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(1 << 31), (1 << 31) - 1),
        st.none()
        | st.text(
            alphabet=st.sampled_from('ab\\N.,;|\t\n\r"\'\b\v\f üx0_')
            | st.characters(exclude_characters="\0", exclude_categories=["Cs"])
        ).filter(
            lambda text: text != "none"  # the text format does not tell it from the marker of a NULL
        ),
        st.none() | st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def decode(
    options: CopyOptions, data: bytes, sizes: list[int] | None = None, row_bytes_max: int = 1 << 20
) -> list[tuple[object, ...]]:
    decoder = copy_decoder(CopyIn(COLUMNS, TYPES, options, "t"), None, row_bytes_max)
    rows = []
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        rows += decoder.feed(data[place : place + size])
        place, turn = place + size, turn + 1
    return rows + decoder.finish()


def encode(options: CopyOptions, rows: list[tuple[object, ...]]) -> bytes:
    encoder = copy_encoder(CopyOut(COLUMNS, TYPES, options), None)
    return b"".join([*encoder.header(), *encoder.rows(rows), *encoder.trailer()])


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
@given(rows=ROWS, sizes=st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_round_trip(options: CopyOptions, rows: list[tuple[object, ...]], sizes: list[int]) -> None:
    data = encode(options, rows)
    assert decode(options, data) == rows
    assert decode(options, data, sizes) == rows
    assert decode(options, data, [1]) == rows


@pytest.mark.parametrize(
    ("options", "data", "rows"),
    [
        (TEXT, b"1\tone\tt\n2\t\\N\tf", [(1, "one", True), (2, None, False)]),
        (TEXT, b"1\tone\tt\r\n2\ttwo\tf\r\n", [(1, "one", True), (2, "two", False)]),
        (TEXT, b"1\tone\tt\r2\ttwo\tf\r", [(1, "one", True), (2, "two", False)]),
        (TEXT, b"1\tone\tt\n\\.\nrubbish", [(1, "one", True)]),
        (TEXT, b"1\ta\\tb\\x41\\102\\\\\tt\n", [(1, "a\tbAB\\", True)]),
        (TEXT, b"1\ta\\\nb\tt\n2\ta\\\tb\tt\n", [(1, "a\nb", True), (2, "a\tb", True)]),
        (TEXT, b"\\N\t\\N\t\\N\n", [(None, None, None)]),
        (TEXT, b"", []),
        (replace(TEXT, header="true"), b"whatever\n1\tx\tt\n", [(1, "x", True)]),
        (replace(TEXT, default="\\D"), b"1\t\\D\tt\n", [(1, USE_DEFAULT, True)]),
        (CSV, b'1,"",t\n2,,f\n', [(1, "", True), (2, None, False)]),
        (CSV, b'1,"a ""b""\nc",t\r\n', [(1, 'a "b"\nc', True)]),
        (CSV, b'1,a"b,c"d,t\n', [(1, "ab,cd", True)]),
        (CSV, b"1,x,t\n\\.\n2,y,f\n", [(1, "x", True)]),
        (replace(CSV, force_null=frozenset({"name"})), b'1,"",t\n', [(1, None, True)]),
        (replace(CSV, force_not_null=frozenset({"name"})), b"1,,t\n", [(1, "", True)]),
    ],
)
def test_examples(options: CopyOptions, data: bytes, rows: list[tuple[object, ...]]) -> None:
    assert decode(options, data) == rows
    assert decode(options, data, [1]) == rows
    assert decode(options, data, [3]) == rows


@pytest.mark.parametrize(
    ("options", "data", "sqlstate", "words"),
    [
        (TEXT, b"1\tx\tt\n2\tx\n", "22P04", 'COPY t, line 2: "2\tx"'),
        (TEXT, b"1\tx\tt\n2\tx\tt\textra\n", "22P04", "COPY t, line 2"),
        (TEXT, b"1\tx\tt\n1\ty\tt\nabc\tx\tt\n", "22P02", 'COPY t, line 3, column id: "abc"'),
        (TEXT, b"1\tx\tt\n99999999999\tx\tt\n", "22003", 'line 2, column id: "99999999999"'),
        (TEXT, b"1\tx\tt\n2\ta\rb\tt\n", "22P04", "COPY t, line 2"),
        (replace(TEXT, header="match"), b"id\tnom\tflag\n", "22P04", "COPY t, line 1"),
        (CSV, b'1,"a\nb",t\n2,"a\n', "22P04", "COPY t, line"),
        (CSV, b"1,x,t\n2,x\n", "22P04", 'COPY t, line 2: "2,x"'),
    ],
)
def test_errors_name_their_line(options: CopyOptions, data: bytes, sqlstate: str, words: str) -> None:
    for sizes in (None, [1], [5]):
        with pytest.raises(DatabaseError) as caught:
            decode(options, data, sizes)
        assert caught.value.sqlstate == sqlstate
        assert words in caught.value.context


def test_a_line_without_end_is_bounded() -> None:
    for options, data in ((TEXT, b"x" * 600), (CSV, b'"' + b"x\n" * 300)):
        with pytest.raises(DatabaseError, match="too long"):
            decode(options, data, [50], row_bytes_max=500)


@pytest.mark.parametrize(
    "data",
    [
        b"not a signature, not at all",
        SIGNATURE + b"\0\1\0\0\0\0\0\0",
        SIGNATURE + b"\0" * 8 + b"\0\2",
        SIGNATURE + b"\0" * 8 + b"\0\3\xff\xff\xff\xf0",
        SIGNATURE + b"\0" * 8 + b"\xff\xffmore",
        SIGNATURE + b"\0" * 8 + b"\0\3\0\0",
    ],
)
def test_binary_rubbish(data: bytes) -> None:
    for sizes in (None, [1]):
        with pytest.raises(DatabaseError) as caught:
            decode(CopyOptions(format="binary"), data, sizes)
        assert caught.value.sqlstate == "22P04"


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
@given(data=st.binary(max_size=100), sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_random_bytes_are_rows_or_an_error(options: CopyOptions, data: bytes, sizes: list[int]) -> None:
    try:
        decode(options, data, sizes)
    except DatabaseError as error:
        assert error.sqlstate[:2] in ("22", "0A")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (CSV, b'1,"' + b'a\n""b\r\n' * 20_000 + b'",t\n'),
        (replace(CSV, escape="\\"), b'1,"' + b'a\n\\"b\\\\' * 20_000 + b'",t\n'),
        (TEXT, b"1\t" + b"a\\\nb\\\\" * 20_000 + b"\tt\n"),
    ],
    ids=["csv", "csv-escape", "text"],
)
def test_a_long_row_that_is_full_of_line_ends_is_looked_at_once(
    options: CopyOptions, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    decoder = copy_decoder(CopyIn(COLUMNS, TYPES, options, "t"), None, 1 << 24)
    complete = decoder._complete  # type: ignore[union-attr]

    def counted(data: bytes) -> int:
        nonlocal looked_at
        looked_at += len(data)
        return complete(data)

    monkeypatch.setattr(decoder, "_complete", counted)
    rows = []
    for start in range(0, len(line), 1000):
        rows += decoder.feed(line[start : start + 1000])
    assert len(rows) == 1 and rows[0][0] == 1 and rows[0][2] is True
    assert rows == decode(options, line, row_bytes_max=1 << 24)
    assert looked_at <= len(line)
