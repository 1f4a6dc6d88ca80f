"""PostgreSQL clients in a simulation: the wire protocol's bytes, through a simulated socket, to a real Connection of a
real query processor.

    database = SimulatedDatabase(world, "client/1", ["query_processor/1", "query_processor/2"], random)
    connection = await database.connect()               a query processor that is up; 08001 where none is
    rows = await connection.execute("SELECT v FROM t WHERE k = 1")

It has the form of workloads/proofs/connection.py, so that the same workloads run here and on a live cluster. Bytes take
a delay drawn from the seed and stay in order, as on a TCP connection; they come in pieces cut anywhere. When the query
processor's process dies, its client hears of it at once or never, and then gives up after `PATIENCE_S`. Every other
statement goes by the extended protocol. The client is no part of the system under test: it is never struck.

Where the plan has gateways, a client connects to one of them in a simulated kernel (`GatewayDatabase`), and its session
goes from process to process; else straight to a query processor.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Protocol, cast

from actors.query_processor.connection import Connection as ServerConnection
from actors.query_processor.role import QueryProcessor
from actors.runtime.simulation.socket_files import ClientSocket
from actors.runtime.simulation.world import World
from workloads.proofs.connection import Rows, SqlError
from workloads.proofs.sessions import NO_ANSWER

PATIENCE_S = 20.0
"""A statement without an answer for so long: the client closes its connection. Longer than any statement of a healthy
cluster."""
DELAY_S_MAX = 0.002
ORDER_S = 1e-6
"""Between two pieces on one socket: timers of one time have no order."""
EXTENDED_SHARE = 0.3
ANSWERS = (b"1", b"2", b"C", b"D", b"T", b"Z")
"""Messages that a server sends only to one who has asked for something."""

_LENGTH = struct.Struct(">I")


class _ServerTransport(asyncio.Transport):
    """The query processor's end of a simulated socket."""

    def __init__(self, link: _Link) -> None:
        super().__init__()
        self._link = link
        self._closing = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Everything is taken at once."""

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        if not self._closing:
            self._link.to_client(bytes(data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._link.close_from_server()

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """A client waits for its answer before it sends more."""

    def resume_reading(self) -> None:
        """See pause_reading."""


class Link(Protocol):
    """A client's end of its connection."""

    def to_server(self, data: bytes) -> None: ...

    def close_from_client(self) -> None: ...


class _Link:
    """Both directions of one simulated socket. What is on the way to a dead process, or from it, is lost."""

    def __init__(self, world: World, process: str, random: Random, receive: Callable[[bytes | None], None]) -> None:
        self._world = world
        self._loop = world.loop
        self._random = random
        life = world.processes[process].life
        assert life is not None
        self._life = life
        self.receive = receive
        self._last = {"client": 0.0, "server": 0.0}
        self._open = True
        self.server: ServerConnection | None = None

    def _later(self, side: str, callback: Callable[..., None], *arguments: Any) -> None:
        at = max(self._last[side] + ORDER_S, self._loop.time() + self._random.uniform(0, DELAY_S_MAX))
        self._last[side] = at
        context = self._life.context if side == "server" else self._world.context
        self._loop.call_at(at, callback, *arguments, context=context.copy())

    def open(self, server: ServerConnection) -> None:
        self.server = server
        self._life.context.copy().run(server.connection_made, _ServerTransport(self))
        self._life.owner.when_dead.append(self._died)

    def _died(self) -> None:
        if self._open and self._random.random() < self._world.faults.reset_chance:
            self._later("client", self.receive, None)
        self._open = False

    def to_server(self, data: bytes) -> None:
        cut = self._random.randrange(len(data) + 1) if self._random.random() < 0.1 else 0
        for piece in (data[:cut], data[cut:]):
            if piece and self._open and self.server is not None:
                self._later("server", self._serve, piece)

    def _serve(self, data: bytes) -> None:
        if self._open and self.server is not None:
            self.server.data_received(data)

    def to_client(self, data: bytes) -> None:
        if self._open:
            self._later("client", self.receive, data)

    def close_from_server(self) -> None:
        if self._open:
            self._later("client", self.receive, None)
            self._later("server", self._lose)

    def close_from_client(self) -> None:
        if self._open:
            self._later("server", self._lose)

    def _lose(self) -> None:
        if self._open and self.server is not None:
            self._open = False
            self.server.connection_lost(None)


