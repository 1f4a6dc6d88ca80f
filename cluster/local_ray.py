"""An embedded Ray on this machine: one raylet an availability zone, labelled `az`, all on the loopback address.

The raylets and Ray's own control process die with the process that made them, even by `kill -9` (Linux parent-death signal), so a dead
supervisor leaves nothing behind. A cluster on a real Ray cluster does without this module: it connects to the nodes that are there, whose `az` labels were
set with `ray start --labels az=...`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.2"
"""Of the loopback network, but not an address that Ray takes for "localhost" and replaces by the machine's own address."""
OBJECT_STORE_BYTES = 100 << 20
"""Each raylet's shared memory; the hot path does not use it."""
ACTORS_A_NODE_MAX = 1000


def prepare_environment(temporary: Path) -> None:
    """Must run before Ray is imported: what Ray reads from the environment at import."""
    os.environ["RAY_TMPDIR"] = str(temporary)
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers run at niceness 15 unless told otherwise: right for batch jobs, wrong for a database.
    os.environ["RAY_worker_niceness"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    os.environ.pop("RAY_ADDRESS", None)


class LocalRay:
    """Start with `start()`, which returns Ray's address; end with `stop()`."""

    def __init__(self, azs: tuple[str, ...], temporary: Path) -> None:
        self._azs = azs
        self._temporary = temporary
        self._cluster: Any = None
        self._nodes: dict[str, Any] = {}

    def start(self) -> str:
        self._temporary.mkdir(parents=True, exist_ok=True)
        (self._temporary / "ray").mkdir(exist_ok=True)
        from ray.cluster_utils import Cluster

        cluster = Cluster(shutdown_at_exit=True)
        self._cluster = cluster
        for number, az in enumerate(self._azs):
            self._add_node(az, wait=number == 0)
        cluster.wait_for_nodes()
        return str(cluster.address)

    def _add_node(self, az: str, wait: bool) -> None:
        self._nodes[az] = self._cluster.add_node(
            wait=wait,
            num_cpus=0,
            labels={"az": az},
            resources={"eagleray": ACTORS_A_NODE_MAX},
            object_store_memory=OBJECT_STORE_BYTES,
            node_ip_address=LOOPBACK,
            include_dashboard=False,
            dashboard_port=0,
            dashboard_agent_listen_port=0,
            include_log_monitor=False,
            no_monitor=True,
        )

    def mend(self) -> bool:
        """Replace raylets that have died. False when the head node (with Ray's control process) has, which nothing here can mend."""
        for az, node in list(self._nodes.items()):
            if not node.dead_processes():
                continue
            if node is self._cluster.head_node:
                return False
            self._cluster.remove_node(node, allow_graceful=False)
            self._add_node(az, wait=False)
        return True

    def stop(self) -> None:
        if self._cluster is not None:
            self._cluster.shutdown()
            self._cluster = None
