"""timetz, bit, varbit and network addresses: the binary forms that PostgreSQL 18's send functions gave, and keys."""

from __future__ import annotations

import pytest

from actors.common.errors import DatabaseError
from actors.sql.encoding.keys import KeyCodec
from actors.sql.types import ColumnType, by_name

SENT = [
    ("inet", "10.1.2.3/8", "020800040a010203"),
    ("cidr", "10.0.0.0/8", "020801040a000000"),
    ("inet", "::1", "0380001000000000000000000000000000000001"),
    ("macaddr", "08:00:2b:01:02:03", "08002b010203"),
    ("macaddr8", "08:00:2b:01:02:03:04:05", "08002b0102030405"),
    ("bit", "10101010101", "0000000baaa0"),
    ("varbit", "", "00000000"),
    ("timetz", "13:45:06.789+02", "0000000b86d5a688ffffe3e0"),
    ("_inet", "{10.0.0.1}", "000000010000000000000365000000010000000100000008022000040a000001"),
]


@pytest.mark.parametrize(("name", "text", "sent"), SENT)
def test_binary_forms_are_postgresqls(name: str, text: str, sent: str) -> None:
    type_ = by_name[name]
    datum = type_.parse_text(text, -1)
    assert type_.format_binary(datum, -1).hex() == sent
    assert type_.parse_binary(bytes.fromhex(sent), -1) == datum
    assert type_.format_text(datum, -1) == text


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("inet", "022100040a010203"),
        ("inet", "020800050a010203"),
        ("cidr", "020801040a000001"),
        ("macaddr", "08002b0102"),
        ("bit", "0000000baa"),
        ("bit", "ffffffff"),
        ("timetz", "0000000b86d5a688"),
        ("timetz", "0000000b86d5a6887fffffff"),
    ],
)
def test_binary_forms_that_are_none_are_refused(name: str, received: str) -> None:
    with pytest.raises(DatabaseError):
        by_name[name].parse_binary(bytes.fromhex(received), -1)


@pytest.mark.parametrize(
    ("name", "ascending"),
    [
        ("inet", ["9.0.0.0", "10.0.0.0/8", "10.0.0.1/8", "10.0.0.0", "10.0.0.1", "255.0.0.0", "::/0", "::1", "ffff::"]),
        ("varbit", ["", "0", "00", "1", "10", "101", "11"]),
        ("timetz", ["12:00:00+03", "12:00:00+02", "10:00:00+00", "12:00:00+00", "23:00:00-10"]),
        ("macaddr", ["00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"]),
    ],
)
@pytest.mark.parametrize("descending", [False, True])
def test_keys_sort_as_postgresql_does_and_give_their_values_back(
    name: str, ascending: list[str], descending: bool
) -> None:
    codec = KeyCodec([ColumnType(name)], descending=[descending], nulls_first=[descending])
    data = [by_name[name].parse_text(text, -1) for text in ascending]
    keys = [codec.encode([datum]) for datum in (*data, None)]
    assert keys == sorted(keys, reverse=descending)
    assert [codec.decode(key)[0] for key in keys] == [*data, None]
