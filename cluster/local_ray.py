"""An embedded Ray on this machine: one raylet an availability zone, labelled `az`, for this user alone.

Whoever may call Ray runs code as the user who started it, so three things keep others out (docs/security.md):

- Ray listens on loopback only. A Ray server does so where its node's address is exactly 127.0.0.1; with any other
  address, 127.0.0.2 included, it listens on all interfaces. cluster/listening.py looks at what came of it.
- Ray's servers answer nobody without the cluster's token: 256 random bits, made anew for each life of the cluster, in
  a file that only its user can read. Processes are handed the file's path in their environment; the token itself is
  in no environment and no command line.
- Ray's folder lies below one that only its user can enter, and what Ray opens to everybody in it (mode 0777) is
  closed again.

The raylets and Ray's own control process die with the process that made them, even by `kill -9` (Linux parent-death
signal), so a dead supervisor leaves nothing behind. A cluster on a real Ray cluster does without this module: it
connects to the nodes that are there, whose `az` labels were set with `ray start --labels az=...`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster import thrifty
from cluster.thrifty.modules import UNUSED, put_off

if TYPE_CHECKING:
    from cluster.state import ProcessState

LOOPBACK = "127.0.0.1"
"""To this address, and to no other, Ray binds its servers."""
TOKEN_BYTES = 32
OBJECT_STORE_BYTES = 100 << 20
"""Each raylet's shared memory; the hot path does not use it."""
ACTORS_A_NODE_MAX = 1000
SPARES_MAX = 8
"""Idle workers that Ray keeps on a node: one for each process of a zone, and those that ran a program's tasks."""


NAMESPACE = "eagleray"
"""Of a cluster's actors."""
FOREIGN = ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_NAMESPACE", "RAY_REDIS_ADDRESS", "RAY_OVERRIDE_NODE_ID_FOR_TESTING")
"""Settings of another Ray that a person's environment may hold: they would have this one use another's store,
identity or token."""


class NotProtected(Exception):
    """The embedded Ray would let others in; why, in one line."""


