"""A Ray cluster that runs already, of one node or many, which `eagleray up --address` joins, and `down` leaves as it
was.

    ray = JoinedRay("auto", folder, settings, disks={}, seats={})
    ray.start()         looks, joins, and has the zones' room set aside (zone_rooms.py)
    ray.places          what the actors of each zone ask of Ray
    ray.end()           our actors and the placement group are gone; the Ray cluster goes on

Whatever is wrong is found before the first actor is made: NotJoined, in one line, and nothing is left.

A cluster that goes to zero has its gateways beside the controller, on the node of `up`, and none of its actors on
another node while it is there; else they are on the nodes of the first two zones, and clients reach the database where
one of them is lost.

Code comes to the nodes by Ray's runtime environment; Python, Ray and the packages that this one declares must be there.
Actors live in a namespace of this cluster's own, so several clusters may share a Ray.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.common.settings import Settings
from cluster import leftovers
from cluster.authority import Authority
from cluster.connection import HERE, moved
from cluster.data_folder import DataFolder
from cluster.node_folder import try_door
from cluster.policies.zones import seats_after
from cluster.preflight import NotJoined, look
from cluster.regions import doors
from cluster.state import ProcessState, stays_at_zero
from cluster.zone_rooms import HEAD, SLIGHT, Made, ZoneRooms, await_over, own_node, remove_groups

PACKAGES = ("actors", "cluster", "configs", "eagleray", "workloads")
"""What of ours runs on the nodes."""

logger = logging.getLogger(__name__)


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
    """See ray_launcher.Places. `controller_resource`: that only the node of `up` has. `gateways_beside`: gateways are
    there, too, so that at zero no other node has an actor."""

    rooms: ZoneRooms
    controller_az: str
    controller_resource: str
    gateways_beside: bool
    doors: Mapping[str, int]
    """Zone that has a gateway -> its port."""

    def options(self, process: ProcessState) -> dict[str, Any]:
        return self.rooms.options(process.az) if self.is_in_zone(process) else self.controller_options()

    def controller_options(self) -> dict[str, Any]:
        """On the machine of `up`, where commands find it, and the authority's key. It outlives the supervisor."""
        return {"resources": {self.controller_resource: SLIGHT}, "lifetime": "detached"}

    def disks(self) -> Mapping[str, str]:
        cluster = DataFolder(self.rooms.root).read_cluster() or {}
        return dict(cluster.get("disks", {}))

    def seats(self) -> Mapping[str, int]:
        cluster = DataFolder(self.rooms.root).read_cluster() or {}
        return dict(cluster.get("seats", {}))

    def make_room(self) -> None:
        """Raises NotJoined, DataFolderError, OSError."""
        if not self.rooms.is_made:
            known = self.disks()
            self._note(known, self.rooms.make(known))

    def replace_lost(self) -> Collection[str]:
        """Raises NotJoined, DataFolderError, OSError."""
        known = self.disks()
        made = self.rooms.replace(known)
        if made is None:
            return ()
        self._note(known, made)
        return made.replaced

    def _note(self, known: Mapping[str, str], made: Made) -> None:
        """A disk that is another than before is noted, and the zone's seat with it, before anything is written to
        it."""
        if made.disks != known:
            logger.warning("%s", made.note)
            folder = DataFolder(self.rooms.root)
            seats = seats_after(self.seats(), known, made.disks)
            folder.write_cluster({**(folder.read_cluster() or {}), "disks": dict(made.disks), "seats": seats})
            self._tell_where(folder, gateway_hosts(made, self.doors, beside=self.gateways_beside))

    def _tell_where(self, folder: DataFolder, gateways: Mapping[int, str]) -> None:
        """Commands on the machine of `up` find gateways there from now on: port -> host."""
        if (state := folder.read_state()) is None:
            return
        listening = self.rooms.layout.host
        url = moved(state["url"], listening, gateways)
        regions = {region: moved(other, listening, gateways) for region, other in state.get("regions", {}).items()}
        if (url, regions) != (state["url"], state.get("regions", {})):
            logger.warning("clients reach the cluster at %s now", " and ".join(regions.values()) or url)
            folder.write_state({**state, "url": url, "regions": regions})

    def is_in_zone(self, process: ProcessState) -> bool:
        return not (self.gateways_beside and stays_at_zero(process))

    def release_room(self) -> None:
        self.rooms.release()

    def nodes(self) -> Mapping[str, str]:
        return self.rooms.nodes


