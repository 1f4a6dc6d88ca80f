"""What the upkeep's witness tells of: a filling beside a checkpoint or a merge of the same life of a replica, and
nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors.storage import filling
from actors.storage.maintenance import Maintenance
from cluster.simulation.upkeep_witness import UpkeepWitness
from tests.sim.telling_world import TellingWorld, Told


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Iterator[UpkeepWitness]:
    async def turn(*_: Any) -> bool:
        await asyncio.sleep(0)
        return True

    monkeypatch.setattr(Maintenance, "checkpoint", turn)
    monkeypatch.setattr(Maintenance, "merge", turn)
    monkeypatch.setattr(filling, "fill", turn)
    world = TellingWorld(1)
    witness = UpkeepWitness(world)
    with witness.watching():
        yield witness


def store() -> Any:
    return SimpleNamespace(disk=object(), checkpoint_ts=0)


async def fill(one: Any) -> Any:
    return await filling.fill(*(None, [], one, None))  # type: ignore[arg-type]


def test_one_after_the_other_and_beside_another_replica(witness: UpkeepWitness) -> None:
    async def run() -> None:
        one, other = store(), store()
        await asyncio.gather(Maintenance(one, 8).checkpoint(0, 0), Maintenance(one, 8).merge(0), fill(other))
        await fill(one)
        await Maintenance(one, 8).merge(0)

    asyncio.run(run())
    assert witness.fillings == 2


@pytest.mark.parametrize("first", ["checkpoint", "merge", "fill"])
def test_a_filling_beside_another(witness: UpkeepWitness, first: str) -> None:
    async def run() -> None:
        one = store()
        maintenance = Maintenance(one, 8)
        works = {"checkpoint": maintenance.checkpoint(0, 0), "merge": maintenance.merge(0), "fill": fill(one)}
        second = "merge" if first == "fill" else "fill"
        for name in works.keys() - {first, second}:
            works[name].close()
        await asyncio.gather(works[first], works[second])

    with pytest.raises(Told, match="is filled while a"):
        asyncio.run(run())
