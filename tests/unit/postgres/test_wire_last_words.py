"""What clients hear when the loop of their query processor is held, and the process about to end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from actors.common.settings import Authentication
from actors.query_processor import role
from tests.unit.postgres.server import Server

STARTUP = b"\0\0\0\x14\0\3\0\0user\0admin\0\0"
TLS_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


class Client:
    """Of a few messages."""

    def __init__(self, server: Server, trusting: ssl.SSLContext | None = None) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # what a client that does not read takes
        self.socket.connect(("127.0.0.1", server.port))
        if trusting is not None:
            self.socket.sendall(TLS_REQUEST)
            assert self.socket.recv(1) == b"S"
            self.socket = trusting.wrap_socket(self.socket, server_hostname="localhost")
        self._file = self.socket.makefile("rb")
        self.socket.sendall(STARTUP)
        self.until_ready()
        self.session = server.sessions[-1]

    def message(self) -> tuple[bytes, bytes]:
        head = self._file.read(5)
        assert head, "closed"
        return head[:1], self._file.read(int.from_bytes(head[1:], "big") - 4)

    def until_ready(self) -> None:
        while self.message()[0] != b"Z":
            continue

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def query(self, text: str) -> None:
        self.socket.sendall(b"Q" + (len(text) + 5).to_bytes(4, "big") + text.encode() + b"\0")

    def last_words(self) -> str:
        """The SQLSTATE of the one message that is there."""
        kind, body = self.message()
        assert kind == b"E" and b"SFATAL\0" in body
        return body.partition(b"\0C")[2][:5].decode()


@contextmanager
def held(server: Server) -> Iterator[None]:
    """Nothing runs in the server's loop meanwhile."""
    begun, over = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        over.wait()

    server._loop.call_soon_threadsafe(wait)
    begun.wait()
    try:
        yield
    finally:
        over.set()


def waits(client: Client) -> bool:
    return client.session.waiting is not None


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.005)


def test_what_sessions_are_told() -> None:
    with Server() as server:
        idle, in_block, busy, committing, untold, gone = (Client(server) for _ in range(6))
        in_block.query("begin")
        in_block.until_ready()
        busy.query("wait")
        committing.query("wait")
        until(lambda: waits(busy) and waits(committing))
        committing.session.committing = True
        untold.session.commit_untold = True
        gone.close()
        with held(server):
            server.role.last_words()
            clients = (idle, in_block, busy, committing, untold)
            assert [client.last_words() for client in clients] == ["57P01", "57P01", "57P01", "08007", "08007"]
        committing.session.committing = False


def test_a_commit_that_is_not_decided_when_its_query_processor_stops_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its socket was closed without a word."""
    monkeypatch.setattr(role, "STOP_S_MAX", 0.05)
    with Server() as server:
        idle, committing = Client(server), Client(server)
        committing.query("wait")
        until(lambda: waits(committing))
        committing.session.committing = True
        asyncio.run_coroutine_threadsafe(server.role.stop(), server._loop).result(10)
        assert [client.last_words() for client in (idle, committing)] == ["57P01", "08007"]
        assert committing.socket.recv(10) == b""
        committing.session.committing = False


def test_success_that_was_told_is_not_called_unknown() -> None:
    with Server() as server:
        client = Client(server)
        client.session.commit_untold = True
        client.query("select 1")
        client.until_ready()
        with held(server):
            server.role.last_words()
            assert client.last_words() == "57P01"


def test_success_that_is_held_back_is_unknown() -> None:
    """Execute was answered by nothing yet, its Flush is to come: what was written before it tells nothing of it."""
    with Server() as server:
        client = Client(server)
        client.session.commit_untold = True
        parse, bind = b"P\0\0\0\x10\0select 1\0\0\0", b"B\0\0\0\x0c\0\0\0\0\0\0\0\0"
        client.socket.sendall(parse + bind + b"E\0\0\0\x09\0\0\0\0\0")
        assert [client.message()[0] for _ in range(3)] == [b"1", b"2", b"D"]
        with held(server):
            server.role.last_words()
            assert client.last_words() == "08007"


def test_no_word_in_the_middle_of_a_message() -> None:
    """A client that does not read: some of a message has left."""
    with Server() as server:
        stuck = Client(server)
        [connection] = server.role._connections
        stuck.query("rows 200000")
        until(lambda: connection._writable is not None)
        with held(server):
            server.role.last_words()
        while (kind := stuck.message()[0]) in b"TD":
            continue
        assert kind == b"C"


def test_over_tls(certificate: tuple[str, str]) -> None:
    with Server(Authentication("trust", {}, *certificate)) as server:
        client = Client(server, ssl.create_default_context(cafile=certificate[0]))
        with held(server):
            server.role.last_words()
            assert client.last_words() == "57P01"
