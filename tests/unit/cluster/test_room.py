"""A cluster wakes once there is room for it; where there is none it stays asleep, says why, and asks again only after a
pause."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from actors.common.errors import CANNOT_CONNECT_NOW, DatabaseError
from actors.common.settings import Settings
from cluster.room import PAUSE_S, Room
from cluster.state import ProcessState
from tests.unit.postgres.server import context


class Rooms:
    """A launcher whose answers come when the test gives them."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[None]] = []
        self.released = 0

    async def make_room(self) -> None:
        self.asked.append(asyncio.get_running_loop().create_future())
        await self.asked[-1]

    async def replace_lost(self, processes: Collection[ProcessState]) -> Collection[str]:
        return ()

    def release_room(self, ended: Collection[ProcessState]) -> None:
        self.released += 1

    def launch(self, process: ProcessState) -> None: ...
    def end(self, process: str) -> None: ...
    def end_others(self, processes: Collection[str]) -> None: ...


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_wake_waits_for_room_and_a_failed_one_for_the_next(monkeypatch: Any) -> None:
    async def main() -> None:
        loop, passed_s = asyncio.get_running_loop(), 0.0
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + passed_s, raising=False)
        rooms, made = Rooms(), []
        room = Room(context(Settings(), name="controller"), rooms)
        assert room.may_be_asked
        room.make(lambda: made.append(1))
        await turns()
        assert not room.may_be_asked and room.why == "it waits for nodes" and not made
        rooms.asked[0].set_exception(DatabaseError(CANNOT_CONNECT_NOW, "no node has come"))
        await turns()
        assert not room.may_be_asked and room.why == "it cannot be woken: no node has come" and not made
        passed_s = PAUSE_S
        assert room.may_be_asked
        room.make(lambda: made.append(2))
        await turns()
        rooms.asked[1].set_result(None)
        await turns()
        assert made == [2] and room.why == "" and room.may_be_asked
        room.release([])
        assert rooms.released == 1

    asyncio.run(main())
