"""A gateway whose host has no query processor forwards its clients' bytes to one of another host, over mutual TLS."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from actors.common.messages import OpenStream, Topology
from actors.common.ranges import ShardMap
from actors.common.settings import Limits, Messaging, Settings
from actors.gateway.gateway import Gateway
from actors.query_processor.role import QueryProcessor
from actors.runtime.certificates import ProcessKey
from actors.runtime.interfaces import Reply
from actors.runtime.socket_bus import SocketBus
from actors.runtime.socket_link import SocketReply
from actors.runtime.socket_passing import SocketReceiver
from actors.runtime.streams import splice
from cluster.authority import Authority
from tests.unit.postgres.fake_session import FakeSession
from tests.unit.postgres.server import context

OURS = Authority.make("ours")
LARGE = 8 << 20


def bus(process: str, host: str, folder: Path) -> SocketBus:
    key = ProcessKey(process)
    address = f"tls:{process}@127.0.0.1:0 unix@{host}:{folder}/{process}.sock"
    return SocketBus(address, Messaging(), identity=key.identity(OURS.issue(process, key.request)))


@asynccontextmanager
async def two_hosts(folder: Path) -> AsyncIterator[tuple[SocketBus, SocketBus]]:
    """The gateway's bus and the query processor's."""
    here, there = bus("gateway-1", "here", folder), bus("query_processor-1", "there", folder)
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
    made = Gateway(
        context(Settings(), here, "gateway/1"), 1, "127.0.0.1", 0, lambda name: f"{folder}/clients-{name[-1]}.sock", streams=here
    )
    await made.start()
    assert made._listener is not None
    try:
        yield made._listener.getsockname()[1]
    finally:
        await made.stop()


class Echoing:
    """A role that sends each client's bytes back."""

    def receive(self, sender: str, message: Any, reply: Reply | None) -> None:
        assert isinstance(message, OpenStream) and isinstance(reply, SocketReply)
        transport = reply.accept_stream(message)
        assert transport is not None
        mine, own = socket.socketpair()
        for end in (mine, own):
            end.setblocking(False)
        self.tasks = [asyncio.ensure_future(splice(transport, own)), asyncio.ensure_future(self.echo(mine))]

    async def echo(self, mine: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=mine)
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.mark.parametrize("sessions_max", [10, 1])
def test_a_client_is_served_from_another_host_and_refused_where_there_is_no_room(tmp_path: Path, sessions_max: int) -> None:
    async def main() -> None:
        async with two_hosts(tmp_path) as (here, there), gateway(here, tmp_path) as port:
            sessions: list[FakeSession] = []

            def make(user: str, database: str, options: dict[str, str], connection: Any) -> Any:
                sessions.append(FakeSession())
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
            await asyncio.gather(*echoing.tasks)
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
            receiver = SocketReceiver(f"{tmp_path}/clients-2.sock", lambda client, _: (client.send(b"own"), client.close()))  # type: ignore[func-returns-value,arg-type,return-value]
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
            await asyncio.gather(*echoing.tasks)
            receiver.stop()

    asyncio.run(main())
