"""A gateway whose host has no query processor forwards its clients' bytes to one of another host, over mutual TLS."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from actors.common.messages import Drain, OpenStream, Topology
from actors.common.ranges import ShardMap
from actors.common.settings import OPEN_LIMITS, Limits, Messaging, Sessions, Settings
from actors.gateway.gateway import Gateway
from actors.query_processor.role import QueryProcessor
from actors.runtime.certificates import ProcessKey
from actors.runtime.interfaces import Context, Reply
from actors.runtime.socket_bus import SocketBus
from actors.runtime.socket_link import SocketReply
from actors.runtime.socket_receiver import SocketReceiver
from actors.runtime.streams import ServedStream
from cluster.authority import Authority
from tests.scripts.stored_cluster import StoredCluster
from tests.unit.postgres.fake_session import FakeSession
from tests.unit.postgres.raw_client import SYNC, bind, execute, parse
from tests.unit.postgres.server import context

OURS = Authority.make("ours")
LARGE = 8 << 20
READY = b"Z\0\0\0\5I"
MOVES_MIN = 20


def open_bus(process: str, host: str, folder: Path) -> SocketBus:
    key = ProcessKey(process)
    address = f"tls:{process}@127.0.0.1:0 unix@{host}:{folder}/{process}.sock"
    return SocketBus(address, Messaging(), identity=key.identity(OURS.issue(process, key.request)))


@asynccontextmanager
async def two_hosts(folder: Path) -> AsyncIterator[tuple[SocketBus, SocketBus]]:
    """The gateway's bus and the query processor's."""
    here, there = open_bus("gateway-1", "here", folder), open_bus("query_processor-1", "there", folder)
    await here.start()
    await there.start()
    routes = {"query_processor/1": there.endpoint, "gateway/1": here.endpoint}
    tell((here, there), 1, routes)
    try:
        yield here, there
    finally:
        await here.close()
        await there.close()


def tell(buses: tuple[SocketBus, ...], version: int, routes: dict[str, str]) -> None:
    for one in buses:
        one.set_topology(Topology(version, routes, dict.fromkeys(routes, "a"), ShardMap(1, (), (1,), (1,))))


@asynccontextmanager
async def gateway(here: SocketBus, folder: Path) -> AsyncIterator[int]:
    async with one_gateway(here, folder) as (port, _):
        yield port


@asynccontextmanager
async def one_gateway(here: SocketBus, folder: Path) -> AsyncIterator[tuple[int, Gateway]]:
    made = Gateway(
        context(Settings(), here, "gateway/1"),
        1,
        "127.0.0.1",
        0,
        lambda name: f"{folder}/clients-{name[-1]}.sock",
        parking_path=f"{folder}/parking.sock",
        streams=here,
    )
    await made.start()
    assert made._listener is not None
    try:
        yield made._listener.getsockname()[1], made
    finally:
        await made.stop()


class Echo(asyncio.Protocol):
    """Sends a client's bytes back, and reads no more of them while the client does not take them."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, ServedStream)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()


class Echoing:
    """A role that serves clients of other hosts' gateways so."""

    def receive(self, sender: str, message: Any, reply: Reply | None) -> None:
        assert isinstance(message, OpenStream) and isinstance(reply, SocketReply)
        transport = reply.accept_stream(message)
        assert transport is not None
        self.last = Echo()
        ServedStream(transport, self.last)


@pytest.mark.parametrize("sessions_max", [10, 1])
def test_a_client_is_served_from_another_host_and_refused_where_there_is_no_room(
    tmp_path: Path, sessions_max: int
) -> None:
    async def main() -> None:
        async with two_hosts(tmp_path) as (here, there), gateway(here, tmp_path) as port:
            sessions: list[FakeSession] = []

            def make(user: str, database: str, options: dict[str, str], connection: Any) -> Any:
                sessions.append(FakeSession())
                assert connection.address == "127.0.0.1", "the client's, not the gateway's host's"
                return sessions[-1]

            settings = replace(Settings(), limits=replace(Limits(), connections_max=sessions_max))
            role = QueryProcessor(context(settings, there), 1, make_session=make)
            await role.start()
            there.attach("query_processor/1", role)
            url = f"host=127.0.0.1 port={port} user=admin dbname=postgres"
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as first:
                await first.execute("SELECT 1")
                if sessions_max == 1:
                    with pytest.raises(psycopg.OperationalError, match="too many"):
                        await psycopg.AsyncConnection.connect(url)
                else:
                    async with await psycopg.AsyncConnection.connect(url) as second:
                        await second.execute("SELECT 1")
            await role.stop()

    asyncio.run(main())


