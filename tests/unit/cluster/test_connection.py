"""How clients connect once a gateway's zone has another node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.common.settings import Layout
from cluster.connection import moved
from cluster.data_folder import DataFolder
from cluster.joined_ray import JoinedPlaces
from cluster.policies.zones import Node
from cluster.zone_rooms import Made, ZoneRooms


@pytest.mark.parametrize(
    ("url", "listening", "gateway", "expected"),
    [
        ("postgresql://admin@10.0.0.7:5433/postgres", "0.0.0.0", "10.0.0.8", "admin@10.0.0.8:5433"),
        ("postgresql://a%40b@10.0.0.7:1/postgres?sslmode=require", "0.0.0.0", "fd00::8", "a%40b@[fd00::8]:1"),
        ("postgresql://admin@10.0.0.7:5433/postgres", "0.0.0.0", "localhost", "admin@localhost:5433"),
        ("postgresql://admin@10.0.0.7:5433/postgres", "10.0.0.7", "localhost", "admin@10.0.0.7:5433"),
    ],
)
def test_a_connection_string_names_the_other_host(url: str, listening: str, gateway: str, expected: str) -> None:
    rest = url.partition("/postgres")[2]
    assert moved(url, listening, gateway) == f"postgresql://{expected}/postgres{rest}"


class Replaced(ZoneRooms):
    """Zone a has another node."""

    def replace(self, disks: Any) -> Made:
        nodes = {az: Node(id=az, ip=f"10.0.0.{number}") for number, az in enumerate(self.layout.azs, 7)}
        return Made(nodes, {**disks, "a": "another"}, "a note", ("a",))


def test_commands_follow_a_gateway_to_its_zones_new_node(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    folder.write_cluster({"format": 2, "disks": {"a": "1", "b": "2", "c": "3"}})
    folder.write_state({"url": "postgresql://admin@10.0.0.1:5433/postgres", "joined": True})
    rooms = Replaced("n", tmp_path, tmp_path, Layout(host="0.0.0.0"), 1.0)
    for beside, host in ((False, "10.0.0.7"), (True, "localhost")):
        assert JoinedPlaces(rooms, "c", "head", beside).replace_lost() == ("a",)
        state = folder.read_state()
        assert state == {"url": f"postgresql://admin@{host}:5433/postgres", "joined": True}
        folder.write_cluster({"format": 2, "disks": {"a": "1", "b": "2", "c": "3"}})
