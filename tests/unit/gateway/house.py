"""Two query processors with real sessions over storage in memory, and a gateway, in one thread with its own event loop:
for blocking clients."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import uvloop

from actors.common.messages import Load, Topology, Wake
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.settings import Settings
from actors.gateway.gateway import Gateway
from actors.query_processor.role import QueryProcessor
from actors.runtime.clock import SystemClock
from actors.runtime.interfaces import Context
from tests.scripts.stored_cluster import StoredCluster

T = TypeVar("T")
PATIENCE_S = 20.0
NAMES = ("query_processor/1", "query_processor/2")


class _Bus:
    """The roles' messages to each other arrive; all others go to storage in memory."""

    def __init__(self, stored: Any, roles: dict[str, Any]) -> None:
        self._stored = stored
        self._roles = roles
        self.wakes = 0
        self.loads: list[Load] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stored, name)

    def call(self, sender: str, destination: str, message: Message, timeout_s: float = 10.0) -> asyncio.Future[Any]:
        role = self._roles.get(destination)
        if role is None:
            return self._stored.call(sender, destination, message, timeout_s)
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        loop.call_soon(role.receive, sender, message, answer.set_result)
        return answer

    def post(self, sender: str, destination: str, message: Message) -> None:
        self.wakes += isinstance(message, Wake)
        if isinstance(message, Load):
            self.loads.append(message)
        role = self._roles.get(destination)
        if role is not None:
            asyncio.get_running_loop().call_soon(role.receive, sender, message, None)


class House:
    """`with House(tmp_path, settings) as house: psycopg.connect(house.dsn)`. Everything but `dsn` runs in the loop's
    thread."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._main()), daemon=True)
        self._failure: BaseException | None = None
        self.roles: dict[str, Any] = {}
        self.port = 0

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            stored = StoredCluster(self._settings)
            storage = stored.context
            known = storage.bus.topology
            azs = dict.fromkeys((*NAMES, "gateway/1"), "a")
            topology = Topology(
                1, known.routes if known else {}, azs, known.shard_map if known else ShardMap(1, (), (1,), (1,))
            )
            storage.bus.set_topology(topology)
            self.bus = _Bus(storage.bus, self.roles)
            for number, name in enumerate(NAMES, 1):
                self.roles[name] = QueryProcessor(
                    self._context(name, storage),
                    number,
                    clients_path=self._path(name),
                    parking_path=self._path,
                    computed_s=time.thread_time,
                )
            self.gateway = self.roles["gateway/1"] = Gateway(
                self._context("gateway/1", storage), 1, "127.0.0.1", 0, self._path, parking_path=self._path("gateway/1")
            )
            for role in self.roles.values():
                await role.start()
            self.port = self.gateway._listener.getsockname()[1]
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ready.set()
        await self._stop.wait()
        for role in reversed(self.roles.values()):
            await role.stop()

    def _context(self, name: str, storage: Context) -> Context:
        def spawn(coroutine: Any) -> asyncio.Task[Any]:
            return asyncio.get_running_loop().create_task(coroutine)

        return Context(name, "a", self.bus, SystemClock(), storage.disk, Random(1), spawn, self._settings)  # type: ignore[arg-type]

    def _path(self, name: str) -> str:
        return str(self._folder / name.replace("/", "-"))

    def __enter__(self) -> House:
        self._thread.start()
        self._ready.wait(PATIENCE_S)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    @property
    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=admin dbname=postgres connect_timeout=5"

    def call(self, function: Callable[[], T]) -> T:
        """In the loop's thread."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)

    def sessions(self, number: int) -> int:
        return self.call(lambda: len(self.roles[NAMES[number - 1]]._sessions))

    @property
    def parked(self) -> int:
        return self.call(lambda: len(self.gateway._parked))

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it does not happen"
            threading.Event().wait(0.002)

    def stop_gateway(self) -> None:
        asyncio.run_coroutine_threadsafe(self.gateway.stop(), self._loop).result(PATIENCE_S)

    def drain(self, number: int, wanted: bool = True) -> None:
        self.call(lambda: self.roles[NAMES[number - 1]]._parking.drain(wanted, None))

    def home(self) -> int:
        """The number of the query processor that has the only session."""
        [number] = [number for number in (1, 2) if self.sessions(number)]
        return number

    def move(self) -> int:
        """Have the only session parked, and bar it from where it was; where that is."""
        number = self.home()
        self.drain(3 - number, False)
        self.drain(number)
        self.until(lambda: self.parked == 1)
        return number
