"""One raylet of this machine, a worker node of a Ray cluster, in the foreground: `python -m cluster.raylet SPEC`, a
JSON object (`Spec`).

It ends with its input, so with the process that holds the other end (local_nodes.py, by which Ray's autoscaler starts
it), and when its raylet has ended, as where the autoscaler has drained it. The token and its mode are in the
environment.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import Any

import msgspec

from cluster import thrifty
from cluster.local_ray import LOOPBACK, OBJECT_STORE_BYTES, guard


class Spec(msgspec.Struct, frozen=True):
    """`instance`: by which the autoscaler knows the node. `kind`: its node type there. `folder`: for the raylet's
    sockets; nodes that start side by side would choose the same ones in Ray's."""

    address: str
    instance: str
    kind: str
    folder: str
    resources: dict[str, float] = {}
    labels: dict[str, str] = {}


def main() -> None:
    spec = msgspec.json.decode(sys.argv[1], type=Spec)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    node = _start(spec)
    while not node.dead_processes():
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if sys.stdin.fileno() in ready:
            break
        os.read(woken, 4096)
    node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
    os._exit(0)  # Ray's exit hooks would look for what has ended


def _start(spec: Spec) -> Any:
    os.environ["RAY_CLOUD_INSTANCE_ID"] = spec.instance
    os.environ["RAY_NODE_TYPE_NAME"] = spec.kind
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    guard()
    thrifty.without_agents()
    thrifty.without_waiting()
    make: Any = RayParams  # its annotations are narrower than what it takes
    resources = dict(spec.resources)
    parameters = make(
        gcs_address=spec.address,
        redis_address=spec.address,
        num_cpus=resources.pop("CPU", 0.0),
        num_gpus=resources.pop("GPU", 0.0),
        object_store_memory=int(resources.pop("object_store_memory", OBJECT_STORE_BYTES)),
        resources=resources,
        labels=spec.labels,
        raylet_socket_name=f"{spec.folder}/{spec.instance}.raylet",
        plasma_store_socket_name=f"{spec.folder}/{spec.instance}.plasma",
        node_ip_address=LOOPBACK,
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        dashboard_agent_listen_port=0,
        include_log_monitor=False,
        **thrifty.NODE,
    )
    return Node(parameters, head=False, shutdown_at_exit=False)


if __name__ == "__main__":
    main()
