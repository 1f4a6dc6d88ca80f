"""A Ray cluster on this machine whose worker nodes come and go with what its actors ask for: a head without processors,
and Ray's autoscaler (v2) with a node provider of ours (local_nodes.py). For demos and tests of what a cluster does on
such a Ray.

    with AutoscaledRay(folder, zones=("a", "b", "c")) as ray:       a node of each zone at most, labelled az
        ray.address, ray.token                                      for `eagleray up --address`, and RAY_AUTH_TOKEN_PATH
        raylets(folder)                                             process ids, from the operating system

It runs in a process of its own (`python -m cluster.autoscaled_ray FOLDER OPTIONS`), which ends with its input.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from cluster import free_ports, thrifty
from cluster.local_ray import LOOPBACK, OBJECT_STORE_BYTES, guard, make_token, prepare_environment
from cluster.private_folders import require_private

HEAD = "head"
END_S_MAX = 30.0
RAYLET_S_MAX = 120
"""Ray gives a raylet 30 s to start, which few busy processors cannot keep to."""
COMMANDS = ("setup", "head_setup", "worker_setup", "initialization", "head_start_ray", "worker_start_ray")
"""Of machines that are set up over SSH; Ray wants them and the files for them named."""


class Options(msgspec.Struct, frozen=True):
    """`cpus`: of each worker node. `idle_s`: a node that nothing has used for so long goes. `look_s`: between two looks
    of the autoscaler."""

    zones: tuple[str, ...] = ("a", "b", "c")
    cpus: float = 1.0
    idle_s: float = 3.0
    look_s: int = 1


class AutoscaledRay:
    """`folder`: of this user alone, with a short path (Ray's sockets lie in it)."""

    def __init__(self, folder: Path, options: Options | None = None) -> None:
        self.folder = folder
        self.token = folder / "token"
        command = [
            sys.executable,
            "-m",
            "cluster.autoscaled_ray",
            str(folder),
            msgspec.json.encode(options or Options()).decode(),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"Ray did not start: see what it said, and {folder / 'ray'}")
        self.address: str = json.loads(said)["address"]

    def end(self) -> None:
        """Ray and all of its nodes have ended."""
        try:
            self._process.communicate(timeout=END_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> AutoscaledRay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def raylets(folder: Path) -> list[int]:
    """Ids of the processes that are raylets of the Ray in `folder`, the head's among them."""
    mark = str(folder / "ray").encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if command[0].endswith(b"/raylet") and any(mark in argument for argument in command):
            found.append(int(entry.name))
    return sorted(found)


def autoscaling_config(options: Options, address: str, nodes: Path) -> dict[str, Any]:
    """As Ray's cluster launcher would hand it to the head."""
    workers = {
        f"zone-{zone}": {
            "resources": {"CPU": options.cpus},
            "labels": {"az": zone},
            "min_workers": 0,
            "max_workers": 1,
            "node_config": {},
        }
        for zone in options.zones
    }
    return {
        "cluster_name": "eagleray",
        "max_workers": len(workers),
        "idle_timeout_minutes": options.idle_s / 60,
        "provider": {
            "type": "external",
            "module": "cluster.local_nodes.LocalNodes",
            "disable_node_updaters": True,
            "address": address,
            "folder": str(nodes),
        },
        "auth": {},
        **{f"{name}_commands": [] for name in COMMANDS},
        "cluster_synced_files": [],
        "file_mounts": {},
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
        "available_node_types": {HEAD: {"resources": {"CPU": 0}, "max_workers": 0, "node_config": {}}, **workers},
        "head_node_type": HEAD,
    }


def main() -> None:
    folder = Path(sys.argv[1])
    options = msgspec.json.decode(sys.argv[2], type=Options)
    nodes = folder / "nodes"
    for private in (folder, folder / "ray", folder / "ray" / "ray", nodes):
        require_private(private)
    make_token(folder / "token")
    prepare_environment(folder / "ray", folder / "token")
    os.environ |= {
        "RAY_enable_autoscaler_v2": "1",
        "AUTOSCALER_UPDATE_INTERVAL_S": str(options.look_s),
        "RAY_CLOUD_INSTANCE_ID": HEAD,
        "RAY_NODE_TYPE_NAME": HEAD,
        "RAY_raylet_start_wait_time_s": str(RAYLET_S_MAX),
    }
    port = free_ports.choose(LOOPBACK)
    config = folder / "autoscaling.json"
    config.write_text(json.dumps(autoscaling_config(options, f"{LOOPBACK}:{port}", nodes)))
    node = _start_head(port, config)
    print(json.dumps({"address": node.address}), flush=True)
    sys.stdin.read()
    node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
    os._exit(0)


def _start_head(port: int, config: Path) -> Any:
    from ray._private.node import Node
    from ray._private.parameter import RayParams

    guard()
    Node.start_api_server = lambda self, **_: None  # type: ignore[method-assign]
    thrifty.without_agents()
    thrifty.without_waiting()
    make: Any = RayParams  # its annotations are narrower than what it takes
    parameters = make(
        gcs_server_port=port,
        num_cpus=0,
        object_store_memory=OBJECT_STORE_BYTES,
        node_ip_address=LOOPBACK,
        min_worker_port=0,
        max_worker_port=0,
        include_dashboard=False,
        dashboard_port=0,
        dashboard_agent_listen_port=0,
        include_log_monitor=False,
        autoscaling_config=str(config),
        **thrifty.NODE,
    )
    return Node(parameters, head=True, shutdown_at_exit=False)


if __name__ == "__main__":
    main()
