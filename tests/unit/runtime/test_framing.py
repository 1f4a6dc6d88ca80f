"""Frames survive any cutting of the byte stream; bad bytes and long frames are refused before they cost memory."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.common.messages import Commit, Done, Failure, Get, Got
from actors.common.refusals import Outbid
from actors.runtime.framing import POST, REPLY, REQUEST, Frame, FrameReader, encode_frame, error_of, failure_of

BOUND = 1 << 20
FRAMES = [
    Frame(REQUEST, 1, "query_processor/1", "storage/1/a", Get([b"k", b""], 5)),
    Frame(REPLY, 1, "", "", Got([b"v" * 1000, None], 7)),
    Frame(POST, 0, "a", "b", Done()),
    Frame(REQUEST, 2**40, "a", "b", Commit(b"t" * 16, 1, 2, b"\0" * 5000)),
]


def encoded(frames: list[Frame]) -> bytes:
    return b"".join(encode_frame(f.kind, f.request, f.sender, f.destination, f.message, BOUND) for f in frames)


def test_a_byte_at_a_time() -> None:
    reader = FrameReader(BOUND)
    received: list[Frame] = []
    for byte in encoded(FRAMES):
        received += reader.receive_data(bytes([byte]))
    assert received == FRAMES


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=3000), min_size=1, max_size=30))
def test_any_pieces(sizes: list[int]) -> None:
    data = encoded(FRAMES * 3)
    reader = FrameReader(BOUND)
    received: list[Frame] = []
    for size in sizes:
        received += reader.receive_data(data[:size])
        data = data[size:]
    received += reader.receive_data(data)
    assert received == FRAMES * 3


def test_a_long_frame_is_refused_by_its_header_alone() -> None:
    reader = FrameReader(1000)
    assert reader.receive_data(b"\0\0\x03") == []
    with pytest.raises(DatabaseError) as refused:
        reader.receive_data(b"\xe9")  # 1001
    assert refused.value.sqlstate == "08P01"


def test_the_sender_is_refused_too() -> None:
    with pytest.raises(DatabaseError) as refused:
        encode_frame(REQUEST, 1, "a", "b", Got([b"v" * 1001], 0), 1000)
    assert refused.value.sqlstate == "54000"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_give_frames_or_a_protocol_error(data: bytes) -> None:
    try:
        FrameReader(BOUND).receive_data(len(data).to_bytes(4, "big") + data)
    except DatabaseError as error:
        assert error.sqlstate == "08P01"


def test_nesting_bomb() -> None:
    body = b"\x95\x00\x01\xa1a\xa1b" + b"\x91" * 100_000
    with pytest.raises(DatabaseError) as refused:
        FrameReader(BOUND).receive_data(len(body).to_bytes(4, "big") + body)
    assert refused.value.sqlstate == "08P01"


def test_errors_keep_all_they_say() -> None:
    error = DatabaseError(
        "23505", "duplicate", detail="d", hint="h", position=7, schema="s", table="t", column="c", constraint="k"
    )
    error.refusal = Outbid(7)
    failure = msgspec.msgpack.decode(msgspec.msgpack.encode(failure_of(error)), type=Failure)
    back = error_of(failure)
    assert all(getattr(back, name) == getattr(error, name) for name in DatabaseError.__slots__)
    assert error_of(Failure("08006", "m", fields={"position": "junk"})).position == 0


@pytest.mark.parametrize(
    "message",
    [
        b"\x93\xa3Get\xdd\xff\xff\xff\xff\xc0",  # a list of four billion keys
        b"\xa1\x80",  # broken UTF-8
        # a map of no pieces
        b"\x95\xa8Topology\x01\x80\x80\x84\xa7version\x01\xa4cuts\x90\xacadjudicators\x90\xa6shards\x90",
    ],
)
def test_well_formed_nonsense(message: bytes) -> None:
    body = b"\x95\x00\x01\xa1a\xa1b" + message
    with pytest.raises(DatabaseError) as refused:
        FrameReader(BOUND).receive_data(len(body).to_bytes(4, "big") + body)
    assert refused.value.sqlstate == "08P01"
