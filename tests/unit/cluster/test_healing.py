"""A zone that has been away for a while is asked for elsewhere, as long as it is away, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from actors.common.errors import CANNOT_CONNECT_NOW, DatabaseError
from actors.common.settings import Settings
from cluster import healing
from cluster.healing import Healing
from cluster.state import ProcessState
from tests.unit.cluster.test_room import Rooms
from tests.unit.postgres.server import context

C = ProcessState("az-c", "c", ())
D = ProcessState("az-d", "d", ())


class Launcher(Rooms):
    """At the third attempt there is a node."""

    def __init__(self, lost: list[ProcessState]) -> None:
        super().__init__()
        self._lost = lost
        self.mended: list[list[ProcessState]] = []

    async def mend(self, lost: Sequence[ProcessState]) -> None:
        self.mended.append(list(lost))
        if len(self.mended) == 1:
            raise DatabaseError(CANNOT_CONNECT_NOW, "no room")
        if len(self.mended) == 3:
            self._lost.clear()


def test_only_what_stays_away_is_mended_until_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healing, "HEAL_S", 0.0)

    async def main() -> None:
        lost: list[ProcessState] = []
        launcher = Launcher(lost)
        made = Healing(context(Settings(), name="controller"), launcher, lambda: list(lost))

        def over() -> bool:
            return not made._runs

        made.notice()
        await until(over)
        assert not launcher.mended, "it came back by itself"
        lost += [C]
        made.notice()
        made.notice()
        await until(lambda: len(launcher.mended) == 1)
        lost += [D]
        await until(over)
        assert launcher.mended == [[C], [C], [C, D]]

    asyncio.run(asyncio.wait_for(main(), 10))


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0)
