"""A client of raw protocol messages, on a transport in memory: no socket, no thread, no driver.

def check(processor: QueryProcessor) -> None:
    client = Client(processor)
    answers = client.send(parse("select 1"), bind(), execute(), SYNC)     [(type, body), ...]
    assert kinds(answers) == "12DCZ"

in_loop(check)                                                            with a query processor of fake sessions
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from actors.common.settings import Settings
from actors.query_processor.connection import Connection
from actors.query_processor.role import QueryProcessor
from tests.unit.postgres.fake_session import FakeSession
from tests.unit.postgres.server import NoBus, context


class Transport:
    """Keeps what is written; `full` makes it behave like a socket whose client does not read."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.written = bytearray()
        self.writes = 0
        self.closed = self.paused = False

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written += data
        self.writes += 1

    def write_eof(self) -> None:
        """The client gets it, and closes its side in turn."""
        self.close()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.connection.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Client:
    """Speaks raw messages. `answers()` takes what came since the last call: a list of (type, body)."""

    def __init__(self, processor: QueryProcessor, version: int = 3 << 16, start: bool = True) -> None:
        self.connection = processor.new_connection()
        self.transport = Transport(self.connection)
        self.connection.connection_made(self.transport)  # type: ignore[arg-type]
        if start:
            body = struct.pack("!I", version) + b"user\0admin\0\0"
            self.connection.data_received(struct.pack("!I", len(body) + 4) + body)
            self.greeting = self.answers()

    @property
    def session(self) -> Any:
        return self.connection.session

    def send(self, *messages: bytes) -> list[tuple[str, bytes]]:
        self.connection.data_received(b"".join(messages))
        return self.answers()

    def answers(self) -> list[tuple[str, bytes]]:
        self.connection._services.outbox.flush()  # what the end of the loop's turn does
        data, self.transport.written = bytes(self.transport.written), bytearray()
        seen = []
        place = 0
        while place < len(data):
            (length,) = struct.unpack_from("!I", data, place + 1)
            seen.append((chr(data[place]), data[place + 5 : place + length + 1]))
            place += length + 1
        return seen


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def query(text: str) -> bytes:
    return message("Q", text.encode() + b"\0")


def parse(text: str, name: str = "") -> bytes:
    return message("P", f"{name}\0{text}\0".encode() + b"\0\0")


def bind(name: str = "", portal: str = "", values: tuple[bytes, ...] = (), results: bytes = b"\0\0") -> bytes:
    packed = b"".join(struct.pack("!i", len(value)) + value for value in values)
    return message("B", f"{portal}\0{name}\0".encode() + b"\0\0" + struct.pack("!H", len(values)) + packed + results)


def describe(kind: str, name: str = "") -> bytes:
    return message("D", f"{kind}{name}\0".encode())


def execute(portal: str = "", rows_max: int = 0) -> bytes:
    return message("E", portal.encode() + b"\0" + struct.pack("!i", rows_max))


SYNC, FLUSH = message("S"), message("H")


def kinds(answers: list[tuple[str, bytes]]) -> str:
    return "".join(kind for kind, _ in answers)


def sqlstate(answers: list[tuple[str, bytes]]) -> str:
    [body] = [body for kind, body in answers if kind == "E"]
    fields = {field[:1]: field[1:] for field in body.split(b"\0") if field}
    return fields[b"C"].decode()


def in_loop(test: Callable[[QueryProcessor], Any], settings: Settings | None = None, bus: NoBus | None = None) -> None:
    async def main() -> None:
        made = QueryProcessor(context(settings or Settings(), bus), 1, make_session=lambda *_: FakeSession())  # type: ignore[arg-type,return-value]
        await made.start()
        result = test(made)
        if result is not None:
            await result
        await asyncio.wait_for(made.stop(), 10)
        assert made.status()["sessions"] == 0

    asyncio.run(main())
