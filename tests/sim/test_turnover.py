"""An adjudicator and its journal are born, own keys, and are retired, while whoever takes part dies on the way: virtual
seconds, so every step can be met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from cluster.membership import changing, journals_of, with_adjudicator, with_farewell
from cluster.simulation.simulated_cluster import CONTROLLER
from cluster.state import ClusterState
from tests.sim.test_moving_ranges import Scene


class Members(Scene):
    async def change(self, successor: Callable[[ClusterState], ClusterState]) -> None:
        assert self.controller is not None
        await self.controller.change(successor)

    async def settled(self, seconds: float = 20.0) -> None:
        """Nobody is on the way in or out."""

        def is_settled() -> bool:
            controller = self.controller
            return (
                controller is not None
                and controller.assembly.complete
                and changing(journals_of(controller.state)) is None
            )

        await self.until(is_settled, seconds)

    @property
    def numbers(self) -> list[int]:
        assert self.controller is not None
        return [term.number for term in journals_of(self.controller.state).terms]


def test_a_third_is_born_owns_keys_and_is_retired() -> None:
    scene = Members()

    async def scenario() -> None:
        await scene.change(lambda state: with_adjudicator(state, 3))
        await scene.settled()
        assert scene.numbers == [1, 2, 3]
        assert scene.cluster.roles("adjudicator/") == [f"adjudicator/{number}" for number in (1, 2, 3)]
        await scene.transfer(3)
        await scene.until(lambda: scene.owner(11) == 3)
        before = scene.written
        await scene.until(lambda: scene.written > before + 40)
        await scene.change(lambda state: with_farewell(state, 3))
        await scene.settled()
        assert scene.numbers == [1, 2] and scene.owner(11) == 2
        await asyncio.sleep(3.0)
        assert not [name for name in scene.world.processes if "3" in name], "its processes have ended"
        assert not scene.cluster.roles("journal/3/") and "adjudicator/3" not in scene.cluster.roles("adjudicator/")
        assert not scene.cluster.move("adjudicator/3", Random(1)) and scene.world.process_of("journal/3/a") is None

    scene.play(scenario)
    assert set(scene.refused) <= {"40001"}


@pytest.mark.parametrize(
    ("victim", "steps"),
    [
        *((CONTROLLER, steps) for steps in (0, 30, 60, 100, 150, 200, 300)),
        *((victim, steps) for victim in ("adjudicator-1", "crossbar-1") for steps in (30, 100, 150, 200)),
        ("adjudicator-3", 200),
        ("journal-3-b", 150),
    ],
)
def test_whoever_dies_on_the_way_it_is_born_and_owns_keys(victim: str, steps: int) -> None:
    """`steps`: virtual milliseconds after the decision counts."""
    scene = Members()

    async def scenario() -> None:
        await scene.change(lambda state: with_adjudicator(state, 3))
        await asyncio.sleep(steps / 1000)
        scene.world.crash(victim)
        await scene.until(lambda: scene.world.processes[victim].up)
        await scene.settled()
        await scene.transfer(3)
        await scene.until(lambda: scene.controller is not None and scene.owner(11) == 3)

    scene.play(scenario)


@pytest.mark.parametrize(
    ("victim", "steps"),
    [
        *((CONTROLLER, steps) for steps in (0, 20, 60, 100, 1500)),
        *((victim, steps) for victim in ("adjudicator-1", "adjudicator-3", "crossbar-1") for steps in (20, 60, 500)),
    ],
)
def test_whoever_dies_on_the_way_it_is_retired(victim: str, steps: int) -> None:
    scene = Members()

    async def scenario() -> None:
        await scene.change(lambda state: with_adjudicator(state, 3))
        await scene.settled()
        await scene.transfer(3)
        await scene.until(lambda: scene.owner(11) == 3)
        await scene.change(lambda state: with_farewell(state, 3))
        await asyncio.sleep(steps / 1000)
        scene.world.crash(victim)
        await scene.settled()
        assert scene.numbers == [1, 2]

    scene.play(scenario)
