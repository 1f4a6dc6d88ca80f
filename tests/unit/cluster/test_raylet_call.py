"""A gRPC call over a socket whose other end the test plays, frame by frame."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

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
from tests.certificates import Certificates

REQUEST = b"request"


def asked(answer: bytes, security: ssl.SSLContext | None = None) -> tuple[Callable[[], bytes], list[bytes]]:
    """The call, of a server that answers so; and what it was sent, once the call has returned."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection, suppress(OSError):  # the caller refuses the certificate
            if security is not None:
                connection = security.wrap_socket(connection, server_side=True)
            with connection:
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


def test_a_request_that_is_too_long_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(OSError, match="too long"):
            call(listener.getsockname(), "Ask", bytes(BYTES_MAX), {})
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """Ray's TLS is on, with certificates of one's own authority."""
    made = Certificates(tmp_path)
    monkeypatch.setenv("RAY_USE_TLS", "1")
    monkeypatch.setenv("RAY_TLS_CA_CERT", str(made.authority))
    monkeypatch.setenv("RAY_TLS_SERVER_CERT", str(made.certificate))
    monkeypatch.setenv("RAY_TLS_SERVER_KEY", str(made.key))
    return made


def test_a_call_goes_over_rays_tls_and_shows_its_own_certificate(certificates: Certificates) -> None:
    security = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.authority)
    security.verify_mode = ssl.CERT_REQUIRED
    security.load_cert_chain(certificates.certificate, certificates.key)
    security.set_alpn_protocols(["h2"])
    answer = frame(DATA, 0, STREAM, b"\0\0\0\0\x06answer") + frame(HEADERS, END_HEADERS | END_STREAM, STREAM, b"\x88")
    make, received = asked(answer, security)
    assert make() == b"answer" and b"".join(received).startswith(PREFACE)


def test_a_token_is_shown_to_nobody_but_the_raylet(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Certificates(tmp_path / "other")
    security = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    security.load_cert_chain(stranger.certificate, stranger.key)
    make, received = asked(b"", security)
    with pytest.raises(ssl.SSLCertVerificationError):
        make()
    assert received == []
    make, received = asked(b"")
    with pytest.raises(OSError):  # one that speaks no TLS
        make()
    assert b"Bearer" not in b"".join(received)


@pytest.mark.parametrize("name", ["CA_CERT", "SERVER_CERT", "SERVER_KEY"])
def test_what_rays_tls_lacks_is_said(name: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"RAY_TLS_{name}")
    with pytest.raises(OSError, match="is missing"):
        call(("127.0.0.1", 1), "Ask", REQUEST, {"authorization": "Bearer secret"})


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
