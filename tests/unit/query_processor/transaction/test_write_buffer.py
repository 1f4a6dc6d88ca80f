"""The write buffer against a plain dictionary, and the small write set against Arrow's own encoder."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.common import small_write_set, write_set
from actors.query_processor.transaction.buffer import WriteBuffer

KEYS = st.binary(min_size=1, max_size=12)
VALUES = st.none() | st.binary(max_size=40)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=small_write_set.ROWS_MAX))
def test_small_write_sets_are_arrows_bytes(rows: dict[bytes, bytes | None]) -> None:
    keys = sorted(rows)
    values = [rows[key] for key in keys]
    kinds = [write_set.DELETE if value is None else write_set.PUT for value in values]
    encoded = small_write_set.encode(keys, values, kinds)
    assert encoded == write_set.encode(keys, values, kinds)
    assert list(write_set.rows(encoded)) == list(zip(keys, values, kinds, strict=True))


@given(st.lists(st.tuples(KEYS, VALUES), max_size=80), KEYS, KEYS)
def test_buffer_is_a_sorted_dictionary(writes: list[tuple[bytes, bytes | None]], start: bytes, end: bytes) -> None:
    buffer, model = WriteBuffer(), dict[bytes, bytes | None]()
    for number, (key, value) in enumerate(writes):
        buffer.write(key, value, counts=True)
        model[key] = value
        if number % 7 == 0:
            assert buffer.keys() == sorted(model)
    assert buffer.range(start, end) == sorted(key for key in model if start <= key < end)
    assert buffer.touches(start, end) == any(start <= key < end for key in model)
    assert buffer.rows == len(model) == len(buffer)
    assert buffer.bytes == sum(len(key) + len(value or b"") for key, value in model.items())
    if model:
        assert [(key, value) for key, value, _ in write_set.rows(buffer.encode())] == sorted(model.items())


def test_dropped_ranges_stand_among_the_rows() -> None:
    buffer = WriteBuffer()
    for key in (b"a1", b"b1", b"c1"):
        buffer.write(key, b"x", counts=True)
    buffer.drop_range(b"b", b"c")
    assert list(write_set.rows(buffer.encode())) == [
        (b"a1", b"x", write_set.PUT),
        (b"b", b"c", write_set.DROP_RANGE),
        (b"c1", b"x", write_set.PUT),
    ]
    assert buffer.keys() == [b"a1", b"b", b"c1"] and bool(buffer)
