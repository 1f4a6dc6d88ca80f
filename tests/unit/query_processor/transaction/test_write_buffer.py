"""The write buffer against a plain dictionary, and the small write set against Arrow's own encoder."""

from __future__ import annotations

from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.common import small_write_set, write_set
from actors.query_processor.transaction import buffer as buffering
from actors.query_processor.transaction import ordered_keys as ordering
from actors.query_processor.transaction.buffer import WriteBuffer
from actors.runtime import fiber
from tests.unit.query_processor.support.cluster import run

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


SPACES = st.sampled_from([b"\0\0\0\x01\0\x01", b"\0\0\0\x01\0\x02", b"\0\0\0\x02\0\x01"])
SPACED = st.builds(bytes.__add__, SPACES, st.binary(min_size=1, max_size=2))


def rows_of(buffer: WriteBuffer) -> list[tuple[bytes, bytes | None]]:
    """What its pieces hold, in their order."""
    return [(key, value) for piece in buffer.pieces() for key, value, _ in write_set.rows(piece)]


@pytest.mark.parametrize(("sort_rows", "piece_rows"), [(16_384, 4096), (8, 3), (1, 1)])
@given(st.lists(st.tuples(SPACED, VALUES), max_size=80), SPACED, SPACED)
def test_buffer_is_a_sorted_dictionary(
    sort_rows: int, piece_rows: int, writes: list[tuple[bytes, bytes | None]], start: bytes, end: bytes
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffering, "SORT_ROWS", sort_rows)
        patch.setattr(write_set, "PIECE_ROWS_MAX", piece_rows)
        buffer, model = WriteBuffer(), dict[bytes, bytes | None]()
        for number, (key, value) in enumerate(writes):
            buffer.write(key, value, counts=True)
            model[key] = value
            if number % 7 == 0:
                assert rows_of(buffer) == sorted(model.items())
            if number == 60:
                buffer.drop_range(start, end)
                run(buffer.finish_drops())
                model = {key: value for key, value in model.items() if not start <= key < end}
        assert buffer.range(start, end) == sorted(key for key in model if start <= key < end)
        assert buffer.touches(start, end) == any(start <= key < end for key in model)
        assert {key: buffer.values[key] for key in buffer.values} == model
        assert all(key in buffer.values and buffer.values.get(key, b"") == value for key, value in model.items())
        assert (start in buffer.values) == (start in model)
        assert buffer.tables() >= {int.from_bytes(key[:4], "big") for key in model}
        assert rows_of(buffer) == rows_of(buffer) == sorted(model.items())
        if not buffer.is_large and model and len(writes) <= 60:
            assert buffer.rows == len(model) == len(buffer)
            assert buffer.bytes == sum(len(key) + len(value or b"") for key, value in model.items())
            assert [(key, value) for key, value, _ in write_set.rows(buffer.encode())] == sorted(model.items())


BATCHES = st.builds(
    lambda space, ends: sorted({space + end for end in ends}),
    SPACES,
    st.lists(st.binary(min_size=1, max_size=2), min_size=1, max_size=12),
)


@pytest.mark.parametrize("piece_rows", [4096, 3])
@given(st.lists(BATCHES | SPACED, max_size=20), st.integers(0, 40))
def test_batches_are_written_as_rows_are(piece_rows: int, writes: list[list[bytes] | bytes], sort_rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffering, "SORT_ROWS", sort_rows)
        patch.setattr(write_set, "PIECE_ROWS_MAX", piece_rows)
        buffer, model = WriteBuffer(20), WriteBuffer(20)
        for number, written in enumerate(writes):
            keys = written if isinstance(written, list) else [written]
            values = [b"%d" % number * (number % 30) for _ in keys]
            batch = pa.array([b"", *keys], pa.binary()).slice(1), pa.array([b"x", *values], pa.binary()).slice(1)
            if not isinstance(written, list) or not buffer.append(*batch, counts=True):
                for key, value in zip(keys, values, strict=True):
                    buffer.write(key, value, counts=True)
            for key, value in zip(keys, values, strict=True):
                model.write(key, value, counts=True)
        assert rows_of(buffer) == rows_of(model)
        assert (buffer.tables(), buffer.rows >= len(rows_of(model))) == (model.tables(), True)
        if not model.is_large and writes:
            assert [(key, value) for key, value, _ in write_set.rows(buffer.encode())] == rows_of(model)


