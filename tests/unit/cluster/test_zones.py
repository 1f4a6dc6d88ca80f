"""Which nodes of a Ray cluster the zones lie on, and why they cannot."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cluster.policies.zones import Node, NoZones, seats_after, zones, zones_asked
from cluster.preflight import Found, NotJoined, check_versions

AZS = ("a", "b", "c")


def node(number: int, zone: str = "", label: str = "az", **more: object) -> Node:
    made = Node(id=f"n{number}", ip=f"10.0.0.{number}", labels={label: zone} if zone else {}, cores=4.0)
    return replace(made, **more)


LABELLED = [node(1, "c"), node(2, "a"), node(3, "b"), node(4, "b", cores=8.0), node(5), node(6, "d")]


def places(chosen: dict[str, Node]) -> dict[str, str]:
    return {az: found.id for az, found in chosen.items()}


def test_labels_tell_zones() -> None:
    """Of a zone's nodes the one with the most cores is taken, or this program's own; others have no zone."""
    found = zones(LABELLED, AZS, {})
    assert places(found.nodes) == {"a": "n2", "b": "n4", "c": "n1"} and (found.label, found.note) == ("az", "")
    own = [replace(one, own=one.id == "n3") for one in LABELLED]
    assert places(zones(own, AZS, {}).nodes)["b"] == "n3"
    head = [replace(one, cores=0.0) if one.own else one for one in own]
    assert places(zones(head, AZS, {}).nodes)["b"] == "n4"


def test_labels_of_other_names_stand_for_the_zones_in_their_order() -> None:
    nodes = [node(number, zone, "ray.io/availability-zone") for number, zone in ((1, "eu-1c"), (2, "eu-1a"), (3, "b"))]
    found = zones(nodes, AZS, {})
    assert places(found.nodes) == {"a": "n2", "b": "n3", "c": "n1"}
    assert found.note == "zones by the label ray.io/availability-zone: a is eu-1a, c is eu-1c"


def test_without_labels_zones_are_spread_over_hosts() -> None:
    nodes = [node(1), node(2, ip="10.0.0.1"), node(3), node(4, own=True)]
    found = zones(nodes, AZS, {})
    assert places(found.nodes) == {"a": "n4", "b": "n1", "c": "n3"} and found.label == ""
    assert (
        found.note
        == "no node has a label az, so the zones are spread over the nodes: a on 10.0.0.4, b on 10.0.0.1, c on 10.0.0.3"
    )


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([], "3 zones need as many nodes, and the Ray cluster has 0"),
        ([node(1), node(2)], "3 zones need as many nodes, and the Ray cluster has 2"),
        (
            [node(1, "a"), node(2, "b"), node(3)],
            r"3 zones \(a, b, c\) need nodes of as many, and those there have the label az a, b",
        ),
    ],
)
def test_too_few_nodes(nodes: list[Node], why: str) -> None:
    with pytest.raises(NoZones, match=why):
        zones(nodes, AZS, {})


@pytest.mark.parametrize("label", ["", "az"])
def test_a_later_start_finds_the_data(label: str) -> None:
    nodes = [
        node(number, zone if label else "", disk=f"d{number}", holds=(zone,)) for number, zone in enumerate("aabbcc", 1)
    ]
    disks = {"a": "d2", "b": "d3", "c": "d6"}
    assert places(zones(nodes, AZS, disks).nodes) == {"a": "n2", "b": "n3", "c": "n6"}
    without = [one for one in nodes if one.id != "n6"]
    older = zones(without if label else [nodes[1], nodes[2], nodes[4]], AZS, disks)
    assert places(older.nodes)["c"] == "n5" and "zone c begins anew" in older.note
    clean = zones([*without, node(9, "c" if label else "")], AZS, disks)
    assert not label or places(clean.nodes)["c"] == "n9", "rather where nothing of the zone is"
    fresh = [*[one for one in without if one.id in ("n2", "n3")], node(9, "c" if label else "")]
    found = zones(fresh, AZS, disks)
    assert places(found.nodes)["c"] == "n9" and found.note.endswith(
        "zone c begins anew on node 10.0.0.9: the one with its data is not there"
    )
    with pytest.raises(NoZones, match="the data of zones a, b lies on nodes that are not there"):
        zones([node(7, "a" if label else ""), node(8, "b" if label else ""), nodes[5]], AZS, disks)


def test_a_seat_rises_with_each_other_disk() -> None:
    disks = {"a": "d1", "b": "d2"}
    assert seats_after({}, {}, disks) == {} == seats_after({}, disks, disks)
    once = seats_after({}, disks, {"a": "d1", "b": "d3"})
    assert once == {"b": 1} and seats_after(once, {"a": "d1", "b": "d3"}, disks) == {"b": 2}, (
        "also where it comes back to one"
    )


def test_versions_must_be_the_same() -> None:
    check_versions(Found("h:1", "2.60.0", "3.11.9"), "2.60.0", "3.11.9")
    with pytest.raises(
        NotJoined, match=r"the Ray at h:1 runs Ray 2\.59\.1, and `up` Ray 2\.60\.0: they must be the same"
    ):
        check_versions(Found("h:1", "2.59.1", "3.11.9"), "2.60.0", "3.11.9")
    with pytest.raises(NotJoined, match=r"runs Python 3\.12\.1, and `up` Python 3\.11\.9"):
        check_versions(Found("h:1", "2.60.0", "3.12.1"), "2.60.0", "3.11.9")
    with pytest.raises(NotJoined, match="runs Ray of an unknown version"):
        check_versions(Found("h:1"), "2.60.0", "3.11.9")


def test_what_an_autoscaler_is_asked_for() -> None:
    """Zones without a node, and those whose data is on none that is there; the others stay where their data is."""
    head = node(9, head=True, cores=0.0)
    asked = zones_asked([head], AZS, {})
    assert asked.lacking == AZS and asked.nodes == {} and asked.selectors == {az: {"az": az} for az in AZS}
    assert zones_asked(LABELLED, AZS, {}).lacking == ()
    some = zones_asked([head, node(1, "b")], AZS, {})
    assert some.lacking == ("a", "c") and some.nodes == {}
    disks = {"a": "d1", "b": "d2", "c": "d3"}
    at_zero = [head, node(1, "a", disk="d1", holds=("a",)), node(2, "b")]
    asked = zones_asked(at_zero, AZS, disks)
    assert asked.lacking == ("b", "c") and places(asked.nodes) == {"a": "n1"}
    named = [node(1, "eu-1b", "ray.io/availability-zone")]
    assert zones_asked(named, AZS, {}).selectors["a"] == {"ray.io/availability-zone": "eu-1b"}
    assert zones_asked([node(1), node(2), node(3)], AZS, disks).lacking == (), (
        "without labels nobody knows what to ask for"
    )
