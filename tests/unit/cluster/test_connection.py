"""How clients connect once a gateway's zone has another node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.common.settings import Layout, Regions, Settings
from cluster.connection import moved, region_urls
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
    assert moved(url, listening, {}) == url
    assert (
        moved(url, listening, {9: "another's", **dict.fromkeys((5433, 1), gateway)})
        == f"postgresql://{expected}/postgres{rest}"
    )


PORTS = {"east": 5433, "west": 5434}


class Replaced(ZoneRooms):
    """Zone a has another node."""

    def replace(self, disks: Any) -> Made:
        nodes = {az: Node(id=az, ip=f"10.0.0.{number}") for number, az in enumerate(self.layout.azs, 7)}
        return Made(nodes, {**disks, "a": "another"}, "a note", ("a",))


def test_commands_follow_a_gateway_to_its_zones_new_node(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    folder.write_cluster({"format": 2, "disks": {"a": "1", "b": "2", "c": "3"}})
    urls = {region: f"postgresql://admin@10.0.0.1:{port}/postgres" for region, port in PORTS.items()}
    folder.write_state({"url": urls["east"], "regions": urls, "joined": True})
    rooms = Replaced("n", tmp_path, tmp_path, Layout(host="0.0.0.0"), 1.0)
    for beside, hosts in ((False, ("10.0.0.7", "10.0.0.8")), (True, ("localhost", "localhost"))):
        assert JoinedPlaces(rooms, "c", "head", beside, {"a": 5433, "b": 5434}).replace_lost() == ("a",)
        told = {
            region: f"postgresql://admin@{host}:{port}/postgres"
            for (region, port), host in zip(PORTS.items(), hosts, strict=True)
        }
        assert folder.read_state() == {"url": told["east"], "regions": told, "joined": True}
        folder.write_cluster({"format": 2, "disks": {"a": "1", "b": "2", "c": "3"}})


def test_each_region_has_a_connection_string_of_its_own() -> None:
    settings = Settings(regions=Regions({"a": "east", "b": "west", "c": "north"}, ("north",)))
    assert region_urls(settings, {5434: "10.0.0.8"}) == {
        "east": "postgresql://admin@localhost:5433/postgres",
        "west": "postgresql://admin@10.0.0.8:5434/postgres",
    }
    assert region_urls(Settings(), {}) == {}
