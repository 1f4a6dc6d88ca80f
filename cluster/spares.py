"""Spare workers: at zero, Ray keeps a Python ready for each process that the next wake creates.

They are Ray's own idle workers, started beforehand (PrestartWorkers): no actor, no role, no data, and no node counts as
busy for them, so Ray's autoscaler takes their nodes as it takes empty ones. Ray gives the next actor of this job such a
worker, which takes it some 20 ms; without one it starts a Python first. A worker that has run a task is no spare: Ray
has no actor begin in it.

Ray ends those that a node has too many of (`num_workers_soft_limit`, else its processors) once they have been there for
`KEPT_S`, so asking twice does no harm; where a wake comes before they are there, it starts workers as it would without.

A raylet that dies takes its spares with it. So while the cluster is at zero `SpareWorkers` looks every `LOOK_S` whether
a zone's node has a successor, or has not been asked yet, and asks that one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray

from cluster.raylet_call import call

KEPT_S = 600
LOOK_S = 10.0
NODE_ID = "ray.io/node-id"
"""Ray's own label."""

logger = logging.getLogger(__name__)


class SpareWorkers:
    """From `begin` to `end` of a cluster's time at zero. `nodes`: zone -> the id of its node, when it was looked at
    last. On the running loop; Ray is asked in a thread, since a raylet may be silent."""

    def __init__(self, nodes: Callable[[], Mapping[str, str]]) -> None:
        self._nodes = nodes
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._life = 0
        """Of its times at zero, which one this is."""

    def begin(self, wanted: Counter[str]) -> None:
        """`wanted`: by zone, how many."""
        self.end()
        self._look(wanted, {}, self._life)

    def end(self) -> None:
        self._life += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, wanted: Counter[str], asked: dict[str, int], life: int) -> None:
        """`asked`: by node, how many it has been asked for."""
        self._timer = None
        done = self._loop.run_in_executor(None, self._ask, wanted, asked)
        done.add_done_callback(lambda ended: self._looked(ended, wanted, asked, life))

    def _looked(self, ended: asyncio.Future[None], wanted: Counter[str], asked: dict[str, int], life: int) -> None:
        if not ended.cancelled() and (error := ended.exception()) is not None:
            logger.warning("Ray does not tell which nodes are to have spare workers: %s", error)
        if life == self._life:
            self._timer = self._loop.call_later(LOOK_S, self._look, wanted, asked, life)

    def _ask(self, wanted: Counter[str], asked: dict[str, int]) -> None:
        told: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        there = now_there(self._nodes(), told)
        counts = Counter[str]()
        for az, count in wanted.items():
            if az in there:
                counts[there[az]] += count
        asked |= keep_spares({node: count for node, count in counts.items() if asked.get(node) != count}, told)


def now_there(nodes: Mapping[str, str], told: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Zone -> the id of its node, or of that node's successor: one with the same address and labels. Without those that
    have neither. `told`: as Ray tells of its nodes, dead ones among them."""
    of = {node["NodeID"]: node for node in told}
    found = {az: node for az, node in nodes.items() if node in of and of[node]["Alive"]}
    for az, node in nodes.items():
        if az not in found and node in of:
            others = (
                other["NodeID"]
                for other in told
                if other["Alive"] and other["NodeID"] not in found.values() and _place(other) == _place(of[node])
            )
            successor = next(others, None)
            if successor is not None:
                found[az] = successor
    return found


def _place(node: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    labels = {name: value for name, value in node["Labels"].items() if name != NODE_ID}
    return node["NodeManagerAddress"], labels


def keep_spares(wanted: Mapping[str, int], told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """`wanted`: by a node's id, how many it is to have; those that could be asked. In an actor or driver of the job,
    and with the runtime environment, that the next actors will have. Blocks."""
    from ray.core.generated import node_manager_pb2 as messages

    of_raylets: Any = messages  # made by protobuf, without stubs
    context = ray.get_runtime_context()
    worker: Any = ray._private.worker.global_worker  # without annotations
    environment = worker.core_worker.get_current_runtime_env()
    asked: dict[str, int] = {}
    for node in told:
        if not node["Alive"] or node["NodeID"] not in wanted:
            continue
        request = of_raylets.PrestartWorkersRequest(
            job_id=bytes.fromhex(context.get_job_id()),
            keep_alive_duration_secs=KEPT_S,
            num_workers=wanted[node["NodeID"]],
        )
        request.runtime_env_info.serialized_runtime_env = environment
        place = node["NodeManagerAddress"], int(node["NodeManagerPort"])
        try:
            call(place, "PrestartWorkers", request.SerializeToString(), _token())
        except OSError as error:
            logger.info("no spare workers on node %s: %s", node["NodeManagerAddress"], error)
        else:
            asked[node["NodeID"]] = wanted[node["NodeID"]]
    return asked


def _token() -> dict[str, str]:
    """As Ray's own HTTP clients show it."""
    raylet: Any = ray._raylet  # its stub file lacks these
    header: dict[str, str] = raylet.AuthenticationTokenLoader.instance().get_token_for_http_header()
    return {name.lower(): value for name, value in header.items()}
