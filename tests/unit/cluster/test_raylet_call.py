"""A gRPC call over a socket whose other end the test plays, frame by frame."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from cluster.raylet_call import (
    ACK,
    BYTES_MAX,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    STREAM,
    call,
    frame,
    literal,
)

REQUEST = b"request"


def asked(answer: bytes) -> tuple[Callable[[], bytes], list[bytes]]:
    """The call, of a server that answers so; and what it was sent, once the call has returned."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection:
            connection.sendall(answer)
            while piece := connection.recv(1 << 16):
                received.append(piece)

    server = threading.Thread(target=serve)
    server.start()

    def make() -> bytes:
        try:
            return call(listener.getsockname(), "Ask", REQUEST, {"authorization": "Bearer " + "ab" * 100})
        finally:
            server.join()

    return make, received


def test_a_call_sends_one_message_and_returns_the_answers() -> None:
    pieces = frame(DATA, 0, STREAM, b"\0\0\0\0\x06ans") + frame(DATA, 0, STREAM, b"wer")
    make, received = asked(
        frame(SETTINGS, 0, 0)
        + frame(PING, 0, 0, b"12345678")
        + frame(HEADERS, END_HEADERS, STREAM, b"\x88")
        + pieces
        + frame(HEADERS, END_HEADERS | END_STREAM, STREAM, literal("grpc-status", "0"))
    )
    assert make() == b"answer"
    sent = b"".join(received)
    assert sent.startswith(PREFACE + frame(SETTINGS, 0, 0))
    assert literal(":path", "/ray.rpc.NodeManagerService/Ask") in sent
    assert b"\0\x0dauthorization\x7f" + bytes([207 - 127]) + b"Bearer " + b"ab" * 100 in sent
    assert frame(DATA, END_STREAM, STREAM, b"\0\0\0\0\x07request") in sent
    assert frame(SETTINGS, ACK, 0) in sent and frame(PING, ACK, 0, b"12345678") in sent


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (frame(HEADERS, END_HEADERS | END_STREAM, STREAM, literal("grpc-status", "16")), "refused"),
        (frame(RST_STREAM, 0, STREAM, b"\0\0\0\x07"), "ended the call"),
        (frame(GOAWAY, 0, 0, bytes(8)), "ended the call"),
    ],
)
def test_a_call_without_an_answer_is_an_error(answer: bytes, why: str) -> None:
    with pytest.raises(OSError, match=why):
        asked(answer)[0]()


@pytest.mark.parametrize(("tls", "request_bytes", "why"), [("1", REQUEST, "TLS"), ("0", bytes(BYTES_MAX), "too long")])
def test_nothing_is_sent_that_must_not_be(
    tls: str, request_bytes: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token not to a network that others may read."""
    monkeypatch.setenv("RAY_USE_TLS", tls)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(OSError, match=why):
            call(listener.getsockname(), "Ask", request_bytes, {"authorization": "Bearer secret"})
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_raylet_that_is_not_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(OSError):
        call(address, "Ask", REQUEST, {})


@pytest.mark.parametrize(
    ("length", "told"), [(126, b"\x7e"), (127, b"\x7f\0"), (254, b"\x7f\x7f"), (255, b"\x7f\x80\x01")]
)
def test_long_headers_have_their_length_in_pieces(length: int, told: bytes) -> None:
    assert literal("a", "v" * length) == b"\0\x01a" + told + b"v" * length
