"""Small write sets, written and read without building Arrow arrays: the same record batch message as write_set.encode
makes, from a template.

Of a commit of a few rows, building three Arrow arrays and a batch is most of the query processor's time (23
microseconds; this takes 7). The adjudicator, the crossbar and every storage replica look into each commit's rows, too
(10 microseconds by Arrow, 3 here). A record batch message is a flatbuffer of fixed shape followed by the columns'
buffers, so everything but eleven numbers is known before:

    message = FF FF FF FF | length of metadata | metadata | body
    metadata: rows, body length, 3 nodes (rows, nulls), 8 buffers (offset, length)

The template comes from pyarrow itself at import, and the numbers' places are found in it, not assumed; `encode` is
checked against pyarrow there. Readers cannot tell the difference. `columns` reads any write set: a message whose head
is another than the template's (another writer, another version of Arrow), one of many rows, and one whose numbers do
not fit its body are left to pyarrow, which reads it or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from struct import Struct, error, pack_into

from actors.common import write_set

ROWS_MAX = 64
"""Above, Arrow's own builders are as fast."""

_ALIGNMENT = 8
_NODES = Struct("<6q")
_BUFFERS = Struct("<16q")
_OFFSETS = [Struct(f"<{count + 1}i") for count in range(ROWS_MAX + 1)]


