"""The gateway over real sockets: who gets a client when query processors are full, away, or back; and a lack of
descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from actors.common.messages import Message, Topology, Wake
from actors.common.ranges import ShardMap
from actors.common.settings import Regions, Scaling, Settings
from actors.gateway.gateway import Gateway
from actors.runtime import socket_passing, socket_receiver
from actors.runtime.socket_receiver import SocketReceiver
from tests.unit.postgres.server import NoBus, context

IMPATIENT = Settings(scaling=Scaling(wake_s=0.0))


class Bus(NoBus):
    """Tells of so many query processors."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Topology], None]] = []
        self.tell(2)
        self.posted: list[Message] = []

    @property
    def topology(self) -> Topology:
        return self.known

    def on_topology(self, listener: Callable[[Topology], None]) -> None:
        self.listeners.append(listener)

    def tell(self, query_processors: int) -> None:
        azs = {f"query_processor/{number}": "a" for number in range(1, query_processors + 1)}
        self.known = Topology(query_processors, {}, azs, ShardMap(1, (), (1,), (1,)))
        for listener in self.listeners:
            listener(self.known)

    def post(self, sender: str, destination: str, message: Message) -> None:
        self.posted.append(message)


class Processor:
    """Where a query processor receives clients: tells each its own number."""

    def __init__(self, path: str, number: int) -> None:
        self.number = str(number).encode()
        self.full = False
        self.receiver = SocketReceiver(path, self.take, lambda: not self.full)
        self.receiver.start()

    def take(self, client: socket.socket, already_read: bytes) -> None:
        client.send(self.number + (b" full" if self.full else b""))
        client.close()


@contextlib.asynccontextmanager
async def gateway(
    tmp_path: Path, bus: Bus | None = None, settings: Settings | None = None
) -> AsyncIterator[tuple[Gateway, list[str], int]]:
    paths = [str(tmp_path / f"clients-{number}.sock") for number in (1, 2)]
    names = {f"query_processor/{number}": path for number, path in enumerate(paths, 1)}
    made = Gateway(
        context(settings or Settings(), bus or Bus(), "gateway/1"), 1, "127.0.0.1", 0, lambda name: names[name]
    )
    await made.start()
    assert made._listener is not None
    try:
        yield made, paths, made._listener.getsockname()[1]
    finally:
        await made.stop()


async def ask(port: int) -> str:
    """What the client is told by whoever got it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return (await reader.read(100)).decode()
    finally:
        writer.close()


def test_a_full_query_processor_is_passed_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with gateway(tmp_path) as (made, paths, port):
            first, second = Processor(paths[0], 1), Processor(paths[1], 2)
            assert {await ask(port) for _ in range(4)} == {"1", "2"}
            first.full = True
            assert {await ask(port) for _ in range(4)} == {"2"}
            second.full = True
            assert {await ask(port) for _ in range(4)} == {"1 full", "2 full"}, "somebody has to tell the client"
            assert made.status()["load"]["full"] == 4
            first.receiver.stop()
            second.receiver.stop()

    asyncio.run(main())


def test_a_region_s_gateway_passes_its_clients_to_its_own_query_processors_alone(tmp_path: Path) -> None:
    """Those of another region may be on the same machine, full or not."""
    bus = Bus()
    bus.known = replace(bus.known, azs={"query_processor/1": "b", "query_processor/2": "a"})
    settings = Settings(regions=Regions({"a": "east", "b": "west"}))

    async def main() -> None:
        async with gateway(tmp_path, bus, settings) as (_, paths, port):
            elsewhere, own = Processor(paths[0], 1), Processor(paths[1], 2)
            assert {await ask(port) for _ in range(4)} == {"2"}
            own.full = True
            assert await ask(port) == "2 full"
            elsewhere.receiver.stop()
            own.receiver.stop()

    asyncio.run(main())


def test_a_client_waits_for_one_that_is_away_rather_than_be_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with gateway(tmp_path) as (made, paths, port):
            first = Processor(paths[0], 1)
            first.full = True
            asking = asyncio.create_task(ask(port))
            while not made._reception.waiting:
                await asyncio.sleep(0)
            second = Processor(paths[1], 2)
            assert await asking == "2"
            second.receiver.stop()
            asking = asyncio.create_task(ask(port))
            while not made._reception.waiting:
                await asyncio.sleep(0)
            for guest in made._reception._waiting:
                guest.deadline_s = 0.0
            assert await asking == "1 full", "its time is over: it is told why"
            first.receiver.stop()

    asyncio.run(main())


@pytest.mark.parametrize("encryption", ["disable", "prefer"])
def test_a_client_that_nobody_takes_is_told_so(tmp_path: Path, encryption: str) -> None:
    async def main() -> None:
        async with gateway(tmp_path, bus := Bus(), IMPATIENT) as (made, _, port):
            with pytest.raises(psycopg.OperationalError, match="cannot take connections now") as raised:
                await psycopg.AsyncConnection.connect(
                    f"host=127.0.0.1 port={port} user=admin dbname=postgres sslmode={encryption}"
                )
            assert "the cluster cannot be woken" in str(raised.value)
            assert made.status()["load"]["refused"] == 1
            assert not bus.posted

    asyncio.run(main())


@pytest.mark.parametrize(
    "said", [b"", b"\0\0\0\x08", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\0\0\0\0\0"]
)
def test_who_speaks_otherwise_is_told_nothing(tmp_path: Path, said: bytes) -> None:
    async def main() -> None:
        async with gateway(tmp_path, settings=IMPATIENT) as (_, _, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.write_eof()
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(main())


class Forgetful:
    """A query processor without descriptors: it reads each packet without the socket, which the kernel closes, as it
    does where there is no descriptor for it."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen()
        self._listener.setblocking(False)
        self.lost = asyncio.Event()
        self._task = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        asking, _ = await loop.sock_accept(self._listener)
        with asking:
            while data := await loop.sock_recv(asking, 1 << 16):
                await loop.sock_sendall(asking, b"!" if data == b"?" else b"x")
                if data != b"?":
                    self.lost.set()

    def stop(self) -> None:
        self._task.cancel()
        self._listener.close()


