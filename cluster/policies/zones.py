"""Which node of a Ray cluster an availability zone lies on: a pure choice.

    zones(nodes, ("a", "b", "c"), disks={}) -> Zones({"a": Node(...), ...}, note="")

A node's zone is its label `az`, or else `ray.io/availability-zone`. Labels of other names than the zones stand for them
in their order. Where no node has one, zones are spread over the nodes, and the note says so. Of a zone's nodes one is
chosen, for good: its data lies there. A later start (`disks`: zone -> the disk that holds its data) finds the node
again by its disk; a minority of the zones may be without theirs, and begin on another node, where they are filled from
the others: rather on one that holds nothing of the zone, but what it held once does no harm there
(actors/journal/seats.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

LABELS = ("az", "ray.io/availability-zone")


class NoZones(Exception):
    """Why the zones cannot lie on these nodes, in one line."""


class Node(msgspec.Struct, frozen=True):
    """One that is alive. `own`: this program runs there. `disk`: the identity of its data folder, "" where there is
    none yet; `holds`: the zones whose data are in it."""

    id: str
    ip: str
    labels: dict[str, str] = {}
    cores: float = 0.0
    head: bool = False
    own: bool = False
    disk: str = ""
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Zones:
    """`label`: of the nodes, by which the zones were told; "" where there is none. `note`: what a person must know, ""
    for nothing."""

    nodes: dict[str, Node]
    label: str
    note: str


def zones(nodes: Sequence[Node], azs: Sequence[str], disks: Mapping[str, str]) -> Zones:
    """Raises NoZones."""
    ordered = sorted(
        nodes, key=lambda node: (not (node.own and node.cores), -node.cores, node.ip, node.id)
    )  # a head may be without cores
    label = next((label for label in LABELS if any(label in node.labels for node in nodes)), "")
    chosen, note = _by_label(ordered, azs, disks, label) if label else _spread(ordered, azs, disks)
    away = [az for az in azs if az in disks and chosen[az].disk != disks[az]]
    if len(away) > (len(azs) - 1) // 2:
        raise NoZones(f"the data of {_list(away, 'zone')} lies on nodes that are not there, and a majority is needed")
    for az in away:
        note += (
            f"{'; ' if note else ''}zone {az} begins anew on node {chosen[az].ip}: the one with its data is not there"
        )
    return Zones(chosen, label, note)


@dataclass(frozen=True)
class Asked:
    """What a Ray with an autoscaler is asked for. `lacking`: zones without a node, or whose data is on none of those
    there; `nodes`: those of the others, where known; `selectors`: zone -> the label that a node for it has."""

    lacking: tuple[str, ...]
    nodes: dict[str, Node]
    selectors: dict[str, dict[str, str]]


def zones_asked(nodes: Sequence[Node], azs: Sequence[str], disks: Mapping[str, str]) -> Asked:
    """Nodes that come on demand are told by a label; where there are none yet, by az with the zones' names. Nodes
    without labels that are enough for all zones are left as they are."""
    label = next((label for label in LABELS if any(label in node.labels for node in nodes)), "")
    if not label and len(nodes) >= len(azs):
        return Asked((), {}, {})
    label = label or LABELS[0]
    values = {node.labels[label] for node in nodes if label in node.labels}
    others = iter(sorted(values - set(azs)))
    names = {az: az if az in values else next(others, az) for az in azs}
    selectors = {az: {label: names[az]} for az in azs}
    of_zone = {az: [node for node in nodes if node.labels.get(label) == names[az]] for az in azs}
    with_data = {az: next((node for node in of_zone[az] if node.disk == disks.get(az)), None) for az in azs}
    known = {az: node for az, node in with_data.items() if node is not None and az in disks}
    lacking = tuple(az for az in azs if az not in known and (az in disks or not of_zone[az]))
    return Asked(lacking, known, selectors)


def _by_label(
    ordered: list[Node], azs: Sequence[str], disks: Mapping[str, str], label: str
) -> tuple[dict[str, Node], str]:
    groups: dict[str, list[Node]] = {}
    for node in ordered:
        if label in node.labels:
            groups.setdefault(node.labels[label], []).append(node)
    if len(groups) < len(azs):
        raise NoZones(
            f"{len(azs)} zones ({', '.join(azs)}) need nodes of as many, and those there have the label "
            f"{label} {', '.join(sorted(groups))}"
        )
    others = iter(sorted(set(groups) - set(azs)))
    names = {az: az if az in groups else next(others) for az in azs}
    chosen = {az: _with_disk(groups[names[az]], disks.get(az, ""), az) for az in azs}
    renamed = [f"{az} is {name}" for az, name in names.items() if az != name]
    return chosen, f"zones by the label {label}: {', '.join(renamed)}" if renamed else ""


def _spread(ordered: list[Node], azs: Sequence[str], disks: Mapping[str, str]) -> tuple[dict[str, Node], str]:
    if len(ordered) < len(azs):
        raise NoZones(f"{len(azs)} zones need as many nodes, and the Ray cluster has {len(ordered)}")
    free = list(ordered)
    chosen: dict[str, Node] = {}
    for az in sorted(azs, key=lambda az: not any(node.disk == disks.get(az) for node in free)):
        used = {node.ip for node in chosen.values()}
        node = _with_disk(sorted(free, key=lambda node: node.ip in used), disks.get(az, ""), az)
        chosen[az] = node
        free.remove(node)
    places = ", ".join(f"{az} on {chosen[az].ip}" for az in azs)
    return chosen, f"no node has a label az, so the zones are spread over the nodes: {places}"


def _with_disk(candidates: list[Node], disk: str, az: str) -> Node:
    return next(
        (node for node in candidates if disk and node.disk == disk),
        min(candidates, key=lambda node: bool(disk) and az in node.holds),
    )


def seats_after(seats: Mapping[str, int], before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, int]:
    """Zone -> how many times it has begun anew on another disk. `before`, `after`: zone -> its disk."""
    anew = {az: seats.get(az, 0) + 1 for az, disk in after.items() if az in before and before[az] != disk}
    return {**seats, **anew}


def _list(names: Sequence[str], noun: str) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {', '.join(names)}"