def _layout(rows: int, nulls: int, key_bytes: int, value_bytes: int) -> tuple[list[int], int]:
    """(offset, length) of the eight buffers in turn, and the body's length."""
    lengths = (0, 4 * (rows + 1), key_bytes, (rows + 7) // 8 if nulls else 0, 4 * (rows + 1), value_bytes, 0, rows)
    places: list[int] = []
    end = 0
    for length in lengths:
        places += (end, length)
        end += length + -length % _ALIGNMENT
    return places, end


def _template() -> tuple[bytes, int, int, int, int]:
    """A message's head, and where in it stand the row count, the body length, the nodes and the buffers."""
    message = write_set.encode([b"k" * 101, b"l" * 103, b"m" * 107], [b"v" * 1009, None, b"w" * 1013], [0, 1, 0])
    head = message[: 8 + int.from_bytes(message[4:8], "little")]
    places, body = _layout(3, 1, 311, 2022)
    nodes, buffers = _NODES.pack(3, 0, 3, 1, 3, 0), _BUFFERS.pack(*places)
    assert len(message) == len(head) + body and head.count(nodes) == head.count(buffers) == 1, (
        "Arrow's message has another layout"
    )
    nodes_at, buffers_at = head.index(nodes), head.index(buffers)
    others = head.replace(nodes, bytes(len(nodes))).replace(buffers, bytes(len(buffers)))
    rows, length = (3).to_bytes(8, "little"), body.to_bytes(8, "little")
    rows_at = [at for at in range(8, len(others) - 7, 8) if others[at : at + 8] == rows]
    length_at = [at for at in range(8, len(others) - 7, 8) if others[at : at + 8] == length]
    assert len(rows_at) == len(length_at) == 1, "Arrow's message has another layout"
    return head, rows_at[0], length_at[0], nodes_at, buffers_at


_HEAD, _ROWS_AT, _LENGTH_AT, _NODES_AT, _BUFFERS_AT = _template()


def encode(keys: list[bytes], values: list[bytes | None], kinds: list[int]) -> bytes:
    """What write_set.encode(keys, values, kinds) means, for 1 to ROWS_MAX rows."""
    rows = len(keys)
    nulls = values.count(None)
    present = [value or b"" for value in values] if nulls else values
    key_data = b"".join(keys)
    value_data = b"".join(present)  # type: ignore[arg-type]
    places, body = _layout(rows, nulls, len(key_data), len(value_data))
    head = len(_HEAD)
    message = bytearray(head + body)
    message[:head] = _HEAD
    pack_into("<q", message, _ROWS_AT, rows)
    pack_into("<q", message, _LENGTH_AT, body)
    _NODES.pack_into(message, _NODES_AT, rows, 0, rows, nulls, rows, 0)
    _BUFFERS.pack_into(message, _BUFFERS_AT, *places)
    offsets = _OFFSETS[rows]
    offsets.pack_into(message, head + places[2], *accumulate(map(len, keys), initial=0))
    at = head + places[4]
    message[at : at + len(key_data)] = key_data
    if nulls:
        bits = sum(1 << place for place, value in enumerate(values) if value is not None)
        at = head + places[6]
        message[at : at + places[7]] = bits.to_bytes(places[7], "little")
    offsets.pack_into(message, head + places[8], *accumulate(map(len, present), initial=0))  # type: ignore[arg-type]
    at = head + places[10]
    message[at : at + len(value_data)] = value_data
    at = head + places[14]
    message[at : at + rows] = bytes(kinds)
    return bytes(message)


def _fixed_parts() -> list[tuple[bytes, slice]]:
    """What is the same in every head, and where."""
    numbers = sorted([(_ROWS_AT, 8), (_LENGTH_AT, 8), (_NODES_AT, _NODES.size), (_BUFFERS_AT, _BUFFERS.size)])
    parts = zip([0, *(at + size for at, size in numbers)], [*(at for at, _ in numbers), len(_HEAD)], strict=True)
    return [(_HEAD[start:end], slice(start, end)) for start, end in parts if start < end]


_FIXED = _fixed_parts()
_NUMBERS = Struct(f"<16q{_NODES_AT - _BUFFERS_AT - _BUFFERS.size}x6q")
"""The buffers, then the nodes."""


def columns(payload: bytes) -> tuple[list[bytes], list[bytes | None], list[int]]:
    """Keys, values and kinds of a write set of any size, as lists. Raises pa.ArrowException, OSError or EOFError for
    bytes that are none."""
    for same, part in _FIXED:
        if payload[part] != same:
            return _columns_by_arrow(payload)
    if len(payload) < len(_HEAD):
        return _columns_by_arrow(payload)
    numbers = _NUMBERS.unpack_from(payload, _BUFFERS_AT)
    rows, nulls = numbers[16], numbers[19]
    key_bytes, value_bytes, kinds_at = numbers[5], numbers[11], numbers[14] + len(_HEAD)
    if not 0 < rows <= ROWS_MAX or min(numbers) < 0 or kinds_at + rows + -rows % _ALIGNMENT != len(payload):
        return _columns_by_arrow(payload)
    try:
        unpack = _OFFSETS[rows].unpack_from
        key_ends = unpack(payload, len(_HEAD) + numbers[2])
        value_ends = unpack(payload, len(_HEAD) + numbers[8])
    except error:
        return _columns_by_arrow(payload)
    if key_ends[rows] != key_bytes or value_ends[rows] != value_bytes:
        return _columns_by_arrow(payload)
    at = len(_HEAD) + numbers[4]
    keys = [payload[at + start : at + end] for start, end in pairwise(key_ends)]
    at = len(_HEAD) + numbers[10]
    values: list[bytes | None] = [payload[at + start : at + end] for start, end in pairwise(value_ends)]
    if nulls:
        at = len(_HEAD) + numbers[6]
        present = int.from_bytes(payload[at : at + numbers[7]], "little")
        values = [value if present >> place & 1 else None for place, value in enumerate(values)]
    return keys, values, list(payload[kinds_at : kinds_at + rows])


def rows(payload: bytes) -> Iterable[tuple[bytes, bytes | None, int]]:
    """What write_set.rows gives."""
    return () if not payload else zip(*columns(payload), strict=True)


def _columns_by_arrow(payload: bytes) -> tuple[list[bytes], list[bytes | None], list[int]]:
    if not payload:  # of a transaction that only checked keys
        return [], [], []
    batch = write_set.decode(payload)
    return batch.column(0).to_pylist(), batch.column(1).to_pylist(), batch.column(2).to_pylist()


assert encode([b"a", b"bc"], [None, b"x"], [1, 0]) == write_set.encode([b"a", b"bc"], [None, b"x"], [1, 0])
assert columns(encode([b"a", b"bc"], [None, b"x"], [1, 0])) == ([b"a", b"bc"], [None, b"x"], [1, 0])