class SimulatedConnection:
    """One session. `execute` raises SqlError: the server's, or 08006 where the connection broke (`closed` is then
    true)."""

    def __init__(self, world: World, random: Random, dawdle_s: float, dawdle_share: float) -> None:
        self._loop = world.loop
        self._random = random
        self._dawdle_s = dawdle_s
        self._dawdle_share = dawdle_share
        self._buffer = bytearray()
        self._messages: deque[tuple[bytes, bytes] | None] = deque()
        """None: the connection is broken, or the client's patience ended."""
        self._waiting: asyncio.Future[None] | None = None
        self.closed = False
        self.patience_s = PATIENCE_S
        self._impatient = False
        self._link: Link

    async def start(self, link: Link) -> None:
        self._link = link
        body = struct.pack(">I", 3 << 16) + b"user\0admin\0database\0postgres\0\0"
        self._link.to_server(_LENGTH.pack(len(body) + 4) + body)
        await self._until_ready()

    async def execute(self, sql: str) -> Rows:
        if self._dawdle_s and self._random.random() < self._dawdle_share:
            await asyncio.sleep(self._random.uniform(0, self._dawdle_s))
        if self.closed:
            raise SqlError("08003", "the connection is closed")
        if any(message is not None and message[0] in ANSWERS for message in self._messages):
            raise AssertionError(f"sessions: an answer that nobody has asked for, before {sql}")
        text = sql.encode() + b"\0"
        if self._random.random() < EXTENDED_SHARE:
            parse = b"\0" + text + b"\0\0"
            steps = (b"P", parse), (b"B", b"\0\0" + bytes(6)), (b"E", b"\0" + bytes(4)), (b"S", b"")
            self._link.to_server(b"".join(kind + _LENGTH.pack(len(body) + 4) + body for kind, body in steps))
        else:
            self._link.to_server(b"Q" + _LENGTH.pack(len(text) + 4) + text)
        return await self._until_ready()

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._link.close_from_client()

    def receive(self, data: bytes | None) -> None:
        if data is None:
            self._messages.append(None)
            self._wake()
            return
        self._buffer += data
        while len(self._buffer) >= 5:
            length = _LENGTH.unpack_from(self._buffer, 1)[0] + 1
            if len(self._buffer) < length:
                return
            self._messages.append((bytes(self._buffer[:1]), bytes(self._buffer[5:length])))
            del self._buffer[:length]
            self._wake()

    def _give_up(self) -> None:
        self._impatient = True
        self.receive(None)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _next_message(self) -> tuple[bytes, bytes] | None:
        while not self._messages:
            self._waiting = self._loop.create_future()
            patience = self._loop.call_later(self.patience_s, self._give_up)
            await self._waiting
            patience.cancel()
        return self._messages.popleft()

    async def _until_ready(self) -> Rows:
        rows: list[tuple[str | None, ...]] = []
        tag = ""
        failure: SqlError | None = None
        while True:
            message = await self._next_message()
            if message is None:
                await self.close()
                broke = f"{NO_ANSWER} for {self.patience_s:.0f} s" if self._impatient else "the connection broke"
                raise failure or SqlError("08006", broke)
            kind, body = message
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"C":
                tag = body[:-1].decode()
            elif kind == b"E":
                failure = _error(body)
            elif kind == b"Z":
                if failure is not None:
                    raise failure
                return Rows(rows, tag)


class SimulatedDatabase:
    """What a workload's client connects through. `processors`: names of query processors, tried in an order of the
    seed. `dawdle_s`: before a share of its statements a client thinks for up to so long, so that transactions grow
    old."""

    def __init__(
        self, world: World, processors: list[str], random: Random, dawdle_s: float = 0.0, dawdle_share: float = 0.0
    ) -> None:
        self._world = world
        self._processors = processors
        self._random = random
        self._dawdle_s = dawdle_s
        self._dawdle_share = dawdle_share

    def now_us(self) -> int:
        return self._world.clock.true_us()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def connect(self) -> SimulatedConnection:
        processes = [(self._world.process_of(name), name) for name in self._processors]
        running = [(process, name) for process, name in processes if process is not None and process.runs(name)]
        if not running:
            await asyncio.sleep(DELAY_S_MAX)
            raise SqlError("08001", "connection refused")
        process, name = self._random.choice(running)
        role = cast(QueryProcessor, process.role(name))
        connection = self._connection()
        link = _Link(self._world, process.name, self._random, connection.receive)
        link.open(role.new_connection())
        await connection.start(link)
        return connection

    def _connection(self) -> SimulatedConnection:
        return SimulatedConnection(self._world, self._random, self._dawdle_s, self._dawdle_share)


class GatewayDatabase(SimulatedDatabase):
    """Its clients connect to `port`, where gateways listen."""

    def __init__(
        self, world: World, port: int, random: Random, dawdle_s: float = 0.0, dawdle_share: float = 0.0
    ) -> None:
        super().__init__(world, [], random, dawdle_s, dawdle_share)
        self._port = port

    async def connect(self) -> SimulatedConnection:
        kernel = self._world.kernel
        assert kernel is not None
        connection = self._connection()
        try:
            client = kernel.connect_client(self._port, connection.receive)
        except ConnectionRefusedError:
            await asyncio.sleep(DELAY_S_MAX)
            raise SqlError("08001", "connection refused") from None
        await connection.start(_PassedLink(client, self._random))
        return connection


class _PassedLink:
    """To whoever reads the socket."""

    def __init__(self, client: ClientSocket, random: Random) -> None:
        self._client = client
        self._random = random

    def to_server(self, data: bytes) -> None:
        cut = self._random.randrange(len(data) + 1) if self._random.random() < 0.1 else 0
        for piece in (data[:cut], data[cut:]):
            if piece:
                self._client.write(piece)

    def close_from_client(self) -> None:
        self._client.leave()


def _row(body: bytes) -> tuple[str | None, ...]:
    values: list[str | None] = []
    place = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        length = int.from_bytes(body[place : place + 4], "big", signed=True)
        place += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[place : place + length].decode())
            place += length
    return tuple(values)


def _error(body: bytes) -> SqlError:
    fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
    return SqlError(fields.get(b"C", "XX000"), fields.get(b"M", ""))
