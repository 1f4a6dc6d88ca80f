"""Array literals: what PostgreSQL 18 answers to each (its own output, or the error's code), and both forms there and
back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.sql.expressions.tree import Constant, decode_expression, encode_expression, revive
from actors.sql.types import by_name, by_oid, format_type
from actors.sql.types.arrays import ARRAY_TYPES, EMPTY, Array, array_of_items
from actors.sql.types.column_type import ColumnType

TEXT = by_name["_text"]
READ = {
    "{}": "{}",
    " { } ": "{}",
    "{{}}": "{}",
    "{{},{}}": "{}",
    "{a,b}": "{a,b}",
    '{"1","2"}': "{1,2}",
    ' { a , "b c" , NULL, "NULL" , nUlL } ': '{a,"b c",NULL,"NULL",NULL}',
    "{a b}": '{"a b"}',
    "{a\\ ,b}": '{"a ",b}',
    '{"a\\"b\\\\"}': '{"a\\"b\\\\"}',
    '{""}': '{""}',
    "{nul\\l}": '{"null"}',
    "{{a,b},{c,d}}": "{{a,b},{c,d}}",
    "[2:3]={a,b}": "[2:3]={a,b}",
    "[1]={a}": "{a}",
    "[0:0][1:2]={{a,b}}": "[0:0][1:2]={{a,b}}",
    "[-1:0] = {a,b}": "[-1:0]={a,b}",
}
REFUSED = {
    "": "22P02",
    "a": "22P02",
    "{": "22P02",
    "{a": "22P02",
    "{a,}": "22P02",
    "{,a}": "22P02",
    "{a,,b}": "22P02",
    "{a}b": "22P02",
    "{a}}": "22P02",
    '{"a': "22P02",
    '{"a"b}': "22P02",
    '{a"b"}': "22P02",
    "{\\}": "22P02",
    "{{a},{b,c}}": "22P02",
    "{a,{b}}": "22P02",
    "{{a},b}": "22P02",
    "{{},{a}}": "22P02",
    "[1:2]={a}": "22P02",
    "[1:2]{a,b}": "22P02",
    "[]={}": "22P02",
    "[a]={}": "22P02",
    "[2:1]={a}": "2202E",
    "[1:99999999999]={a}": "22003",
    "{{{{{{{a}}}}}}}": "54000",
}


@pytest.mark.parametrize("text", READ)
def test_literals(text: str) -> None:
    datum = TEXT.parse_text(text, -1)
    assert TEXT.format_text(datum, -1) == READ[text]
    assert TEXT.parse_text(READ[text], -1) == datum and TEXT.parse_binary(TEXT.format_binary(datum, -1), -1) == datum


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_literal(text: str) -> None:
    with pytest.raises(DatabaseError) as error:
        TEXT.parse_text(text, -1)
    assert error.value.sqlstate == REFUSED[text]


ITEMS = st.lists(
    st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["NULL", "", " ", '"', "\\", "{", "},"])), max_size=6
)


@given(ITEMS, st.integers(-3, 3), st.integers(1, 3))
@settings(deadline=None)
def test_there_and_back(items: list[str | None], lower: int, rows: int) -> None:
    flat = [item and item.replace("\0", "") for item in items]
    for datum in (
        array_of_items(flat),
        Array(tuple(flat * rows), (rows, len(flat)), (lower, 1)) if flat else EMPTY,
    ):
        assert TEXT.parse_text(TEXT.format_text(datum, -1), -1) == datum
        assert TEXT.parse_binary(TEXT.format_binary(datum, -1), -1) == datum
        constant = Constant(datum, ColumnType("_text"))
        carried: Any = decode_expression(encode_expression(constant))
        assert carried.datum == datum and revive(carried.value, ColumnType("_text")) == datum


def test_every_element_type_has_its_array() -> None:
    assert {known.oid for known in ARRAY_TYPES.values()} >= {
        *(
            1000,
            1001,
            1003,
            1005,
            1007,
            1009,
            1014,
            1015,
            1016,
            1021,
            1022,
            1028,
            1115,
            1182,
            1183,
            1185,
            1187,
            1231,
            2951,
        )
    }
    for known in ARRAY_TYPES.values():
        assert (
            by_oid[known.oid] is known
            and known.parse_text("{}", -1) == EMPTY
            and known.parse_text("{NULL}", -1) == Array((None,), (1,), (1,))
        )
    assert (
        format_type(ColumnType("_varchar", 14)) == "character varying(10)[]"
        and by_name["_timestamptz"].sql_name == "timestamp with time zone[]"
    )
