"""The room of a cluster's zones on a Ray that it has joined: a node for each zone, made ready, and a share of it that
Ray sets aside.

    rooms = ZoneRooms(namespace, root, sockets, layout, wait_s=120)
    made = rooms.make(disks={}, new=True)     nodes are found, or waited for, and placement groups hold them
    made = rooms.replace(disks)               a zone whose node is lost has another, the others stay
    rooms.release()                           nothing of ours is on them; the autoscaler may take them away

Each zone lies on one node (policies/zones.py), and has a placement group of its own there, so that one may go without
the others. It asks for the node's label and for its IP address, so that Ray starts the zone's actors again where their
data is, also on a raylet that was started anew. Where a zone's node is not there, and Ray has an autoscaler, another
placement group asks for nodes by their labels alone; once Ray has them, their disks are looked at: a node that comes
back for its zone has the zone's data, and one that comes in the place of a lost one has none. Then the zone begins anew
there, if it is one of a minority, and is filled from the others.

Used by `up` (joined_ray.py) and, from zero on, by the controller; so it can be pickled. Calls block, and Ray must have
been joined.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from actors.common.settings import Layout
from cluster.node_folder import Look, Looked, Wanted, look_at, made_ready
from cluster.policies.zones import Asked, Node, NoZones, Zones, zones, zones_asked
from cluster.preflight import NotJoined

A = TypeVar("A")
R = TypeVar("R")

DISTRIBUTION = "eagleray"
ANSWER_S_MAX = 60.0
"""For a node to get the code, and to be made ready."""
ROOM_S_MAX = 20.0
"""For Ray to set aside what is free."""
END_S_MAX = 20.0
FREE_S_MAX = 3.0
"""For Ray to tell that what has just been given back is free."""
VIEW_S_MAX = 10.0
"""For this node's raylet to hear of one that has just come."""
HOPELESS_S = 15.0
"""For so long the autoscaler has had no nodes of the kinds that are asked for: not only because some are still
ending."""
HEAD = "node:__internal_head__"
SLIGHT = 0.001
"""Of a resource that is there only to name its node."""
ZONE = "-zone-"
"""In the name of a zone's placement group."""
NODE_ID = "ray.io/node-id"
"""Ray's own label."""
ASKING = "-asking"
"""Ends the name of the placement group that has the autoscaler add nodes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """`disks`: zone -> the number of the disk on its node. `note`: what a person must know, "" for nothing."""

    nodes: Mapping[str, Node]
    disks: Mapping[str, str]
    note: str = ""
    replaced: tuple[str, ...] = ()
    """Zones whose room is new, where others have kept theirs."""


@dataclass
class ZoneRooms:
    """`namespace`: of the cluster's actors; the names of its placement groups begin with it. `root`, `sockets`: folders
    that each node has. `door`: where a gateway is to listen on the first two zones' nodes; None: on none. `wait_s`: for
    nodes that Ray's autoscaler adds."""

    namespace: str
    root: Path
    sockets: Path
    layout: Layout
    wait_s: float
    doors: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Zone -> where a gateway is to listen on its node."""
    _looked: dict[str, Looked] = field(default_factory=dict)
    _ready: dict[str, str] = field(default_factory=dict)
    """By a node's id, which is that of its raylet's life: its folder, looked at, and made ready."""
    _last: dict[str, str] = field(default_factory=dict)
    """Zone -> its node's id, when there was room last. While they are all there no other need be looked at."""

    def make(self, disks: Mapping[str, str], *, new: bool = False) -> Made:
        """`disks`: as known, empty for a new cluster. Raises NotJoined, and nothing is left."""
        try:
            return self._make(disks, new)
        except NoZones as error:
            raise NotJoined(str(error)) from None

    def replace(self, disks: Mapping[str, str]) -> Made | None:
        """Zones that have no room any more, since their node is lost, get some on other nodes; their actors have ended
        with the old room. None where all have room. Raises NotJoined where there is no other node, or none yet, and
        nothing has changed."""
        lost = [az for az in self.layout.azs if _state(self._group(az)) != "CREATED"]
        if not lost:
            _remove([self._asking])
            return None
        try:
            nodes = self._nodes(disks)
            asked = zones_asked(nodes, self.layout.azs, disks)
            self._expect(asked, lost)
            chosen = zones(nodes, self.layout.azs, disks)
        except NoZones as error:
            raise NotJoined(str(error)) from None
        ready = self._make_ready(chosen, lost, new=False)
        _remove([self._asking, *map(self._group, lost)])
        self._set_aside(chosen, lost)
        self._last = {az: node.id for az, node in chosen.nodes.items()}
        return Made(chosen.nodes, {**disks, **ready}, chosen.note, tuple(lost))

    @property
    def nodes(self) -> Mapping[str, str]:
        """Zone -> its node's id, when there was room last."""
        return dict(self._last)

    @property
    def is_made(self) -> bool:
        """A controller that was started anew finds what the former one made."""
        return all(_state(self._group(az)) in ("CREATED", "RESCHEDULING") for az in self.layout.azs)

    def _group(self, az: str) -> str:
        return f"{self.namespace}{ZONE}{az}"

    @property
    def _asking(self) -> str:
        return self.namespace + ASKING

    def release(self) -> None:
        """Actors that are still there end."""
        remove_groups(self.namespace)

    def options(self, az: str) -> dict[str, Any]:
        """Of an actor in this zone."""
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        return {
            "scheduling_strategy": PlacementGroupSchedulingStrategy(ray.util.get_placement_group(self._group(az)), 0)
        }

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _make(self, disks: Mapping[str, str], new: bool) -> Made:
        self.release()
        nodes = self._nodes(disks)
        azs = self.layout.azs
        asked = zones_asked(nodes, azs, disks)
        try:
            if asked.lacking:
                self._ask(asked, lambda: zones(nodes, azs, disks))
                nodes = self._nodes(disks)
            chosen = zones(nodes, azs, disks)
            ready = self._make_ready(chosen, azs, new)
        finally:
            _remove([self._asking])
        self._set_aside(chosen, azs)
        self._last = {az: node.id for az, node in chosen.nodes.items()}
        return Made(chosen.nodes, ready, chosen.note)

    def _nodes(self, disks: Mapping[str, str]) -> list[Node]:
        import ray

        own = ray.get_runtime_context().get_node_id()
        nodes = [_node(told, own) for told in _told_nodes() if told["Alive"]]
        nodes = [
            node for node in nodes if node.cores or not (node.head and self.layout.az_cpus)
        ]  # a head without processors has no zone
        if not {node.id for node in nodes}.issuperset(self._last.values()) or not self._last:
            strange = [node for node in nodes if node.id not in self._looked]
            self._looked |= _on_nodes(look_at, {node.id: (node, Look(self.root, self.layout.azs)) for node in strange})
        looked = {node.id: self._looked.get(node.id, Looked("", ())) for node in nodes}
        return [replace(node, disk=looked[node.id].disk, holds=looked[node.id].holds) for node in nodes]

    def _ask(self, asked: Asked, otherwise: Callable[[], object]) -> None:
        """Has Ray's autoscaler add nodes. Returns once a node is there for each zone, held by a placement group until
        it is made ready, or where no autoscaler runs. Raises NotJoined where none come in `wait_s`, and what
        `otherwise` raises, if anything, where the autoscaler has none of the kind."""

        autoscaler = _Autoscaler()
        if not autoscaler.runs:
            return
        group = self._ask_for(asked, self.layout.azs)
        logger.info("waiting for nodes for %s, by the labels %s", ", ".join(asked.lacking), asked.selectors)
        end_s = time.monotonic() + self.wait_s
        while not group.wait(1):
            if autoscaler.hopeless_s(group.id.hex()) > HOPELESS_S:
                otherwise()
                return
            if time.monotonic() > end_s:
                zones_lacking = ", ".join(asked.lacking)
                raise NotJoined(
                    f"no node has come for zone {zones_lacking} in {self.wait_s:.0f} s: `ray status` tells "
                    f"what Ray's autoscaler does"
                )

    def _ask_for(self, asked: Asked, azs: Sequence[str]) -> Any:
        """The placement group that asks for a node for each of these zones."""
        import ray

        cpus, there = self.layout.az_cpus or SLIGHT, asked.nodes
        return ray.util.placement_group(
            [{"CPU": cpus, **({f"node:{there[az].ip}": SLIGHT} if az in there else {})} for az in azs],
            strategy="STRICT_SPREAD",
            name=self._asking,
            lifetime="detached",
            bundle_label_selector=[asked.selectors[az] for az in azs],
        )

    def _expect(self, asked: Asked, lost: Sequence[str]) -> None:
        """Ray's autoscaler, where one runs, is asked for nodes for lost zones, and goes on to be until they are there:
        NotJoined before that."""
        import ray

        lacking = [az for az in lost if az in asked.lacking]
        if not lacking or not _Autoscaler().runs:
            return
        if not _state(self._asking):
            self._ask_for(asked, lacking)
        if not ray.util.get_placement_group(self._asking).wait(FREE_S_MAX):
            raise NotJoined(f"no node has come yet for zone {', '.join(lacking)}")

    def _make_ready(self, chosen: Zones, azs: Sequence[str], new: bool) -> dict[str, str]:
        """The node of each of these zones has its folders, and what our code needs. Zone -> disk. Raises NotJoined."""
        strange = {az: chosen.nodes[az] for az in azs if chosen.nodes[az].id not in self._ready}
        requirements = requirements_declared()
        asked = {
            az: (node, Wanted(self.root, self.sockets, az, new, requirements, self.doors.get(az)))
            for az, node in strange.items()
        }
        for az, ready in _on_nodes(made_ready, asked).items():
            if ready.problem:
                raise NotJoined(f"node {chosen.nodes[az].ip}, for zone {az}: {ready.problem}")
            node = chosen.nodes[az]
            self._ready[node.id] = ready.disk
            self._looked[node.id] = Looked(ready.disk, (*node.holds, az))
        return {az: self._ready[chosen.nodes[az].id] for az in azs}

    def _set_aside(self, chosen: Zones, azs: Sequence[str]) -> None:
        """Room for these zones, which have none. Raises NotJoined, and they have none."""
        import ray

        cpus = self.layout.az_cpus
        if all(chosen.nodes[az].cores >= cpus for az in azs):
            await_over(lambda: min(_free(chosen, azs).values()) >= cpus, FREE_S_MAX)
        free = _free(chosen, azs)
        told = ", ".join(f"{az} (node {chosen.nodes[az].ip}) {free[az]:g}" for az in azs)
        no_room = NotJoined(
            f"no room: each zone asks for {cpus:g} CPU on its node (layout.az_cpus), and there are free for {told}"
        )
        if any(free[az] < cpus for az in azs):
            raise no_room
        groups = []
        for az in azs:
            bundle = {f"node:{chosen.nodes[az].ip}": SLIGHT, **({"CPU": cpus} if cpus else {})}
            groups.append(
                ray.util.placement_group(
                    [bundle], name=self._group(az), lifetime="detached", bundle_label_selector=[_selector(chosen, az)]
                )
            )
        end_s = time.monotonic() + ROOM_S_MAX
        if not all(group.wait(max(end_s - time.monotonic(), 0.1)) for group in groups):
            _remove(list(map(self._group, azs)))
            raise no_room