class JoinedRay:
    """`disks`: zone -> the disk with its data, `seats`: zone -> its seat; empty for a new cluster. Its authority has
    been made."""

    is_joined = True
    namespace: str
    places: JoinedPlaces

    def __init__(
        self,
        address: str,
        folder: DataFolder,
        settings: Settings,
        disks: Mapping[str, str],
        seats: Mapping[str, int],
    ) -> None:
        self._address = address
        self._folder = folder
        self._layout = settings.layout
        self._scaling = settings.scaling
        self._doors = doors(settings)
        self.disks = dict(disks)
        self.seats = dict(seats)
        self.namespace = f"eagleray-{Authority.read(folder.authority).cluster}"
        self.note = ""
        """What whoever starts the cluster must know; "" for nothing."""
        self.host = "localhost"
        """Where clients find a gateway."""
        self.gateways: Mapping[int, str] = {}
        """Port -> where clients find a gateway that listens there."""

    def start(self) -> str:
        """Ray's address. Raises NotJoined."""
        address = self.join()
        self.end()  # what a former life of this cluster has left
        if self._goes_to_zero:
            for port in set(self._doors.values()):
                try:
                    try_door(self._layout.host, port)
                except OSError as error:
                    raise NotJoined(f"{error.filename}: {error.strerror}") from None
        self._place()
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

    def _place(self) -> None:
        own = own_node()
        rooms = ZoneRooms(
            self.namespace,
            self._folder.root,
            self._folder.sockets,
            self._layout,
            self._scaling.wake_s,
            {} if self._goes_to_zero else {az: (self._layout.host, port) for az, port in self._doors.items()},
        )
        made = rooms.make(self.disks, new=not self.disks)
        self.seats = seats_after(self.seats, self.disks, made.disks)
        self.disks = dict(made.disks)
        self.places = JoinedPlaces(
            rooms,
            next((az for az, node in made.nodes.items() if node.own), self._layout.azs[-1]),
            HEAD if own.head else f"node:{own.ip}",
            self._goes_to_zero,
            self._doors,
        )
        self.gateways = gateway_hosts(made, self._doors, beside=self._goes_to_zero)
        self.host = self.gateways[self._layout.port]
        self.note = made.note

    @property
    def _goes_to_zero(self) -> bool:
        return self._scaling.zero_after_s > 0

    def end(self) -> list[str]:
        """End every actor of this cluster, and give its room back. The actors' names."""
        import ray

        if not ray.is_initialized():
            return []
        names: list[str] = ray.util.list_named_actors()
        for name in names:
            with suppress(ValueError):  # it has just ended
                ray.kill(ray.get_actor(name), no_restart=True)
        remove_groups(self.namespace)
        await_over(lambda: not ray.util.list_named_actors())
        return names

    @property
    def remembered(self) -> dict[str, Any]:
        """What the cluster must know of it at its next start."""
        return {"address": self._address, "disks": self.disks, "seats": self.seats}

    def mend(self) -> bool:
        """Its nodes are others' to look after."""
        return True

    def close_folders(self) -> None:
        """Ray's are not ours."""

    def stop(self) -> None:
        """The Ray cluster goes on."""


def gateway_hosts(made: Made, doors: Mapping[str, int], *, beside: bool) -> dict[int, str]:
    """Port -> where the machine of `up` finds a gateway that listens there. `beside`: they are on that machine."""
    hosts: dict[int, str] = {}
    for port in doors.values():
        nodes = [made.nodes[az] for az, own in doors.items() if own == port]
        hosts[port] = HERE if beside or any(node.own for node in nodes) else nodes[0].ip
    return hosts


def _code() -> list[str]:
    """The folders of our packages."""
    base = Path(__file__).resolve().parents[1]
    return [str(base / package) for package in PACKAGES]
