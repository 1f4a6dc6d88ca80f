"""Each availability zone is lost in turn, all of its processes at once, while list-append and bank run through psycopg:
no anomaly, no acknowledged write lost, every process back by itself. (Layers that die alone: test_failover.py. A host
that is lost: test_joined.py.)"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.cluster.under_proofs import commits_until, under_proofs, whole
from tests.conftest import LiveCluster


@pytest.mark.timeout(400)
def test_each_az_is_lost_in_turn(live_cluster: LiveCluster) -> None:
    def strike(proofs: list[Any]) -> None:
        for az in "abc":
            for pid in sorted({actor["pid"] for actor in whole(live_cluster) if actor["az"] == az}):
                os.kill(pid, signal.SIGKILL)
            commits_until(proofs, 10, 60.0)
        whole(live_cluster)

    assert under_proofs(live_cluster, strike) == []