class _Autoscaler:
    """What Ray's autoscaler (v2) has told of itself."""

    def __init__(self) -> None:
        import ray

        self._address = ray.get_runtime_context().gcs_address
        self._hopeless_since: float | None = None
        self.runs = self._state().autoscaler_state_version > 0

    def hopeless_s(self, group: str) -> float:
        """For how long it has had no nodes for the placement group with this id."""
        lacking = any(group in gang.details for gang in self._state().infeasible_gang_resource_requests)
        if not lacking:
            self._hopeless_since = None
        elif self._hopeless_since is None:
            self._hopeless_since = time.monotonic()
        return time.monotonic() - self._hopeless_since if self._hopeless_since is not None else 0.0

    def _state(self) -> Any:
        import ray
        from ray.core.generated import autoscaler_pb2

        raylet: Any = ray._raylet  # the stub files lack these
        messages: Any = autoscaler_pb2
        reply = messages.GetClusterStatusReply()
        reply.ParseFromString(raylet.GcsClient(self._address).get_cluster_status(timeout_s=10))
        return reply.autoscaling_state


def requirements_declared() -> dict[str, str]:
    """Package -> version, as this one declares them."""
    try:
        declared = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return {}
    found = (re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^;\s]+)", line) for line in declared)
    return {match[1]: match[2] for match in found if match}


