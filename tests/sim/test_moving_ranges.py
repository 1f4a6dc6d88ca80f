"""A range goes from one adjudicator to another, and whoever takes part dies on the way: virtual seconds, so every step
can be met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import cast

import pytest

from actors.adjudicator.adjudicator import Adjudicator
from actors.common.errors import DatabaseError
from actors.common.messages import Release
from actors.common.messages.base import Message
from actors.common.settings import Layout, Settings
from actors.runtime.interfaces import Reply
from actors.runtime.simulation.faults import Faults
from cluster.controller import Controller
from cluster.simulation.hostile import Plan, draw, small_key
from cluster.simulation.simulated_cluster import CONTROLLER, SimulatedCluster
from cluster.state import with_transfer
from workloads.proofs.connection import SqlError

DRAWN: Plan = draw(Random(0), ("bank",), 60.0)
PLAN: Plan = replace(
    DRAWN,
    settings=Settings(mode="open", layout=Layout(placement="role")),
    faults=Faults(reset_chance=1.0),
    strikes=(),
    one_host=False,
    keeps_state=True,
    cuts=(small_key(0),),
)
"""Adjudicator 1 owns keys below 0, adjudicator 2 the others."""


class Scene:
    """A running cluster with a table, and one who writes keys 1 to 20 over and over."""

    def __init__(self, plan: Plan = PLAN) -> None:
        self.cluster = SimulatedCluster(1, plan)
        self.world = self.cluster.world
        self.written = 0
        self.pause_s = 0.002
        """Between two writes."""
        self.refused: list[str] = []

    def play(self, scenario: Callable[[], object]) -> None:
        async def run() -> None:
            await self.cluster.start()
            connection = await self.cluster.database("setup").connect()
            await connection.execute("CREATE TABLE t (k int PRIMARY KEY, v int)")
            await connection.execute(
                "INSERT INTO t SELECT k, 0 FROM (VALUES " + ", ".join(f"({key})" for key in range(1, 21)) + ") AS x (k)"
            )
            supervising = asyncio.create_task(self.cluster.supervise())
            writing = asyncio.create_task(self._write())
            await scenario()  # type: ignore[misc]
            await self.until(lambda: self.controller is not None and self.controller.state.transfer is None)
            before = self.written
            await self.until(lambda: self.written > before + 20)
            writing.cancel()
            supervising.cancel()
            rows, _ = await connection.execute("SELECT sum(v) FROM t")
            assert int(str(rows[0][0])) >= self.written, "every row that was acknowledged is there"
            assert not [code for code in self.refused if code not in ("40001", "08006", "08007", "57P01", "08003")], (
                self.refused
            )

        with self.world:
            self.world.run(run(), 120.0)

    def key_after(self, key: int) -> int:
        """Which one is written next."""
        return key % 20 + 1

    async def _write(self) -> None:
        connection = None
        key = 0
        while True:
            key = self.key_after(key)
            try:
                connection = connection or await self.cluster.database("writer").connect()
                await connection.execute(f"UPDATE t SET v = v + 1 WHERE k = {key}")
                self.written += 1
            except (SqlError, DatabaseError, OSError) as error:
                self.refused.append(getattr(error, "sqlstate", "08006"))
                if connection is not None and connection.closed:
                    connection = None
            await asyncio.sleep(self.pause_s)

    @property
    def controller(self) -> Controller | None:
        process = self.world.processes[CONTROLLER]
        return cast(Controller, process.role(CONTROLLER)) if process.up else None

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        end = self.world.loop.time() + seconds
        while not condition():
            assert self.world.loop.time() < end, (
                self.written,
                self.refused[-5:],
                self.controller and self.controller.state.transfer,
            )
            await asyncio.sleep(0.001)

    async def transfer(self, target: int = 1, low: bytes = small_key(11), high: bytes | None = None) -> None:
        assert self.controller is not None
        await self.controller.change(lambda state: with_transfer(state, low, high, target))

    def leader(self, number: int) -> Adjudicator | None:
        return cast(Adjudicator | None, self.cluster.running(f"adjudicator/{number}"))

    def owner(self, key: int) -> int:
        assert self.controller is not None
        return self.controller.state.shard_map.adjudicator(bytes(6) + small_key(key))


def test_a_part_of_a_range_moves_under_load_and_back() -> None:
    scene = Scene()

    async def scenario() -> None:
        await scene.transfer()
        await scene.until(lambda: scene.controller is not None and scene.controller.state.transfer is None)
        assert [scene.owner(key) for key in (-1, 1, 10, 11, 20)] == [1, 2, 2, 1, 1]
        before = scene.written
        await scene.until(lambda: scene.written > before + 40)
        await scene.transfer(2)
        await scene.until(lambda: scene.owner(11) == 2)

    scene.play(scenario)
    assert set(scene.refused) <= {"40001"}
    assert len(scene.refused) <= 4, "only what was under way when the range moved"


@pytest.mark.parametrize(
    ("victim", "steps"), [(CONTROLLER, 0), (CONTROLLER, 3), (CONTROLLER, 6), ("adjudicator-2", 2), ("adjudicator-1", 6)]
)
def test_whoever_dies_on_the_way_the_range_arrives(victim: str, steps: int) -> None:
    """`steps`: virtual milliseconds after the decision counts."""
    scene = Scene()

    async def scenario() -> None:
        await scene.transfer()
        await asyncio.sleep(steps / 1000)
        scene.world.crash(victim)
        await scene.until(lambda: scene.world.processes[victim].up)
        await scene.until(lambda: scene.controller is not None and scene.owner(11) == 1)

    scene.play(scenario)


def test_a_source_whose_release_is_durable_does_not_take_the_keys_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller dies before it has heard, and so does the source: its successor knows the old map alone."""
    scene = Scene()
    receive = Adjudicator.receive
    deaf = True

    def without_answer(role: Adjudicator, sender: str, message: Message, reply: Reply | None) -> None:
        if isinstance(message, Release) and deaf and reply is not None:
            receive(role, sender, message, _Unheard())
        else:
            receive(role, sender, message, reply)

    monkeypatch.setattr(Adjudicator, "receive", without_answer)

    async def scenario() -> None:
        nonlocal deaf
        await scene.transfer()
        source = scene.leader(2)
        assert source is not None
        await scene.until(lambda: source._reign is not None and source._reign.writer.map_version == 2)
        await asyncio.sleep(0.05)
        scene.world.crash("adjudicator-2")
        await scene.until(
            lambda: (other := scene.leader(2)) is not None and other is not source and other._reign is not None
        )
        successor = scene.leader(2)
        assert successor is not None and successor._reign is not None
        assert successor._reign.ownership is None, "its journal tells of a map that nobody has told it of"
        before = scene.written
        await asyncio.sleep(0.5)
        assert scene.written == before, "nobody owns the keys"
        deaf = False
        await scene.until(lambda: scene.owner(11) == 1)

    scene.play(scenario)


class _Unheard:
    """A reply that is lost."""

    def __call__(self, message: Message) -> None:
        pass

    def fail(self, error: DatabaseError) -> None:
        pass
