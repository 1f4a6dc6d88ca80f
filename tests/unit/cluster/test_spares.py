"""Which nodes have a zone's spare workers when a raylet has died."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from cluster import spares
from cluster.spares import now_there


def node(name: str, az: str, address: str = "10.0.0.1", alive: bool = True) -> dict[str, Any]:
    labels = {"az": az, "ray.io/node-id": name}
    return {"NodeID": name, "Alive": alive, "NodeManagerAddress": address, "Labels": labels}


NODES = {"a": "1", "b": "2"}


def test_a_node_that_lives_is_its_zones() -> None:
    assert now_there(NODES, [node("1", "a"), node("2", "b"), node("3", "b")]) == NODES


def test_a_dead_ones_successor_has_its_address_and_labels() -> None:
    dead = node("2", "b", alive=False)
    assert now_there(NODES, [node("1", "a"), dead]) == {"a": "1"}
    assert now_there(NODES, [node("1", "a"), dead, node("3", "b")]) == {"a": "1", "b": "3"}
    assert now_there(NODES, [node("1", "a"), dead, node("3", "a"), node("4", "b", "10.0.0.2")]) == {"a": "1"}
    assert now_there(NODES, [node("1", "a")]) == {"a": "1"}, "Ray has forgotten it"


def test_two_that_died_have_two_successors() -> None:
    alike = [node(name, "x", alive=name in "34") for name in "1234"]
    assert now_there(NODES, alike) == {"a": "3", "b": "4"}
    assert now_there(NODES, alike[:3]) == {"a": "3"}


class Raylets:
    """Ray's nodes, and what they have been asked for. A node in `silent` cannot be asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told = [node("1", "a"), node("2", "b")]
        self.silent = {"2"}
        self.asked: list[dict[str, int]] = []
        monkeypatch.setattr(spares.ray, "nodes", lambda: self.told)
        monkeypatch.setattr(spares, "keep_spares", self.keep)
        monkeypatch.setattr(spares, "LOOK_S", 0.01)

    def keep(self, wanted: dict[str, int], told: list[dict[str, Any]]) -> dict[str, int]:
        assert told is self.told
        self.asked.append(dict(wanted))
        return {name: count for name, count in wanted.items() if name not in self.silent}

    async def until_asked(self, times: int) -> None:
        while len(self.asked) < times:
            await asyncio.sleep(0)


def test_each_node_is_asked_once_and_a_successor_again(monkeypatch: pytest.MonkeyPatch) -> None:
    raylets = Raylets(monkeypatch)

    async def main() -> None:
        keeper = spares.SpareWorkers(lambda: NODES)
        keeper.begin(Counter({"a": 1, "b": 2}))
        await raylets.until_asked(3)
        assert raylets.asked[:3] == [{"1": 1, "2": 2}, {"2": 2}, {"2": 2}], (
            "the silent one is asked again, and no other"
        )
        raylets.silent = set()
        before = len(raylets.asked)
        while {} not in raylets.asked[before:]:
            await asyncio.sleep(0)
        raylets.told = [raylets.told[0], node("2", "b", alive=False), node("3", "b")]
        while {"3": 2} not in raylets.asked:
            await asyncio.sleep(0)
        keeper.end()
        count = raylets.asked.count({"1": 1, "2": 2})
        keeper.begin(Counter({"a": 1, "b": 2}))
        while {"1": 1, "3": 2} not in raylets.asked:
            await asyncio.sleep(0)
        assert raylets.asked.count({"1": 1, "2": 2}) == count
        keeper.end()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_nothing_is_asked_once_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    raylets = Raylets(monkeypatch)

    async def main() -> None:
        keeper = spares.SpareWorkers(lambda: NODES)
        keeper.begin(Counter({"b": 1}))
        keeper.end()
        await raylets.until_asked(1)
        for _ in range(10):
            await asyncio.get_running_loop().run_in_executor(None, int)
        assert keeper._timer is None and len(raylets.asked) == 1

    asyncio.run(asyncio.wait_for(main(), 20))
