"""One call of a raylet's own service (gRPC, node_manager.proto), for what Ray's Python has no function.

    call(("127.0.0.1", 38359), "PrestartWorkers", request, {"authorization": "Bearer ..."}) -> the answer's bytes

gRPC's unary call is one HTTP/2 stream (RFC 9113): a HEADERS frame, a DATA frame with a message behind five bytes, and
the same back. Ray's wheel has the messages (ray.core.generated), but no gRPC for Python, and one call each time that a
cluster goes to zero does not earn one. Headers are sent as literals (RFC 7541, 6.2.2), so nothing is compressed, and
those of the answer are not read: an answer with a message is a success, one without is an error of gRPC's.

Where Ray's own TLS is on (RAY_USE_TLS), the call is made over it as Ray makes its own: the authority in RAY_TLS_CA_CERT
must have signed the raylet's certificate for its address; RAY_TLS_SERVER_CERT and RAY_TLS_SERVER_KEY show who calls.
Else nothing is encrypted, as nothing is that Ray sends.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Mapping
from typing import BinaryIO

SERVICE = "/ray.rpc.NodeManagerService/"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM = ACK = 1
END_HEADERS = 4
STREAM = 1
CALL_S_MAX = 5.0
BYTES_MAX = 1 << 14
"""Of a frame, by HTTP/2's default, and of a request."""


def call(address: tuple[str, int], method: str, request: bytes, metadata: Mapping[str, str]) -> bytes:
    """Blocks, for `CALL_S_MAX` between two pieces at most. Raises OSError where the raylet cannot be reached, is not
    who it should be, or gives no answer, and for a request that is longer than a frame."""
    if len(request) + 5 > BYTES_MAX:
        raise OSError(f"a request of {len(request)} bytes is too long ({method})")
    host, port = address
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": SERVICE + method,
        ":authority": f"{host}:{port}",
        "te": "trailers",
        "content-type": "application/grpc",
        **metadata,
    }
    with _connected(address) as connection, connection.makefile("rb") as received:
        connection.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0)
            + frame(HEADERS, END_HEADERS, STREAM, b"".join(literal(*header) for header in headers.items()))
            + frame(DATA, END_STREAM, STREAM, struct.pack(">BI", 0, len(request)) + request)
        )
        return _answer(connection, received, method)


def _connected(address: tuple[str, int]) -> socket.socket:
    """Over TLS where Ray's is on. Raises OSError."""
    security = None
    if os.environ.get("RAY_USE_TLS", "").lower() not in ("", "0", "false"):
        authority, *own = (os.environ.get(f"RAY_TLS_{name}", "") for name in ("CA_CERT", "SERVER_CERT", "SERVER_KEY"))
        if not (authority and all(own)):
            raise OSError("Ray's TLS is on, but RAY_TLS_CA_CERT, RAY_TLS_SERVER_CERT or RAY_TLS_SERVER_KEY is missing")
        security = ssl.create_default_context(cafile=authority)
        security.load_cert_chain(*own)
        security.set_alpn_protocols(["h2"])
    connection = socket.create_connection(address, CALL_S_MAX)
    if security is None:
        return connection
    try:
        return security.wrap_socket(connection, server_hostname=address[0])
    except BaseException:
        connection.close()
        raise


def _answer(connection: socket.socket, received: BinaryIO, method: str) -> bytes:
    data = b""
    while True:
        head = received.read(9)
        if len(head) < 9:
            raise OSError(f"the raylet ended the connection ({method})")
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        body = received.read(size)
        if kind == DATA:
            data += body
        elif kind in (SETTINGS, PING) and not flags & ACK:
            connection.sendall(frame(kind, ACK, 0, body if kind == PING else b""))
        elif kind in (RST_STREAM, GOAWAY):
            raise OSError(f"the raylet ended the call ({method})")
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            if len(data) < 5:
                raise OSError(f"the raylet refused the call ({method})")
            return data[5:]


def frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def literal(name: str, value: str) -> bytes:
    """A header that the other end does not remember."""
    return b"\0" + _text(name.encode()) + _text(value.encode())


def _text(text: bytes) -> bytes:
    """Behind its length, an integer of HPACK with a prefix of seven bits."""
    if len(text) < 0x7F:
        return bytes([len(text)]) + text
    length, rest = bytearray([0x7F]), len(text) - 0x7F
    while rest >= 0x80:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*length, rest]) + text