def own_node() -> Node:
    """That this program runs on."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    return next(_node(told, own) for told in _told_nodes() if told["NodeID"] == own)


def await_over(over: Callable[[], bool], s_max: float = END_S_MAX) -> None:
    """What Ray has been asked for comes to pass later; `s_max` at most."""
    end_s = time.monotonic() + s_max
    while not over() and time.monotonic() < end_s:
        time.sleep(0.05)


def remove_groups(namespace: str) -> None:
    """The placement groups of this cluster."""
    import ray

    groups = ray.util.placement_group_table().values()
    names = [str(group["name"]) for group in groups if group["state"] != "REMOVED"]
    _remove([name for name in names if name == namespace + ASKING or name.startswith(namespace + ZONE)])


def _selector(chosen: Zones, az: str) -> dict[str, str]:
    """By its zone's label Ray finds a node that was started anew. Nodes that neither label nor address tells apart are
    told by what they are called now."""
    own = {chosen.label: chosen.nodes[az].labels[chosen.label]} if chosen.label else {}
    alike = [
        node for node in chosen.nodes.values() if node.ip == chosen.nodes[az].ip and own.items() <= node.labels.items()
    ]
    return own if len(alike) == 1 else {**own, NODE_ID: chosen.nodes[az].id}


def _state(name: str) -> str:
    """Of the placement group; "" where there is none."""
    import ray

    try:
        group = ray.util.get_placement_group(name)
    except ValueError:
        return ""
    return str(ray.util.placement_group_table(group).get("state") or "")


def _remove(names: Sequence[str]) -> None:
    import ray

    groups = []
    for name in names:
        with suppress(ValueError):  # there is none
            groups.append(ray.util.get_placement_group(name))
    for group in groups:
        ray.util.remove_placement_group(group)
    await_over(lambda: all(ray.util.placement_group_table(group).get("state") in (None, "REMOVED") for group in groups))


def _told_nodes() -> list[dict[str, Any]]:
    import ray

    told: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return told


def _node(told: dict[str, Any], own: str) -> Node:
    resources = told["Resources"]
    return Node(
        id=told["NodeID"],
        ip=told["NodeManagerAddress"],
        labels=dict(told["Labels"]),
        cores=resources.get("CPU", 0.0),
        head=HEAD in resources,
        own=told["NodeID"] == own,
    )


def _on_nodes(work: Callable[[A], R], asked: Mapping[str, tuple[Node, A]]) -> dict[str, R]:
    """What `work` returns on each node. Raises NotJoined."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def ask(key: str) -> Any:
        node, question = asked[key]
        here = NodeAffinitySchedulingStrategy(node.id, soft=False)
        return ray.remote(work).options(num_cpus=0, max_retries=0, scheduling_strategy=here).remote(question)

    end_s = time.monotonic() + VIEW_S_MAX
    answers = {key: ask(key) for key in asked}
    results: dict[str, R] = {}
    while answers:
        key, answer = answers.popitem()
        ip = asked[key][0].ip
        try:
            results[key] = ray.get(answer, timeout=ANSWER_S_MAX)
        except ray.exceptions.GetTimeoutError:
            raise NotJoined(f"node {ip} does not answer in {ANSWER_S_MAX:.0f} s") from None
        except ray.exceptions.TaskUnschedulableError as error:
            if time.monotonic() > end_s:
                raise NotJoined(f"node {ip}: {_last_line(error)}") from None
            time.sleep(0.2)
            answers[key] = ask(key)
        except ray.exceptions.RayError as error:
            raise NotJoined(f"node {ip}: {_last_line(error)}") from None
    return results


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _free(chosen: Zones, azs: Sequence[str]) -> dict[str, float]:
    """Zone -> the processors of its node that nobody has."""
    from ray._private.state import available_resources_per_node

    free = available_resources_per_node()  # type: ignore[no-untyped-call]
    return {az: free.get(chosen.nodes[az].id, {}).get("CPU", 0.0) for az in azs}
