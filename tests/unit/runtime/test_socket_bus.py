"""The socket bus between two real processes, and between roles of one: requests, big frames, killed peers, bad bytes,
status."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from actors.common.errors import DatabaseError
from actors.common.messages import AskPromise, AskStatus, Done, Get, Got, Seal, Shutdown, Topology
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.settings import Messaging
from actors.runtime.interfaces import Reply
from actors.runtime.socket_bus import SocketBus

ROOT = Path(__file__).resolve().parents[3]
MAP = ShardMap(version=1, cuts=(), adjudicators=(1,), shards=(1,))


def topology(version: int, **routes: str) -> Topology:
    return Topology(
        version=version,
        routes={name.replace("_", "/"): endpoint for name, endpoint in routes.items()},
        azs={},
        shard_map=MAP,
    )


class Peer:
    """The echo process, as its parent sees it."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("echo_process.py")), endpoint, str(folder / "data")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.endpoint = self.process.stdout.readline().split()[1]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@asynccontextmanager
async def bus_and_peer(
    scheme: str = "unix", settings: Messaging | None = None
) -> AsyncIterator[tuple[SocketBus, Peer, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = Peer(folder, f"unix:{folder}/echo" if scheme == "unix" else "tcp:127.0.0.1:0")
        bus = SocketBus(f"unix:{folder}/own" if scheme == "unix" else "tcp:127.0.0.1:0", settings or Messaging())
        await bus.start()
        bus.set_topology(topology(1, echo_1=peer.endpoint, **{"host_echo-1": peer.endpoint}))
        try:
            yield bus, peer, folder
        finally:
            await bus.close()
            peer.kill()


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def wrapped() -> None:
        await main()

    uvloop.run(wrapped())


async def fails(future: Awaitable[object]) -> str:
    with pytest.raises(DatabaseError) as failure:
        await future
    return failure.value.sqlstate


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_request_reply_failure_post_and_status(scheme: str) -> None:
    async def main() -> None:
        async with bus_and_peer(scheme) as (bus, peer, _):
            assert await bus.call("me", "echo/1", Get([b"k"], 3)) == Got([b"k"], 3)
            answers = await asyncio.gather(*(bus.call("me", "echo/1", Get([b"%d" % i], i)) for i in range(500)))
            assert answers == [Got([b"%d" % i], i) for i in range(500)]
            with pytest.raises(DatabaseError) as failure:
                await bus.call("me", "echo/1", Seal(1))
            assert failure.value.sqlstate == "0A000" and failure.value.table == "t"
            for _ in range(3):
                bus.post("me", "echo/1", Done())
            account = json.loads((await bus.call("me", "echo/1", AskStatus())).json)
            assert account["load"] == {"posts": 3} and account["pid"] == peer.process.pid
            assert (account["name"], account["az"], account["node"], account["process"]) == (
                "echo/1",
                "a",
                "here",
                "echo-1",
            )
            whole = json.loads((await bus.call("me", "host/echo-1", AskStatus())).json)
            assert account.pop("traffic")["messages"] > 0 and whole["roles"][0].pop("traffic")
            assert whole["roles"] == [account]

    run(main)


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_big_frames_and_the_bound(scheme: str) -> None:
    async def main() -> None:
        async with bus_and_peer(scheme, Messaging(frame_bytes_max=40 << 20)) as (bus, _, _):
            keys = [os.urandom(8 << 20) for _ in range(4)]
            assert (await bus.call("me", "echo/1", Get(keys, 1))).values == keys
            assert await fails(bus.call("me", "echo/1", Get([*keys, keys[0]], 1))) == "54000"
            assert await bus.call("me", "echo/1", Get([], 2)) == Got([], 2)

    run(main)


def test_an_answer_above_the_bound_is_a_failure() -> None:
    class Large:
        def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
            assert reply is not None
            reply(Got([b"x" * 5000], 1))

    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = SocketBus(f"unix:{folder}/a", Messaging(frame_bytes_max=1000))
            client = SocketBus(f"unix:{folder}/b", Messaging())
            server.attach("large", Large())
            await server.start()
            await client.start()
            client.add_route("large", server.endpoint)
            assert await fails(client.call("me", "large", Get([], 1))) == "54000"
            await client.close()
            await server.close()

    run(main)


def test_a_killed_peer_fails_its_requests_at_once_and_may_come_back() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, peer, folder):
            await bus.call("me", "echo/1", Get([], 1))
            unanswered = [bus.call("me", "echo/1", Done(), timeout_s=3600) for _ in range(10)]
            await bus.call("me", "echo/1", Get([], 1))
            peer.kill()
            assert [await fails(future) for future in unanswered] == ["08006"] * 10
            assert await fails(bus.call("me", "echo/1", Get([], 1), timeout_s=3600)) == "08006"
            again = Peer(folder, peer.endpoint)
            try:
                while True:  # the bus refuses for REOPEN_S after an attempt that failed
                    try:
                        assert await bus.call("me", "echo/1", Get([b"x"], 1)) == Got([b"x"], 1)
                        break
                    except DatabaseError as error:
                        assert error.sqlstate == "08006"
            finally:
                again.kill()

    run(main)


def test_timeouts_and_unknown_roles() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, peer, _):
            assert await fails(bus.call("me", "echo/1", Done(), timeout_s=0.01)) == "08006"
            assert await fails(bus.call("me", "nowhere", Done())) == "08006"
            bus.add_route("echo/2", peer.endpoint)
            assert await fails(bus.call("me", "echo/2", Get([], 1))) == "08006"
            assert not bus._outstanding

    run(main)


