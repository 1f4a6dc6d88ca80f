"""The demo's own Ray: a head, and nodes of three zones that its autoscaler adds when the cluster asks for them and
takes away at zero (raylets of this machine, cluster/autoscaled_ray.py)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.autoscaled_ray import AutoscaledRay
from cluster.local_ray import FOREIGN


class NoRay(Exception):
    """Ray did not start; why has been said."""


@contextmanager
def own_ray() -> Iterator[AutoscaledRay]:
    """Meanwhile programs that are started here may join it. Raises NoRay."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # Ray's sockets lie in it, and have short paths
    before = dict(os.environ)
    try:
        for name in FOREIGN:
            os.environ.pop(name, None)
        try:
            ray = AutoscaledRay(folder)
        except RuntimeError as error:
            raise NoRay(str(error)) from None
        with ray:
            # So that Ray takes 127.0.0.1 as it is.
            os.environ |= {"RAY_AUTH_TOKEN_PATH": str(ray.token), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
            yield ray
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)
