"""A simulated journal of three replicas, and writers that the scenario itself drives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from actors.common.settings import Journaling, Settings
from actors.common.timestamps import Lsn
from actors.journal.record import COMMIT, RecordHeader, decode_header, payload_of
from actors.journal.replica import JournalReplica
from actors.journal.writer import JournalWriter, OnRecord
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World

AZS = ("a", "b", "c")
NAMES = [f"journal/1/{az}" for az in AZS]
EPOCH_US = 1_000_000
"""Length of each test epoch's interval."""


def make_world(seed: int = 1, faults: Faults | None = None, **journaling: int) -> World:
    world = World(seed, faults, replace(Settings(), journaling=replace(Journaling(), **journaling)))  # type: ignore[arg-type]
    for az in AZS:

        def make(context: Context, az: str = az) -> JournalReplica:
            return JournalReplica(context, 1, az)

        world.add_process(f"journal-1-{az}", az, [RoleSpec(f"journal/1/{az}", az, make)])
    return world


async def begin_world(world: World) -> None:
    from actors.common.ranges import ShardMap

    await world.start()
    world.publish(ShardMap(1, (), (1,), (1,)))


def replica(world: World, az: str) -> JournalReplica:
    return cast(JournalReplica, world.processes[f"journal-1-{az}"].role(f"journal/1/{az}"))


class TestWriter:
    """A writer and what it has found and committed."""

    __test__ = False

    def __init__(self, world: World) -> None:
        self.world = world
        self.deposed: list[str] = []
        self.found: list[RecordHeader] = []
        self.committed: list[Lsn] = []
        self.now = 0
        context = Context(
            "adjudicator/1",
            "a",
            world.bus,
            world.clock,
            cast(Any, None),
            world.derive("writer"),
            asyncio.ensure_future,
            world.settings,
        )
        self.writer = JournalWriter(context, 1, NAMES, self.deposed.append)

    async def lead(self) -> TestWriter:
        recovered = await self.writer.open(self._anew)
        self.now = max(recovered.last_epoch_end, recovered.last_commit_ts) + 1
        await self.writer.begin(self.now, self.now + EPOCH_US)
        return self

    def _anew(self) -> OnRecord:
        self.found = []
        return lambda header, _: self.found.append(header)

    def append(self, payload: bytes, on_committed: Callable[[], None] | None = None) -> Lsn:
        self.now += 1
        lsn = self.writer.last_lsn + 1

        def committed() -> None:
            self.committed.append(lsn)
            if on_committed is not None:
                on_committed()

        return self.writer.append(
            COMMIT,
            self.now,
            self.now,
            self.writer.last_epoch_end,
            transaction=lsn.to_bytes(16, "big"),
            payload=payload,
            on_committed=committed,
        )

    async def commit(self, payload: bytes = b"x") -> Lsn:
        done = asyncio.get_running_loop().create_future()
        lsn = self.append(payload, lambda: done.set_result(None))
        await asyncio.wait_for(done, 60)
        return lsn


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Virtual seconds."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not come true")


def payloads(world: World, az: str) -> dict[Lsn, bytes]:
    """The commits that a running replica keeps."""
    log = replica(world, az).log
    records = log.read(log.first_lsn, 1 << 30, log.last_lsn) if log.last_lsn >= log.first_lsn else []
    return {
        decode_header(record).lsn: bytes(payload_of(record))
        for record in records
        if decode_header(record).kind == COMMIT
    }
