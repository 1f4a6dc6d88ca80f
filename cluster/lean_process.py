"""`RoleProcessWithoutArrow`: a RoleProcess for roles that need no Arrow: gateways, which are there while the cluster
sleeps.

A worker loads the actor's class before it reads the constructor's arguments, so this module makes Ray's serialization
context first, without Arrow (without_arrow.py).
"""

from __future__ import annotations

import ray
from ray._private.worker import global_worker

from actors.runtime.ray_shell import RoleProcess
from cluster.without_arrow import make_context

if global_worker.mode == ray.WORKER_MODE:
    make_context()


class RoleProcessWithoutArrow(RoleProcess):
    """See the module. Its name begins as RoleProcess's does, since Ray titles processes by it."""
