"""FrontendReader: any division of the bytes gives the same messages; what is too long, out of place or malformed is
refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common.errors import DatabaseError
from actors.postgres import frontend, startup
from actors.postgres.frontend import ProtocolViolation
from actors.postgres.reader import FrontendReader, MessageRefused
from actors.postgres.startup import NoStartupPacket
from actors.postgres.states import State

BOUND = 1 << 20


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def bind_body(portal: bytes, name: bytes, formats: list[int], values: list[bytes | None], results: list[int]) -> bytes:
    packed = b"".join(
        struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values
    )
    return (
        portal + b"\0" + name + b"\0" + struct.pack(f"!H{len(formats)}H", len(formats), *formats)
        + struct.pack("!H", len(values)) + packed
        + struct.pack(f"!H{len(results)}H", len(results), *results)
    )  # fmt: skip


BATCH = [
    (message(b"P", b"s\0SELECT $1\0\0\1\0\0\0\x17"), frontend.Parse("s", "SELECT $1", (23,))),
    (message(b"B", bind_body(b"", b"s", [1], [b"\0\0\0\7", None, b""], [0, 1])),
     frontend.Bind("", "s", b"\0\1", [b"\0\0\0\7", None, b""], b"\0\0\0\1", 31)),
    (message(b"D", b"Ps\0"), frontend.Describe(True, "s")),
    (message(b"D", b"P\0"), frontend.Describe(True, "")),
    (message(b"E", b"\0\0\0\0\0"), frontend.Execute("", 0)),
    (message(b"E", b"p\0\0\0\0\x09"), frontend.Execute("p", 9)),
    (message(b"C", b"Ss\0"), frontend.Close(False, "s")),
    (message(b"H", b""), frontend.Flush()),
    (message(b"S", b""), frontend.Sync()),
    (message(b"Q", "SELECT 'ü'\0".encode()), frontend.Query("SELECT 'ü'")),
    (message(b"X", b""), frontend.Terminate()),
]  # fmt: skip


def reader(state: State = State.READY) -> FrontendReader:
    made = FrontendReader(BOUND)
    made.state = state
    return made


def drain(source: FrontendReader) -> list[frontend.Message]:
    messages = []
    while (one := source.next_message()) is not None:
        messages.append(one)
    return messages


def test_a_byte_at_a_time() -> None:
    source = reader()
    seen = []
    for byte in b"".join(data for data, _ in BATCH):
        source.receive_data(bytes((byte,)))
        seen += drain(source)
    assert seen == [expected for _, expected in BATCH]
    assert source.buffered == 0


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_any_division(sizes: list[int]) -> None:
    data = b"".join(data for data, _ in BATCH)
    source = reader()
    seen = []
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        source.receive_data(data[place : place + size])
        place, turn = place + size, turn + 1
        seen += drain(source)
    assert seen == [expected for _, expected in BATCH]


@pytest.mark.parametrize("kind", [b"Q", b"P", b"B"])
def test_a_long_message_is_refused_from_its_head(kind: bytes) -> None:
    source = reader()
    source.receive_data(kind + struct.pack("!I", BOUND + 1))
    with pytest.raises(ProtocolViolation, match="message size limit"):
        source.next_message()


def test_a_message_at_the_bound_is_read() -> None:
    source = reader()
    data = message(b"Q", b"x" * (BOUND - 5) + b"\0")
    for start in range(0, len(data), 5000):
        source.receive_data(data[start : start + 5000])
        got = drain(source)
    assert isinstance(got[0], frontend.Query) and len(got[0].text) == BOUND - 5


def test_copy_data_is_a_stream() -> None:
    source = reader(State.COPY_IN)
    payload = bytes(range(256)) * 2000
    data = message(b"d", payload) + message(b"c", b"")
    seen = []
    for start in range(0, len(data), 7000):
        source.receive_data(data[start : start + 7000])
        seen += drain(source)
        assert source.buffered <= 64 << 10
    assert len(seen) > 3 and seen[-1] == frontend.CopyDone()
    assert b"".join(piece.data for piece in seen[:-1]) == payload


def test_copy_data_in_one_go() -> None:
    source = reader(State.COPY_IN)
    source.receive_data(
        message(b"d", b"one")
        + message(b"d", b"two")
        + message(b"d", b"")
        + message(b"c", b"")
        + message(b"d", b"x")[:6]
    )
    assert source.next_message() == frontend.CopyData(b"one")
    assert source.more_copy_data(1 << 20) == [b"two", b""]
    assert source.next_message() == frontend.CopyDone()


def test_copy_data_is_taken_in_bounded_amounts() -> None:
    source = reader(State.COPY_IN)
    source.receive_data(b"".join(message(b"d", b"%04d" % number) for number in range(1000)))
    taken = source.more_copy_data(90)
    assert taken == [b"%04d" % number for number in range(10)]
    assert source.next_message() == frontend.CopyData(b"0010") and source.more_copy_data(1) == [b"0011"]


def test_states() -> None:
    skipping = reader(State.SKIPPING)
    skipping.receive_data(b"".join(data for data, _ in BATCH))
    assert skipping.next_message() == frontend.Sync()
    copying = reader(State.COPY_IN)
    copying.receive_data(message(b"H", b"") + message(b"S", b"") + message(b"Q", b"x\0") + message(b"f", b"why\0"))
    with pytest.raises(MessageRefused, match="0x51 during COPY"):
        copying.next_message()
    assert copying.next_message() == frontend.CopyFail("why")
    ready = reader()
    ready.receive_data(message(b"d", b"left over") + message(b"c", b"") + message(b"S", b""))
    assert ready.next_message() == frontend.Sync()
    ready.receive_data(message(b"p", b"secret"))
    with pytest.raises(ProtocolViolation):
        ready.next_message()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"Q", b"no end"),
        (b"Q", b"two\0ends\0"),
        (b"Q", b""),
        (b"P", b"s\0text\0"),
        (b"P", b"s\0text\0\0\2\0\0\0\x17"),
        (b"B", b"\0"),
        (b"B", b"\0\0\0\0\0\1\0\0\0\5abc"),
        (b"B", b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"),
        (b"B", bind_body(b"", b"", [], [b"x"], []) + b"more"),
        (b"D", b"Xname\0"),
        (b"D", b""),
        (b"E", b"\0\0\0\0"),
        (b"S", b"x"),
    ],
)
def test_malformed_bodies(kind: bytes, body: bytes) -> None:
    source = reader()
    source.receive_data(message(kind, body))
    with pytest.raises(ProtocolViolation):
        source.next_message()


def test_text_that_is_not_utf8_is_the_statements_fault() -> None:
    source = reader()
    source.receive_data(message(b"Q", b"\xff\0") + message(b"S", b""))
    with pytest.raises(DatabaseError) as caught:
        source.next_message()
    assert caught.value.sqlstate == "22021" and not isinstance(caught.value, ProtocolViolation)
    assert source.kind == ord("Q")
    assert source.next_message() == frontend.Sync()


@settings(max_examples=400)
@given(st.binary(max_size=200), st.sampled_from([State.READY, State.SKIPPING, State.COPY_IN, State.AUTHENTICATING]))
def test_random_bytes_never_do_anything_else(data: bytes, state: State) -> None:
    source = reader(state)
    source.receive_data(data)
    for _ in range(len(data) + 1):
        try:
            if source.next_message() is None:
                return
        except (ProtocolViolation, NoStartupPacket):
            return
        except DatabaseError:
            continue
    raise AssertionError("more messages than bytes")


def start(body: bytes) -> bytes:
    return struct.pack("!I", len(body) + 4) + body


def test_startup_packets() -> None:
    source = FrontendReader(BOUND)
    source.receive_data(
        start(struct.pack("!I", startup.SSL_CODE))
        + start(struct.pack("!I", startup.GSSENC_CODE))
        + start(struct.pack("!II", startup.CANCEL_CODE, 77) + b"12345678")
        + start(struct.pack("!I", startup.VERSION_3_0) + b"user\0admin\0options\0-c a.b=c\\ d\0\0")
        + start(struct.pack("!I", startup.VERSION_3_2) + b"user\0admin\0_pq_.x\x001\0\0")
        + start(struct.pack("!I", 3 << 16 | 9999) + b"\0")
        + start(struct.pack("!I", 2 << 16) + b"\0")
    )
    assert source.next_startup() == startup.SslRequest()
    assert source.next_startup() == startup.GssEncRequest()
    assert source.next_startup() == startup.CancelRequest(77, b"12345678")
    parameters = {"user": "admin", "options": "-c a.b=c\\ d"}
    assert source.next_startup() == startup.StartupMessage(startup.VERSION_3_0, parameters, [], False)
    assert startup.session_options(parameters) == {"a.b": "c d"}
    assert source.next_startup() == startup.StartupMessage(startup.VERSION_3_2, {"user": "admin"}, ["_pq_.x"], True)
    assert source.next_startup() == startup.StartupMessage(startup.VERSION_3_2, {}, [], True)
    with pytest.raises(DatabaseError) as caught:
        source.next_startup()
    assert caught.value.sqlstate == "0A000"


@settings(max_examples=300)
@given(st.binary(min_size=4, max_size=120))
def test_random_startup_bodies(body: bytes) -> None:
    try:
        startup.decode_startup(body)
    except DatabaseError as error:
        assert error.sqlstate in ("08P01", "0A000")


def test_http_is_not_the_protocol() -> None:
    source = FrontendReader(BOUND)
    source.receive_data(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(NoStartupPacket):
        source.next_startup()


def test_a_sync_is_seen_from_afar() -> None:
    execute, close, sync = b"E\0\0\0\x09\0\0\0\0\0", b"C\0\0\0\x06P\0", b"S\0\0\0\x04"
    for data, follows in (
        (execute + sync, True),
        (execute + close + b"H\0\0\0\x04" + sync + execute, True),
        (execute + execute + sync, False),
        (execute + close, False),
        (execute, False),
        (execute + b"C\0\0", False),
        (execute + b"C\0\0\0\0", False),
    ):
        reader = FrontendReader(1 << 20)
        reader.state = State.READY
        reader.receive_data(data)
        reader.next_message()
        assert reader.sync_follows() is follows, data