def test_a_client_whose_socket_was_lost_is_served_by_another(tmp_path: Path) -> None:
    async def main() -> None:
        async with gateway(tmp_path) as (made, paths, port):
            forgetful = [Forgetful(path) for path in paths]
            asking = asyncio.create_task(ask(port))
            await asyncio.wait(
                [asyncio.ensure_future(one.lost.wait()) for one in forgetful], return_when=asyncio.FIRST_COMPLETED
            )
            while not made._reception.waiting:
                await asyncio.sleep(0)
            for one, path in zip(forgetful, paths, strict=True):
                one.stop()
                Path(path).unlink()
            second = Processor(paths[1], 2)
            assert await asking == "2"
            second.receiver.stop()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_guests_wait_for_one_that_is_busy_while_another_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway offered them to both without end, and did nothing else any more."""
    monkeypatch.setattr(socket_passing, "OFFERS_MAX", 2)

    async def main() -> None:
        async with gateway(tmp_path) as (made, paths, port):
            first = Processor(paths[0], 1)
            assert await asyncio.gather(*(ask(port) for _ in range(50))) == ["1"] * 50
            assert not len(made._reception)
            first.receiver.stop()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_client_whose_socket_is_lost_again_and_again_is_told_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with gateway(tmp_path, settings=IMPATIENT) as (made, paths, port):
            forgetful = [Forgetful(path) for path in paths]
            with pytest.raises(psycopg.OperationalError, match="cannot take connections now"):
                await psycopg.AsyncConnection.connect(f"host=127.0.0.1 port={port} user=admin dbname=postgres")
            assert made.status()["load"]["refused"] == 1
            for one in forgetful:
                one.stop()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_the_controller_is_told_for_which_client_it_is_to_wake(tmp_path: Path) -> None:
    async def main() -> None:
        async with gateway(tmp_path, bus := Bus()) as (_, _, port):
            asking = asyncio.create_task(ask(port))
            while not bus.posted:
                await asyncio.sleep(0)
            (wake,) = bus.posted
            assert isinstance(wake, Wake)
            assert wake.client == "a new connection at gateway/1"
            assert 0 <= wake.waited_s < 60
            asking.cancel()

    asyncio.run(main())


def test_a_lack_of_descriptors_pauses_the_door(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(socket_receiver, "ACCEPT_PAUSE_S", 0.01)

    class Exhausted:
        """A listener whose accept fails `failures` times."""

        def __init__(self, listener: socket.socket, failures: int) -> None:
            self._listener, self.failures = listener, failures

        def __getattr__(self, name: str) -> Any:
            return getattr(self._listener, name)

        def accept(self) -> Any:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return self._listener.accept()

    async def main() -> None:
        async with gateway(tmp_path) as (made, paths, port):
            first = Processor(paths[0], 1)
            assert made._listener is not None
            made._listener = Exhausted(made._listener, 3)  # type: ignore[assignment]
            assert await ask(port) == "1" and made._listener.failures == 0
            first.receiver.stop()

    asyncio.run(main())


def test_query_processors_come_and_go_and_none_wakes_the_cluster(tmp_path: Path) -> None:
    async def main() -> None:
        bus = Bus()
        async with gateway(tmp_path, bus) as (_, paths, port):
            first, second = Processor(paths[0], 1), Processor(paths[1], 2)
            bus.tell(1)
            assert {await ask(port) for _ in range(4)} == {"1"}
            bus.tell(0)
            waiting = asyncio.create_task(ask(port))
            while not bus.posted:
                await asyncio.sleep(0)
            assert isinstance(bus.posted[0], Wake) and not waiting.done()
            bus.tell(2)
            assert await waiting in ("1", "2"), "it is offered at once"
            assert {await ask(port) for _ in range(4)} == {"1", "2"}
            first.receiver.stop()
            second.receiver.stop()

    asyncio.run(main())
