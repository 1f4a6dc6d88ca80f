"""An adjudicator and its journal are born, own keys, and are retired, while whoever takes part dies on the way: virtual seconds, so every step can be met."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from actors.crossbar.crossbar import Crossbar
from actors.journal.replica import JournalReplica
from cluster.membership import changing, journals_of, with_adjudicator, with_farewell
from cluster.simulation.simulated_cluster import CONTROLLER
from tests.sim import test_moving_ranges
from tests.sim.test_moving_ranges import PLAN, Scene


class Members(Scene):
    async def change(self, successor) -> None:  # type: ignore[no-untyped-def]
        assert self.controller is not None
        await self.controller.change(successor)

    async def settled(self, seconds: float = 60.0) -> None:
        """Nobody is on the way in or out."""
        await self.until(lambda: self.controller is not None and changing(journals_of(self.controller.state)) is None, seconds)

    @property
    def numbers(self) -> list[int]:
        assert self.controller is not None
        return [term.number for term in journals_of(self.controller.state).terms]


def test_a_third_is_born_owns_keys_and_is_retired() -> None:
    scene = Members()

    async def scenario() -> None:
        await scene.change(with_adjudicator)
        await scene.settled()
        assert scene.numbers == [1, 2, 3]
        await scene.transfer(3)
        await scene.until(lambda: scene.owner(11) == 3)
        before = scene.written
        await scene.until(lambda: scene.written > before + 40)
        await scene.change(lambda state: with_farewell(state, 3))
        await scene.settled()
        assert scene.numbers == [1, 2] and scene.owner(11) == 2
        await asyncio.sleep(1.0)
        assert not [name for name in scene.world.processes if "3" in name], "its processes have ended"

    scene.play(scenario)
    assert set(scene.refused) <= {"40001"}