def make_token(path: Path) -> None:
    """Write a new random token, readable by this user only from its first moment. Raises OSError."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(TOKEN_BYTES))


def prepare_environment(temporary: Path, token: Path) -> None:
    """Must run before Ray is imported: what Ray reads from the environment at import. `token`: the file that holds
    the cluster's token."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["RAY_TMPDIR"] = str(temporary)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(token)
    # Without a cluster over several machines (the variable is read on Linux too) Ray takes 127.0.0.1 as it is, and
    # doesn't put the machine's own address in its place.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers run at niceness 15 unless told otherwise: right for batch jobs, wrong for a database.
    os.environ["RAY_worker_niceness"] = "0"
    # Idle workers that a node keeps, for spare ones; else as many as it has processors, so that only the head has any.
    os.environ["RAY_num_workers_soft_limit"] = str(SPARES_MAX)
    # Processors are there for submitted programs' tasks; no process is to wait for them before there are any.
    os.environ["RAY_prestart_worker_first_driver"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")


def guard() -> None:
    """Before this process starts a Ray or joins one. Raises NotProtected unless Ray asks for the token here, and has
    one."""
    import ray
    from ray._common import utils

    # Ray would give its folders mode 0777, for users who share them.
    utils.try_make_directory_shared = lambda directory_path: None
    raylet: Any = ray._raylet  # its stub file lacks these
    if raylet.get_authentication_mode() != raylet.AuthenticationMode.TOKEN:
        raise NotProtected("the embedded Ray does not ask for a token (RAY_AUTH_MODE)")
    if not raylet.AuthenticationTokenLoader.instance().has_token():
        raise NotProtected("the embedded Ray has no token (RAY_AUTH_TOKEN_PATH)")


@dataclass(frozen=True)
class LocalPlaces:
    """See ray_launcher.Places: by the label of each raylet. `zone_seats`: see ray_launcher.Places.seats."""

    controller_az: str
    zone_seats: Mapping[str, int] = field(default_factory=dict)

    def options(self, process: ProcessState) -> dict[str, Any]:
        return self._in_zone(process.az)

    def controller_options(self) -> dict[str, Any]:
        return self._in_zone(self.controller_az)

    @staticmethod
    def _in_zone(az: str) -> dict[str, Any]:
        return {"label_selector": {"az": az}, "resources": {"eagleray": 1}}

    def disks(self) -> Mapping[str, str]:
        return {}

    def seats(self) -> Mapping[str, int]:
        return self.zone_seats

    def make_room(self) -> None:
        """The raylets are there all the time."""

    def replace_lost(self) -> Collection[str]:
        """The supervisor starts them anew."""
        return ()

    def is_in_zone(self, process: ProcessState) -> bool:
        return True

    def release_room(self) -> None:
        """They stay."""

    def nodes(self) -> Mapping[str, str]:
        import ray

        told: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return {node["Labels"]["az"]: node["NodeID"] for node in told if node["Alive"] and "az" in node["Labels"]}


class LocalRay:
    """Start with `start()`, which returns Ray's address; end with `stop()`. `temporary` is a folder that only this
    user can enter. `seats`: of zones (actors/journal/seats.py)."""

    namespace = NAMESPACE
    is_joined = False
    host = "localhost"
    gateways: Mapping[int, str] = {}
    """As JoinedRay's: all are on this machine."""
    note = ""
    remembered: Mapping[str, Any] = {}

    def __init__(
        self,
        azs: tuple[str, ...],
        controller_az: str,
        temporary: Path,
        seats: Mapping[str, int],
        template: thrifty.Template,
    ) -> None:
        self._azs = azs
        self.places = LocalPlaces(controller_az, seats)
        self._temporary = temporary
        self._cluster: Any = None
        self._nodes: dict[str, Any] = {}
        self._template = template

    def start(self) -> str:
        """Raises NotProtected."""
        (self._temporary / "ray").mkdir(mode=0o700, exist_ok=True)
        put_off(*UNUSED)
        import ray._private.utils as ray_utils
        from ray._private.node import Node
        from ray.cluster_utils import Cluster

        guard()
        # Each node would take over SIGTERM and kill its processes; here the layers stop in order first (supervisor.py).
        ray_utils.set_sigterm_handler = lambda sigterm_handler: None
        # Ray would start, and wait for, the server of a dashboard that is left out.
        Node.start_api_server = lambda self, **_: None  # type: ignore[method-assign]
        thrifty.without_agents()
        thrifty.without_waiting()
        thrifty.side_by_side()
        cluster = Cluster(shutdown_at_exit=True)
        self._cluster = cluster
        for number, az in enumerate(self._azs):
            self._add_node(az, wait=number == 0)
        cluster.wait_for_nodes()
        import ray

        ray.init(address=str(cluster.address), namespace=self.namespace, log_to_driver=False, configure_logging=False)
        return str(cluster.address)

    def _add_node(self, az: str, wait: bool) -> None:
        from ray._private.utils import get_num_cpus

        self._nodes[az] = self._cluster.add_node(
            wait=wait,
            # For the tasks of submitted programs: the machine's, once, as Ray counts them (it heeds cgroups).
            num_cpus=max(int(get_num_cpus(override_docker_cpu_warning=True)), 1) if wait else 0,
            labels={"az": az},
            resources={"eagleray": ACTORS_A_NODE_MAX},
            object_store_memory=OBJECT_STORE_BYTES,
            node_ip_address=LOOPBACK,
            include_dashboard=False,
            dashboard_port=0,
            dashboard_agent_listen_port=0,
            include_log_monitor=False,
            no_monitor=True,
            **thrifty.NODE,
        )

    def close_folders(self) -> None:
        """Ray's agents give their folders mode 0777 as they start, whatever the umask says. Others cannot get to them
        (`temporary`); here they are closed too."""
        for folder, _, _ in os.walk(self._temporary):
            with suppress(FileNotFoundError):
                os.chmod(folder, 0o700)

    def mend(self) -> bool:
        """Replace raylets that have died. False when the head node (with Ray's control process) has, which nothing here
        can mend."""
        self._template.mend()
        for az, node in list(self._nodes.items()):
            if not node.dead_processes():
                continue
            if node is self._cluster.head_node:
                return False
            self._cluster.remove_node(node, allow_graceful=False)
            self._add_node(az, wait=False)
        return True

    def end(self) -> None:
        """Whatever runs ends with Ray."""

    def stop(self) -> None:
        if self._cluster is not None:
            self._cluster.shutdown()
            self._cluster = None
        self._template.end()
