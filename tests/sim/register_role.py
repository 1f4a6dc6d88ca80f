"""A toy cluster for the simulator's own tests: a register with one durable value, and clients that write to it and read
it back.

Also a program: `register_role.py SEED` runs the scenario under hostile faults and prints the trace's digest.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random
from typing import Any

from actors.common.errors import DatabaseError
from actors.common.messages.base import Done, Message
from actors.common.messages.committing import AskPromise, Promised
from actors.common.messages.reading import Get, Got
from actors.common.ranges import ShardMap
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Reply
from actors.runtime.simulation.faults import Faults
from actors.runtime.simulation.world import World

MAP = ShardMap(version=1, cuts=(), adjudicators=(1,), shards=(1,))
RECORD_BYTES = 8


class Register:
    """AskPromise(at=n) raises the value to n and answers once that is on disk; Get answers the value. `sync=False`
    plants a bug."""

    def __init__(self, context: Context, sync: bool = True) -> None:
        self.context = context
        self.value = 0
        self._sync = sync
        self._beats = 0

    async def start(self) -> None:
        self._file = self.context.disk.open("values")
        data = self._file.read(0, self._file.size)
        whole = len(data) - len(data) % RECORD_BYTES
        self._file.truncate(whole)
        for offset in range(0, whole, RECORD_BYTES):
            self.value = max(self.value, int.from_bytes(data[offset : offset + RECORD_BYTES], "big"))
        self.context.spawn(self._beat())

    async def stop(self) -> None:
        self._file.close()

    def status(self) -> dict[str, Any]:
        return {"watermark": self.value}

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.05 + self.context.random.random() / 10)
            self._beats += 1
            self.context.bus.post(self.context.name, "client/1", Done())

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, AskPromise) and reply is not None:
            self.value = max(self.value, message.at)
            answer = Promised(1, self.value, 0)
            self._file.append(self.value.to_bytes(RECORD_BYTES, "big"))

            def synced(error: DatabaseError | None) -> None:
                if error is not None:
                    raise error
                reply(answer)

            if self._sync:
                self._file.sync(synced)
            else:
                synced(None)
        elif isinstance(message, Get) and reply is not None:
            reply(Got([self.value.to_bytes(RECORD_BYTES, "big")], self.context.clock.now().latest))
        elif reply is not None:
            raise DatabaseError("0A000", "a register does not do that")


class Client:
    """Writes ever greater numbers; `acknowledged` is the greatest that was answered."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.acknowledged = 0
        self.heard = 0
        self.failures = 0

    async def start(self) -> None:
        self.context.spawn(self._write())

    async def stop(self) -> None:
        """Nothing to save."""

    def status(self) -> dict[str, Any]:
        return {"load": {"heard": self.heard}}

    def receive(self, sender: str, message: Message, reply: Reply | None) -> None:
        self.heard += 1

    async def _write(self) -> None:
        number = 0
        while True:
            number += 1
            try:
                promised = await self.context.bus.call(
                    self.context.name, "register/1", AskPromise(number), timeout_s=0.5
                )
                self.acknowledged = max(self.acknowledged, promised.promise)
            except DatabaseError as error:
                assert error.sqlstate in ("08006", "53100")
                self.failures += 1
            await asyncio.sleep(self.context.random.random() / 100)


def make_world(seed: int, faults: Faults | None = None, sync: bool = True, **options: Any) -> World:
    world = World(seed, faults, **options)
    world.add_process("register-1", "a", [RoleSpec("register/1", "a", lambda context: Register(context, sync))])
    world.add_process("client-1", "b", [RoleSpec("client/1", "b", Client)])
    return world


async def value_of(world: World) -> int:
    while True:
        try:
            return int.from_bytes(
                (await world.bus.call("test", "register/1", Get([], 0), timeout_s=1.0)).values[0], "big"
            )
        except DatabaseError:
            await asyncio.sleep(0.1)


async def storm(world: World, rounds: int = 5) -> tuple[int, int]:
    """Strike the register in every way; what was acknowledged before must be there after. (acknowledged, failures)"""
    world.publish(MAP)
    await world.start()
    random = world.derive("storm")
    client = world.processes["client-1"].role("client/1")
    assert isinstance(client, Client)
    for _ in range(rounds):
        await asyncio.sleep(random.random())
        strike = random.choice(["kill", "power", "stall", "partition", "one way", "clog", "jump"])
        if strike in ("kill", "power"):
            world.crash("register-1", power_failure=strike == "power")
            await asyncio.sleep(random.random())
            await world.restart("register-1")
        elif strike == "stall":
            world.stall("register-1")
            await asyncio.sleep(random.random())
            world.resume("register-1")
        elif strike == "clog":
            world.network.clog("client-1", "register-1", world.loop.time() + random.random())
        elif strike == "jump":
            world.processes["register-1"].clock.jump(random.randint(-(10**6), 10**6))
        else:
            world.network.partition(["client-1"], ["register-1"], one_way=strike == "one way")
            await asyncio.sleep(random.random())
            world.network.heal()
        acknowledged = client.acknowledged
        found = await value_of(world)
        assert found >= acknowledged, f"acknowledged {acknowledged}, found {found}"
    return client.acknowledged, client.failures


if __name__ == "__main__":
    seed = int(sys.argv[1])
    with make_world(seed, Faults.hostile(Random(seed))) as world:
        print(world.run(storm(world)), world.trace.count, world.trace.digest)
