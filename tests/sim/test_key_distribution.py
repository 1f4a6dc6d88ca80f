"""Access keys reach every query processor: on a network that loses and reorders, while query processors and controllers
die, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import cast

import pytest

from actors.common.access_key import AccessKey
from actors.common.errors import DatabaseError
from actors.common.messages import Credentials, Done, KeysChanged
from actors.common.settings import Authentication, Layout, Settings
from actors.query_processor.role import QueryProcessor
from actors.runtime.simulation.faults import Faults
from cluster.controller import Controller
from cluster.key_distribution import KeyDistribution
from cluster.simulation.hostile import Plan, draw
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster

SETTINGS = Settings(
    authentication=Authentication("tokens", tls_certificate="", tls_key=""),
    layout=Layout(placement="role", query_processors=3),
)
PLAN: Plan = replace(draw(Random(0), ("bank",), 60.0), settings=SETTINGS, strikes=(), one_host=False, keeps_state=True)
CHANGES = 25


def keys_of(number: int) -> tuple[AccessKey, ...]:
    """The `number`th set of keys. Which one a query processor goes by can be read from it."""
    return (AccessKey(f"AKID{number}", "s" * 40, "admin"),)


class Keys:
    """A cluster whose keys change all the time."""

    def __init__(self, seed: int) -> None:
        faults = Faults.hostile(Random(seed)) if seed else Faults()
        self.cluster = SimulatedCluster(seed, replace(PLAN, faults=faults))
        self.world = self.cluster.world
        self.random = self.world.derive("keys")
        self.acknowledged = 0
        self.refused = 0

    def known(self) -> dict[str, int]:
        """Query processor that runs -> the set of keys that it goes by."""
        found = {}
        for name in self.cluster.roles("query_processor/"):
            process = self.world.process_of(name)
            if process is not None and process.runs(name):
                role = cast(QueryProcessor, process.role(name))
                found[name] = int(next(iter(role._services.authenticator._tokens._keys)).removeprefix("AKID"))  # type: ignore[union-attr]
        return found

    def check(self) -> None:
        late = {name: number for name, number in self.known().items() if number < self.acknowledged}
        assert not late, f"the keys of {self.acknowledged} were acknowledged, and these go by others: {late}"

    async def watch(self) -> None:
        while True:
            self.check()
            await asyncio.sleep(0.01)

    async def strike(self) -> None:
        """Whoever it is, it is started again."""
        while True:
            await asyncio.sleep(self.random.uniform(0.0, 3.0))
            names = [
                name
                for name, process in self.world.processes.items()
                if process.up and name.startswith((CONTROLLER, "query_processor"))
            ]
            self.world.crash(self.random.choice(sorted(names)))

    async def change(self, number: int) -> None:
        self.cluster.credentials = Credentials(0, keys_of(number))
        try:
            assert isinstance(await self.world.bus.call("person", CONTROLLER, KeysChanged(), timeout_s=15.0), Done)
            self.acknowledged = number
            self.check()
        except DatabaseError:
            self.refused += 1  # the file is another one all the same
        await asyncio.sleep(self.random.uniform(0.0, 0.5))

    async def run(self, strikes: bool) -> None:
        self.cluster.credentials = Credentials(0, keys_of(0))
        await self.cluster.start()
        others = [asyncio.create_task(self.cluster.supervise()), asyncio.create_task(self.watch())]
        if strikes:
            others.append(asyncio.create_task(self.strike()))
        for number in range(1, CHANGES):
            await self.change(number)
            for task in others:
                if task.done():
                    await task
        for task in others[2:]:
            task.cancel()
        end = self.world.loop.time() + 60.0
        while set(self.known().values()) != {CHANGES - 1} or len(self.known()) < 3:
            assert self.world.loop.time() < end, f"not all have the last keys: {self.known()}"
            await asyncio.sleep(0.1)
        for task in others:
            task.cancel()


def play(seed: int, strikes: bool = True) -> Keys:
    scene = Keys(seed)
    with scene.world:
        scene.world.run(scene.run(strikes), 1200.0)
    return scene


def test_on_a_good_network() -> None:
    scene = play(0, strikes=False)
    assert scene.acknowledged == CHANGES - 1 and not scene.refused


@pytest.mark.parametrize("seed", range(1, 9))
def test_under_faults(seed: int) -> None:
    assert play(seed).acknowledged > CHANGES // 2


def test_planted_who_does_not_answer_is_taken_for_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = KeyDistribution._tell

    def careless(self: KeyDistribution, name: str) -> None:
        tell(self, name)
        self._untold.discard(name)

    monkeypatch.setattr(KeyDistribution, "_tell", careless)
    fails("these go by others")


def test_planted_only_those_that_run_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query processor that is starting has asked before."""
    monkeypatch.setattr(
        Controller, "_serving", lambda self: [name for name in self._homes() if name.startswith("query_processor/")]
    )
    fails("these go by others")


def test_planted_a_controller_does_not_look_what_its_predecessor_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyDistribution, "begin", lambda self: setattr(self, "_begun", True))
    fails("not all have the last keys")


def fails(words: str) -> None:
    with pytest.raises(Exception, match=words):
        for seed in range(1, 40):
            play(seed)
