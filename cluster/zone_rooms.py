"""The room of a cluster's zones on a Ray that it has joined: a node for each zone, made ready, and a share of it that Ray sets aside.

    rooms = ZoneRooms(namespace, root, sockets, layout, wait_s=120)
    made = rooms.make(disks={}, new=True)     nodes are found, or waited for, and a placement group holds them
    rooms.release()                           nothing of ours is on them; the autoscaler may take them away

Each zone lies on one node (policies/zones.py). Its bundle of the placement group asks for the node's label and for its IP address, so that Ray starts the
zone's actors again where their data is, also on a raylet that was started anew. Where a zone's node is not there, and Ray has an autoscaler, a first
placement group asks for nodes by their labels alone; once Ray has them, their disks are looked at: a node that comes back for its zone has
the zone's data, and one that comes in the place of a lost one has none. Then the zone begins anew there, if it is one of a minority, and is filled from the others.

Used by `up` (joined_ray.py) and, from zero on, by the controller; so it can be pickled. Calls block, and Ray must have been joined.
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import time
from collections.abc import Callable, Mapping
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
"""For so long the autoscaler has had no nodes of the kinds that are asked for: not only because some are still ending."""
HEAD = "node:__internal_head__"
SLIGHT = 0.001
"""Of a resource that is there only to name its node."""
ASKING = "-asking"
"""Ends the name of the placement group that has the autoscaler add nodes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """`disks`: zone -> the number of the disk on its node. `note`: what a person must know, "" for nothing."""

    nodes: Mapping[str, Node]
    disks: Mapping[str, str]
    note: str = ""


