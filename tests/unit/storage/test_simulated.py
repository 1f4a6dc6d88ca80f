"""The storage role in simulated time, under crashes, power failures and lost or repeated messages: every answer is
exactly the snapshot asked for."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.common.messages import Deliver, DemandWatermark, Done, Get, Message, StreamAck, SubscribeRange
from actors.common.ranges import ShardMap
from actors.common.settings import Limits, Settings, Storing
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World
from actors.storage.replica import StorageReplica

KEYS = [b"\x00\x00\x40\x00\x00\x01%02d" % number for number in range(30)]
SETTINGS = Settings(
    storing=Storing(memtable_bytes_max=6_000, segments_max=2, checkpoint_idle_s=1.0), limits=Limits(transaction_age_s=2)
)


class Journals:
    """All that was ever committed; and the commits as a model."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.commits: list[tuple[int, bytes]] = []
        self.model: dict[bytes, list[tuple[int, bytes | None]]] = {key: [] for key in KEYS}
        self.watermark = 0
        self.trimmed = 0

    def commit(self, at: int) -> None:
        if at <= self.watermark:
            return
        keys = sorted(self.random.sample(KEYS, self.random.randint(1, 4)))
        values = [None if self.random.random() < 0.2 else b"%d" % at for _ in keys]
        for key, value in zip(keys, values, strict=True):
            self.model[key].append((at, value))
        self.commits.append(
            (at, write_set.encode(keys, values, [write_set.PUT if value else write_set.DELETE for value in values]))
        )
        self.watermark = at

    def value(self, key: bytes, at: int) -> bytes | None:
        return max(
            ((time, value) for time, value in self.model[key] if time <= at),
            default=(0, None),
            key=lambda pair: pair[0],
        )[1]


class TestCrossbar:
    """Serves a stream from `journals`; forgets its subscribers when it crashes."""

    __test__ = False

    def __init__(self, context: Context, journals: Journals) -> None:
        self.context = context
        self.journals = journals
        self.streams: dict[str, list[int]] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def status(self) -> dict[str, Any]:
        return {}

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, SubscribeRange):
            assert message.after_ts >= self.journals.trimmed, "what it needs has been trimmed"
            self.streams[sender] = [message.stream, 0, message.after_ts]
            if reply is not None:
                reply(Done())
        elif isinstance(message, StreamAck):
            self.journals.trimmed = max(self.journals.trimmed, message.checkpoint_ts)
        elif isinstance(message, DemandWatermark) and self.streams.get(sender, [0])[0] == message.stream:
            self.journals.commit(message.at)
            self.serve(sender)

    def serve(self, name: str) -> None:
        stream, number, after_ts = self.streams[name]
        due = [commit for commit in self.journals.commits if commit[0] > after_ts]
        while True:
            part, due = due[:5], due[5:]
            number += 1
            upto = part[-1][0] if due else self.journals.watermark
            deliver = Deliver(stream, number, after_ts, [at for at, _ in part], [rows for _, rows in part], [], upto)
            self.context.bus.post(self.context.name, name, deliver)
            after_ts = upto
            self.streams[name] = [stream, number, upto]
            if not due:
                return


@pytest.mark.parametrize("seed", range(12))
def test_every_answer_is_the_snapshot(seed: int) -> None:
    random = Random(seed)
    journals = Journals(random)
    answered = 0

    async def scenario(world: World) -> None:
        nonlocal answered
        await world.start()
        world.publish(ShardMap(1, (), (1,), (1,)))
        for _ in range(300):
            at = world.clock.now().latest
            keys = random.sample(KEYS, 5)
            try:
                older = at - random.randrange(1_000_000)
                got = await world.bus.call("test", "storage/1/a", Get(keys, older), 3.0)
                newest = await world.bus.call("test", "storage/1/a", Get(keys, at), 3.0)
            except DatabaseError as error:
                assert error.sqlstate in ("08006", "54000"), error
            else:
                answered += 1
                assert newest.values == [journals.value(key, at) for key in keys]
                assert got.values == [journals.value(key, older) for key in keys]
            if random.random() < 0.03:
                name = random.choice(["storage-1-a", "crossbar-1"])
                world.crash(name, power_failure=random.random() < 0.7)
                await asyncio.sleep(random.random())
                await world.restart(name)
                world.publish(ShardMap(1, (), (1,), (1,)))
            await asyncio.sleep(random.random() * 0.1)
        if not world.processes["storage-1-a"].up:
            await world.restart("storage-1-a")
        await asyncio.sleep(150)
        assert world.processes["storage-1-a"].role("storage/1/a").status()["checkpoint"] > 0

    faults = Faults.hostile(random) if seed % 2 else Faults()
    with World(seed=seed, faults=faults, settings=SETTINGS) as world:
        world.add_process(
            "storage-1-a",
            "a",
            [RoleSpec("storage/1/a", "a", lambda context: StorageReplica(context, 1, "a", ["crossbar/1"]))],
        )
        world.add_process(
            "crossbar-1", "a", [RoleSpec("crossbar/1", "a", lambda context: TestCrossbar(context, journals))]
        )
        world.run(scenario(world))
    assert answered > (150 if seed % 2 == 0 else 20)
