"""The hand-made reader of small write sets against pyarrow's: same rows, whoever wrote them; and what is not one is
refused, never misread."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common import small_write_set, write_set

ROWS = st.lists(
    st.tuples(st.binary(max_size=40), st.none() | st.binary(max_size=80), st.integers(0, 2)), min_size=1, max_size=70
)


def by_arrow(payload: bytes) -> tuple[list[bytes], list[bytes | None], list[int]]:
    batch = write_set.decode(payload)
    return batch.column(0).to_pylist(), batch.column(1).to_pylist(), batch.column(2).to_pylist()


@given(ROWS, st.integers(0, 69), st.integers(1, 70))
def test_columns_are_arrows(rows: list[tuple[bytes, bytes | None, int]], start: int, count: int) -> None:
    keys, values, kinds = ([row[place] for row in rows] for place in range(3))
    payload = write_set.encode(keys, values, kinds)
    assert small_write_set.columns(payload) == (keys, values, kinds)
    cut = write_set.encode_batch(write_set.decode(payload).slice(start, count))
    assert small_write_set.columns(cut) == by_arrow(cut)


@pytest.mark.parametrize("end", [1, 3, 40, 100, 230, -1, -9, -20])
def test_cut_off(end: int) -> None:
    payload = small_write_set.encode([b"a", b"b"], [b"x" * 50, None], [0, 1])
    with pytest.raises((pa.ArrowException, OSError, EOFError)):
        small_write_set.columns(payload[:end])


def test_no_bytes_are_no_rows() -> None:
    """Of a transaction that only checked keys."""
    assert small_write_set.columns(b"") == ([], [], [])


def test_no_write_set() -> None:
    with pytest.raises((pa.ArrowException, OSError, EOFError)):
        small_write_set.columns(b"x" * 500)


def test_rows_are_those_of_any_write_set() -> None:
    for keys, values, kinds in (
        ([b"a", b"bc"], [None, b"x"], [1, 0]),
        ([b"k%03d" % number for number in range(200)], [b"v"] * 200, [0] * 200),
    ):
        payload = write_set.encode(keys, values, kinds)
        assert (
            list(small_write_set.rows(payload))
            == list(write_set.rows(payload))
            == list(zip(keys, values, kinds, strict=True))
        )
    assert list(small_write_set.rows(b"")) == list(write_set.rows(b"")) == []
