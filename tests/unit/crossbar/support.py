"""A simulated crossbar between real journals, with adjudicators and storage replicas that do only what the crossbar
sees of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any, cast

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import (
    AskPromise,
    Deliver,
    DemandWatermark,
    Promised,
    StreamAck,
    StreamLost,
    SubscribeRange,
    Watched,
)
from actors.common.messages.base import Message
from actors.common.ranges import ShardMap
from actors.common.settings import Journaling, Settings, Streaming
from actors.common.timestamps import Timestamp
from actors.crossbar.crossbar import Crossbar
from actors.journal.record import COMMIT
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World

JOURNALS = {journal: [f"journal/{journal}/{az}" for az in "abc"] for journal in (1, 2)}
ADJUDICATORS = {journal: f"adjudicator/{journal}" for journal in JOURNALS}
MAP = ShardMap(1, (b"\x80",), (1, 2), (1, 2))
KEYSPACE = b"\0\0\0\x07\0\0"


def key(shard: int, number: int) -> bytes:
    return KEYSPACE + (b"\x10" if shard == 1 else b"\x90") + number.to_bytes(4, "big")


class TestAdjudicator:
    """Leads its journal from its start on, commits what it is told at times that it is told, promises what it is
    asked."""

    __test__ = False

    def __init__(self, context: Context, number: int) -> None:
        self.context = context
        self.number = number
        self.promise = 0
        self.asked: list[Timestamp] = []
        self.writer: JournalWriter | None = None
        self.leads = False

    async def start(self) -> None:
        self.context.spawn(self._lead())

    async def _lead(self) -> None:
        writer = JournalWriter(self.context, self.number, JOURNALS[self.number], lambda why: None)
        recovered = await writer.open(lambda: lambda header, record: None)
        self.promise = max(recovered.last_epoch_end, recovered.last_commit_ts) + 1
        self.writer = writer
        await writer.begin(self.promise, self.promise + 1000)
        self.leads = True

    async def stop(self) -> None:
        if self.writer is not None:
            self.writer.stop()

    def status(self) -> dict[str, Any]:
        return {}

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Watched) and self.writer is not None:
            self.writer.watched(sender, message.epoch)
        elif isinstance(message, AskPromise) and reply is not None:
            self.asked.append(message.at)
            if not self.leads or self.writer is None:
                reply.fail(DatabaseError("08006", "it does not lead"))
                return
            self.promise = max(self.promise, message.at)
            reply(Promised(self.writer.epoch, self.promise, self.writer.last_lsn))

    def commit(self, payload: bytes, commit_ts: Timestamp, catalog_change: bool = False) -> Timestamp:
        """At `commit_ts`, or as early after it as promises allow."""
        assert self.writer is not None
        commit_ts = self.promise = max(commit_ts, self.promise + 1)
        self.writer.append(
            COMMIT,
            commit_ts,
            commit_ts,
            commit_ts + 1000,
            transaction=bytes(16),
            payload=payload,
            catalog_change=catalog_change,
        )
        return commit_ts


class TestStorage:
    """Takes what it gets; `rows[commit_ts]` are the rows of that transaction for this shard."""

    __test__ = False

    def __init__(self, context: Context, shard: int) -> None:
        self.context = context
        self.shard = shard
        self.stream = 0
        self.number = 0
        self.watermark: Timestamp = 0
        self.rows: dict[Timestamp, list[tuple[bytes, bytes | None, int]]] = {}
        self.catalog_changes: list[Timestamp] = []
        self.delivers = 0
        self.bytes = 0
        self.acknowledges = True
        self.refusals: list[DatabaseError] = []

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def status(self) -> dict[str, Any]:
        return {}

    async def subscribe(self, after_ts: Timestamp, window_bytes: int = 1 << 20) -> None:
        self.stream += 1
        self.number = 0
        self.watermark = after_ts
        message = SubscribeRange(self.stream, self.shard, after_ts, window_bytes)
        try:
            await self.context.bus.call(self.context.name, "crossbar/1", message)
        except DatabaseError as error:
            self.refusals.append(error)

    def demand(self, at: Timestamp) -> None:
        self.context.bus.post(self.context.name, "crossbar/1", DemandWatermark(self.stream, at))

    def checkpoint(self) -> None:
        self.context.bus.post(self.context.name, "crossbar/1", StreamAck(self.stream, self.number, self.watermark))

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, StreamLost):
            if message.stream == self.stream:
                self.context.spawn(self.subscribe(self.watermark))
            return
        assert isinstance(message, Deliver)
        if message.stream != self.stream or message.number <= self.number:
            return
        if message.number > self.number + 1:
            self.context.spawn(self.subscribe(self.watermark))
            return
        assert message.after_ts <= self.watermark
        self.number = message.number
        assert message.commit_ts == sorted(message.commit_ts)
        assert all(self.watermark < commit_ts <= message.watermark for commit_ts in message.commit_ts)
        for commit_ts, payload in zip(message.commit_ts, message.write_sets, strict=True):
            self.rows.setdefault(commit_ts, []).extend(write_set.rows(payload))
            self.bytes += len(payload)
        self.catalog_changes += message.catalog_changes
        self.watermark = message.watermark
        self.delivers += 1
        if self.acknowledges:
            self.context.bus.post(self.context.name, "crossbar/1", StreamAck(self.stream, self.number))


class Cluster:
    """Two journals, their adjudicators, one crossbar, shards 1 and 2 with one storage replica each, or as many as
    `azs`."""

    def __init__(self, seed: int = 1, faults: Faults | None = None, azs: str = "a", **streaming: Any) -> None:
        settings = replace(
            Settings(), journaling=Journaling(segment_bytes=4000), streaming=replace(Streaming(), **streaming)
        )
        world = self.world = World(seed, faults, settings, keep_trace=True)
        self.times: dict[Timestamp, dict[int, list[tuple[bytes, bytes | None, int]]]] = {}
        for journal, names in JOURNALS.items():
            for name in names:

                def make_replica(context: Context, journal: int = journal) -> JournalReplica:
                    return JournalReplica(context, journal, context.az)

                world.add_process(name.replace("/", "-"), name[-1], [RoleSpec(name, name[-1], make_replica)])

            def make_adjudicator(context: Context, journal: int = journal) -> TestAdjudicator:
                return TestAdjudicator(context, journal)

            world.add_process(
                f"adjudicator-{journal}", "a", [RoleSpec(f"adjudicator/{journal}", "a", make_adjudicator)]
            )
        world.add_process(
            "crossbar-1",
            "a",
            [RoleSpec("crossbar/1", "a", lambda context: Crossbar(context, 1, JOURNALS, ADJUDICATORS))],
        )
        for shard in (1, 2):
            for az in azs:

                def make_storage(context: Context, shard: int = shard) -> TestStorage:
                    return TestStorage(context, shard)

                world.add_process(f"storage-{shard}-{az}", az, [RoleSpec(f"storage/{shard}/{az}", az, make_storage)])

    async def begin(self) -> None:
        await self.world.start()
        self.world.publish(MAP)
        await until(lambda: all(self.adjudicator(number).leads for number in JOURNALS))

    def adjudicator(self, number: int) -> TestAdjudicator:
        return cast(TestAdjudicator, self.world.processes[f"adjudicator-{number}"].role(f"adjudicator/{number}"))

    def storage(self, shard: int, az: str = "a") -> TestStorage:
        return cast(TestStorage, self.world.processes[f"storage-{shard}-{az}"].role(f"storage/{shard}/{az}"))

    @property
    def crossbar(self) -> Crossbar:
        return cast(Crossbar, self.world.processes["crossbar-1"].role("crossbar/1"))

    def commit(self, journal: int, commit_ts: Timestamp, keys: list[bytes], value: bytes = b"v") -> Timestamp:
        payload = write_set.encode(keys, [value] * len(keys), [write_set.PUT] * len(keys))
        commit_ts = self.adjudicator(journal).commit(payload, commit_ts)
        parts = self.times.setdefault(commit_ts, {1: [], 2: []})
        for one in keys:
            parts[MAP.shard(one)].append((one, value, write_set.PUT))
        return commit_ts

    async def reads(self, storage: TestStorage, at: Timestamp) -> None:
        """A read at `at`: demanded, waited for, and seen to be complete (I4)."""
        storage.demand(at)
        await until(lambda: storage.watermark >= at)
        self.check(storage)

    def check(self, storage: TestStorage, after_ts: Timestamp = 0) -> None:
        expected = {
            commit_ts: sorted(parts[storage.shard])
            for commit_ts, parts in self.times.items()
            if parts[storage.shard] and after_ts < commit_ts <= storage.watermark
        }
        assert {commit_ts: sorted(rows) for commit_ts, rows in storage.rows.items()} == expected


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Virtual seconds."""
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it has not come true")


def run(
    scenario: Callable[[Cluster], Awaitable[None]], seed: int = 1, faults: Faults | None = None, **arguments: Any
) -> None:
    cluster = Cluster(seed, faults, **arguments)

    async def whole() -> None:
        await cluster.begin()
        await scenario(cluster)

    with cluster.world as world:
        world.run(whole())


def write_some(cluster: Cluster, count: int, start: int, value: bytes = b"v") -> int:
    """`count` commits, by both journals, to both shards, from time `start` on. The last commit time."""
    random = Random(start)
    last = start
    for number in range(count):
        shards = random.choice(([1], [2], [1, 2]))
        last = cluster.commit(
            random.choice((1, 2)), last + random.randint(1, 5), sorted(key(shard, number) for shard in shards), value
        )
    return last
