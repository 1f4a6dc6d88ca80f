"""A Ray cluster that runs already, of one node or many, which `eagleray up --address` joins, and `down` leaves as it was.

    ray = JoinedRay("auto", folder, layout, disks={})
    ray.start()         looks, joins, finds the zones' nodes, makes them ready, and has Ray set their room aside (a placement group)
    ray.places          what the actors of each zone ask of Ray
    ray.end()           our actors and the placement group are gone; the Ray cluster goes on

Whatever is wrong is found before the first actor is made: NotJoined, in one line, and nothing is left.

Each zone lies on one node (policies/zones.py) and stays there: its bundle of the placement group asks for the node's label and for its IP
address, so that Ray starts the zone's actors again where their data is, also on a raylet that was started anew. A node whose address
changes is found again by the next `up`, by its disk (node_folder.py).

Code comes to the nodes by Ray's runtime environment; Python, Ray and the packages that this one declares must be there. Actors live in a
namespace of this cluster's own, so several clusters may share a Ray.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from actors.common.settings import Layout
from cluster import leftovers
from cluster.authority import Authority
from cluster.data_folder import DataFolder
from cluster.initial import GATEWAYS
from cluster.node_folder import Look, Wanted, look_at, made_ready
from cluster.policies.zones import Node, NoZones, Zones, zones
from cluster.preflight import NotJoined, look

A = TypeVar("A")
R = TypeVar("R")

PACKAGES = ("actors", "cluster", "configs", "eagleray", "workloads")
"""What of ours runs on the nodes."""
DISTRIBUTION = "eagleray"
ANSWER_S_MAX = 60.0
"""For a node to get the code, and to be made ready."""
ROOM_S_MAX = 20.0
END_S_MAX = 20.0
HEAD = "node:__internal_head__"
SLIGHT = 0.001
"""Of a resource that is there only to name its node."""


def prepare_environment() -> None:
    """Must run before Ray is imported. The token, and where it lies, are the user's own settings."""
    for name in ("RAY_NAMESPACE", "RAY_OVERRIDE_NODE_ID_FOR_TESTING", "RAY_RUNTIME_ENV_HOOK"):
        os.environ.pop(name, None)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")


@dataclass(frozen=True)
class JoinedPlaces:
    """See ray_launcher.Places. `bundles`: zone -> its bundle in `group`."""

    group: Any
    bundles: Mapping[str, int]
    controller_az: str
    controller_resource: str

    def options(self, az: str) -> dict[str, Any]:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        return {"scheduling_strategy": PlacementGroupSchedulingStrategy(self.group, self.bundles[az])}

    def controller_options(self) -> dict[str, Any]:
        """On the machine of `up`, where commands find it, and the authority's key. It outlives the supervisor."""
        return {"resources": {self.controller_resource: SLIGHT}, "lifetime": "detached"}