def test_an_ascending_batch_is_sealed_and_counted() -> None:
    buffer = WriteBuffer(20)
    keys = pa.array([b"\0\0\0\x01\0\x01" + number.to_bytes(4, "big") for number in range(9000)], pa.binary())
    values = pa.array([b"v" * (number % 200) for number in range(9000)], pa.binary())
    assert buffer.append(keys, values, counts=True) and not buffer.append(keys, values, counts=True)
    sizes = [len(key) + len(value) for key, value in zip(keys.to_pylist(), values.to_pylist(), strict=True)]
    assert (buffer.rows, buffer.bytes) == (9000, sum(sizes))
    assert buffer.padding == sum(20 - size for size in sizes if size < 20)
    assert [write_set.decode(piece).num_rows <= write_set.PIECE_ROWS_MAX for piece in buffer.pieces()] == [True] * 4
    buffer.record(True)
    assert not buffer.append(pa.array([keys[-1].as_py() + b"x"]), pa.array([b""]), counts=True)


def test_pieces_are_bounded() -> None:
    buffer = WriteBuffer()
    for number in range(40_000):
        key = number.to_bytes(4, "big") if number % 2 else (number * 2_654_435_761 % (1 << 32)).to_bytes(4, "big")
        buffer.write(b"\0\0\0\x01\0\x01" + key, b"v" * (number % 200), counts=True)
    assert buffer.is_large
    sizes = [sum(len(key) + len(value or b"") for key, value, _ in write_set.rows(piece)) for piece in buffer.pieces()]
    assert max(sizes) <= write_set.PIECE_BYTES_MAX and len(sizes) < 40
    assert max(write_set.decode(piece).num_rows for piece in buffer.pieces()) <= write_set.PIECE_ROWS_MAX


def test_a_row_above_the_bound_is_a_piece() -> None:
    buffer = WriteBuffer()
    large = b"v" * (write_set.PIECE_BYTES_MAX + 1)
    for key, value in ((b"space.a", b"x"), (b"space.b", large), (b"space.c", b"y")):
        buffer.write(key, value, counts=True)
    assert [list(write_set.rows(piece)) for piece in buffer.pieces()] == [
        [(b"space.a", b"x", write_set.PUT)],
        [(b"space.b", large, write_set.PUT)],
        [(b"space.c", b"y", write_set.PUT)],
    ]


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
    assert buffer.sample(10) == [b"a1", b"c1", b"b"] and bool(buffer)
    assert list(write_set.rows(buffer.encode_dropped())) == [(b"b", b"c", write_set.DROP_RANGE)]


STEPS = st.lists(
    st.tuples(st.just("write"), SPACED, VALUES, st.booleans())
    | st.tuples(st.just("drop"), SPACED, SPACED)
    | st.tuples(st.just("mark"))
    | st.tuples(st.just("undo"), st.integers(0, 3)),
    max_size=60,
)


def seen(buffer: WriteBuffer) -> tuple[object, ...]:
    """All that a transaction can see of it."""
    rows = {key: buffer.values[key] for key in buffer.values}
    dropped = list(write_set.rows(data)) if (data := buffer.encode_dropped()) else []
    return (
        rows,
        buffer.range(b"", b"\xff"),
        rows_of(buffer),
        dropped,
        buffer.bytes,
        buffer.padding,
        buffer.rows,
        buffer.tables(),
    )


