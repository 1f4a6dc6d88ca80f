"""Which nodes have a zone's spare workers when a raylet has died."""

from __future__ import annotations

from typing import Any

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