class JoinedRay:
    """`disks`: zone -> the disk with its data; empty for a new cluster. Its authority has been made."""

    namespace: str
    places: JoinedPlaces

    def __init__(self, address: str, folder: DataFolder, layout: Layout, disks: Mapping[str, str]) -> None:
        self._address = address
        self._folder = folder
        self._layout = layout
        self.disks = dict(disks)
        self.namespace = f"eagleray-{Authority.read(folder.authority).cluster}"
        self.note = ""
        """What whoever starts the cluster must know; "" for nothing."""
        self.host = "localhost"
        """Where clients find a gateway."""

    def start(self) -> str:
        """Ray's address. Raises NotJoined."""
        address = self.join()
        import ray

        self.end()  # what a former life of this cluster has left
        try:
            self._place(ray)
        except NoZones as error:
            raise NotJoined(str(error)) from None
        return address

    def join(self) -> str:
        """Ray's address: this process is one of its drivers. Raises NotJoined."""
        found = look(self._address)
        import ray

        try:
            ray.init(
                address=found.address,
                namespace=self.namespace,
                log_to_driver=False,
                configure_logging=False,
                runtime_env={"py_modules": _code(), "env_vars": {leftovers.MARK: str(self._folder.root)}},
            )
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            why = next(iter(str(error).splitlines()), type(error).__name__)
            raise NotJoined(
                f"the Ray at {found.address} cannot be joined from this machine, which must be one of its nodes: {why}"
            ) from None
        return found.address

    def _place(self, ray: Any) -> None:
        own = ray.get_runtime_context().get_node_id()
        nodes = [_node(told, own) for told in ray.nodes() if told["Alive"]]
        if self.disks:
            nodes = self._with_disks(nodes)
        chosen = zones(nodes, self._layout.azs, self.disks)
        self._make_ready(chosen)
        self.places = JoinedPlaces(
            self._room(ray, chosen),
            {az: number for number, az in enumerate(self._layout.azs)},
            next((az for az, node in chosen.nodes.items() if node.own), self._layout.azs[-1]),
            next(HEAD if node.head else f"node:{node.ip}" for node in nodes if node.own),
        )
        gateways = [chosen.nodes[az] for az in self._layout.azs[:GATEWAYS]]
        self.host = "localhost" if any(node.own for node in gateways) else gateways[0].ip
        self.note = chosen.note

    def _with_disks(self, nodes: Sequence[Node]) -> list[Node]:
        looks = _on_nodes(look_at, {node.id: (node, Look(self._folder.root, self._layout.azs)) for node in nodes})
        return [replace(node, disk=looks[node.id].disk, holds=looks[node.id].holds) for node in nodes]

    def _make_ready(self, chosen: Zones) -> None:
        """Each zone's node has its folders, and what our code needs. Raises NotJoined."""
        gateways = self._layout.azs[:GATEWAYS]
        asked = {
            az: (
                node,
                Wanted(
                    self._folder.root, self._folder.sockets, az, not self.disks, _requirements(), self._door if az in gateways else None
                ),
            )
            for az, node in chosen.nodes.items()
        }
        disks = {}
        for az, ready in _on_nodes(made_ready, asked).items():
            if ready.problem:
                raise NotJoined(f"node {chosen.nodes[az].ip}, for zone {az}: {ready.problem}")
            disks[az] = ready.disk
        self.disks = disks

    @property
    def _door(self) -> tuple[str, int]:
        return self._layout.host, self._layout.port

    def _room(self, ray: Any, chosen: Zones) -> Any:
        """The placement group, once Ray has found the room for it. Raises NotJoined."""
        cpus = self._layout.az_cpus
        bundles, selectors = [], []
        for az in self._layout.azs:
            node = chosen.nodes[az]
            bundles.append({f"node:{node.ip}": SLIGHT, **({"CPU": cpus} if cpus else {})})
            selectors.append({chosen.label: node.labels[chosen.label]} if chosen.label else {})
        free = _free(chosen)
        told = ", ".join(f"{az} (node {chosen.nodes[az].ip}) {free[az]:g}" for az in self._layout.azs)
        no_room = NotJoined(f"no room: each zone asks for {cpus:g} CPU on its node (layout.az_cpus), and there are free for {told}")
        if any(free[az] < cpus for az in self._layout.azs):
            raise no_room
        group = ray.util.placement_group(
            bundles, strategy="STRICT_SPREAD", name=self.namespace, lifetime="detached", bundle_label_selector=selectors
        )
        if not group.wait(ROOM_S_MAX):
            ray.util.remove_placement_group(group)
            raise no_room
        return group

    def end(self) -> list[str]:
        """End every actor of this cluster, and give its room back. The actors' names."""
        import ray

        if not ray.is_initialized():
            return []
        names: list[str] = ray.util.list_named_actors()
        for name in names:
            with suppress(ValueError):  # it has just ended
                ray.kill(ray.get_actor(name), no_restart=True)
        with suppress(ValueError):  # there is none
            group = ray.util.get_placement_group(self.namespace)
            ray.util.remove_placement_group(group)
            _await(lambda: ray.util.placement_group_table(group).get("state") in (None, "REMOVED"))
        _await(lambda: not ray.util.list_named_actors())
        return names

    @property
    def remembered(self) -> dict[str, Any]:
        """What the cluster must know of it at its next start."""
        return {"address": self._address, "disks": self.disks}

    def mend(self) -> bool:
        """Its nodes are others' to look after."""
        return True

    def close_folders(self) -> None:
        """Ray's are not ours."""

    def stop(self) -> None:
        """The Ray cluster goes on."""


def _await(over: Callable[[], bool]) -> None:
    """What Ray has been asked for comes to pass later; END_S_MAX at most."""
    end_s = time.monotonic() + END_S_MAX
    while not over() and time.monotonic() < end_s:
        time.sleep(0.05)


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

    answers = {
        key: ray.remote(work)
        .options(num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False))
        .remote(question)
        for key, (node, question) in asked.items()
    }
    results: dict[str, R] = {}
    for key, answer in answers.items():
        node = asked[key][0]
        try:
            results[key] = ray.get(answer, timeout=ANSWER_S_MAX)
        except ray.exceptions.GetTimeoutError:
            raise NotJoined(f"node {node.ip} does not answer in {ANSWER_S_MAX:.0f} s") from None
        except ray.exceptions.RayError as error:
            raise NotJoined(f"node {node.ip}: {_last_line(error)}") from None
    return results


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _code() -> list[str]:
    """The folders of our packages."""
    base = Path(__file__).resolve().parents[1]
    return [str(base / package) for package in PACKAGES]


def _requirements() -> dict[str, str]:
    """Package -> version, as this one declares them."""
    try:
        declared = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return {}
    found = (re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^;\s]+)", line) for line in declared)
    return {match[1]: match[2] for match in found if match}


def _free(chosen: Zones) -> dict[str, float]:
    """Zone -> the processors of its node that nobody has."""
    from ray._private.state import available_resources_per_node

    free = available_resources_per_node()  # type: ignore[no-untyped-call]
    return {az: free.get(node.id, {}).get("CPU", 0.0) for az, node in chosen.nodes.items()}