@pytest.mark.parametrize(("sort_rows", "undo_rows", "few"), [(16_384, 16_384, 64), (4, 2, 0), (1, 1, 1)])
@given(st.lists(st.tuples(SPACED, VALUES), max_size=12), STEPS)
def test_what_was_written_since_a_mark_is_taken_back(
    sort_rows: int, undo_rows: int, few: int, before: list[tuple[bytes, bytes | None]], steps: list[tuple[Any, ...]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("SORT_ROWS", sort_rows), ("UNDO_ROWS", undo_rows), ("FEW_KEYS", few)):
            patch.setattr(buffering, name, value)
        buffer = WriteBuffer(20)
        for key, value in before:
            buffer.write(key, value, counts=True)
        buffer.record(True)
        marks = [(buffer.mark(), seen(buffer))]
        for (kind, *arguments), (then, *_) in zip(steps, [*steps[1:], ("mark",)], strict=False):
            if kind == "write":
                buffer.write(*arguments)
            elif kind == "drop":
                buffer.drop_range(min(arguments), max(arguments))
                if then != "undo":  # else it is taken back half-way
                    run(buffer.finish_drops())
            elif kind == "mark":
                marks.append((buffer.mark(), seen(buffer)))
            else:
                del marks[max(1, len(marks) - arguments[0]) :]
                run(buffer.undo_to(marks[-1][0]))
                assert seen(buffer) == marks[-1][1]
        buffer.record(False)
        assert not buffer.recording


def test_a_frozen_buffer_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffering, "SORT_ROWS", 16)
    buffer = WriteBuffer()
    for number in range(26):  # the first of them are sealed
        buffer.write(b"\0\0\0\1\0\1" + number.to_bytes(4, "big"), b"old", True)
    first, last = (b"\0\0\0\1\0\1" + number.to_bytes(4, "big") for number in (0, 25))
    frozen = buffer.frozen()
    for key in (first, last, b"\0\0\0\2\0\1new"):
        buffer.write(key, b"new", True)
    for number in range(26, 58):
        buffer.write(b"\0\0\0\1\0\1" + number.to_bytes(4, "big"), b"new", True)
    assert (frozen.values[first], frozen.values[last], len(frozen)) == (b"old", b"old", 26)
    assert frozen.range(b"\0\0\0\1", b"\0\0\0\3")[-1] == last
    assert (buffer.values[first], buffer.values[last]) == (b"new", b"new")


@pytest.mark.parametrize(("sort_rows", "slice_keys"), [(16_384, 4096), (8, 3), (1, 1)])
@given(st.lists(st.tuples(SPACED, VALUES), max_size=80), SPACED, SPACED, st.booleans())
def test_keys_come_in_order_piece_by_piece(
    sort_rows: int, slice_keys: int, writes: list[tuple[bytes, bytes | None]], start: bytes, end: bytes, reverse: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffering, "SORT_ROWS", sort_rows)
        patch.setattr(write_set, "PIECE_ROWS_MAX", slice_keys)
        patch.setattr(ordering, "SLICE_KEYS", slice_keys)
        patch.setattr(ordering, "OF_EACH_MIN", 1)
        buffer = WriteBuffer()
        for key, value in writes:
            buffer.write(key, value, counts=True)
        keys = sorted({key for key, _ in writes if start <= key < end}, reverse=reverse)
        most, pieces = buffer.ordered(start, end, reverse)
        first = next(pieces, [])
        for key, value in writes:  # what comes later changes nothing about what is under way
            buffer.write(key + b"later", value, counts=True)
            buffer.write(key, b"again", counts=True)
        found = [first, *pieces]
        assert [key for piece in found for key in piece] == keys and most >= len(keys)
        assert max(map(len, found)) <= slice_keys * (len(writes) + 1)


def test_what_is_dropped_is_forgotten_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffering, "UNDO_ROWS", 10)
    keys = [b"\0\0\0\1\0\1" + number.to_bytes(4, "big") for number in range(95)]
    buffer = WriteBuffer()
    buffer.record(True)
    for key in keys:
        buffer.write(key, b"row", counts=True)
    mark, turns = buffer.mark(), []

    async def counted(work: Coroutine[Any, Any, None]) -> int:
        monkeypatch.setattr(buffering, "turn", lambda: (turns.append(len(buffer)), fiber.turn())[1])
        before = len(turns)
        await work
        return len(turns) - before

    buffer.drop_range(keys[5], keys[90])
    assert len(buffer) == 85
    assert run(counted(buffer.finish_drops())) == 8 and buffer.range(keys[0], keys[-1]) == [*keys[:5], *keys[90:-1]]
    assert run(counted(buffer.undo_to(mark))) == 8 and buffer.range(keys[0], keys[-1]) == keys[:-1]
    buffer.drop_range(keys[0], keys[90])
    assert run(counted(buffer.undo_to(mark))) <= 1 and buffer.range(keys[0], keys[-1]) == keys[:-1]
    assert max(before - after for before, after in pairwise(turns)) <= 10