def test_bytes_are_bounded_and_whole_and_either_end_ends_both(tmp_path: Path) -> None:
    async def main() -> None:
        async with two_hosts(tmp_path) as (here, there), gateway(here, tmp_path) as port:
            echoing = Echoing()
            there.attach("query_processor/1", echoing)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sent = bytes(range(256)) * (LARGE // 256)

            async def send() -> None:
                writer.write(sent)
                await writer.drain()

            sending = asyncio.ensure_future(send())
            assert await reader.readexactly(len(sent)) == sent
            await sending
            writer.close()
            await echoing.last.ended.wait()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await there.close()
            writer.close()

    asyncio.run(main())


def test_a_query_processor_of_its_own_host_gets_all_clients_while_it_is_there(tmp_path: Path) -> None:
    """Another one is asked only while none of its own host is in the topology's routes."""

    async def main() -> None:
        async with two_hosts(tmp_path) as (here, there), gateway(here, tmp_path) as port:
            echoing = Echoing()
            there.attach("query_processor/1", echoing)
            receiver = SocketReceiver(
                f"{tmp_path}/clients-2.sock", lambda client, _: (client.send(b"own"), client.close())
            )  # type: ignore[func-returns-value,arg-type,return-value]
            receiver.start()
            near = f"unix@here:{tmp_path}/query_processor-2.sock"
            own = {"query_processor/1": there.endpoint, "query_processor/2": near}
            tell((here,), 2, own)
            for _ in range(3):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                assert await reader.read() == b"own"
                writer.close()
            tell((here,), 3, {"query_processor/1": there.endpoint})
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"far")
            assert await reader.readexactly(3) == b"far"
            writer.close()
            await echoing.last.ended.wait()
            receiver.stop()

    asyncio.run(main())


# -- sessions that rest ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def forwarded(folder: Path) -> AsyncIterator[tuple[int, Gateway, QueryProcessor]]:
    """A gateway on one host, and on the other one a query processor with real sessions over storage in memory."""
    settings = Settings(mode="open", limits=OPEN_LIMITS, sessions=Sessions(park_after_s=0))
    async with two_hosts(folder) as (here, there), one_gateway(here, folder) as (port, made):
        stored = StoredCluster(settings).context
        own = Context(
            "query_processor/1", "a", stored.bus, stored.clock, stored.disk, Random(1), stored.spawn, settings
        )
        role = QueryProcessor(own, 1, parking_path=lambda name: f"{folder}/nowhere")
        await role.start()
        there.attach("query_processor/1", role)
        yield port, made, role
        await role.stop()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def parked(made: Gateway) -> int:
    return int(made.status()["load"]["parked"])


def drained(role: QueryProcessor) -> asyncio.Future[Any]:
    """All sessions are given away."""
    ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    class _Ended(Reply):
        def __call__(self, message: Any) -> None:
            ended.set_result(message)

        def fail(self, error: Any) -> None:
            if not ended.done():
                ended.set_exception(error)

    role.receive("controller", Drain(True), _Ended())
    return ended


def test_a_session_of_another_hosts_client_is_parked_and_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with forwarded(tmp_path) as (port, made, role):
            url = f"host=127.0.0.1 port={port} user=admin dbname=postgres"
            async with await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0) as client:
                await client.execute("SET my.own TO 'kept'")
                await client.execute("SELECT %s::int", (1,))
                for number in range(3):
                    await drained(role)
                    assert parked(made) == 1 and not role._sessions
                    role.receive("controller", Drain(False), None)
                    found = await (
                        await client.execute("SELECT %s::int, current_setting('my.own')", (number,))
                    ).fetchone()
                    assert found == (number, "kept") and len(role._sessions) == 1
                await client.execute("BEGIN")
                leaving = drained(role)
                await client.execute("SELECT 1")
                assert not parked(made)
                await client.execute("COMMIT")
                await leaving
                assert parked(made) == 1
            await until(lambda: not parked(made))

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_gateway_without_a_seat_leaves_a_session_where_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with forwarded(tmp_path) as (port, made, role):
            made._parked_max = 0
            url = f"host=127.0.0.1 port={port} user=admin dbname=postgres"
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as client:
                await client.execute("SELECT 1")
                leaving = drained(role)
                for _ in range(20):
                    await client.execute("SELECT 1")
                assert len(role._sessions) == 1 and not leaving.done()
                leaving.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))


def test_messages_that_come_while_a_session_goes_back(tmp_path: Path) -> None:
    """The client never waits: whoever reads first, no byte is lost or doubled."""

    async def main() -> None:
        async with forwarded(tmp_path) as (port, _, role):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            parameters = b"user\0admin\0database\0postgres\0\0"
            writer.write(struct.pack("!II", 8 + len(parameters), 3 << 16) + parameters)
            await reader.readuntil(READY)
            question = parse("SELECT $1::int") + bind(values=(b"42",)) + execute() + SYNC
            writer.write(question)
            expected = await reader.readuntil(READY)
            assert role._parking is not None
            for place in [*range(1, len(question))] * 3:
                role._parking.drain(True, None)
                writer.write(question[:place])
                for _ in range(place % 7):
                    await asyncio.sleep(0)
                role._parking.drain(False, None)
                writer.write(question[place:])
                assert await reader.readuntil(READY) == expected
                if place % 2:
                    role._parking.drain(True, None)
                    for _ in range(place % 11):
                        await asyncio.sleep(0)
                    role._parking.drain(False, None)
            assert role._parking.parked > MOVES_MIN, "the session hardly moves"
            writer.close()

    asyncio.run(asyncio.wait_for(main(), 60))