def test_a_crash_in_a_task_ends_the_process() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, peer, _):
            assert await fails(bus.call("me", "echo/1", AskPromise(1), timeout_s=3600)) == "08006"
            assert peer.process.wait() == 70

    run(main)


def test_shutdown_stops_the_roles_first() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, peer, folder):
            assert await bus.call("me", "host/echo-1", Shutdown()) == Done()
            assert (folder / "data/echo/1/stopped").read_bytes() == b"cleanly"
            assert peer.process.wait() == 0

    run(main)


def test_bad_bytes_close_the_connection_and_nothing_else() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, peer, _):
            for junk in (b"\xff\xff\xff\xff", b"\0\0\0\x05hello", b"GET / HTTP/1.1\r\n\r\n"):
                with socket.socket(socket.AF_UNIX) as raw:
                    raw.connect(peer.endpoint.removeprefix("unix:"))
                    raw.sendall(junk)
                    raw.settimeout(10)
                    with suppress(ConnectionResetError):
                        assert raw.recv(100) == b""
            assert await bus.call("me", "echo/1", Get([], 1)) == Got([], 1)

    run(main)


class Counter:
    def __init__(self) -> None:
        self.received: list[tuple[str, Message]] = []
        self.replies: list[Reply] = []

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        self.received.append((sender, message))
        if reply is not None:
            self.replies.append(reply)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_roles_of_one_process(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main(folder: str) -> None:
        bus = SocketBus(f"unix:{folder}/a", Messaging())
        await bus.start()
        counter = Counter()
        bus.attach("counter", counter)
        message = Get([b"same object"], 1)
        first = bus.call("me", "counter", message)
        bus.post("me", "counter", Done())
        assert counter.received == []  # never inside the caller's own turn
        await asyncio.sleep(0)
        assert counter.received[0][1] is message and [m for _, m in counter.received] == [message, Done()]
        counter.replies[0](Got([], 1))
        counter.replies[0](Got([], 2))
        assert await first == Got([], 1)
        second = bus.call("me", "counter", message, timeout_s=3600)
        await asyncio.sleep(0)
        bus.detach("counter")
        assert await fails(second) == "08006"
        await bus.close()
        assert await fails(bus.call("me", "counter", message)) == "08006"

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main(folder))


def test_an_old_topology_is_ignored() -> None:
    bus = SocketBus("unix:/nowhere/a", Messaging())
    heard: list[int] = []
    bus.on_topology(lambda news: heard.append(news.version))
    for version in (2, 1, 3):
        bus.set_topology(topology(version))
    assert heard == [2, 3]


def test_an_exception_in_a_role_goes_to_on_crash() -> None:
    class Broken:
        def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
            raise AssertionError("impossible")

    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            crashed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
            bus = SocketBus(f"unix:{folder}/a", Messaging(), crashed.set_result)
            await bus.start()
            bus.attach("broken", Broken())
            bus.post("me", "broken", Done())
            assert str(await crashed) == "impossible"
            await bus.close()

    run(main)


def test_what_is_queued_for_a_connection_being_opened_is_bounded() -> None:
    async def main() -> None:
        async with bus_and_peer() as (bus, _, _):
            chunk = bytes(8 << 20)
            futures = [
                bus.call("me", "echo/1", Get([chunk], number)) for number in range(9)
            ]  # all before the connection stands
            answers = await asyncio.gather(*futures, return_exceptions=True)
            assert [isinstance(answer, DatabaseError) for answer in answers] == [False] * 7 + [True] * 2
            assert {answer.sqlstate for answer in answers if isinstance(answer, DatabaseError)} == {"08006"}

    run(main)


def test_a_peer_that_does_not_read_is_given_up_at_the_bound() -> None:
    async def main() -> None:
        async with bus_and_peer(settings=Messaging(outbound_bytes_max=4 << 20)) as (bus, peer, _):
            await bus.call("me", "echo/1", Get([], 1))
            peer.process.send_signal(signal.SIGSTOP)
            futures = [bus.call("me", "echo/1", Get([bytes(1 << 20)], 1), timeout_s=3600) for _ in range(8)]
            assert [await fails(future) for future in futures[:4]] == ["08006"] * 4
            peer.process.send_signal(signal.SIGCONT)  # what came later waits on a new connection, and is answered
            assert await futures[-1] == Got([bytes(1 << 20)], 1)
            await asyncio.gather(*futures, return_exceptions=True)

    run(main)
