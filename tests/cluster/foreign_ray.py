"""A Ray cluster that is not ours: raylets of this machine, with a token, for `eagleray up --address` to join.

    python foreign_ray.py FOLDER '{"a": {"az": "a"}, "b": {"az": "b"}}'      name of a node -> its labels; the first is
                                                                             the head

Says {"address": ..., "raylets": {name: pid}} in a line. On its input: "start NAME" starts that node anew (and says the
line again); "lives" has it say how many nodes, actors and placement groups there are. It ends, and Ray with it, when
its input ends. The token lies in FOLDER/token.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from cluster import thrifty
from cluster.local_ray import LOOPBACK, guard, make_token, prepare_environment

CPUS = 2
OBJECT_STORE_BYTES = 80 << 20


def what_lives(state: Any) -> dict[str, int]:
    """`state`: Ray's, as its control process has it."""
    nodes = [node for node in state.node_table() if node["Alive"]]
    actors = [actor for actor in state.actor_table(None).values() if actor["State"] != "DEAD"]
    groups = [group for group in state.placement_group_table().values() if group["state"] != "REMOVED"]
    return {"nodes": len(nodes), "actors": len(actors), "groups": len(groups)}


def main() -> None:
    folder, labels = Path(sys.argv[1]), json.loads(sys.argv[2])
    make_token(folder / "token")
    (folder / "ray").mkdir(mode=0o700)
    prepare_environment(folder / "ray", folder / "token")
    del os.environ["RAY_worker_niceness"]  # nobody has thought of databases here
    from ray._private.node import Node
    from ray.cluster_utils import Cluster

    guard()
    thrifty.without_agents()
    thrifty.without_waiting()
    Node.start_api_server = lambda self, **_: None  # type: ignore[method-assign]
    cluster: Any = Cluster(shutdown_at_exit=True)
    nodes: dict[str, Any] = {}

    def start(name: str) -> None:
        nodes[name] = cluster.add_node(
            num_cpus=CPUS,
            labels=labels[name],
            object_store_memory=OBJECT_STORE_BYTES,
            node_ip_address=LOOPBACK,
            include_dashboard=False,
            dashboard_port=0,
            dashboard_agent_listen_port=0,
            include_log_monitor=False,
            no_monitor=True,
        )

    def tell() -> None:
        raylets = {name: node.all_processes["raylet"][0].process.pid for name, node in nodes.items()}
        print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)

    for name in labels:
        start(name)
    tell()
    for line in sys.stdin:
        if line.split() == ["lives"]:
            print(json.dumps(what_lives(cluster.global_state)), flush=True)
            continue
        name = line.split()[1]
        cluster.remove_node(nodes.pop(name), allow_graceful=False)
        start(name)
        tell()
    cluster.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
