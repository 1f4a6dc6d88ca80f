"""`RoleProcessWithoutArrow`: a RoleProcess for roles that need no Arrow: gateways, which are there while the cluster
sleeps.

Ray imports pyarrow and numpy, 11 MB of a process's own memory, when a worker serializes or deserializes its first
value, to register how Ray Data's classes travel. A worker loads the actor's class before it reads the constructor's
arguments, so this module makes Ray's serialization context first, while pyarrow cannot be found.
"""

from __future__ import annotations

import sys

import ray
from ray._private.worker import global_worker

from actors.runtime.ray_shell import RoleProcess

ARROW = "pyarrow"


class _Unknown:
    """Ray has no serializer of its own for this class."""


def _without_arrow() -> None:
    """Nothing is done in a process that has Arrow already, or is no worker of Ray's."""
    if ARROW in sys.modules or global_worker.mode != ray.WORKER_MODE:
        return
    sys.modules[ARROW] = None  # type: ignore[assignment]  # what `import` takes for a module that does not exist
    try:
        ray.util.deregister_serializer(_Unknown)  # makes the context, and has no other effect
    finally:
        del sys.modules[ARROW]


_without_arrow()


class RoleProcessWithoutArrow(RoleProcess):
    """See the module. Its name begins as RoleProcess's does, since Ray titles processes by it."""
