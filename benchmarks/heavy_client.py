"""A client of the wire protocol for benchmarks: runs one heavy piece of work and throws the answer away as fast as it
comes.

    python -m benchmarks.heavy_client PORT SECONDS          the work as a JSON object on standard input (`Work`), an
                                                            `Outcome` on standard output

It is a process of its own, so that what it does costs the measuring one nothing but processor time. After SECONDS the
statement is cancelled.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import asdict, dataclass
from itertools import islice

READY = b"Z\0\0\0\5"
"""ReadyForQuery, before its status."""
ERROR = re.compile(rb"E....SERROR\0VERROR\0C(\w{5})\0M([^\0]*)\0", re.DOTALL)
TAIL_BYTES = 4096
RECEIVE_BYTES = 1 << 18
ABANDONED_AFTER_S = 0.5
NUMBER_SHIFT = 20
"""Of a process id: the rest is the query processor's number (query_processor/role.py)."""


@dataclass
class Work:
    """`sql`: simple queries, one after the other, each `repeat` times. `parameters`: so many of them are sent with the
    (one) query, -1, -2 and so on. `copy_rows`: so many rows go into its COPY. `abandon`: the client leaves after half a
    second, without having read anything."""

    sql: list[str]
    repeat: int = 1
    parameters: int = 0
    copy_rows: int = 0
    abandon: bool = False


@dataclass
class Outcome:
    """`outcome`: "done", or the error's SQLSTATE and message; `number`: the query processor's; `seconds`: of the
    slowest statement; `received`: bytes."""

    outcome: str
    number: int
    seconds: float
    received: int


class Client:
    """A session, as admin."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port))
        parameters = b"user\0admin\0database\0postgres\0\0"
        self._socket.sendall(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
        greeting, _ = self.until_ready()
        place = greeting.rindex(b"K\0\0\0\x0c")
        self._key = greeting[place + 5 : place + 13]
        self.number = struct.unpack("!I", self._key[:4])[0] >> NUMBER_SHIFT

    def until_ready(self) -> tuple[bytes, int]:
        """(the end of what came, its length)."""
        tail, received = b"", 0
        while tail[-6:-1] != READY:
            data = self._socket.recv(RECEIVE_BYTES)
            received += len(data)
            tail = (tail + data)[-TAIL_BYTES:]
            if not data:
                return tail, received
        return tail, received

    def query(self, sql: str) -> None:
        self._send(b"Q", sql.encode() + b"\0")

    def query_with(self, sql: str, count: int) -> None:
        """The extended protocol: unnamed statement and portal, parameters -1, -2 ..."""
        self._send(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!H", 0))
        values = [struct.pack("!i", len(text)) + text for text in (b"%d" % (-1 - number) for number in range(count))]
        self._send(b"B", b"\0\0" + struct.pack("!HH", 0, count) + b"".join(values) + struct.pack("!H", 0))
        self._send(b"E", b"\0" + struct.pack("!I", 0))
        self._send(b"S", b"")

    def copy(self, sql: str, count: int) -> None:
        """A COPY FROM STDIN of two columns."""
        self.query(sql)
        rows = (b"%d\tvalue %d\n" % (number, number) for number in range(-count, 0))
        while piece := b"".join(islice(rows, 2000)):
            self._send(b"d", piece)
        self._send(b"c", b"")

    def cancel(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as other:
            other.sendall(struct.pack("!II", 8 + len(self._key), 80877102) + self._key)

    def close(self) -> None:
        self._socket.close()

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)


def run(port: int, work: Work, seconds: float) -> Outcome:
    client = Client(port)
    cancelling = threading.Timer(seconds, client.cancel)
    cancelling.start()
    outcome, slowest, all_received = "done", 0.0, 0
    for sql in (sql for sql in work.sql for _ in range(work.repeat)):
        begun = time.perf_counter()
        if work.parameters and "$" in sql:
            client.query_with(sql, work.parameters)
        elif work.copy_rows and sql.startswith("COPY"):
            client.copy(sql, work.copy_rows)
        else:
            client.query(sql)
        if work.abandon:
            time.sleep(ABANDONED_AFTER_S)
            outcome = "abandoned"
            break
        tail, received = client.until_ready()
        slowest, all_received = max(slowest, time.perf_counter() - begun), all_received + received
        failed = ERROR.search(tail)
        if failed or tail[-6:-1] != READY:
            outcome = f"{failed[1].decode()} {failed[2].decode()}" if failed else "disconnected"
            break
    cancelling.cancel()
    client.close()
    return Outcome(outcome, client.number, slowest, all_received)


if __name__ == "__main__":
    print(json.dumps(asdict(run(int(sys.argv[1]), Work(**json.load(sys.stdin)), float(sys.argv[2])))))
