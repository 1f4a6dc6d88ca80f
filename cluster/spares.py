"""Spare workers: at zero, Ray keeps a Python ready for each process that the next wake creates.

They are Ray's own idle workers, started beforehand (PrestartWorkers): no actor, no role, no data, and no node counts as
busy for them, so Ray's autoscaler takes their nodes as it takes empty ones. Ray gives the next actor of this job such a
worker, which takes it some 20 ms; without one it starts a Python first. A worker that has run a task is no spare: Ray
has no actor begin in it.

Ray ends those that a node has too many of (`num_workers_soft_limit`, else its processors) once they have been there for
`KEPT_S`, so asking twice does no harm; where a wake comes before they are there, it starts workers as it would without.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import ray

from cluster.raylet_call import call

KEPT_S = 600

logger = logging.getLogger(__name__)


def keep_spares(wanted: Mapping[str, int]) -> None:
    """`wanted`: by a node's id, how many it is to have. In an actor or driver of the job, and with the runtime
    environment, that the next actors will have. Blocks; a node that cannot be asked has none."""
    from ray.core.generated import node_manager_pb2 as messages

    of_raylets: Any = messages  # made by protobuf, without stubs
    context = ray.get_runtime_context()
    worker: Any = ray._private.worker.global_worker  # without annotations
    environment = worker.core_worker.get_current_runtime_env()
    told: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
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


def _token() -> dict[str, str]:
    """As Ray's own HTTP clients show it."""
    raylet: Any = ray._raylet  # its stub file lacks these
    header: dict[str, str] = raylet.AuthenticationTokenLoader.instance().get_token_for_http_header()
    return {name.lower(): value for name, value in header.items()}
