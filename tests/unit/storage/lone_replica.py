"""One storage replica alone: a disk and a bus in memory, and a test that plays its crossbars and its readers.

async def test() -> None:
    world = await World().start()
    world.deliver({5: {b"a": b"1"}}, 10)          commits by time, and the watermark after them
    assert world.get(b"a", 7) == b"1"             keys without PREFIX
    world.bus.sent(StreamAck)                     what the replica has posted

drive(test)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import Deliver, Done, Get, Message, Scanned, SubscribeRange, Topology
from actors.common.settings import Settings
from actors.runtime.clock import SystemClock
from actors.runtime.interfaces import Context
from actors.storage.replica import StorageReplica
from tests.unit.storage.memory_disk import MemoryDisk

PREFIX = b"\x00\x00\x40\x00\x00\x01"
END = b"\x00\x00\x40\x00\x00\x02"


class Answer:
    """A Reply that keeps what it was called with."""

    def __init__(self) -> None:
        self.message: Any = None
        self.error: DatabaseError | None = None

    def __call__(self, message: Message) -> None:
        self.message = message

    def fail(self, error: DatabaseError) -> None:
        self.error = error


class CrossbarBus:
    """Records what the replica sends; subscriptions are answered by `refuse`."""

    topology: Topology | None = None

    def __init__(self) -> None:
        self.posts: list[tuple[str, Message]] = []
        self.subscriptions: list[tuple[str, SubscribeRange]] = []
        self.refuse: DatabaseError | None = None

    def request(
        self, sender: str, destination: str, message: Message, on_reply: Any, on_failure: Any, timeout_s: float = 10.0
    ) -> None:
        assert isinstance(message, SubscribeRange)
        self.subscriptions.append((destination, message))
        if self.refuse is not None:
            on_failure(self.refuse)
        else:
            on_reply(Done())

    def on_topology(self, listener: Callable[[Topology], None]) -> None:
        self.listener = listener

    def post(self, sender: str, destination: str, message: Message) -> None:
        self.posts.append((destination, message))

    def sent(self, kind: type) -> list[Any]:
        return [message for _, message in self.posts if isinstance(message, kind)]


class World:
    def __init__(self, disk: MemoryDisk | None = None, settings: Settings | None = None) -> None:
        self.disk = disk or MemoryDisk()
        self.bus = CrossbarBus()
        self.tasks: list[asyncio.Task[Any]] = []
        self.settings = settings or Settings()
        context = Context(
            "storage/1/a", "a", self.bus, SystemClock(0), self.disk, Random(7), self._spawn, self.settings
        )  # type: ignore[arg-type]
        self.replica = StorageReplica(context, 1, "a", ["crossbar/1", "crossbar/2"])
        self.number = 0

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.append(task)
        return task

    async def start(self) -> World:
        await self.replica.start()
        await asyncio.sleep(0)
        return self

    @property
    def stream(self) -> int:
        return self.bus.subscriptions[-1][1].stream

    def deliver(
        self,
        commits: dict[int, dict[bytes, bytes | None]],
        watermark: int,
        catalog_changes: tuple[int, ...] = (),
        skip: int = 0,
        after_ts: int | None = None,
    ) -> None:
        self.number += 1 + skip
        sets = [encode(rows) for rows in commits.values()]
        after = self.replica.watermark if after_ts is None else after_ts
        message = Deliver(self.stream, self.number, after, list(commits), sets, list(catalog_changes), watermark)
        self.replica.receive("crossbar/1", message, None)

    def ask(self, message: Message) -> Answer:
        answer = Answer()
        self.replica.receive("query_processor/1", message, answer)
        return answer

    def get(self, key: bytes, at: int) -> Any:
        return self.ask(Get([PREFIX + key], at)).message.values[0]

    async def settle(self) -> None:
        while any(not task.done() for task in self.tasks):
            await asyncio.gather(*self.tasks)


def encode(rows: dict[bytes, bytes | None]) -> bytes:
    keys = sorted(rows)
    kinds = [write_set.PUT if rows[key] is not None else write_set.DELETE for key in keys]
    return write_set.encode([PREFIX + key for key in keys], [rows[key] for key in keys], kinds)


def drive(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def rows_of(scanned: Scanned) -> list[tuple[bytes, bytes]]:
    batch = scanned.rows.batch
    assert batch.num_rows == scanned.count
    keys = [key.removeprefix(PREFIX) for key in batch.column(0).to_pylist()]
    return list(zip(keys, batch.column(1).to_pylist(), strict=True))
