"""`LocalNodes`: by it Ray's autoscaler adds and removes nodes on this machine, each a raylet (raylet.py) on loopback.

    provider: {type: external, module: cluster.local_nodes.LocalNodes, address: "127.0.0.1:6379", folder: FOLDER,
               disable_node_updaters: true}

Nodes have the resources and labels of their node type, and end with the autoscaler's process. See Ray's NodeProvider
for the methods; all of them return at once but `terminate_node`, which waits until the raylet has ended.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from threading import RLock
from typing import Any

import msgspec
from ray.autoscaler.node_provider import NodeProvider
from ray.autoscaler.tags import (
    NODE_KIND_HEAD,
    STATUS_UP_TO_DATE,
    TAG_RAY_NODE_KIND,
    TAG_RAY_NODE_STATUS,
    TAG_RAY_USER_NODE_TYPE,
)

from cluster.local_ray import LOOPBACK
from cluster.raylet import Spec

HEAD = "head"
"""The instance, and the node type, of the node that was there before the autoscaler."""
END_S_MAX = 10.0


class LocalNodes(NodeProvider):
    def __init__(self, provider_config: dict[str, Any], cluster_name: str) -> None:
        super().__init__(provider_config, cluster_name)
        self._address: str = provider_config["address"]
        self._folder = Path(provider_config["folder"])
        """Of the raylets' logs and sockets."""
        self._lock = RLock()
        """Ray calls from several threads."""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        head = {TAG_RAY_NODE_KIND: NODE_KIND_HEAD, TAG_RAY_USER_NODE_TYPE: HEAD, TAG_RAY_NODE_STATUS: STATUS_UP_TO_DATE}
        self._tags: dict[str, dict[str, str]] = {HEAD: head}

    def non_terminated_nodes(self, tag_filters: dict[str, str]) -> list[str]:
        with self._lock:
            for node, process in list(self._processes.items()):
                if process.poll() is not None:
                    self._forget(node)
            return [node for node, tags in self._tags.items() if tag_filters.items() <= tags.items()]

    def is_running(self, node_id: str) -> bool:
        return node_id in self._tags

    def is_terminated(self, node_id: str) -> bool:
        return node_id not in self._tags

    def node_tags(self, node_id: str) -> dict[str, str]:
        with self._lock:
            return dict(self._tags.get(node_id, {}))

    def set_node_tags(self, node_id: str, tags: dict[str, str]) -> None:
        with self._lock:
            self._tags[node_id].update(tags)

    def external_ip(self, node_id: str) -> str:
        return LOOPBACK

    def internal_ip(self, node_id: str) -> str:
        return LOOPBACK

    def create_node_with_resources_and_labels(
        self,
        node_config: dict[str, Any],
        tags: dict[str, str],
        count: int,
        resources: dict[str, float],
        labels: dict[str, str],
    ) -> None:
        kind = tags[TAG_RAY_USER_NODE_TYPE]
        for _ in range(count):
            node = f"{kind}-{secrets.token_hex(4)}"
            spec = Spec(self._address, node, kind, str(self._folder), resources, labels)
            with self._lock, (self._folder / f"{node}.log").open("wb") as log:
                command = [sys.executable, "-m", "cluster.raylet", msgspec.json.encode(spec).decode()]
                self._processes[node] = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=dict(os.environ)
                )
                self._tags[node] = {**tags, TAG_RAY_NODE_STATUS: STATUS_UP_TO_DATE}

    def terminate_node(self, node_id: str) -> None:
        with self._lock:
            process = self._processes.get(node_id)
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._forget(node_id)

    def _forget(self, node: str) -> None:
        process = self._processes.pop(node, None)
        self._tags.pop(node, None)
        if process is not None and process.stdin is not None:
            process.stdin.close()

    @staticmethod
    def bootstrap_config(cluster_config: dict[str, Any]) -> dict[str, Any]:
        return cluster_config