@dataclass
class ZoneRooms:
    """`namespace`: of the cluster's actors, and the name of its placement group. `root`, `sockets`: folders that each node has. `door`: where a gateway is
    to listen on the first two zones' nodes; None: on none. `wait_s`: for nodes that Ray's autoscaler adds."""

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

    @property
    def is_made(self) -> bool:
        """A controller that was started anew finds what the former one made."""
        return _state(self.namespace) in ("CREATED", "RESCHEDULING")

    def release(self) -> None:
        """Actors that are still there end."""
        remove_groups(self.namespace)

    def options(self, az: str) -> dict[str, Any]:
        """Of an actor in this zone."""
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        group = ray.util.get_placement_group(self.namespace)
        return {"scheduling_strategy": PlacementGroupSchedulingStrategy(group, self.layout.azs.index(az))}

    # -- nodes --------------------------------------------------------------------------------------------------------------------

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
            ready = self._make_ready(chosen, new)
        finally:
            _remove(self.namespace + ASKING)
        self._set_aside(chosen)
        self._last = {az: node.id for az, node in chosen.nodes.items()}
        return Made(chosen.nodes, ready, chosen.note)

    def _nodes(self, disks: Mapping[str, str]) -> list[Node]:
        import ray

        own = ray.get_runtime_context().get_node_id()
        nodes = [_node(told, own) for told in _told_nodes() if told["Alive"]]
        nodes = [node for node in nodes if node.cores or not (node.head and self.layout.az_cpus)]  # a head without processors has no zone
        if not {node.id for node in nodes}.issuperset(self._last.values()) or not self._last:
            strange = [node for node in nodes if node.id not in self._looked]
            self._looked |= _on_nodes(look_at, {node.id: (node, Look(self.root, self.layout.azs)) for node in strange})
        looked = {node.id: self._looked.get(node.id, Looked("", ())) for node in nodes}
        return [replace(node, disk=looked[node.id].disk, holds=looked[node.id].holds) for node in nodes]

    def _ask(self, asked: Asked, otherwise: Callable[[], object]) -> None:
        """Has Ray's autoscaler add nodes. Returns once a node is there for each zone, held by a placement group until it is made ready, or where no autoscaler
        runs. Raises NotJoined where none come in `wait_s`, and what `otherwise` raises, if anything, where the autoscaler has none of the kind."""
        import ray

        autoscaler = _Autoscaler()
        if not autoscaler.runs:
            return
        cpus, there = self.layout.az_cpus or SLIGHT, asked.nodes
        bundles = [{"CPU": cpus, **({f"node:{there[az].ip}": SLIGHT} if az in there else {})} for az in self.layout.azs]
        group = ray.util.placement_group(
            bundles,
            strategy="STRICT_SPREAD",
            name=self.namespace + ASKING,
            lifetime="detached",
            bundle_label_selector=[asked.selectors[az] for az in self.layout.azs],
        )
        logger.info("waiting for nodes for %s, by the labels %s", ", ".join(asked.lacking), asked.selectors)
        end_s = time.monotonic() + self.wait_s
        while not group.wait(1):
            if autoscaler.hopeless_s(group.id.hex()) > HOPELESS_S:
                otherwise()
                return
            if time.monotonic() > end_s:
                zones_lacking = ", ".join(asked.lacking)
                raise NotJoined(
                    f"no node has come for zone {zones_lacking} in {self.wait_s:.0f} s: `ray status` tells what Ray's autoscaler does"
                )

    def _make_ready(self, chosen: Zones, new: bool) -> dict[str, str]:
        """Each zone's node has its folders, and what our code needs. Zone -> disk. Raises NotJoined."""
        strange = {az: node for az, node in chosen.nodes.items() if node.id not in self._ready}
        requirements = requirements_declared()
        asked = {az: (node, Wanted(self.root, self.sockets, az, new, requirements, self.doors.get(az))) for az, node in strange.items()}
        for az, ready in _on_nodes(made_ready, asked).items():
            if ready.problem:
                raise NotJoined(f"node {chosen.nodes[az].ip}, for zone {az}: {ready.problem}")
            node = chosen.nodes[az]
            self._ready[node.id] = ready.disk
            self._looked[node.id] = Looked(ready.disk, (*node.holds, az))
        return {az: self._ready[node.id] for az, node in chosen.nodes.items()}

    def _set_aside(self, chosen: Zones) -> None:
        """Raises NotJoined."""
        import ray

        cpus = self.layout.az_cpus
        bundles, selectors = [], []
        for az in self.layout.azs:
            node = chosen.nodes[az]
            bundles.append({f"node:{node.ip}": SLIGHT, **({"CPU": cpus} if cpus else {})})
            selectors.append({chosen.label: node.labels[chosen.label]} if chosen.label else {})
        if all(node.cores >= cpus for node in chosen.nodes.values()):
            await_over(lambda: min(_free(chosen).values()) >= cpus, FREE_S_MAX)
        free = _free(chosen)
        told = ", ".join(f"{az} (node {chosen.nodes[az].ip}) {free[az]:g}" for az in self.layout.azs)
        no_room = NotJoined(f"no room: each zone asks for {cpus:g} CPU on its node (layout.az_cpus), and there are free for {told}")
        if any(free[az] < cpus for az in self.layout.azs):
            raise no_room
        group = ray.util.placement_group(
            bundles, strategy="STRICT_SPREAD", name=self.namespace, lifetime="detached", bundle_label_selector=selectors
        )
        if not group.wait(ROOM_S_MAX):
            self.release()
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
    _remove(namespace)
    _remove(namespace + ASKING)


def _state(name: str) -> str:
    """Of the placement group; "" where there is none."""
    import ray

    try:
        group = ray.util.get_placement_group(name)
    except ValueError:
        return ""
    return str(ray.util.placement_group_table(group).get("state") or "")


def _remove(name: str) -> None:
    import ray

    try:
        group = ray.util.get_placement_group(name)
    except ValueError:  # there is none
        return
    ray.util.remove_placement_group(group)
    await_over(lambda: ray.util.placement_group_table(group).get("state") in (None, "REMOVED"))


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


def _free(chosen: Zones) -> dict[str, float]:
    """Zone -> the processors of its node that nobody has."""
    from ray._private.state import available_resources_per_node

    free = available_resources_per_node()  # type: ignore[no-untyped-call]
    return {az: free.get(node.id, {}).get("CPU", 0.0) for az, node in chosen.nodes.items()}
